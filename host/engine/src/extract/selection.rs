//! The rows of a chunk that a rule can judge.

use jurat_model::Input;

use super::chunk::{Cell, Chunk};
use super::column::ColumnId;

/// The rows of a chunk, sorted out for one rule.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Selection {
    /// The rows that the rule can judge, rising; none = all of them.
    pub rows: Option<Vec<u32>>,
    /// The other rows, rising, and why the rule cannot judge them.
    pub blocked: Vec<(u32, Blocked)>,
}

/// Why a rule cannot judge a row. Inputs are given by their index among the rule's inputs.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Blocked {
    /// A value is not of the input's kind, whether or not the input is required: the verdict is `ERROR` with the code `input_kind`.
    WrongKind(usize),
    /// A required input is absent: the verdict is `NORUN`.
    Absent(usize),
}

impl Chunk {
    /// Sorts the rows out for a rule. `columns` are the columns of its `inputs`, in the same order.
    ///
    /// If several inputs block a row, a value of the wrong kind counts before an absent one, and an earlier input before a
    /// later one.
    #[must_use]
    pub fn select(&self, inputs: &[Input], columns: &[ColumnId]) -> Selection {
        let mut blocked = Vec::new();
        for (index, (input, &column)) in inputs.iter().zip(columns).enumerate() {
            blocked.extend(self.wrong_rows(column).iter().map(|&row| (row, Blocked::WrongKind(index))));
            let has_gaps = self.columns().get(column.index()).is_none_or(|column| column.present.is_some());
            if input.required && has_gaps {
                let absent = (0..self.rows()).filter(|&row| self.cell(row, column) == Cell::Absent);
                blocked.extend(absent.map(|row| (row, Blocked::Absent(index))));
            }
        }
        if blocked.is_empty() {
            return Selection { rows: None, blocked };
        }
        blocked.sort_unstable_by_key(|&(row, why)| match why {
            Blocked::WrongKind(index) => (row, 0, index),
            Blocked::Absent(index) => (row, 1, index),
        });
        blocked.dedup_by_key(|&mut (row, _)| row);
        let mut others = blocked.iter().map(|&(row, _)| row).peekable();
        let rows = (0..self.rows()).filter(|row| others.next_if_eq(row).is_none()).collect();
        Selection { rows: Some(rows), blocked }
    }
}
