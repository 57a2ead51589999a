//! Columns and the batches that they make up.

use std::borrow::Cow;
use std::ops::Range;

use crate::declaration::Kind;

/// Records to judge: columns of equal length, in the order of the rule's inputs.
#[derive(Clone, Debug, PartialEq)]
pub struct Batch<'a> {
    /// How many rows every column has.
    pub rows: u32,
    /// The columns.
    pub columns: Vec<Column<'a>>,
}

impl Batch<'_> {
    /// The rows of `range`, which must lie inside the batch; rows beyond it are left out.
    #[must_use]
    pub fn slice(&self, range: Range<u32>) -> Batch<'_> {
        let range = range.start.min(self.rows)..range.end.min(self.rows);
        Batch {
            rows: range.end.saturating_sub(range.start),
            columns: self.columns.iter().map(|column| column.slice(range.clone())).collect(),
        }
    }
}

/// One input over all rows.
#[derive(Clone, Debug, PartialEq)]
pub struct Column<'a> {
    /// One value for each row.
    pub values: Values<'a>,
    /// Bit `row % 8` of byte `row / 8` says whether the row has a value; none = all rows have one.
    pub present: Option<Cow<'a, [u8]>>,
}

/// The values of a column.
#[derive(Clone, Debug, PartialEq)]
pub enum Values<'a> {
    /// 0 or 1.
    Booleans(Cow<'a, [u8]>),
    /// Whole numbers.
    Integers(Cow<'a, [i64]>),
    /// Finite floats.
    Numbers(Cow<'a, [f64]>),
    /// Exact decimals.
    Decimals(Decimals<'a>),
    /// Days since 1970-01-01.
    Dates(Cow<'a, [i32]>),
    /// Microseconds since 1970-01-01T00:00:00Z.
    Timestamps(Cow<'a, [i64]>),
    /// Texts, and JSON as text.
    Texts(Texts<'a>),
}

/// Exact decimals: value `i` is the 128-bit integer `high[i]:units[i]`, divided by ten `scales[i]` times.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Decimals<'a> {
    /// The low 64 bits; the whole integer, signed, where `high` is none.
    pub units: Cow<'a, [i64]>,
    /// The high 64 bits, signed; none = all values fit `units`.
    pub high: Option<Cow<'a, [i64]>>,
    /// Places after the decimal point.
    pub scales: Cow<'a, [u8]>,
}

/// Texts, laid end to end: text `i` is `bytes[offsets[i]..offsets[i + 1]]`.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Texts<'a> {
    /// One more than there are rows; the first is 0.
    pub offsets: Cow<'a, [u32]>,
    /// UTF-8.
    pub bytes: Cow<'a, [u8]>,
}

impl Column<'_> {
    /// Whether `row` has a value; a row outside of the column has none.
    #[must_use]
    pub fn is_present(&self, row: u32) -> bool {
        self.present.as_ref().is_none_or(|bits| bit(bits, row))
    }

    /// The same column, borrowed.
    #[must_use]
    pub fn borrowed(&self) -> Column<'_> {
        Column { values: self.values.borrowed(), present: self.present.as_deref().map(Cow::Borrowed) }
    }

    /// The rows of `range`; rows beyond the column are left out.
    #[must_use]
    pub fn slice(&self, range: Range<u32>) -> Column<'_> {
        Column {
            values: self.values.slice(&range),
            present: self.present.as_deref().map(|bits| slice_bits(bits, range)),
        }
    }

    /// The given rows, in the given order; rows outside of the column become absent.
    #[must_use]
    pub fn select(&self, rows: &[u32]) -> Column<'static> {
        Column {
            values: self.values.select(rows),
            present: self.present.as_deref().map(|bits| pack_bits(rows.iter().map(|&row| bit(bits, row)))),
        }
    }

    /// How many bytes the column takes inside a rule's memory.
    #[must_use]
    pub fn size(&self) -> usize {
        let values = match &self.values {
            Values::Booleans(values) => values.len(),
            Values::Integers(values) | Values::Timestamps(values) => size_of_val(&**values),
            Values::Numbers(values) => size_of_val(&**values),
            Values::Decimals(Decimals { units, high, scales }) => {
                size_of_val(&**units) + high.as_deref().map_or(0, size_of_val) + scales.len()
            }
            Values::Dates(values) => size_of_val(&**values),
            Values::Texts(Texts { offsets, bytes }) => size_of_val(&**offsets) + bytes.len(),
        };
        values + self.present.as_ref().map_or(0, |bits| bits.len())
    }
}

impl Values<'_> {
    /// Whether the values are of the given kind.
    #[must_use]
    pub fn are(&self, kind: Kind) -> bool {
        match self {
            Self::Booleans(_) => kind == Kind::Boolean,
            Self::Integers(_) => kind == Kind::Integer,
            Self::Numbers(_) => kind == Kind::Number,
            Self::Decimals(_) => kind == Kind::Decimal,
            Self::Dates(_) => kind == Kind::Date,
            Self::Timestamps(_) => kind == Kind::Timestamp,
            Self::Texts(_) => matches!(kind, Kind::Text | Kind::Json),
        }
    }

    fn borrowed(&self) -> Values<'_> {
        match self {
            Self::Booleans(values) => Values::Booleans(Cow::Borrowed(values)),
            Self::Integers(values) => Values::Integers(Cow::Borrowed(values)),
            Self::Numbers(values) => Values::Numbers(Cow::Borrowed(values)),
            Self::Decimals(Decimals { units, high, scales }) => Values::Decimals(Decimals {
                units: Cow::Borrowed(units),
                high: high.as_deref().map(Cow::Borrowed),
                scales: Cow::Borrowed(scales),
            }),
            Self::Dates(values) => Values::Dates(Cow::Borrowed(values)),
            Self::Timestamps(values) => Values::Timestamps(Cow::Borrowed(values)),
            Self::Texts(Texts { offsets, bytes }) => {
                Values::Texts(Texts { offsets: Cow::Borrowed(offsets), bytes: Cow::Borrowed(bytes) })
            }
        }
    }

    fn slice(&self, range: &Range<u32>) -> Values<'_> {
        match self {
            Self::Booleans(values) => Values::Booleans(cut(values, range)),
            Self::Integers(values) => Values::Integers(cut(values, range)),
            Self::Numbers(values) => Values::Numbers(cut(values, range)),
            Self::Decimals(Decimals { units, high, scales }) => Values::Decimals(Decimals {
                units: cut(units, range),
                high: high.as_deref().map(|high| cut(high, range)),
                scales: cut(scales, range),
            }),
            Self::Dates(values) => Values::Dates(cut(values, range)),
            Self::Timestamps(values) => Values::Timestamps(cut(values, range)),
            Self::Texts(texts) => Values::Texts(texts.slice(range)),
        }
    }

    fn select(&self, rows: &[u32]) -> Values<'static> {
        match self {
            Self::Booleans(values) => Values::Booleans(pick(values, rows)),
            Self::Integers(values) => Values::Integers(pick(values, rows)),
            Self::Numbers(values) => Values::Numbers(pick(values, rows)),
            Self::Decimals(Decimals { units, high, scales }) => Values::Decimals(Decimals {
                units: pick(units, rows),
                high: high.as_deref().map(|high| pick(high, rows)),
                scales: pick(scales, rows),
            }),
            Self::Dates(values) => Values::Dates(pick(values, rows)),
            Self::Timestamps(values) => Values::Timestamps(pick(values, rows)),
            Self::Texts(texts) => Values::Texts(texts.select(rows)),
        }
    }
}

impl Texts<'_> {
    /// The bytes of a row's text; empty for a row outside of the column.
    #[must_use]
    pub fn row(&self, row: u32) -> &[u8] {
        let at = |index: usize| self.offsets.get(index).map(|&offset| offset as usize);
        let index = row as usize;
        let (Some(start), Some(end)) = (at(index), at(index + 1)) else { return &[] };
        self.bytes.get(start..end).unwrap_or_default()
    }

    fn slice(&self, range: &Range<u32>) -> Texts<'_> {
        let offsets = cut(&self.offsets, &(range.start..range.end.saturating_add(1)));
        let (Some(&start), Some(&end)) = (offsets.first(), offsets.last()) else {
            return Texts { offsets: Cow::Owned(vec![0]), bytes: Cow::Borrowed(&[]) };
        };
        Texts {
            bytes: Cow::Borrowed(self.bytes.get(start as usize..end as usize).unwrap_or_default()),
            offsets: if start == 0 { offsets } else { offsets.iter().map(|offset| offset - start).collect() },
        }
    }

    fn select(&self, rows: &[u32]) -> Texts<'static> {
        let mut offsets = Vec::with_capacity(rows.len() + 1);
        let mut bytes = Vec::new();
        let mut end: u32 = 0;
        offsets.push(end);
        for &row in rows {
            let text = self.row(row);
            // A selection may name a row twice, so it can be longer than the column; a text that no longer fits is left empty.
            if let Some(next) = u32::try_from(text.len()).ok().and_then(|length| end.checked_add(length)) {
                bytes.extend_from_slice(text);
                end = next;
            }
            offsets.push(end);
        }
        Texts { offsets: Cow::Owned(offsets), bytes: Cow::Owned(bytes) }
    }
}

fn cut<'a, T: Clone>(values: &'a [T], range: &Range<u32>) -> Cow<'a, [T]> {
    let end = values.len().min(range.end as usize);
    let start = end.min(range.start as usize);
    Cow::Borrowed(values.get(start..end).unwrap_or_default())
}

fn pick<T: Copy + Default>(values: &[T], rows: &[u32]) -> Cow<'static, [T]> {
    rows.iter().map(|&row| values.get(row as usize).copied().unwrap_or_default()).collect()
}

fn bit(bits: &[u8], row: u32) -> bool {
    bits.get((row / 8) as usize).is_some_and(|byte| byte >> (row % 8) & 1 == 1)
}

fn slice_bits(bits: &[u8], range: Range<u32>) -> Cow<'_, [u8]> {
    if range.start.is_multiple_of(8) {
        return cut(bits, &(range.start / 8..range.end.div_ceil(8)));
    }
    Cow::Owned(pack_bits(range.map(|row| bit(bits, row))).into_owned())
}

fn pack_bits(bits: impl Iterator<Item = bool>) -> Cow<'static, [u8]> {
    let mut packed = Vec::with_capacity(bits.size_hint().0.div_ceil(8));
    let mut byte = 0;
    let mut filled = 0;
    for bit in bits {
        byte |= u8::from(bit) << filled;
        filled += 1;
        if filled == 8 {
            packed.push(byte);
            (byte, filled) = (0, 0);
        }
    }
    if filled > 0 {
        packed.push(byte);
    }
    Cow::Owned(packed)
}
