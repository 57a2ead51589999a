//! Strict JSON: one text has one meaning, or none.

use std::cell::RefCell;
use std::fmt;

use serde::de::{DeserializeSeed, Deserializer, MapAccess, SeqAccess, Visitor};
use serde_json::{Map, Value};
use thiserror::Error;

use crate::quote::Quoted;

mod members;

pub(crate) use members::{Members, Node};

/// How deep arrays and objects may be nested. Our own documents use seven levels.
pub(crate) const MAX_DEPTH: usize = 32;

/// The largest integer that every JSON implementation reads exactly.
pub(crate) const MAX_INTEGER: u64 = (1 << 53) - 1;

/// Why a document cannot be read.
#[derive(Clone, Debug, Eq, Error, PartialEq)]
#[non_exhaustive]
pub enum FormatError {
    /// Its bytes are not text.
    #[error("it is not UTF-8 from byte {offset} on")]
    NotUtf8 {
        /// The first byte that is wrong, counted from 0.
        offset: usize,
    },
    /// It is not JSON.
    #[error("it is not JSON: line {line}, column {column}")]
    Syntax {
        /// The line, counted from 1.
        line: usize,
        /// The byte in the line, counted from 1.
        column: usize,
    },
    /// Arrays and objects are nested deeper than any document of ours.
    #[error("it is nested deeper than {MAX_DEPTH} levels at line {line}, column {column}")]
    TooDeep {
        /// The line, counted from 1.
        line: usize,
        /// The byte in the line, counted from 1.
        column: usize,
    },
    /// An object has two members of one name, so that two readers could see two things.
    #[error("it has the member {} twice in one object, at line {line}, column {column}", Quoted(.name))]
    RepeatedMember {
        /// The name, unescaped.
        name: String,
        /// The line, counted from 1.
        line: usize,
        /// The byte in the line, counted from 1.
        column: usize,
    },
    /// A member is not there.
    #[error("{} is missing", Quoted(.at))]
    Missing {
        /// The position of the member in the document.
        at: String,
    },
    /// An unknown member. It could be a limit or a condition that this version does not know.
    #[error("{} is not known here", Quoted(.at))]
    Unknown {
        /// The position of the member in the document.
        at: String,
    },
    /// A value is not what belongs there.
    #[error("{} must be {expected}", Quoted(.at))]
    Unexpected {
        /// The position of the value in the document.
        at: String,
        /// What belongs there.
        expected: &'static str,
    },
}

/// Reads a document: UTF-8, nothing before or after it, no member twice in one object at any depth, bounded depth.
pub(crate) fn parse(bytes: &[u8]) -> Result<Value, FormatError> {
    let text = str::from_utf8(bytes).map_err(|error| FormatError::NotUtf8 { offset: error.valid_up_to() })?;
    let objection = RefCell::new(None);
    let mut reader = serde_json::Deserializer::from_str(text);
    let parsed = Strict { depth: 0, objection: &objection }.deserialize(&mut reader);
    parsed.and_then(|value| reader.end().map(|()| value)).map_err(|error| {
        let (line, column) = (error.line(), error.column());
        match objection.take() {
            Some(Objection::TooDeep) => FormatError::TooDeep { line, column },
            Some(Objection::Repeated(name)) => FormatError::RepeatedMember { name, line, column },
            None => FormatError::Syntax { line, column },
        }
    })
}

/// Our objection to a text that is JSON. `serde` carries errors as text only, so it travels beside them.
enum Objection {
    TooDeep,
    Repeated(String),
}

#[derive(Clone, Copy)]
struct Strict<'o> {
    depth: usize,
    objection: &'o RefCell<Option<Objection>>,
}

impl Strict<'_> {
    fn deeper<E: serde::de::Error>(self) -> Result<Self, E> {
        if self.depth >= MAX_DEPTH {
            return Err(self.object(Objection::TooDeep));
        }
        Ok(Self { depth: self.depth + 1, ..self })
    }

    fn object<E: serde::de::Error>(self, objection: Objection) -> E {
        self.objection.replace(Some(objection));
        E::custom("refused")
    }
}

impl<'de> DeserializeSeed<'de> for Strict<'_> {
    type Value = Value;

    fn deserialize<D: Deserializer<'de>>(self, reader: D) -> Result<Value, D::Error> {
        reader.deserialize_any(self)
    }
}

// NOTE(limit): were `serde_json/arbitrary_precision` on, a number would arrive as an object; where a number is expected that is
// refused, so with the feature this crate could accept less, never more.
impl<'de> Visitor<'de> for Strict<'_> {
    type Value = Value;

    fn expecting(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("any JSON value")
    }

    fn visit_unit<E>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_bool<E>(self, value: bool) -> Result<Value, E> {
        Ok(Value::Bool(value))
    }

    fn visit_u64<E>(self, value: u64) -> Result<Value, E> {
        Ok(Value::from(value))
    }

    fn visit_i64<E>(self, value: i64) -> Result<Value, E> {
        Ok(Value::from(value))
    }

    fn visit_f64<E>(self, value: f64) -> Result<Value, E> {
        Ok(Value::from(value))
    }

    fn visit_str<E>(self, value: &str) -> Result<Value, E> {
        Ok(Value::from(value))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Value, A::Error> {
        let inner = self.deeper()?;
        let mut list = Vec::new();
        while let Some(item) = items.next_element_seed(inner)? {
            list.push(item);
        }
        Ok(Value::Array(list))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut entries: A) -> Result<Value, A::Error> {
        let inner = self.deeper()?;
        let mut members = Map::new();
        while let Some(name) = entries.next_key::<String>()? {
            if members.contains_key(&name) {
                return Err(self.object(Objection::Repeated(name)));
            }
            let value = entries.next_value_seed(inner)?;
            members.insert(name, value);
        }
        Ok(Value::Object(members))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_plain_document_is_read() {
        let text = r#" {"a": [1, -2, 0.5, true, false, null, "x\u00e9\ud83d\ude00"], "b": {"a": {}}} "#;
        assert_eq!(parse(text.as_bytes()).unwrap(), serde_json::from_str::<Value>(text).unwrap());
    }

    #[test]
    fn a_member_that_is_there_twice_is_refused_at_any_depth() {
        for text in [r#"{"a":1,"a":1}"#, r#"{"a":1,"\u0061":2}"#, r#"[[{"x":{"b":0,"a":1,"b":0}}]]"#] {
            assert!(matches!(parse(text.as_bytes()), Err(FormatError::RepeatedMember { .. })), "{text}");
        }
    }

    #[test]
    fn depth_is_bounded() {
        let nested = |depth: usize| format!("{}{}", "[".repeat(depth), "]".repeat(depth));
        assert!(parse(nested(MAX_DEPTH).as_bytes()).is_ok());
        assert!(matches!(parse(nested(MAX_DEPTH + 1).as_bytes()), Err(FormatError::TooDeep { .. })));
        let objects = |depth: usize| format!("{}1{}", "{\"a\":".repeat(depth), "}".repeat(depth));
        assert!(parse(objects(MAX_DEPTH).as_bytes()).is_ok());
        assert!(matches!(parse(objects(MAX_DEPTH + 1).as_bytes()), Err(FormatError::TooDeep { .. })));
        assert!(matches!(parse("[".repeat(1_000_000).as_bytes()), Err(FormatError::TooDeep { .. })));
    }

    #[test]
    fn what_is_not_json_is_refused() {
        let texts: [&[u8]; 10] = [
            b"",
            b"{",
            b"{} {}",
            b"\xef\xbb\xbf{}",
            b"{\"a\":01}",
            b"[1,]",
            b"NaN",
            b"\"\\ud800\"",
            b"'a'",
            b"// x\n{}",
        ];
        for text in texts {
            assert!(matches!(parse(text), Err(FormatError::Syntax { .. })), "{text:?}");
        }
        assert_eq!(parse(b"\"\xff\""), Err(FormatError::NotUtf8 { offset: 1 }));
    }
}
