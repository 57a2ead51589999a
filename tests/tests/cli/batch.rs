//! `jurat batch`: what is in its files, and what they are called while they are not whole.

use std::collections::BTreeMap;
use std::fs;

use serde_json::{Value, json};

use crate::program::Outcome;
use crate::site::{Site, results, sample, sample_path};

mod ending;
mod inputs;
mod refusals;
mod writing;

const SCHEMA: &str = "https://schemas.example.com/loan/v1.0.0";

/// Judges what is named or piped in.
fn batch(site: &Site, ruleset: &str, more: &[&str], input: &[u8]) -> Outcome {
    let arguments = ["batch", "--config", "local-config.yaml", "--ruleset", ruleset];
    site.feed(&[&arguments[..], more].concat(), input)
}

/// A loan on one line, which passes unless its balance exceeds 100.
fn loan(id: &str, balance: u32) -> String {
    format!(
        r#"{{"$schema": "{SCHEMA}", "id": "{id}", "loan_number": "LN-1", "financial": {{"principal_amount": 100, "outstanding_balance": {balance}, "currency": "EUR", "interest_rate": 0.01}}, "dates": {{"origination_date": "2023-01-15", "maturity_date": "2033-01-15"}}, "status": "active"}}"#
    )
}

/// `count` loans, of which every tenth is bad.
fn loans(count: usize) -> String {
    (0..count).map(|number| loan(&format!("L-{number}"), if number % 10 == 3 { 101 } else { 10 }) + "\n").collect()
}

fn read(site: &Site, name: &str) -> String {
    fs::read_to_string(site.path(name)).unwrap()
}

/// The names of the files of a site that are not there from the start.
fn written(site: &Site) -> Vec<String> {
    let given = ["keys", "repository", "root.json", "local-config.yaml"];
    let names = fs::read_dir(site.path("")).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap());
    let mut names: Vec<_> = names.filter(|name| !given.contains(&name.as_str()) && !name.starts_with("in")).collect();
    names.sort();
    names
}

/// Every rule result of a tree.
fn flat(results: &Value) -> Vec<&Value> {
    let results = results.as_array().unwrap().iter();
    results.flat_map(|result| [vec![result], flat(&result["children"])].concat()).collect()
}

#[test]
fn every_file_of_the_sample_loans_says_what_validate_says() {
    let site = Site::signed();
    let path = sample_path("loans.ndjson").display().to_string();
    let files = ["--results", "r", "--failures", "f", "--good", "g", "--bad", "b", "--summary", "s", "--quiet", &path];
    let now = ["--now", "2026-01-31T12:00:00Z"];
    let table = batch(&site, "thorough", &[&files[..], &now, &["--no-places"]].concat(), b"").ends_with(1);
    assert!(table.contains("\n12 records: 3 passed, 1 warned, 8 failed\n"), "{table}");
    assert_eq!(written(&site), ["b", "f", "g", "r", "s"]);

    let validated = site.validate("thorough", &[&["--format", "ndjson"][..], &now].concat(), &sample("loans.ndjson"));
    let mut expected = results(&validated.stdout);
    for result in &mut expected {
        without_times(&mut result["results"]);
    }
    let found = results(&read(&site, "r"));
    assert_eq!(found, expected);

    let failing = |result: &&Value| matches!(result["status"].as_str().unwrap(), "FAIL" | "ERROR");
    let failures = results(&read(&site, "f"));
    let mut said = failures.iter();
    for (index, record) in found.iter().enumerate() {
        for rule in flat(&record["results"]).into_iter().filter(failing) {
            let line = said.next().unwrap();
            for key in ["rule_id", "description", "status", "code", "message", "params", "fields", "component"] {
                assert_eq!(line.get(key), rule.get(key), "{key}");
            }
            for key in ["entity_id", "entity_type", "release", "now"] {
                assert_eq!(line.get(key), record.get(key), "{key}");
            }
            assert_eq!(line["ids"], json!({"id": record["entity_id"]}));
            assert_eq!((&line["line"], line.get("file")), (&json!(index + 1), None));
        }
    }
    assert_eq!(said.next(), None);

    let text = String::from_utf8(sample("loans.ndjson")).unwrap();
    let (good, bad) = (read(&site, "g"), read(&site, "b"));
    let is_bad = |id: &str| failures.iter().any(|line| line["entity_id"] == id);
    let split = |wanted: bool| text.lines().filter(|line| is_bad(&id_of(line)) == wanted).collect::<Vec<_>>();
    assert_eq!(good.lines().collect::<Vec<_>>(), split(false));
    assert_eq!(bad.lines().collect::<Vec<_>>(), split(true));

    let summary: Value = serde_json::from_str(&read(&site, "s")).unwrap();
    assert_eq!((&summary["records"], &summary["failed"], &summary["warned"]), (&json!(12), &json!(8), &json!(1)));
    assert_eq!(summary["inputs"]["files"], 1);
    let lines: BTreeMap<_, _> = summary["outputs"]
        .as_array()
        .unwrap()
        .iter()
        .map(|output| (output["kind"].as_str().unwrap(), output["lines"].as_u64().unwrap()))
        .collect();
    assert_eq!(lines, [("bad", 8), ("failures", failures.len() as u64), ("good", 4), ("results", 12)].into());
    let rule = &summary["rules"]["rule_002_v1"];
    assert!(rule["usage"]["peak_fuel"].as_u64().unwrap() < rule["limits"]["fuel"].as_u64().unwrap(), "{rule}");
}

fn without_times(results: &mut Value) {
    for result in results.as_array_mut().unwrap() {
        result.as_object_mut().unwrap().remove("execution_time_ms");
        without_times(&mut result["children"]);
    }
}

fn id_of(record: &str) -> String {
    serde_json::from_str::<Value>(record).unwrap()["id"].as_str().unwrap().to_owned()
}

#[test]
fn a_line_for_each_rule_has_what_its_record_says() {
    let site = Site::signed();
    let rules = ["--results", "rules", "--per", "rule", "--quiet"];
    batch(&site, "thorough", &rules, &sample("loans.ndjson")).ends_with(1);
    batch(&site, "thorough", &["--results", "records", "--quiet"], &sample("loans.ndjson")).ends_with(1);
    let mut expected = Vec::new();
    for record in results(&read(&site, "records")) {
        collect(&record["results"], &Value::Null, &record["entity_id"], &mut expected);
    }
    let found = results(&read(&site, "rules"));
    let found: Vec<_> = found
        .iter()
        .map(|line| {
            assert_eq!(line.get("ids"), None);
            let parent = line.get("parent").cloned().unwrap_or_default();
            (
                line["entity_id"].clone(),
                line["rule_id"].clone(),
                parent,
                line["status"].clone(),
                line["message"].clone(),
            )
        })
        .collect();
    assert_eq!(found, expected);
}

type Said = (Value, Value, Value, Value, Value);

fn collect(results: &Value, parent: &Value, id: &Value, said: &mut Vec<Said>) {
    for rule in results.as_array().unwrap() {
        let [rule_id, status, message] = ["rule_id", "status", "message"].map(|key| rule[key].clone());
        said.push((id.clone(), rule_id, parent.clone(), status, message));
        collect(&rule["children"], &rule["rule_id"], id, said);
    }
}

#[test]
fn every_one_of_ten_thousand_failing_records_is_named() {
    let site = Site::signed();
    let input = loans(100_000);
    site.write("in.ndjson", &input);
    let files = ["--results", "r", "--failures", "f", "--good", "g", "--bad", "b", "--quiet", "in.ndjson"];
    batch(&site, "thorough", &files, b"").ends_with(1);
    let has_failed = |record: &Value| flat(&record["results"]).iter().any(|rule| rule["status"] == "FAIL");
    let expected: Vec<_> =
        results(&read(&site, "r")).into_iter().filter(has_failed).map(|record| record["entity_id"].clone()).collect();
    assert_eq!(expected.len(), 10_000);
    let mut named: Vec<_> = results(&read(&site, "f")).into_iter().map(|line| line["ids"]["id"].clone()).collect();
    named.dedup();
    assert!(named == expected);
    let (good, bad) = (read(&site, "g"), read(&site, "b"));
    assert_eq!((good.lines().count(), bad.lines().count()), (90_000, 10_000));
    let (mut good, mut bad) = (good.lines(), bad.lines());
    let merged = input.lines().enumerate().all(|(number, line)| {
        let next = if number % 10 == 3 { bad.next() } else { good.next() };
        next == Some(line)
    });
    assert!(merged);
}

#[test]
fn threads_and_runs_change_no_byte() {
    let site = Site::signed();
    site.write("in.ndjson", loans(20_000) + "nonsense\n{\"id\": \"x\"}\n");
    let run = |threads: &str, per: &str| {
        let files = ["--results", "r", "--failures", "f", "--good", "g", "--bad", "b", "--quiet", "in.ndjson"];
        let more = ["--threads", threads, "--per", per, "--now", "2026-01-31T12:00:00Z"];
        batch(&site, "thorough", &[&files[..], &more].concat(), b"").ends_with(1);
        ["r", "f", "g", "b"].map(|name| read(&site, name))
    };
    for per in ["record", "rule"] {
        let expected = run("1", per);
        assert!(run("2", per) == expected && run("2", per) == expected, "{per}");
    }
}

#[test]
fn how_long_rules_took_is_said_only_on_request() {
    let site = Site::signed();
    let run = |more: &[&str]| batch(&site, "quick", &[&["--results", "-"], more].concat(), loans(1).as_bytes()).stdout;
    assert!(!run(&[]).contains("execution_time_ms"));
    assert!(run(&["--timings"]).contains("execution_time_ms"));
    assert!(run(&["--timings", "--per", "rule"]).contains("execution_time_ms"));
}

#[test]
fn records_that_cannot_be_judged_and_those_without_rules_are_failures() {
    let site = Site::signed();
    let facility = r#"{"id": "F", "entity_type": "facility"}"#;
    let input = format!("{}\nnonsense\n{facility}\n{{\"a\"\n", loan("A", 10));
    let run = |more: &[&str], code: i32| {
        let files = ["--failures", "f", "--bad", "b", "--results", "r", "--per", "rule", "--quiet"];
        batch(&site, "quick", &[&files[..], more].concat(), input.as_bytes()).ends_with(code);
        results(&read(&site, "f"))
    };
    let found = run(&[], 1);
    let said: Vec<_> =
        found.iter().map(|line| (line["code"].as_str().unwrap(), line["line"].as_u64().unwrap())).collect();
    assert_eq!(said, [("json_syntax", 2), ("nothing_ran", 3), ("json_syntax", 4)]);
    assert_eq!((&found[1]["entity_id"], &found[1]["status"]), (&json!("F"), &json!("NORUN")));
    assert_eq!(found[2]["offset"], input.rfind("{\"a\"").unwrap() + 4);
    assert!(found.iter().all(|line| line["release"]["name"] == "loan" && line.get("rule_id").is_none()), "{found:?}");
    assert_eq!(read(&site, "b"), format!("nonsense\n{facility}\n{{\"a\"\n"));
    // With a line for each rule, a record without rules still has one.
    assert_eq!(results(&read(&site, "r")).len(), 3 + 3);

    let allowed = run(&["--allow-norun"], 1);
    assert_eq!(allowed, [found[0].clone(), found[2].clone()]);
    assert_eq!(read(&site, "b"), "nonsense\n{\"a\"\n");
}

#[test]
fn every_id_field_has_its_value_in_failures() {
    let site = Site::signed();
    let fields = ["--id-fields", "status,financial.outstanding_balance,none,status", "--failures", "-", "--quiet"];
    let lines = batch(&site, "thorough", &fields, loan("A", 101).as_bytes()).stdout;
    let ids = json!({"status": "active", "financial.outstanding_balance": "101", "none": null});
    assert_eq!(results(&lines)[0]["ids"], ids, "{lines}");
}

#[test]
fn records_on_several_lines_become_one_and_are_otherwise_as_they_were() {
    let site = Site::signed();
    let record = loan("é\\n\\u202e", 10).replace(", ", ",\r\n\t ");
    let bad = loan("B", 101).replace(": ", " :\n\n");
    batch(&site, "thorough", &["--good", "g", "--bad", "b", "--quiet"], format!("[{record},\n{bad}]").as_bytes())
        .ends_with(1);
    let on_one_line = |text: &str| text.replace(['\r', '\n'], " ") + "\n";
    assert_eq!((read(&site, "g"), read(&site, "b")), (on_one_line(&record), on_one_line(&bad)));
}

#[test]
fn a_record_that_is_too_long_is_only_named() {
    let site = Site::signed();
    site.write("local-config.yaml", format!("{}max_record: 2 KiB\n", crate::site::CONFIG));
    let long = format!("{{\"id\": \"{}\"}}", "x".repeat(3_000));
    let input = format!("{}\n{long}\n{}\n", loan("A", 10), loan("B", 10));
    let files = ["--good", "g", "--bad", "b", "--failures", "f", "--quiet"];
    let table = batch(&site, "thorough", &files, input.as_bytes()).ends_with(1);
    assert!(table.contains("1 record is in neither file of records"), "{table}");
    assert_eq!((read(&site, "g").lines().count(), read(&site, "b").as_str()), (2, ""));
    assert_eq!(results(&read(&site, "f"))[0]["code"], "record_too_large");
}

#[test]
fn a_limit_and_a_sample_take_the_same_records_every_time() {
    let site = Site::signed();
    site.write("in.ndjson", loans(20_000));
    let run = |more: &[&str]| {
        batch(&site, "quick", &[&["--results", "r", "--quiet", "in.ndjson", "--format", "json"], more].concat(), b"")
    };
    let summary: Value = serde_json::from_str(&run(&["--limit", "1500"]).stdout).unwrap();
    assert_eq!((&summary["records"], &summary["limit"]), (&json!(1_500), &json!(1_500)));
    let ids = |text: &str| results(text).into_iter().map(|record| record["entity_id"].clone()).collect::<Vec<_>>();
    let first: Vec<_> = (0..1_500).map(|number| json!(format!("L-{number}"))).collect();
    assert!(ids(&read(&site, "r")) == first);

    run(&["--sample", "1%"]);
    let percent = read(&site, "r");
    assert!((100..300).contains(&percent.lines().count()), "{}", percent.lines().count());
    run(&["--sample", "0.01", "--threads", "1"]);
    assert!(read(&site, "r") == percent);
    run(&["--sample", "0.01", "--limit", "20"]);
    assert!(ids(&read(&site, "r"))[..] == ids(&percent)[..20]);
    run(&["--sample", "1"]);
    assert_eq!(read(&site, "r").lines().count(), 20_000);
}

#[test]
fn related_entities_and_entity_types_are_as_in_validate() {
    let site = Site::signed();
    site.write("in-associated.json", sample("associated.json"));
    let more = ["--associated", "in-associated.json", "--results", "-"];
    let lines =
        batch(&site, "related", &[&more[..], &["--timings", "--no-places"]].concat(), &sample("loans.ndjson")).stdout;
    let validated = site.validate(
        "related",
        &["--associated", "in-associated.json", "--format", "ndjson"],
        &sample("loans.ndjson"),
    );
    assert_eq!(crate::golden::without_times(&lines), crate::golden::without_times(&validated.stdout));
    let typed = batch(&site, "quick", &["--entity-type", "loan", "--results", "-"], b"{\"id\": \"x\"}").stdout;
    assert_eq!(results(&typed)[0]["entity_type"], "loan");
}
