//! Test vectors: records with the verdicts that the release must give on them.

use std::collections::{BTreeMap, BTreeSet};

use jurat_engine::Excerpt;
use jurat_engine::ruleset::KeyPath;
use jurat_model::Status;
use jurat_trust::FileKind;
use jurat_trust::publish::DraftFile;
use serde::Deserialize;
use serde_json::value::RawValue;

use super::check::Checks;
use crate::problem::{Problem, advice};

/// One vector, as it is written.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Vector {
    /// For people.
    #[serde(rename = "name")]
    _name: String,
    ruleset: String,
    #[serde(rename = "entity_type", default)]
    _entity_type: Option<String>,
    /// The time of the run, for rules that read it.
    #[serde(default)]
    now: Option<String>,
    #[serde(rename = "record")]
    _record: Box<RawValue>,
    #[serde(rename = "associated", default)]
    _associated: Option<BTreeMap<String, Box<RawValue>>>,
    expect: BTreeMap<String, String>,
}

/// Checks that vectors can be read and name what there is. It does not run them.
pub(super) fn check(checks: &Checks<'_>, files: &[DraftFile], problems: &mut Vec<Problem>) {
    let known: BTreeSet<_> = checks.known().collect();
    for file in files.iter().filter(|file| file.kind == FileKind::Vectors) {
        let name = checks.source.path_of(&file.path);
        let vectors: Vec<Vector> = match serde_json::from_slice(&file.bytes) {
            Ok(vectors) => vectors,
            Err(error) => {
                problems.push(Problem::of_file(name, format!("it is no list of test vectors: {error}")));
                continue;
            }
        };
        for (index, vector) in vectors.iter().enumerate() {
            let path = KeyPath::default().index(index);
            let mut refuse = |key, message| problems.push(Problem { key, ..Problem::of_file(name.clone(), message) });
            if !checks.config.rulesets.contains_key(&vector.ruleset) {
                let advice = advice(&vector.ruleset, checks.config.rulesets.keys().map(String::as_str));
                refuse(path.key("ruleset"), format!("there is no ruleset `{}`{advice}", Excerpt::of(&vector.ruleset)));
            }
            if let Some(now) = &vector.now
                && now.parse::<jiff::Timestamp>().is_err()
            {
                refuse(path.key("now"), format!("`{}` is no time like `2026-01-31T12:00:00Z`", Excerpt::of(now)));
            }
            for (rule, status) in &vector.expect {
                let path = path.key("expect").key(rule);
                if !known.contains(rule.as_str()) {
                    let advice = advice(rule, known.iter().copied());
                    refuse(path.clone(), format!("no component has a rule `{}`{advice}", Excerpt::of(rule)));
                }
                if !Status::ALL.iter().any(|known| known.name() == status) {
                    let advice = advice(status, Status::ALL.iter().map(|known| known.name()));
                    refuse(path, format!("`{}` is no status{advice}", Excerpt::of(status)));
                }
            }
        }
    }
}
