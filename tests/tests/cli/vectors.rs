//! The test vectors of the sample release hold in the program that people run.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;

use serde::Deserialize;
use serde_json::value::RawValue;
use serde_json::{Value, json};

use crate::site::{Site, loan_rules, results};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Vector {
    name: String,
    ruleset: String,
    entity_type: Option<String>,
    record: Box<RawValue>,
    associated: Option<Value>,
    expect: BTreeMap<String, String>,
}

fn vectors() -> Vec<Vector> {
    let mut vectors = Vec::new();
    for entry in fs::read_dir(loan_rules().join("vectors")).unwrap() {
        let text = fs::read(entry.unwrap().path()).unwrap();
        vectors.extend(serde_json::from_slice::<Vec<Vector>>(&text).unwrap());
    }
    vectors
}

/// The status of each rule, whatever its place in the hierarchy.
fn statuses(results: &Value, found: &mut BTreeMap<String, String>) {
    for result in results.as_array().unwrap() {
        let text = |key: &str| result[key].as_str().unwrap().to_owned();
        assert_eq!(found.insert(text("rule_id"), text("status")), None, "{result}");
        statuses(&result["children"], found);
    }
}

#[test]
fn every_vector_of_the_sample_release_gets_the_statuses_it_expects() {
    let site = Site::signed();
    let vectors = vectors();
    let mut groups: BTreeMap<(&str, Option<&str>), Vec<&Vector>> = BTreeMap::new();
    for vector in &vectors {
        groups.entry((&vector.ruleset, vector.entity_type.as_deref())).or_default().push(vector);
    }
    for ((ruleset, entity_type), vectors) in groups {
        let mut lines = String::new();
        let mut associated = BTreeMap::new();
        for Vector { name, record, associated: entities, .. } in &vectors {
            lines += &format!("{}\n", record.get());
            if let Some(entities) = entities {
                let id = serde_json::from_str::<Value>(record.get()).unwrap()["id"].as_str().unwrap().to_owned();
                assert_eq!(associated.insert(id, entities), None, "{name}: its id is that of another vector");
            }
        }
        site.write("associated.json", json!(associated).to_string());
        let mut more = vec!["--format", "ndjson", "--associated", "associated.json"];
        more.extend(entity_type.iter().flat_map(|entity_type| ["--entity-type", *entity_type]));
        let outcome = site.validate(ruleset, &more, lines.as_bytes());
        let results = results(&outcome.stdout);
        assert_eq!(results.len(), vectors.len(), "{}", outcome.stderr);
        for (vector, result) in vectors.into_iter().zip(results) {
            let mut found = BTreeMap::new();
            statuses(&result["results"], &mut found);
            assert_eq!(found, vector.expect, "{}: {result}", vector.name);
        }
    }
}

#[test]
fn the_vectors_show_every_rule_with_every_status_that_it_has() {
    let vectors = vectors();
    let shown: BTreeSet<_> = vectors
        .iter()
        .flat_map(|vector| &vector.expect)
        .map(|(rule, status)| (rule.as_str(), status.as_str()))
        .collect();
    for (rule, statuses) in [
        ("rule_001_v1", &["PASS", "FAIL"][..]),
        ("rule_002_v1", &["PASS", "FAIL", "NORUN", "ERROR"]),
        ("rule_003_v1", &["PASS", "FAIL", "ERROR"]),
        ("rule_004_v1", &["PASS", "FAIL", "NORUN", "ERROR"]),
        ("rule_005_v1", &["PASS", "WARN", "NORUN", "ERROR"]),
        ("rule_006_v1", &["PASS", "FAIL", "NORUN", "ERROR"]),
    ] {
        for status in statuses {
            assert!(shown.contains(&(rule, *status)), "no vector has {status} of {rule}");
        }
    }
}
