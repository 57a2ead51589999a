//! The layout of a tree in memory: one list of values, in the order of the text.

use std::cmp::Ordering;

use thiserror::Error;

use crate::json::limits::MAX_DEPTH;

/// How deep a value may lie; the whole is at depth 0.
pub(crate) const MAX_TREE_DEPTH: usize = MAX_DEPTH;

/// Objects of more members have an index.
pub(super) const FEW: usize = 16;

/// The buffers for reading a tree, which the next one uses again.
#[derive(Debug, Default)]
pub(crate) struct TreeScratch {
    pub(super) entries: Vec<Entry>,
    /// Escaped texts and names, unescaped, end to end.
    pub(super) unescaped: String,
    /// For each object of many members: the first of them, then all of them sorted by [`compare`].
    pub(super) index: Vec<u32>,
    pub(super) open: Vec<Open>,
}

/// Why a text has no tree.
#[derive(Clone, Copy, Debug, Eq, Error, PartialEq)]
pub(crate) enum TreeError {
    /// It is not JSON. Not every text that is not is refused.
    #[error("not JSON")]
    Syntax,
    /// A value lies deeper than [`MAX_TREE_DEPTH`].
    #[error("nested deeper than {MAX_TREE_DEPTH} levels")]
    Depth,
    /// The exponent of a number is too long to be computed with.
    #[error("a number with too long an exponent")]
    Number,
}

/// One value in the list.
#[derive(Clone, Copy, Debug)]
pub(super) struct Entry {
    /// Its name in its object.
    pub(super) name: Words,
    pub(super) kind: Kind,
    /// By kind: where a number or a text begins and ends; where the first child lies and how many there are.
    pub(super) content: (u32, u32),
    /// The index of its next sibling, if it has one.
    pub(super) next: u32,
}

/// The range of a text, in the record or among the unescaped texts.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Words {
    pub(super) start: u32,
    pub(super) end: u32,
    pub(super) is_escaped: bool,
}

/// What a value is, as it is kept.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Kind {
    Null,
    False,
    True,
    Number,
    Text,
    EscapedText,
    Array,
    Object,
    /// An object of more than [`FEW`] members: its content is where its part of the index begins, and how many there are.
    IndexedObject,
}

/// An array or object whose end has not been reached.
#[derive(Clone, Copy, Debug)]
pub(super) struct Open {
    pub(super) entry: usize,
    pub(super) children: u32,
    /// The byte that ends it; 0 around the whole.
    pub(super) close: u8,
}

// INVARIANT: no text is longer than 4 GiB, and no text has more values than bytes.
#[expect(clippy::cast_possible_truncation, reason = "see the invariant")]
#[inline]
pub(super) fn narrow(offset: usize) -> u32 {
    offset as u32
}

/// The order of names in an index: the shorter one first. Most names are told apart by that alone.
#[inline]
pub(super) fn compare(left: &str, right: &str) -> Ordering {
    left.len().cmp(&right.len()).then_with(|| left.as_bytes().cmp(right.as_bytes()))
}
