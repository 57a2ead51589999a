//! Values as a record writes them.

use std::borrow::Cow;
use std::fmt;

use rust_decimal::Decimal;
use serde::de::{Deserialize, Deserializer, Error, Visitor};
use serde_json::value::RawValue;

/// A text whose content is read.
#[derive(Debug, serde::Deserialize)]
pub(super) struct Text<'a>(#[serde(borrow)] pub(super) Cow<'a, str>);

/// A text that messages show as the record writes it.
#[derive(Debug)]
pub(super) struct Quoted<'a> {
    pub(super) token: &'a str,
    pub(super) text: Cow<'a, str>,
}

/// A number that messages show as the record writes it. Its value is exact unless it has too many digits.
#[derive(Debug)]
pub(super) struct Number<'a> {
    pub(super) token: &'a str,
    value: Option<Decimal>,
}

/// A text whose content is ignored.
#[derive(Debug)]
pub(super) struct AnyText;

#[derive(Debug)]
pub(super) enum Frequency {
    Known,
    Unknown,
}

/// A value that a rule reads.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Read<T> {
    Is(T),
    Absent,
    /// It has another kind than the rule reads.
    Wrong,
}

impl<T> Read<T> {
    /// The value of an optional field; `None` if it has the wrong kind.
    pub(super) fn known(self) -> Option<Option<T>> {
        match self {
            Self::Is(value) => Some(Some(value)),
            Self::Absent => Some(None),
            Self::Wrong => None,
        }
    }
}

impl Number<'_> {
    pub(super) fn read(number: Option<&Self>) -> Read<Decimal> {
        match number {
            None => Read::Absent,
            Some(number) => number.value.map_or(Read::Wrong, Read::Is),
        }
    }
}

impl Quoted<'_> {
    /// A date as a number that grows from day to day. An empty text counts as absent.
    pub(super) fn day(text: Option<&Self>) -> Read<u32> {
        match text.map(|text| &*text.text) {
            None | Some("") => Read::Absent,
            Some(text) => day(text).map_or(Read::Wrong, Read::Is),
        }
    }
}

impl<'de: 'a, 'a> Deserialize<'de> for Number<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let token = <&RawValue>::deserialize(deserializer)?.get();
        if !token.starts_with(|first: char| first == '-' || first.is_ascii_digit()) {
            return Err(D::Error::custom("expected a number"));
        }
        let value = match token.bytes().any(|byte| matches!(byte, b'e' | b'E')) {
            false => Decimal::from_str_exact(token),
            true => Decimal::from_scientific(token),
        };
        Ok(Self { token, value: value.ok() })
    }
}

impl<'de: 'a, 'a> Deserialize<'de> for Quoted<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let token = <&RawValue>::deserialize(deserializer)?.get();
        let inside = token.strip_prefix('"').and_then(|rest| rest.strip_suffix('"'));
        let text = match inside {
            Some(inside) if !inside.contains('\\') => Cow::Borrowed(inside),
            _ => Cow::Owned(serde_json::from_str(token).map_err(D::Error::custom)?),
        };
        Ok(Self { token, text })
    }
}

impl<'de> Deserialize<'de> for AnyText {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Any;
        impl Visitor<'_> for Any {
            type Value = AnyText;

            fn expecting(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
                out.write_str("a string")
            }

            fn visit_str<E: Error>(self, _: &str) -> Result<AnyText, E> {
                Ok(AnyText)
            }
        }
        deserializer.deserialize_str(Any)
    }
}

impl<'de> Deserialize<'de> for Frequency {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Ok(match &*Text::deserialize(deserializer)?.0 {
            "monthly" | "quarterly" | "annually" | "bullet" => Self::Known,
            _ => Self::Unknown,
        })
    }
}

/// A member that may be missing, but not `null`.
pub(super) fn present<'de, D: Deserializer<'de>, T: Deserialize<'de>>(deserializer: D) -> Result<Option<T>, D::Error> {
    T::deserialize(deserializer).map(Some)
}

/// `^[0-9]{4}-[0-9]{2}-[0-9]{2}$`
pub(super) fn is_written_as_date(text: &str) -> bool {
    parts_of_date(text).is_some()
}

pub(super) fn is_digits(bytes: &[u8]) -> bool {
    bytes.iter().all(u8::is_ascii_digit)
}

fn parts_of_date(text: &str) -> Option<(u32, u32, u32)> {
    let [y0, y1, y2, y3, b'-', m0, m1, b'-', d0, d1] = *text.as_bytes() else { return None };
    let number = |digits: &[u8]| {
        is_digits(digits).then(|| digits.iter().fold(0, |number, digit| number * 10 + u32::from(digit - b'0')))
    };
    Some((number(&[y0, y1, y2, y3])?, number(&[m0, m1])?, number(&[d0, d1])?))
}

fn day(text: &str) -> Option<u32> {
    let (year, month, day) = parts_of_date(text)?;
    let is_leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
    let days = match month {
        2 if is_leap => 29,
        2 => 28,
        4 | 6 | 9 | 11 => 30,
        1..=12 => 31,
        _ => return None,
    };
    (year > 0 && (1..=days).contains(&day)).then_some((year * 12 + month) * 31 + day)
}
