//! The members that are read of every record, whatever the rules: `$schema`, `entity_type` and the id fields.

use std::sync::{Arc, LazyLock};

use crate::excerpt::Excerpt;
use crate::extract::Plan;
use crate::field_map::{FieldMap, Path, PathError};

/// The index of `$schema` among the captured paths of every plan.
pub(crate) const SCHEMA: usize = 0;
/// The index of `entity_type`.
pub(crate) const ENTITY_TYPE: usize = 1;
/// The index of the first id field. The others follow.
pub(crate) const FIRST_ID: usize = 2;

/// The id fields of most requests.
pub(crate) static USUAL_ID_FIELDS: LazyLock<Arc<[String]>> = LazyLock::new(|| Arc::from(["id".to_owned()]));
/// The plan of most requests for records whose route is not known yet.
static USUAL_LOOK: LazyLock<Option<Arc<Plan>>> = LazyLock::new(|| look(&USUAL_ID_FIELDS).ok().map(Arc::new));

/// The paths that every plan begins with.
pub(super) fn captures(id_fields: &[String]) -> Vec<Path> {
    let names = ["$schema", "entity_type"].into_iter().chain(id_fields.iter().map(String::as_str));
    names.filter_map(|name| name.parse().ok()).collect()
}

/// A plan for records whose route is not known yet.
///
/// # Errors
/// With the first id field that is not a path.
pub(crate) fn first_look(id_fields: &[String]) -> Result<Arc<Plan>, (Excerpt, PathError)> {
    match &*USUAL_LOOK {
        Some(look) if *id_fields == **USUAL_ID_FIELDS => Ok(Arc::clone(look)),
        _ => look(id_fields).map(Arc::new),
    }
}

fn look(id_fields: &[String]) -> Result<Plan, (Excerpt, PathError)> {
    for field in id_fields {
        field.parse::<Path>().map_err(|error| (Excerpt::of(field), error))?;
    }
    // Without inputs nothing can be wrong.
    Plan::new(&FieldMap::default(), [], &captures(id_fields)).map_err(|_| (Excerpt::of(""), PathError::EmptyKey))
}
