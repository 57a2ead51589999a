//! The inputs of a rule: a struct with a field for each.

use std::error::Error;
use std::fmt;

use crate::columns::{Batch, Column};
use crate::field::{Field, Unreadable};
use crate::{Input, Verdict};

/// A struct with a field for each input of a rule. Derive it.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a struct of inputs",
    label = "not a struct of inputs",
    note = "a rule takes a reference to a struct with `#[derive(Inputs)]`"
)]
pub trait Inputs<'a>: Sized {
    /// The inputs, in the order of the fields.
    const INPUTS: &'static [Input];
    /// The columns of a batch, checked.
    type Columns;

    /// Checks a batch.
    ///
    /// # Errors
    /// When the batch is not one of these inputs.
    fn columns(batch: &Batch<'a>) -> Result<Self::Columns, Mismatch>;

    /// The inputs of one row.
    ///
    /// # Errors
    /// The verdict on a row that holds JSON of another shape than the rule asks for.
    fn row(columns: &Self::Columns, row: usize) -> Result<Self, Verdict>;
}

/// A batch does not fit a rule: a bug of the host. It gives no verdict; the call is a fault.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Mismatch {
    reason: String,
}

/// Takes the columns of a batch in the order of the inputs, and checks them.
#[derive(Debug)]
pub struct Reader<'b, 'a> {
    columns: std::slice::Iter<'b, Column<'a>>,
    inputs: &'static [Input],
    rows: usize,
}

impl Mismatch {
    pub(crate) fn new(reason: String) -> Self {
        Self { reason }
    }
}

impl fmt::Display for Mismatch {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(&self.reason)
    }
}

impl Error for Mismatch {}

impl<'b, 'a> Reader<'b, 'a> {
    /// A reader of a batch that has one column for each input.
    ///
    /// # Errors
    /// When it has more or fewer columns.
    pub fn new(batch: &'b Batch<'a>, inputs: &'static [Input]) -> Result<Self, Mismatch> {
        let (found, expected) = (batch.columns.len(), inputs.len());
        if found != expected {
            return Err(Mismatch::new(format!("the batch has {found} columns instead of {expected}")));
        }
        Ok(Self { columns: batch.columns.iter(), inputs, rows: batch.rows as usize })
    }

    /// The next column.
    ///
    /// # Errors
    /// When it is not a column of `T`.
    pub fn column<T: Field<'a>>(&mut self) -> Result<T::Column, Mismatch> {
        let (Some(column), Some((input, rest))) = (self.columns.next(), self.inputs.split_first()) else {
            return Err(Mismatch::new("the batch has too few columns".to_owned()));
        };
        self.inputs = rest;
        T::column(column, self.rows).map_err(|reason| Mismatch::new(format!("column `{input}`: {reason}")))
    }

    /// Says that nothing is left to read.
    #[inline(always)]
    pub fn finish(self) {}
}

impl Unreadable {
    /// The verdict on the row. The macros give the input's name.
    #[doc(hidden)]
    #[cold]
    pub fn into_verdict(self, input: &'static [&'static str; 1]) -> Verdict {
        let ([name], Self { reason }) = (input, self);
        Verdict::error("input_shape", &format!("`{name}` is not what the rule reads: {reason}"), input)
    }
}
