//! One request of a message, read once; its parameters stay text.

use std::borrow::Cow;
use std::fmt;

use serde::Deserialize;
use serde::de::{Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde_json::value::RawValue;

use crate::error::{ErrorKind, RequestError};

/// The limit of the length of an id, in bytes. Every answer repeats it.
pub(crate) const MAX_ID: usize = 64 << 10;
/// The limit of parameters that are read of one request.
pub(crate) const MAX_PARAMETERS: usize = 64;

/// A request, or the reason why it is not one.
#[derive(Debug)]
pub(crate) struct Request<'a> {
    /// The id as sent, to the byte. None in a notification, and where it cannot be told.
    pub(crate) id: Option<&'a str>,
    /// The method and its parameters, or why this is not a request.
    pub(crate) call: Result<(Cow<'a, str>, Parameters<'a>), RequestError>,
}

/// The parameters as sent.
#[derive(Debug)]
pub(crate) enum Parameters<'a> {
    /// An object, or nothing.
    ByName {
        /// The members, in their order.
        members: Vec<(Cow<'a, str>, &'a RawValue)>,
        /// Whether there were more members than are read.
        is_cut: bool,
    },
    /// An array.
    ByPosition,
    /// Something else.
    Other,
}

impl Request<'_> {
    fn not_an_object() -> Self {
        Self { id: None, call: Err(RequestError::new(ErrorKind::InvalidRequest, "a request is an object")) }
    }
}

/// The text of a JSON string; none if the value is not a string, or has half of a surrogate pair.
pub(crate) fn string(raw: &RawValue) -> Option<Cow<'_, str>> {
    let inner = raw.get().strip_prefix('"')?.strip_suffix('"')?;
    if inner.contains('\\') { serde_json::from_str(raw.get()).ok().map(Cow::Owned) } else { Some(Cow::Borrowed(inner)) }
}

/// The members of a request that have a meaning; others are ignored.
#[derive(Debug, Default)]
struct Members<'a> {
    version: Option<&'a RawValue>,
    id: Option<&'a RawValue>,
    method: Option<&'a RawValue>,
    parameters: Option<Parameters<'a>>,
    /// The name of a member that the request has twice.
    repeated: Option<&'static str>,
}

impl<'a> Members<'a> {
    fn into_request(self) -> Request<'a> {
        let refuse = |message: String| Err(RequestError::new(ErrorKind::InvalidRequest, message));
        let id = match self.id.map(RawValue::get) {
            Some(id) if id.len() > MAX_ID => {
                return Request { id: None, call: refuse(format!("an `id` has at most {MAX_ID} bytes")) };
            }
            Some(id) if !id.starts_with(|first: char| matches!(first, '"' | '-' | '0'..='9' | 'n')) => {
                return Request { id: None, call: refuse("an `id` is a string, a number or `null`".to_owned()) };
            }
            id => id,
        };
        let call = if let Some(repeated) = self.repeated {
            // If there are two ids, the answer has none.
            let id = if repeated == "id" { None } else { id };
            return Request { id, call: refuse(format!("the request has `{repeated}` twice")) };
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

/// The methods of a visitor for values that are neither objects nor arrays; `null` may have a meaning of its own.
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

impl<'de> Deserialize<'de> for Request<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(RequestVisitor)
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
            let (member, name) = match &*key {
                "jsonrpc" => (&mut members.version, "jsonrpc"),
                "id" => (&mut members.id, "id"),
                "method" => (&mut members.method, "method"),
                "params" if members.parameters.is_none() => {
                    members.parameters = Some(map.next_value()?);
                    continue;
                }
                key => {
                    if key == "params" {
                        members.repeated = Some("params");
                    }
                    map.next_value::<IgnoredAny>()?;
                    continue;
                }
            };
            let value = map.next_value()?;
            if member.replace(value).is_some() {
                members.repeated = Some(name);
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
