//! Why files of releases are not there.

use std::io;
use std::path::PathBuf;

use jurat_disk::CacheDirError;
use jurat_disk::files::ReadError;
use jurat_model::Bytes;
use jurat_trust::SafePath;
use thiserror::Error;

use crate::remote::RemoteError;

/// Why a file is not there, or cannot be used.
#[derive(Debug, Error)]
pub(crate) enum BlobsError {
    /// The server did not give it.
    #[error(transparent)]
    Remote(RemoteError),
    /// The server gave something else.
    #[error("`{file}` is not the file that was asked for: the server gave bytes with the SHA-256 `{found}`")]
    Altered {
        /// The file.
        file: SafePath,
        /// What came in.
        found: String,
    },
    /// The server gave too little.
    #[error("`{file}` is not the file that was asked for: the server gave {found}, where {expected} are expected")]
    TooShort {
        /// The file.
        file: SafePath,
        /// How long it is.
        expected: Bytes,
        /// What came in.
        found: Bytes,
    },
    /// It is there, and right, but not as long as the caller was told.
    #[error("`{file}` has {found}, and {expected} were asked for: what lists the file is wrong about its length")]
    OtherLength {
        /// The file.
        file: SafePath,
        /// How long it should be.
        expected: Bytes,
        /// How long it is.
        found: Bytes,
    },
    /// Somebody has changed it here.
    #[error("`{}` has been changed on this disk; it was removed, and is fetched again", path.display())]
    Damaged {
        /// The file.
        path: PathBuf,
    },
    /// There is no room for it.
    #[error("`{}` cannot be kept, because the disk is full or nothing more may be put on it: make room there", path.display())]
    Full {
        /// The file.
        path: PathBuf,
        /// What the system says.
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
    /// Nobody waits for anything any more.
    #[error("this host is about to end")]
    Ended,
}
