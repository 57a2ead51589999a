//! The blame for an error of the client.

use jurat_model::Blame;

use super::error::UpdateError;

impl UpdateError {
    /// The party that can do something about it.
    #[must_use]
    pub fn blame(&self) -> Blame {
        match self {
            Self::Missing { .. }
            | Self::Truncated { .. }
            | Self::TooLong { .. }
            | Self::Altered { .. }
            | Self::Envelope { .. }
            | Self::Signatures { .. }
            | Self::WrongRole { .. }
            | Self::WrongRepository { .. }
            | Self::Rollback { .. }
            | Self::BelowFloor { .. }
            | Self::RootSkipped { .. }
            | Self::SnapshotMismatch { .. }
            | Self::Vanished { .. } => Blame::Source,
            Self::Source { .. } | Self::TooManyRoots { .. } | Self::Unrefreshed { .. } => Blame::Transport,
            Self::Metadata { .. }
            | Self::Expired { .. }
            | Self::Unlisted { .. }
            | Self::TooManyRoles { .. }
            | Self::TooDeep { .. }
            | Self::NotARelease { .. }
            | Self::Revoked { .. }
            | Self::Unrevoked { .. }
            | Self::Manifest { .. }
            | Self::WrongName { .. }
            | Self::WrongVersion { .. } => Blame::Publisher,
            Self::WrongAnchor { .. }
            | Self::OverCap { .. }
            | Self::ReleaseOverCap { .. }
            | Self::NotDelegated { .. }
            | Self::UnknownRelease { .. } => Blame::Settings,
            Self::ClockSetBack { .. } | Self::State { .. } | Self::Store { .. } => Blame::Host,
            Self::Past { cause, .. } => cause.blame(),
        }
    }
}
