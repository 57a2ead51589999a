//! Rulesets, checked and flattened: lists of rules that can be walked.

use std::collections::BTreeMap;
use std::sync::Arc;

use jurat_model::Status;

use super::config::UnknownSchema;

/// All rulesets of a release, checked and flattened.
#[derive(Debug)]
pub struct Rulesets {
    // INVARIANT: made by `new` only. Every list is a sound tree and every field map exists.
    pub(crate) rulesets: Vec<CheckedRuleset>,
    pub(crate) lists: Vec<RuleList>,
    pub(crate) mapping: Vec<(String, usize)>,
    pub(crate) defaults: BTreeMap<String, usize>,
    pub(crate) minor_fallback: bool,
    pub(crate) strict_major: bool,
    /// The schema that is meant by other URLs.
    pub(crate) aliases: BTreeMap<String, String>,
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
    /// The rules of a record whose schema has no list beside those for other schemas of its entity type.
    pub unknown_schema: UnknownSchema,
}

/// The rules for one schema URL or entity type in one ruleset.
#[derive(Debug)]
pub struct RuleList {
    /// The ruleset, as an index into [`Rulesets::rulesets`].
    pub ruleset: usize,
    /// The schema URL or entity type, as written.
    pub key: String,
    /// The tree in pre-order: parents before their children, and siblings in the order as written.
    pub nodes: Vec<Node>,
}

/// One rule in the tree of a list.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Node {
    /// The rule's id, as written.
    pub rule_id: Arc<str>,
    /// The rule, as an index into the ids that [`Rulesets::new`] was given; none if nothing provides a rule of that id.
    ///
    /// That is not an error, because a ruleset may be ahead of its components: the result is a `NORUN` that says so.
    pub rule: Option<usize>,
    /// The rule that must let this one run, as an index into the same list; it is smaller than this node's own.
    pub parent: Option<usize>,
    /// How many ancestors it has.
    pub depth: usize,
    /// Whether it is an error if the rule does not run on a record.
    pub must_run: bool,
}

impl Node {
    /// The parent that keeps this rule from running on a record, as an index into the list; none if the rule may run.
    ///
    /// Children run only where their parent said PASS or WARN: nothing else decides that. `status_of` gives what an earlier rule of
    /// the list said of the record.
    pub fn blocked_by(&self, status_of: impl FnOnce(usize) -> Option<Status>) -> Option<usize> {
        let parent = self.parent?;
        let status = status_of(parent);
        debug_assert!(status.is_some(), "a parent comes before its children");
        match status {
            Some(Status::Pass | Status::Warn) => None,
            Some(Status::Fail | Status::Norun | Status::Error) | None => Some(parent),
        }
    }
}

impl Rulesets {
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
