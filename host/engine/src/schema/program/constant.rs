//! Values of a schema that values of records are compared with.

use std::fmt::Write;

use crate::json::{Branch, Kind, Number, Shape, ShortNumber};
use crate::schema::steps::count;

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
    /// The numbers of few digits among them, sorted.
    shorts: Vec<ShortNumber>,
    /// The indices of the other numbers.
    longs: Vec<usize>,
    /// The indices of all others.
    others: Vec<usize>,
}

/// What looking for a value among constants costs.
pub(in crate::schema) struct Looked {
    /// Values among which it is searched, at least one.
    pub(in crate::schema) sorted: usize,
    /// Steps for comparing it with each of the others.
    pub(in crate::schema) others: u64,
    /// Arrays and objects among these.
    pub(in crate::schema) compared: u64,
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

    /// The steps of comparing a value with it, beside what the value itself costs.
    pub(in crate::schema) fn size(&self) -> u64 {
        match self {
            Self::Null | Self::Boolean(_) | Self::Text(_) => 4,
            // It is read again.
            Self::Number(_) => 32,
            Self::Array(items) => items.iter().fold(4, |sum, item| sum + 4 + item.size()),
            Self::Object(members) => members.iter().fold(4, |sum, (_, member)| sum + 4 + member.size()),
        }
    }

    pub(in crate::schema) fn is_nested(&self) -> bool {
        matches!(self, Self::Array(_) | Self::Object(_))
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
        let mut found =
            Self { all: Vec::new(), texts: Vec::new(), shorts: Vec::new(), longs: Vec::new(), others: Vec::new() };
        for (index, constant) in all.iter().enumerate() {
            match constant {
                Constant::Text(_) => found.texts.push(index),
                Constant::Number(token) => match ShortNumber::of(token) {
                    Some(short) => found.shorts.push(short),
                    None => found.longs.push(index),
                },
                Constant::Null | Constant::Boolean(_) | Constant::Array(_) | Constant::Object(_) => {
                    found.others.push(index);
                }
            }
        }
        found.texts.sort_unstable_by_key(|index| text(&all, *index));
        found.shorts.sort_unstable();
        Self { all, ..found }
    }

    /// Whether a value equals one of them.
    pub(in crate::schema) fn contain(&self, value: Branch<'_>) -> bool {
        if let Some(found) = value.text() {
            return self.texts.binary_search_by(|index| text(&self.all, *index).cmp(found)).is_ok();
        }
        let any = |indices: &[usize], is_equal: &dyn Fn(&Constant) -> bool| {
            indices.iter().filter_map(|index| self.all.get(*index)).any(is_equal)
        };
        let Some(token) = value.number_token() else { return any(&self.others, &|expected| expected.equals(value)) };
        match ShortNumber::of(token) {
            Some(short) => self.shorts.binary_search(&short).is_ok(),
            None if self.longs.is_empty() => false,
            None => {
                // A long number is read once, however many there are.
                let found = Number::of(token);
                any(
                    &self.longs,
                    &|expected| matches!(expected, Constant::Number(number) if Number::of(number) == found),
                )
            }
        }
    }

    /// What looking for a value costs.
    pub(in crate::schema) fn cost(&self) -> Looked {
        let all = |indices: &[usize]| {
            indices.iter().filter_map(|index| self.all.get(*index)).map(Constant::size).sum::<u64>()
        };
        let is_nested = |index: &&usize| self.all.get(**index).is_some_and(Constant::is_nested);
        Looked {
            sorted: self.texts.len().max(self.shorts.len()).max(1),
            others: all(&self.longs).max(all(&self.others)),
            compared: count(self.others.iter().filter(is_nested).count()),
        }
    }
}

fn text(all: &[Constant], index: usize) -> &str {
    match all.get(index) {
        Some(Constant::Text(text)) => text,
        _ => "",
    }
}
