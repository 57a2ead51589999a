//! Lays records into columns, row by row.

use std::mem;
use std::sync::Arc;

use jurat_model::columns::ColumnBuilder;
use jurat_model::{Bytes, Kind};

use super::chunk::{Chunk, ChunkLimits};
use super::column::ColumnSource;
use super::plan::Plan;
use super::reader::{ReadField, Tokens};
use super::related::Related;
use crate::convert::{self, Conversion};
use crate::json::Span;

/// A chunk under construction.
///
/// Whether a row still fits depends on the rows before it and on the limits, never on time. So the same records always give the
/// same chunks.
#[derive(Debug)]
pub struct ChunkBuilder {
    plan: Arc<Plan>,
    limits: ChunkLimits,
    /// The most bytes of the texts that are read of one record, and of each of its related entities.
    max_record: u64,
    now: i64,
    /// Empty until the first row comes.
    columns: Vec<OpenColumn>,
    rows: u32,
    /// How many rows the chunk before had: this one will likely have as many.
    expected_rows: u32,
    size: u64,
    /// One span for each column of each row, row by row.
    spans: Vec<Span>,
    buffer: String,
}

/// Whether a row was added.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[must_use]
pub enum Added {
    /// It was.
    Yes,
    /// The chunk is full: finish it, and add the row to the next one.
    Full,
    /// The texts of the row are longer than `max_record` of [`ChunkBuilder::new`], so no chunk can hold it.
    TooLarge,
}

#[derive(Debug)]
struct OpenColumn {
    builder: ColumnBuilder,
    wrong: Vec<u32>,
}

impl ChunkBuilder {
    /// An empty chunk.
    ///
    /// `max_record` bounds a row, whatever the limits of chunks are. It is the most bytes of the texts that are read of a record, and of
    /// the texts that are read of one related entity; at most 1 GiB. A text that several inputs read counts once. A record of at most
    /// `max_record` bytes always fits, unless one path leads through the value of another. `now` is the time of the run, in microseconds
    /// since 1970-01-01T00:00:00Z.
    #[must_use]
    pub fn new(plan: Arc<Plan>, limits: ChunkLimits, max_record: Bytes, now: i64) -> Self {
        // INVARIANT: a column has the texts of a chunk of at most 2 GiB, or those of one row, of at most 1 GiB. Its offsets can say both.
        let bytes = limits.bytes.min(Bytes::mebi(2048));
        let max_record = max_record.get().min(1 << 30);
        let limits = ChunkLimits { rows: limits.rows.max(1), bytes, ..limits };
        let size = plan.empty_size;
        let (columns, spans, buffer) = (Vec::new(), Vec::new(), String::new());
        Self { plan, limits, max_record, now, columns, rows: 0, expected_rows: 0, size, spans, buffer }
    }

    /// How many rows there are.
    #[must_use]
    pub fn rows(&self) -> u32 {
        self.rows
    }

    /// Adds a record that the plan has scanned, and the entity of each of [`Plan::terms`], in their order. Absent entities may be left
    /// out at the end.
    ///
    /// Tokens of another plan, and entities of another term, become values of the wrong kind in all their columns: that is a bug, and
    /// a rule must not judge them.
    pub fn add(&mut self, record: &Tokens<'_>, related: &[Related<'_>]) -> Added {
        let size = self.plan.row_size(record, related);
        // INVARIANT: this does not depend on the limits of chunks, so that those change no verdict.
        if size > self.max_record && !fits(record, related, self.max_record) {
            return Added::TooLarge;
        }
        // A row that is larger than a chunk gets one of its own.
        if self.rows > 0 && (self.rows >= self.limits.rows || self.size + size > self.limits.bytes.get()) {
            return Added::Full;
        }
        if self.columns.is_empty() {
            self.open();
        }
        let mut columns = self.columns.iter_mut();
        let mut row = RowWriter { row: self.rows, spans: &mut self.spans, buffer: &mut self.buffer };

        if std::ptr::eq(record.reader, &self.plan.record) {
            for (field, column) in record.reader.fields.iter().zip(columns.by_ref()) {
                let span = field.slot.and_then(|slot| record.spans.get(slot as usize)).copied().unwrap_or(Span::NONE);
                row.add(column, field, span, record.text);
            }
        } else {
            columns.by_ref().take(self.plan.record.fields.len()).for_each(|column| row.add_wrong(column, Span::NONE));
        }
        if self.plan.has_now() {
            columns.by_ref().take(1).for_each(|column| row.add_now(column, self.now));
        }
        for (index, term) in self.plan.terms.iter().enumerate() {
            let columns = columns.by_ref().take(term.columns.len());
            match related.get(index) {
                None | Some(Related::Absent) => columns.for_each(|column| row.add_absent(column)),
                Some(Related::Entity(plan, tokens))
                    if plan.term == index && std::ptr::eq(tokens.reader, &plan.reader) =>
                {
                    for (field, column) in tokens.reader.fields.iter().zip(columns) {
                        let span = field.slot.and_then(|slot| tokens.spans.get(slot as usize)).copied();
                        row.add(column, field, span.unwrap_or(Span::NONE), tokens.text);
                    }
                }
                Some(Related::Entity(..)) => columns.for_each(|column| row.add_wrong(column, Span::NONE)),
                Some(Related::List(text)) => {
                    let span = Span { start: 0, end: u32::try_from(text.len()).unwrap_or(u32::MAX) };
                    for ((_, kind), column) in term.inputs.iter().zip(columns) {
                        match kind {
                            Kind::Json => row.add(column, &ReadField::whole(*kind), span, text),
                            _ => row.add_wrong(column, span),
                        }
                    }
                }
            }
        }
        self.rows += 1;
        self.size += size;
        Added::Yes
    }

    /// The chunk; the builder is empty again.
    pub fn finish(&mut self) -> Chunk {
        if self.columns.is_empty() {
            self.open();
        }
        let columns = mem::take(&mut self.columns);
        let (columns, wrong) = columns.into_iter().map(|column| (column.builder.finish(), column.wrong)).unzip();
        self.size = self.plan.empty_size;
        self.expected_rows = self.rows;
        Chunk { rows: mem::take(&mut self.rows), columns, wrong, spans: mem::take(&mut self.spans) }
    }

    fn open(&mut self) {
        let rows = self.expected_rows as usize;
        self.columns = self.plan.columns.iter().map(|column| OpenColumn::new(column.kind, rows)).collect();
        self.spans.reserve(self.columns.len() * rows.max(1));
    }
}

impl Plan {
    fn has_now(&self) -> bool {
        self.columns.get(self.record.fields.len()).is_some_and(|column| column.source == ColumnSource::Now)
    }

    /// How many bytes a row takes inside a rule's memory, at most: a text is never longer than its token.
    fn row_size(&self, record: &Tokens<'_>, related: &[Related<'_>]) -> u64 {
        let widths: u64 = self.fixed_row_size;
        let related = self.terms.iter().zip(related).map(|(term, related)| match related {
            Related::Absent => 0,
            Related::Entity(_, tokens) => tokens.text_size(),
            Related::List(text) => {
                text.len() as u64 * term.inputs.iter().filter(|(_, kind)| *kind == Kind::Json).count() as u64
            }
        });
        widths + record.text_size() + related.sum::<u64>()
    }
}

/// Whether the texts of a record have at most `most` bytes, and so the texts of each related entity.
fn fits(record: &Tokens<'_>, related: &[Related<'_>], most: u64) -> bool {
    let size = |related: &Related<'_>| match related {
        Related::Absent => 0,
        Related::Entity(_, tokens) => tokens.distinct_text_size(),
        Related::List(text) => text.len() as u64,
    };
    record.distinct_text_size() <= most && related.iter().all(|related| size(related) <= most)
}

impl Tokens<'_> {
    /// The length of all tokens that become texts, as often as they do.
    fn text_size(&self) -> u64 {
        self.reader.text_slots.iter().map(|slot| self.length(*slot)).sum()
    }

    /// The same, each token once.
    fn distinct_text_size(&self) -> u64 {
        let mut slots = self.reader.text_slots.clone();
        slots.sort_unstable();
        slots.dedup();
        slots.into_iter().map(|slot| self.length(slot)).sum()
    }

    fn length(&self, slot: u32) -> u64 {
        self.spans.get(slot as usize).map_or(0, |span| u64::from(span.bytes()))
    }
}

impl OpenColumn {
    fn new(kind: Kind, rows: usize) -> Self {
        Self { builder: ColumnBuilder::new(kind, rows), wrong: Vec::new() }
    }
}

/// The row that is being added, and what all its columns need.
struct RowWriter<'a> {
    row: u32,
    spans: &'a mut Vec<Span>,
    buffer: &'a mut String,
}

impl RowWriter<'_> {
    #[inline]
    fn add(&mut self, column: &mut OpenColumn, field: &ReadField, span: Span, text: &str) {
        let Some(token) = span.of(text) else {
            return if span.is_obstacle() { self.add_wrong(column, span) } else { self.add_absent(column) };
        };
        self.spans.push(span);
        let conversion = match field.rounding {
            None => convert::push(&mut column.builder, field.kind, token, self.buffer),
            Some(rounding) => convert::push_rounded(&mut column.builder, token, rounding),
        };
        match conversion {
            Conversion::Present | Conversion::Absent => {}
            Conversion::WrongKind => column.wrong.push(self.row),
        }
    }

    fn add_absent(&mut self, column: &mut OpenColumn) {
        self.spans.push(Span::NONE);
        column.builder.push_absent();
    }

    fn add_wrong(&mut self, column: &mut OpenColumn, span: Span) {
        self.spans.push(span);
        column.builder.push_absent();
        column.wrong.push(self.row);
    }

    fn add_now(&mut self, column: &mut OpenColumn, now: i64) {
        self.spans.push(Span::NONE);
        column.builder.push_timestamp(now);
    }
}
