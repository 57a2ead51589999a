//! The columns of a chunk, by their index.

/// The index of a column in the chunks of a plan.
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub struct ColumnId(pub(super) u32);

impl ColumnId {
    /// The index.
    #[must_use]
    pub fn index(self) -> usize {
        self.0 as usize
    }
}

/// The source of a column's values.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum ColumnSource {
    /// The record.
    Record,
    /// The run: its time, the same in all rows.
    Now,
    /// The entity of a term, by its index in [`Plan::terms`](super::Plan::terms).
    Related(usize),
}
