//! The version of a metadata file.

use std::fmt;

use crate::json::{FormatError, MAX_INTEGER, Node};

/// The version of a metadata file: from 1 to 2^53 - 1, and higher in each file than in the one it replaces.
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub struct MetadataVersion(u64);

impl MetadataVersion {
    /// The first version.
    pub const FIRST: Self = Self(1);

    /// The version with the given number, if it is in range.
    #[must_use]
    pub fn new(number: u64) -> Option<Self> {
        (1..=MAX_INTEGER).contains(&number).then_some(Self(number))
    }

    /// The version that a document names: an integer as JSON has it, which is always in range.
    pub(crate) fn read(node: Node) -> Result<Self, FormatError> {
        Ok(Self(node.integer()?))
    }

    /// The number.
    #[must_use]
    pub fn get(self) -> u64 {
        self.0
    }

    /// The version after this one; none after the last.
    #[must_use]
    pub fn next(self) -> Option<Self> {
        Self::new(self.0 + 1)
    }

    /// The version before this one; none before the first.
    pub(crate) fn previous(self) -> Option<Self> {
        Self::new(self.0 - 1)
    }
}

impl fmt::Display for MetadataVersion {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(out)
    }
}
