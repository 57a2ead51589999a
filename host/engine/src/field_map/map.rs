//! The fields of one schema.

use std::collections::BTreeMap;

use jurat_model::{Input, Kind};

use super::field::{Field, KindMismatch, fits};
use super::parse;
use super::problem::FieldMapError;

/// The fields of one schema, by their logical names.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct FieldMap {
    fields: BTreeMap<String, Field>,
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

    /// Checks that an input can be read with this map. Call it for every input when a release is loaded.
    ///
    /// A field that the map does not have is not an error: its input is absent in every record.
    ///
    /// # Errors
    /// When the input's kind does not fit the field's conversion or rounding.
    pub fn check(&self, input: &Input) -> Result<(), KindMismatch> {
        if input.is_now() {
            return if input.kind == Kind::Timestamp { Ok(()) } else { Err(KindMismatch::Now { kind: input.kind }) };
        }
        match self.field(&input.name) {
            Some(field) => fits(input.kind, field),
            None => Ok(()),
        }
    }
}
