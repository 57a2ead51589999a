//! Why a record, or a whole request, has no route.

use thiserror::Error;

use crate::error_kind::EngineErrorKind;
use crate::excerpt::{Excerpt, advice};

/// Why something cannot be judged.
///
/// [`RouteError::code`] is part of the results and does not change; the words may.
#[derive(Clone, Debug, Eq, Error, PartialEq)]
#[non_exhaustive]
pub enum RouteError {
    /// The request names a ruleset that the release does not have.
    #[error("there is no ruleset `{ruleset}`{}", advice(.nearest.as_ref()))]
    UnknownRuleset {
        /// The name as given.
        ruleset: Excerpt,
        /// The ruleset that may be meant.
        nearest: Option<Excerpt>,
    },
    /// Neither the call nor the record names an entity type.
    #[error("the entity type is not known: give it with the call, or give the record a `$schema` or an `entity_type`")]
    NoEntityType,
    /// The release has nothing for such records.
    #[error("the release knows no entity type `{entity_type}`{}", advice(.nearest.as_ref()))]
    UnknownEntityType {
        /// The entity type as given.
        entity_type: Excerpt,
        /// The entity type that may be meant; searched only where the call gave the wrong one.
        nearest: Option<Excerpt>,
    },
    /// The record is none of those that the call is about.
    #[error("the record is of the entity type `{entity_type}`; expected: `{expected}`")]
    UnexpectedEntityType {
        /// The record's entity type.
        entity_type: Excerpt,
        /// Those that are expected.
        expected: Excerpt,
    },
    /// The ruleset has rules neither for the schema nor for the entity type.
    #[error("ruleset `{ruleset}` has no rules for entity type `{entity_type}`{}", of_schema(.schema.as_ref()))]
    NoRules {
        /// The ruleset.
        ruleset: Excerpt,
        /// The entity type.
        entity_type: Excerpt,
        /// The record's `$schema`.
        schema: Option<Excerpt>,
    },
    /// The ruleset has lists for schemas of the entity type, and none for this one.
    #[error(
        "ruleset `{ruleset}` has rules for other schemas of entity type `{entity_type}`, but none for schema `{schema}`: list it, make it an \
         alias (`schema_aliases`), or say `unknown_schema: entity_type`"
    )]
    UnlistedSchema {
        /// The ruleset.
        ruleset: Excerpt,
        /// The entity type.
        entity_type: Excerpt,
        /// The record's `$schema`.
        schema: Excerpt,
    },
    /// No field map is mapped to the schema, and none may stand in for it.
    #[error("schema `{schema}` is not in `schema_to_helper_mapping`, and no other field map may be used instead")]
    UnknownSchema {
        /// The record's `$schema`.
        schema: Excerpt,
    },
    /// No field map is mapped to any schema of the same major version.
    #[error("schema `{schema}`: no version {major} of entity type `{entity_type}` is in `schema_to_helper_mapping`")]
    UnknownSchemaMajor {
        /// The record's `$schema`.
        schema: Excerpt,
        /// The entity type.
        entity_type: Excerpt,
        /// The major version that is not known.
        major: u32,
    },
    /// There are rules, but nothing says where their fields lie.
    #[error("entity type `{entity_type}` has no field map: add it to `default_helpers`, or map the record's `$schema`")]
    NoFieldMap {
        /// The entity type.
        entity_type: Excerpt,
    },
}

impl RouteError {
    /// The code under which results report the error.
    #[must_use]
    pub fn code(&self) -> &'static str {
        self.kind().code()
    }

    /// The kind of the error.
    #[must_use]
    pub fn kind(&self) -> EngineErrorKind {
        match self {
            Self::UnknownRuleset { .. } => EngineErrorKind::UnknownRuleset,
            Self::NoEntityType => EngineErrorKind::NoEntityType,
            Self::UnknownEntityType { .. } => EngineErrorKind::UnknownEntityType,
            Self::UnexpectedEntityType { .. } => EngineErrorKind::UnexpectedEntityType,
            Self::NoRules { .. } => EngineErrorKind::NoRules,
            Self::UnknownSchema { .. } | Self::UnlistedSchema { .. } => EngineErrorKind::UnknownSchema,
            Self::UnknownSchemaMajor { .. } => EngineErrorKind::UnknownSchemaMajor,
            Self::NoFieldMap { .. } => EngineErrorKind::NoFieldMap,
        }
    }
}

fn of_schema(schema: Option<&Excerpt>) -> String {
    schema.map_or_else(String::new, |schema| format!(" and none for schema `{schema}`"))
}
