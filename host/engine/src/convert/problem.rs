//! Why a token has no value of a kind, in words.

use std::fmt;

use jurat_model::Kind;

use super::number::{Limit, MAX_SCALE, MAX_UNITS, decimal_limit};
use crate::rounding::Rounding;

/// Why a token has no value of a kind. It is made for a message, so it may take as long as the token is.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Problem {
    kind: Kind,
    /// The limit that a number does not keep, where a decimal is asked for.
    limit: Option<Limit>,
}

impl Problem {
    /// Why [`push`](super::push) says [`WrongKind`](super::Conversion::WrongKind) of this token.
    #[must_use]
    pub fn of(kind: Kind, token: &str, rounding: Option<Rounding>) -> Self {
        Self { kind, limit: if kind == Kind::Decimal { decimal_limit(token, rounding) } else { None } }
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (self.kind, self.limit) {
            (Kind::Boolean, _) => out.write_str("not a boolean: expected `true` or `false`"),
            (Kind::Integer, _) => {
                write!(out, "not an integer: expected a whole JSON number from {} to {}", i64::MIN, i64::MAX)
            }
            (Kind::Number, _) => {
                write!(out, "not a number: expected a JSON number of a magnitude up to {:e}", f64::MAX)
            }
            (Kind::Decimal, None) => out.write_str("not a decimal number"),
            (Kind::Decimal, Some(Limit::Places(places))) => {
                write!(out, "{places} places after the point, and a decimal has at most {MAX_SCALE}")
            }
            (Kind::Decimal, Some(Limit::Digits)) => write!(
                out,
                "too many digits for a decimal: without its sign and point, at most {MAX_UNITS} (96 bits; 28 digits always fit)"
            ),
            (Kind::Text, _) => out.write_str("not text: expected a JSON string"),
            (Kind::Date, _) => {
                out.write_str("not a date: expected a text such as `2024-05-31`, a complete date of ISO 8601 from `0001-01-01` to `9999-12-31`")
            }
            (Kind::Timestamp, _) => out.write_str(
                "not a timestamp: expected a text such as `2024-05-31T12:00:00Z`, with `Z` or an offset, and a year from \
                 0001 to 9999",
            ),
            (Kind::Json, _) => out.write_str("not JSON that fits into a column: at most 4 GiB for all rows"),
        }
    }
}
