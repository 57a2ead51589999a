//! The parameters of a request: which a method has, and what each must be.

pub(crate) mod reader;
pub(crate) mod values;

use std::fmt;

use bytes::Bytes;
use jurat::Excerpt;
use jurat::settings::Compatibility;
use jurat_model::advice;
use serde::Deserialize;
use serde::de::{Deserializer, Error as _, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde_json::value::RawValue;

use crate::error::{ErrorKind, RequestError, listed};
use values::{Parameters, Value, string};

/// The limit of texts in a parameter that is a list of texts.
const MAX_TEXTS: usize = 1_000;

/// A method and the names of its parameters.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Signature {
    /// The name of the method.
    pub(crate) method: &'static str,
    /// The parameters that a request must have.
    pub(crate) required: &'static [&'static str],
    /// The parameters that a request may have.
    pub(crate) optional: &'static [&'static str],
}

/// The parameters of a method, checked: none is missing, unknown, repeated or `null`.
#[derive(Debug)]
pub(crate) struct Given<'a> {
    message: &'a Bytes,
    values: Vec<(&'static str, Value<'a>)>,
}

impl Signature {
    /// The names of all parameters.
    pub(crate) fn names(&self) -> impl Iterator<Item = &'static str> {
        self.required.iter().chain(self.optional).copied()
    }

    /// Checks which parameters a request has.
    ///
    /// # Errors
    /// If a parameter is wrong. `other` is the signature with another compatibility, to which an unknown parameter may belong.
    pub(crate) fn given<'a>(
        &self,
        message: &'a Bytes,
        parameters: Parameters<'a>,
        other: Option<(Compatibility, &Self)>,
    ) -> Result<Given<'a>, RequestError> {
        let Parameters::ByName { members, is_cut } = parameters else {
            return Err(self.by_name());
        };
        let mut values: Vec<(&'static str, Value<'a>)> = Vec::with_capacity(members.len().min(8));
        for (key, value) in members.into_iter().filter(|(_, value)| value.bytes() != b"null") {
            let Some(name) = self.names().find(|name| *name == key) else {
                let advice = match other.filter(|(_, signature)| signature.names().any(|name| name == key)) {
                    Some((other, _)) => format!("; the method has it with `compatibility` = `{}`", other.name()),
                    None => advice(&key, self.names()),
                };
                let message = format!("unknown parameter `{}`{advice}", Excerpt::of(&key));
                return Err(RequestError::new(ErrorKind::UnknownParameter, message));
            };
            if values.iter().any(|(other, _)| *other == name) {
                return Err(RequestError::new(
                    ErrorKind::UnknownParameter,
                    format!("parameter `{name}` is given twice"),
                ));
            }
            values.push((name, value));
        }
        if is_cut {
            return Err(RequestError::new(
                ErrorKind::UnknownParameter,
                "the request has far more parameters than any method",
            ));
        }
        let is_there = |name: &str| values.iter().any(|(other, _)| *other == name);
        let missing: Vec<_> = self.required.iter().copied().filter(|name| !is_there(name)).collect();
        match missing.as_slice() {
            [] => Ok(Given { message, values }),
            [one] => Err(RequestError::new(ErrorKind::MissingParameter, format!("missing parameter `{one}`"))),
            several => {
                let message = format!("missing parameters {}", listed(several.iter().copied()));
                Err(RequestError::new(ErrorKind::MissingParameter, message))
            }
        }
    }

    fn by_name(&self) -> RequestError {
        let message = match self.required {
            [] => format!("the parameters of `{}` are given by name, as one object", self.method),
            required => format!(
                "the parameters of `{}` are given by name, as one object with {}",
                self.method,
                listed(required.iter().copied())
            ),
        };
        RequestError::new(ErrorKind::ParametersByName, message)
    }
}

impl<'a> Given<'a> {
    /// A value as it was sent, which is JSON.
    pub(crate) fn raw(&self, name: &'static str) -> Result<&'a RawValue, RequestError> {
        match self.value(name)? {
            Value::Json(raw) => Ok(raw),
            Value::Records(_) => Err(RequestError::bug("a parameter that holds records is read as JSON")),
        }
    }

    /// Records, or one record, as they were sent: they need not be JSON. The message stays in memory for them.
    pub(crate) fn records(&self, name: &'static str) -> Result<Bytes, RequestError> {
        let text = self.value(name)?.bytes();
        let start = (text.as_ptr() as usize).checked_sub(self.message.as_ptr() as usize);
        let range = start.map(|start| start..start.saturating_add(text.len()));
        let range = range.filter(|range| range.end <= self.message.len());
        range
            .map(|range| self.message.slice(range))
            .ok_or_else(|| RequestError::bug("a parameter is not in its message"))
    }

    /// Records as they were sent, which must begin like an object or an array.
    pub(crate) fn bracketed(&self, name: &'static str, open: u8) -> Result<Bytes, RequestError> {
        let records = self.records(name)?;
        let expected = if open == b'[' { "an array" } else { "an object" };
        if records.first() == Some(&open) { Ok(records) } else { Err(wrong(name, expected, &records)) }
    }

    fn value(&self, name: &'static str) -> Result<Value<'a>, RequestError> {
        self.find(name)
            .ok_or_else(|| RequestError::new(ErrorKind::MissingParameter, format!("missing parameter `{name}`")))
    }

    /// A value that must be a text.
    pub(crate) fn text(&self, name: &'static str) -> Result<String, RequestError> {
        let raw = self.raw(name)?;
        string(raw).map(Into::into).ok_or_else(|| wrong(name, "a text", raw.get().as_bytes()))
    }

    /// A value that must be a list of texts.
    pub(crate) fn texts(&self, name: &'static str) -> Result<Vec<String>, RequestError> {
        let raw = self.raw(name)?;
        match serde_json::from_str(raw.get()) {
            Ok(Texts { length: ..=MAX_TEXTS, texts }) => Ok(texts),
            Ok(Texts { .. }) => Err(too_many(name)),
            Err(_) => Err(wrong(name, "an array of texts", raw.get().as_bytes())),
        }
    }

    /// A value that must be a list of texts, or an object whose values are texts and lists of texts.
    pub(crate) fn names(&self, name: &'static str) -> Result<Names, RequestError> {
        let raw = self.raw(name)?;
        if !raw.get().starts_with('{') {
            return self.texts(name).map(Names::List);
        }
        match serde_json::from_str(raw.get()) {
            Ok(TextsByKey { length: ..=MAX_TEXTS, members }) => Ok(Names::ByKey(members)),
            Ok(TextsByKey { .. }) => Err(too_many(name)),
            Err(_) => {
                Err(wrong(name, "an array of texts, or an object with a text or an array of texts for each key", b""))
            }
        }
    }

    /// A value that may be absent.
    pub(crate) fn find(&self, name: &str) -> Option<Value<'a>> {
        self.values.iter().find(|(other, _)| *other == name).map(|(_, value)| *value)
    }
}

/// Texts: one list, or one for each key.
#[derive(Debug)]
pub(crate) enum Names {
    /// An array.
    List(Vec<String>),
    /// An object. No key repeats.
    ByKey(Vec<(String, Vec<String>)>),
}

fn too_many(name: &str) -> RequestError {
    RequestError::new(ErrorKind::WrongParameter, format!("`{name}` holds more than {MAX_TEXTS} texts"))
}

/// The error for a value of the wrong kind. It does not repeat the value.
pub(crate) fn wrong(name: &str, expected: &str, value: &[u8]) -> RequestError {
    let found = match value.first() {
        Some(b'{') => "an object",
        Some(b'[') => "an array",
        Some(b'"') => "a text",
        Some(b't' | b'f') => "a boolean",
        Some(b'n') => "`null`",
        Some(b'-' | b'0'..=b'9') => "a number",
        Some(_) => "something that is not JSON",
        None => return RequestError::new(ErrorKind::WrongParameter, format!("`{name}` must be {expected}")),
    };
    let message = if expected.ends_with(found) {
        format!("`{name}` must be {expected}, and something inside of it is wrong")
    } else {
        format!("`{name}` must be {expected}, not {found}")
    };
    RequestError::new(ErrorKind::WrongParameter, message)
}

/// A list of texts. It ends one text beyond the limit; later texts are dropped.
struct Texts {
    texts: Vec<String>,
    length: usize,
}

impl<'de> Deserialize<'de> for Texts {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Elements;

        impl<'de> Visitor<'de> for Elements {
            type Value = Texts;

            fn expecting(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
                out.write_str("texts")
            }

            fn visit_seq<A: SeqAccess<'de>>(self, mut elements: A) -> Result<Texts, A::Error> {
                let mut texts = Vec::new();
                while let Some(text) = elements.next_element()? {
                    texts.push(text);
                    if texts.len() > MAX_TEXTS {
                        while elements.next_element::<IgnoredAny>()?.is_some() {}
                        break;
                    }
                }
                Ok(Texts { length: texts.len(), texts })
            }
        }

        deserializer.deserialize_seq(Elements)
    }
}

/// Lists of texts by key. It ends where there are too many.
struct TextsByKey {
    members: Vec<(String, Vec<String>)>,
    /// The number of keys and texts.
    length: usize,
}

/// One text, or several.
struct OneOrMore(Vec<String>);

impl<'de> Deserialize<'de> for TextsByKey {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Members;

        impl<'de> Visitor<'de> for Members {
            type Value = TextsByKey;

            fn expecting(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
                out.write_str("texts by key")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<TextsByKey, A::Error> {
                let (mut members, mut length) = (Vec::<(String, Vec<String>)>::new(), 0);
                while let Some((key, OneOrMore(texts))) = map.next_entry::<String, _>()? {
                    if members.iter().any(|(known, _)| *known == key) {
                        return Err(A::Error::custom("a key repeats"));
                    }
                    length += 1 + texts.len();
                    members.push((key, texts));
                    if length > MAX_TEXTS {
                        while map.next_entry::<IgnoredAny, IgnoredAny>()?.is_some() {}
                        break;
                    }
                }
                Ok(TextsByKey { members, length })
            }
        }

        deserializer.deserialize_map(Members)
    }
}

impl<'de> Deserialize<'de> for OneOrMore {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let raw = <&RawValue>::deserialize(deserializer)?;
        match string(raw) {
            Some(text) => Ok(Self(vec![text.into_owned()])),
            None => serde_json::from_str(raw.get()).map(|Texts { texts, .. }| Self(texts)).map_err(D::Error::custom),
        }
    }
}
