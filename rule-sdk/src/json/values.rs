//! How the types of rules are read inside of JSON: exactly, or not at all.
//!
//! `serde_json` gives a number that is not an integer as a float, which has rounded it. So a decimal asks for the text of the number, as
//! `serde_json::value::RawValue` does. Only `serde_json` itself gives that, and only where it reads a text. Where `serde` stores values
//! before it knows their type (`flatten`, `untagged` and tagged enums), and in a `serde_json::Value`, the float is all that is left; there
//! a number with a fraction is an error.

use std::fmt;
use std::marker::PhantomData;
use std::str::FromStr;

use serde::de::{Deserialize, Deserializer, Error, MapAccess, Unexpected, Visitor};

use super::Text;
use crate::{Date, Decimal, Timestamp};

/// The name by which `serde_json` knows that the text of a value is wanted. If it knew another name, every number with a fraction would be
/// an error, and tests would notice.
const RAW_VALUE: &str = "$serde_json::private::RawValue";

impl<'de> Deserialize<'de> for Decimal {
    /// Reads a JSON number; see [`Json`](crate::Json).
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_newtype_struct(RAW_VALUE, Number)
    }
}

/// Reads a decimal of a number.
struct Number;

impl<'de> Visitor<'de> for Number {
    type Value = Decimal;

    fn expecting(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("a decimal number of at most 28 places, and of at most 96 bits without its point")
    }

    /// The text of the value, of `serde_json`.
    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Decimal, A::Error> {
        if map.next_key::<&str>()? != Some(RAW_VALUE) {
            return Err(A::Error::invalid_type(Unexpected::Map, &self));
        }
        // INVARIANT: borrowed from the text that is read. What is not borrowed has been written again, of a float.
        let token = map.next_value::<&'de str>()?;
        token.parse().map_err(|_| match token.as_bytes().first() {
            Some(b'"') => A::Error::custom(format_args!(
                "invalid type: string, expected {}; a text is read as `Text<Decimal>`",
                Expected(&self)
            )),
            _ => A::Error::invalid_value(Unexpected::Other("another value"), &self),
        })
    }

    /// A value that `serde` has stored.
    fn visit_newtype_struct<D: Deserializer<'de>>(self, stored: D) -> Result<Decimal, D::Error> {
        stored.deserialize_any(self)
    }

    fn visit_i64<E: Error>(self, value: i64) -> Result<Decimal, E> {
        Ok(value.into())
    }

    fn visit_u64<E: Error>(self, value: u64) -> Result<Decimal, E> {
        Ok(value.into())
    }

    fn visit_f64<E: Error>(self, _: f64) -> Result<Decimal, E> {
        Err(E::custom(
            "a decimal with a fraction cannot be read inside of `flatten`, an untagged or a tagged enum or a `Value`, where a float has \
             rounded it: declare the field in the struct itself, or read it as a text",
        ))
    }
}

/// What a visitor expects, in words.
struct Expected<'a, V>(&'a V);

impl<'de, V: Visitor<'de>> fmt::Display for Expected<'_, V> {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.expecting(out)
    }
}

impl<'de> Deserialize<'de> for Date {
    /// Reads a text `2024-02-29`, of the years 1 to 9999.
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let date: Self = deserializer.deserialize_str(OfText("a date such as \"2024-02-29\"", PhantomData))?;
        let is_common = (1..=9999).contains(&date.year());
        if is_common { Ok(date) } else { Err(D::Error::custom("a date before the year 1")) }
    }
}

impl<'de> Deserialize<'de> for Timestamp {
    /// Reads a text `2024-02-29T13:45:00Z`, with `Z` or an offset, as field maps do with `str_to_datetime`.
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer
            .deserialize_str(OfText("a timestamp such as \"2024-02-29T13:45:00Z\", with `Z` or an offset", PhantomData))
    }
}

impl<'de, T: FromStr> Deserialize<'de> for Text<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_str(OfText("a text that says such a value", PhantomData)).map(Self)
    }
}

/// Reads a value of a text.
struct OfText<T>(&'static str, PhantomData<T>);

impl<T: FromStr> Visitor<'_> for OfText<T> {
    type Value = T;

    fn expecting(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(self.0)
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<T, E> {
        text.parse().map_err(|_| E::invalid_value(Unexpected::Other("another text"), &self))
    }
}
