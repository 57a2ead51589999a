//! The location of a text: standard input or a path.

use std::borrow::Cow;
use std::path::PathBuf;

/// The name of standard input in messages.
pub(crate) const STANDARD_INPUT: &str = "standard input";

/// The location of a text: standard input or a path.
#[derive(Clone, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub(crate) enum InputLocation {
    StandardInput,
    Path(PathBuf),
}

impl InputLocation {
    pub(crate) fn name(&self) -> Cow<'_, str> {
        match self {
            Self::StandardInput => Cow::Borrowed(STANDARD_INPUT),
            Self::Path(path) => path.to_string_lossy(),
        }
    }
}
