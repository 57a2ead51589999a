//! Schemas and records that are made to cost much, and their benign twins just inside each limit.

use std::time::{Duration, Instant};

use serde_json::{Value, json};

use super::super::*;
use super::{ID, breaks, check, compile, deep, failure, refusal};

#[test]
fn a_schema_that_applies_itself_to_the_same_value_is_refused() {
    let around = |keyword: &str, inner: Value| json!({"$defs": {"a": {keyword: inner}}, "properties": {"x": {"$ref": "#/$defs/a"}}});
    let back = json!({"$ref": "#/$defs/a"});
    for keyword in ["not", "if", "then", "else"] {
        assert!(matches!(refusal(around(keyword, back.clone())), Problem::Cycle { .. }), "{keyword}");
    }
    for keyword in ["allOf", "anyOf", "oneOf"] {
        assert!(matches!(refusal(around(keyword, json!([back]))), Problem::Cycle { .. }), "{keyword}");
    }
    for keyword in ["dependentSchemas", "dependencies"] {
        assert!(matches!(refusal(around(keyword, json!({"k": back}))), Problem::Cycle { .. }), "{keyword}");
    }
    assert!(matches!(refusal(json!({"$ref": "#"})), Problem::Cycle { .. }));
    for keyword in ["items", "contains", "additionalProperties", "propertyNames"] {
        assert!(compile(around(keyword, back.clone())).is_ok(), "{keyword}");
    }
}

/// `levels` definitions, each of which applies the next one twice to the same value.
fn doubling(levels: usize, keyword: &str) -> Value {
    let next = |level: usize| json!({"$ref": format!("#/$defs/d{level}")});
    let mut defs: serde_json::Map<String, Value> =
        (0..levels).map(|level| (format!("d{level}"), json!({keyword: [next(level + 1), next(level + 1)]}))).collect();
    defs.insert(format!("d{levels}"), json!({"required": ["x"]}));
    json!({"$ref": "#/$defs/d0", "$defs": defs})
}

#[test]
fn schemas_that_explode_in_place_are_refused() {
    for keyword in ["allOf", "anyOf", "oneOf"] {
        for levels in [8, 26, 64, 1_000] {
            assert_eq!(
                refusal(doubling(levels, keyword)),
                Problem::TooManyEvaluations { depth: 0 },
                "{keyword} {levels}"
            );
        }
        // 2 + 4 + ... + 256 references, their targets, and the root.
        assert!(compile(doubling(7, keyword)).is_ok());
    }
    let start = Instant::now();
    let outcome = check(doubling(7, "anyOf"), json!({}));
    assert!(breaks(&outcome, "anyOf"), "{outcome:?}");
    assert!(start.elapsed() < Duration::from_secs(10));
}

#[test]
fn schemas_that_explode_level_by_level_are_refused() {
    let back = json!({"$ref": "#"});
    let one = json!({"properties": {"a": back}});
    for twice in [
        json!({"allOf": [one, one]}),
        json!({"properties": {"a": back}, "patternProperties": {"a": back}}),
        json!({"patternProperties": {"a": back, "b": back}}),
        json!({"items": back, "contains": true, "anyOf": [{"items": back}]}),
        json!({"items": {"allOf": [back, back]}}),
        json!({"prefixItems": [back], "contains": back}),
        json!({"oneOf": [{"additionalProperties": back}, one]}),
    ] {
        assert!(matches!(refusal(twice.clone()), Problem::TooManyEvaluations { depth: 5..=13 }), "{twice}");
    }
    for once in [
        json!({"properties": {"a": back, "b": back}, "additionalProperties": back}),
        json!({"prefixItems": [back, back], "items": back}),
        json!({"$schema": "http://json-schema.org/draft-07/schema#", "items": [back, back], "additionalItems": back}),
        json!({"properties": {"a": {"items": back}}, "items": back}),
        json!({"allOf": [{"properties": {"a": back}}, {"properties": {"b": back}}]}),
    ] {
        assert!(compile(once.clone()).is_ok(), "{once}");
    }
}

#[test]
fn a_list_of_a_thousand_alternatives_is_the_limit() {
    let alternatives =
        |count: usize| json!({"anyOf": (0..count).map(|number| json!({"const": number})).collect::<Vec<_>>()});
    assert!(compile(alternatives(999)).is_ok());
    assert_eq!(refusal(alternatives(1_000)), Problem::TooManyEvaluations { depth: 0 });
    let below = |count| json!({"properties": {"a": {"properties": {"b": alternatives(count)}}}});
    assert!(compile(below(999)).is_ok());
    assert_eq!(refusal(below(1_000)), Problem::TooManyEvaluations { depth: 0 });
}

#[test]
fn entangled_schemas_are_refused_quickly() {
    let names = |count: usize| -> serde_json::Map<String, Value> {
        (0..count).map(|number| (format!("p{number}"), json!({"allOf": [{"$ref": "#/$defs/a"}, true]}))).collect()
    };
    let wide = json!({"$defs": {"a": {"properties": names(900)}}, "properties": names(900)});
    assert_eq!(refusal(wide), Problem::TooEntangled);
    let benign = json!({"$defs": {"a": {"properties": names(100)}}, "properties": names(100)});
    let start = Instant::now();
    assert!(compile(benign).is_ok());
    assert!(start.elapsed() < Duration::from_secs(10), "{:?}", start.elapsed());
}

#[test]
fn one_step_over_each_size_is_refused() {
    let bytes = |size: usize| {
        let frame = json!({"$id": ID, "title": ""}).to_string();
        json!({"title": "x".repeat(size - frame.len())})
    };
    assert!(compile(bytes(MAX_BYTES)).is_ok());
    assert_eq!(refusal(bytes(MAX_BYTES + 1)), Problem::TooLarge);

    let levels = |count: usize| deep(count - 1, json!({}), |inner| json!({"x": inner}));
    assert!(compile(levels(MAX_DEPTH)).is_ok());
    assert_eq!(refusal(levels(MAX_DEPTH + 1)), Problem::TooDeep);
    assert!(compile(deep(31, json!({}), |inner| json!({"properties": {"x": inner}}))).is_ok());

    let subschemas = |count: usize| json!({"$defs": {"a": {"items": vec![json!(true); count - 2]}}, "$schema": "http://json-schema.org/draft-07/schema#"});
    assert!(compile(subschemas(MAX_SUBSCHEMAS)).is_ok());
    assert_eq!(refusal(subschemas(MAX_SUBSCHEMAS + 1)), Problem::TooManySubschemas);
}

#[test]
fn patterns_run_in_linear_time() {
    for pattern in ["(a+)+$", "(a|aa)+$", "^(([a-z])+.)+[A-Z]([a-z])+$", "(.*)*=(.*)*$", "(x+x+)+y"] {
        let text = format!("{}!", "a".repeat(400_000));
        let start = Instant::now();
        let outcome = check(json!({"properties": {"a": {"pattern": pattern}}}), json!({"a": text}));
        assert!(breaks(&outcome, "pattern"), "{pattern} {outcome:?}");
        assert!(start.elapsed() < Duration::from_secs(10), "{pattern}: {:?}", start.elapsed());
    }
}

#[test]
fn patterns_that_could_cost_more_are_refused() {
    for pattern in ["(?=a)b", "(?<!a)b", r"(a)\1", "(", r"\cA", "((a{100}){100}){100}", r"\p{L}{500}", "[a-z]{99999}"] {
        let schema = json!({"properties": {"a": {"pattern": pattern}}});
        assert!(matches!(refusal(schema), Problem::Pattern { .. }), "{pattern}");
        let schema = json!({"patternProperties": {pattern: {}}});
        assert!(matches!(refusal(schema), Problem::Pattern { .. }), "{pattern}");
    }
    for pattern in
        [r"^[A-Z]{2}\d{2}[A-Z0-9]{11,30}$", r"^\\c", r"^\p{L}+$", "^(EUR|USD)$", r"^\d{4}-\d{2}-\d{2}$", ".{1,100}"]
    {
        assert!(compile(json!({"properties": {"a": {"pattern": pattern}}})).is_ok(), "{pattern}");
    }
    let long = |length: usize| json!({"pattern": "a".repeat(length)});
    assert!(compile(long(MAX_PATTERN_BYTES)).is_ok());
    assert!(matches!(refusal(long(MAX_PATTERN_BYTES + 1)), Problem::Pattern { refusal: PatternRefusal::TooLong, .. }));
    let many = |count: usize| {
        let members = (0..count).map(|number| (format!("p{number}"), json!({"pattern": format!("^a.{number}")})));
        json!({"properties": members.collect::<serde_json::Map<_, _>>()})
    };
    assert!(compile(many(MAX_PATTERNS)).is_ok());
    assert_eq!(refusal(many(MAX_PATTERNS + 1)), Problem::TooManyPatterns);
}

#[test]
fn a_record_that_would_cost_too_much_is_an_error() {
    let pattern = "(a|b)*a(a|b){20}";
    let schema = json!({"properties": {"a": {"pattern": pattern}}});
    let warnings = compile(schema.clone()).unwrap().warnings().to_vec();
    assert_eq!(warnings, [SchemaWarning::Costly { file: crate::Excerpt::of("loan.json"), steps: 23 * 24 }]);
    let start = Instant::now();
    let outcome = check(schema.clone(), json!({"a": "ab".repeat(1 << 19)}));
    assert!(matches!(outcome, SchemaVerdict::Unchecked { code: "too_costly", .. }), "{outcome:?}");
    assert!(start.elapsed() < Duration::from_secs(10), "{:?}", start.elapsed());
    assert_eq!(check(schema, json!({"a": "ab".repeat(100)})), SchemaVerdict::Pass);
}

#[test]
fn a_record_nested_too_deep_is_an_error() {
    let record = |levels: usize| json!({"a": deep(levels - 1, json!(1), |inner| json!([inner]))});
    assert_eq!(check(json!({}), record(MAX_RECORD_DEPTH)), SchemaVerdict::Pass);
    let outcome = check(json!({}), record(MAX_RECORD_DEPTH + 1));
    assert!(matches!(outcome, SchemaVerdict::Unchecked { code: "too_deep", .. }), "{outcome:?}");
}

#[test]
fn large_records_of_ordinary_schemas_are_judged() {
    let loan = json!({"type": "object", "required": ["id", "amount"], "properties": {
        "id": {"type": "string", "pattern": "^[A-Z]{2}-[0-9]{4,12}$"}, "amount": {"type": "number", "minimum": 0},
        "status": {"enum": ["active", "paid_off", "defaulted"]}}});
    let schema = json!({"properties": {"loans": {"type": "array", "uniqueItems": true, "items": loan}}});
    let loans: Vec<Value> = (0..15_000)
        .map(|number| json!({"id": format!("AB-{number:06}"), "amount": number, "status": "active"}))
        .collect();
    assert!(serde_json::to_string(&loans).unwrap().len() > 700_000);
    assert_eq!(check(schema, json!({ "loans": loans })), SchemaVerdict::Pass);
}

#[test]
fn what_is_wrong_is_told_without_listing_everything_that_is() {
    let schema = json!({"properties": {"a": {"anyOf": [{"items": {"type": "string"}}, {"items": {"type": "null"}}]}}});
    let (pointer, code, _) = failure(schema.clone(), json!({"a": [1, 2]}));
    assert_eq!((pointer.as_str(), code), ("/a", "anyOf"));
    let outcome = check(schema, json!({"a": vec![1; 400_000]}));
    let SchemaVerdict::Fail(Mistakes { list, more }) = outcome else { panic!("{outcome:?}") };
    assert_eq!((list.len(), list[0].keyword, more), (10, "anyOf", 399_991));
}

#[test]
fn words_and_pointers_stay_short_whatever_the_record_holds() {
    let long = "~".repeat(100_000);
    for (schema, record) in [
        (json!({"additionalProperties": false, "properties": {"$schema": {}}}), json!({long.as_str(): 1, "b": 2})),
        (json!({"additionalProperties": {"type": "string"}}), json!({long.as_str(): [1]})),
        (json!({"properties": {"a": {"const": long}}}), json!({"a": long.repeat(2)})),
        (json!({"properties": {"a": {"enum": [long, 1, [long]]}}}), json!({"a": "x"})),
        (json!({"required": [long]}), json!({"a": "x"})),
        (json!({"propertyNames": {"maxLength": 9}}), json!({long.as_str(): 1})),
        (json!({"properties": {"a": {"additionalProperties": {"type": "string"}}}}), json!({"a": {long.as_str(): 1}})),
    ] {
        let (pointer, _, reason) = failure(schema, record);
        assert!(pointer.len() <= 1_024 && reason.len() < 600, "{} {}", pointer.len(), reason.len());
        assert!(["", "/a", "/b"].contains(&pointer.as_str()), "{pointer}");
    }
}

#[test]
fn numbers_of_any_size_are_judged_without_a_panic() {
    let numbers = [
        "0",
        "-0.0",
        "1e308",
        "-1e308",
        "1e-308",
        "5e-324",
        "1.7976931348623157e308",
        "9007199254740993",
        "18446744073709551615",
        "-9223372036854775808",
        "0.1",
        "1e22",
        "3.0",
        "123456789012345678901234567890",
    ];
    for limit in numbers {
        for keyword in ["multipleOf", "maximum", "exclusiveMinimum", "const", "minLength", "maxItems", "maxProperties"]
        {
            let schema = format!("{{\"$id\":\"x\",\"properties\":{{\"a\":{{\"{keyword}\":{limit}}}}}}}");
            let Ok(schemas) = Schemas::compile(&[("a.json", schema.as_bytes())], &SchemaOptions::default()) else {
                continue;
            };
            for number in numbers {
                let record = format!("{{\"$schema\":\"x\",\"a\":{number}}}");
                let _ = schemas.check(&record, None, 10, &mut SchemaScratch::default());
            }
        }
    }
}

/// Checks a record as it is written, which has to be quick.
fn check_quickly(schema: Value, record: &str) -> SchemaVerdict {
    let schemas = compile(schema).unwrap();
    let mut scratch = SchemaScratch::default();
    let start = Instant::now();
    let outcome = schemas.check(record, None, 10, &mut scratch);
    assert!(start.elapsed() < Duration::from_secs(5), "{:?}", start.elapsed());
    outcome
}

#[test]
fn many_names_in_the_schema_and_in_the_record_are_not_multiplied() {
    let name = |number: usize| format!("name{number:06}");
    let members: Vec<String> = (0..50_000).map(|number| format!("\"{}\":{number}", name(number))).collect();
    let record = format!("{{\"$schema\":\"{ID}\",\"a\":{{{}}}}}", members.join(","));
    let names = |first: usize| (first..first + 8_000).map(name);
    let known: serde_json::Map<String, Value> = names(0).map(|name| (name, json!(true))).collect();
    let unknown: serde_json::Map<String, Value> = names(50_000).map(|name| (name, json!(false))).collect();
    for (a, passes) in [
        (json!({ "properties": known }), true),
        (json!({ "properties": &unknown }), true),
        (json!({"required": names(0).collect::<Vec<_>>()}), true),
        (json!({"required": names(42_001).collect::<Vec<_>>()}), false),
        (json!({"dependentRequired": {name(1): names(0).collect::<Vec<_>>()}}), true),
        (json!({"dependentSchemas": unknown.into_iter().take(900).collect::<serde_json::Map<_, _>>()}), true),
        (json!({"properties": known, "additionalProperties": false}), false),
    ] {
        let outcome = check_quickly(json!({"properties": {"a": a}}), &record);
        assert_eq!(outcome == SchemaVerdict::Pass, passes, "{outcome:?}");
    }
    let constant: serde_json::Map<String, Value> = (0..6_000).map(|number| (name(number), json!(number))).collect();
    let record = json!({"$schema": ID, "a": constant}).to_string();
    assert_eq!(check_quickly(json!({"properties": {"a": {"const": constant}}}), &record), SchemaVerdict::Pass);
}

#[test]
fn items_without_number_are_compared_in_linear_time() {
    let objects: Vec<Value> = (0..20_000).map(|number| json!({"a": [number], "b": {"c": "x"}})).collect();
    let numbers: Vec<Value> = (0..100_000).map(|number| json!(number)).collect();
    let wide: serde_json::Map<String, Value> = (0..20_000).map(|number| (format!("m{number}"), json!(0))).collect();
    for (items, passes) in
        [(json!(objects), true), (json!(numbers), true), (json!([wide, wide]), false), (json!([wide, 1, wide]), false)]
    {
        let record = json!({"$schema": ID, "a": items}).to_string();
        let outcome = check_quickly(json!({"properties": {"a": {"uniqueItems": true}}}), &record);
        assert_eq!(outcome == SchemaVerdict::Pass, passes, "{outcome:?}");
    }
}

#[test]
fn a_long_text_full_of_escapes_is_read_once() {
    let text = "\\u00e9\\n".repeat(1 << 17);
    let record = format!("{{\"$schema\":\"{ID}\",\"a\":\"{text}\",\"b\":{{\"{text}\":1}}}}");
    let schema = json!({"properties": {"a": {"minLength": 1 << 18, "maxLength": 1 << 18}, "b": {"required": ["c"]}}});
    let outcome = check_quickly(schema, &record);
    assert!(breaks(&outcome, "required"), "{outcome:?}");
}

#[test]
fn a_number_of_a_million_digits_is_read_once() {
    let all = vec![json!({"minimum": 1}); 90];
    let digits = "7".repeat(1 << 20);
    let record = format!("{{\"$schema\":\"{ID}\",\"a\":1.{digits}}}");
    assert_eq!(check_quickly(json!({"properties": {"a": {"allOf": all}}}), &record), SchemaVerdict::Pass);
}

#[test]
fn what_is_wrong_with_a_large_record_is_told_without_a_copy_for_each_alternative() {
    let alternatives: Vec<Value> = (0..900).map(|number| json!({"required": [format!("r{number}")]})).collect();
    let texts = vec!["x".repeat(100); 10_000];
    let record = json!({"$schema": ID, "a": texts}).to_string();
    let outcome = check_quickly(json!({ "anyOf": alternatives }), &record);
    assert!(breaks(&outcome, "anyOf"), "{outcome:?}");
}

/// A list of itself, with `in_place` subschemas inside each other for each level.
fn recursive(in_place: usize) -> Value {
    deep(in_place - 1, json!({"items": {"$ref": "#"}}), |inner| json!({"allOf": [inner, true]}))
}

#[test]
fn the_deepest_nesting_that_is_allowed_fits_a_small_stack() {
    // A reference and six more at each of the levels, which is next to the 512 that are allowed.
    let run = || {
        let arrays = deep(MAX_RECORD_DEPTH - 1, json!(1), |inner| json!([inner]));
        let schema = json!({"properties": {"a": recursive(6)}, "$defs": {}});
        let schema = schema.to_string().replace("\"#\"", "\"#/properties/a\"");
        let schema: Value = serde_json::from_str(&schema).unwrap();
        assert_eq!(check(schema, json!({ "a": arrays })), SchemaVerdict::Pass);
    };
    std::thread::Builder::new().stack_size(1 << 20).spawn(run).unwrap().join().unwrap();
    assert_eq!(refusal(recursive(8)), Problem::TooNested);
}
