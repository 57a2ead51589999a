//! A record's values, as the record writes them.

use std::cell::OnceCell;

use crate::excerpt::shortened;
use crate::extract::{ColumnId, ColumnSource};
use crate::judge::call::{ChunkOutcome, WindowOutcome};
use crate::judge::context::Context;
use crate::judge::fetch::Answers;
use crate::judge::read::{Known, ReadRecord, Unreadable};
use crate::rounding::Rounding;

/// One row of a chunk, with the texts that hold its values.
pub(in crate::judge) struct Row<'a> {
    pub(in crate::judge) context: &'a Context,
    pub(in crate::judge) chunk: &'a ChunkOutcome,
    pub(in crate::judge) row: u32,
    record: &'a ReadRecord,
    /// The record's index in the window.
    index: u32,
    outcome: &'a WindowOutcome,
    text: OnceCell<&'a str>,
}

impl<'a> Row<'a> {
    /// The row of a record, by the record's index in the window.
    pub(in crate::judge) fn new(
        context: &'a Context,
        outcome: &'a WindowOutcome,
        (index, record): (u32, &'a ReadRecord),
        (chunk, row): (&'a ChunkOutcome, u32),
    ) -> Self {
        Self { context, chunk, row, record, index, outcome, text: OnceCell::new() }
    }

    /// The value in a column as a token, shortened: from the record, from a related entity, or the time of the run.
    pub(in crate::judge) fn token(&self, column: ColumnId) -> Option<&'a str> {
        self.whole_token(column).map(shortened)
    }

    /// The same, whole.
    pub(super) fn whole_token(&self, column: ColumnId) -> Option<&'a str> {
        let text = self.source_text(column)?;
        match self.chunk.prepared.plan.source(column)? {
            ColumnSource::Now => Some(text),
            ColumnSource::Record | ColumnSource::Related(_) => self.chunk.chunk.span(self.row, column).of(text),
        }
    }

    /// The value that is in the way of a column's path, whole.
    pub(super) fn obstacle(&self, column: ColumnId) -> Option<&'a str> {
        self.chunk.chunk.span(self.row, column).obstacle_of(self.source_text(column)?)
    }

    /// How a column's values are rounded.
    pub(super) fn rounding(&self, column: ColumnId) -> Option<Rounding> {
        let plan = &self.chunk.prepared.plan;
        match plan.source(column)? {
            ColumnSource::Now => None,
            ColumnSource::Record => plan.rounding(column),
            ColumnSource::Related(term) => self.chunk.related.plan(self.row, term)?.rounding(column),
        }
    }

    /// The JSON pointer to a column's value in the record or the related entity; none if the field map does not say.
    pub(in crate::judge) fn pointer(&self, column: ColumnId) -> Option<&'a str> {
        let plan = &self.chunk.prepared.plan;
        match plan.source(column)? {
            ColumnSource::Now => None,
            ColumnSource::Record => plan.pointer(column),
            ColumnSource::Related(term) => self.chunk.related.plan(self.row, term)?.pointer(column),
        }
    }

    /// Why the related entity of a column is missing.
    pub(in crate::judge) fn unreadable(&self, column: ColumnId) -> Option<&'a Unreadable> {
        match self.chunk.prepared.plan.source(column)? {
            ColumnSource::Now | ColumnSource::Record => None,
            ColumnSource::Related(term) => self.chunk.related.reason(self.row, term),
        }
    }

    /// Whether anything in the record's window was unavailable at the moment.
    pub(in crate::judge) fn may_lack(&self) -> bool {
        self.answers().has_gaps()
    }

    /// Whether a related entity of the records of the chunk could not be had.
    pub(in crate::judge) fn has_failures(&self) -> bool {
        self.chunk.related.has_failures()
    }

    /// Whether anything in the record's window is older than it should be.
    pub(in crate::judge) fn may_be_stale(&self) -> bool {
        self.answers().has_stale()
    }

    /// Whether a column's value is older than it should be.
    pub(in crate::judge) fn is_stale(&self, column: ColumnId) -> bool {
        match self.chunk.prepared.plan.source(column) {
            Some(ColumnSource::Related(term)) => self.answers().is_stale(self.index, term),
            None | Some(ColumnSource::Now | ColumnSource::Record) => false,
        }
    }

    fn answers(&self) -> &'a Answers {
        &self.outcome.answers
    }

    /// The text that a column's value lies in: the record, a related entity, or the time of the run.
    fn source_text(&self, column: ColumnId) -> Option<&'a str> {
        match self.chunk.prepared.plan.source(column)? {
            ColumnSource::Now => Some(&self.context.now_token),
            ColumnSource::Record => Some(self.text()),
            ColumnSource::Related(term) => {
                self.chunk.related.plan(self.row, term)?;
                let name = self.chunk.prepared.plan.terms().nth(term)?;
                self.known().text((term, name)).ok()
            }
        }
    }

    /// The record with everything that may give its related entities.
    pub(super) fn known(&self) -> Known<'a> {
        Known { context: self.context, answers: self.answers(), record: self.index, id: self.record.id.key() }
    }

    /// The record. It is checked once, however many values are shown.
    fn text(&self) -> &'a str {
        self.text.get_or_init(|| {
            let text = self.outcome.window.text(self.index).and_then(|text| str::from_utf8(text).ok());
            debug_assert!(text.is_some(), "a record that was judged has a text");
            text.unwrap_or_default()
        })
    }
}
