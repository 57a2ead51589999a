//! What a server answers, no more of it than is asked for.

use jurat_model::Bytes;
use reqwest::Response;
use reqwest::header::{CONTENT_ENCODING, HeaderMap};
use thiserror::Error;

use jurat_disk::room::Room;

/// Why there is no body.
#[derive(Debug, Error)]
pub enum BodyError {
    /// It is longer than is asked for.
    #[error("it has more than {cap}, which is the most that is read")]
    TooLong {
        /// How long it may be.
        cap: Bytes,
    },
    /// There is no memory for it.
    #[error("there is no room for it in memory at this moment; try again later")]
    NoRoom,
    /// It is packed, although nobody asked for that: unpacked it could be of any length.
    #[error("it is compressed, which was not asked for")]
    Encoded,
    /// It broke off.
    #[error("it broke off")]
    Failed(#[source] reqwest::Error),
}

/// Reads the body of an answer, of at most `cap`, asking for room before each part of it is kept.
///
/// # Errors
/// See [`BodyError`]. What has not come in by then is not waited for.
pub async fn read(mut response: Response, cap: Bytes, room: &Room) -> Result<Vec<u8>, BodyError> {
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
        if !room(chunk.len() as u64) {
            return Err(BodyError::NoRoom);
        }
        body.extend_from_slice(&chunk);
    }
    Ok(body)
}

/// Whether a body is packed in some way.
pub fn is_encoded(headers: &HeaderMap) -> bool {
    let mut encodings = headers.get_all(CONTENT_ENCODING).iter();
    !encodings.all(|encoding| encoding.as_bytes().eq_ignore_ascii_case(b"identity"))
}
