//! The same verdict as the library `jsonschema` gives, on values that it compares exactly.

use std::sync::LazyLock;

use jsonschema::Validator;
use proptest::prelude::*;
use serde_json::{Map, Value, json};

use super::super::*;
use super::anything::anything;
use super::{ID, compile, judge};

/// The same schema, compiled by the library.
fn plain(schema: &Value) -> Option<Validator> {
    jsonschema::options().should_validate_formats(false).build(schema).ok()
}

/// Whether two verdicts are the same.
fn agree(outcome: &SchemaVerdict, plain: &Validator, record: &Value) -> bool {
    match outcome {
        SchemaVerdict::Pass => plain.is_valid(record),
        SchemaVerdict::Fail(_) => !plain.is_valid(record),
        _ => false,
    }
}

/// Schemas for the member `a` of a record, with every keyword that is supported.
static SCHEMAS: LazyLock<Vec<(Value, Schemas, Validator)>> = LazyLock::new(|| {
    let of_a = [
        json!({"type": "integer"}),
        json!({"type": "number"}),
        json!({"type": ["integer", "null"]}),
        json!({"type": ["string", "array"]}),
        json!({"type": ["object", "boolean"]}),
        json!({"enum": [1]}),
        json!({"enum": [1, 2, -1]}),
        json!({"enum": [0, "a", null, true, [1, 2], {"a": 1, "b": [1]}, 1.5]}),
        json!({"enum": ["a", "b"]}),
        json!({"enum": ["a", "b", null]}),
        json!({"enum": ["a", "b", "c", "d", "e", "f", "g", "h", "i", "j", "k", "\u{e9}"]}),
        json!({"const": 1}),
        json!({"const": 1.0}),
        json!({"const": 18_446_744_073_709_551_615_u64}),
        json!({"const": -0.0}),
        json!({"const": "a\n"}),
        json!({"const": [1, {"a": 1.0}]}),
        json!({"const": {"b": 1, "a": {"c": [null]}}}),
        json!({"const": false}),
        json!({"minimum": 1}),
        json!({"minimum": -0.5, "maximum": 9_007_199_254_740_993_i64}),
        json!({"exclusiveMinimum": 0, "exclusiveMaximum": 1e20}),
        json!({"maximum": 9_223_372_036_854_775_807_i64}),
        json!({"multipleOf": 2}),
        json!({"multipleOf": 0.1}),
        json!({"multipleOf": 1e-8}),
        json!({"minLength": 1, "maxLength": 2}),
        json!({"pattern": "^[a-c]+$"}),
        json!({"pattern": "^a"}),
        json!({"pattern": "^(a|b)$"}),
        json!({"pattern": "\\p{L}"}),
        json!({"minItems": 1, "maxItems": 2, "type": "array", "items": {"type": "integer"}}),
        json!({"uniqueItems": true}),
        json!({"uniqueItems": true, "items": {"type": ["integer", "object"]}}),
        json!({"uniqueItems": false}),
        json!({"items": {"$ref": "#/$defs/tree"}}),
        json!({"prefixItems": [{"type": "string"}, {"minimum": 1}], "items": {"type": "null"}}),
        json!({"prefixItems": [true], "items": false}),
        json!({"contains": {"const": 1}}),
        json!({"contains": {"type": "object"}, "minContains": 2, "maxContains": 2}),
        json!({"contains": {"type": "string"}, "minContains": 0, "maxContains": 1}),
        json!({"required": ["a"]}),
        json!({"required": ["a", "b"]}),
        json!({"required": ["a", "b", "c"]}),
        json!({"required": ["a", "b", "c", "n1", "n2", "n3"]}),
        json!({"minProperties": 1, "maxProperties": 2}),
        json!({"properties": {"a": {"type": "string"}}}),
        json!({"properties": {"a": {"type": "integer"}, "b": {"type": "integer"}}, "required": ["a", "b"]}),
        json!({"properties": {"a": true, "b": false}, "additionalProperties": false}),
        json!({"properties": {"a": true}, "required": ["a"], "additionalProperties": false}),
        json!({"properties": {"a": {}}, "additionalProperties": {"type": "integer"}}),
        json!({"additionalProperties": false}),
        json!({"additionalProperties": {"type": "string"}}),
        json!({"properties": (0..20).map(|number| (format!("n{number}"), json!({"maximum": number}))).collect::<Map<_, _>>()}),
        json!({"properties": {"n1": true, "n2": true, "n3": {"const": 3}}, "patternProperties": {"^n": {"minimum": 1}, "^[a-c]$": {}}, "additionalProperties": false}),
        json!({"patternProperties": {"^n1": {"maximum": 12}, "a": {"type": "integer"}}}),
        json!({"patternProperties": {"^a$": true}, "additionalProperties": {"type": "null"}}),
        json!({"propertyNames": {"maxLength": 1}}),
        json!({"propertyNames": {"pattern": "^[a-c]$"}}),
        json!({"propertyNames": {"enum": ["a", "b", "n1"]}}),
        json!({"propertyNames": {"const": "a"}}),
        json!({"propertyNames": false}),
        json!({"dependentRequired": {"a": ["b"], "b": ["c", "a"]}}),
        json!({"dependentSchemas": {"a": {"required": ["b"]}, "b": false}}),
        json!({"allOf": [{"type": ["integer", "array"]}, {"not": {"const": 1}}]}),
        json!({"anyOf": [{"type": "integer"}, {"required": ["a"]}, {"uniqueItems": true, "type": "array"}]}),
        json!({"oneOf": [{"type": "integer"}, {"minimum": 1}, {"maxItems": 2}]}),
        json!({"not": {"type": "string"}}),
        json!({"if": {"type": "integer"}, "then": {"minimum": 1}, "else": {"minLength": 2}}),
        json!({"if": {"required": ["a"]}, "then": {"required": ["b"]}}),
        json!({"$ref": "#/$defs/tree"}),
        json!(false),
        json!(true),
    ];
    let older = [
        json!({"items": [{"type": "string"}, {"type": "integer"}], "additionalItems": {"type": "null"}}),
        json!({"items": [true], "additionalItems": false}),
        json!({"dependencies": {"a": ["b"], "b": {"maxProperties": 2}}}),
        json!({"$ref": "#/$defs/tree", "const": "not looked at"}),
    ];
    let tree = json!({"type": ["object", "array", "integer", "string"], "items": {"$ref": "#/$defs/tree"},
        "properties": {"a": {"$ref": "#/$defs/tree"}}, "additionalProperties": {"$ref": "#/$defs/tree"}});
    let whole =
        |draft: &str, a: Value| json!({"$id": ID, "$schema": draft, "properties": {"a": a}, "$defs": {"tree": tree}});
    let newer = of_a.into_iter().map(|a| whole("https://json-schema.org/draft/2020-12/schema", a));
    let older = older.into_iter().map(|a| whole("http://json-schema.org/draft-07/schema#", a));
    let both = newer.chain(older).map(|schema| {
        let compiled = compile(schema.clone()).unwrap_or_else(|problem| panic!("{problem}: {schema}"));
        let plain = plain(&schema).unwrap();
        (schema, compiled, plain)
    });
    both.collect()
});

/// JSON text, in all the ways in which one value can be written.
fn text() -> impl Strategy<Value = String> {
    const LEAVES: [&str; 59] = [
        "[1, {\"a\": 1.0}]",
        "[1.0,{\"\\u0061\":1}]",
        "{\"a\":{\"c\":[null]},\"b\":1.0}",
        "{\"a\":1,\"b\":[1]}",
        "null",
        "true",
        "false",
        "0",
        "-0",
        "0.0",
        "-0.0",
        "1",
        "1.0",
        "1e0",
        "10e-1",
        "-1",
        "2",
        "3",
        "4.0",
        "0.1",
        "0.3",
        "0.30000000000000004",
        "1.5",
        "15e-1",
        "19.99",
        "1e-8",
        "1e-9",
        "12",
        "13",
        "9007199254740992",
        "9007199254740993",
        "9007199254740994",
        "9223372036854775807",
        "9223372036854775808",
        "-9223372036854775808",
        "18446744073709551615",
        "1e300",
        "-1e300",
        "1.7976931348623157e308",
        "5e-324",
        "\"\"",
        "\"a\"",
        "\"\\u0061\"",
        "\"b\"",
        "\"c\"",
        "\"aa\"",
        "\"abc\"",
        "\"abcd\"",
        "\"a\\n\"",
        "\"\\ud83e\\udd80\"",
        "\"\u{1f980}\"",
        "\"\u{e9}\"",
        "\"\\u00e9\"",
        "\"e\u{301}\"",
        "\"\\\\\\\"\\/\"",
        "\"1\"",
        "\" \"",
        "\"k\"",
        "\"a long text of more than sixteen bytes\"",
    ];
    // Pairs of one name's spellings, so that no object says a name twice.
    const NAMES: [[&str; 2]; 24] = [
        ["a", "\\u0061"],
        ["b", "\\u0062"],
        ["c", "c"],
        ["", ""],
        ["\u{e9}", "\\u00e9"],
        ["a/b", "a\\/b"],
        ["~", "~"],
        ["n1", "n\\u0031"],
        ["n2", "n2"],
        ["n3", "n3"],
        ["n4", "n4"],
        ["n5", "n5"],
        ["n6", "n6"],
        ["n7", "n7"],
        ["n8", "n8"],
        ["n9", "n9"],
        ["n10", "n10"],
        ["n11", "n11"],
        ["n12", "n12"],
        ["n13", "n13"],
        ["n14", "n14"],
        ["n15", "n15"],
        ["n16", "n16"],
        ["n17", "n17"],
    ];
    let space = || prop::sample::select(&["", "", "", " ", "\n\t"][..]);
    prop::sample::select(&LEAVES[..]).prop_map(str::to_owned).prop_recursive(4, 64, 24, move |inner| {
        let joined = move |items: Vec<String>, space: &str| items.join(&format!("{space},{space}"));
        let items = |most| prop::collection::vec(inner.clone(), 0..most);
        let array = move |most| {
            (items(most), space()).prop_map(move |(items, space)| format!("[{space}{}{space}]", joined(items, space)))
        };
        let few = prop::sample::select(vec![1, 2, 3, 3, 4, 8])
            .prop_flat_map(|most| prop::sample::subsequence(NAMES[..9].to_vec(), 0..=most));
        let many = prop::sample::subsequence(NAMES.to_vec(), 12..=24);
        let object = |names: BoxedStrategy<Vec<[&'static str; 2]>>| {
            (names.prop_shuffle(), prop::collection::vec((inner.clone(), any::<bool>()), 24), space()).prop_map(
                move |(names, values, space)| {
                    let members = names.iter().zip(values).map(|([plain, escaped], (value, is_escaped))| {
                        format!("\"{}\"{space}:{space}{value}", if is_escaped { escaped } else { plain })
                    });
                    format!("{{{space}{}{space}}}", joined(members.collect(), space))
                },
            )
        };
        prop_oneof![2 => array(4), 1 => array(24), 4 => object(few.boxed()), 2 => object(many.boxed())]
    })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 1_500, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn every_keyword_says_what_the_library_says(a in text()) {
        let mut scratch = SchemaScratch::default();
        let text = format!("{{\"z\":0,\"a\":{a},\"$schema\":\"{ID}\"}}");
        let record: Value = serde_json::from_str(&text).unwrap();
        for (schema, schemas, plain) in SCHEMAS.iter() {
            let outcome = schemas.check(&text, None, 10, &mut scratch);
            prop_assert!(agree(&outcome, plain, &record), "{} {}", schema, text);
        }
    }

    #[test]
    fn any_schema_says_what_the_library_says(schema in anything(), inner in anything(), a in text()) {
        let mut schema = json!({"properties": {"a": schema.clone()}, "allOf": [schema]});
        let Ok(schemas) = compile(schema.clone()) else { return Ok(()) };
        schema.as_object_mut().unwrap().remove("$id");
        let Some(plain) = plain(&schema) else { return Ok(()) };
        let a: Value = serde_json::from_str(&a).unwrap();
        for a in [a, inner] {
            let record = json!({"$schema": ID, "a": a});
            prop_assert!(agree(&judge(&schemas, &record), &plain, &record), "{} {}", schema, record);
        }
    }
}

#[test]
fn records_of_every_keyword_both_pass_and_fail() {
    use proptest::strategy::ValueTree;
    use proptest::test_runner::TestRunner;

    let mut runner = TestRunner::deterministic();
    let mut scratch = SchemaScratch::default();
    let mut met = vec![(false, false); SCHEMAS.len()];
    for _ in 0..1_500 {
        let a = text().new_tree(&mut runner).unwrap().current();
        let text = format!("{{\"a\":{a},\"$schema\":\"{ID}\"}}");
        for ((_, schemas, _), (passed, failed)) in SCHEMAS.iter().zip(&mut met) {
            match schemas.check(&text, None, 10, &mut scratch) {
                SchemaVerdict::Pass => *passed = true,
                _ => *failed = true,
            }
        }
    }
    for ((schema, ..), met) in SCHEMAS.iter().zip(met) {
        let a = &schema["properties"]["a"];
        let always = [json!(true), json!({"uniqueItems": false})].contains(a);
        assert_eq!(met, (*a != json!(false), !always), "{a}");
    }
}
