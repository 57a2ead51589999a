//! Why an attack was not tried.

use jurat_model::Blame;
use jurat_trust::UpdateError;

use crate::exit::CommandError;

/// Why an attack was not tried.
#[derive(Debug)]
pub(super) enum NotTried {
    /// The repository lacks something that the attack needs.
    NotApplicable(&'static str),
    /// The attack could not be prepared, so its outcome is unknown.
    SetupFailed(String),
}

/// A part of a repository that earlier checks guarantee. If it is missing, the attack cannot be prepared.
pub(super) fn part<T>(part: Option<T>) -> Result<T, NotTried> {
    part.ok_or_else(|| NotTried::SetupFailed("the repository does not have the expected structure".to_owned()))
}

/// For an attack that needs an earlier version.
pub(super) fn only_one_version() -> NotTried {
    NotTried::NotApplicable("only one version")
}

impl From<UpdateError> for NotTried {
    fn from(error: UpdateError) -> Self {
        Self::SetupFailed(jurat::chain(&error))
    }
}

impl From<NotTried> for CommandError {
    fn from(error: NotTried) -> Self {
        let reason = match error {
            NotTried::NotApplicable(reason) => reason.to_owned(),
            NotTried::SetupFailed(reason) => reason,
        };
        Self::new(Blame::Host, format!("the copy cannot be created: {reason}"))
    }
}
