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
    /// It is longer than the cap.
    #[error("it has more than {cap}, which is the most that is read")]
    TooLong {
        /// The cap.
        cap: Bytes,
    },
    /// There is not enough memory for it.
    #[error("there is no room for it in memory at this moment; try again later")]
    NoMemory,
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
        /// The offset of the first invalid byte.
        offset: usize,
    },
    /// The system failed.
    #[error("it could not be read")]
    Failed(#[source] io::Error),
}
