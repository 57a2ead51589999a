//! The entries of a file.

use crate::json::error::{JsonError, Position};

/// A record of a file, or a part of the file that should have been one.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Entry<'a> {
    /// How many entries of the file come before it.
    pub index: u64,
    /// Its position in the file.
    pub at: Position,
    /// Its text, without white space at its ends; or why there is none, with a position in the file.
    pub text: Result<&'a [u8], JsonError>,
}

/// One step of a `Splitter` through its buffer.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Step<'a> {
    /// An entry.
    Entry {
        /// The entry.
        entry: Entry<'a>,
        /// How many bytes at the beginning of the buffer are done with.
        consumed: usize,
    },
    /// Nothing yet: the buffer must grow.
    More {
        /// How many bytes at the beginning of the buffer are done with.
        consumed: usize,
    },
    /// The file has no more.
    Done,
}
