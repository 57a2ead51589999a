//! Records that have been judged, as a caller sees them on the worker.

use std::borrow::Cow;
use std::fmt;
use std::ops::Range;
use std::sync::LazyLock;

use jurat_model::{CallContext, Run};

use super::chunk::ChunkView;
use super::related::{RelatedEntity, related};
use super::row::Row;
use super::rule::JudgedRule;
use super::usage::RuleUsage;
use crate::json::{Position, Scratch};
use crate::judge::call::WindowOutcome;
use crate::judge::context::Context;
use crate::judge::error::Bug;
use crate::judge::identity;
use crate::judge::read::ReadRecord;
use crate::results::{Evidence, RecordError, RecordOutcome, RecordResult};

/// Judged records that follow each other in the input.
pub struct JudgedWindow<'a> {
    pub(in crate::judge) context: &'a Context,
    pub(in crate::judge) outcome: &'a WindowOutcome,
    /// One for each chunk.
    pub(in crate::judge) chunks: Vec<ChunkView<'a>>,
    /// The records that are shown, as indices into the outcome.
    shown: Range<usize>,
}

/// The item that a record came in.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct RecordItem<'a> {
    /// How many items are before it in its text.
    pub index: u64,
    /// The value of its `correlation_id`, as JSON; none if it has none.
    pub correlation_id: Option<&'a str>,
}

/// The verdicts on one record, or why it could not be judged.
///
/// As compact JSON of `serde_json` it is the same as [`Self::result`], at a fraction of the cost: what many records share is put
/// into JSON once. For other formats use [`Self::result`].
#[derive(Clone, Copy)]
pub struct JudgedRecord<'a> {
    pub(super) window: &'a JudgedWindow<'a>,
    pub(super) record: &'a ReadRecord,
    /// Its index in the window.
    index: u32,
}

impl<'a> JudgedWindow<'a> {
    pub(in crate::judge) fn new(context: &'a Context, outcome: &'a WindowOutcome) -> Self {
        let chunks = outcome.chunks.iter().map(|chunk| ChunkView::new(context, outcome, chunk)).collect();
        Self { context, outcome, chunks, shown: 0..outcome.records.len() }
    }

    /// Shows `count` records only, from the one with the given index on.
    pub(in crate::judge) fn show(&mut self, first: usize, count: usize) {
        let end = self.outcome.records.len();
        self.shown = first.min(end)..first.saturating_add(count).min(end);
    }

    /// The records, in the order of the input.
    pub fn records(&self) -> impl ExactSizeIterator<Item = JudgedRecord<'_>> {
        let Range { start, end } = self.shown;
        let records = self.outcome.records.get(start..end).unwrap_or_default().iter();
        // INVARIANT: a window has at most as many records as a chunk may have rows, which 32 bits count.
        records.enumerate().map(move |(index, record)| JudgedRecord {
            window: self,
            record,
            index: u32::try_from(start + index).unwrap_or(u32::MAX),
        })
    }

    /// The caller, and the ids by which logs and traces find the call again.
    #[must_use]
    pub fn call(&self) -> &'a CallContext {
        &self.context.call
    }

    /// The ruleset that judges.
    #[must_use]
    pub fn ruleset(&self) -> &'a str {
        &self.context.options.ruleset
    }

    /// The time of the run, how much records share, and when a rule is suspended.
    #[must_use]
    pub fn run(&self) -> &'a Run {
        &self.context.options.run
    }

    /// The SHA-256 of the manifest of the release that judges, in lower-case hexadecimal.
    #[must_use]
    pub fn manifest(&self) -> &'a str {
        self.context.release.manifest()
    }

    /// The evidence of the release; none if it is unsigned.
    #[must_use]
    pub fn evidence(&self) -> Option<&'a Evidence> {
        self.context.evidence.as_deref()
    }

    /// The usage of each rule, for each chunk in which it was called: also for records that are judged in the same chunk and rendered
    /// with another part of it.
    pub fn usage(&self) -> impl Iterator<Item = RuleUsage<'a>> {
        let context = self.context;
        let nodes = self.chunks.iter().flat_map(|chunk| chunk.nodes.iter().zip(&chunk.outcome.nodes));
        nodes.filter(|(_, outcome)| outcome.called > 0).map(|(node, outcome)| RuleUsage::new(context, node, outcome))
    }
}

impl<'a> JudgedRecord<'a> {
    /// The index of its text among those of the request, from 0.
    #[must_use]
    pub fn source(&self) -> usize {
        self.window.outcome.window.source
    }

    /// Its position in that text.
    #[must_use]
    pub fn at(&self) -> Position {
        let slot = self.window.outcome.window.slots.get(self.index as usize);
        debug_assert!(slot.is_some(), "every record has its slot");
        slot.map_or(Position::START, |slot| slot.at)
    }

    /// The item that it came in, if the source holds [items](super::super::RecordSource::of_items).
    #[must_use]
    pub fn item(&self) -> Option<RecordItem<'a>> {
        let slot = self.window.outcome.window.slots.get(self.index as usize)?;
        let item = slot.item.as_deref()?;
        Some(RecordItem { index: item.index, correlation_id: item.correlation_id.as_deref() })
    }

    /// Its text, without white space at its ends; none if it was too long to be kept, or its end is unknown.
    #[must_use]
    pub fn text(&self) -> Option<&'a [u8]> {
        self.window.outcome.window.text(self.index)
    }

    /// The values of its id fields, joined with `-`; `unknown` if all are absent.
    #[must_use]
    pub fn entity_id(&self) -> &'a str {
        self.record.id.text()
    }

    /// Its entity type; none if it could not be judged.
    #[must_use]
    pub fn entity_type(&self) -> Option<&'a str> {
        let (chunk, _) = self.chunk().ok()?;
        self.window.context.release.entity_types.get(chunk.outcome.route.entity_type).map(|name| &**name)
    }

    /// Why it could not be judged.
    #[must_use]
    pub fn error(&self) -> Option<&'a RecordError> {
        self.chunk().err()
    }

    /// The rules of its list, parents before their children: what each said, and what it was given. None if the record could not be
    /// judged.
    pub fn rules(&self) -> impl Iterator<Item = JudgedRule<'a>> {
        let (record, chunk) = (*self, self.chunk().ok());
        chunk.into_iter().flat_map(move |(chunk, row)| {
            let nodes = chunk.nodes.iter().zip(&chunk.outcome.nodes).enumerate();
            nodes.map(move |(index, (node, outcome))| JudgedRule { row: record.row(chunk, row), node, index, outcome })
        })
    }

    /// The related entities that its rules name. None if the record could not be judged.
    pub fn related(&self) -> impl Iterator<Item = RelatedEntity<'a>> {
        let row = self.chunk().ok().map(|(chunk, row)| self.row(chunk, row));
        row.into_iter().flat_map(|row| related(&row))
    }

    /// Its outcome, all rules together.
    #[must_use]
    pub fn outcome(&self) -> RecordOutcome {
        match self.chunk() {
            Err(_) => RecordOutcome::Unreadable,
            Ok((chunk, row)) => chunk.record_outcome(row),
        }
    }

    /// Whether a related entity that a rule reads could not be had: the service failed or refused, or what came could not be read. It does
    /// not count if nobody gave the entity, or if the service says that there is none.
    #[must_use]
    pub fn has_unavailable(&self) -> bool {
        self.chunk().is_ok_and(|(chunk, row)| chunk.has_unavailable(row))
    }

    /// Whether a rule said NORUN of it, or it could not be judged.
    #[must_use]
    pub fn has_norun(&self) -> bool {
        self.chunk().map_or(true, |(chunk, row)| chunk.has_norun(row))
    }

    /// Each id field with its value in this record: a text without its quotes, and anything else as it is written; none if it is
    /// absent, or the record cannot be read.
    #[must_use]
    pub fn ids(&self) -> Vec<(&'a str, Option<String>)> {
        let context = self.window.context;
        let mut scratch = Scratch::new(context.options.max_record);
        let tokens = self.text().and_then(|text| context.first_look.scan(text, &mut scratch).ok());
        let fields = context.options.id_fields.iter().enumerate();
        let value = |field| tokens.as_ref().and_then(|tokens| identity::value(tokens, field)).map(Cow::into_owned);
        fields.map(|(field, name)| (name.as_str(), value(field))).collect()
    }

    /// Its result.
    #[must_use]
    pub fn result(&self) -> RecordResult {
        let context = self.window.context;
        let (entity_id, unsigned) = (self.record.id.text().to_owned(), context.release.is_unsigned());
        match self.chunk() {
            Err(error) => RecordResult::unreadable(entity_id, error.clone(), unsigned, context.evidence.clone()),
            Ok((chunk, row)) => {
                let labels = chunk.labels(context);
                RecordResult {
                    entity_id,
                    entity_type: labels.entity_type.clone(),
                    status: None,
                    error: None,
                    now: labels.now.clone(),
                    unsigned,
                    release: labels.release.clone(),
                    results: chunk.results(&self.row(chunk, row), chunk.all()),
                }
            }
        }
    }

    /// The chunk and the row in which it was judged, or why it was not.
    pub(super) fn chunk(&self) -> Result<(&'a ChunkView<'a>, u32), &'a RecordError> {
        /// The error of a record whose chunk is missing. A window outcome rules that out.
        static MISSING: LazyLock<RecordError> =
            LazyLock::new(|| RecordError::bug(Bug::new("the chunk of a record is missing").0, Position::START));
        let index = self.record.row.as_ref()?;
        self.window.chunks.get(index.chunk).map(|chunk| (chunk, index.row)).ok_or_else(|| &*MISSING)
    }

    pub(super) fn row(&self, chunk: &'a ChunkView<'a>, row: u32) -> Row<'a> {
        let JudgedWindow { context, outcome, .. } = self.window;
        Row::new(context, outcome, (self.index, self.record), (chunk.outcome, row))
    }
}

impl fmt::Debug for JudgedWindow<'_> {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.debug_struct("JudgedWindow").field("records", &self.outcome.records.len()).finish_non_exhaustive()
    }
}

impl fmt::Debug for JudgedRecord<'_> {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.debug_struct("JudgedRecord").field("at", &self.at()).finish_non_exhaustive()
    }
}
