//! Rulesets: which rules judge which records, and which of them wait for others.

mod check;

use std::collections::BTreeMap;
use std::sync::Arc;

pub use jurat_model::KeyPath;
use thiserror::Error;

use crate::excerpt::Excerpt;

/// Levels that a hierarchy of rules may have.
///
/// Real hierarchies have two or three. The limit bounds how deep results nest, and with that what every reader of them has to
/// cope with.
pub const MAX_LEVELS: usize = 25;

/// Rules that one list may have, children included.
pub const MAX_RULES: usize = 1_000;

/// The rules team's configuration as it is written, before anything in it is checked.
#[derive(Clone, Debug, Default)]
pub struct BusinessConfig {
    /// The rulesets by name.
    pub rulesets: BTreeMap<String, Ruleset>,
    /// The field map for each schema URL, by the name that the release gives it.
    pub schema_to_helper_mapping: BTreeMap<String, String>,
    /// The field map for records of an entity type that do not say which schema they follow.
    pub default_helpers: BTreeMap<String, String>,
    /// Whether a schema URL that is not mapped may use the field map of another minor version.
    pub allow_minor_version_fallback: bool,
    /// Whether a schema URL that is not mapped, and for which no other minor version stands in, is an error; otherwise the
    /// default field map of its entity type is used.
    pub strict_major_version: bool,
}

/// One ruleset as it is written.
#[derive(Clone, Debug, Default)]
pub struct Ruleset {
    /// Handed on to people, never interpreted.
    pub metadata: serde_json::Value,
    /// The rules for each schema URL or entity type. A list may be empty: records then get no results.
    pub rules: BTreeMap<String, Vec<RuleNode>>,
}

/// A rule in a hierarchy as it is written.
#[derive(Clone, Debug, Default)]
pub struct RuleNode {
    /// The rule's id.
    pub rule_id: String,
    /// The rules that run only where this one says PASS or WARN.
    pub children: Vec<Self>,
}

/// All rulesets of a release, checked and flattened.
#[derive(Debug)]
pub struct Rulesets {
    // INVARIANT: made by `new` only, so that every list is a sound tree and every field map exists.
    pub(crate) rulesets: Vec<CheckedRuleset>,
    pub(crate) lists: Vec<RuleList>,
    pub(crate) mapping: Vec<(String, usize)>,
    pub(crate) defaults: BTreeMap<String, usize>,
    pub(crate) minor_fallback: bool,
    pub(crate) strict_major: bool,
}

/// One ruleset, checked.
#[derive(Debug)]
pub struct CheckedRuleset {
    /// Its name.
    pub name: String,
    /// Its metadata, as written.
    pub metadata: serde_json::Value,
    /// The rule list of each schema URL or entity type, as an index into [`Rulesets::lists`].
    pub lists: BTreeMap<String, usize>,
}

/// The rules for one schema URL or entity type in one ruleset.
#[derive(Debug)]
pub struct RuleList {
    /// The ruleset, as an index into [`Rulesets::rulesets`].
    pub ruleset: usize,
    /// The schema URL or entity type, as written.
    pub key: String,
    /// The tree in pre-order: a parent stands before its children, and siblings stand in the order as written.
    pub nodes: Vec<Node>,
}

/// One rule in the tree of a list.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Node {
    /// The rule's id, as written.
    pub rule_id: Arc<str>,
    /// The rule, as an index into the ids that [`Rulesets::new`] was given; none if nothing provides a rule of that id.
    ///
    /// Such a rule is no error, because a ruleset may be ahead of its components: its result is a `NORUN` that says so.
    pub rule: Option<usize>,
    /// The rule that must let this one run, as an index into the same list; it is smaller than this node's own.
    pub parent: Option<usize>,
    /// How many ancestors it has.
    pub depth: usize,
}

impl Rulesets {
    /// Checks a configuration against the rules and field maps that a release provides.
    ///
    /// `rule_ids` are the rules of all components and the built-in ones, `field_maps` the names of the field maps. Both lists
    /// are what the indices in the result point into; where a name stands twice, the first one counts.
    ///
    /// # Errors
    /// Everything that is wrong, in the order of the key paths: ids that are empty or stand twice in one list, more than
    /// [`MAX_LEVELS`] levels or [`MAX_RULES`] rules, empty names, field maps that do not exist.
    pub fn new(config: BusinessConfig, rule_ids: &[&str], field_maps: &[&str]) -> Result<Self, Vec<RulesetError>> {
        check::check(config, rule_ids, field_maps)
    }

    /// The rulesets in the order of their names.
    #[must_use]
    pub fn rulesets(&self) -> &[CheckedRuleset] {
        &self.rulesets
    }

    /// All rule lists of all rulesets.
    #[must_use]
    pub fn lists(&self) -> &[RuleList] {
        &self.lists
    }
}

/// One thing that is wrong with a configuration, and where.
#[derive(Clone, Debug, Eq, Error, PartialEq)]
#[error("{path}: {problem}")]
pub struct RulesetError {
    /// The keys that lead there, as in `rulesets.quick.rules.loan[2].children[0].rule_id`.
    pub path: KeyPath,
    /// What is wrong there.
    pub problem: RulesetProblem,
}

/// What can be wrong with a configuration.
#[derive(Clone, Debug, Eq, Error, PartialEq)]
#[non_exhaustive]
pub enum RulesetProblem {
    /// A ruleset, key or rule without a name.
    #[error("the name is empty")]
    EmptyName,
    /// A rule would judge the same record twice.
    #[error("rule `{rule}` stands twice in this list: remove one of them")]
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
    /// The release has no such field map.
    #[error("the release has no field map `{name}`{}", advice(.nearest.as_ref()))]
    UnknownFieldMap {
        /// The name as written.
        name: Excerpt,
        /// The field map that may be meant.
        nearest: Option<Excerpt>,
    },
}

/// `, did you mean ...?`, or nothing.
pub(crate) fn advice(nearest: Option<&Excerpt>) -> String {
    nearest.map_or_else(String::new, |name| format!(", did you mean `{name}`?"))
}

#[cfg(test)]
mod tests;
