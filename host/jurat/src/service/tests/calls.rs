//! The calls, with what is expected of them and with what is not.

use std::fmt;

use jurat_model::Blame;

use super::site::{LOAN, SCHEMA_URL, Site};
use crate::{CallError, Health};

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
        refused(service.validate("loan", text, "quick"), "not_one_record");
    }
    refused(service.validate("loan", &format!("{LOAN}\n{LOAN}"), "quick"), "not_one_record");
    refused(service.validate("loan", &format!("{LOAN} x"), "quick"), "json_syntax");
    refused(service.validate("loan", r#"{"id": 1, "id": 2}"#, "quick"), "json_duplicate_key");
    refused(service.validate("loan", r#"{"$schema": 1}"#, "quick"), "schema_not_text");
    refused(service.validate("laon", LOAN, "quick"), "unknown_entity_type");
    refused(service.validate("loan", LOAN, "quikc"), "unknown_ruleset");
    assert!(service.validate("loan", &format!("\n  {LOAN}\n"), "quick").is_ok());
}

#[test]
fn a_batch_is_a_list_and_one_bad_record_never_fails_it() {
    let service = Site::new().open();
    assert_eq!(service.batch_validate(" [] ", &["id"], "quick").unwrap(), []);
    for text in ["", "{}", LOAN, "null"] {
        refused(service.batch_validate(text, &["id"], "quick"), "not_a_list");
    }
    refused(service.batch_validate("[]", &["a..b"], "quick"), "id_fields");
    refused(service.batch_validate("[]", &["id"], "nightly"), "unknown_ruleset");
    let results = service.batch_validate(&format!(r#"[{LOAN}, 5, {{"id": "x"}}, {LOAN}]"#), &["id"], "quick").unwrap();
    let ids: Vec<_> = results.iter().map(|result| (result.entity_id.as_str(), result.error.is_some())).collect();
    assert_eq!(ids, [("L-1", false), ("unknown", true), ("x", true), ("L-1", false)]);
}

#[test]
fn rules_are_discovered_by_record_and_by_schema() {
    let service = Site::new().open();
    for text in [LOAN.to_owned(), SCHEMA_URL.to_owned(), format!("{{\"$schema\": \"{SCHEMA_URL}\"}}")] {
        let rules = service.discover_rules("loan", &text, "quick").unwrap();
        assert_eq!(rules.len(), 1);
        assert_eq!((&*rules[0].rule_id, &*rules[0].entity_type), ("rule_001_v1", "loan"));
    }
    refused(service.discover_rules("loan", "[]", "quick"), "no_schema");
    refused(service.discover_rules("loan", LOAN, "nightly"), "unknown_ruleset");
    refused(service.discover_rules("lona", LOAN, "quick"), "unknown_entity_type");
    let rulesets = service.discover_rulesets().unwrap();
    assert_eq!((rulesets[0].name.as_str(), &rulesets[0].metadata["purpose"]), ("quick", &"a test".into()));
}

#[test]
fn a_closed_service_takes_no_calls_and_says_so() {
    let service = Site::new().open();
    let clone = service.clone();
    service.close();
    for error in [
        clone.validate("loan", LOAN, "quick").unwrap_err(),
        clone.reload_logic().unwrap_err(),
        clone.discover_rulesets().unwrap_err(),
    ] {
        assert_eq!((error.kind().code(), error.blame()), ("closed", Blame::Host));
    }
    assert_eq!(clone.status().health, Health::Closed);
    clone.close();
}
