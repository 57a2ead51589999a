//! Test vectors: records with the verdicts that a release must give on them.
//!
//! A release contains them, signed with the rest. Its authors run them before they sign, and every host before it switches: if
//! they do not hold on this machine, under these limits, the host does not use the release.
//!
//! A file of vectors is a list. `entity_type`, `now` and `associated` (the related entities of the record) may be left out:
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
//! together, shuffled, in chunks of several sizes and in both isolations: a rule whose verdict depends on earlier records has a
//! state that it must not have.
//!
//! # Limits
//! A signed release may still be malicious. [`VectorLimits`] bound what it can make a host read, keep and compute. For `v` verdicts
//! (records times rules), a run makes some `20 v` calls at most: two for each verdict alone, and four in each of four batches,
//! where every record is guilty; and as many again if calls run out of time. Each call is bounded by its fuel, and starting an
//! instance for it by the same again. So 250,000 verdicts at a few milliseconds could still take a day, and therefore the time as a
//! whole is bounded too. It is checked after each record. Work under way is finished first: at most 2,000 verdicts, which is
//! seconds for rules that use all of their default fuel on every record.
//!
//! Vectors cannot show a state that rules of one component carry from one *rule* to the next on the same record: they always run in
//! the order of their ruleset.

mod parse;
mod report;
mod run;
mod vector;
mod verdicts;

pub use parse::parse;
pub(crate) use parse::{read, written};
pub use report::{BriefVerdict, FailureReason, Report, VectorFailure, VectorsError};
pub use run::{check_release, of, run};
pub use vector::{Vector, VectorLimits};
pub use verdicts::{Difference, Verdicts, differences, judge};

#[cfg(test)]
mod tests;
