//! The path of a file, relative to a directory.

use super::error::ReadError;

/// A relative path without `..`: names of directories, then of a file.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct PathBelow(Vec<String>); // INVARIANT: not empty; what `new` accepts.

impl PathBelow {
    /// A path of these parts. Empty ones and `.` are left out.
    ///
    /// # Errors
    /// When a part is `..` or not a name, or when no part is left.
    pub fn new<'a>(parts: impl IntoIterator<Item = &'a str>) -> Result<Self, ReadError> {
        let mut path = Vec::new();
        for part in parts {
            match part {
                "" | "." => {}
                ".." => return Err(ReadError::Outside),
                _ if part.contains(['/', '\0']) => return Err(ReadError::Outside),
                _ => path.push(part.to_owned()),
            }
        }
        if path.is_empty() { Err(ReadError::NotAFile) } else { Ok(Self(path)) }
    }

    /// The names.
    pub(super) fn parts(&self) -> impl Iterator<Item = &str> {
        self.0.iter().map(String::as_str)
    }
}
