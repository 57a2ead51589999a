//! A record's values, as it writes them.

use std::cell::OnceCell;

use super::chunk::Judged;
use super::context::Context;
use super::related::{Known, Unreadable};
use super::supply::Answers;
use super::window::{RecordOutcome, WindowOutcome};
use crate::extract::{ColumnId, Source, TokenView};

/// One row of a chunk, with the texts in which its values stand.
pub(super) struct Row<'a> {
    pub(super) context: &'a Context,
    pub(super) judged: &'a Judged,
    pub(super) row: u32,
    record: &'a RecordOutcome,
    /// The record's place in the window.
    place: u32,
    outcome: &'a WindowOutcome,
    text: OnceCell<&'a str>,
}

impl<'a> Row<'a> {
    /// The row of a chunk in which a record lies, given with its place in the window.
    pub(super) fn new(
        context: &'a Context,
        outcome: &'a WindowOutcome,
        (place, record): (u32, &'a RecordOutcome),
        (judged, row): (&'a Judged, u32),
    ) -> Self {
        Self { context, judged, row, record, place, outcome, text: OnceCell::new() }
    }

    /// What stands in a column, shortened: the token of the record or of a related entity, or the time of the run.
    pub(super) fn token(&self, column: ColumnId) -> Option<&'a str> {
        let text = match self.judged.prepared.plan.source(column)? {
            Source::Now => return Some(&self.context.now_token),
            Source::Record => self.text(),
            Source::Related(term) => {
                self.judged.related.plan(self.row, term)?;
                let name = self.judged.prepared.plan.terms().nth(term)?;
                self.known().text((term, name)).ok()?
            }
        };
        TokenView::new("", None, text, self.judged.chunk.span(self.row, column)).value
    }

    /// Where a column's value lies in the record or in the related entity; none if the field map does not say.
    pub(super) fn pointer(&self, column: ColumnId) -> Option<&'a str> {
        let plan = &self.judged.prepared.plan;
        match plan.source(column)? {
            Source::Now => None,
            Source::Record => plan.pointer(column),
            Source::Related(term) => self.judged.related.plan(self.row, term)?.pointer(plan, column),
        }
    }

    /// Why nothing can be read where a column's value should come from.
    pub(super) fn unreadable(&self, column: ColumnId) -> Option<&'a Unreadable> {
        match self.judged.prepared.plan.source(column)? {
            Source::Now | Source::Record => None,
            Source::Related(term) => self.judged.related.reason(self.row, term),
        }
    }

    /// Whether anything in the record's window could not be had at the moment.
    pub(super) fn may_lack(&self) -> bool {
        self.answers().has_gaps()
    }

    /// Whether what should stand in a column is such a thing.
    pub(super) fn lacks(&self, column: ColumnId) -> bool {
        self.unreadable(column).is_some_and(Unreadable::is_momentary)
    }

    /// Whether anything in the record's window is older than it should be.
    pub(super) fn may_be_stale(&self) -> bool {
        self.answers().has_stale()
    }

    /// Whether what stands in a column is.
    pub(super) fn is_stale(&self, column: ColumnId) -> bool {
        match self.judged.prepared.plan.source(column) {
            Some(Source::Related(term)) => self.answers().is_stale(self.place, term),
            None | Some(Source::Now | Source::Record) => false,
        }
    }

    fn answers(&self) -> &'a Answers {
        &self.outcome.answers
    }

    fn known(&self) -> Known<'a> {
        Known { context: self.context, answers: self.answers(), record: self.place, id: self.record.id.key() }
    }

    /// The record, checked once however many values are shown.
    fn text(&self) -> &'a str {
        self.text.get_or_init(|| {
            let text = self.outcome.window.text(self.place).unwrap_or_default();
            str::from_utf8(text).unwrap_or_default()
        })
    }
}
