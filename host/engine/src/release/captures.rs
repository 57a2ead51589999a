//! The members that are read of every record, whatever the rules: `$schema`, `entity_type` and the id fields.

use crate::excerpt::Excerpt;
use crate::extract::Plan;
use crate::field_map::{FieldMap, Path, PathError};

/// The index of `$schema` among the captured paths of every plan.
pub(crate) const SCHEMA: usize = 0;
/// The index of `entity_type`.
pub(crate) const ENTITY_TYPE: usize = 1;
/// The index of the first id field. The others follow.
pub(crate) const FIRST_ID: usize = 2;

/// The paths that every plan begins with.
pub(super) fn captures(id_fields: &[String]) -> Vec<Path> {
    let names = ["$schema", "entity_type"].into_iter().chain(id_fields.iter().map(String::as_str));
    names.filter_map(|name| name.parse().ok()).collect()
}

/// A plan for records whose route is not known yet.
///
/// # Errors
/// With the first id field that is not a path.
pub(crate) fn first_look(id_fields: &[String]) -> Result<Plan, (Excerpt, PathError)> {
    for field in id_fields {
        field.parse::<Path>().map_err(|error| (Excerpt::of(field), error))?;
    }
    // Without inputs nothing can be wrong.
    Plan::new(&FieldMap::default(), [], &captures(id_fields)).map_err(|_| (Excerpt::of(""), PathError::EmptyKey))
}
