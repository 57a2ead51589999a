//! Values of a schema that values of records are compared with.

use std::fmt::Write;

use crate::json::{Branch, Kind, Number, Shape};

/// A value of a schema.
#[derive(Debug)]
pub(in crate::schema) enum Constant {
    Null,
    Boolean(bool),
    /// As it is written.
    Number(Box<str>),
    Text(Box<str>),
    Array(Vec<Self>),
    Object(Vec<(Box<str>, Self)>),
}

/// Values one of which a value must equal.
#[derive(Debug)]
pub(in crate::schema) struct Constants {
    /// As they are written.
    pub(in crate::schema) all: Vec<Constant>,
    /// The indices of the texts among them, in their order.
    texts: Vec<usize>,
}

impl Constant {
    /// A copy of a value.
    pub(in crate::schema) fn of(value: Branch<'_>) -> Self {
        match value.shape() {
            Shape::Null => Self::Null,
            Shape::Boolean(boolean) => Self::Boolean(boolean),
            Shape::Number(_) => Self::Number(Box::from(value.number_token().unwrap_or("0"))),
            Shape::Text(text) => Self::Text(Box::from(text)),
            Shape::Array => Self::Array(value.children().map(|(_, item)| Self::of(item)).collect()),
            Shape::Object => {
                Self::Object(value.children().map(|(name, member)| (Box::from(name), Self::of(member))).collect())
            }
        }
    }

    /// Whether a value is equal: `1` is `1.0`, and the order of members means nothing.
    pub(in crate::schema) fn equals(&self, value: Branch<'_>) -> bool {
        if let Self::Number(expected) = self {
            let token = value.number_token();
            return token.is_some_and(|token| *token == **expected || Number::of(expected) == Number::of(token));
        }
        match (self, value.kind()) {
            (Self::Null, Kind::Null) => true,
            (Self::Boolean(expected), Kind::True) => *expected,
            (Self::Boolean(expected), Kind::False) => !*expected,
            (Self::Text(expected), Kind::Text | Kind::EscapedText) => value.text() == Some(expected),
            (Self::Array(expected), Kind::Array) => {
                expected.len() == value.count()
                    && expected.iter().zip(value.children()).all(|(expected, (_, found))| expected.equals(found))
            }
            (Self::Object(expected), Kind::Object | Kind::IndexedObject) => {
                let same = |(name, expected): &(Box<str>, Self)| {
                    value.member(name).is_some_and(|found| expected.equals(found))
                };
                expected.len() == value.count() && expected.iter().all(same)
            }
            _ => false,
        }
    }

    /// Appends it as JSON, until there are more than `most` bytes.
    pub(in crate::schema) fn write(&self, out: &mut String, most: usize) {
        if out.len() > most {
            return;
        }
        match self {
            Self::Null => out.push_str("null"),
            Self::Boolean(boolean) => drop(write!(out, "{boolean}")),
            Self::Number(number) => out.push_str(number),
            Self::Text(text) => out.push_str(&serde_json::Value::from(&**text).to_string()),
            Self::Array(items) => {
                for (index, item) in items.iter().enumerate() {
                    out.push(if index == 0 { '[' } else { ',' });
                    item.write(out, most);
                }
                out.push_str(if items.is_empty() { "[]" } else { "]" });
            }
            Self::Object(members) => {
                for (index, (name, member)) in members.iter().enumerate() {
                    out.push(if index == 0 { '{' } else { ',' });
                    let _ = write!(out, "{}:", serde_json::Value::from(&**name));
                    member.write(out, most);
                }
                out.push_str(if members.is_empty() { "{}" } else { "}" });
            }
        }
    }
}

impl Constants {
    pub(in crate::schema) fn of(array: Branch<'_>) -> Self {
        let all: Vec<Constant> = array.children().map(|(_, item)| Constant::of(item)).collect();
        let mut texts: Vec<usize> =
            (0..all.len()).filter(|index| matches!(all.get(*index), Some(Constant::Text(_)))).collect();
        texts.sort_unstable_by_key(|index| text(&all, *index));
        Self { all, texts }
    }

    /// Whether a value equals one of them.
    pub(in crate::schema) fn contain(&self, value: Branch<'_>) -> bool {
        if let Some(found) = value.text() {
            return self.texts.binary_search_by(|index| text(&self.all, *index).cmp(found)).is_ok();
        }
        let Some(token) = value.number_token() else { return self.all.iter().any(|expected| expected.equals(value)) };
        // A long number is read once, however many there are.
        let found = Number::of(token);
        let is_equal =
            |expected: &Constant| matches!(expected, Constant::Number(number) if Number::of(number) == found);
        self.all.iter().any(is_equal)
    }
}

fn text(all: &[Constant], index: usize) -> &str {
    match all.get(index) {
        Some(Constant::Text(text)) => text,
        _ => "",
    }
}
