//! The parameters of a request: which there are, and what each must be.

use std::fmt;

use jurat::{Excerpt, advice};
use serde::Deserialize;
use serde::de::{Deserializer, IgnoredAny, SeqAccess, Visitor};
use serde_json::value::RawValue;

use super::failure::{Failure, Kind, listed};
use super::message::{Parameters, string};

/// The most texts in a parameter that is a list of them.
const MAX_TEXTS: usize = 1_000;

/// A method and its parameters.
#[derive(Debug)]
pub(crate) struct Method {
    /// Its name.
    pub(crate) name: &'static str,
    /// What must be given.
    pub(crate) required: &'static [&'static str],
    /// What may be given.
    pub(crate) optional: &'static [&'static str],
}

/// The parameters of a method: all that are required, none that are unknown, none twice, none `null`.
#[derive(Debug)]
pub(crate) struct Given<'a> {
    values: Vec<(&'static str, &'a RawValue)>,
}

impl Method {
    fn names(&self) -> impl Iterator<Item = &'static str> {
        self.required.iter().chain(self.optional).copied()
    }

    /// Checks which parameters there are.
    pub(crate) fn given<'a>(&self, parameters: Parameters<'a>) -> Result<Given<'a>, Failure> {
        let Parameters::ByName { members, is_cut } = parameters else {
            return Err(self.by_name());
        };
        let mut values: Vec<(&'static str, &'a RawValue)> = Vec::with_capacity(members.len().min(8));
        for (key, value) in members.into_iter().filter(|(_, value)| value.get() != "null") {
            let Some(name) = self.names().find(|name| *name == key) else {
                let message = format!("unknown parameter `{}`{}", Excerpt::of(&key), advice(&key, self.names()));
                return Err(Failure::new(Kind::UnknownParameter, message));
            };
            if values.iter().any(|(other, _)| *other == name) {
                return Err(Failure::new(Kind::UnknownParameter, format!("parameter `{name}` for the second time")));
            }
            values.push((name, value));
        }
        if is_cut {
            return Err(Failure::new(Kind::UnknownParameter, "there are far more parameters than any method has"));
        }
        let is_there = |name: &str| values.iter().any(|(other, _)| *other == name);
        let missing: Vec<_> = self.required.iter().copied().filter(|name| !is_there(name)).collect();
        match missing.as_slice() {
            [] => Ok(Given { values }),
            [one] => Err(Failure::new(Kind::MissingParameter, format!("missing parameter `{one}`"))),
            several => {
                let message = format!("missing parameters {}", listed(several.iter().copied()));
                Err(Failure::new(Kind::MissingParameter, message))
            }
        }
    }

    fn by_name(&self) -> Failure {
        let message = match self.required {
            [] => format!("the parameters of `{}` are given by name, as one object", self.name),
            required => format!(
                "the parameters of `{}` are given by name, as one object with {}",
                self.name,
                listed(required.iter().copied())
            ),
        };
        Failure::new(Kind::ParametersByName, message)
    }
}

impl<'a> Given<'a> {
    /// A value as it was sent.
    pub(crate) fn raw(&self, name: &'static str) -> Result<&'a RawValue, Failure> {
        self.find(name).ok_or_else(|| Failure::new(Kind::MissingParameter, format!("missing parameter `{name}`")))
    }

    /// A value that must be an object or an array, to which the bracket belongs.
    pub(crate) fn enclosed(&self, name: &'static str, open: char) -> Result<&'a RawValue, Failure> {
        let raw = self.raw(name)?;
        let expected = if open == '[' { "an array" } else { "an object" };
        if raw.get().starts_with(open) { Ok(raw) } else { Err(wrong(name, expected, raw)) }
    }

    /// A value that must be a text.
    pub(crate) fn text(&self, name: &'static str) -> Result<String, Failure> {
        let raw = self.raw(name)?;
        string(raw).map(Into::into).ok_or_else(|| wrong(name, "a text", raw))
    }

    /// A value that must be a list of texts.
    pub(crate) fn texts(&self, name: &'static str) -> Result<Vec<String>, Failure> {
        let raw = self.raw(name)?;
        match serde_json::from_str(raw.get()) {
            Ok(Texts { length: ..=MAX_TEXTS, texts }) => Ok(texts),
            Ok(Texts { .. }) => {
                Err(Failure::new(Kind::WrongParameter, format!("`{name}` holds more than {MAX_TEXTS} texts")))
            }
            Err(_) => Err(wrong(name, "an array of texts", raw)),
        }
    }

    /// The same; there must be something in it.
    pub(crate) fn some_texts(&self, name: &'static str) -> Result<Vec<String>, Failure> {
        let texts = self.texts(name)?;
        if texts.is_empty() {
            return Err(Failure::new(Kind::WrongParameter, format!("`{name}` must hold at least one text")));
        }
        Ok(texts)
    }

    /// A value that may not be there.
    pub(crate) fn find(&self, name: &str) -> Option<&'a RawValue> {
        self.values.iter().find(|(other, _)| *other == name).map(|(_, value)| *value)
    }
}

/// What is said of a value that is something else than it should be. The value itself is not repeated.
pub(crate) fn wrong(name: &str, expected: &str, raw: &RawValue) -> Failure {
    let found = match raw.get().as_bytes().first() {
        Some(b'{') => "an object",
        Some(b'[') => "an array",
        Some(b'"') => "a text",
        Some(b't' | b'f') => "a boolean",
        Some(b'n') => "`null`",
        _ => "a number",
    };
    let message = if expected.ends_with(found) {
        format!("`{name}` must be {expected}, and there is something wrong with what is in it")
    } else {
        format!("`{name}` must be {expected}, not {found}")
    };
    Failure::new(Kind::WrongParameter, message)
}

/// A list of texts, of which no more are kept than are accepted.
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
