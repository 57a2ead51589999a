//! One field: its path in the record, and its conversion.

use jurat_model::Kind;
use thiserror::Error;

use super::path::Path;
use crate::rounding::Rounding;

/// One field: its path in the record, and its conversion.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Field {
    /// The path of the value.
    pub path: Path,
    /// How the value is read; none = as it is.
    pub conversion: Option<Conversion>,
    /// How inputs of the kind `decimal` round the value; none = not at all.
    pub rounding: Option<Rounding>,
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
    /// The field is rounded, and only decimals are.
    #[error(
        "the field has `round`, so only inputs of the kind `decimal` can read its numbers, not `{kind}`; `text` and `json` read it as it is written"
    )]
    Rounded {
        /// What the input asks for.
        kind: Kind,
    },
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

/// Whether an input of a kind can read a field.
pub(super) fn fits(kind: Kind, field: &Field) -> Result<(), KindMismatch> {
    if field.rounding.is_some() && !matches!(kind, Kind::Decimal | Kind::Text | Kind::Json) {
        return Err(KindMismatch::Rounded { kind });
    }
    match field.conversion {
        Some(conversion) if conversion.kind() == kind => Ok(()),
        Some(conversion) => Err(KindMismatch::Converted { kind, conversion }),
        None => match Conversion::ALL.into_iter().find(|conversion| conversion.kind() == kind) {
            Some(needed) => Err(KindMismatch::Unconverted { kind, needed }),
            None => Ok(()),
        },
    }
}
