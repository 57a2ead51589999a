//! JSON inside a rule, for what has no simpler type: lists, objects, related entities.

use std::ops::Deref;

use serde::Deserialize;

use crate::Kind;
use crate::columns::Column;
use crate::field::{CheckedTexts, Field, Unreadable, texts};

mod values;

/// A JSON value, read as a `T`.
///
/// The value is read for every row, which costs a hundred times as much as a column of another kind does; declare the fields
/// themselves where that is possible. A value that cannot be read as a `T` gives the row the status [`Error`](crate::Status::Error), with
/// the code `input_shape`.
///
/// Inside of it, a [`Decimal`](crate::Decimal) is read from a number, a [`Date`](crate::Date) from a text such as
/// `2024-05-31`, a [`Timestamp`](crate::Timestamp) from one such as `2024-05-31T10:00:00Z`, and a [`Text`] of any of them from a text. All are read exactly or not at all, and no decimal by
/// way of a float. Where `serde` stores values before it knows their type (`#[serde(flatten)]`, untagged enums, enums with a tag), a
/// decimal must be an integer or a [`Text`]; another number is an error there, because `serde` keeps a float of it.
///
/// Texts are read as [`Cow<str>`](std::borrow::Cow) with `#[serde(borrow)]`, or as `String`. Not as `&str`: many programs write a name such
/// as `Müller` with escapes, `"M\u00fcller"`, and a text with escapes cannot be borrowed.
///
/// ```
/// use std::borrow::Cow;
///
/// use jurat_rule::testing::{Row, judge};
/// use jurat_rule::{Date, Decimal, Inputs, Json, Status, Verdict, fail, rule};
/// use serde::Deserialize;
///
/// #[derive(Deserialize)]
/// struct Guarantor<'a> {
///     #[serde(borrow)]
///     name: Cow<'a, str>,
///     amount: Decimal,
///     until: Option<Date>,
/// }
///
/// #[derive(Inputs)]
/// struct Loan<'a> {
///     guarantors: Json<Vec<Guarantor<'a>>>,
/// }
///
/// #[rule(id = "rule_901_v1", entity = "loan", description = "A guarantor with a name stands for a loan")]
/// fn is_guaranteed(loan: &Loan<'_>) -> Verdict {
///     let named = loan.guarantors.iter().filter(|guarantor| !guarantor.name.is_empty() && guarantor.until.is_none());
///     match named.map(|guarantor| guarantor.amount).sum::<Decimal>() > Decimal::ZERO {
///         true => Verdict::pass(),
///         false => fail!(Loan, "no guarantor stands for the loan", on = ["guarantors"]),
///     }
/// }
///
/// jurat_rule::package![is_guaranteed];
///
/// # fn main() {
/// let guaranteed = Row::new().with("guarantors", r#"[{"name": "M\u00fcller", "amount": 1000.50}]"#);
/// let until = Row::new().with("guarantors", r#"[{"name": "Smith", "amount": 1, "until": "2024-02-29"}]"#);
/// assert_eq!(judge(package(), "rule_901_v1", &[guaranteed, until]).statuses, [Status::Pass, Status::Fail]);
/// # }
/// ```
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub struct Json<T>(pub T);

/// A value that JSON has as a text, `"1.50"`, read with [`FromStr`](std::str::FromStr). It stands inside of [`Json`].
#[derive(Clone, Copy, Debug, Default, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub struct Text<T>(pub T);

impl<T> Deref for Text<T> {
    type Target = T;

    fn deref(&self) -> &T {
        &self.0
    }
}

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
