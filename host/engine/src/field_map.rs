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
//! | `physical_path` | required: the keys that lead to the value, with dots between them |
//! | `to_logical` | how the value is read: `str_to_date` or `str_to_datetime`; absent or `null` = as it is |
//! | `to_physical` | how a value would be written: `date_to_str` or `datetime_to_str`; checked, then not used |
//! | `description` | for people |
//!
//! Other members are refused, so that a mistyped one is not mistaken for nothing.

use std::collections::BTreeMap;

use jurat_model::{Input, Kind};
use thiserror::Error;

mod parse;
mod path;

pub use parse::{EntryError, EntryProblem, FieldMapError};
pub use path::{EmptySegment, Path};

/// Where the fields of one schema lie, by their logical names.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct FieldMap {
    fields: BTreeMap<String, Field>,
}

/// Where one field lies, and how it is read.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Field {
    /// Where the value lies.
    pub path: Path,
    /// How the value is read; none = as it is.
    pub conversion: Option<Conversion>,
}

/// How the text of a field becomes a value that JSON does not have.
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub enum Conversion {
    /// An ISO 8601 calendar date.
    StrToDate,
    /// An ISO 8601 date and time, with `Z` or an offset.
    StrToDatetime,
}

/// An input asks for a kind that the field cannot have.
#[derive(Clone, Copy, Debug, Eq, Error, PartialEq)]
#[non_exhaustive]
pub enum KindMismatch {
    /// Dates and timestamps come only from fields that are converted to them.
    #[error("an input of the kind `{kind}` needs a field with `to_logical` = `{}`", .needed.name())]
    Unconverted {
        /// What the input asks for.
        kind: Kind,
        /// What the field map would have to say.
        needed: Conversion,
    },
    /// The time of the run is a timestamp.
    #[error("`now` is of the kind `timestamp`, not `{kind}`")]
    Now {
        /// What the input asks for.
        kind: Kind,
    },
    /// The field is converted to something else.
    #[error("the field is converted with `{}`, so an input of the kind `{kind}` cannot read it", .conversion.name())]
    Converted {
        /// What the input asks for.
        kind: Kind,
        /// What the field map says.
        conversion: Conversion,
    },
}

impl FieldMap {
    /// Reads a field map file.
    ///
    /// # Errors
    /// When the file is not a JSON object without repeated keys, or with everything that is wrong with its entries.
    pub fn parse(file: &[u8]) -> Result<Self, FieldMapError> {
        parse::parse(file).map(|fields| Self { fields })
    }

    /// The field with a logical name.
    #[must_use]
    pub fn field(&self, name: &str) -> Option<&Field> {
        self.fields.get(name)
    }

    /// All fields, in the order of their logical names.
    pub fn fields(&self) -> impl Iterator<Item = (&str, &Field)> {
        self.fields.iter().map(|(name, field)| (name.as_str(), field))
    }

    /// Checks that an input can be read with this map; to be called for every input when a release is loaded.
    ///
    /// A field that the map does not have is no error: an input without it is absent in every record.
    ///
    /// # Errors
    /// When the input's kind does not fit the field's conversion.
    pub fn check(&self, input: &Input) -> Result<(), KindMismatch> {
        if input.is_now() {
            return if input.kind == Kind::Timestamp { Ok(()) } else { Err(KindMismatch::Now { kind: input.kind }) };
        }
        match self.field(&input.name) {
            Some(field) => fits(input.kind, field.conversion),
            None => Ok(()),
        }
    }
}

impl Conversion {
    /// All conversions.
    pub const ALL: [Self; 2] = [Self::StrToDate, Self::StrToDatetime];

    /// The name in field maps.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::StrToDate => "str_to_date",
            Self::StrToDatetime => "str_to_datetime",
        }
    }

    /// The kind that it makes, and the only one that can be asked for.
    #[must_use]
    pub fn kind(self) -> Kind {
        match self {
            Self::StrToDate => Kind::Date,
            Self::StrToDatetime => Kind::Timestamp,
        }
    }
}

fn fits(kind: Kind, conversion: Option<Conversion>) -> Result<(), KindMismatch> {
    match conversion {
        Some(conversion) if conversion.kind() == kind => Ok(()),
        Some(conversion) => Err(KindMismatch::Converted { kind, conversion }),
        None => match Conversion::ALL.into_iter().find(|conversion| conversion.kind() == kind) {
            Some(needed) => Err(KindMismatch::Unconverted { kind, needed }),
            None => Ok(()),
        },
    }
}

#[cfg(test)]
mod tests;
