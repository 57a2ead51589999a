//! The keyword `uniqueItems`.

use jsonschema::paths::Location;
use jsonschema::{Keyword, ValidationError};
use serde_json::{Map, Value};

use super::equality::are_unique;
use super::record::Record;
use crate::json::Branch;

/// The keyword, switched on or off.
struct UniqueItems(bool);

/// Makes the keyword, in the form that the library asks for.
pub(super) fn keyword<'s>(
    _: &'s Map<String, Value>,
    value: &'s Value,
    _: Location,
) -> Result<Box<dyn for<'i> Keyword<'i, Record>>, ValidationError<'s>> {
    Ok(Box::new(UniqueItems(value == &Value::Bool(true))))
}

impl<'i> Keyword<'i, Record> for UniqueItems {
    fn validate(&self, instance: Branch<'i>) -> Result<(), ValidationError<'i>> {
        if self.is_valid(instance) { Ok(()) } else { Err(ValidationError::custom("")) }
    }

    fn is_valid(&self, instance: Branch<'i>) -> bool {
        let Self(on) = self;
        !on || !instance.is_array() || are_unique(instance)
    }
}
