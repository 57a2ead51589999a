//! Each limit of a schema file and of a release: one step inside, and one beyond.

use serde_json::{Value, json};

use super::super::pattern::Pattern;
use super::super::*;
use super::{compile, refusal};

/// What is wrong with schemas, each a file of its own.
fn problems(schemas: &[Value]) -> Vec<Problem> {
    let texts: Vec<(String, String)> =
        schemas.iter().enumerate().map(|(index, schema)| (format!("{index}.json"), schema.to_string())).collect();
    let files: Vec<(&str, &[u8])> = texts.iter().map(|(name, text)| (name.as_str(), text.as_bytes())).collect();
    let compiled = Schemas::compile(&files, &SchemaOptions::default());
    compiled.err().unwrap_or_default().into_iter().map(|error| error.problem).collect()
}

/// A schema with an `$id` of its own, which has a pattern for each of these numbers.
fn patterns(id: usize, numbers: std::ops::Range<usize>, pattern: impl Fn(usize) -> String) -> Value {
    let members = numbers.map(|number| (format!("p{number}"), json!({"pattern": pattern(number)})));
    json!({"$id": format!("https://a.example/{id}"), "properties": members.collect::<serde_json::Map<_, _>>()})
}

#[test]
fn the_schemas_of_a_release_are_counted() {
    let schemas: Vec<Value> =
        (0..=MAX_SCHEMAS).map(|number| json!({"$id": format!("https://a.example/{number}")})).collect();
    assert_eq!(problems(&schemas[..MAX_SCHEMAS]), []);
    assert_eq!(problems(&schemas), [Problem::TooManySchemas]);
}

#[test]
fn an_id_has_a_longest_length() {
    let id = |length: usize| format!("urn:{}", "x".repeat(length - 4));
    assert!(compile(json!({"$id": id(MAX_ID_BYTES)})).is_ok());
    assert!(compile(json!({"$id": id(MAX_ID_BYTES) + "#"})).is_ok());
    assert!(matches!(refusal(json!({"$id": id(MAX_ID_BYTES + 1)})), Problem::Shape { .. }));
    assert!(matches!(refusal(json!({"$id": "https://a.example/loan#part"})), Problem::Shape { .. }));
    let inner = |length: usize| json!({"$defs": {"a": {"$id": id(length)}}});
    assert!(compile(inner(MAX_ID_BYTES)).is_ok());
    assert!(matches!(refusal(inner(MAX_ID_BYTES + 1)), Problem::Shape { .. }));
}

#[test]
fn a_number_has_a_longest_length() {
    let text = |keyword: &str, length: usize| {
        let number = format!("1.{}", "2".repeat(length - 2));
        match keyword {
            "enum" => format!("{{\"$id\": \"urn:x\", \"enum\": [{number}]}}"),
            "const" => format!("{{\"$id\": \"urn:x\", \"const\": {{\"a\": [{number}]}}}}"),
            _ => format!("{{\"$id\": \"urn:x\", \"{keyword}\": {number}}}"),
        }
    };
    for keyword in ["minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum", "const", "enum"] {
        assert!(super::compile_text(&text(keyword, MAX_NUMBER_BYTES)).is_ok(), "{keyword}");
        let refused = super::compile_text(&text(keyword, MAX_NUMBER_BYTES + 1));
        assert!(matches!(refused, Err(Problem::Shape { .. })), "{keyword}");
    }
}

#[test]
fn the_digits_of_a_divisor_fit_into_64_bits() {
    let text = |number: &str| format!("{{\"$id\": \"urn:x\", \"multipleOf\": {number}}}");
    for inside in ["18446744073709551615", "0.18446744073709551615", "1e5", "9999999999999999999"] {
        assert!(super::compile_text(&text(inside)).is_ok(), "{inside}");
    }
    for beyond in ["18446744073709551616", "1.8446744073709551616", "0", "-1", "0.0"] {
        assert!(matches!(super::compile_text(&text(beyond)), Err(Problem::Shape { .. })), "{beyond}");
    }
}

#[test]
fn the_patterns_of_a_release_are_counted() {
    let small = |number: usize| format!("^a.{number}");
    let files: Vec<Value> =
        (0..5).map(|file| patterns(file, file * MAX_PATTERNS..(file + 1) * MAX_PATTERNS, small)).collect();
    assert_eq!(files.len() * MAX_PATTERNS, RELEASE_PATTERNS);
    // A pattern that several files have counts once.
    let same = patterns(5, 0..1, small);
    assert_eq!(problems(&[&files[..], &[same]].concat()), []);
    let further = patterns(5, RELEASE_PATTERNS..RELEASE_PATTERNS + 1, small);
    assert_eq!(problems(&[&files[..], &[further]].concat()), [Problem::TooManyPatternsInRelease]);
}

#[test]
fn compiled_patterns_are_weighed() {
    let large = |number: usize| format!("^\\p{{L}}{{60}}{number:03}");
    let size = Pattern::compile(&large(0)).unwrap().size;
    let fit = MAX_PATTERN_SIZES / size;
    assert!(fit < MAX_PATTERNS, "{size}");
    assert_eq!(problems(&[patterns(0, 0..fit, large)]), []);
    assert_eq!(problems(&[patterns(0, 0..fit + 1, large)]), [Problem::TooManyPatterns]);

    let files = [patterns(0, 0..fit, large), patterns(1, fit..2 * fit, large)];
    assert_eq!(problems(&files), []);
    // What exceeds the limit of the release is known at the next pattern.
    let more = RELEASE_PATTERN_SIZES / size + 1 - 2 * fit;
    assert_eq!(problems(&[&files[..], &[patterns(2, 2 * fit..2 * fit + more, large)]].concat()), []);
    let beyond = patterns(2, 2 * fit..2 * fit + more + 1, large);
    assert_eq!(problems(&[&files[..], &[beyond]].concat()), [Problem::TooManyPatternsInRelease]);
}
