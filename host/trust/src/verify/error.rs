//! What can be wrong with a repository, and who can do something about it.

use std::error::Error as StdError;

use jiff::Timestamp;
use jurat_model::Bytes;
use thiserror::Error;

use crate::digest::Digest;
use crate::envelope::{EnvelopeError, SignatureError};
use crate::manifest::ManifestError;
use crate::name::{ReleaseName, ReleaseVersion, RepositoryId, SafePath, TargetPath};
use crate::targets::{MetadataVersion, TargetsError};

/// Why a release is not used.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum VerifyError {
    /// The source says that a file does not exist.
    #[error("`{file}` does not exist in the repository")]
    Missing {
        /// The file.
        file: SafePath,
    },
    /// The source failed; nothing is known about the file.
    #[error("`{file}` could not be read")]
    Source {
        /// The file.
        file: SafePath,
        /// What the source says.
        #[source]
        cause: Box<dyn StdError + Send + Sync>,
    },
    /// A file ends too early.
    #[error("`{file}` is truncated: it has {found} bytes instead of {expected}")]
    Truncated {
        /// The file.
        file: SafePath,
        /// The length that was signed, in bytes.
        expected: u64,
        /// The length that it has, in bytes.
        found: u64,
    },
    /// A file goes on where it should end.
    #[error("`{file}` is longer than {expected} bytes")]
    TooLong {
        /// The file.
        file: SafePath,
        /// The length that was signed or, for metadata, the cap; in bytes.
        expected: u64,
    },
    /// A file is larger than this host reads, as its signed length says.
    #[error("`{file}` has {length} bytes, but this host reads at most {cap}")]
    OverCap {
        /// The file.
        file: SafePath,
        /// The length that was signed, in bytes.
        length: u64,
        /// The host's cap.
        cap: Bytes,
    },
    /// All files together are larger than this host reads.
    #[error("the files of `{release}` have {length} bytes together, but this host reads at most {cap}")]
    ReleaseOverCap {
        /// The release.
        release: TargetPath,
        /// The sum of the lengths that were signed, in bytes.
        length: u64,
        /// The host's cap.
        cap: Bytes,
    },
    /// A file is not the one that was signed.
    #[error("`{file}` is altered: its SHA-256 is `{found}` instead of `{expected}`")]
    Altered {
        /// The file.
        file: SafePath,
        /// The digest that was signed.
        expected: Digest,
        /// The digest that it has.
        found: Digest,
    },
    /// A metadata file is no envelope.
    #[error("`{file}` is no signed metadata")]
    Envelope {
        /// The file.
        file: SafePath,
        /// What is wrong with it.
        #[source]
        cause: EnvelopeError,
    },
    /// Not enough of those who are trusted have signed.
    #[error("`{file}` is not signed as it must be")]
    Signatures {
        /// The file.
        file: SafePath,
        /// What was found.
        #[source]
        cause: SignatureError,
    },
    /// What was signed is no metadata.
    #[error("the metadata in `{file}` cannot be used")]
    Metadata {
        /// The file.
        file: SafePath,
        /// What is wrong with it.
        #[source]
        cause: TargetsError,
    },
    /// It was signed for another repository.
    #[error("`{file}` was signed for the repository `{found}`, but `{expected}` is expected")]
    WrongRepository {
        /// The file.
        file: SafePath,
        /// The repository that the host expects.
        expected: RepositoryId,
        /// The repository that it was signed for.
        found: RepositoryId,
    },
    /// It is no longer valid.
    #[error("`{file}` expired at {expires}, and it is {now}")]
    Expired {
        /// The file.
        file: SafePath,
        /// When it expired.
        expires: Timestamp,
        /// The present time, as the host knows it.
        now: Timestamp,
    },
    /// It is older than what the host has seen before.
    #[error("`{file}` has the version {found}, but this host has seen version {minimum}")]
    Rollback {
        /// The file.
        file: SafePath,
        /// The lowest version that is accepted.
        minimum: MetadataVersion,
        /// The version that it has.
        found: MetadataVersion,
    },
    /// The repository does not list the release.
    #[error("`{file}` lists no release `{release}`")]
    UnknownRelease {
        /// The file.
        file: SafePath,
        /// The release.
        release: TargetPath,
    },
    /// What is listed there is something else.
    #[error("`{file}` lists `{release}`, but not as a release")]
    NotARelease {
        /// The file.
        file: SafePath,
        /// The path.
        release: TargetPath,
    },
    /// The release must not be used any more.
    #[error("the release `{release}` has been revoked: manifest `{manifest}`")]
    Revoked {
        /// The release.
        release: TargetPath,
        /// The digest of its manifest.
        manifest: Digest,
    },
    /// The manifest is none.
    #[error("`{file}` is no manifest that can be used")]
    Manifest {
        /// The file.
        file: SafePath,
        /// What is wrong with it.
        #[source]
        cause: ManifestError,
    },
    /// The manifest is that of another release.
    #[error("`{file}` is the manifest of `{found}`, but `{expected}` is expected")]
    WrongName {
        /// The file.
        file: SafePath,
        /// The name that was asked for.
        expected: ReleaseName,
        /// The name in the manifest.
        found: ReleaseName,
    },
    /// The manifest has another version than the metadata says.
    #[error("`{file}` is the manifest of version `{found}`, but the metadata lists version `{expected}`")]
    WrongVersion {
        /// The file.
        file: SafePath,
        /// The version in the metadata.
        expected: ReleaseVersion,
        /// The version in the manifest.
        found: ReleaseVersion,
    },
}

/// Who can do something about a [`VerifyError`].
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
pub enum Blame {
    /// What the source gave is not what was signed, or not signed by those who are trusted: an attack or a broken copy.
    Source,
    /// The source could not give it. Trying again may help.
    Transport,
    /// What was signed cannot be used: its publisher must publish anew.
    Publisher,
    /// The host asks for what is not there, or allows less than the release needs.
    Settings,
}

impl VerifyError {
    /// Who can do something about it.
    #[must_use]
    pub fn blame(&self) -> Blame {
        match self {
            Self::Missing { .. }
            | Self::Truncated { .. }
            | Self::TooLong { .. }
            | Self::Altered { .. }
            | Self::Envelope { .. }
            | Self::Signatures { .. }
            | Self::WrongRepository { .. }
            | Self::Rollback { .. } => Blame::Source,
            Self::Source { .. } => Blame::Transport,
            Self::Metadata { .. }
            | Self::Expired { .. }
            | Self::NotARelease { .. }
            | Self::Revoked { .. }
            | Self::Manifest { .. }
            | Self::WrongName { .. }
            | Self::WrongVersion { .. } => Blame::Publisher,
            Self::OverCap { .. } | Self::ReleaseOverCap { .. } | Self::UnknownRelease { .. } => Blame::Settings,
        }
    }
}
