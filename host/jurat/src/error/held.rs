//! The reason of a guard for holding back a call.

use jurat_model::Blame;
use thiserror::Error;

/// A guard's reason for holding a call back.
///
/// ```
/// use jurat::{Blame, Held};
///
/// let held = Held::new("quota_exceeded", Blame::Caller, "there were enough calls for today");
/// assert_eq!((held.code(), held.blame()), ("quota_exceeded", Blame::Caller));
/// ```
#[derive(Clone, Debug, Eq, Error, PartialEq)]
#[error("{message}")]
pub struct Held {
    code: &'static str,
    blame: Blame,
    message: String,
}

impl Held {
    /// A reason: a stable code for programs, who can fix it, and a sentence for people.
    #[must_use]
    pub fn new(code: &'static str, blame: Blame, message: impl Into<String>) -> Self {
        Self { code, blame, message: message.into() }
    }

    /// The stable code, as in `quota_exceeded`.
    #[must_use]
    pub fn code(&self) -> &'static str {
        self.code
    }

    /// Who can fix it.
    #[must_use]
    pub fn blame(&self) -> Blame {
        self.blame
    }
}
