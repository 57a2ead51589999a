//! The results of running test vectors.

use std::fmt;
use std::io;
use std::time::Duration;

use jurat_engine::JudgeError;
use jurat_model::{Bytes, Excerpt, KeyPath, Status};
use jurat_yaml::{Problem, Problems};
use thiserror::Error;

use super::vector::Vector;

/// Failures that are kept; further ones are counted.
const KEPT: usize = 100;

/// The results of running test vectors.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Report {
    /// The number of vectors that were run.
    pub run: usize,
    /// The failures, in the order of the vectors; empty = all vectors hold.
    pub failures: Vec<VectorFailure>,
    /// The number of further failures.
    pub more: usize,
    /// The duration.
    pub elapsed: Duration,
}

/// An expectation of a vector that does not hold.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct VectorFailure {
    /// The file of the vector.
    pub file: String,
    /// The path of keys to the expectation.
    pub key: KeyPath,
    /// The vector's name.
    pub vector: String,
    /// The rule; none if it is about the record as a whole.
    pub rule: Option<String>,
    /// The reason, and what to do about it.
    pub reason: FailureReason,
}

/// Why a vector does not hold.
#[derive(Clone, Debug, Eq, Error, PartialEq)]
#[non_exhaustive]
pub enum FailureReason {
    /// The record cannot be judged.
    #[error("the record cannot be judged: {message}")]
    NotJudged {
        /// Why.
        message: String,
    },
    /// No component has the rule, or no ruleset lists it.
    #[error("no ruleset lists a rule of that name that the release has{}", did_you_mean(.nearest.as_ref()))]
    UnknownRule {
        /// The rule that was probably meant.
        nearest: Option<Excerpt>,
    },
    /// The rule exists, but its ruleset does not list it for the record.
    #[error("the ruleset does not list it for this record; name another ruleset, or do not expect it")]
    NotListed,
    /// The rule reads the time of the run, and the vector has none.
    #[error("it reads `now`; say in the vector what time it is, as in `\"now\": \"2026-01-31T12:00:00Z\"`")]
    TimeNeeded,
    /// The verdict differs.
    #[error("{expected} is expected, but it says {found}; correct the rule or the vector")]
    Other {
        /// The expected status.
        expected: Status,
        /// The verdict of the rule.
        found: BriefVerdict,
    },
    /// The verdict depended on the machine, twice in a row.
    #[error("it has no verdict, twice in a row: {found}; the machine is too slow or too busy")]
    Indeterminate {
        /// The verdict instead.
        found: BriefVerdict,
    },
    /// The verdict differs among other records.
    #[error(
        "of this record alone it says {alone}, among others {}; a rule must not keep anything from one record to the next",
        .among.as_ref().map_or_else(|| "nothing".to_owned(), ToString::to_string)
    )]
    Unsteady {
        /// Its verdict alone.
        alone: BriefVerdict,
        /// Its verdict among others; none if there is none.
        among: Option<BriefVerdict>,
    },
}

/// A short form of a verdict.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct BriefVerdict {
    /// The status.
    pub status: Status,
    /// The code of the first reason that has one.
    pub code: Option<String>,
    /// The beginning of the reasons; empty if there is none.
    pub message: String,
}

/// Why vectors were not run, or not all of them. The release is then neither good nor bad.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum VectorsError {
    /// A file of vectors cannot be read.
    #[error(transparent)]
    Unreadable(#[from] Problems),
    /// There are too many.
    #[error("the release has {found} test vectors, and {limit} may be run; take out those that show nothing new")]
    TooMany {
        /// Their number.
        found: usize,
        /// The limit.
        limit: usize,
    },
    /// They are too long.
    #[error(
        "the test vectors of the release have {found}, and {limit} may be read; take out those that show nothing new"
    )]
    TooLong {
        /// Their length.
        found: Bytes,
        /// The limit.
        limit: Bytes,
    },
    /// Too many rules judge too many records.
    #[error("the test vectors of the release ask for more than {limit} verdicts; take out those that show nothing new")]
    TooManyVerdicts {
        /// The limit.
        limit: usize,
    },
    /// They take too long.
    #[error(
        "the test vectors of the release take more than {limit:?}; the machine is too busy, or a rule computes too much"
    )]
    TooSlow {
        /// The limit.
        limit: Duration,
    },
    /// No thread to run them.
    #[error("the thread that runs test vectors could not be started; look at `ulimit -u`, `ulimit -v` and free memory")]
    Thread(#[source] io::Error),
    /// The engine broke off: a bug.
    #[error("judging the test vectors failed")]
    Engine(#[source] JudgeError),
}

impl VectorsError {
    /// Whether the cause may pass: it is the moment's or the machine's. The others last: the release decides them.
    #[must_use]
    pub fn is_passing(&self) -> bool {
        match self {
            Self::TooSlow { .. } | Self::Thread(_) | Self::Engine(_) => true,
            Self::Unreadable(_) | Self::TooMany { .. } | Self::TooLong { .. } | Self::TooManyVerdicts { .. } => false,
        }
    }
}

impl Report {
    /// Whether every vector holds.
    #[must_use]
    pub fn holds(&self) -> bool {
        self.failures.is_empty()
    }

    /// Whether the machine was too slow, and nothing else is wrong: worth another attempt, and not a reason to distrust the
    /// release.
    #[must_use]
    pub fn is_momentary(&self) -> bool {
        let is_momentary = |failure: &VectorFailure| matches!(failure.reason, FailureReason::Indeterminate { .. });
        !self.holds() && self.more == 0 && self.failures.iter().all(is_momentary)
    }

    /// The number of failures.
    #[must_use]
    pub fn failed(&self) -> usize {
        self.failures.len().saturating_add(self.more)
    }

    pub(super) fn add(&mut self, failure: VectorFailure) {
        if self.failures.len() < KEPT {
            self.failures.push(failure);
        } else {
            self.more += 1;
        }
    }
}

impl fmt::Display for Report {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { run, .. } = self;
        match (self.failures.as_slice(), self.failed().saturating_sub(1)) {
            ([], _) => write!(out, "{run} test vectors hold"),
            ([first, ..], 0) => write!(out, "of {run} test vectors not all hold: {first}"),
            ([first, ..], more) => write!(out, "of {run} test vectors not all hold: {first}; and {more} more"),
        }
    }
}

impl VectorFailure {
    pub(super) fn of(vector: &Vector, rule: Option<&str>, reason: FailureReason) -> Self {
        let key = KeyPath::default().index(vector.index);
        Self {
            file: vector.file.to_string(),
            key: match rule {
                Some(rule) if vector.expect.contains_key(rule) => key.key("expect").key(rule),
                Some(_) => key,
                None => key.key("record"),
            },
            vector: vector.name.clone(),
            rule: rule.map(str::to_owned),
            reason,
        }
    }
}

impl fmt::Display for VectorFailure {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        Problem::from(self).fmt(out)
    }
}

impl From<&VectorFailure> for Problem {
    fn from(failure: &VectorFailure) -> Self {
        let VectorFailure { file, key, vector, rule, reason } = failure;
        let subject = rule.as_ref().map_or_else(String::new, |rule| format!("rule `{}`: ", Excerpt::of(rule)));
        let message = format!("`{}`: {subject}{reason}", Excerpt::of(vector));
        Self { key: key.clone(), ..Self::of_file(file, message) }
    }
}

impl BriefVerdict {
    /// Whether both are the same verdict, whatever their messages.
    #[must_use]
    pub fn agrees_with(&self, other: &Self) -> bool {
        (self.status, &self.code) == (other.status, &other.code)
    }
}

impl fmt::Display for BriefVerdict {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{}", self.status)?;
        match &self.code {
            Some(code) if self.message.is_empty() => write!(out, " (code `{code}`)"),
            Some(code) => write!(out, " (code `{code}`: {})", self.message),
            None if self.message.is_empty() => Ok(()),
            None => write!(out, " ({})", self.message),
        }
    }
}

fn did_you_mean(nearest: Option<&Excerpt>) -> String {
    nearest.map_or_else(String::new, |name| format!(", did you mean `{name}`?"))
}
