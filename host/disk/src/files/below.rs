//! Where a file is, seen from a directory.

use super::error::ReadError;

/// Names of directories and of a file, each below the one before it: nothing that leads up or elsewhere.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct PathBelow(Vec<String>); // INVARIANT: not empty; what `new` accepts.

impl PathBelow {
    /// A path of these parts. Empty ones and `.` are left out, as they lead nowhere.
    ///
    /// # Errors
    /// When one leads up or is no name, or when nothing is left: that is the directory itself, and no file.
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
