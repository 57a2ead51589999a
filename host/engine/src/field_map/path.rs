//! The path of a value in a record.

use std::fmt;
use std::str::FromStr;

use thiserror::Error;

/// The keys that lead to a value, from the outermost object inwards; at least one.
///
/// Written with dots between them. A key that has a dot in it cannot be written, and array elements cannot be reached.
#[derive(Clone, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub struct Path {
    // INVARIANT: not empty, and no segment is.
    segments: Vec<Box<str>>,
}

/// A key is missing before, between or behind the dots of a path.
#[derive(Clone, Copy, Debug, Eq, Error, PartialEq)]
#[error("a path with nothing before, between or behind its dots")]
pub struct EmptySegment;

impl Path {
    /// The keys.
    pub fn segments(&self) -> impl Iterator<Item = &str> {
        self.segments.iter().map(|segment| &**segment)
    }

    /// The path as a JSON pointer (RFC 6901): `/dates/maturity_date`.
    #[must_use]
    pub fn pointer(&self) -> String {
        let mut pointer = String::new();
        for segment in &self.segments {
            push_segment(&mut pointer, segment);
        }
        pointer
    }
}

impl FromStr for Path {
    type Err = EmptySegment;

    fn from_str(path: &str) -> Result<Self, EmptySegment> {
        let segments: Vec<Box<str>> = path.split('.').map(Box::from).collect();
        if segments.iter().any(|segment| segment.is_empty()) { Err(EmptySegment) } else { Ok(Self { segments }) }
    }
}

impl fmt::Display for Path {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, segment) in self.segments.iter().enumerate() {
            if index > 0 {
                out.write_str(".")?;
            }
            out.write_str(segment)?;
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
mod tests {
    use super::*;

    #[test]
    fn a_path_becomes_a_pointer() {
        let pointer = |path: &str| path.parse::<Path>().map(|path| path.pointer());
        assert_eq!(pointer("status"), Ok("/status".to_owned()));
        assert_eq!(pointer("a/b.~c.d"), Ok("/a~1b/~0c/d".to_owned()));
        assert_eq!(pointer("$schema"), Ok("/$schema".to_owned()));
    }

    #[test]
    fn a_path_without_a_key_between_its_dots_is_refused() {
        for path in ["", ".", "a.", ".a", "a..b"] {
            assert_eq!(path.parse::<Path>(), Err(EmptySegment), "{path}");
        }
    }

    #[test]
    fn a_path_is_written_as_it_was_read() {
        assert_eq!("a.b c.d".parse::<Path>().unwrap().to_string(), "a.b c.d");
    }
}
