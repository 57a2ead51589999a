//! The caller's view of a judged window: results, in words and as JSON.

mod chunk;
mod explain;
mod json;
mod labels;
mod message;
mod passes;
mod record;
mod related;
mod row;
mod rule;
mod shown;
mod usage;
mod wrong_kind;

pub(super) use chunk::ChunkView;
pub(super) use explain::is_indeterminate;
pub use json::JudgedResults;
pub use record::{JudgedRecord, JudgedWindow, RecordItem};
pub use related::RelatedEntity;
pub(super) use row::Row;
pub use rule::{JudgedInput, JudgedRule};
pub use usage::RuleUsage;
