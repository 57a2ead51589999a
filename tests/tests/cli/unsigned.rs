//! Unsigned rules: run where the configuration asks for that by name, and every result says so.

use serde_json::Value;

use crate::site::{Site, built_components, loan_rules, results, sample};

/// A configuration that names sources instead of a repository.
fn config(danger: &str) -> String {
    format!("business_config_uri: \"{}\"\n{danger}", loan_rules().display())
}

fn danger() -> String {
    let components = built_components();
    format!("danger:\n  unsigned_directory: true\n  component_directory: \"{}\"\n", components.display())
}

#[test]
fn unsigned_rules_run_where_they_are_allowed_by_name_and_every_result_says_so() {
    let site = Site::empty();
    site.write("local-config.yaml", config(&danger()));
    // Among the results is one of a record that cannot be judged.
    let input = [&sample("loans.ndjson")[..], b"nonsense\n"].concat();
    let outcome = site.validate("thorough", &["--format", "ndjson"], &input);
    assert!(outcome.stderr.contains("unsigned rules"), "{}", outcome.stderr);
    let unsigned = results(&outcome.ends_with(1));
    assert_eq!(unsigned.len(), 13);
    assert!(unsigned.iter().all(|result| result["unsigned"] == true), "{unsigned:?}");
    assert!(unsigned.iter().all(|result| result.get("release").is_none()), "{unsigned:?}");
    let table = site.validate("thorough", &[], &input);
    assert!(table.stderr.contains("unsigned rules"), "{}", table.stderr);
    let table = table.ends_with(1);
    assert!(table.contains("These rules are not signed."), "{table}");
    assert_eq!(table.matches("unsigned rules\n").count(), 13, "{table}");
}

#[test]
fn unsigned_rules_say_the_same_as_signed_ones() {
    let site = Site::empty();
    site.write("local-config.yaml", config(&danger()));
    let judge = |site: &Site| {
        let outcome = site.validate("thorough", &["--format", "ndjson"], &sample("loans.json"));
        let mut results = results(&crate::golden::without_times(&outcome.stdout));
        for result in results.iter_mut().filter_map(Value::as_object_mut) {
            result.retain(|key, _| key != "unsigned" && key != "release");
        }
        results
    };
    assert_eq!(judge(&site), judge(&Site::signed()));
}

#[test]
fn no_result_of_signed_rules_says_unsigned() {
    let outcome = Site::signed().validate("thorough", &["--format", "json"], &sample("loans.json"));
    assert!(!outcome.ends_with(1).contains("unsigned"));
}

#[test]
fn unsigned_rules_are_refused_unless_they_are_allowed_by_name() {
    let site = Site::empty();
    let trust = "trust: {release: t/demo/main/loan.json}\n";
    for (danger, reasons) in [
        ("", &["trust: it is missing"][..]),
        ("danger: {unsigned_directory: false}\n", &["trust: it is missing"]),
        (trust, &["unsigned rules are not run", "danger.unsigned_directory: true"]),
        ("danger: {unsigned_directory: yes}\n", &["danger.unsigned_directory", "`true` or `false`"]),
        ("danger: {unsigned_director: true}\n", &["did you mean `unsigned_directory`?"]),
        ("unsigned_directory: true\n", &["unsigned_directory: this key is not known"]),
    ] {
        site.write("local-config.yaml", config(danger));
        site.validate("thorough", &[], &sample("loans.json")).refuses(2, reasons);
    }
}

#[test]
fn the_danger_setting_does_not_make_a_repository_trusted() {
    let site = Site::signed();
    let config = crate::site::CONFIG.to_owned() + "danger: {unsigned_directory: true}\n";
    site.write("local-config.yaml", &config);
    let outcome = site.validate("quick", &["--format", "json"], &sample("loans.json"));
    assert!(!outcome.ends_with(1).contains("unsigned"));
    // Not signed by enough keys, and unsigned sources beside it.
    site.proclaim(&site.payload(), &["author"]);
    site.validate("quick", &[], &sample("loans.json")).refuses(3, &["signatures by 2 trusted keys are needed"]);
    for (path, bytes) in sources() {
        site.write(format!("repository/{path}"), bytes);
    }
    site.validate("quick", &[], &sample("loans.json")).refuses(3, &["signatures by 2 trusted keys are needed"]);
}

#[test]
fn components_that_have_not_been_built_are_missed_by_name() {
    let site = Site::empty();
    site.write("local-config.yaml", config("danger: {unsigned_directory: true, component_directory: empty}\n"));
    let outcome = site.validate("quick", &[], &sample("loans.json"));
    outcome.refuses(2, &["empty/loan_rules.wasm: it does not exist", "jurat build"]);
}

fn sources() -> Vec<(String, Vec<u8>)> {
    let read = |name: &str| (name.to_owned(), std::fs::read(loan_rules().join(name)).unwrap());
    vec![read("release.yaml"), read("business-config.yaml")]
}
