//! Sets of the types of JSON Schema.

use crate::json::{Branch, Kind, Number};

/// A set of types.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub(in crate::schema) struct Types(u8);

/// The types, each at the place of its bit.
const NAMES: [&str; 7] = ["null", "boolean", "object", "array", "number", "string", "integer"];
const NUMBER: u8 = 1 << 4;
const INTEGER: u8 = 1 << 6;

impl Types {
    /// Adds a type; false if there is none of that name.
    pub(in crate::schema) fn add(&mut self, name: &str) -> bool {
        let place = NAMES.iter().position(|known| *known == name);
        self.0 |= place.map_or(0, |place| 1 << place);
        place.is_some()
    }

    /// Whether a value is of one of the types.
    #[inline]
    pub(in crate::schema) fn contains(self, value: Branch<'_>) -> bool {
        let bit = match value.kind() {
            Kind::Null => 1,
            Kind::False | Kind::True => 1 << 1,
            Kind::Object | Kind::IndexedObject => 1 << 2,
            Kind::Array => 1 << 3,
            Kind::Number => return self.contains_number(value),
            Kind::Text | Kind::EscapedText => 1 << 5,
        };
        self.0 & bit != 0
    }

    fn contains_number(self, value: Branch<'_>) -> bool {
        self.0 & NUMBER != 0 || self.0 & INTEGER != 0 && value.number_token().is_some_and(is_whole)
    }

    /// The names, in a fixed order.
    pub(in crate::schema) fn names(self) -> impl Iterator<Item = &'static str> {
        (0..).zip(NAMES).filter_map(move |(place, name)| (self.0 & 1 << place != 0).then_some(name))
    }
}

fn is_whole(token: &str) -> bool {
    let has_parts = token.bytes().any(|byte| matches!(byte, b'.' | b'e' | b'E'));
    !has_parts || Number::of(token).is_whole()
}
