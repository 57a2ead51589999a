//! The calls, with valid and invalid arguments.

use std::fmt;

use jurat_model::Blame;

use super::site::{LOAN, LOANS, QUICK, SCHEMA_URL, Site};
use crate::{CallError, EntityType, Health, HealthVerdict, RulesetName};

#[track_caller]
fn refused<T: fmt::Debug>(outcome: Result<T, CallError>, kind: &str) {
    let error = outcome.unwrap_err();
    assert_eq!((error.kind().code(), error.blame()), (kind, Blame::Caller), "{error}");
    assert!(!error.to_string().is_empty());
}

#[test]
fn a_single_call_takes_one_record_and_nothing_else() {
    let service = Site::new().open();
    for text in ["", " ", "null", "7", "[]", "[{}]", "\u{feff}{}", &format!("[{LOAN}]")] {
        refused(service.validate(LOANS, text, QUICK), "not_one_record");
    }
    refused(service.validate(LOANS, &format!("{LOAN}\n{LOAN}"), QUICK), "not_one_record");
    refused(service.validate(LOANS, &format!("{LOAN} x"), QUICK), "json_syntax");
    refused(service.validate(LOANS, r#"{"id": 1, "id": 2}"#, QUICK), "json_duplicate_key");
    refused(service.validate(LOANS, r#"{"$schema": 1}"#, QUICK), "schema_not_text");
    refused(service.validate(EntityType::new("laon"), LOAN, QUICK), "unknown_entity_type");
    refused(service.validate(LOANS, LOAN, RulesetName::new("quikc")), "unknown_ruleset");
    assert!(service.validate(LOANS, &format!("\n  {LOAN}\n"), QUICK).is_ok());
}

#[test]
fn a_batch_is_a_list_and_one_bad_record_never_fails_it() {
    let service = Site::new().open();
    assert_eq!(service.batch_validate(" [] ", &["id"], QUICK).unwrap(), []);
    for text in ["", "{}", LOAN, "null"] {
        refused(service.batch_validate(text, &["id"], QUICK), "not_a_list");
    }
    refused(service.batch_validate("[]", &["a..b"], QUICK), "id_fields");
    refused(service.batch_validate("[]", &["id"], RulesetName::new("nightly")), "unknown_ruleset");
    let results = service.batch_validate(&format!(r#"[{LOAN}, 5, {{"id": "x"}}, {LOAN}]"#), &["id"], QUICK).unwrap();
    let ids: Vec<_> = results.iter().map(|result| (result.entity_id.as_str(), result.error.is_some())).collect();
    assert_eq!(ids, [("L-1", false), ("unknown", true), ("x", true), ("L-1", false)]);
}

#[test]
fn rules_are_discovered_by_record_and_by_schema() {
    let service = Site::new().open();
    for text in [LOAN.to_owned(), SCHEMA_URL.to_owned(), format!("{{\"$schema\": \"{SCHEMA_URL}\"}}")] {
        let rules = service.discover_rules(LOANS, &text, QUICK).unwrap();
        assert_eq!(rules.len(), 1);
        assert_eq!((&*rules[0].rule_id, &*rules[0].entity_type), ("rule_001_v1", "loan"));
    }
    refused(service.discover_rules(LOANS, "[]", QUICK), "no_schema");
    refused(service.discover_rules(LOANS, LOAN, RulesetName::new("nightly")), "unknown_ruleset");
    refused(service.discover_rules(EntityType::new("lona"), LOAN, QUICK), "unknown_entity_type");
    let rulesets = service.discover_rulesets().unwrap();
    assert_eq!((rulesets[0].name.as_str(), &rulesets[0].metadata["purpose"]), ("quick", &"a test".into()));
}

#[test]
fn a_closed_service_takes_no_calls_and_says_so() {
    let service = Site::new().open();
    let clone = service.clone();
    service.close();
    for error in [
        clone.validate(LOANS, LOAN, QUICK).unwrap_err(),
        clone.reload_logic().unwrap_err(),
        clone.discover_rulesets().unwrap_err(),
    ] {
        assert_eq!((error.kind().code(), error.blame()), ("closed", Blame::Host));
    }
    assert_eq!(clone.status().health, Health::Closed);
    let report = clone.status().health_report();
    assert_eq!((report.status, &*report.checks[0].reasons[0]), (HealthVerdict::Unhealthy, "the service is closed"));
    clone.close();
}
