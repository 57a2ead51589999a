//! The route of a record: its rules and its field map, by its identity.

use super::identity::{self, NotText};
use crate::error_kind::EngineErrorKind;
use crate::extract::Tokens;
use crate::routing::{Route, RouteError, Routes};

/// Why a record cannot be judged: kind and words.
pub(super) type Refusal = (EngineErrorKind, String);

/// The route of a record.
pub(super) fn route(routes: &mut Routes<'_>, tokens: &Tokens<'_>) -> Result<Route, Refusal> {
    let not_text = |kind, name| (kind, format!("`{name}` must be a text"));
    let schema = identity::schema(tokens).map_err(|_| not_text(EngineErrorKind::SchemaNotText, "$schema"))?;
    let (found, is_text) = match identity::entity_type(tokens) {
        Ok(own) => (routes.find(schema.as_deref(), own.as_deref()), true),
        Err(NotText) => (routes.find_without_default(schema.as_deref(), None), false),
    };
    found.map_err(|error| match error {
        RouteError::NoEntityType if !is_text => not_text(EngineErrorKind::EntityTypeNotText, "entity_type"),
        error => (error.kind(), error.to_string()),
    })
}
