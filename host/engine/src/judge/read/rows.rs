//! A window that has been read: its records, and the chunks of rows that rules judge.

use std::sync::Arc;

use crate::extract::{Chunk, RelatedPlan};
use crate::judge::identity::Id;
use crate::release::Prepared;
use crate::results::RecordError;
use crate::routing::Route;
use crate::supplier::{TERM_MALFORMED, TERM_MISSING, UnavailableCause};

/// A window that has been read.
#[derive(Debug)]
pub(in crate::judge) struct ReadWindow {
    /// One for each slot of the window, in the order of the input.
    pub(in crate::judge) records: Vec<ReadRecord>,
    pub(in crate::judge) chunks: Vec<FilledChunk>,
}

/// A record that has been read.
#[derive(Debug)]
pub(in crate::judge) struct ReadRecord {
    pub(in crate::judge) id: Id,
    /// Where its values lie, or why it cannot be judged.
    pub(in crate::judge) row: Result<RowIndex, RecordError>,
}

/// A row of one of the window's chunks.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(in crate::judge) struct RowIndex {
    pub(in crate::judge) chunk: usize,
    pub(in crate::judge) row: u32,
}

/// Records of the same route as rows, ready to be judged.
#[derive(Debug)]
pub(in crate::judge) struct FilledChunk {
    pub(in crate::judge) route: Route,
    pub(in crate::judge) prepared: Arc<Prepared>,
    pub(in crate::judge) chunk: Chunk,
    /// The record of each row, as an index into the window.
    pub(in crate::judge) rows: Vec<u32>,
    pub(in crate::judge) related: RelatedRows,
}

/// How the related entities of a chunk's rows were read. Both lists are sorted by row, then by the term's index in the plan.
#[derive(Debug, Default)]
pub(in crate::judge) struct RelatedRows {
    read: Vec<((u32, usize), Arc<RelatedPlan>)>,
    unreadable: Vec<((u32, usize), Unreadable)>,
    /// Whether any of these is a failure.
    has_failures: bool,
}

/// Why a related entity is missing.
#[derive(Clone, Debug)]
pub(in crate::judge) enum Unreadable {
    /// It did not come with the request, which has no supplier.
    NotGiven,
    /// The supplier says that there is none.
    Missing,
    /// The supplier does not have it.
    Unavailable { code: &'static str, reason: Arc<str>, cause: UnavailableCause },
    /// The request gives a text that cannot be read.
    MalformedInput(String),
    /// The supplier gives a text that cannot be read.
    MalformedAnswer(String),
}

impl RelatedRows {
    /// Adds how a row's term was read. Rows and terms must come in rising order.
    pub(super) fn add(&mut self, row: u32, term: usize, found: Result<Arc<RelatedPlan>, Unreadable>) {
        match found {
            Ok(plan) => self.read.push(((row, term), plan)),
            Err(reason) => {
                self.has_failures |= reason.is_failure();
                self.unreadable.push(((row, term), reason));
            }
        }
    }

    /// How the entity of a row's term was read; none if there was nothing to read.
    pub(in crate::judge) fn plan(&self, row: u32, term: usize) -> Option<&RelatedPlan> {
        let found = self.read.binary_search_by_key(&(row, term), |(key, _)| *key).ok()?;
        self.read.get(found).map(|(_, plan)| &**plan)
    }

    /// Whether entities could not be had.
    pub(in crate::judge) fn has_failures(&self) -> bool {
        self.has_failures
    }

    /// Why there was nothing to read for a row's term.
    pub(in crate::judge) fn reason(&self, row: u32, term: usize) -> Option<&Unreadable> {
        let found = self.unreadable.binary_search_by_key(&(row, term), |(key, _)| *key).ok()?;
        self.unreadable.get(found).map(|(_, reason)| reason)
    }
}

impl Unreadable {
    /// The code of the rules that require the entity.
    pub(in crate::judge) fn code(&self) -> &'static str {
        match self {
            Self::NotGiven | Self::MalformedInput(_) => "input_absent",
            Self::MalformedAnswer(_) => TERM_MALFORMED,
            Self::Missing => TERM_MISSING,
            Self::Unavailable { code, .. } => code,
        }
    }

    /// Whether there may be an entity that could not be had.
    pub(in crate::judge) fn is_failure(&self) -> bool {
        match self {
            Self::NotGiven | Self::Missing => false,
            Self::Unavailable { cause, .. } => *cause != UnavailableCause::NoEntity,
            Self::MalformedInput(_) | Self::MalformedAnswer(_) => true,
        }
    }

    /// Whether it may be available at another moment.
    pub(in crate::judge) fn is_momentary(&self) -> bool {
        match self {
            Self::Unavailable { cause, .. } => *cause == UnavailableCause::Outage,
            Self::NotGiven | Self::Missing | Self::MalformedInput(_) | Self::MalformedAnswer(_) => false,
        }
    }

    /// The reason in words.
    pub(in crate::judge) fn words(&self, term: &str) -> String {
        match self {
            Self::NotGiven => format!("no `{term}` was given for this record"),
            Self::Missing => format!("there is no `{term}` for this record"),
            Self::Unavailable { reason, .. } => format!("`{term}` is not available: {reason}"),
            Self::MalformedInput(reason) | Self::MalformedAnswer(reason) => reason.clone(),
        }
    }
}
