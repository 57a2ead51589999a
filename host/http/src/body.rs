//! Bounded reads of response bodies.

use jurat_model::Bytes;
use reqwest::Response;
use reqwest::header::{CONTENT_ENCODING, HeaderMap};
use thiserror::Error;

use jurat_disk::ReserveMemory;

/// Why there is no body.
#[derive(Debug, Error)]
pub enum BodyError {
    /// It is longer than the cap.
    #[error("it has more than {cap}, which is the most that is read")]
    TooLong {
        /// The cap.
        cap: Bytes,
    },
    /// There is not enough memory for it.
    #[error("there is no room for it in memory at this moment; try again later")]
    NoMemory,
    /// It is compressed, although that was not requested: decompressed it could have any length.
    #[error("it is compressed, which was not asked for")]
    Encoded,
    /// The connection broke off.
    #[error("it was interrupted")]
    Failed(#[source] reqwest::Error),
}

/// Reads the body of a response, of at most `cap`, and reserves memory before it keeps each part.
///
/// # Errors
/// See [`BodyError`]. The rest of the body is not waited for then.
pub async fn read(mut response: Response, cap: Bytes, reserve: &ReserveMemory) -> Result<Vec<u8>, BodyError> {
    if is_encoded(response.headers()) {
        return Err(BodyError::Encoded);
    }
    if response.content_length().is_some_and(|length| length > cap.get()) {
        return Err(BodyError::TooLong { cap });
    }
    let mut body = Vec::new();
    while let Some(chunk) = response.chunk().await.map_err(|error| BodyError::Failed(error.without_url()))? {
        if chunk.len() > cap.to_usize().saturating_sub(body.len()) {
            return Err(BodyError::TooLong { cap });
        }
        if !reserve(chunk.len() as u64) {
            return Err(BodyError::NoMemory);
        }
        body.extend_from_slice(&chunk);
    }
    Ok(body)
}

/// Whether a body is compressed.
pub fn is_encoded(headers: &HeaderMap) -> bool {
    let mut encodings = headers.get_all(CONTENT_ENCODING).iter();
    !encodings.all(|encoding| encoding.as_bytes().eq_ignore_ascii_case(b"identity"))
}
