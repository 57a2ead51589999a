//! Whose mistake it is that something cannot be done with a repository.

use std::fmt::Display;
use std::path::Path;

use jurat_trust::UpdateError;
use jurat_trust::publish::{EditError, PlanError, ReadError, SigningError};

use crate::exit::{Exit, Failure};

/// What a host would say.
pub(crate) fn refused(what: impl Display, error: &UpdateError) -> Failure {
    Failure::about(exit(error), what, error)
}

/// A repository that is not as it was left.
pub(super) fn of_read(root: &Path, error: &ReadError) -> Failure {
    Failure::about(exit_of_read(error), root.display(), error)
}

fn exit_of_read(error: &ReadError) -> Exit {
    if matches!(error, ReadError::Source { .. }) { Exit::Host } else { Exit::Trust }
}

fn exit(error: &UpdateError) -> Exit {
    error.blame().into()
}

impl From<EditError> for Failure {
    fn from(error: EditError) -> Self {
        Self::new(Exit::Usage, jurat::chain(&error))
    }
}

impl From<SigningError> for Failure {
    fn from(error: SigningError) -> Self {
        Self::new(Exit::Usage, jurat::chain(&error))
    }
}

impl From<PlanError> for Failure {
    fn from(error: PlanError) -> Self {
        let exit = match &error {
            PlanError::Refused(cause) => exit(cause),
            PlanError::Read(cause) => exit_of_read(cause),
            PlanError::ReleaseFile { .. }
            | PlanError::Manifest { .. }
            | PlanError::Taken { .. }
            | PlanError::Expired { .. } => Exit::Trust,
            _ => Exit::Usage,
        };
        Self::new(exit, jurat::chain(&error))
    }
}
