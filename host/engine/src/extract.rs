//! From records to columns.
//!
//! A [`Plan`] is made once for a field map and the inputs of all rules in play. It scans records one by one. A [`ChunkBuilder`]
//! converts the values that the scans find and lays them into columns, one for each distinct field and kind, whichever rules read
//! it. The finished [`Chunk`] has the span of every value in its record, so that a finding can show the value as it is written.

mod builder;
mod chunk;
mod column;
mod plan;
mod reader;
mod related;
mod selection;
mod view;

pub use builder::{Added, ChunkBuilder};
pub use chunk::{Cell, Chunk, ChunkLimits};
pub use column::{ColumnId, ColumnSource};
pub use plan::{Plan, PlanError};
pub use reader::Tokens;
pub use related::{Related, RelatedPlan};
pub use selection::{Blocked, Selection};
pub use view::TokenView;

#[cfg(test)]
mod tests;
