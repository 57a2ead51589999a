//! Numbers are compared exactly, however they are written.

use super::super::*;
use super::{ID, compile, compile_text};

/// Whether a number, as it is written, follows a schema.
fn follows(schema: &str, number: &str) -> bool {
    let schemas = compile_text(&format!("{{\"$id\":\"{ID}\",\"properties\":{{\"a\":{schema}}}}}")).unwrap();
    let record = format!("{{\"$schema\":\"{ID}\",\"a\":{number}}}");
    match schemas.check(&record, None, 10, &mut SchemaScratch::default()) {
        SchemaVerdict::Pass => true,
        SchemaVerdict::Fail(_) => false,
        other => panic!("{other:?}"),
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
fn numbers_of_any_length_are_compared_exactly() {
    let long = format!("0.{}1", "0".repeat(400));
    for (schema, yes, no) in [
        ("{\"maximum\":0.1}", "0.1", "0.10000000000000000000000000000000000001"),
        ("{\"exclusiveMaximum\":0.1}", "0.09999999999999999999999999999999", "0.10000000000000000000"),
        ("{\"minimum\":18446744073709551616}", "18446744073709551616", "18446744073709551615.9999"),
        (
            "{\"const\":123456789012345678901234567890.5}",
            "123456789012345678901234567890.50",
            "123456789012345678901234567890.51",
        ),
        ("{\"enum\":[9007199254740993.0]}", "9007199254740993", "9007199254740992"),
        ("{\"multipleOf\":0.01}", "123456789012345678901234567890.99", "123456789012345678901234567890.991"),
        ("{\"type\":\"integer\"}", "123456789012345678901234567890.000", "123456789012345678901234567890.001"),
        ("{\"exclusiveMinimum\":0}", long.as_str(), "0e400"),
        ("{\"uniqueItems\":true}", "[0.1,0.10000000000000000000001]", "[0.1,0.100]"),
    ] {
        assert!(follows(schema, yes), "{schema} {yes}");
        assert!(!follows(schema, no), "{schema} {no}");
    }
}

#[test]
fn a_number_with_too_long_an_exponent_is_an_error() {
    let schemas = compile(serde_json::json!({})).unwrap();
    let record = format!("{{\"$schema\":\"{ID}\",\"a\":[1e-{}]}}", "9".repeat(31));
    let outcome = schemas.check(&record, None, 10, &mut SchemaScratch::default());
    assert!(matches!(outcome, SchemaVerdict::Unchecked { code: "number_too_long", .. }), "{outcome:?}");
}
