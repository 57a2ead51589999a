//! Why a text is not a path, and what to write instead.

use thiserror::Error;

use super::segment::MAX_INDEX;
use crate::excerpt::Excerpt;
use crate::json::MAX_DEPTH;

/// Why a text is not a path, and what to write instead.
#[derive(Clone, Debug, Eq, Error, PartialEq)]
#[non_exhaustive]
pub enum PathError {
    /// Nothing before, between or behind dots.
    #[error(
        "nothing before, between or behind its dots: write the keys that lead to the value, with dots between them"
    )]
    EmptyKey,
    /// A key that could be an index.
    #[error("`{key}` may be a key or an index: write `\\{key}` for a key, or an index in brackets, as in `list[0]`")]
    Number {
        /// The key.
        key: Excerpt,
    },
    /// White space before or behind a key.
    #[error("white space at an end of a key: remove it, or write a backslash before it if it belongs to the key")]
    Space,
    /// A quote before a key.
    #[error("a key in quotes: write it without them, or `\\{quote}` if the quote belongs to the key")]
    Quote {
        /// The quote.
        quote: char,
    },
    /// A wildcard.
    #[error(
        "a path leads to one value, so `*` stands for nothing: write an index or a key, or `\\*` for the character"
    )]
    Wildcard,
    /// JSONPath.
    #[error("this is JSONPath: write `a.b` for `$.a.b`, or `\\{sign}` if a key begins with that character")]
    JsonPath {
        /// `$` or `@`.
        sign: char,
    },
    /// A JSON pointer.
    #[error("this is a JSON pointer: write `a.b` for `/a/b`, or `\\{sign}` if a key begins with that character")]
    JsonPointer {
        /// `/` or `#`.
        sign: char,
    },
    /// All elements of a list.
    #[error("`[]` comes with lists in a later version: until then a path leads to one element, as in `list[0]`")]
    Lists,
    /// A path that begins with an element.
    #[error("a path begins with a key, because a record is an object")]
    ElementFirst,
    /// A dot before a bracket.
    #[error("a dot before `[`: write `list[0]` for an element, or `\\[` for the character")]
    DotBeforeElement,
    /// Something behind a bracket.
    #[error("only `.`, `[` or the end can follow `]`: write `list[0].key`")]
    BehindElement,
    /// A bracket that does not close.
    #[error("a `[` without its `]`: write `list[0]` for an element, or `\\[` for the character")]
    Unclosed,
    /// A bracket that was not opened.
    #[error("a `]` without its `[`: write `list[0]` for an element, or `\\]` for the character")]
    Unopened,
    /// A key in brackets.
    #[error(
        "a key in brackets: write `.key`, with a backslash before each dot, bracket or backslash that belongs to the key"
    )]
    KeyInBrackets,
    /// An index that counts from the end.
    #[error("`[{index}]` counts from the end, and elements are counted from the first, `[0]`")]
    Negative {
        /// The index.
        index: Excerpt,
    },
    /// An index above the greatest.
    #[error("`[{index}]` is above the greatest index, {MAX_INDEX}")]
    TooLarge {
        /// The index.
        index: Excerpt,
    },
    /// Something else in brackets.
    #[error(
        "`[{inside}]` is not an index: write digits without a leading zero, as in `list[0]`, or `\\[` for the character"
    )]
    NotIndex {
        /// What is in the brackets.
        inside: Excerpt,
    },
    /// A backslash before a letter.
    #[error("`\\{letter}` means nothing: a letter needs no backslash, and `\\\\` is the backslash itself")]
    UnknownEscape {
        /// The letter.
        letter: char,
    },
    /// A backslash at the end.
    #[error("a backslash at the end: write `\\\\` for the backslash itself")]
    OpenEscape,
    /// More steps than a record may have levels.
    #[error("more than {MAX_DEPTH} keys and indexes: no record has so many levels")]
    TooDeep,
}

impl PathError {
    /// Whether the message tells to write a backslash, which a JSON file must have twice.
    pub(in crate::field_map) fn advises_a_backslash(&self) -> bool {
        match self {
            Self::Number { .. }
            | Self::Space
            | Self::Quote { .. }
            | Self::Wildcard
            | Self::JsonPath { .. }
            | Self::JsonPointer { .. }
            | Self::DotBeforeElement
            | Self::Unclosed
            | Self::Unopened
            | Self::KeyInBrackets
            | Self::NotIndex { .. }
            | Self::UnknownEscape { .. }
            | Self::OpenEscape => true,
            Self::EmptyKey
            | Self::Lists
            | Self::ElementFirst
            | Self::BehindElement
            | Self::Negative { .. }
            | Self::TooLarge { .. }
            | Self::TooDeep => false,
        }
    }
}
