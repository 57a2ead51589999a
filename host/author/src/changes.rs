//! What differs between the contents of two releases, for people to read before they sign: rulesets, routing, field maps and schemas.
//!
//! [`jurat_trust::publish::Changes`] has what their manifests tell.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use jurat_engine::ruleset::{BusinessConfig, RuleNode, Ruleset, UnknownSchema};
use jurat_engine::schema::{Formats, SchemaOptions};
use jurat_model::Excerpt;
use jurat_trust::{FileKind, VerifiedRelease};
use jurat_yaml::Problems;

use crate::business_config::{self, Document};
use crate::file_name;

mod places;

use places::Place;

/// Places of one file that are reported one by one.
const SHOWN: usize = 20;

/// One difference. Its `Display` is one line for people, with foreign text in backticks.
#[derive(Clone, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub enum ContentChange {
    /// A ruleset that was not there before.
    RulesetAdded {
        /// Its name.
        ruleset: String,
    },
    /// A ruleset is gone: calls that name it will fail.
    RulesetRemoved {
        /// Its name.
        ruleset: String,
    },
    /// A ruleset has a rule more.
    RuleListed {
        /// The ruleset.
        ruleset: String,
        /// The schema or entity type of the records.
        records: String,
        /// The rule.
        rule: String,
    },
    /// A ruleset no longer has a rule: records pass that it failed.
    RuleDropped {
        /// The ruleset.
        ruleset: String,
        /// The schema or entity type of the records.
        records: String,
        /// The rule.
        rule: String,
    },
    /// The same rules in another order, or below other rules.
    RulesMoved {
        /// The ruleset.
        ruleset: String,
        /// The schema or entity type of the records.
        records: String,
    },
    /// A rule no longer has to run, or has to.
    MustRun {
        /// The ruleset.
        ruleset: String,
        /// The schema or entity type of the records.
        records: String,
        /// The rule.
        rule: String,
        /// Whether it has to now.
        must_run: bool,
    },
    /// A setting of the business configuration is another one.
    Setting {
        /// Its key, and what it is about.
        key: String,
        /// The earlier value; none if there was none.
        old: Option<String>,
        /// The new value; none if there is none.
        new: Option<String>,
    },
    /// A place in a field map or schema is another one.
    Place {
        /// The file.
        file: String,
        /// The JSON pointer.
        pointer: String,
        /// The earlier value; none if there was none.
        old: Option<String>,
        /// The new value; none if there is none.
        new: Option<String>,
    },
    /// A file is another one, in a way that cannot be shown by places: compare the files.
    Unshown {
        /// The file.
        file: String,
    },
    /// Further places of a file.
    More {
        /// The file.
        file: String,
        /// Their number.
        places: usize,
    },
}

/// The differences of the contents of two releases. Files that only one of them has are left out: their manifests tell.
///
/// # Errors
/// When a business configuration cannot be read.
pub fn content_changes(old: &VerifiedRelease, new: &VerifiedRelease) -> Result<Vec<ContentChange>, Problems> {
    let mut changes = Vec::new();
    let (before, after) = (config(old)?, config(new)?);
    rulesets(&before.config.rulesets, &after.config.rulesets, &mut changes);
    settings(&before, &after, &mut changes);
    for kind in [FileKind::FieldMap, FileKind::Schema] {
        let earlier: BTreeMap<_, _> = old.files(kind).map(|(file, bytes)| (&file.path, bytes.as_slice())).collect();
        for (file, bytes) in new.files(kind) {
            if let Some(before) = earlier.get(&file.path).filter(|before| **before != bytes.as_slice()) {
                file_changed(file.path.as_str(), before, bytes.as_slice(), &mut changes);
            }
        }
    }
    Ok(changes)
}

fn config(release: &VerifiedRelease) -> Result<Document, Problems> {
    let maps: Vec<_> = release.files(FileKind::FieldMap).map(|(file, _)| file_name(&file.path)).collect();
    // A manifest has exactly one.
    let file = release.files(FileKind::BusinessConfig).next();
    let (path, bytes) = file.map_or(("", &[][..]), |(file, bytes)| (file.path.as_str(), bytes.as_slice()));
    let name = format!("{} {}: {path}", release.manifest().name(), release.manifest().version());
    business_config::parse(&String::from_utf8_lossy(bytes), &name, &maps)
}

fn rulesets(old: &BTreeMap<String, Ruleset>, new: &BTreeMap<String, Ruleset>, changes: &mut Vec<ContentChange>) {
    for ruleset in old.keys().filter(|name| !new.contains_key(*name)) {
        changes.push(ContentChange::RulesetRemoved { ruleset: ruleset.clone() });
    }
    let none = Ruleset::default();
    for (name, after) in new {
        let before = old.get(name);
        if before.is_none() {
            changes.push(ContentChange::RulesetAdded { ruleset: name.clone() });
        }
        let before = before.unwrap_or(&none);
        let all: BTreeSet<_> = before.rules.keys().chain(after.rules.keys()).collect();
        for records in all {
            let of = |ruleset: &Ruleset| flat(ruleset.rules.get(records).map(Vec::as_slice).unwrap_or_default());
            let (before, after) = (of(before), of(after));
            list(name, records, &before, &after, changes);
            for (rule, _, must_run) in &after {
                if before.iter().find(|(other, ..)| other == rule).map_or(*must_run, |(_, _, old)| old != must_run) {
                    let (ruleset, records, rule) = (name.clone(), records.clone(), rule.clone());
                    changes.push(ContentChange::MustRun { ruleset, records, rule, must_run: *must_run });
                }
            }
        }
    }
}

/// The differences of two lists of rules, each with the rule above it.
fn list(ruleset: &str, records: &str, old: &[Listed], new: &[Listed], changes: &mut Vec<ContentChange>) {
    let (ruleset, records) = (ruleset.to_owned(), records.to_owned());
    let ids = |list: &[Listed]| list.iter().map(|(rule, ..)| rule.clone()).collect::<BTreeSet<_>>();
    let (before, after) = (ids(old), ids(new));
    for rule in before.difference(&after) {
        let (ruleset, records, rule) = (ruleset.clone(), records.clone(), rule.clone());
        changes.push(ContentChange::RuleDropped { ruleset, records, rule });
    }
    for rule in after.difference(&before) {
        let (ruleset, records, rule) = (ruleset.clone(), records.clone(), rule.clone());
        changes.push(ContentChange::RuleListed { ruleset, records, rule });
    }
    // Of those in both, the order and what is above them.
    let common = |list: &[Listed]| -> Vec<_> {
        let in_both = list.iter().filter(|(rule, ..)| before.contains(rule) && after.contains(rule));
        in_both.map(|(rule, above, _)| (rule.clone(), above.clone())).collect()
    };
    if common(old) != common(new) {
        changes.push(ContentChange::RulesMoved { ruleset, records });
    }
}

/// A rule, the rule above it, and whether it must run.
type Listed = (String, String, bool);

/// The rules of a hierarchy in their order, each with the rule above it.
fn flat(nodes: &[RuleNode]) -> Vec<Listed> {
    let mut rules = Vec::new();
    let mut waiting: Vec<_> = nodes.iter().rev().map(|node| (node, "")).collect();
    while let Some((RuleNode { rule_id, must_run, children }, above)) = waiting.pop() {
        rules.push((rule_id.clone(), above.to_owned(), *must_run));
        waiting.extend(children.iter().rev().map(|child| (child, rule_id.as_str())));
    }
    rules
}

fn settings(old: &Document, new: &Document, changes: &mut Vec<ContentChange>) {
    let of = |document: &Document| {
        let Document { config, coordination_base_url } = document;
        // Every setting is here, so that none can change unseen.
        let BusinessConfig {
            rulesets,
            schema_to_helper_mapping,
            default_helpers,
            allow_minor_version_fallback,
            strict_major_version,
            unknown_schema,
            schemas: SchemaOptions { aliases, formats, minor_fallback },
        } = config;
        let mut settings = BTreeMap::new();
        let maps = [
            ("schema_to_helper_mapping", schema_to_helper_mapping),
            ("default_helpers", default_helpers),
            ("schema_aliases", aliases),
        ];
        for (key, map) in maps {
            settings.extend(map.iter().map(|(of, value)| (format!("{key} of {of}"), value.clone())));
        }
        settings.extend(formats.iter().map(|(id, formats)| (format!("schema_formats of {id}"), formats_of(*formats))));
        let unknown = |unknown: UnknownSchema| match unknown {
            UnknownSchema::Error => "error".to_owned(),
            UnknownSchema::EntityType => "entity_type".to_owned(),
        };
        settings.insert("unknown_schema".to_owned(), unknown(*unknown_schema));
        for (name, Ruleset { metadata, rules: _, unknown_schema }) in rulesets {
            settings.extend(unknown_schema.map(|value| (format!("unknown_schema of ruleset {name}"), unknown(value))));
            if !metadata.is_null() {
                settings.insert(format!("metadata of ruleset {name}"), metadata.to_string());
            }
        }
        let flags = [
            ("allow_minor_version_fallback", *allow_minor_version_fallback),
            ("schema_minor_version_fallback", *minor_fallback),
            ("strict_major_version", *strict_major_version),
        ];
        settings.extend(flags.map(|(key, value)| (key.to_owned(), value.to_string())));
        settings.extend(coordination_base_url.iter().map(|url| ("coordination_base_url".to_owned(), url.to_string())));
        settings
    };
    let (before, after) = (of(old), of(new));
    let all: BTreeSet<_> = before.keys().chain(after.keys()).collect();
    for key in all.into_iter().filter(|key| before.get(*key) != after.get(*key)) {
        let (old, new) = (before.get(key).cloned(), after.get(key).cloned());
        changes.push(ContentChange::Setting { key: key.clone(), old, new });
    }
}

fn formats_of(formats: Formats) -> String {
    match formats {
        Formats::Unstated => String::new(),
        Formats::Asserted => "assert".to_owned(),
        Formats::Ignored => "ignore".to_owned(),
    }
}

/// The places of a file that differ, up to a number.
fn file_changed(file: &str, old: &[u8], new: &[u8], changes: &mut Vec<ContentChange>) {
    let places = places::changed(old, new);
    let file = || file.to_owned();
    if places.is_empty() {
        changes.push(ContentChange::Unshown { file: file() });
    }
    let more = places.len().saturating_sub(SHOWN);
    let shown = places.into_iter().take(SHOWN);
    changes.extend(shown.map(|Place { pointer, old, new }| ContentChange::Place { file: file(), pointer, old, new }));
    if more > 0 {
        changes.push(ContentChange::More { file: file(), places: more });
    }
}

impl fmt::Display for ContentChange {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::RulesetAdded { ruleset } => write!(out, "ruleset {} added", Shown(ruleset)),
            Self::RulesetRemoved { ruleset } => write!(out, "ruleset {} REMOVED", Shown(ruleset)),
            Self::RuleListed { ruleset, records, rule } => {
                write!(out, "ruleset {}, records of {}: rule {} added", Shown(ruleset), Shown(records), Shown(rule))
            }
            Self::RuleDropped { ruleset, records, rule } => write!(
                out,
                "ruleset {}, records of {}: rule {} DROPPED, it no longer judges them",
                Shown(ruleset),
                Shown(records),
                Shown(rule)
            ),
            Self::RulesMoved { ruleset, records } => write!(
                out,
                "ruleset {}, records of {}: rules are in another order, or below other rules",
                Shown(ruleset),
                Shown(records)
            ),
            Self::MustRun { ruleset, records, rule, must_run } => {
                let words = if *must_run { "must run on every record" } else { "NO LONGER has to run" };
                write!(out, "ruleset {}, records of {}: rule {} {words}", Shown(ruleset), Shown(records), Shown(rule))
            }
            Self::Setting { key, old, new } => {
                write!(out, "setting {}: {} -> {}", Shown(key), Known(old.as_deref()), Known(new.as_deref()))
            }
            Self::Place { file, pointer, old, new } => {
                let pointer = if pointer.is_empty() { "/" } else { pointer };
                let (old, new) = (Known(old.as_deref()), Known(new.as_deref()));
                write!(out, "file {} at {}: {old} -> {new}", Shown(file), Shown(pointer))
            }
            Self::Unshown { file } => {
                write!(out, "file {} differs, and only a comparison of the files shows how", Shown(file))
            }
            Self::More { file, places } => write!(out, "file {}: {places} more places changed", Shown(file)),
        }
    }
}

/// A foreign text in backticks.
struct Shown<'a>(&'a str);

impl fmt::Display for Shown<'_> {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "`{}`", Excerpt::of(self.0))
    }
}

/// A value, or that there is none.
struct Known<'a>(Option<&'a str>);

impl fmt::Display for Known<'_> {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            Some(value) => Shown(value).fmt(out),
            None => out.write_str("nothing"),
        }
    }
}

#[cfg(test)]
mod tests;
