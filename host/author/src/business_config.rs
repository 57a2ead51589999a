//! The business configuration of a release: `business-config.yaml`.
//!
//! The keys are those of validation-lib, so that its files can be used as they are:
//!
//! | Key | Meaning |
//! |---|---|
//! | `rulesets` | for each name `metadata`, which is handed on, and `rules`: a tree of rules for each schema URL or entity type; with `must_run: true` it is an error if a rule does not run on a record |
//! | `unknown_schema` | also inside of a ruleset: which rules a record gets whose schema has no list beside those of other schemas: `error` (none) or `entity_type` |
//! | `schema_aliases` | other URLs that records may name a schema by, each with the `$id` of the schema |
//! | `schema_formats` | for the `$id` of a schema `assert` or `ignore`: what becomes of `format` |
//! | `schema_minor_version_fallback` | whether the highest minor version of a schema stands in for one that the release does not have: `false`; also inside of `version_compatibility` |
//! | `schema_to_helper_mapping` | the field map for each schema URL |
//! | `default_helpers` | the field map for each entity type, for records that name no schema |
//! | `allow_minor_version_fallback`, `strict_major_version` | what happens with schema URLs that are not mapped: `false` and `true`; also inside of `version_compatibility` |
//! | `coordination_base_url` | the URL of the coordination service; with it, the signers of the release decide where records may be sent |
//! | `structural_files`, `logic_base_uri`, `rules_base_uri`, `master_rules_directory`, `plugins` | where Python files were; read over, with a line in the log |
//!
//! A field map is named by its file (`loan_v1.json`), the file without its ending (`loan_v1`), or as the Python class that it
//! replaces (`loan_v1.LoanV1`).

use std::collections::BTreeMap;

use jurat_engine::ruleset::{BusinessConfig, RuleNode, Ruleset, UnknownSchema};
use jurat_engine::schema::{Formats, SchemaOptions};

use url::Url;

use jurat_yaml::Problems;
use jurat_yaml::{Field, Reader, Section};

/// Keys of validation-lib for the location of its code.
const UNUSED: [&str; 5] = ["structural_files", "logic_base_uri", "rules_base_uri", "master_rules_directory", "plugins"];

const UNKNOWN_SCHEMA: [(&str, UnknownSchema); 2] =
    [("error", UnknownSchema::Error), ("entity_type", UnknownSchema::EntityType)];
const FORMATS: [(&str, Formats); 2] = [("assert", Formats::Asserted), ("ignore", Formats::Ignored)];

/// A business configuration.
#[derive(Clone, Debug, Default)]
pub struct Document {
    /// For the engine: rulesets and routing.
    pub config: BusinessConfig,
    /// For the service: the URL of the coordination service.
    pub coordination_base_url: Option<Url>,
}

/// Reads a business configuration from a file called `file`, for a release with field maps of the given file names.
///
/// It is not checked against the release; [`Release::new`](jurat_engine::Release::new) does that.
///
/// # Errors
/// With everything that is wrong, in the order of the file.
pub fn parse(text: &str, file: &str, field_maps: &[&str]) -> Result<Document, Problems> {
    Reader::read(file, text, |document| {
        for key in UNUSED {
            if document.take(key).is_there() {
                tracing::info!(file, key, "this setting has no effect: rules are components");
            }
        }
        let rulesets = document.take("rulesets").required().entries();
        let rulesets = rulesets.into_iter().map(|(name, ruleset)| (name, self::ruleset(ruleset))).collect();
        let mapping = names(document.take("schema_to_helper_mapping"), field_maps);
        let defaults = names(document.take("default_helpers"), field_maps);
        let mut versions = Versions::read(document);
        document.take("version_compatibility").section(|nested| {
            versions = versions.or(Versions::read(nested));
            Some(())
        });
        let unknown_schema = document.take("unknown_schema").choice(UNKNOWN_SCHEMA).unwrap_or_default();
        let aliases = document.take("schema_aliases").entries().into_iter();
        let aliases = aliases.filter_map(|(alias, id)| Some((alias, id.required().text()?))).collect();
        let formats = document.take("schema_formats").entries().into_iter();
        let formats = formats.filter_map(|(id, formats)| Some((id, formats.required().choice(FORMATS)?))).collect();
        let coordination_base_url = document.take("coordination_base_url").parsed();
        let config = BusinessConfig {
            rulesets,
            schema_to_helper_mapping: mapping,
            default_helpers: defaults,
            allow_minor_version_fallback: versions.minor.unwrap_or(false),
            strict_major_version: versions.major.unwrap_or(true),
            unknown_schema,
            schemas: SchemaOptions { aliases, formats, minor_fallback: versions.schema_minor.unwrap_or(false) },
        };
        Some(Document { config, coordination_base_url })
    })
}

/// What may stand in for a version that the release does not have.
#[derive(Clone, Copy)]
struct Versions {
    minor: Option<bool>,
    major: Option<bool>,
    schema_minor: Option<bool>,
}

impl Versions {
    fn read(section: &mut Section<'_>) -> Self {
        Self {
            minor: section.take("allow_minor_version_fallback").boolean(),
            major: section.take("strict_major_version").boolean(),
            schema_minor: section.take("schema_minor_version_fallback").boolean(),
        }
    }

    fn or(self, other: Self) -> Self {
        Self {
            minor: self.minor.or(other.minor),
            major: self.major.or(other.major),
            schema_minor: self.schema_minor.or(other.schema_minor),
        }
    }
}

fn ruleset(field: Field<'_>) -> Ruleset {
    let read = field.required().section(|section| {
        let metadata = section.take("metadata").json().unwrap_or_default();
        let rules = section.take("rules").required().entries();
        let rules = rules.into_iter().map(|(key, list)| (key, nodes(list))).collect();
        let unknown_schema = section.take("unknown_schema").choice(UNKNOWN_SCHEMA);
        Some(Ruleset { metadata, rules, unknown_schema })
    });
    read.unwrap_or_default()
}

/// The depth of the text, and with it that of the tree, is bounded by the YAML reader.
fn nodes(list: Field<'_>) -> Vec<RuleNode> {
    list.list().into_iter().filter_map(node).collect()
}

fn node(field: Field<'_>) -> Option<RuleNode> {
    field.required().section(|section| {
        let rule_id = section.take("rule_id").required().text();
        // A line that was not finished must not mean that the rule need not run.
        let is_unfinished = section.is_null("must_run");
        let must_run = section.take("must_run");
        let must_run = if is_unfinished { must_run.required() } else { must_run }.boolean().unwrap_or(false);
        let children = nodes(section.take("children"));
        Some(RuleNode { rule_id: rule_id?, must_run, children })
    })
}

fn names(field: Field<'_>, field_maps: &[&str]) -> BTreeMap<String, String> {
    let entries = field.entries().into_iter();
    entries.filter_map(|(key, name)| Some((key, field_map(&name.required().text()?, field_maps)))).collect()
}

/// The file of a field map with this name; the name itself if there is none.
fn field_map(name: &str, field_maps: &[&str]) -> String {
    let (module, class) = name.rsplit_once('.').unwrap_or((name, ""));
    let is_class = class.starts_with(|first: char| first.is_ascii_uppercase());
    let stem = if is_class { module } else { name };
    let file = format!("{stem}.json");
    if !field_maps.contains(&name) && field_maps.contains(&file.as_str()) { file } else { name.to_owned() }
}

#[cfg(test)]
mod tests;
