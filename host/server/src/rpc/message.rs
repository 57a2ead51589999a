//! One message of a client: a request, or an array of requests.

use std::fmt;

use serde::Deserialize;
use serde::de::{Deserializer, IgnoredAny, SeqAccess, Visitor};
use serde_json::value::RawValue;

use super::request::Request;
use crate::error::{ErrorKind, RequestError};

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
        let text = std::str::from_utf8(line).map_err(|error| {
            let message = format!("the line is not UTF-8 from byte {} on", error.valid_up_to());
            RequestError::new(ErrorKind::ParseError, message)
        })?;
        let is_batch = text.trim_ascii_start().starts_with('[');
        let parsed = if is_batch {
            serde_json::from_str(text).map(|Batch { requests, length }| Self::batch(requests, length))
        } else {
            serde_json::from_str(text).map(|request| Ok(Self::One(request)))
        };
        parsed.unwrap_or_else(|error| Err(refusal(text, &error)))
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

/// Why a line could not be read. If it is JSON, it is refused only for a number that is too large and in a member that is not read.
fn refusal(text: &str, error: &serde_json::Error) -> RequestError {
    match serde_json::from_str::<&RawValue>(text) {
        Ok(_) => RequestError::new(ErrorKind::InvalidRequest, "the line is JSON, but not a request"),
        Err(_) => {
            let problem = if error.is_eof() { "it ends too early" } else { "there is a syntax error" };
            let message = format!("the line is not JSON: {problem}, at byte {}", error.column());
            RequestError::new(ErrorKind::ParseError, message)
        }
    }
}

/// An array of requests. Those beyond the limit are counted, not kept.
struct Batch<'a> {
    requests: Vec<Request<'a>>,
    length: usize,
}

impl<'de> Deserialize<'de> for Batch<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Elements;

        impl<'de> Visitor<'de> for Elements {
            type Value = Batch<'de>;

            fn expecting(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
                out.write_str("requests")
            }

            fn visit_seq<A: SeqAccess<'de>>(self, mut elements: A) -> Result<Batch<'de>, A::Error> {
                let mut requests = Vec::new();
                while requests.len() < MAX_BATCH {
                    let Some(request) = elements.next_element()? else {
                        return Ok(Batch { length: requests.len(), requests });
                    };
                    requests.push(request);
                }
                let mut length = requests.len();
                while elements.next_element::<IgnoredAny>()?.is_some() {
                    length += 1;
                }
                Ok(Batch { requests, length })
            }
        }

        deserializer.deserialize_seq(Elements)
    }
}

#[cfg(test)]
mod tests;
