//! One message of a client: a request, or an array of requests.

use serde_json::value::RawValue;

use super::request::Request;
use crate::error::{ErrorKind, RequestError};
use crate::parameters::reader::{Broken, Place, Reader};

/// The limit of requests in one array.
pub(crate) const MAX_BATCH: usize = 1_000;

/// The content of a message.
#[derive(Debug)]
pub(crate) enum Message<'a> {
    /// One request.
    One(Request<'a>),
    /// An array of requests, which is not empty.
    Batch(Vec<Request<'a>>),
}

impl<'a> Message<'a> {
    /// Reads a line.
    ///
    /// # Errors
    /// When the line as a whole gets one answer, which is an error.
    pub(crate) fn parse(line: &'a [u8]) -> Result<Self, RequestError> {
        let mut reader = Reader::new(line);
        let message = match reader.place() {
            Place::InArray => requests(&mut reader).map(|(requests, length)| Self::batch(requests, length)),
            Place::Alone | Place::Body => Request::read(&mut reader).map(|request| Ok(Self::One(request))),
        };
        let whole = message.and_then(|message| reader.end().map(|()| message));
        whole.unwrap_or_else(|broken| Err(refusal(line, broken)))
    }

    fn batch(requests: Vec<Request<'a>>, length: usize) -> Result<Self, RequestError> {
        match length {
            0 => Err(RequestError::new(ErrorKind::InvalidRequest, "the array holds no requests")),
            1..=MAX_BATCH => Ok(Self::Batch(requests)),
            _ => Err(RequestError::new(
                ErrorKind::BatchTooLong,
                format!("{length} requests in one array; at most {MAX_BATCH} are accepted"),
            )),
        }
    }
}

/// Reads an array of requests. Those beyond the limit are counted, not kept.
fn requests<'a>(reader: &mut Reader<'a>) -> Result<(Vec<Request<'a>>, usize), Broken> {
    let (mut requests, mut length) = (Vec::new(), 0);
    let mut continues = reader.opens(b'[', b']')?;
    while continues {
        let request = Request::read(reader)?;
        length += 1;
        if length <= MAX_BATCH {
            requests.push(request);
        }
        continues = reader.continues(b']')?;
    }
    Ok((requests, length))
}

/// Why a line could not be read. Among lines that are JSON, this happens only where a key is not Unicode, such as `"\ud800"`.
fn refusal(line: &[u8], broken: Broken) -> RequestError {
    if serde_json::from_slice::<&RawValue>(line).is_ok() {
        return RequestError::new(ErrorKind::InvalidRequest, "the line is JSON, but not a request");
    }
    RequestError::new(ErrorKind::ParseError, broken.message("line"))
}

#[cfg(test)]
mod tests;
