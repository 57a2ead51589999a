//! `tests/routes.json`: which rules judge a record, and where they read it.
//!
//! To add a case, add a line.

use std::collections::BTreeSet;

use jiff::Timestamp;
use jurat_engine::results::{RecordResult, RuleResult};
use jurat_engine::{JudgeError, Request};
use jurat_model::{Finding, Status};
use serde::Deserialize;
use serde_json::{Value, json};

use crate::fixture::{Fixture, ReleaseSpec};
use crate::scripted::{Say, text};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Table {
    #[serde(rename = "about")]
    _about: Vec<String>,
    /// The field maps, each of which reads the same field from a path of its own.
    maps: Vec<String>,
    release: ReleaseSpec,
    cases: Vec<Case>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Case {
    /// What it shows.
    what: String,
    /// How the release treats versions that it does not know: `strict`, `fallback`, both or neither.
    #[serde(default)]
    with: BTreeSet<String>,
    #[serde(default = "main")]
    ruleset: String,
    #[serde(default)]
    entity_type: Option<String>,
    #[serde(default)]
    expected: Vec<String>,
    /// What the record says of itself.
    #[serde(default)]
    record: serde_json::Map<String, Value>,
    /// The entity type, then each rule with what it says; or the code of an error.
    says: String,
}

fn main() -> String {
    "main".to_owned()
}

#[test]
fn every_record_is_judged_by_the_rules_and_the_field_map_of_its_route() {
    let table = include_str!("../routes.json").replace("https:", "https://schemas.example.com/");
    let table: Table = serde_json::from_str(&table).unwrap();
    assert!(table.cases.len() > 50);
    for case in &table.cases {
        table.check(case);
    }
}

impl Table {
    fn check(&self, case: &Case) {
        let what = &case.what;
        let fixture =
            Fixture::scripted(&self.release(case), |_| Box::new(|batch, row| warn(text(&batch.columns[0], row))));
        let mut request = Request::new(&*case.ruleset, Timestamp::UNIX_EPOCH).with_expected(&case.expected);
        if let Some(entity_type) = &case.entity_type {
            request = request.with_entity_type(entity_type);
        }
        let mut record = case.record.clone();
        record.insert("at".to_owned(), self.maps.iter().map(|map| (map.clone(), json!(map))).collect());

        let judged = fixture.judge(&request, 1, &Value::Object(record).to_string());
        let answer = match judged {
            Err(error) => {
                assert_eq!(error.blame(), jurat_model::Blame::Caller, "{what}");
                let JudgeError::Route(error) = error else { panic!("{what}: {error}") };
                return assert_eq!(error.code(), case.says, "{what}");
            }
            Ok(answer) => answer,
        };
        let record = &answer.records[0];
        assert_eq!(says(record), case.says, "{what}");
        self.check_discovery(&fixture, &request, case, record);
    }

    /// What is discovered without running anything is what was run.
    fn check_discovery(&self, fixture: &Fixture, request: &Request, case: &Case, record: &RecordResult) {
        let what = &case.what;
        // What the record alone says is what the caller has to say here.
        let Some(entity_type) = record.entity_type.as_deref() else { return };
        let schema = case.record.get("$schema").and_then(Value::as_str);
        let discovered = fixture.release.discover_rules(request.ruleset(), entity_type, schema).unwrap();
        let mut results = Vec::new();
        flatten(&record.results, &mut results);
        let listed: Vec<_> = discovered.iter().map(|rule| &rule.rule_id).collect();
        let judged: Vec<_> = results.iter().map(|result| &result.rule_id).collect();
        assert_eq!(listed, judged, "{what}");
        for (rule, result) in discovered.iter().zip(results) {
            assert_eq!(rule.description, result.description, "{what}");
            // A rule says from where it has read; one for another entity type reads nothing.
            if let Some(map) = self.maps.iter().find(|map| result.message == ***map) {
                assert_eq!(rule.field_dependencies, [("at".to_owned(), format!("at.{map}"))], "{what}");
            }
        }
    }

    fn release(&self, case: &Case) -> ReleaseSpec {
        let map = |map: &String| (format!("{map}.json"), json!({ "at": { "physical_path": format!("at.{map}") } }));
        let knows = |switch: &str| case.with.contains(switch);
        assert!(case.with.iter().all(|switch| ["strict", "fallback"].contains(&switch.as_str())), "{}", case.what);
        ReleaseSpec {
            field_maps: self.maps.iter().map(map).collect(),
            strict_major: knows("strict"),
            minor_fallback: knows("fallback"),
            ..self.release.clone()
        }
    }
}

/// What every rule says: from where it has read.
fn warn(map: Option<&str>) -> Say {
    let message = map.unwrap_or("nowhere").to_owned();
    let finding = Finding { row: 0, code: None, message, inputs: Vec::new(), params: Vec::new() };
    Say::Verdict(Status::Warn, vec![finding])
}

/// What is said of a record, in one line.
fn says(record: &RecordResult) -> String {
    if let Some(error) = &record.error {
        assert!(record.results.is_empty() && record.entity_type.is_none());
        return error.kind.code().to_owned();
    }
    let mut words = vec![record.entity_type.as_deref().unwrap().to_owned()];
    words.extend(record.results.iter().map(rule_says));
    words.join(", ")
}

fn rule_says(result: &RuleResult) -> String {
    let what = result.code.as_deref().unwrap_or(&result.message);
    let children: Vec<String> = result.children.iter().map(rule_says).collect();
    let children = if children.is_empty() { String::new() } else { format!(" [{}]", children.join(", ")) };
    format!("{} {} {what}{children}", result.rule_id, result.status)
}

fn flatten<'a>(results: &'a [RuleResult], all: &mut Vec<&'a RuleResult>) {
    for result in results {
        all.push(result);
        flatten(&result.children, all);
    }
}
