//! The trait through which the caller provides the files of a repository.

use std::error::Error;

use jurat_model::Bytes;
use thiserror::Error;

use crate::name::SafePath;

/// A source of the files of one repository: a server, a directory, a cache, or memory.
///
/// It is trusted with nothing. Whatever it gives is checked, so a source cannot do worse than to withhold.
pub trait Fetch {
    /// The bytes of a file, of which there may be at most `cap`.
    ///
    /// The cap is what keeps an endless file from filling the memory, so it is to be applied while reading.
    ///
    /// # Errors
    /// When the file does not exist, it is longer than the cap, or it is not available now.
    fn get(&self, file: &SafePath, cap: Bytes) -> Result<Vec<u8>, FetchError>;
}

/// Why a source did not give a file.
#[derive(Debug, Error)]
pub enum FetchError {
    /// The source says that the file does not exist. Never a guess: being unable to tell is [`FetchError::Failed`].
    #[error("it does not exist")]
    NotFound,
    /// It is longer than was asked for.
    #[error("it is too long")]
    TooLong,
    /// The source failed. Says nothing about the file.
    #[error("it could not be read")]
    Failed(#[source] Box<dyn Error + Send + Sync>),
}
