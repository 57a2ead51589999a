//! How rules are run, in the sandbox or compiled into the program.

use std::cmp::Reverse;
use std::error::Error;
use std::fmt;
use std::num::{NonZeroU32, NonZeroU64};
use std::time::Duration;

use thiserror::Error;

use crate::columns::Batch;
use crate::{Abandoned, Declaration, Fault, Limits, Pause, TooLarge, Verdicts};

/// One or more rules that are ready to run.
///
/// The sandbox is one implementation. Rules compiled into the program are another: the benchmarks measure what the sandbox
/// costs by running the same pipeline over both.
pub trait Component: fmt::Debug + Send + Sync {
    /// The rules, in the order by which [`Session::evaluate`] numbers them.
    fn declarations(&self) -> &[Declaration];

    /// The SHA-256 of the component's bytes, in lower-case hexadecimal: evidence of what gave a verdict.
    fn digest(&self) -> &str;

    /// The limits of one call.
    fn limits(&self) -> &Limits;

    /// Opens a session for a worker, whose copy of what is expensive to share it uses to its end. It costs next to nothing until the
    /// first batch.
    fn session<'a>(&'a self, worker: Worker, run: &Run) -> Box<dyn Session + 'a>;
}

/// The use of one component for one chunk of one request. Dropping it frees everything that the rules have touched.
pub trait Session {
    /// Judges all rows of a batch with one rule, and finds the guilty rows if the rule faults.
    ///
    /// The columns must be those of the rule's inputs, in their order and of their kinds. Asks `pause` before each call of the rule, and
    /// frees what it holds before it waits: it holds nothing meanwhile that others may wait for. Tells `pause` after each call how much
    /// memory the findings take.
    ///
    /// # Errors
    /// When `pause` says that nobody waits any more or that the findings take too much memory, or the host itself could not run the
    /// rule; nothing is known about any row then.
    fn evaluate(&mut self, rule: u32, batch: &Batch<'_>, pause: &mut dyn Pause) -> Result<Evaluation, EvaluateError>;
}

/// A worker, counted from 0: a permit to run that one thread has at a time. What is expensive to share between threads exists once for
/// each. Any thread may use any worker's, which is only slower.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
pub struct Worker(pub usize);

/// The parameters of a request that all its rules and records share.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Run {
    /// The time of the run, in microseconds since 1970-01-01T00:00:00Z: the only clock that a rule can see.
    pub now: i64,
    /// How much records share.
    pub isolation: Isolation,
    /// The limit of guilty records. Beyond it, the rule is not run on the rest: see [`Evaluation::suspended_from`].
    pub suspension: Suspension,
}

/// When a rule is suspended: not run on the rest of a request, because too many records are guilty, or because they have used
/// too much fuel.
///
/// Both are counted in the order of the input, so they depend neither on the machine nor on how records are grouped.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Suspension {
    /// Guilty records.
    pub records: NonZeroU32,
    /// Fuel that the guilty records have used together, each alone on a fresh instance.
    pub fuel: NonZeroU64,
}

impl Suspension {
    /// 1,000 guilty records, or the fuel of 500 of them that use all that the default limits allow.
    pub const DEFAULT: Self = Self {
        records: NonZeroU32::new(1_000).unwrap(),
        fuel: Limits::DEFAULT.fuel.saturating_mul(NonZeroU64::new(500).unwrap()),
    };
    /// As good as never.
    pub const NEVER: Self = Self { records: NonZeroU32::MAX, fuel: NonZeroU64::MAX };

    /// Whether a rule is suspended after this.
    #[must_use]
    pub fn is_due(&self, guilt: &Guilt) -> bool {
        guilt.records >= self.records.get() || guilt.fuel >= self.fuel.get()
    }
}

/// What one rule's guilty records amount to.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub struct Guilt {
    /// How many there are.
    pub records: u32,
    /// The fuel that they have used, each alone on a fresh instance.
    pub fuel: u64,
}

impl Guilt {
    /// Adds one guilty record.
    pub fn add(&mut self, fuel: u64) {
        self.merge(&Self { records: 1, fuel });
    }

    /// Adds the guilty records of another part of the request.
    pub fn merge(&mut self, other: &Self) {
        self.records = self.records.saturating_add(other.records);
        self.fuel = self.fuel.saturating_add(other.fuel);
    }
}

/// How much the records of a request share while a rule runs.
#[derive(Clone, Copy, Debug, Default, Eq, Hash, PartialEq)]
pub enum Isolation {
    /// The records of one chunk share an instance; no other request ever sees it.
    #[default]
    Chunk,
    /// Every record has an instance of its own.
    Record,
}

/// The answer of a rule to a batch, and its cost.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Evaluation {
    /// The verdicts on the rows that are not guilty; guilty rows have the status `ERROR` here and no finding.
    pub verdicts: Verdicts,
    /// The rows on which the rule faults when they are judged alone, in rising order.
    pub guilty: Vec<GuiltyRow>,
    /// The first row that was not judged, because the rows before it that are guilty are as many, or have used as much fuel, as the run allows. Like guilty rows, it
    /// and those behind it have the status `ERROR` and no finding.
    pub suspended_from: Option<u32>,
    /// Its usage.
    pub usage: Usage,
}

/// A row on which a rule faults.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct GuiltyRow {
    /// The row.
    pub row: u32,
    /// Its fault.
    pub fault: Fault,
    /// The fuel that it used alone, with that of the start of a fresh instance. The same on every machine, unless the fault is
    /// indeterminate.
    pub fuel: u64,
}

/// The resources that calls of a rule have used, to compare with the limits of one call.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub struct Usage {
    /// Calls, including those that were run again.
    pub calls: u64,
    /// Units of fuel, summed over all calls.
    pub fuel: u64,
    /// Units of fuel of the most expensive call.
    pub peak_fuel: u64,
    /// The records in that call. If it is 1, no record needed more alone; else only the sum of those records is known.
    pub peak_fuel_records: u32,
    /// The most bytes of memory that an instance had.
    pub peak_memory: u64,
    /// The longest reply, in bytes as the host counts what it reads of one.
    pub peak_reply: u64,
    /// Wall-clock time inside of calls.
    pub elapsed: Duration,
}

impl Usage {
    /// Adds what other calls have used.
    pub fn add(&mut self, other: &Self) {
        // Of calls that took the same, the one with fewer records says more.
        let rank = |usage: &Self| (usage.calls > 0).then_some((usage.peak_fuel, Reverse(usage.peak_fuel_records)));
        if rank(other) > rank(self) {
            self.peak_fuel = other.peak_fuel;
            self.peak_fuel_records = other.peak_fuel_records;
        }
        self.calls += other.calls;
        self.fuel = self.fuel.saturating_add(other.fuel);
        self.peak_memory = self.peak_memory.max(other.peak_memory);
        self.peak_reply = self.peak_reply.max(other.peak_reply);
        self.elapsed = self.elapsed.saturating_add(other.elapsed);
    }
}

/// Why there is no evaluation of a batch.
#[derive(Debug, Error)]
pub enum EvaluateError {
    /// Nobody waits for it any more.
    #[error(transparent)]
    Abandoned(#[from] Abandoned),
    /// The findings take too much memory: fewer rows must be judged at a time.
    #[error(transparent)]
    TooLarge(#[from] TooLarge),
    /// The host could not run the rule.
    #[error(transparent)]
    Host(#[from] HostFailure),
}

/// The host could not run a rule: a bug of the host, or an exhausted machine.
#[derive(Debug)]
pub struct HostFailure(Box<dyn Error + Send + Sync>);

impl HostFailure {
    /// Wraps what went wrong.
    pub fn new(cause: impl Into<Box<dyn Error + Send + Sync>>) -> Self {
        Self(cause.into())
    }
}

impl fmt::Display for HostFailure {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("the host could not run the rule")
    }
}

impl Error for HostFailure {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        Some(&*self.0)
    }
}
