//! Test vectors: those of the sample release hold, and a release whose vectors do not hold is not built.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::num::NonZeroUsize;
use std::time::Duration;

use jurat_author::vectors::{self, VectorLimits, VectorsError};
use jurat_sandbox::{Policy, Sandbox, Settings};
use jurat_tests::guest;
use serde::Deserialize;
use serde_json::value::RawValue;
use serde_json::{Value, json};

use crate::hostile_text::unsigned_release;
use crate::program::Outcome;
use crate::site::{Site, built_components, loan_rules, results};

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

/// The status of each rule, whatever its position in the hierarchy.
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

/// Builds a release of the sources in `rules`.
fn build(site: &Site, more: &[&str]) -> Outcome {
    site.run(&[&["release", "build", "rules", "--tenant", "demo"], more].concat())
}

/// Vectors for a guest: a value of `n`, and the status that it must have.
fn guest_vectors(cases: &[(i64, &str)]) -> String {
    let vectors = cases.iter().enumerate().map(|(index, (n, status))| {
        let (name, record, expect) = (index.to_string(), json!({"n": n}), json!({"guest": status}));
        json!({"name": name, "ruleset": "all", "entity_type": "loan", "record": record, "expect": expect})
    });
    Value::from_iter(vectors).to_string()
}

/// Sources of a release with one guest and vectors.
fn guest_release(component: &[u8], vectors: &str) -> Site {
    let site = Site::founded();
    unsigned_release(&site, component);
    let release = fs::read_to_string(site.path("rules/release.yaml")).unwrap();
    site.write("rules/release.yaml", release + "vectors: [vectors.json]\n");
    site.write("rules/vectors.json", vectors);
    site
}

#[test]
fn building_a_release_says_how_many_vectors_hold() {
    let site = Site::founded();
    site.sources("rules");
    let built = built_components().display().to_string();
    let outcome = build(&site, &["--component-dir", &built]);
    let count = vectors().len();
    let line = outcome.stderr.lines().find(|line| line.starts_with("vectors ")).unwrap_or_default().to_owned();
    outcome.ends_with(0);
    assert!(line.starts_with(&format!("vectors     {count} test vectors hold, in ")), "{line}");
}

#[test]
fn a_release_whose_vectors_do_not_hold_is_not_built() {
    let site = Site::founded();
    let sources = site.sources("rules");
    let built = built_components().display().to_string();
    let text = fs::read_to_string(sources.join("vectors/v1.json")).unwrap();
    let wrong = text.replacen("\"rule_002_v1\": \"PASS\"", "\"rule_002_v1\": \"FAIL\"", 1);
    site.write("rules/vectors/v1.json", &wrong);
    let failure = "error: rules/vectors/v1.json: [0].expect.rule_002_v1: `a sound loan`: rule `rule_002_v1`: FAIL is \
                   expected, but it says PASS";
    build(&site, &["--component-dir", &built]).refuses(2, &[failure, "correct the rule or the vector"]);
    assert!(!site.path("repository/staged/1.t-demo.json").exists());
    // Hosts that run the same sources unsigned refuse them as well.
    let config = "business_config_uri: rules\ndanger:\n  unsigned_directory: true\n  component_directory: ";
    site.write("local-config.yaml", format!("{config}{built:?}\n"));
    site.validate("quick", &[], b"{}").refuses(2, &["rules/vectors/v1.json: [0].expect.rule_002_v1"]);
}

#[test]
fn a_rule_that_counts_records_is_not_released() {
    // It would also trap at the third record of a chunk; but that one would be judged again, alone.
    for (n, count) in [(0, 1), (0, 2), (1, 4)] {
        let site = guest_release(&guest::rust("global_state"), &guest_vectors(&vec![(n, "PASS"); count]));
        let reasons = [
            "error: rules/vectors.json: [",
            "rule `guest`: of this record alone it says PASS (0 before), among others PASS (",
            " before); a rule must not keep anything from one record to the next",
        ];
        build(&site, &[]).refuses(2, &reasons);
        assert!(!site.path("repository/staged/1.t-demo.json").exists());
    }
}

#[test]
fn rules_that_do_wrong_may_be_shown_to() {
    let some = [(0, "PASS"), (1 << 20, "ERROR"), (0, "PASS"), (1 << 21, "ERROR"), (0, "PASS")];
    for (name, cases) in [
        ("endless_loop", &some[..]),
        ("always_traps", &[(0, "ERROR"), (1, "ERROR")]),
        ("traps_on_a_row", &some),
        ("memory_bomb", &some),
    ] {
        let outcome = build(&guest_release(&guest::rust(name), &guest_vectors(cases)), &[]);
        assert!(outcome.stderr.contains(&format!("vectors     {} test vectors hold", cases.len())), "{name}");
        outcome.ends_with(0);
    }
}

#[test]
fn a_rule_that_no_vector_speaks_of_is_a_warning() {
    let site = Site::founded();
    unsigned_release(&site, &guest::rust("spin"));
    let outcome = build(&site, &[]);
    let warning = "warning: rules/release.yaml: no test vector shows what is expected of `guest`\n";
    assert!(outcome.stderr.starts_with(warning), "{}", outcome.stderr);
    assert!(outcome.stderr.contains("vectors     0 test vectors hold"), "{}", outcome.stderr);
}

#[test]
fn vectors_that_burn_all_fuel_of_every_call_do_not_hold_up_a_host() {
    let site = guest_release(&guest::rust("endless_loop"), "[]");
    let source = jurat_author::read(&site.path("rules")).unwrap();
    let components = jurat_author::built_components(&source, None).unwrap();
    let sandbox = Sandbox::open(Settings::new(NonZeroUsize::MIN)).unwrap();
    let release = jurat_author::check(&source, components, &sandbox, &Policy::default()).unwrap().release;
    let cases = vec![(1, "ERROR"); 10_000];
    let vectors = vectors::parse("vectors.json", guest_vectors(&cases).as_bytes()).unwrap();
    let limits = VectorLimits { time: Duration::from_millis(200), ..VectorLimits::DEFAULT };
    let begun = std::time::Instant::now();
    let refused = vectors::run(&release, &vectors, &limits).unwrap_err();
    assert!(matches!(refused, VectorsError::TooSlow { .. }), "{refused}");
    // All of them would take minutes.
    assert!(begun.elapsed() < Duration::from_secs(20), "{:?}", begun.elapsed());
    assert!(vectors::run(&release, &vectors[..5], &VectorLimits::DEFAULT).unwrap().holds());
}
