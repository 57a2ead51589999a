//! Test vectors: records with the verdicts that a release must give on them.
//!
//! A release carries them, signed with the rest. They are run by its authors before anything is signed, and by every host before
//! it switches: what was promised of the rules holds on this machine, under these limits, or the release is not used.
//!
//! A file of vectors is a list. `entity_type`, `now` and `associated` (what stands behind the terms of the record) may be left out:
//!
//! ```json
//! [{
//!   "name": "principal above the limit", "ruleset": "related", "entity_type": "loan", "now": "2026-01-31T12:00:00Z",
//!   "record": {"id": "L-1", "principal": 1000000.01},
//!   "associated": {"parent": {"entity_type": "facility", "limit": 1000000.00}},
//!   "expect": {"rule_006_v1": "FAIL"}
//! }]
//! ```
//!
//! Each record is judged as a call with one record would judge it. Then the records of one ruleset, entity type and time are judged
//! together, shuffled, in chunks of several sizes and in both isolations: a rule that says anything else of a record because of those
//! before it carries a state that it must not have.
//!
//! # Limits
//! A release may be signed and still mean harm. [`VectorLimits`] bound what it can make a host read, keep and compute. For `v`
//! verdicts (records times rules), a run makes some `20 v` calls at most: two for each verdict alone, and four in each of four
//! batches, where every record is guilty; and as many again if calls run out of time. Each call is bounded by its fuel, and starting
//! an instance for it by the same again. So 250,000 verdicts at a few milliseconds could still take a day, and therefore the time as a
//! whole is bounded too. It is looked at whenever a record is done. What is under way then is finished first: at most 2,000 verdicts,
//! which is seconds for rules that use all of their default fuel on every record.
//!
//! Vectors cannot show a state that rules of one component carry from one *rule* to the next on the same record: they always run in
//! the order of their ruleset.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use jurat_model::{Bytes, Status};

mod parse;
mod report;
mod run;
mod verdicts;

pub use parse::parse;
pub(crate) use parse::{read, written};
pub use report::{FailureReason, Report, Said, VectorFailure, VectorsError};
pub use run::{check_release, of, run};
pub use verdicts::{Difference, Verdicts, differences, judge};

/// One record and what must be said of it.
#[derive(Clone, Debug)]
pub struct Vector {
    file: Arc<str>,
    index: usize,
    name: String,
    ruleset: String,
    entity_type: Option<String>,
    /// Microseconds since 1970-01-01T00:00:00Z.
    now: Option<i64>,
    // INVARIANT: a valid JSON object without a key twice, as is what is associated.
    record: Box<str>,
    associated: Option<Box<str>>,
    expect: BTreeMap<String, Status>,
}

impl Vector {
    /// The file that it is from.
    #[must_use]
    pub fn file(&self) -> &str {
        &self.file
    }

    /// Its name, which no other in its file has.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// What each rule must say. Rules that are not named may say anything, but always the same.
    #[must_use]
    pub fn expect(&self) -> &BTreeMap<String, Status> {
        &self.expect
    }

    fn bytes(&self) -> usize {
        self.record.len() + self.associated.as_deref().map_or(0, str::len)
    }
}

/// What the vectors of one release may make a host do.
///
/// # Defaults
/// See [`VectorLimits::DEFAULT`].
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct VectorLimits {
    /// The most vectors, in all files.
    pub vectors: usize,
    /// The longest text of all files together.
    pub bytes: Bytes,
    /// The most verdicts: for each vector, one for every rule of its list, children included.
    pub verdicts: usize,
    /// How long all of them may take, whatever waits for it.
    pub time: Duration,
}

impl VectorLimits {
    /// 10,000 vectors, 16 MiB, 250,000 verdicts, one minute. A release with 1,000 vectors for five rules takes about a second.
    pub const DEFAULT: Self =
        Self { vectors: parse::MAX_VECTORS, bytes: parse::MAX_FILE, verdicts: 250_000, time: Duration::from_secs(60) };

    /// The same in half the time: what authors get, so that what they sign fits hosts that are slower.
    pub const AUTHORS: Self = Self { time: Duration::from_secs(30), ..Self::DEFAULT };
}

impl Default for VectorLimits {
    fn default() -> Self {
        Self::DEFAULT
    }
}

#[cfg(test)]
mod tests;
