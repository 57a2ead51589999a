//! Schemas and records of any shape: no panic, and the library's own opinion of what passes.

use proptest::prelude::*;
use serde_json::{Value, json};

use super::super::*;
use super::{ID, compile, judge};

/// Any JSON, often with keywords of schemas.
pub(super) fn anything() -> impl Strategy<Value = Value> {
    const NAMES: [&str; 46] = [
        "$ref",
        "$defs",
        "definitions",
        "$anchor",
        "$comment",
        "title",
        "default",
        "examples",
        "format",
        "type",
        "enum",
        "const",
        "properties",
        "required",
        "additionalProperties",
        "patternProperties",
        "propertyNames",
        "minProperties",
        "maxProperties",
        "dependencies",
        "dependentSchemas",
        "dependentRequired",
        "items",
        "prefixItems",
        "additionalItems",
        "contains",
        "minContains",
        "maxContains",
        "minItems",
        "maxItems",
        "uniqueItems",
        "allOf",
        "anyOf",
        "oneOf",
        "not",
        "if",
        "then",
        "else",
        "minimum",
        "maximum",
        "multipleOf",
        "minLength",
        "maxLength",
        "pattern",
        "contentMediaType",
        "a",
    ];
    const TEXTS: [&str; 14] = [
        "",
        "a",
        "#",
        "#/$defs/a",
        "#/properties/a",
        "object",
        "string",
        "number",
        "array",
        "^a+$",
        "(a|b)*",
        "~",
        "a/b",
        "é",
    ];
    let numbers = prop_oneof![
        any::<i64>().prop_map(|number| json!(number)),
        any::<f64>().prop_map(|number| json!(number)),
        (-2_i32..5).prop_map(|number| json!(number)),
        Just(json!(5e-324)),
        Just(json!(u64::MAX)),
    ];
    let texts = prop::sample::select(&TEXTS[..]).prop_map(|text| json!(text));
    let leaf = prop_oneof![Just(json!(null)), any::<bool>().prop_map(|value| json!(value)), numbers, texts];
    leaf.prop_recursive(5, 48, 5, |inner| {
        let members = prop::collection::btree_map(prop::sample::select(&NAMES[..]), inner.clone(), 0..6);
        prop_oneof![
            1 => prop::collection::vec(inner, 0..4).prop_map(|items| json!(items)),
            3 => members.prop_map(|members| json!(members)),
        ]
    })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 2_000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn no_schema_and_no_record_makes_the_host_panic(schema in anything(), record in anything()) {
        prop_assume!(schema.is_object());
        let record = json!({"$schema": ID, "a": record, "properties": schema.clone()});
        let Ok(schemas) = compile(schema.clone()) else { return Ok(()) };
        let outcome = judge(&schemas, &record);
        let plain = jsonschema::options()
            .should_validate_formats(false)
            .without_content_media_type_support("application/json")
            .build(&schema);
        if let Ok(plain) = plain {
            prop_assert_eq!(outcome == SchemaVerdict::Pass, plain.is_valid(&record), "{} {}", schema, record);
        }
    }
}
