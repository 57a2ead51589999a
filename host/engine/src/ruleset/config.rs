//! The rules team's configuration as it is written.

use std::collections::BTreeMap;

use crate::schema::SchemaOptions;

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
    /// Whether it is an error if a schema URL is not mapped and no other minor version stands in for it. Otherwise the default field
    /// map of its entity type is used.
    pub strict_major_version: bool,
    /// The rules of a record whose schema has no list in a ruleset that has lists for other schemas of its entity type, unless the
    /// ruleset says otherwise.
    pub unknown_schema: UnknownSchema,
    /// How the schemas are used.
    pub schemas: SchemaOptions,
}

/// The rules of a record whose schema has no list in a ruleset that has lists for other schemas of its entity type.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub enum UnknownSchema {
    /// None: it is an error of the record.
    #[default]
    Error,
    /// Those of its entity type, which may check less.
    EntityType,
}

/// One ruleset as it is written.
#[derive(Clone, Debug, Default)]
pub struct Ruleset {
    /// For people. The engine never interprets it.
    pub metadata: serde_json::Value,
    /// The rules for each schema URL or entity type. A list may be empty: records then get no results.
    pub rules: BTreeMap<String, Vec<RuleNode>>,
    /// As [`BusinessConfig::unknown_schema`], for this ruleset; none = as there.
    pub unknown_schema: Option<UnknownSchema>,
}

/// A rule in a hierarchy as it is written.
#[derive(Clone, Debug, Default)]
pub struct RuleNode {
    /// The rule's id.
    pub rule_id: String,
    /// Whether it is an error if the rule does not run on a record.
    pub must_run: bool,
    /// The rules that run only where this one says PASS or WARN.
    pub children: Vec<Self>,
}
