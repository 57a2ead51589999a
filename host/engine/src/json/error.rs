//! The errors of a JSON text, and their positions.

use std::fmt;

use jurat_model::Bytes;
use thiserror::Error;

use crate::Excerpt;
use crate::error_kind::EngineErrorKind;

/// Why a text was refused, and where.
#[derive(Clone, Debug, Eq, Error, PartialEq)]
#[error("{problem} at {at}")]
pub struct JsonError {
    /// What is wrong.
    pub problem: JsonProblem,
    /// The position at which it was noticed, counted from the beginning of the text that was read.
    pub at: Position,
}

impl JsonError {
    /// The stable name of the problem, for machines.
    #[must_use]
    pub fn code(&self) -> &'static str {
        self.problem.code()
    }

    /// The kind of the problem.
    #[must_use]
    pub fn kind(&self) -> EngineErrorKind {
        self.problem.kind()
    }

    /// The error that a valid text is not an object.
    #[must_use]
    pub fn not_object(text: &str) -> Self {
        let start = text.len() - text.trim_ascii_start().len();
        let found = match text.as_bytes().get(start) {
            Some(b'[') => "an array",
            Some(b'"') => "a string",
            Some(b't' | b'f') => "a boolean",
            Some(b'n') => "`null`",
            _ => "a number",
        };
        Self { problem: JsonProblem::NotObject { found }, at: Position::of(text.as_bytes(), start) }
    }

    /// The same error in a text that itself begins at `start` of a larger one.
    #[must_use]
    pub fn within(self, start: Position) -> Self {
        Self { at: self.at.within(start), problem: self.problem }
    }
}

/// The ways in which a text can be wrong.
#[derive(Clone, Debug, Eq, Error, PartialEq)]
#[non_exhaustive]
pub enum JsonProblem {
    /// It is not JSON.
    #[error("{0}")]
    Syntax(Syntax),
    /// It is not UTF-8.
    #[error("a byte sequence that is not UTF-8")]
    Utf8,
    /// Arrays and objects are nested too deeply.
    #[error("more than {limit} arrays and objects inside of each other")]
    Depth {
        /// The deepest nesting that is accepted.
        limit: usize,
    },
    /// An object has the same key twice.
    #[error("the key `{key}` for the second time in one object")]
    DuplicateKey {
        /// The beginning of the key, unescaped.
        key: Excerpt,
    },
    /// A number is too large for a 64-bit float, and so for nearly all readers of JSON.
    #[error("a number that is too large")]
    Number,
    /// It is JSON, but not an object.
    #[error("{found} where an object was expected")]
    NotObject {
        /// What it is instead, with an article.
        found: &'static str,
    },
    /// It is longer than what is accepted.
    #[error("a record of more than {} bytes", .limit.get())]
    TooLarge {
        /// The greatest accepted length.
        limit: Bytes,
    },
    /// The records of a file could not be told apart any more.
    #[error("no further records can be told apart: {0}")]
    Lost(Syntax),
}

impl JsonProblem {
    /// The stable name of the problem, for machines.
    #[must_use]
    pub fn code(&self) -> &'static str {
        self.kind().code()
    }

    /// The kind of the problem.
    #[must_use]
    pub fn kind(&self) -> EngineErrorKind {
        match self {
            Self::Syntax(_) => EngineErrorKind::JsonSyntax,
            Self::Utf8 => EngineErrorKind::JsonUtf8,
            Self::Depth { .. } => EngineErrorKind::JsonDepth,
            Self::DuplicateKey { .. } => EngineErrorKind::JsonDuplicateKey,
            Self::Number => EngineErrorKind::JsonNumber,
            Self::NotObject { .. } => EngineErrorKind::JsonNotObject,
            Self::TooLarge { .. } => EngineErrorKind::RecordTooLarge,
            Self::Lost(_) => EngineErrorKind::RecordsLost,
        }
    }
}

/// How a text fails to be JSON.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub enum Syntax {
    /// Another character is expected here.
    Expected {
        /// What is expected.
        what: &'static str,
        /// What was found; none = the text ends here.
        found: Option<char>,
    },
    /// A number with more than one digit begins with `0`.
    LeadingZero,
    /// A string holds a control character as it is.
    ControlCharacter,
    /// A string does not end.
    OpenString,
    /// A backslash is followed by something that it cannot escape.
    Escape,
    /// `\u` is not followed by four hexadecimal digits.
    HexDigits,
    /// A `\u` escape stands for half a character, and its other half is missing.
    LoneSurrogate,
}

impl fmt::Display for Syntax {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Expected { what, found: Some('\u{feff}') } => {
                write!(
                    out,
                    "expected {what}, found a byte order mark (U+FEFF), as between files that were joined: remove it"
                )
            }
            Self::Expected { what, found: Some(found) } => {
                write!(out, "expected {what}, found `{}`", Visible(*found))
            }
            Self::Expected { what, found: None } => write!(out, "expected {what}, found the end of the text"),
            Self::LeadingZero => out.write_str("a number with a leading zero"),
            Self::ControlCharacter => out.write_str("a control character that is not escaped"),
            Self::OpenString => out.write_str("a string without an end"),
            Self::Escape => out.write_str("a backslash before something that it cannot escape"),
            Self::HexDigits => out.write_str("`\\u` without four hexadecimal digits"),
            Self::LoneSurrogate => out.write_str("a `\\u` escape for one half of a character"),
        }
    }
}

/// The error that something else is expected at `at`.
pub(super) fn expected(bytes: &[u8], at: usize, what: &'static str) -> Syntax {
    let rest = bytes.get(at..).unwrap_or_default();
    let found =
        rest.utf8_chunks().next().map(|chunk| chunk.valid().chars().next().unwrap_or(char::REPLACEMENT_CHARACTER));
    Syntax::Expected { what, found }
}

/// A character, or its number if it is invisible.
struct Visible(char);

impl fmt::Display for Visible {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            quote @ ('"' | '\'' | '\\') => write!(out, "{quote}"),
            other => write!(out, "{}", other.escape_debug()),
        }
    }
}

/// A position in a text.
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub struct Position {
    /// Bytes before it.
    pub offset: u64,
    /// Its line, from 1; lines end with a line feed.
    pub line: u64,
    /// Its column, in bytes, from 1.
    pub column: u64,
}

impl Position {
    /// The beginning of a text.
    pub const START: Self = Self { offset: 0, line: 1, column: 1 };

    /// The position of the byte at `offset` of `text`.
    #[must_use]
    pub fn of(text: &[u8], offset: usize) -> Self {
        Self::START.after(text.get(..offset).unwrap_or(text))
    }

    /// The position behind `text` that begins here.
    #[must_use]
    pub fn after(self, text: &[u8]) -> Self {
        let length = text.len() as u64;
        let offset = self.offset + length;
        match text.iter().rposition(|&byte| byte == b'\n') {
            None => Self { offset, column: self.column + length, ..self },
            Some(last) => {
                let lines = text.iter().filter(|&&byte| byte == b'\n').count() as u64;
                Self { offset, line: self.line + lines, column: length - last as u64 }
            }
        }
    }

    /// This position in a text that itself begins at `start` of a larger one.
    #[must_use]
    pub fn within(self, start: Self) -> Self {
        Self {
            offset: start.offset + self.offset,
            line: start.line + self.line - 1,
            column: if self.line == 1 { start.column + self.column - 1 } else { self.column },
        }
    }
}

impl fmt::Display for Position {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "line {}, column {}", self.line, self.column)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_position_is_counted_in_lines_and_bytes() {
        let text = "a\nbä\n\nx".as_bytes();
        let positions: Vec<(u64, u64)> =
            (0..=text.len()).map(|offset| Position::of(text, offset)).map(|at| (at.line, at.column)).collect();
        assert_eq!(positions, [(1, 1), (1, 2), (2, 1), (2, 2), (2, 3), (2, 4), (3, 1), (4, 1), (4, 2)]);
    }

    #[test]
    fn a_position_in_a_part_becomes_a_position_in_the_whole() {
        let whole = b"[\n  {\"a\":\n 1}]";
        let start = Position::of(whole, 4);
        for offset in 0..10 {
            assert_eq!(Position::of(&whole[4..], offset).within(start), Position::of(whole, 4 + offset));
        }
    }
}
