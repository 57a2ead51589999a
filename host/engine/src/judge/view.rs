//! What a caller sees of a window that has been judged: results, in words and as JSON.

mod chunk;
mod explain;
mod json;
mod labels;
mod message;
mod passes;
mod record;
mod row;

pub(super) use chunk::ChunkView;
pub(super) use explain::is_indeterminate;
pub use record::{JudgedRecord, JudgedWindow};
pub(super) use row::Row;
