//! Columns, row by row.

use std::borrow::Cow;

use thiserror::Error;

use super::column::{Column, Decimals, Texts, Values};
use crate::declaration::Kind;

/// A column under construction. Every call adds one row.
///
/// A value of another kind than the column's is added as an absent row. The caller has chosen the kind, so only a bug can cause
/// that.
#[derive(Debug)]
pub struct ColumnBuilder {
    values: Building,
    rows: usize,
    /// Empty until the first absent row: most columns have none.
    present: Vec<u8>,
}

/// The texts of one column exceed 4 GiB.
#[derive(Clone, Copy, Debug, Eq, Error, PartialEq)]
#[error("the texts of one column exceed 4 GiB")]
pub struct TextTooLong;

#[derive(Debug)]
enum Building {
    Booleans(Vec<u8>),
    Integers(Vec<i64>),
    Numbers(Vec<f64>),
    Decimals { units: Vec<i64>, high: Option<Vec<i64>>, scales: Vec<u8> },
    Dates(Vec<i32>),
    Timestamps(Vec<i64>),
    Texts { offsets: Vec<u32>, bytes: Vec<u8> },
}

impl ColumnBuilder {
    /// An empty column with capacity for `rows` rows.
    #[must_use]
    pub fn new(kind: Kind, rows: usize) -> Self {
        let values = match kind {
            Kind::Boolean => Building::Booleans(Vec::with_capacity(rows)),
            Kind::Integer => Building::Integers(Vec::with_capacity(rows)),
            Kind::Number => Building::Numbers(Vec::with_capacity(rows)),
            Kind::Decimal => {
                Building::Decimals { units: Vec::with_capacity(rows), high: None, scales: Vec::with_capacity(rows) }
            }
            Kind::Date => Building::Dates(Vec::with_capacity(rows)),
            Kind::Timestamp => Building::Timestamps(Vec::with_capacity(rows)),
            Kind::Text | Kind::Json => {
                let mut offsets = Vec::with_capacity(rows + 1);
                offsets.push(0);
                Building::Texts { offsets, bytes: Vec::new() }
            }
        };
        Self { values, rows: 0, present: Vec::new() }
    }

    /// How many rows there are.
    #[must_use]
    pub fn rows(&self) -> usize {
        self.rows
    }

    /// Adds a row without a value.
    pub fn push_absent(&mut self) {
        match &mut self.values {
            Building::Booleans(values) => values.push(0),
            Building::Integers(values) | Building::Timestamps(values) => values.push(0),
            Building::Numbers(values) => values.push(0.0),
            Building::Decimals { units, high, scales } => {
                units.push(0);
                scales.push(0);
                if let Some(high) = high {
                    high.push(0);
                }
            }
            Building::Dates(values) => values.push(0),
            Building::Texts { offsets, .. } => offsets.push(offsets.last().copied().unwrap_or(0)),
        }
        if self.present.is_empty() {
            self.present = vec![0xff; self.rows / 8];
            if !self.rows.is_multiple_of(8) {
                self.present.push((1 << (self.rows % 8)) - 1);
            }
        }
        self.end_row(false);
    }

    /// Adds a boolean.
    pub fn push_boolean(&mut self, value: bool) {
        match &mut self.values {
            Building::Booleans(values) => values.push(u8::from(value)),
            _ => return self.push_absent(),
        }
        self.end_row(true);
    }

    /// Adds a whole number.
    pub fn push_integer(&mut self, value: i64) {
        match &mut self.values {
            Building::Integers(values) => values.push(value),
            _ => return self.push_absent(),
        }
        self.end_row(true);
    }

    /// Adds a float, which must be finite.
    pub fn push_number(&mut self, value: f64) {
        match &mut self.values {
            Building::Numbers(values) if value.is_finite() => values.push(value),
            _ => return self.push_absent(),
        }
        self.end_row(true);
    }

    /// Adds the decimal `units` / 10^`scale`.
    pub fn push_decimal(&mut self, value: i128, scale: u8) {
        let Building::Decimals { units, high, scales } = &mut self.values else { return self.push_absent() };
        let (top, low) = halves(value);
        if high.is_none() && i64::try_from(value).is_err() {
            *high = Some(units.iter().map(|&value| halves(i128::from(value)).0).collect());
        }
        if let Some(high) = high {
            high.push(top);
        }
        units.push(low);
        scales.push(scale);
        self.end_row(true);
    }

    /// Adds a date, as days since 1970-01-01.
    pub fn push_date(&mut self, days: i32) {
        match &mut self.values {
            Building::Dates(values) => values.push(days),
            _ => return self.push_absent(),
        }
        self.end_row(true);
    }

    /// Adds a timestamp, as microseconds since 1970-01-01T00:00:00Z.
    pub fn push_timestamp(&mut self, microseconds: i64) {
        match &mut self.values {
            Building::Timestamps(values) => values.push(microseconds),
            _ => return self.push_absent(),
        }
        self.end_row(true);
    }

    /// Adds a text, or a JSON value as text.
    ///
    /// # Errors
    /// When the texts of the column would exceed 4 GiB; the row is then absent.
    pub fn push_text(&mut self, text: &str) -> Result<(), TextTooLong> {
        let Building::Texts { offsets, bytes } = &mut self.values else {
            self.push_absent();
            return Ok(());
        };
        let Ok(end) = u32::try_from(bytes.len() + text.len()) else {
            self.push_absent();
            return Err(TextTooLong);
        };
        bytes.extend_from_slice(text.as_bytes());
        offsets.push(end);
        self.end_row(true);
        Ok(())
    }

    /// The column.
    #[must_use]
    pub fn finish(self) -> Column<'static> {
        let values = match self.values {
            Building::Booleans(values) => Values::Booleans(Cow::Owned(values)),
            Building::Integers(values) => Values::Integers(Cow::Owned(values)),
            Building::Numbers(values) => Values::Numbers(Cow::Owned(values)),
            Building::Decimals { units, high, scales } => Values::Decimals(Decimals {
                units: Cow::Owned(units),
                high: high.map(Cow::Owned),
                scales: Cow::Owned(scales),
            }),
            Building::Dates(values) => Values::Dates(Cow::Owned(values)),
            Building::Timestamps(values) => Values::Timestamps(Cow::Owned(values)),
            Building::Texts { offsets, bytes } => {
                Values::Texts(Texts { offsets: Cow::Owned(offsets), bytes: Cow::Owned(bytes) })
            }
        };
        Column { values, present: (!self.present.is_empty()).then_some(Cow::Owned(self.present)) }
    }

    fn end_row(&mut self, is_present: bool) {
        let row = self.rows;
        self.rows += 1;
        if is_present && self.present.is_empty() {
            return;
        }
        if row.is_multiple_of(8) {
            self.present.push(0);
        }
        if let Some(byte) = self.present.last_mut() {
            *byte |= u8::from(is_present) << (row % 8);
        }
    }
}

/// The high and the low 64 bits.
#[expect(clippy::cast_possible_truncation, reason = "splitting is the point")]
fn halves(value: i128) -> (i64, i64) {
    ((value >> 64) as i64, value as i64)
}
