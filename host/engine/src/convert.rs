//! From the text of a JSON value to the value of a column: exactly, or not at all.
//!
//! Every function here takes a token that a [scan](crate::json::scan) has accepted, so none of them checks its syntax again;
//! a token that is not valid JSON gives some value or none, and never panics.

use jurat_model::Kind;
use jurat_model::columns::{ColumnBuilder, TextTooLong};

use crate::json::raw_text;
use crate::rounding::Rounding;

mod calendar;
mod number;
mod problem;

pub use calendar::{date, timestamp};
pub use number::{MAX_SCALE, MAX_UNITS, decimal, integer, number, rounded_decimal};
pub use problem::Problem;

/// The outcome of a conversion.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Conversion {
    /// The column has it.
    Present,
    /// There is none: `null`, or the empty string where a date or a timestamp is asked for.
    Absent,
    /// It is not of the kind that was asked for; the column has an absent row.
    WrongKind,
}

/// Adds the value of `token` to a column of the given kind.
///
/// The kinds `date` and `timestamp` read the token as a date and as a timestamp; that the field map says so has been checked
/// before. `buffer` is only used for strings with escapes.
#[inline]
pub fn push(column: &mut ColumnBuilder, kind: Kind, token: &str, buffer: &mut String) -> Conversion {
    if token == "null" || (matches!(kind, Kind::Date | Kind::Timestamp) && token == "\"\"") {
        column.push_absent();
        return Conversion::Absent;
    }
    let is_present = match kind {
        Kind::Boolean => boolean(token).map(|value| column.push_boolean(value)),
        Kind::Integer => integer(token).map(|value| column.push_integer(value)),
        Kind::Number => number(token).map(|value| column.push_number(value)),
        Kind::Decimal => decimal(token).map(|(units, scale)| column.push_decimal(units, scale)),
        Kind::Date => date(token).map(|days| column.push_date(days)),
        Kind::Timestamp => timestamp(token).map(|microseconds| column.push_timestamp(microseconds)),
        // A column whose texts would exceed 4 GiB adds the absent row itself.
        Kind::Text => match text(token, buffer) {
            Some(text) => return pushed(column.push_text(text)),
            None => None,
        },
        Kind::Json => return pushed(column.push_text(token)),
    };
    if is_present.is_some() {
        return Conversion::Present;
    }
    column.push_absent();
    Conversion::WrongKind
}

/// Adds the value of `token` to a column of the kind `decimal`, rounded if it has too many places.
pub fn push_rounded(column: &mut ColumnBuilder, token: &str, rounding: Rounding) -> Conversion {
    let (value, outcome) = match token {
        "null" => (None, Conversion::Absent),
        token => (rounded_decimal(token, rounding), Conversion::WrongKind),
    };
    let Some((units, scale)) = value else {
        column.push_absent();
        return outcome;
    };
    column.push_decimal(units, scale);
    Conversion::Present
}

/// The boolean that a token is.
#[must_use]
pub fn boolean(token: &str) -> Option<bool> {
    match token {
        "true" => Some(true),
        "false" => Some(false),
        _ => None,
    }
}

/// The unescaped text of a string. `buffer` holds it where the token has escapes.
#[must_use]
pub fn text<'a>(token: &'a str, buffer: &'a mut String) -> Option<&'a str> {
    let raw = raw_text(token)?;
    if !raw.as_bytes().contains(&b'\\') {
        return Some(raw);
    }
    buffer.clear();
    crate::json::unescape_into(raw, buffer);
    Some(buffer)
}

fn pushed(pushed: Result<(), TextTooLong>) -> Conversion {
    if pushed.is_ok() { Conversion::Present } else { Conversion::WrongKind }
}

#[cfg(test)]
mod tests;
