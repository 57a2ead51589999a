//! JSON inside a rule, for what has no simpler type: lists, objects, related entities.

use std::ops::Deref;

use serde::Deserialize;

use crate::Kind;
use crate::columns::Column;
use crate::field::{CheckedTexts, Field, Unreadable, texts};

/// A JSON value, read as a `T`.
///
/// The value is read for every row, which costs a hundred times as much as a column of another kind does; declare the fields
/// themselves where that is possible. A value that cannot be read as a `T` gives the row the status [`Error`](crate::Status::Error), with the
/// code `input_shape`.
///
/// ```
/// use jurat_rule::{Inputs, Json, Verdict, fail, rule};
/// use serde::Deserialize;
///
/// #[derive(Deserialize)]
/// struct Guarantor<'a> {
///     name: &'a str,
/// }
///
/// #[derive(Inputs)]
/// struct Loan<'a> {
///     guarantors: Json<Vec<Guarantor<'a>>>,
/// }
///
/// #[rule(id = "rule_901_v1", entity = "loan", description = "a loan has a guarantor")]
/// fn is_guaranteed(loan: &Loan<'_>) -> Verdict {
///     match loan.guarantors.iter().any(|guarantor| !guarantor.name.is_empty()) {
///         true => Verdict::pass(),
///         false => fail!(Loan, "the loan has no guarantor", on = ["guarantors"]),
///     }
/// }
/// ```
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub struct Json<T>(pub T);

impl<T> Deref for Json<T> {
    type Target = T;

    fn deref(&self) -> &T {
        &self.0
    }
}

impl<'a, T: Deserialize<'a>> Field<'a> for Json<T> {
    const KIND: Kind = Kind::Json;
    type Column = CheckedTexts<'a>;

    fn column(column: &Column<'a>, rows: usize) -> Result<Self::Column, String> {
        texts(Self::KIND, column, rows)
    }

    fn read(column: &Self::Column, row: usize) -> Result<Self, Unreadable> {
        serde_json::from_str(column.row(row)).map(Self).map_err(|error| Unreadable { reason: error.to_string().into() })
    }
}
