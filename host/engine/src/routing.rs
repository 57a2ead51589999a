//! Routing: which rules and which field map a record gets.
//!
//! 1. The entity type is the call's parameter, else what `$schema` says, else the record's own `entity_type`, else the one that the
//!    call expects, if it expects exactly one.
//! 2. The rules are those that the ruleset has for the exact `$schema` URL. Failing that, if minor versions may stand in for each
//!    other, those for the highest version of the same entity type and major version. Failing that, an error if the ruleset has rules for
//!    other schemas of the entity type, unless it says that those for the entity type are meant; else those for the entity type.
//! 3. The field map is the one mapped to the exact `$schema` URL. Failing that, if minor versions may stand in for each other,
//!    the one of the highest version of the same entity type and major version. Failing that, an error if major versions are
//!    strict, else the default of the entity type. Without `$schema` it is always the default.
//!
//! An empty fragment of a `$schema` is ignored, and an alias means the URL that it stands for.
//!
//! The call's parameter wins over a `$schema` of another entity type: rules and field map of the exact URL are still used, but
//! another version of that other entity type never stands in.

mod error;
mod router;
mod routes;

pub use error::RouteError;
pub use router::Router;
pub(crate) use router::{entity_of_key, is_url};
pub use routes::{Route, Routes};

#[cfg(test)]
mod tests;
