//! The types that a field of inputs may have, and how each is read from its column.
//!
//! `#[derive(Inputs)]` uses all of this; authors of rules need none of it.
//!
//! A column is checked once, as a whole. Reading a row is then a load or two from slices and cannot fail but for [`Json`](crate::Json).

use crate::columns::{Column, Decimals, Texts, Values};
use crate::{Date, Decimal, Kind, Timestamp};

/// A type that a field of inputs may have: `bool`, `i64`, `f64`, [`Decimal`], `&str`, `String`, [`Date`], [`Timestamp`],
/// [`Json`](crate::Json), or an `Option` of one of them.
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be the type of an input",
    label = "not the type of an input",
    note = "an input is a `bool`, `i64`, `f64`, `Decimal`, `&str`, `String`, `Date`, `Timestamp`, `Json<T>` or an `Option` of one of them"
)]
pub trait Field<'a>: Sized {
    /// The kind that the host converts the value to.
    const KIND: Kind;
    /// Whether rows without a value are kept from the rule.
    const REQUIRED: bool = true;
    /// A column of it, checked.
    type Column;

    /// Checks a column of `rows` rows, all of which need a value.
    ///
    /// # Errors
    /// With what is wrong with the column.
    fn column(column: &Column<'a>, rows: usize) -> Result<Self::Column, String>;

    /// The value in a row; a default for a row outside of the column.
    ///
    /// # Errors
    /// When the value, though of the right kind, is not what the rule asks for.
    fn read(column: &Self::Column, row: usize) -> Result<Self, Unreadable>;
}

/// A value is not what the rule asks for: JSON that cannot be read as the `T` of a [`Json<T>`](crate::Json).
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Unreadable {
    pub(crate) reason: Box<str>,
}

/// A column of which some rows may have no value.
#[derive(Clone, Copy, Debug)]
pub struct Sparse<'a, C> {
    values: C,
    present: Option<&'a [u8]>,
}

/// A column of texts that is known to be UTF-8.
#[derive(Clone, Copy, Debug)]
pub struct CheckedTexts<'a> {
    offsets: &'a [u32],
    text: &'a str,
}

/// Implements [`Field`] for a type whose column is a slice.
macro_rules! field {
    ($type:ty, $kind:ident, $values:ident, $item:ty, $read:expr) => {
        impl<'a> Field<'a> for $type {
            const KIND: Kind = Kind::$kind;
            type Column = &'a [$item];

            fn column(column: &Column<'a>, rows: usize) -> Result<Self::Column, String> {
                all_present(column, rows)?;
                let Values::$values(values) = column.values else { return Err(unexpected(Self::KIND, column)) };
                has_rows(values.len(), rows)?;
                Ok(values)
            }

            #[inline(always)]
            fn read(column: &Self::Column, row: usize) -> Result<Self, Unreadable> {
                Ok($read(column.get(row).copied().unwrap_or_default()))
            }
        }
    };
}

field!(bool, Boolean, Booleans, u8, |value| value != 0);
field!(i64, Integer, Integers, i64, |value| value);
field!(f64, Number, Numbers, f64, |value| value);
field!(Date, Date, Dates, i32, Date::from_days);
field!(Timestamp, Timestamp, Timestamps, i64, Timestamp::from_microseconds);

impl<'a> Field<'a> for Decimal {
    const KIND: Kind = Kind::Decimal;
    type Column = Decimals<'a>;

    fn column(column: &Column<'a>, rows: usize) -> Result<Self::Column, String> {
        all_present(column, rows)?;
        let Values::Decimals(decimals) = column.values else { return Err(unexpected(Self::KIND, column)) };
        has_rows(decimals.units.len(), rows)?;
        has_rows(decimals.scales.len(), rows)?;
        if decimals.scales.iter().any(|&scale| u32::from(scale) > Self::MAX_SCALE) {
            return Err("a decimal has more than 28 places".to_owned());
        }
        if let Some(high) = decimals.high {
            has_rows(high.len(), rows)?;
            let is_too_large = |(&high, &units)| joined(high, units).unsigned_abs() >> 96 != 0;
            if high.iter().zip(decimals.units).any(is_too_large) {
                return Err("a decimal has more than 96 bits".to_owned());
            }
        }
        Ok(decimals)
    }

    #[inline(always)]
    #[expect(clippy::cast_possible_truncation, reason = "the number is cut into its words")]
    fn read(column: &Self::Column, row: usize) -> Result<Self, Unreadable> {
        let units = column.units.get(row).copied().unwrap_or_default();
        let scale = u32::from(column.scales.get(row).copied().unwrap_or_default()).min(Self::MAX_SCALE);
        let Some(high) = column.high else {
            let magnitude = units.unsigned_abs();
            return Ok(Self::from_parts(magnitude as u32, (magnitude >> 32) as u32, 0, units < 0, scale));
        };
        let units = joined(high.get(row).copied().unwrap_or_default(), units);
        let magnitude = units.unsigned_abs();
        let [low, middle, top] = [magnitude as u32, (magnitude >> 32) as u32, (magnitude >> 64) as u32];
        Ok(Self::from_parts(low, middle, top, units < 0, scale))
    }
}

impl<'a> Field<'a> for &'a str {
    const KIND: Kind = Kind::Text;
    type Column = CheckedTexts<'a>;

    fn column(column: &Column<'a>, rows: usize) -> Result<Self::Column, String> {
        texts(Self::KIND, column, rows)
    }

    #[inline(always)]
    fn read(column: &Self::Column, row: usize) -> Result<Self, Unreadable> {
        Ok(column.row(row))
    }
}

impl<'a> Field<'a> for String {
    const KIND: Kind = Kind::Text;
    type Column = CheckedTexts<'a>;

    fn column(column: &Column<'a>, rows: usize) -> Result<Self::Column, String> {
        texts(Self::KIND, column, rows)
    }

    #[inline]
    fn read(column: &Self::Column, row: usize) -> Result<Self, Unreadable> {
        Ok(column.row(row).to_owned())
    }
}

impl<'a, T: Field<'a>> Field<'a> for Option<T> {
    const KIND: Kind = T::KIND;
    const REQUIRED: bool = false;
    type Column = Sparse<'a, T::Column>;

    fn column(column: &Column<'a>, rows: usize) -> Result<Self::Column, String> {
        const { assert!(T::REQUIRED, "an `Option` of an `Option` says nothing that one `Option` does not") };
        let present = column.present;
        if present.is_some_and(|bits| bits.len() < rows.div_ceil(8)) {
            return Err(format!("its validity bitmap is too short for {rows} rows"));
        }
        Ok(Sparse { values: T::column(&Column { present: None, ..*column }, rows)?, present })
    }

    #[inline(always)]
    fn read(column: &Self::Column, row: usize) -> Result<Self, Unreadable> {
        let is_present = column.present.is_none_or(|bits| is_set(bits, row));
        if is_present { T::read(&column.values, row).map(Some) } else { Ok(None) }
    }
}

impl<'a> CheckedTexts<'a> {
    /// The text of a row, empty for a row outside of the column.
    #[inline(always)]
    pub(crate) fn row(&self, row: usize) -> &'a str {
        let Some(&[start, end]) = self.offsets.get(row..).and_then(<[u32]>::first_chunk) else { return "" };
        self.text.get(start as usize..end as usize).unwrap_or_default()
    }
}

/// Checks a column of texts.
pub(crate) fn texts<'a>(kind: Kind, column: &Column<'a>, rows: usize) -> Result<CheckedTexts<'a>, String> {
    all_present(column, rows)?;
    let Values::Texts(Texts { offsets, bytes }) = column.values else { return Err(unexpected(kind, column)) };
    has_rows(offsets.len(), rows.saturating_add(1))?;
    let text = str::from_utf8(bytes).map_err(|_| "its text is not UTF-8".to_owned())?;
    let rises = offsets.is_sorted();
    let spans = offsets.first() == Some(&0) && offsets.last().is_some_and(|&end| end as usize == bytes.len());
    let splits = offsets.iter().any(|&offset| !text.is_char_boundary(offset as usize));
    if !rises || !spans || splits {
        return Err("its offsets do not fit its text".to_owned());
    }
    Ok(CheckedTexts { offsets, text })
}

/// A required input has a value in every row: the host judges the others without asking.
fn all_present(column: &Column<'_>, rows: usize) -> Result<(), String> {
    let Some(bits) = column.present else { return Ok(()) };
    let whole_bytes = bits.get(..rows / 8).is_some_and(|bytes| bytes.iter().all(|&byte| byte == 0xff));
    let all = whole_bytes && (rows / 8 * 8..rows).all(|row| is_set(bits, row));
    if all { Ok(()) } else { Err("it is required, and a row has no value".to_owned()) }
}

fn has_rows(found: usize, expected: usize) -> Result<(), String> {
    if found == expected { Ok(()) } else { Err(format!("it has {found} entries instead of {expected}")) }
}

fn unexpected(kind: Kind, column: &Column<'_>) -> String {
    format!("it is declared as {kind} and holds {}", column.values.name())
}

#[inline(always)]
fn is_set(bits: &[u8], row: usize) -> bool {
    bits.get(row / 8).is_some_and(|byte| byte >> (row % 8) & 1 == 1)
}

/// The 128-bit integer of two halves.
#[inline(always)]
fn joined(high: i64, low: i64) -> i128 {
    i128::from(high) << 64 | i128::from(low.cast_unsigned())
}
