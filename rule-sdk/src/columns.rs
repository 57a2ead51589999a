//! Records as columns: what a rule is given to judge.
//!
//! Authors never see these types; `#[derive(Inputs)]` reads them. They are public so that a program which has linked a package
//! of rules natively can run it, and so that tests can. Everything is borrowed: a batch is laid over memory, never copied.

/// Records to judge: columns of equal length, in the order of the rule's inputs.
#[derive(Clone, Debug, PartialEq)]
pub struct Batch<'a> {
    /// How many rows every column has.
    pub rows: u32,
    /// The columns.
    pub columns: Vec<Column<'a>>,
}

/// One input over all rows.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Column<'a> {
    /// One value for each row; zero or an empty text for a row without one.
    pub values: Values<'a>,
    /// Bit `row % 8` of byte `row / 8` says whether the row has a value; none = all rows have one.
    pub present: Option<&'a [u8]>,
}

/// The values of a column.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Values<'a> {
    /// 0 or 1.
    Booleans(&'a [u8]),
    /// Whole numbers.
    Integers(&'a [i64]),
    /// Finite floats.
    Numbers(&'a [f64]),
    /// Exact decimals.
    Decimals(Decimals<'a>),
    /// Days since 1970-01-01.
    Dates(&'a [i32]),
    /// Microseconds since 1970-01-01T00:00:00Z.
    Timestamps(&'a [i64]),
    /// Texts, and JSON as text.
    Texts(Texts<'a>),
}

/// Exact decimals: value `i` is the 128-bit integer `high[i]:units[i]`, divided by ten `scales[i]` times.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Decimals<'a> {
    /// The low 64 bits; the whole integer, signed, where `high` is none.
    pub units: &'a [i64],
    /// The high 64 bits, signed; none = all values fit `units`.
    pub high: Option<&'a [i64]>,
    /// Places after the decimal point, at most 28.
    pub scales: &'a [u8],
}

/// Texts, laid end to end: text `i` is `bytes[offsets[i]..offsets[i + 1]]`.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Texts<'a> {
    /// One more than there are rows; the first is 0, none is less than the one before.
    pub offsets: &'a [u32],
    /// UTF-8.
    pub bytes: &'a [u8],
}

impl Values<'_> {
    /// What the values are, for messages.
    pub(crate) fn name(&self) -> &'static str {
        match self {
            Self::Booleans(_) => "booleans",
            Self::Integers(_) => "integers",
            Self::Numbers(_) => "numbers",
            Self::Decimals(_) => "decimals",
            Self::Dates(_) => "dates",
            Self::Timestamps(_) => "timestamps",
            Self::Texts(_) => "texts",
        }
    }
}
