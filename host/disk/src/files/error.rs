//! Why a file was not read.

use std::io;

use jurat_model::Bytes;
use thiserror::Error;

/// Why a file was not read.
#[derive(Debug, Error)]
pub enum ReadError {
    /// There is no such file.
    #[error("it does not exist")]
    NotFound,
    /// It is longer than is asked for.
    #[error("it has more than {cap}, which is the most that is read")]
    TooLong {
        /// How long it may be.
        cap: Bytes,
    },
    /// There is no memory for it.
    #[error("there is no room for it in memory at this moment; try again later")]
    NoRoom,
    /// It is a directory, a device, a pipe or a socket.
    #[error("it is not a regular file")]
    NotAFile,
    /// It is a symbolic link, or lies behind one.
    #[error("it is a symbolic link, which could lead anywhere; put the file itself there")]
    Link,
    /// Its path leads out of the directory.
    #[error("its path leads out of the directory")]
    Outside,
    /// It is not UTF-8.
    #[error("it is not UTF-8 text from byte {offset} on")]
    NotText {
        /// The first byte that is wrong, counted from 0.
        offset: usize,
    },
    /// The system failed.
    #[error("it could not be read")]
    Failed(#[source] io::Error),
}
