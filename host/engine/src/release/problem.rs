//! The problems of a release with good signatures.

use thiserror::Error;

use crate::excerpt::Excerpt;
use crate::extract::PlanError;
use crate::field_map::FieldMapError;
use crate::ruleset::RulesetError;
use crate::schema::SchemaError;

/// One thing that is wrong with a release although its signatures are good.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum ReleaseProblem {
    /// A rule is provided twice.
    #[error("rule `{rule}` is provided twice: a rule id belongs to one component")]
    DuplicateRule {
        /// The rule's id.
        rule: Excerpt,
    },
    /// Two field maps have the same name in different directories.
    #[error("two field maps are called `{name}`")]
    DuplicateFieldMap {
        /// The file name.
        name: Excerpt,
    },
    /// A field map cannot be read.
    #[error("field map `{file}`")]
    FieldMap {
        /// The file.
        file: Excerpt,
        /// What is wrong with it.
        #[source]
        error: FieldMapError,
    },
    /// A schema cannot be used.
    #[error("schema")]
    Schema(#[source] SchemaError),
    /// A ruleset is wrong.
    #[error("business-config.yaml")]
    Ruleset(#[source] RulesetError),
    /// A rule's input cannot be read with the field map that its records are routed to.
    #[error("field map `{file}`, for the rules of `{list}`")]
    Input {
        /// The field map.
        file: Excerpt,
        /// The key of the rule list.
        list: Excerpt,
        /// The input and the reason.
        #[source]
        error: PlanError,
    },
}
