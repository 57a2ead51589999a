//! Field maps: where the logical fields that rules read lie in the records of one schema.
//!
//! A field map is a JSON file, one entry for each logical name:
//!
//! ```json
//! {"maturity": {"physical_path": "dates.maturity_date", "to_logical": "str_to_date", "to_physical": "date_to_str"}}
//! ```
//!
//! | Member | Meaning |
//! |---|---|
//! | `physical_path` | required: the [path](Path) of the value, such as `dates.maturity_date` or `tranches[0].amount` |
//! | `to_logical` | how the value is read: `str_to_date` or `str_to_datetime`; absent or `null` = as it is |
//! | `to_physical` | how a value would be written: `date_to_str` or `datetime_to_str`; checked, then not used |
//! | `round` | how inputs of the kind `decimal` round a number with too many places: `{"places": 10, "mode": "half_even"}`; absent or `null` = not at all |
//! | `description` | for people |
//!
//! Other members are refused, so that a mistyped one is not ignored.

mod field;
mod map;
mod parse;
mod path;
mod problem;

pub use field::{Conversion, Field, KindMismatch};
pub use map::FieldMap;
pub use path::{MAX_INDEX, Path, PathError};
pub use problem::{EntryError, EntryProblem, FieldMapError};

#[cfg(test)]
mod tests;
