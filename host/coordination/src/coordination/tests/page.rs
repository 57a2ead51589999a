//! The example of `docs/coordination-service.md` fits the demo.

use std::collections::HashSet;

use serde_json::Value;

use crate::message::{self, Term};

const PAGE: &str = include_str!("../../../../../docs/coordination-service.md");
const LOANS: &str = include_str!("../../../../../config/samples/loans.json");
const FIELD_MAP: &str = include_str!("../../../../../rules/loan/field-maps/facility_v1.json");
const BUSINESS_CONFIG: &str = include_str!("../../../../../rules/loan/business-config.yaml");

/// The blocks of the page in one language that hold a text.
fn blocks(language: &str, holding: &str) -> Vec<&'static str> {
    let opening = format!("\n```{language}\n");
    let behind = PAGE.split(&*opening).skip(1);
    behind.map(|block| block.split("\n```").next().unwrap()).filter(|block| block.contains(holding)).collect()
}

/// The example entities have all fields that the demo rules read.
fn check(facility: &Value) {
    let map: Value = serde_json::from_str(FIELD_MAP).unwrap();
    let schema = facility["$schema"].as_str().unwrap();
    assert!(BUSINESS_CONFIG.contains(&format!("\"{schema}\": facility_v1.json")), "{schema}");
    for field in ["id", "limit", "currency"] {
        let path = map[field]["physical_path"].as_str().unwrap().replace('.', "/");
        assert!(facility.pointer(&format!("/{path}")).is_some(), "{field}: {facility}");
    }
}

#[test]
fn the_facilities_of_the_example_are_those_of_the_sample_loans() {
    let [facilities] = blocks("json", "limit_amount").try_into().unwrap();
    let facilities: serde_json::Map<String, Value> = serde_json::from_str(facilities).unwrap();
    facilities.values().for_each(check);
    assert!(facilities.iter().all(|(id, facility)| facility["id"] == **id));
    let loans: Vec<Value> = serde_json::from_str(LOANS).unwrap();
    let [service] = blocks("python", "def fetch").try_into().unwrap();
    let named: HashSet<&str> = loans
        .iter()
        .filter_map(|loan| {
            let (key, id) = ["facility_id", "facility_ref"].into_iter().find_map(|key| Some((key, loan.get(key)?)))?;
            assert!(service.contains(&format!("\"{key}\"")), "the service does not look at `{key}`");
            id.as_str()
        })
        .collect();
    assert_eq!(facilities.keys().map(String::as_str).collect::<HashSet<_>>(), named);
}

#[test]
fn what_is_shown_as_sent_and_answered_is_json_that_the_client_understands() {
    let shown: Vec<&str> = blocks("http", "{").into_iter().flat_map(|block| block.split("\n\n").skip(1)).collect();
    let parsed: Vec<Value> = shown.iter().map(|text| serde_json::from_str(text).unwrap()).collect();
    assert_eq!(parsed.len(), 4);
    check(&parsed[1]["parent"]);
    assert!(parsed[0]["entity_data"].get("facility_id").is_some());
    let terms: Box<[Box<str>]> = ["parent".into(), "all_children".into()].into();
    let answer = message::answer(shown[1].as_bytes(), &terms).unwrap();
    assert!(answer.iter().all(|term| matches!(term, Term::Entity(_))), "{answer:?}");
    let answers = message::bulk_answer(shown[3].as_bytes(), [&terms[..], &terms[..]].into_iter()).unwrap();
    assert!(answers[0].is_ok() && answers[1].is_err());
    let Term::Entity(text) = &answers[0].as_ref().unwrap()[0] else { panic!("there is no parent") };
    check(&serde_json::from_str(text).unwrap());
}
