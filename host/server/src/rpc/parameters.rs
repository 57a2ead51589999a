//! The parameters of a request: which a method has, and what each must be.

use std::fmt;

use bytes::Bytes;
use jurat::Excerpt;
use jurat_model::advice;
use serde::Deserialize;
use serde::de::{Deserializer, IgnoredAny, SeqAccess, Visitor};
use serde_json::value::RawValue;

use super::request::{Parameters, string};
use crate::error::{ErrorKind, RequestError, listed};

/// The limit of texts in a parameter that is a list of texts.
const MAX_TEXTS: usize = 1_000;

/// A method and the names of its parameters.
#[derive(Debug)]
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
    values: Vec<(&'static str, &'a RawValue)>,
}

impl Signature {
    fn names(&self) -> impl Iterator<Item = &'static str> {
        self.required.iter().chain(self.optional).copied()
    }

    /// Checks which parameters a request has.
    pub(crate) fn given<'a>(&self, message: &'a Bytes, parameters: Parameters<'a>) -> Result<Given<'a>, RequestError> {
        let Parameters::ByName { members, is_cut } = parameters else {
            return Err(self.by_name());
        };
        let mut values: Vec<(&'static str, &'a RawValue)> = Vec::with_capacity(members.len().min(8));
        for (key, value) in members.into_iter().filter(|(_, value)| value.get() != "null") {
            let Some(name) = self.names().find(|name| *name == key) else {
                let message = format!("unknown parameter `{}`{}", Excerpt::of(&key), advice(&key, self.names()));
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
    /// A value as it was sent.
    pub(crate) fn raw(&self, name: &'static str) -> Result<&'a RawValue, RequestError> {
        self.find(name)
            .ok_or_else(|| RequestError::new(ErrorKind::MissingParameter, format!("missing parameter `{name}`")))
    }

    /// A value that must be an object or an array, depending on the bracket.
    pub(crate) fn enclosed(&self, name: &'static str, open: char) -> Result<&'a RawValue, RequestError> {
        let raw = self.raw(name)?;
        let expected = if open == '[' { "an array" } else { "an object" };
        if raw.get().starts_with(open) { Ok(raw) } else { Err(wrong(name, expected, raw)) }
    }

    /// The text of a value that must be an object or an array, without a copy: the message stays in memory for it.
    pub(crate) fn part(&self, name: &'static str, open: char) -> Result<Bytes, RequestError> {
        let text = self.enclosed(name, open)?.get().as_bytes();
        let start = (text.as_ptr() as usize).checked_sub(self.message.as_ptr() as usize);
        let range = start.map(|start| start..start.saturating_add(text.len()));
        let range = range.filter(|range| range.end <= self.message.len());
        range
            .map(|range| self.message.slice(range))
            .ok_or_else(|| RequestError::bug("a parameter is not in its message"))
    }

    /// A value that must be a text.
    pub(crate) fn text(&self, name: &'static str) -> Result<String, RequestError> {
        let raw = self.raw(name)?;
        string(raw).map(Into::into).ok_or_else(|| wrong(name, "a text", raw))
    }

    /// A value that must be a list of texts.
    pub(crate) fn texts(&self, name: &'static str) -> Result<Vec<String>, RequestError> {
        let raw = self.raw(name)?;
        match serde_json::from_str(raw.get()) {
            Ok(Texts { length: ..=MAX_TEXTS, texts }) => Ok(texts),
            Ok(Texts { .. }) => {
                Err(RequestError::new(ErrorKind::WrongParameter, format!("`{name}` holds more than {MAX_TEXTS} texts")))
            }
            Err(_) => Err(wrong(name, "an array of texts", raw)),
        }
    }

    /// A value that must be a list of at least one text.
    pub(crate) fn some_texts(&self, name: &'static str) -> Result<Vec<String>, RequestError> {
        let texts = self.texts(name)?;
        if texts.is_empty() {
            return Err(RequestError::new(ErrorKind::WrongParameter, format!("`{name}` must hold at least one text")));
        }
        Ok(texts)
    }

    /// A value that may be absent.
    pub(crate) fn find(&self, name: &str) -> Option<&'a RawValue> {
        self.values.iter().find(|(other, _)| *other == name).map(|(_, value)| *value)
    }
}

/// The error for a value of the wrong kind. It does not repeat the value.
pub(crate) fn wrong(name: &str, expected: &str, raw: &RawValue) -> RequestError {
    let found = match raw.get().as_bytes().first() {
        Some(b'{') => "an object",
        Some(b'[') => "an array",
        Some(b'"') => "a text",
        Some(b't' | b'f') => "a boolean",
        Some(b'n') => "`null`",
        _ => "a number",
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
