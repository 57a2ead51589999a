//! Why a request gives no results, or not all of them.

use std::io;

use jurat_model::Blame;
use thiserror::Error;

use crate::field_map::PathError;
use crate::json::ForeignFormat;
use crate::results::RecordError;
use crate::routing::RouteError;

/// The fields that may make up a record's id.
pub(super) const MAX_ID_FIELDS: usize = 32;
/// The longest path to an id field, in bytes.
pub(super) const MAX_ID_PATH: usize = 1_024;

/// Why a request as a whole gave no results, or not all of them.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum JudgeError {
    /// The request names something that the release does not have: an error of the caller.
    #[error(transparent)]
    Route(#[from] RouteError),
    /// An id field is not a path.
    #[error("`{field}` is not a path to an id field: {problem}")]
    IdField {
        /// The beginning of the field as given.
        field: String,
        /// Why, and what to write instead.
        problem: PathError,
    },
    /// An id field is longer than any path to one.
    #[error("`{field}` is too long for a path to an id field: at most {MAX_ID_PATH} bytes")]
    LongIdField {
        /// The beginning of the field as given.
        field: String,
    },
    /// Too many fields make up the id.
    #[error("an entity id is made of at most {MAX_ID_FIELDS} fields")]
    TooManyIdFields,
    /// The evidence that is given for the release names another release.
    #[error("the evidence is that of another release")]
    Evidence,
    /// A text cannot be opened, or cannot be read to its end. The results of the records before that are complete.
    #[error("the input could not be read further than {offset} bytes")]
    Read {
        /// The index of the text, from 0.
        source_index: usize,
        /// The bytes of it that were read.
        offset: u64,
        /// The error of the reader.
        #[source]
        error: io::Error,
    },
    /// A text is not JSON at all, by its first bytes. None of it was judged. The results of the texts before it are complete.
    #[error("the input is not read: {format}")]
    NotJson {
        /// The index of the text, from 0.
        source_index: usize,
        /// What it is instead.
        format: ForeignFormat,
    },
    /// None of the first records can be judged, and the request asks to stop then. Their results are complete.
    #[error("none of the first {records} records can be judged; the first, at line {}: {}", .first.line, .first.message)]
    AllUnreadable {
        /// How many records were read.
        records: u64,
        /// Why the first of them cannot be judged.
        first: Box<RecordError>,
    },
    /// The results could not be handed over. Those before are complete.
    #[error("the results could not be written")]
    Output(#[source] io::Error),
    /// The call was cancelled: its client has gone, or the program no longer wants it. The results before that are complete.
    #[error("the call was cancelled")]
    Cancelled,
    /// A worker panicked: a bug.
    #[error("a worker failed because of a bug; the log says why")]
    Worker,
    /// The program contradicts itself: a bug.
    #[error("a bug: {what}")]
    Bug {
        /// The contradiction.
        what: &'static str,
    },
}

impl JudgeError {
    /// The party that can do something about it. The input and the output are those of the program that makes the call.
    #[must_use]
    pub fn blame(&self) -> Blame {
        match self {
            Self::Route(_)
            | Self::IdField { .. }
            | Self::LongIdField { .. }
            | Self::TooManyIdFields
            | Self::NotJson { .. }
            | Self::AllUnreadable { .. }
            | Self::Cancelled => Blame::Caller,
            Self::Evidence | Self::Read { .. } | Self::Output(_) | Self::Worker | Self::Bug { .. } => Blame::Host,
        }
    }
}

/// The program contradicts itself. It must say so, because a record or a result would be lost.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) struct Bug(pub(super) &'static str);

impl Bug {
    /// Reports a contradiction. Panics where debug assertions are on.
    #[cold]
    pub(super) fn new(what: &'static str) -> Self {
        debug_assert!(false, "{what}");
        tracing::error!(what, "a bug");
        Self(what)
    }
}

impl From<Bug> for JudgeError {
    fn from(Bug(what): Bug) -> Self {
        Self::Bug { what }
    }
}
