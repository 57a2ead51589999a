//! The blame for the errors of other crates.

use std::error::Error;

use jurat::{CallError, HostStateError, OpenError, RepositoryError};
use jurat_model::Blame;
use jurat_records::InputError;
use jurat_server::ListenError;
use jurat_trust::UpdateError;
use jurat_trust::publish::{EditError, PlanError, ReadError, SigningError};

/// An error that says which party can do something about it.
pub(crate) trait Blamed: Error {
    /// The party that can do something about it.
    fn blame(&self) -> Blame;
}

impl Blamed for UpdateError {
    fn blame(&self) -> Blame {
        Self::blame(self)
    }
}

impl Blamed for ReadError {
    fn blame(&self) -> Blame {
        match self {
            Self::Source { .. } => Blame::Host,
            _ => Blame::Source,
        }
    }
}

impl Blamed for EditError {
    fn blame(&self) -> Blame {
        Blame::Caller
    }
}

impl Blamed for SigningError {
    fn blame(&self) -> Blame {
        Blame::Caller
    }
}

impl Blamed for PlanError {
    fn blame(&self) -> Blame {
        match self {
            Self::Refused(cause) => cause.blame(),
            Self::Read(cause) => cause.blame(),
            Self::ReleaseFile { .. } | Self::Manifest { .. } | Self::Taken { .. } => Blame::Source,
            Self::Expired { .. } => Blame::Publisher,
            _ => Blame::Caller,
        }
    }
}

impl Blamed for RepositoryError {
    fn blame(&self) -> Blame {
        Self::blame(self)
    }
}

impl Blamed for HostStateError {
    fn blame(&self) -> Blame {
        match self {
            Self::State(error) => error.blame(),
            _ => Blame::Caller,
        }
    }
}

impl Blamed for CallError {
    fn blame(&self) -> Blame {
        Self::blame(self)
    }
}

impl Blamed for InputError {
    fn blame(&self) -> Blame {
        Self::blame(self)
    }
}

impl Blamed for ListenError {
    fn blame(&self) -> Blame {
        match self {
            Self::Tcp { .. } | Self::Unix(_) => Blame::Host,
            _ => Blame::Settings,
        }
    }
}

/// Of an [`OpenError`], which has several messages.
pub(super) fn of_open(error: &OpenError) -> Blame {
    match error.reason() {
        // The release is signed and trusted, but its configuration is wrong.
        OpenError::Release { .. } => Blame::Settings,
        reason => reason.blame(),
    }
}
