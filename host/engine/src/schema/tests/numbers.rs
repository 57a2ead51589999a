//! Numbers are compared as 64-bit integers or floats, however they are written.

use super::super::*;
use super::{ID, compile};

/// Whether a number, as it is written, follows a schema.
fn follows(schema: &str, number: &str) -> bool {
    let schema: serde_json::Value = serde_json::from_str(schema).unwrap();
    let schemas = compile(serde_json::json!({"properties": {"a": schema}})).unwrap();
    let record = format!("{{\"$schema\":\"{ID}\",\"a\":{number}}}");
    match schemas.check(&record, &mut SchemaScratch::default()) {
        SchemaVerdict::Pass => true,
        SchemaVerdict::Fail { .. } => false,
        norun @ SchemaVerdict::Norun { .. } => panic!("{norun:?}"),
    }
}

#[test]
fn numbers_are_equal_however_they_are_written() {
    for (left, right) in [
        ("1", "1.0"),
        ("1", "10e-1"),
        ("0", "-0"),
        ("0", "-0.0"),
        ("-7", "-7.00"),
        ("18446744073709551615", "18446744073709551615"),
        ("100000000000000000000", "1e20"),
        ("0.1", "1e-1"),
    ] {
        for (left, right) in [(left, right), (right, left)] {
            assert!(follows(&format!("{{\"const\":{left}}}"), right), "{left} {right}");
            assert!(follows(&format!("{{\"enum\":[\"x\",{left}]}}"), right), "{left} {right}");
            assert!(!follows("{\"uniqueItems\":true}", &format!("[{left},{right}]")), "{left} {right}");
            assert!(!follows("{\"uniqueItems\":true}", &format!("[{left},\"x\",{right}]")), "{left} {right}");
        }
    }
}

#[test]
fn numbers_that_differ_are_not_equal() {
    for (left, right) in [
        ("9007199254740992", "9007199254740993"),
        ("18446744073709551615", "18446744073709551614"),
        ("-9223372036854775808", "9223372036854775808"),
        ("1", "-1"),
        ("0.1", "0.10000000000000002"),
    ] {
        for (left, right) in [(left, right), (right, left)] {
            assert!(!follows(&format!("{{\"const\":{left}}}"), right), "{left} {right}");
            assert!(follows("{\"uniqueItems\":true}", &format!("[{left},{right},0]")), "{left} {right}");
        }
    }
}

#[test]
fn whole_numbers_are_integers_however_they_are_written() {
    for number in ["1.0", "-0", "-0.0", "1e3", "15e1", "18446744073709551615", "1e300"] {
        assert!(follows("{\"type\":\"integer\"}", number), "{number}");
    }
    for number in ["1.5", "15e-1", "1e-1", "5e-324"] {
        assert!(!follows("{\"type\":\"integer\"}", number), "{number}");
    }
}

#[test]
fn limits_above_what_floats_tell_apart_are_kept() {
    assert!(follows("{\"maximum\":9007199254740993}", "9007199254740993"));
    assert!(!follows("{\"maximum\":9007199254740992}", "9007199254740993"));
    assert!(!follows("{\"exclusiveMaximum\":18446744073709551615}", "18446744073709551615"));
    assert!(follows("{\"minimum\":18446744073709551615}", "18446744073709551615"));
    assert!(!follows("{\"minimum\":18446744073709551615}", "18446744073709551614"));
}

#[test]
fn a_record_with_a_number_beyond_every_float_is_not_run() {
    let schemas = compile(serde_json::json!({})).unwrap();
    for number in ["1e309", "-1e309"] {
        let record = format!("{{\"$schema\":\"{ID}\",\"a\":[{number}]}}");
        let outcome = schemas.check(&record, &mut SchemaScratch::default());
        assert!(matches!(outcome, SchemaVerdict::Norun { code: "number_too_large", .. }), "{outcome:?}");
    }
}
