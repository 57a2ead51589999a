//! The errors of a configuration.

use jurat_model::KeyPath;
use thiserror::Error;

use crate::excerpt::{Excerpt, advice};

/// Levels that a hierarchy of rules may have.
///
/// Real hierarchies have two or three. The limit bounds how deep results nest, for everyone who reads them.
pub const MAX_LEVELS: usize = 25;

/// Rules that one list may have, children included.
pub const MAX_RULES: usize = 1_000;

/// One thing that is wrong with a configuration, and where.
#[derive(Clone, Debug, Eq, Error, PartialEq)]
#[error("{path}: {problem}")]
pub struct RulesetError {
    /// The keys that lead there, as in `rulesets.quick.rules.loan[2].children[0].rule_id`.
    pub path: KeyPath,
    /// What is wrong there.
    pub problem: RulesetProblem,
}

/// The ways in which a configuration can be wrong.
#[derive(Clone, Debug, Eq, Error, PartialEq)]
#[non_exhaustive]
pub enum RulesetProblem {
    /// A ruleset, key or rule without a name.
    #[error("the name is empty")]
    EmptyName,
    /// A rule would judge the same record twice.
    #[error("rule `{rule}` is in this list twice: remove one of them")]
    DuplicateRule {
        /// The rule's id.
        rule: Excerpt,
    },
    /// The hierarchy is too deep.
    #[error("the hierarchy has more than {MAX_LEVELS} levels")]
    TooDeep,
    /// The list is too long.
    #[error("the list has more than {MAX_RULES} rules")]
    TooManyRules,
    /// The release does not have the field map.
    #[error("the release has no field map `{name}`{}", advice(.nearest.as_ref()))]
    UnknownFieldMap {
        /// The name as written.
        name: Excerpt,
        /// The field map that may be meant.
        nearest: Option<Excerpt>,
    },
}
