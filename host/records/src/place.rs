//! Where a text comes from.

use std::borrow::Cow;
use std::path::PathBuf;

/// The name of standard input in messages.
pub(crate) const STANDARD_INPUT: &str = "standard input";

/// Where a text comes from.
#[derive(Clone, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub(crate) enum Place {
    StandardInput,
    Path(PathBuf),
}

impl Place {
    pub(crate) fn name(&self) -> Cow<'_, str> {
        match self {
            Self::StandardInput => Cow::Borrowed(STANDARD_INPUT),
            Self::Path(path) => path.to_string_lossy(),
        }
    }
}
