//! Ordinary schemas check every record within the largest size that is allowed by default, and no release is warned of them.

use serde_json::{Value, json};

use super::super::*;
use super::{ID, compile};

/// A record of about a MiB: the same item again and again.
fn full(item: &str) -> String {
    let items = vec![item; (1 << 20) / (item.len() + 1)].join(",");
    format!("{{\"$schema\":\"{ID}\",\"a\":[{items}]}}")
}

fn texts(count: usize) -> Vec<Value> {
    (0..count).map(|number| json!(format!("code-{number:05}"))).collect()
}

#[test]
fn whatever_costs_little_for_each_byte_is_checked() {
    let numbers = |count: usize| (100..100 + count).collect::<Vec<_>>();
    let properties: serde_json::Map<String, Value> =
        (0..200).map(|number| (format!("p{number}"), json!({"type": "integer"}))).collect();
    let cases = [
        (json!({"multipleOf": 7}), "7"),
        (json!({"multipleOf": 7}), "7e30"),
        (json!({"multipleOf": 0.01}), "19.99"),
        (json!({"type": "integer", "minimum": 0, "maximum": 9, "multipleOf": 1}), "7"),
        (json!({"type": "number", "minimum": -1.5, "exclusiveMaximum": 9.25, "multipleOf": 0.25}), "2.5"),
        (json!({"const": 7}), "7"),
        (json!({"enum": numbers(200)}), "299"),
        (json!({"enum": numbers(10_000)}), "101"),
        (json!({"enum": [1.5, 2, null, "x"]}), "15e-1"),
        (json!({"enum": texts(1_000)}), "\"code-00999\""),
        (json!({"enum": texts(5_000)}), "\"code-00000\""),
        (json!({"enum": [[1], {"a": 1}]}), "[1]"),
        (json!({"properties": properties}), "{\"p199\":1}"),
        (json!({"properties": properties, "additionalProperties": false, "required": ["p7"]}), "{\"p7\":1}"),
        (json!({"type": "string", "minLength": 1, "maxLength": 1, "pattern": "^[a-z]$"}), "\"x\""),
        (json!({"uniqueItems": true}), "[1,2]"),
        (json!({"oneOf": [{"type": "string"}, {"type": "integer", "minimum": 1}, {"type": "null"}]}), "1"),
    ];
    for (item, written) in cases {
        let schemas = compile(json!({"properties": {"a": {"items": item}}})).unwrap();
        let warnings: Vec<String> = schemas.warnings().iter().map(SchemaWarning::to_string).collect();
        assert!(warnings.is_empty(), "{written} {warnings:?}");
        let verdict = schemas.check(&full(written), None, 10, &mut SchemaScratch::default());
        assert_eq!(verdict, SchemaVerdict::Pass, "{written}");
    }
}

#[test]
fn a_value_that_is_wrong_is_found_behind_all_others() {
    let wrong = [
        (json!({"multipleOf": 7}), "7", "8"),
        (json!({"enum": (0..1_000).collect::<Vec<_>>()}), "999", "1000"),
        (json!({"enum": texts(1_000)}), "\"code-00999\"", "\"code-01000\""),
        (json!({"required": ["b"]}), "{\"b\":1}", "{\"c\":1}"),
    ];
    for (item, right, wrong) in wrong {
        let schemas = compile(json!({"properties": {"a": {"items": item}}})).unwrap();
        let record = full(right).replace("]}", &format!(",{wrong}]}}"));
        let verdict = schemas.check(&record, None, 10, &mut SchemaScratch::default());
        assert!(matches!(&verdict, SchemaVerdict::Fail(mistakes) if mistakes.list.len() == 1), "{wrong} {verdict:?}");
    }
}
