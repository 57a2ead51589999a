//! A repository, or what is staged beside it, cannot be read.

use std::error::Error as StdError;

use thiserror::Error;

use crate::digest::Digest;
use crate::envelope::{EnvelopeError, SignatureError};
use crate::metadata::MetadataError;
use crate::name::{RepositoryId, SafePath};
use crate::version::MetadataVersion;

/// A repository, or what is staged beside it, was damaged or altered: get a good copy.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum ReadError {
    /// A file that other metadata lists is missing.
    #[error("`{file}` does not exist in the repository")]
    Missing {
        /// The file.
        file: SafePath,
    },
    /// Nothing is known about the file.
    #[error("`{file}` could not be read")]
    Source {
        /// The file.
        file: SafePath,
        /// What the source says.
        #[source]
        cause: Box<dyn StdError + Send + Sync>,
    },
    /// A file is longer than any of its kind.
    #[error("`{file}` is too long")]
    TooLong {
        /// The file.
        file: SafePath,
    },
    /// A file is not the one that other metadata lists.
    #[error("`{file}` is altered: its SHA-256 is `{found}` instead of `{expected}`")]
    Altered {
        /// The file.
        file: SafePath,
        /// The digest that it must have.
        expected: Digest,
        /// The digest that it has.
        found: Digest,
    },
    /// A file is not an envelope.
    #[error("`{file}` is not signed metadata")]
    Envelope {
        /// The file.
        file: SafePath,
        /// What is wrong with it.
        #[source]
        cause: EnvelopeError,
    },
    /// A published file lacks signatures that it must have.
    #[error("`{file}` is not signed as it must be")]
    Signatures {
        /// The file.
        file: SafePath,
        /// What was found.
        #[source]
        cause: SignatureError,
    },
    /// The payload is not metadata of that role.
    #[error("the metadata in `{file}` cannot be used")]
    Metadata {
        /// The file.
        file: SafePath,
        /// What is wrong with it.
        #[source]
        cause: MetadataError,
    },
    /// A file holds another version than its name says.
    #[error("`{file}` has the version {found}, but {expected} is expected")]
    WrongVersion {
        /// The file.
        file: SafePath,
        /// The version that belongs there.
        expected: MetadataVersion,
        /// The version that it has.
        found: MetadataVersion,
    },
    /// A file belongs to another repository.
    #[error("`{file}` is for the repository `{found}`, but `{expected}` is expected")]
    WrongRepository {
        /// The file.
        file: SafePath,
        /// This repository.
        expected: RepositoryId,
        /// The repository that it is for.
        found: RepositoryId,
    },
}
