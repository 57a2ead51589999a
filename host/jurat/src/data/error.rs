//! Why a file of records was not read.

#[cfg(not(feature = "remote"))]
use std::convert::Infallible as RequestError;
use std::error::Error;
use std::{fmt, io};

use jurat_disk::files::ReadError;
#[cfg(feature = "remote")]
use jurat_http::{BodyError, Error as RequestError, PrivateAddress};
use jurat_model::{Blame, Bytes};
use thiserror::Error;

use super::Excerpt;

/// Why a file of records was not read.
///
/// It repeats what the caller has given, and reveals nothing about files that callers may not read.
///
/// ```
/// use jurat::{DataError, DataErrorKind};
///
/// /// Whether the same file may be readable a moment later.
/// fn is_worth_another_attempt(error: &DataError) -> bool {
///     matches!(error.kind(), DataErrorKind::NoMemory | DataErrorKind::Unavailable)
/// }
/// ```
#[derive(Debug)]
pub struct DataError {
    pub(super) uri: Excerpt,
    pub(super) reason: Reason,
}

/// The reason.
#[derive(Debug, Error)]
pub(super) enum Reason {
    /// The name is not the name of a file.
    #[error("{0}")]
    Malformed(&'static str),
    /// No directory is listed.
    #[error("no files are read here; the service team can list directories in `data_roots`")]
    NoRoots,
    /// It is outside of the listed directories.
    #[error("it is not below a directory that `data_roots` lists")]
    Outside,
    /// It is a link, or behind one.
    #[error("it is a symbolic link, or lies behind one, and could be anywhere; put the file itself there")]
    Link,
    /// It is not a regular file.
    #[error("it is not a regular file")]
    NotAFile,
    /// No server is listed.
    #[error("nothing is fetched from servers here; the service team can list them in `data_origins`")]
    NoOrigins,
    /// The server is not listed.
    #[error("`data_origins` does not list `{origin}`")]
    Origin {
        /// The server.
        origin: Excerpt,
    },
    /// The server redirects to a server that is not listed.
    #[error("it is redirected to `{origin}`, which `data_origins` does not list")]
    Redirected {
        /// The other server. Not the whole URL, which may contain secrets.
        origin: Excerpt,
    },
    /// The server has a private address.
    #[error("its host has no public address, and `data_private_addresses` refuses others")]
    Private,
    /// It is not there.
    #[error("there is no such file")]
    NotFound,
    /// It is too long.
    #[error(
        "it has more than {cap}, which is the most that is read; send it in parts, or raise the limit in the settings"
    )]
    TooLarge {
        /// The limit.
        cap: Bytes,
    },
    /// The system failed.
    #[error("it cannot be read")]
    File(#[source] io::Error),
    /// The request failed.
    #[error("the server cannot be reached, or the transfer was interrupted")]
    Http(#[source] RequestError),
    /// The server answers with another status.
    #[error("the server answers with status {0}, where 200 is expected")]
    Status(u16),
    /// The body cannot be used.
    #[error("the server sends it compressed, which was not asked for")]
    Encoded,
    /// The server redirects without a valid location.
    #[error("the server redirects to an invalid URL")]
    Nowhere,
    /// There is not enough memory for it.
    #[error("there is no room for it in memory at this moment; try again later")]
    NoMemory,
    /// There are too many redirects.
    #[error("the server redirects more than {0} times")]
    Circle(usize),
    /// The answer was not complete in time.
    #[error("the server takes longer than {0:?} altogether")]
    Deadline(std::time::Duration),
}

/// Why a file of records was not read, for programs.
///
/// ```
/// use jurat::{CallErrorKind, DataErrorKind};
///
/// assert_eq!(CallErrorKind::from(DataErrorKind::NotFound).code(), "data_not_found");
/// ```
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
pub enum DataErrorKind {
    /// The settings do not allow it; the message says what would have to be configured.
    Refused,
    /// There is no such file where files may be read.
    NotFound,
    /// The file is longer than the limit.
    TooLarge,
    /// There is not enough memory for the file at present.
    NoMemory,
    /// The system, or the server that has the file, fails. A later attempt may succeed.
    Unavailable,
}

impl DataError {
    /// Why the file was not read.
    #[must_use]
    pub fn kind(&self) -> DataErrorKind {
        match &self.reason {
            Reason::Malformed(_)
            | Reason::NoRoots
            | Reason::Outside
            | Reason::Link
            | Reason::NotAFile
            | Reason::NoOrigins
            | Reason::Origin { .. }
            | Reason::Redirected { .. }
            | Reason::Private => DataErrorKind::Refused,
            Reason::NotFound => DataErrorKind::NotFound,
            Reason::TooLarge { .. } => DataErrorKind::TooLarge,
            Reason::NoMemory => DataErrorKind::NoMemory,
            Reason::File(_)
            | Reason::Http(_)
            | Reason::Status(_)
            | Reason::Encoded
            | Reason::Nowhere
            | Reason::Circle(_)
            | Reason::Deadline(_) => DataErrorKind::Unavailable,
        }
    }

    /// Who can fix it.
    #[must_use]
    pub fn blame(&self) -> Blame {
        match &self.reason {
            Reason::Malformed(_)
            | Reason::NoRoots
            | Reason::Outside
            | Reason::Link
            | Reason::NotAFile
            | Reason::NoOrigins
            | Reason::Origin { .. }
            | Reason::Redirected { .. }
            | Reason::Private
            | Reason::NotFound
            | Reason::TooLarge { .. } => Blame::Caller,
            Reason::Http(_)
            | Reason::Status(_)
            | Reason::Encoded
            | Reason::Nowhere
            | Reason::Circle(_)
            | Reason::Deadline(_) => Blame::Transport,
            Reason::File(_) | Reason::NoMemory => Blame::Host,
        }
    }
}

impl fmt::Display for DataError {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "`{}` is not read: {}", self.uri, self.reason)
    }
}

impl Error for DataError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        self.reason.source()
    }
}

#[cfg(feature = "remote")]
impl From<PrivateAddress> for Reason {
    fn from(PrivateAddress: PrivateAddress) -> Self {
        Self::Private
    }
}

impl From<ReadError> for Reason {
    fn from(error: ReadError) -> Self {
        match error {
            ReadError::NotFound => Self::NotFound,
            ReadError::TooLong { cap } => Self::TooLarge { cap },
            ReadError::NoMemory => Self::NoMemory,
            ReadError::NotAFile => Self::NotAFile,
            ReadError::Link => Self::Link,
            ReadError::Outside => Self::Outside,
            ReadError::Failed(error) => Self::File(error),
            // Only for text; records are bytes here.
            error @ ReadError::NotText { .. } => Self::File(io::Error::other(error)),
        }
    }
}

#[cfg(feature = "remote")]
impl From<BodyError> for Reason {
    fn from(error: BodyError) -> Self {
        match error {
            BodyError::TooLong { cap } => Self::TooLarge { cap },
            BodyError::NoMemory => Self::NoMemory,
            BodyError::Encoded => Self::Encoded,
            BodyError::Failed(error) => Self::Http(error),
        }
    }
}
