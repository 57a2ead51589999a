//! Why a repository provides no release, and who can fix it.

use std::path::PathBuf;

use jurat_disk::CacheDirError;
use jurat_disk::files::ReadError;
use jurat_model::Blame;
use jurat_trust::{AnchorError, Digest, UpdateError};
use thiserror::Error;

#[cfg(feature = "remote")]
use crate::blobs::BlobsError;
use crate::kept::KeptError;
use crate::pin::PinError;
#[cfg(feature = "remote")]
use crate::remote::{RemoteError, RemoteSetupError};
use crate::state::StateError;
use crate::status_file::StatusError;

/// Why a repository provides no release.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum RepositoryError {
    /// The trusted root cannot be read.
    #[error("the trusted root `{}` cannot be read; without it nothing is run: set `trust.root` to the file that the owners of the repository have handed over", file.display())]
    NoRoot {
        /// The file.
        file: PathBuf,
        /// Why.
        #[source]
        cause: ReadError,
    },
    /// The trusted root is invalid.
    #[error("the trusted root `{}` cannot be used; without it nothing is run", file.display())]
    Root {
        /// The file.
        file: PathBuf,
        /// What is wrong with it.
        #[source]
        cause: AnchorError,
    },
    /// The repository is invalid, or cannot be reached.
    #[error(transparent)]
    Update(Box<UpdateError>),
    /// This program was built without support for servers.
    #[error("`{url}` is on a server, and this program was built without the feature `remote` of `jurat`")]
    NoRemote {
        /// The repository.
        url: String,
    },
    /// A repository on a server needs a directory for its files.
    #[error("a repository on a server needs a `logic_cache_dir`, so that this host can run while it is away")]
    Homeless,
    /// The value of a header is missing.
    #[error(
        "the header `{header}` wants the value of `{name}`, which is not set: name a file in `header_files`, or set `JURAT_HEADER_{name}`"
    )]
    NoSecret {
        /// The header.
        header: String,
        /// The name of its value.
        name: String,
    },
    /// The settings of the repository are invalid.
    #[error("the settings of the repository are invalid")]
    Setup(#[source] SetupError),
    /// Files of a release cannot be fetched or stored.
    #[error("files of the release are not available")]
    Files(#[source] FilesError),
    /// The state of this host cannot be read or written.
    #[error("the state of this host cannot be stored or read")]
    State(#[source] StoredStateError),
    /// The release is not available on this host.
    #[error(
        "the release with the manifest `{manifest}` is not available: the repository does not list it, and this host has not kept it"
    )]
    NotKept {
        /// The digest of its manifest.
        manifest: Digest,
    },
    /// The release was revoked.
    #[error("the release with the manifest `{manifest}` was revoked by those who have signed it")]
    Revoked {
        /// The digest of its manifest.
        manifest: Digest,
    },
}

impl RepositoryError {
    /// Who can fix it.
    #[must_use]
    pub fn blame(&self) -> Blame {
        match self {
            Self::NoRoot { .. }
            | Self::NoRemote { .. }
            | Self::Homeless
            | Self::NoSecret { .. }
            | Self::Setup(_)
            | Self::NotKept { .. } => Blame::Settings,
            Self::Root { .. } => Blame::Source,
            Self::Revoked { .. } => Blame::Publisher,
            Self::Update(error) => blame(error),
            Self::Files(error) => error.blame(),
            Self::State(_) => Blame::Host,
        }
    }
}

fn blame(error: &UpdateError) -> Blame {
    if let UpdateError::Source { cause, .. } = error
        && let Some(ReadError::Link | ReadError::NotAFile) = cause.downcast_ref()
    {
        // Not a failure of the machine: something else is where the file should be.
        return Blame::Source;
    }
    error.blame()
}

impl From<UpdateError> for RepositoryError {
    fn from(error: UpdateError) -> Self {
        Self::Update(Box::new(error))
    }
}

/// The client of a repository cannot be made: its URL, its headers or the HTTP settings are invalid.
#[derive(Debug, Error)]
#[error(transparent)]
pub struct SetupError(SetupCause);

#[derive(Debug, Error)]
pub(crate) enum SetupCause {
    #[cfg(feature = "remote")]
    #[error(transparent)]
    Url(#[from] url::ParseError),
    #[cfg(feature = "remote")]
    #[error(transparent)]
    Client(#[from] jurat_http::HttpError),
    #[cfg(feature = "remote")]
    #[error(transparent)]
    Runtime(#[from] std::io::Error),
    #[cfg(feature = "remote")]
    #[error(transparent)]
    Remote(#[from] RemoteSetupError),
}

/// A file of a release cannot be fetched or stored.
#[derive(Debug, Error)]
#[error(transparent)]
pub struct FilesError(FilesCause);

#[derive(Debug, Error)]
enum FilesCause {
    #[cfg(feature = "remote")]
    #[error(transparent)]
    Remote(RemoteError),
    #[cfg(feature = "remote")]
    #[error(transparent)]
    Blobs(BlobsError),
}

impl FilesError {
    /// Who can do something about it.
    #[must_use]
    pub fn blame(&self) -> Blame {
        match self.0 {
            #[cfg(feature = "remote")]
            FilesCause::Remote(_) | FilesCause::Blobs(BlobsError::Remote(_)) => Blame::Transport,
            #[cfg(feature = "remote")]
            FilesCause::Blobs(BlobsError::Altered { .. } | BlobsError::TooShort { .. }) => Blame::Source,
            #[cfg(feature = "remote")]
            FilesCause::Blobs(BlobsError::OtherLength { .. }) => Blame::Publisher,
            #[cfg(feature = "remote")]
            FilesCause::Blobs(_) => Blame::Host,
        }
    }
}

/// A file in the state directory of this host cannot be read or written.
#[derive(Debug, Error)]
#[error(transparent)]
pub struct StoredStateError(StoredStateCause);

#[derive(Debug, Error)]
enum StoredStateCause {
    #[error(transparent)]
    Directory(CacheDirError),
    #[error(transparent)]
    State(StateError),
    #[error(transparent)]
    Kept(KeptError),
    #[error(transparent)]
    Status(StatusError),
    #[error(transparent)]
    Pin(PinError),
}

impl StoredStateError {
    /// Whether another process has locked the directory, so that the same may succeed a moment later.
    #[must_use]
    pub fn is_busy(&self) -> bool {
        matches!(self.0, StoredStateCause::State(StateError::Busy { .. }))
    }
}

#[cfg(feature = "remote")]
impl RepositoryError {
    /// The client of a repository cannot be made because of this.
    pub(crate) fn setup(cause: impl Into<SetupCause>) -> Self {
        Self::Setup(SetupError(cause.into()))
    }
}

#[cfg(feature = "remote")]
impl From<RemoteSetupError> for RepositoryError {
    fn from(error: RemoteSetupError) -> Self {
        Self::setup(error)
    }
}

#[cfg(feature = "remote")]
impl From<RemoteError> for RepositoryError {
    fn from(error: RemoteError) -> Self {
        Self::Files(FilesError(FilesCause::Remote(error)))
    }
}

#[cfg(feature = "remote")]
impl From<BlobsError> for RepositoryError {
    fn from(error: BlobsError) -> Self {
        Self::Files(FilesError(FilesCause::Blobs(error)))
    }
}

impl From<CacheDirError> for RepositoryError {
    fn from(error: CacheDirError) -> Self {
        Self::State(StoredStateError(StoredStateCause::Directory(error)))
    }
}

impl From<StateError> for RepositoryError {
    fn from(error: StateError) -> Self {
        Self::State(StoredStateError(StoredStateCause::State(error)))
    }
}

impl From<KeptError> for RepositoryError {
    fn from(error: KeptError) -> Self {
        Self::State(StoredStateError(StoredStateCause::Kept(error)))
    }
}

impl From<StatusError> for RepositoryError {
    fn from(error: StatusError) -> Self {
        Self::State(StoredStateError(StoredStateCause::Status(error)))
    }
}

impl From<PinError> for RepositoryError {
    fn from(error: PinError) -> Self {
        Self::State(StoredStateError(StoredStateCause::Pin(error)))
    }
}
