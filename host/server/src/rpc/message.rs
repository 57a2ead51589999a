//! One line of a client: a request, or an array of them. It is read once; parameters stay text.

use std::borrow::Cow;
use std::fmt;

use serde::Deserialize;
use serde::de::{Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde_json::value::RawValue;

use super::failure::{Failure, Kind};

/// The most requests in one array.
pub(crate) const MAX_BATCH: usize = 1_000;
/// The longest id, in bytes. Every answer repeats it.
const MAX_ID: usize = 64 << 10;
/// The most parameters of one request that are looked at.
const MAX_PARAMETERS: usize = 64;

/// What a line holds.
#[derive(Debug)]
pub(crate) enum Message<'a> {
    /// One request.
    One(Request<'a>),
    /// An array of them; not empty.
    Batch(Vec<Request<'a>>),
}

/// A request, as far as it is one.
#[derive(Debug)]
pub(crate) struct Request<'a> {
    /// The id as sent, to the byte. None in a notification, and where it cannot be told.
    pub(crate) id: Option<&'a str>,
    /// The method and its parameters, or why it is no request.
    pub(crate) call: Result<(Cow<'a, str>, Parameters<'a>), Failure>,
}

/// The parameters as they came.
#[derive(Debug)]
pub(crate) enum Parameters<'a> {
    /// An object, or nothing.
    ByName {
        /// The members, in their order.
        members: Vec<(Cow<'a, str>, &'a RawValue)>,
        /// Whether there were more of them than are looked at.
        is_cut: bool,
    },
    /// An array.
    ByPosition,
    /// Something else.
    Other,
}

impl<'a> Message<'a> {
    /// Reads a line.
    ///
    /// # Errors
    /// When there is nothing in it that could be answered by itself.
    pub(crate) fn parse(line: &'a [u8]) -> Result<Self, Failure> {
        let text = std::str::from_utf8(line).map_err(|error| {
            let message = format!("the line is not UTF-8 from byte {} on", error.valid_up_to());
            Failure::new(Kind::ParseError, message)
        })?;
        let is_batch = text.trim_ascii_start().starts_with('[');
        let parsed = if is_batch {
            serde_json::from_str(text).map(|Batch { requests, length }| Self::batch(requests, length))
        } else {
            serde_json::from_str(text).map(|Element(request)| Ok(Self::One(request)))
        };
        parsed.unwrap_or_else(|error| Err(refusal(text, &error)))
    }

    fn batch(requests: Vec<Request<'a>>, length: usize) -> Result<Self, Failure> {
        match length {
            0 => Err(Failure::new(Kind::InvalidRequest, "an array without requests")),
            1..=MAX_BATCH => Ok(Self::Batch(requests)),
            _ => Err(Failure::new(
                Kind::BatchTooLong,
                format!("{length} requests in one array; at most {MAX_BATCH} are accepted"),
            )),
        }
    }
}

impl Request<'_> {
    fn not_an_object() -> Self {
        Self { id: None, call: Err(Failure::new(Kind::InvalidRequest, "a request is an object")) }
    }
}

/// Why a line could not be read. What is JSON after all has only numbers that are too large where none belong.
fn refusal(text: &str, error: &serde_json::Error) -> Failure {
    match serde_json::from_str::<&RawValue>(text) {
        Ok(_) => Failure::new(Kind::InvalidRequest, "the line is JSON, but no request"),
        Err(_) => Failure::new(
            Kind::ParseError,
            format!("the line is not JSON: {}, at byte {}", error_words(error), error.column()),
        ),
    }
}

fn error_words(error: &serde_json::Error) -> &'static str {
    if error.is_eof() { "it ends too early" } else { "something else is expected" }
}

/// The text of a JSON string; none if it is something else, or has a half of a surrogate pair.
pub(crate) fn string(raw: &RawValue) -> Option<Cow<'_, str>> {
    let inner = raw.get().strip_prefix('"')?.strip_suffix('"')?;
    if inner.contains('\\') { serde_json::from_str(raw.get()).ok().map(Cow::Owned) } else { Some(Cow::Borrowed(inner)) }
}

/// The members of a request that count; others are ignored.
#[derive(Debug, Default)]
struct Members<'a> {
    version: Option<&'a RawValue>,
    id: Option<&'a RawValue>,
    method: Option<&'a RawValue>,
    parameters: Option<Parameters<'a>>,
    twice: Option<&'static str>,
}

impl<'a> Members<'a> {
    fn into_request(self) -> Request<'a> {
        let refuse = |message: String| Err(Failure::new(Kind::InvalidRequest, message));
        let id = match self.id.map(RawValue::get) {
            Some(id) if id.len() > MAX_ID => {
                return Request { id: None, call: refuse(format!("an `id` has at most {MAX_ID} bytes")) };
            }
            Some(id) if !id.starts_with(|first: char| matches!(first, '"' | '-' | '0'..='9' | 'n')) => {
                return Request { id: None, call: refuse("an `id` is a string, a number or `null`".to_owned()) };
            }
            id => id,
        };
        let call = if let Some(twice) = self.twice {
            // Which of two ids would be meant is nobody's guess.
            let id = if twice == "id" { None } else { id };
            return Request { id, call: refuse(format!("`{twice}` for the second time")) };
        } else if self.version.and_then(string).as_deref() != Some("2.0") {
            refuse("`jsonrpc` must be \"2.0\"".to_owned())
        } else {
            match self.method.and_then(string) {
                Some(method) => Ok((method, self.parameters.unwrap_or_default())),
                None => refuse("`method` must be a text".to_owned()),
            }
        };
        Request { id, call }
    }
}

impl Default for Parameters<'_> {
    fn default() -> Self {
        Self::ByName { members: Vec::new(), is_cut: false }
    }
}

/// A key of an object.
pub(crate) struct Key<'a>(pub(crate) Cow<'a, str>);

impl<'de> Deserialize<'de> for Key<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Text;

        impl<'de> Visitor<'de> for Text {
            type Value = Key<'de>;

            fn expecting(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
                out.write_str("a key")
            }

            fn visit_borrowed_str<E>(self, text: &'de str) -> Result<Key<'de>, E> {
                Ok(Key(Cow::Borrowed(text)))
            }

            fn visit_str<E>(self, text: &str) -> Result<Key<'de>, E> {
                Ok(Key(Cow::Owned(text.to_owned())))
            }
        }

        deserializer.deserialize_str(Text)
    }
}

/// The methods of a visitor for values that are neither objects nor arrays; `null` may mean something else.
macro_rules! scalars {
    ($scalar:expr, $null:expr) => {
        scalars!($scalar, visit_bool bool, visit_i64 i64, visit_u64 u64, visit_f64 f64, visit_str &str);

        fn visit_unit<E>(self) -> Result<Self::Value, E> {
            Ok($null)
        }
    };
    ($scalar:expr, $($method:ident $type:ty),+) => {
        $(fn $method<E>(self, _: $type) -> Result<Self::Value, E> {
            Ok($scalar)
        })+
    };
}

/// An element of an array, or a line: a request, or what stands in its place.
struct Element<'a>(Request<'a>);

impl<'de> Deserialize<'de> for Element<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(RequestVisitor).map(Element)
    }
}

struct RequestVisitor;

impl<'de> Visitor<'de> for RequestVisitor {
    type Value = Request<'de>;

    fn expecting(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("a request")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Request<'de>, A::Error> {
        let mut members = Members::default();
        while let Some(Key(key)) = map.next_key()? {
            let (place, name) = match &*key {
                "jsonrpc" => (&mut members.version, "jsonrpc"),
                "id" => (&mut members.id, "id"),
                "method" => (&mut members.method, "method"),
                "params" if members.parameters.is_none() => {
                    members.parameters = Some(map.next_value()?);
                    continue;
                }
                key => {
                    if key == "params" {
                        members.twice = Some("params");
                    }
                    map.next_value::<IgnoredAny>()?;
                    continue;
                }
            };
            let value = map.next_value()?;
            if place.replace(value).is_some() {
                members.twice = Some(name);
            }
        }
        Ok(members.into_request())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut elements: A) -> Result<Request<'de>, A::Error> {
        while elements.next_element::<IgnoredAny>()?.is_some() {}
        Ok(Request::not_an_object())
    }

    scalars!(Request::not_an_object(), Request::not_an_object());
}

impl<'de> Deserialize<'de> for Parameters<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(ParametersVisitor)
    }
}

struct ParametersVisitor;

impl<'de> Visitor<'de> for ParametersVisitor {
    type Value = Parameters<'de>;

    fn expecting(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("parameters")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Parameters<'de>, A::Error> {
        let mut members = Vec::new();
        while let Some((Key(key), value)) = map.next_entry::<Key<'de>, &'de RawValue>()? {
            members.push((key, value));
            if members.len() > MAX_PARAMETERS {
                while map.next_entry::<IgnoredAny, IgnoredAny>()?.is_some() {}
                return Ok(Parameters::ByName { members, is_cut: true });
            }
        }
        Ok(Parameters::ByName { members, is_cut: false })
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut elements: A) -> Result<Parameters<'de>, A::Error> {
        while elements.next_element::<IgnoredAny>()?.is_some() {}
        Ok(Parameters::ByPosition)
    }

    // Many clients write `null` where there are no parameters.
    scalars!(Parameters::Other, Parameters::default());
}

/// An array of requests. Those behind the last that is accepted are counted, not kept.
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
                    let Some(Element(request)) = elements.next_element()? else {
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
