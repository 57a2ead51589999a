//! Results say which release decided, what vouched for it, and which component had the rule.

use std::collections::BTreeMap;
use std::sync::Arc;

use jurat_engine::results::{Evidence, EvidenceParts, RecordResult};
use jurat_engine::{JudgeError, VouchedRelease, judge};
use serde_json::{Value, json};

use crate::fixture::{Fixture, ReleaseSpec, RuleSpec, obedient, request};

/// What results carry of the evidence of [`rules`], to the byte.
fn release(fixture: &Fixture) -> String {
    let manifest = fixture.release.manifest();
    format!(
        r#""release":{{"name":"loan","version":"1.0.0","manifest":"{manifest}","repository":"acme-prod","roles":{{"root":1,"timestamp":5,"snapshot":3,"targets":1,"t-acme":4}},"fuel_schedule":2,"stale":true}}"#
    )
}

/// Rules of two components, one of the host, one for other records, and one that nothing provides.
fn rules() -> Fixture {
    let tree = vec![json!({"a": ["b"]}), json!("s"), json!("other"), json!("unheard_of")];
    let mut spec = obedient(&[("a", 0), ("b", 1)], [tree, Vec::new()]);
    let other =
        RuleSpec { id: "other".to_owned(), entity: "facility".to_owned(), component: 2, ..spec.rules[0].clone() };
    spec.rules.push(RuleSpec { inputs: Vec::new(), ..other });
    Fixture::new(&ReleaseSpec { builtin: vec!["s".to_owned()], ..spec })
}

fn record(more: &[(&str, &str)]) -> String {
    let mut record = json!({"id": 1, "$schema": crate::fixture::SCHEMAS[0]});
    more.iter().for_each(|(key, value)| record[*key] = json!(value));
    record.to_string()
}

/// The component of each rule's result, at any depth.
fn components(results: &Value, found: &mut BTreeMap<String, Option<String>>) {
    for result in results.as_array().unwrap() {
        let component = result.get("component").map(|component| component.as_str().unwrap().to_owned());
        assert_eq!(found.insert(result["rule_id"].as_str().unwrap().to_owned(), component), None, "{result}");
        components(&result["children"], found);
    }
}

#[test]
fn every_result_carries_the_release_that_decided() {
    let text = [&*record(&[]), "nonsense", &*record(&[("a", "trap")]), r#"{"$schema": 1}"#].join("\n");
    let fixture = rules().vouched("loan", true);
    let answer = fixture.judge(&request(), 1, &text).unwrap();
    assert_eq!(answer.records.len(), 4);
    for (index, record) in answer.records.iter().enumerate() {
        assert_eq!(record.error.is_some(), index % 2 == 1);
        assert_eq!(record.release, fixture.evidence);
        assert!(Arc::ptr_eq(record.release.as_ref().unwrap(), answer.records[0].release.as_ref().unwrap()));
        let written = serde_json::to_string(record).unwrap();
        assert_eq!(written.matches(&release(&fixture)).count(), 1, "{written}");
    }
    assert_eq!(answer.summary.release, fixture.evidence);
    let written = serde_json::to_string(&answer.summary).unwrap();
    assert_eq!(written.matches(&release(&fixture)).count(), 1, "{written}");
}

#[test]
fn results_without_evidence_name_no_release() {
    let answer = rules().judge(&request(), 1, &[&*record(&[]), "nonsense"].join("\n")).unwrap();
    let written = serde_json::to_string(&answer.records).unwrap();
    assert!(!written.contains("release\":") && written.matches(r#""unsigned":true"#).count() == 2, "{written}");
    assert!(!serde_json::to_string(&answer.summary).unwrap().contains("\"release\""));
}

#[test]
fn each_rule_names_the_component_that_has_it() {
    let component = |number: u32| Some(format!("digest of component {number}"));
    let expected: BTreeMap<_, _> =
        [("a", component(0)), ("b", component(1)), ("other", component(2)), ("s", None), ("unheard_of", None)]
            .map(|(rule, component)| (rule.to_owned(), component))
            .into();
    // Whether it ran, did wrong, or was kept from running.
    for record in [record(&[]), record(&[("a", "fail")]), record(&[("a", "trap")]), record(&[("b", "warn")])] {
        let answer = rules().vouched("loan", true).judge(&request(), 1, &record).unwrap();
        let mut found = BTreeMap::new();
        components(&answer.timeless()["results"][0]["results"], &mut found);
        assert_eq!(found, expected, "{record}");
    }
}

#[test]
fn a_result_is_written_like_this() {
    let fixture = Fixture::new(&obedient(&[("a", 0)], [vec![json!("a")], Vec::new()])).vouched("loan", true);
    let release = release(&fixture);
    let answer = fixture.judge(&request(), 1, &format!("{}\nnonsense", record(&[("a", "warn")]))).unwrap();
    let [judged, broken] = &*answer.records else { panic!("{:?}", answer.records) };
    let of_a = r#"{"rule_id":"a","description":"what a says","status":"WARN","message":"{a} is told to warn","fields":[{"name":"a","pointer":"/a","value":"\"warn\""}],"component":"digest of component 0","execution_time_ms":1.0,"children":[]}"#;
    let expected = format!(r#"{{"entity_id":"1","entity_type":"loan",{release},"results":[{of_a}]}}"#);
    // Scripted rules are never signed.
    let signed = |record: &RecordResult| serde_json::to_string(&RecordResult { unsigned: false, ..record.clone() });
    assert_eq!(signed(judged).unwrap(), expected);
    let written = signed(broken).unwrap();
    assert!(written.ends_with(&format!(r#"}},{release},"results":[]}}"#)), "{written}");
}

#[test]
fn evidence_of_another_release_is_refused() {
    let fixture = rules().vouched("loan", false);
    let other = Evidence::new(EvidenceParts {
        name: "loan".to_owned(),
        version: "1.0.0".to_owned(),
        manifest: "00".repeat(32),
        repository: "acme-prod".to_owned(),
        roles: fixture.evidence.as_ref().unwrap().roles().clone(),
        fuel_schedule: jurat_model::FuelSchedule::CURRENT,
        stale: false,
    });
    let wrong = VouchedRelease::new(Arc::clone(&fixture.release), Some(Arc::new(other)));
    let queue = crate::fixture::workers(1).queue(std::num::NonZeroUsize::MIN);
    let refused = judge(wrong, &queue, &request(), Arc::from(&b"{}"[..]), &mut |_| Ok(()));
    assert!(matches!(refused, Err(JudgeError::Evidence)), "{refused:?}");
}
