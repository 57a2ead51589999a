//! What can be seen of records that have been judged, where they were judged.

use std::borrow::Cow;
use std::fmt;

use super::context::Context;
use super::identity;
use super::values::Row;
use super::window::{Fate, RecordOutcome, WindowOutcome};
use crate::error_kind::EngineErrorKind;
use crate::json::{Position, Scratch};
use crate::results::{RecordError, RecordResult};

mod json;
mod rows;

pub(super) use rows::{ChunkView, RuleLabel};

/// What the rules say of records that follow each other in the input.
pub struct JudgedWindow<'a> {
    pub(super) context: &'a Context,
    pub(super) outcome: &'a WindowOutcome,
    /// One for each chunk.
    pub(super) chunks: Vec<ChunkView<'a>>,
}

/// What the rules say of one record, or why it could not be judged.
///
/// As compact JSON of `serde_json` it is what [`Self::result`] is, at a fraction of the cost: what many records share is put into JSON
/// once. Other forms are for [`Self::result`].
#[derive(Clone, Copy)]
pub struct JudgedRecord<'a> {
    window: &'a JudgedWindow<'a>,
    record: &'a RecordOutcome,
    /// Its place in the window.
    place: u32,
}

/// How a record stands, all rules together.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
pub enum Standing {
    /// It could not be judged.
    Unreadable,
    /// A rule said FAIL or ERROR.
    Failed,
    /// A rule said WARN, and none FAIL or ERROR.
    Warned,
    /// A rule said PASS, and none anything worse.
    Passed,
    /// No rule ran: all said NORUN, or there was none.
    NotRun,
}

impl<'a> JudgedWindow<'a> {
    pub(super) fn new(context: &'a Context, outcome: &'a WindowOutcome) -> Self {
        let chunks = outcome.judged.iter().map(|judged| ChunkView::new(context, judged)).collect();
        Self { context, outcome, chunks }
    }

    /// The records, in the order of the input.
    pub fn records(&self) -> impl ExactSizeIterator<Item = JudgedRecord<'_>> {
        let records = self.outcome.records.iter().enumerate();
        // INVARIANT: a window has at most as many records as a chunk may have rows, which 32 bits count.
        records.map(|(place, record)| JudgedRecord {
            window: self,
            record,
            place: u32::try_from(place).unwrap_or(u32::MAX),
        })
    }
}

impl<'a> JudgedRecord<'a> {
    /// In which of the texts it is, from 0.
    #[must_use]
    pub fn source(&self) -> usize {
        self.window.outcome.window.source
    }

    /// Where it begins in that text.
    #[must_use]
    pub fn at(&self) -> Position {
        let places = &self.window.outcome.window.places;
        places.get(self.place as usize).map_or(Position::START, |place| place.at)
    }

    /// Its text, without white space at its ends; none if it was too long to be kept, or it is not clear where it ends.
    #[must_use]
    pub fn text(&self) -> Option<&'a [u8]> {
        self.window.outcome.window.text(self.place)
    }

    /// How it stands.
    #[must_use]
    pub fn standing(&self) -> Standing {
        match self.chunk() {
            Err(_) => Standing::Unreadable,
            Ok((chunk, row)) => chunk.standing(row),
        }
    }

    /// Each id field with its value in this record: what a text says, and anything else as it is written; none if it is not there,
    /// or the record cannot be read.
    #[must_use]
    pub fn ids(&self) -> Vec<(&'a str, Option<String>)> {
        let context = self.window.context;
        let mut scratch = Scratch::new(context.request.max_record);
        let tokens = self.text().and_then(|text| context.first_look.scan(text, &mut scratch).ok());
        let fields = context.request.id_fields.iter().enumerate();
        let value = |field| tokens.as_ref().and_then(|tokens| identity::value(tokens, field)).map(Cow::into_owned);
        fields.map(|(field, name)| (name.as_str(), value(field))).collect()
    }

    /// What the rules say of it.
    #[must_use]
    pub fn result(&self) -> RecordResult {
        let context = self.window.context;
        let (entity_id, unsigned) = (self.record.id.text().to_owned(), context.release.is_unsigned());
        match self.chunk() {
            Err(error) => {
                RecordResult::unreadable(entity_id, error.clone(), unsigned, context.request.evidence.clone())
            }
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
    fn chunk(&self) -> Result<(&'a ChunkView<'a>, u32), &'a RecordError> {
        /// What is said of a record whose chunk is missing: a mistake of the program.
        static LOST: RecordError =
            RecordError { kind: EngineErrorKind::Internal, message: String::new(), line: 0, offset: 0 };
        match &self.record.fate {
            Fate::Unreadable(error) => Err(error),
            Fate::Judged { chunk, row } => self.window.chunks.get(*chunk).map(|chunk| (chunk, *row)).ok_or(&LOST),
        }
    }

    fn row(&self, chunk: &'a ChunkView<'a>, row: u32) -> Row<'a> {
        let JudgedWindow { context, outcome, .. } = self.window;
        Row::new(context, outcome, (self.place, self.record), (chunk.judged, row))
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
