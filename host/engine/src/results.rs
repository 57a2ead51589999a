//! Results: one for each record, in the order of the input, and counts of all.

mod evidence;
mod milliseconds;
mod record;
mod summary;
mod visible;

pub use evidence::{Evidence, EvidenceParts, RoleVersions};
pub use milliseconds::Milliseconds;
pub use record::{FieldResult, RecordError, RecordOutcome, RecordResult, RuleResult};
pub use summary::{RuleSummary, Summary};
pub(crate) use visible::is_visible;
