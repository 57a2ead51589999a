//! From records to columns.
//!
//! A [`Plan`] is made once for a field map and the inputs of all rules in play. It scans records one by one; a [`ChunkBuilder`]
//! converts what the scans have found and lays it into columns, one for each distinct field and kind, whichever rules read it.
//! The finished [`Chunk`] remembers where every value stands in its record, so that a finding can show it as it was written.

mod chunk;
mod plan;
mod selection;
mod view;

pub use chunk::{Added, Cell, Chunk, ChunkBuilder, ChunkLimits};
pub use plan::{ColumnId, Plan, PlanError, Related, RelatedPlan, Source, Tokens};
pub use selection::{Blocked, Selection};
pub use view::{MAX_VALUE, TokenView, shortened};

#[cfg(test)]
mod tests;
