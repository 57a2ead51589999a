//! Taking a document apart, member by member, with the position of each in every error.

use std::str::FromStr;

use jiff::Timestamp;
use serde_json::{Map, Value};

use super::{FormatError, MAX_INTEGER};

/// Characters of a foreign member name that the position of a value repeats. Positions of values are built for all items of a list at
/// once; a long name must not be copied for each.
const NAME_SHOWN: usize = 48;

/// The members of an object that have not been read yet.
pub(crate) struct Members {
    at: String,
    members: Map<String, Value>,
}

/// A value and its position in the document.
pub(crate) struct Node {
    at: String,
    value: Value,
}

impl Members {
    /// The members of the document itself.
    pub(crate) fn of_document(document: Value) -> Result<Self, FormatError> {
        match document {
            Value::Object(members) => Ok(Self { at: String::new(), members }),
            _ => Err(FormatError::Unexpected { at: "document".to_owned(), expected: "an object" }),
        }
    }

    /// The member of that name.
    pub(crate) fn take(&mut self, name: &str) -> Result<Node, FormatError> {
        self.take_optional(name).ok_or_else(|| FormatError::Missing { at: position(&self.at, name) })
    }

    /// The member of that name, if there is one.
    pub(crate) fn take_optional(&mut self, name: &str) -> Option<Node> {
        let value = self.members.remove(name)?;
        Some(Node { at: position(&self.at, name), value })
    }

    /// Refuses members that were not taken.
    pub(crate) fn refuse_rest(self) -> Result<(), FormatError> {
        match self.members.keys().next() {
            Some(name) => Err(FormatError::Unknown { at: position(&self.at, name) }),
            None => Ok(()),
        }
    }

    /// The members that were not taken.
    pub(crate) fn into_rest(self) -> Map<String, Value> {
        self.members
    }

    /// All remaining members, whatever their names.
    pub(crate) fn into_entries(self) -> impl Iterator<Item = (String, Node)> {
        let Self { at, members } = self;
        members.into_iter().map(move |(name, value)| {
            let node = Node { at: position(&at, &name), value };
            (name, node)
        })
    }
}

impl Node {
    /// A text.
    pub(crate) fn text(self) -> Result<String, FormatError> {
        match self.value {
            Value::String(text) => Ok(text),
            _ => Err(self.unexpected("a string")),
        }
    }

    /// A text for which something holds.
    pub(crate) fn checked(self, expected: &'static str, holds: fn(&str) -> bool) -> Result<String, FormatError> {
        match self.value {
            Value::String(text) if holds(&text) => Ok(text),
            _ => Err(self.unexpected(expected)),
        }
    }

    /// A text that says what it names.
    pub(crate) fn parsed<T: FromStr>(self, expected: &'static str) -> Result<T, FormatError> {
        match &self.value {
            Value::String(text) => text.parse().map_err(|_| self.unexpected(expected)),
            _ => Err(self.unexpected(expected)),
        }
    }

    /// A whole number from 1 to 2^53 - 1, written without fraction and exponent.
    pub(crate) fn integer(self) -> Result<u64, FormatError> {
        let expected = "a whole number from 1 to 9007199254740991";
        self.value.as_u64().filter(|value| (1..=MAX_INTEGER).contains(value)).ok_or_else(|| self.unexpected(expected))
    }

    /// Truth or falsehood.
    pub(crate) fn boolean(self) -> Result<bool, FormatError> {
        self.value.as_bool().ok_or_else(|| self.unexpected("`true` or `false`"))
    }

    /// A point in time, written as `2026-01-31T23:59:59Z` and in no other way.
    pub(crate) fn time(self) -> Result<Timestamp, FormatError> {
        let expected = "a time like `2026-01-31T23:59:59Z`";
        let text = self.value.as_str().filter(|text| text.len() == 20);
        // There is one way to write a whole second, so what was read must be written just as it was.
        text.and_then(|text| text.parse().ok().filter(|time: &Timestamp| time.to_string() == text))
            .ok_or_else(|| self.unexpected(expected))
    }

    /// The items of an array.
    pub(crate) fn list(self) -> Result<impl Iterator<Item = Self>, FormatError> {
        match self.value {
            Value::Array(items) => {
                let at = self.at;
                Ok(items
                    .into_iter()
                    .enumerate()
                    .map(move |(index, value)| Self { at: format!("{at}[{index}]"), value }))
            }
            _ => Err(self.unexpected("an array")),
        }
    }

    /// The members of an object.
    pub(crate) fn members(self) -> Result<Members, FormatError> {
        match self.value {
            Value::Object(members) => Ok(Members { at: self.at, members }),
            _ => Err(self.unexpected("an object")),
        }
    }

    /// The value is not what belongs there.
    pub(crate) fn unexpected(&self, expected: &'static str) -> FormatError {
        FormatError::Unexpected { at: self.at.clone(), expected }
    }
}

fn position(at: &str, name: &str) -> String {
    let shown: String = name.chars().take(NAME_SHOWN).collect();
    if at.is_empty() { shown } else { format!("{at}.{shown}") }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn node(text: &str) -> Node {
        Node { at: "x".to_owned(), value: super::super::parse(text.as_bytes()).unwrap() }
    }

    #[test]
    fn integers_are_positive_and_exact() {
        assert_eq!(node("1").integer(), Ok(1));
        assert_eq!(node("9007199254740991").integer(), Ok(MAX_INTEGER));
        for text in ["0", "-1", "9007199254740992", "18446744073709551616", "1.0", "1e3", "\"1\"", "true", "null"] {
            assert!(node(text).integer().is_err(), "{text}");
        }
    }

    #[test]
    fn a_time_is_written_in_one_way_only() {
        for text in ["2026-01-31T23:59:59Z", "2024-02-29T00:00:00Z", "9999-01-01T00:00:00Z"] {
            assert_eq!(node(&format!("\"{text}\"")).time().unwrap().to_string(), text);
        }
        let refused = [
            "2026-01-31T23:59:59",
            "2026-01-31T23:59:59z",
            "2026-01-31t23:59:59Z",
            "2026-01-31 23:59:59Z",
            "2026-01-31T23:59:59+00:00",
            "2026-01-31T23:59:59.0Z",
            "2026-01-31T23:59:60Z",
            "2026-02-29T00:00:00Z",
            "2026-13-01T00:00:00Z",
            "2026-01-31T24:00:00Z",
            "+002026-01-31T23:59Z",
            "-000001-01-01T00:00Z",
            "20260131T235959Z",
            " 2026-01-31T23:59:5Z",
            "2026-01-31T23:59:59Z ",
            "2026-01-31T23:59Z",
            "",
        ];
        for text in refused {
            assert!(node(&format!("\"{text}\"")).time().is_err(), "{text}");
        }
    }

    #[test]
    fn errors_name_the_pointer() {
        let document = super::super::parse(br#"{"a":[{"b":1},{"c":2}]}"#).unwrap();
        let mut document = Members::of_document(document).unwrap();
        let second = document.take("a").unwrap().list().unwrap().nth(1).unwrap();
        let mut second = second.members().unwrap();
        assert_eq!(second.take("b").err().unwrap().to_string(), "`a[1].b` is missing");
        assert_eq!(second.refuse_rest().unwrap_err().to_string(), "`a[1].c` is not known here");
    }
}
