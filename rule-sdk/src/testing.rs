//! Rules under `cargo test`, through the loop that also runs in the sandbox.
//!
//! A rule is a function: most tests build its inputs and call it. [`judge`] goes further and runs a rule of a package over rows
//! of named values, as the host would, with columns, gaps and all.
//!
//! ```
//! use jurat_rule::testing::{Row, judge};
//! use jurat_rule::{Decimal, Inputs, Status, Verdict, fail, rule};
//!
//! #[derive(Inputs)]
//! struct Loan {
//!     principal: Decimal,
//!     balance: Option<Decimal>,
//! }
//!
//! #[rule(id = "rule_901_v1", entity = "loan", description = "the balance is within the principal")]
//! fn balance_within_principal(loan: &Loan) -> Verdict {
//!     if loan.balance.is_some_and(|balance| balance > loan.principal) {
//!         return fail!(Loan, "balance is {balance}, expected at most {principal}", on = ["balance"]);
//!     }
//!     Verdict::pass()
//! }
//!
//! jurat_rule::package![balance_within_principal];
//!
//! # fn main() {
//! let verdicts = judge(package(), "rule_901_v1", &[
//!     Row::new().with("principal", Decimal::ONE_HUNDRED),
//!     Row::new().with("principal", Decimal::ONE_HUNDRED).with("balance", Decimal::ONE_THOUSAND),
//! ]);
//! assert_eq!(verdicts.statuses, [Status::Pass, Status::Fail]);
//! # }
//! ```
#![expect(clippy::panic, reason = "a test that asks for what there is not must stop, and say so")]

use crate::columns::{Batch, Column, Decimals, Texts, Values};
use crate::{Date, Decimal, Declaration, Input, Kind, Package, Timestamp, Verdicts};

/// The values of one record, by the names of inputs: `principal`, or `parent.limit`. An input that is not named is absent.
#[derive(Clone, Debug, Default, PartialEq)]
#[must_use]
pub struct Row {
    cells: Vec<(&'static str, Cell)>,
}

/// The value of one input.
#[derive(Clone, Debug, PartialEq)]
pub enum Cell {
    /// For `bool`.
    Boolean(bool),
    /// For `i64`.
    Integer(i64),
    /// For `f64`.
    Number(f64),
    /// For [`Decimal`].
    Decimal(Decimal),
    /// For `&str`, `String` and, as JSON text, [`Json`](crate::Json).
    Text(String),
    /// For [`Date`].
    Date(Date),
    /// For [`Timestamp`].
    Timestamp(Timestamp),
}

impl Row {
    /// A record without values.
    pub fn new() -> Self {
        Self::default()
    }

    /// The same record with a value for an input.
    pub fn with(mut self, input: &'static str, value: impl Into<Cell>) -> Self {
        self.cells.push((input, value.into()));
        self
    }

    fn cell(&self, input: &Input) -> Option<&Cell> {
        self.cells.iter().find(|(name, _)| input.is_named(name)).map(|(_, cell)| cell)
    }
}

/// Judges the rows with one rule of a package, in one batch.
///
/// # Panics
/// When the package does not have the rule, a row names what the rule does not read, gives it another kind of value than it declares,
/// or lacks a required input (the host answers `NORUN` there and does not ask the rule).
#[must_use]
pub fn judge(package: Package, rule: &str, rows: &[Row]) -> Verdicts {
    let Some((index, declaration)) = (0..).zip(package.declarations()).find(|(_, declared)| declared.id == rule) else {
        panic!("the package has no rule `{rule}`");
    };
    check_names(declaration, rows);
    let columns: Vec<_> = declaration.inputs.iter().map(|input| Owned::new(input, rows)).collect();
    let Ok(count) = u32::try_from(rows.len()) else { panic!("{} rows are too many", rows.len()) };
    let batch = Batch { rows: count, columns: columns.iter().map(Owned::borrowed).collect() };
    match package.evaluate(index, &batch) {
        Ok(verdicts) => verdicts,
        Err(mismatch) => panic!("{mismatch}"),
    }
}

fn check_names(declaration: &Declaration, rows: &[Row]) {
    for (name, _) in rows.iter().flat_map(|row| &row.cells) {
        if !declaration.inputs.iter().any(|input| input.is_named(name)) {
            panic!("the rule `{}` does not read `{name}`", declaration.id);
        }
    }
}

/// A column with the memory it lies in.
#[derive(Debug, Default)]
struct Owned {
    kind: Option<Kind>,
    bytes: Vec<u8>,
    words: Vec<i64>,
    high: Vec<i64>,
    numbers: Vec<f64>,
    days: Vec<i32>,
    offsets: Vec<u32>,
    present: Vec<u8>,
}

impl Owned {
    fn new(input: &Input, rows: &[Row]) -> Self {
        let mut column = Self { kind: Some(input.kind), offsets: vec![0], ..Self::default() };
        column.present.resize(rows.len().div_ceil(8), 0);
        for (index, row) in rows.iter().enumerate() {
            let cell = row.cell(input);
            match (cell, column.present.get_mut(index / 8)) {
                (Some(_), Some(byte)) => *byte |= 1 << (index % 8),
                _ if input.required => panic!("row {index} lacks `{input}`, which is required"),
                _ => {}
            }
            column.push(input, cell);
        }
        column
    }

    fn push(&mut self, input: &Input, cell: Option<&Cell>) {
        match (input.kind, cell) {
            (Kind::Boolean, Some(Cell::Boolean(value))) => self.bytes.push(u8::from(*value)),
            (Kind::Boolean, None) => self.bytes.push(0),
            (Kind::Integer, Some(Cell::Integer(value))) => self.words.push(*value),
            (Kind::Timestamp, Some(Cell::Timestamp(value))) => self.words.push(value.microseconds()),
            (Kind::Integer | Kind::Timestamp, None) => self.words.push(0),
            (Kind::Number, Some(Cell::Number(value))) => self.numbers.push(*value),
            (Kind::Number, None) => self.numbers.push(0.0),
            (Kind::Decimal, Some(Cell::Decimal(value))) => self.push_decimal(*value),
            (Kind::Decimal, None) => self.push_decimal(Decimal::ZERO),
            (Kind::Date, Some(Cell::Date(value))) => self.days.push(value.days()),
            (Kind::Date, None) => self.days.push(0),
            (Kind::Text | Kind::Json, Some(Cell::Text(value))) => self.push_text(value),
            (Kind::Text | Kind::Json, None) => self.push_text(""),
            (kind, Some(cell)) => panic!("`{input}` is a {kind}, not {cell:?}"),
        }
    }

    #[expect(clippy::cast_possible_truncation, reason = "the number is cut into its halves")]
    fn push_decimal(&mut self, value: Decimal) {
        let units = value.mantissa();
        self.words.push(units as i64);
        self.high.push((units >> 64) as i64);
        self.bytes.push(value.scale() as u8);
    }

    fn push_text(&mut self, text: &str) {
        self.bytes.extend_from_slice(text.as_bytes());
        let Ok(end) = u32::try_from(self.bytes.len()) else { panic!("the texts exceed 4 GiB") };
        self.offsets.push(end);
    }

    fn borrowed(&self) -> Column<'_> {
        // As the host does, the high halves are left out where nothing needs them.
        let fits = |(&high, &low): (&i64, &i64)| high == low >> 63;
        let high = (!self.high.iter().zip(&self.words).all(fits)).then_some(&*self.high);
        let values = match self.kind {
            Some(Kind::Boolean) | None => Values::Booleans(&self.bytes),
            Some(Kind::Integer) => Values::Integers(&self.words),
            Some(Kind::Timestamp) => Values::Timestamps(&self.words),
            Some(Kind::Number) => Values::Numbers(&self.numbers),
            Some(Kind::Decimal) => Values::Decimals(Decimals { units: &self.words, high, scales: &self.bytes }),
            Some(Kind::Date) => Values::Dates(&self.days),
            Some(Kind::Text | Kind::Json) => Values::Texts(Texts { offsets: &self.offsets, bytes: &self.bytes }),
        };
        Column { values, present: Some(&self.present) }
    }
}

/// Implements `From` for the types of inputs.
macro_rules! cell {
    ($($type:ty => $variant:ident),+ $(,)?) => {
        $(impl From<$type> for Cell {
            fn from(value: $type) -> Self {
                Self::$variant(value.into())
            }
        })+
    };
}

cell! {
    bool => Boolean,
    i64 => Integer,
    f64 => Number,
    Decimal => Decimal,
    &str => Text,
    String => Text,
    Date => Date,
    Timestamp => Timestamp,
}
