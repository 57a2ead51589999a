//! Why files of releases are not available.

use std::io;
use std::path::PathBuf;

use jurat_disk::CacheDirError;
use jurat_disk::files::ReadError;
use jurat_model::Bytes;
use jurat_trust::SafePath;
use thiserror::Error;

use crate::remote::RemoteError;

/// Why a file is missing, or cannot be used.
#[derive(Debug, Error)]
pub(crate) enum BlobsError {
    /// The server did not deliver it.
    #[error(transparent)]
    Remote(RemoteError),
    /// The server delivered other bytes.
    #[error("`{file}` is not the file that was asked for: the server gave bytes with the SHA-256 `{found}`")]
    Altered {
        /// The file.
        file: SafePath,
        /// What was received.
        found: String,
    },
    /// The server delivered too few bytes.
    #[error("`{file}` is not the file that was asked for: the server gave {found}, where {expected} are expected")]
    TooShort {
        /// The file.
        file: SafePath,
        /// Its length.
        expected: Bytes,
        /// What was received.
        found: Bytes,
    },
    /// It has the right digest, but not the expected length.
    #[error("`{file}` has {found}, and {expected} were asked for: what lists the file is wrong about its length")]
    OtherLength {
        /// The file.
        file: SafePath,
        /// The expected length.
        expected: Bytes,
        /// Its length.
        found: Bytes,
    },
    /// It was changed on this host.
    #[error("`{}` has been changed on this disk; it was removed, and is fetched again", path.display())]
    Damaged {
        /// The file.
        path: PathBuf,
    },
    /// The disk is full.
    #[error("`{}` cannot be kept, because the disk is full, or a quota is used up: free space there", path.display())]
    Full {
        /// The file.
        path: PathBuf,
        /// The error of the system.
        #[source]
        cause: io::Error,
    },
    /// It cannot be written or removed.
    #[error("`{}` cannot be written", path.display())]
    Write {
        /// The file.
        path: PathBuf,
        /// Why.
        #[source]
        cause: io::Error,
    },
    /// It cannot be read.
    #[error("`{}` cannot be read", path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// Why.
        #[source]
        cause: ReadError,
    },
    /// The directory cannot be read.
    #[error(transparent)]
    Directory(CacheDirError),
    /// The runtime has ended.
    #[error("this host is shutting down")]
    Ended,
}
