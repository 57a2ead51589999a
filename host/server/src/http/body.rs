//! The body of a request, which must be of a known type, within its limits, and not too slow.

use std::time::Duration;

use axum::body::Body;
use bytes::Bytes;
use http_body_util::BodyExt;
use hyper::HeaderMap;
use hyper::body::Frame;
use hyper::header::{CONTENT_ENCODING, CONTENT_LENGTH, CONTENT_TYPE};
use jurat::settings::ApiSettings;
use tokio::time::{Instant, timeout};

use super::decompression::Decompression;
use crate::budget::{Allowance, Exhausted, Hold};
use crate::buffer::Buffer;
use crate::error::{ErrorKind, RequestError};

/// The length of the beginning of a body, for which there is a time limit of its own, in bytes.
const BEGINNING: u64 = 1 << 20;
/// The bytes that must arrive in each second after the beginning.
const PACE: u64 = 64 << 10;

/// The names of the type with a value on each line.
const NDJSON: [&str; 4] =
    ["application/x-ndjson", "application/ndjson", "application/jsonl", "application/x-jsonlines"];

/// A type of bodies.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum MediaType {
    /// One value.
    Json,
    /// A value on each line.
    Ndjson,
}

impl MediaType {
    /// The type that a header names; none if it is another one, or its text is not UTF-8.
    pub(super) fn of(text: &str) -> Option<Self> {
        let (name, parameters) = text.split_once(';').unwrap_or((text, ""));
        let charset = parameters.split(';').filter_map(|parameter| parameter.split_once('='));
        let is_other = |(name, value): (&str, &str)| {
            name.trim().eq_ignore_ascii_case("charset") && !value.trim().trim_matches('"').eq_ignore_ascii_case("utf-8")
        };
        if charset.into_iter().any(is_other) {
            return None;
        }
        let is = |known: &&str| name.trim().eq_ignore_ascii_case(known);
        if is(&"application/json") {
            return Some(Self::Json);
        }
        NDJSON.iter().any(is).then_some(Self::Ndjson)
    }

    /// The type of a request's body.
    pub(super) fn of_body(headers: &HeaderMap) -> Result<Self, RequestError> {
        let mut named = headers.get_all(CONTENT_TYPE).iter();
        let read = match (named.next(), named.next()) {
            (Some(value), None) => value.to_str().ok().and_then(Self::of),
            _ => None,
        };
        read.ok_or_else(|| {
            unsupported(
                "the body must be `application/json`, or `application/x-ndjson` where records are streamed, in UTF-8; \
                 `Content-Type` says which"
                    .to_owned(),
            )
        })
    }
}

/// How a body is compressed.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Coding {
    Identity,
    Gzip,
}

impl Coding {
    fn of(headers: &HeaderMap, settings: &ApiSettings) -> Result<Self, RequestError> {
        let mut named = headers.get_all(CONTENT_ENCODING).iter();
        let coding = match (named.next(), named.next()) {
            (None, _) => Some(Self::Identity),
            (Some(coding), None) => match coding.to_str().unwrap_or_default().trim().to_ascii_lowercase().as_str() {
                "identity" => Some(Self::Identity),
                "gzip" | "x-gzip" if settings.compressed_requests => Some(Self::Gzip),
                _ => None,
            },
            (Some(_), Some(_)) => None,
        };
        coding.ok_or_else(|| {
            let accepted = match settings.compressed_requests {
                true => "only `gzip` is accepted, once",
                false => "no such bodies are accepted; see `api.compressed_requests`",
            };
            unsupported(format!("`Content-Encoding` says that the body is compressed, and {accepted}"))
        })
    }
}

/// A body that was read as a whole, with the memory that it takes.
#[derive(Debug)]
pub(super) struct Received {
    pub(super) text: Bytes,
    _hold: Hold,
}

/// What of a body must come in time.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Pace {
    /// All of it, at a pace: nothing is done with it before it is complete.
    Whole,
    /// Each piece, after the one before: it is worked on while it arrives, for as long as it goes on.
    Pieces,
}

/// The frames of a body, each in time.
#[derive(Debug)]
pub(super) struct Frames {
    body: Body,
    decompression: Option<Decompression>,
    /// The longest body, once it is decompressed.
    limit: u64,
    /// The name of the setting with that limit.
    setting: &'static str,
    patience: Duration,
    pace: Pace,
    /// Its length, if its headers say that.
    length: Option<u64>,
    /// The time that the client was waited for.
    waited: Duration,
    read: u64,
}

impl Frames {
    /// Of a body of at most that many bytes.
    ///
    /// # Errors
    /// When its headers say that it is too long, or compressed in a way that is not accepted.
    pub(super) fn new(
        body: Body,
        headers: &HeaderMap,
        settings: &ApiSettings,
        (limit, setting): (u64, &'static str),
        pace: Pace,
    ) -> Result<Self, RequestError> {
        let decompression = match Coding::of(headers, settings)? {
            Coding::Identity => None,
            Coding::Gzip => Some(Decompression::new()),
        };
        let (patience, waited) = (settings.body_timeout, Duration::ZERO);
        let said = headers.get(CONTENT_LENGTH).and_then(|value| value.to_str().ok()).and_then(|text| text.parse().ok());
        let length = said.filter(|_| decompression.is_none());
        let frames = Self { body, decompression, limit, setting, patience, pace, length, waited, read: 0 };
        if said.is_some_and(|length: u64| length > limit) { Err(frames.too_long()) } else { Ok(frames) }
    }

    /// The next bytes; none at the end.
    pub(super) async fn next(&mut self) -> Result<Option<Bytes>, RequestError> {
        let next = loop {
            if let Some(text) = self.decompression.as_mut().map_or(Ok(None), Decompression::next)? {
                break Some(text);
            }
            let arrived = self.arrive().await?;
            match (&mut self.decompression, arrived) {
                (None, arrived) => break arrived,
                (Some(decompression), Some(piece)) => decompression.arrive(piece),
                (Some(decompression), None) => break decompression.finish()?,
            }
        };
        self.read += next.as_ref().map_or(0, |text| text.len() as u64);
        if self.read > self.limit { Err(self.too_long()) } else { Ok(next) }
    }

    /// What arrives next; none at the end.
    async fn arrive(&mut self) -> Result<Option<Bytes>, RequestError> {
        loop {
            let began = Instant::now();
            let frame = timeout(self.time_left(), self.body.frame()).await;
            self.waited += began.elapsed();
            let Ok(frame) = frame else {
                return Err(RequestError::new(
                    ErrorKind::IncompleteMessage,
                    "the body arrives too slowly, or not at all; see `api.body_timeout_ms`",
                ));
            };
            // Trailers have no meaning here.
            match frame.map(|frame| frame.map(Frame::into_data)) {
                None => return Ok(None),
                Some(Ok(Ok(data))) => return Ok(Some(data)),
                Some(Ok(Err(_))) => {}
                Some(Err(_)) => {
                    return Err(RequestError::new(ErrorKind::InvalidRequest, "the body ends before it is complete"));
                }
            }
        }
    }

    /// The number of bytes that were read.
    pub(super) fn read(&self) -> u64 {
        self.read
    }

    /// Reads the body as a whole. Memory is taken before it is used.
    pub(super) async fn whole(&mut self, allowance: &Allowance) -> Result<Received, RequestError> {
        let mut hold = allowance.hold();
        let mut text = Buffer::default();
        while let Some(data) = self.next().await? {
            let room = text.capacity() - text.len();
            if room < data.len() {
                // It grows by half, so that it is seldom moved, but not beyond its end.
                let rest = self.length.map_or(u64::MAX, |length| length.saturating_sub(text.len() as u64));
                let step = (text.len() / 2).min(usize::try_from(rest).unwrap_or(usize::MAX)).max(data.len());
                let mut grow = |more: usize| hold.grow((more - room) as u64).map(|()| more);
                let more = grow(step).or_else(|Exhausted| grow(data.len()));
                text.reserve(more.map_err(|Exhausted| RequestError::overloaded())?);
            }
            let rest = text.append(&data);
            debug_assert!(rest.is_empty(), "room was made for it");
        }
        Ok(Received { text: text.into(), _hold: hold })
    }

    /// How long the next bytes may take.
    fn time_left(&self) -> Duration {
        if self.pace == Pace::Pieces {
            return self.patience;
        }
        let beyond = Duration::from_secs(self.read.saturating_sub(BEGINNING) / PACE);
        (self.patience + beyond).saturating_sub(self.waited).min(self.patience)
    }

    fn too_long(&self) -> RequestError {
        let Self { limit, setting, .. } = self;
        RequestError::new(ErrorKind::MessageTooLarge, format!("the body has more than {limit} bytes; see `{setting}`"))
    }
}

fn unsupported(message: String) -> RequestError {
    RequestError::new(ErrorKind::UnsupportedMediaType, message)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_media_type_is_known_by_its_name_and_must_be_utf_8() {
        use MediaType::{Json, Ndjson};
        for (text, expected) in [
            ("application/json", Some(Json)),
            ("Application/JSON ; charset=\"UTF-8\"", Some(Json)),
            ("application/json; charset=latin1", None),
            ("application/x-ndjson", Some(Ndjson)),
            ("application/jsonl;charset=utf-8", Some(Ndjson)),
            ("application/json, text/plain", None),
            ("application/jsonx", None),
            ("text/plain", None),
            ("", None),
        ] {
            assert_eq!(MediaType::of(text), expected, "{text}");
        }
    }
}
