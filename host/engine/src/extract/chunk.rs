//! Records as columns.

use jurat_model::Bytes;
use jurat_model::columns::{Batch, Column};

use super::column::ColumnId;
use crate::json::Span;

/// How large a chunk gets, and its results.
///
/// # Defaults
/// 1,024 rows and 128 KiB: what fits the memory that a rule's instance has from its start. Results of 8 MiB: what 20 rules say of 1,024
/// records, at 400 bytes each.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct ChunkLimits {
    /// The most rows; 0 counts as 1.
    pub rows: u32,
    /// The most bytes that the columns may take inside a rule's memory, never more than 2 GiB. A row that alone takes more gets a chunk of
    /// its own.
    pub bytes: Bytes,
    /// About how many bytes results may take from the call of a rule until they are handed over, for records that are judged together:
    /// what rules say, and what is rendered of it. If they take more, fewer records are judged together, and the calls that had too
    /// many are repeated; no result differs. The results of a single record may take more.
    pub results: Bytes,
}

impl Default for ChunkLimits {
    fn default() -> Self {
        Self { rows: 1024, bytes: Bytes::kibi(128), results: Bytes::mebi(8) }
    }
}

/// Records as columns.
#[derive(Debug)]
pub struct Chunk {
    pub(super) rows: u32,
    pub(super) columns: Vec<Column<'static>>,
    /// For each column, the rows with a value of the wrong kind, rising.
    pub(super) wrong: Vec<Vec<u32>>,
    /// One for each column of each row, row by row.
    pub(super) spans: Vec<Span>,
}

/// The state of a row's value in a column.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Cell {
    /// A value.
    Present,
    /// No value: nothing there, `null`, or an empty string that should be a date or a timestamp.
    Absent,
    /// A value that is not of the input's kind, or one that is in the way of its path.
    WrongKind,
}

impl Chunk {
    /// How many rows there are.
    #[must_use]
    pub fn rows(&self) -> u32 {
        self.rows
    }

    /// The columns, by the index of their [`ColumnId`].
    #[must_use]
    pub fn columns(&self) -> &[Column<'static>] {
        &self.columns
    }

    /// All rows of the given columns, in the given order. A column that the chunk does not have is left out.
    #[must_use]
    pub fn batch(&self, columns: &[ColumnId]) -> Batch<'_> {
        let columns = columns.iter().filter_map(|column| self.columns.get(column.index())).map(Column::borrowed);
        Batch { rows: self.rows, columns: columns.collect() }
    }

    /// The given rows of the given columns, in the given orders.
    #[must_use]
    pub fn batch_of(&self, columns: &[ColumnId], rows: &[u32]) -> Batch<'static> {
        let columns = columns.iter().filter_map(|column| self.columns.get(column.index()));
        // INVARIANT: rows are numbered with 32 bits, and a selection names each at most once.
        let count = u32::try_from(rows.len()).unwrap_or(u32::MAX);
        Batch { rows: count, columns: columns.map(|column| column.select(rows)).collect() }
    }

    /// The state of a row's value in a column.
    #[must_use]
    pub fn cell(&self, row: u32, column: ColumnId) -> Cell {
        if self.columns.get(column.index()).is_some_and(|column| column.is_present(row)) {
            Cell::Present
        } else if self.wrong_rows(column).binary_search(&row).is_ok() {
            Cell::WrongKind
        } else {
            Cell::Absent
        }
    }

    /// The rows that have a value of the wrong kind for a column, rising.
    #[must_use]
    pub fn wrong_rows(&self, column: ColumnId) -> &[u32] {
        self.wrong.get(column.index()).map(|rows| &**rows).unwrap_or_default()
    }

    /// The span of a row's value in the text of the record, or of the entity or list that was added for the column's term.
    /// [`Span::NONE`] if the value is absent. A `null` and a value of the wrong kind have a span; where the path could not be followed, it
    /// is that of the obstacle.
    #[must_use]
    pub fn span(&self, row: u32, column: ColumnId) -> Span {
        let index = (row as usize).saturating_mul(self.columns.len()).saturating_add(column.index());
        if column.index() < self.columns.len() {
            self.spans.get(index).copied().unwrap_or(Span::NONE)
        } else {
            Span::NONE
        }
    }
}
