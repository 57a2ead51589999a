//! The path of a value in a record.

use std::fmt;
use std::str::FromStr;

use crate::json::PathStep;

mod error;
mod parse;
mod segment;

pub use error::PathError;
pub use segment::MAX_INDEX;
use segment::Segment;

/// The keys and elements that lead to a value, from the outermost object inwards; at least one, and a key first.
///
/// | Written | Means |
/// |---|---|
/// | `a.b` | the member `b` of the object `a` |
/// | `a[0].b` | the member `b` of the first element of the list `a`; the greatest index is [`MAX_INDEX`] |
/// | `a\.b` | the member `a.b`: a backslash takes a character that is not a letter as it is |
///
/// A key with `.`, `[`, `]`, `*` or `\` in it, or with white space at an end or a quote at its beginning, is written with a backslash
/// before that character. So is a key of digits only (`\0`), because it could be an index, and a first key that begins with `/`, or is `$`
/// or `@`: those are other languages for paths. The empty key cannot be written.
#[derive(Clone, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub struct Path {
    // INVARIANT: begins with a key, no key is empty, and there are no more segments than a text may have levels.
    segments: Vec<Segment>,
}

impl Path {
    /// The steps that lead to the value.
    pub fn steps(&self) -> impl Iterator<Item = PathStep<'_>> {
        self.segments.iter().map(|segment| match segment {
            Segment::Key(key) => PathStep::Key(key),
            Segment::Element(index) => PathStep::Element(*index),
        })
    }

    /// The path as a JSON pointer (RFC 6901): `/tranches/0/amount`.
    #[must_use]
    pub fn pointer(&self) -> String {
        let mut pointer = String::new();
        for segment in &self.segments {
            match segment {
                Segment::Key(key) => push_segment(&mut pointer, key),
                Segment::Element(index) => push_segment(&mut pointer, &index.to_string()),
            }
        }
        pointer
    }
}

impl FromStr for Path {
    type Err = PathError;

    fn from_str(path: &str) -> Result<Self, PathError> {
        parse::segments(path).map(|segments| Self { segments })
    }
}

impl fmt::Display for Path {
    /// As it is read again.
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, segment) in self.segments.iter().enumerate() {
            match segment {
                Segment::Element(element) => write!(out, "[{element}]")?,
                Segment::Key(key) => {
                    if index > 0 {
                        out.write_str(".")?;
                    }
                    parse::write_key(out, key, index == 0)?;
                }
            }
        }
        Ok(())
    }
}

/// Appends a key to a JSON pointer.
pub(super) fn push_segment(pointer: &mut String, segment: &str) {
    pointer.push('/');
    for character in segment.chars() {
        match character {
            '~' => pointer.push_str("~0"),
            '/' => pointer.push_str("~1"),
            other => pointer.push(other),
        }
    }
}

#[cfg(test)]
mod tests;
