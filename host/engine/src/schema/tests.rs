//! Schemas that are refused and their benign twins, records that pass and fail, and how long that takes.

use std::time::{Duration, Instant};

use serde_json::{Value, json};

use super::*;

mod anything;
mod hostile;
mod library;
mod limits;
mod numbers;
mod ordinary;
mod release;
mod reuse;
mod suite;

const ID: &str = "https://rules.example/loan/v1.0.0";

/// Compiles one schema as it is written.
fn compile_text(schema: &str) -> Result<Schemas, Problem> {
    let compiled = Schemas::compile(&[("loan.json", schema.as_bytes())], &SchemaOptions::default());
    compiled.map_err(|errors| errors[0].problem.clone())
}

/// Compiles one schema, which need not have an `$id`.
fn compile(mut schema: Value) -> Result<Schemas, Problem> {
    if let Some(members) = schema.as_object_mut() {
        members.entry("$id").or_insert_with(|| ID.into());
    }
    compile_text(&schema.to_string())
}

fn refusal(schema: Value) -> Problem {
    let start = Instant::now();
    let problem = compile(schema).expect_err("a schema that is refused");
    assert!(start.elapsed() < Duration::from_secs(5), "{problem}: {:?}", start.elapsed());
    assert!(problem.to_string().len() < 600, "{problem}");
    problem
}

/// Checks a record, which need not have a `$schema`, against one schema.
fn check(schema: Value, mut record: Value) -> SchemaVerdict {
    record["$schema"] = ID.into();
    judge(&compile(schema).unwrap(), &record)
}

fn judge(schemas: &Schemas, record: &Value) -> SchemaVerdict {
    schemas.check(&record.to_string(), None, 10, &mut SchemaScratch::default())
}

/// What is wrong with a record: pointer, keyword and message of each mistake.
fn mistakes(verdict: SchemaVerdict) -> Vec<(String, &'static str, String)> {
    match verdict {
        SchemaVerdict::Fail(Mistakes { list, more: 0 }) => {
            list.into_iter().map(|mistake| (mistake.pointer, mistake.keyword, mistake.message)).collect()
        }
        other => panic!("{other:?}"),
    }
}

/// The first of them.
fn failure(schema: Value, record: Value) -> (String, &'static str, String) {
    match check(schema, record) {
        SchemaVerdict::Fail(mistakes) => {
            let first = mistakes.list.into_iter().next().unwrap();
            (first.pointer, first.keyword, first.message)
        }
        other => panic!("{other:?}"),
    }
}

/// Whether the first keyword that a record breaks is this one.
fn breaks(verdict: &SchemaVerdict, keyword: &str) -> bool {
    matches!(verdict, SchemaVerdict::Fail(mistakes) if mistakes.list.first().is_some_and(|first| first.keyword == keyword))
}

fn deep(levels: usize, inner: Value, wrap: impl Fn(Value) -> Value) -> Value {
    (0..levels).fold(inner, |value, _| wrap(value))
}

#[test]
fn records_are_told_where_and_why_they_fail() {
    let table = include_str!("cases.json");
    let table: Value = serde_json::from_str(table).unwrap();
    for case in table.as_array().unwrap() {
        let [schema, record, expected] = case.as_array().unwrap().as_slice() else { panic!("{case}") };
        let outcome = match check(schema.clone(), record.clone()) {
            SchemaVerdict::Pass => json!("pass"),
            failed @ SchemaVerdict::Fail(_) => json!(mistakes(failed)),
            other => json!(format!("{other:?}")),
        };
        assert_eq!(&outcome, expected, "{schema} {record}");
    }
}

#[test]
fn a_record_without_a_schema_fails() {
    let schemas = compile(json!({})).unwrap();
    for record in [json!({}), json!({"$schema": 1}), json!({"$schema": null}), json!([]), json!(1)] {
        assert!(matches!(judge(&schemas, &record), SchemaVerdict::NoSchema { .. }), "{record}");
    }
}

#[test]
fn a_schema_that_the_release_does_not_have_is_an_error() {
    let schemas = compile(json!({})).unwrap();
    let outcome = judge(&schemas, &json!({"$schema": "x".repeat(1 << 20)}));
    let SchemaVerdict::Unchecked { reason, code: "unknown_schema" } = outcome else { panic!("{outcome:?}") };
    assert!(reason.len() < 200);
}

#[test]
fn an_empty_fragment_is_ignored() {
    let schemas = compile(json!({"$id": format!("{ID}#")})).unwrap();
    assert!(schemas.contains(ID));
    assert_eq!(judge(&schemas, &json!({"$schema": ID})), SchemaVerdict::Pass);
    assert_eq!(judge(&schemas, &json!({"$schema": format!("{ID}#")})), SchemaVerdict::Pass);
}

#[test]
fn every_file_that_is_wrong_is_told() {
    let schema = json!({ "$id": ID }).to_string();
    let files: Vec<(&str, &[u8])> = vec![
        ("a.json", schema.as_bytes()),
        ("b.json", schema.as_bytes()),
        ("c.json", b"{}"),
        ("d.json", b"{"),
        ("e.json", b"[]"),
        ("f.json", b"{\"$id\": \"x\", \"maximum\": 1e999}"),
    ];
    let errors: Vec<String> =
        Schemas::compile(&files, &SchemaOptions::default()).unwrap_err().iter().map(SchemaError::to_string).collect();
    assert_eq!(
        errors,
        [
            "b.json: `a.json` has the same `$id`",
            "c.json: the schema is not an object with an `$id`: records name a schema by its `$id`",
            "d.json: the schema is not JSON: expected a key in quotes, found the end of the text at line 1, column 2",
            "e.json: the schema is not an object with an `$id`: records name a schema by its `$id`",
            "f.json: the schema is not JSON: a number that is too large at line 1, column 25",
        ]
    );
}

#[test]
fn drafts_are_understood_or_refused_by_name() {
    for draft in [
        "http://json-schema.org/draft-07/schema#",
        "http://json-schema.org/draft-07/schema",
        "https://json-schema.org/draft-07/schema",
        "https://json-schema.org/draft-07/schema#",
        "https://json-schema.org/draft/2019-09/schema",
        "http://json-schema.org/draft/2020-12/schema#",
        "https://json-schema.org/draft/2020-12/schema",
    ] {
        assert!(compile(json!({ "$schema": draft })).is_ok(), "{draft}");
    }
    for draft in ["http://json-schema.org/draft-04/schema#", "http://json-schema.org/draft-06/schema#", "", "file:///x"]
    {
        assert_eq!(refusal(json!({ "$schema": draft })), Problem::draft(draft));
    }
    // In draft-07 nothing beside `$ref` counts; later drafts apply both.
    let schema = |draft: &str| json!({"$schema": draft, "$defs": {"a": {}}, "$ref": "#/$defs/a", "required": ["x"]});
    assert_eq!(check(schema("http://json-schema.org/draft-07/schema"), json!({})), SchemaVerdict::Pass);
    assert_ne!(check(schema("https://json-schema.org/draft/2019-09/schema"), json!({})), SchemaVerdict::Pass);
}

#[test]
fn references_stay_in_the_release() {
    for target in [
        "https://evil.example/schema.json",
        "http://json-schema.org/draft-07/schema#",
        "file:///etc/passwd",
        "other.json",
        "other.json#/definitions/a",
        "//evil.example",
    ] {
        let schema = json!({"properties": {"x": {"$ref": target}}});
        assert_eq!(refusal(schema), Problem::reference("/properties/x/$ref", target));
    }
    for target in [
        ID,
        "",
        "#",
        "#anchor",
        "#/%24defs/a",
        "#/$defs/Line Item",
        "#/$defs/Line%20Item",
        "#/$defs/W\u{e4}hrung",
        "#/$defs/W%C3%A4hrung",
        "#/$defs/Page[Order]",
        "#/$defs/Page%5BOrder%5D",
        "#/$defs/100%25",
        "v1.0.0",
        "/loan/v1.0.0",
    ] {
        let defs =
            json!({"a": {"$anchor": "anchor"}, "Line Item": {}, "W\u{e4}hrung": {}, "Page[Order]": {}, "100%": {}});
        assert!(compile(json!({"$defs": defs, "properties": {"x": {"$ref": target}}})).is_ok(), "{target}");
    }
    assert_eq!(
        refusal(json!({"$ref": "#/$defs/b"})).to_string(),
        "`/$ref` refers to `#/$defs/b`, which does not exist"
    );
    assert!(matches!(refusal(json!({"$ref": "#/minLength", "minLength": 3})), Problem::Shape { .. }));
    assert!(matches!(refusal(json!({"$ref": 3})), Problem::Shape { .. }));
    let tree = json!({"properties": {"next": {"$ref": "#"}, "value": {"$ref": "#/$defs/a~1b"}}, "$defs": {"a/b": {"type": "string"}}});
    assert_eq!(check(tree.clone(), json!({"next": {"next": {"value": "x"}}})), SchemaVerdict::Pass);
    assert_eq!(failure(tree, json!({"next": {"next": {"value": 1}}})).0, "/next/next/value");
}

#[test]
fn what_changes_the_meaning_of_other_words_is_refused() {
    for (keyword, value) in [("$dynamicRef", json!("#")), ("$schema", json!("http://json-schema.org/draft-04/schema#"))]
    {
        let schema = json!({"properties": {"a": {keyword: value}}});
        assert_eq!(refusal(schema), Problem::keyword(&format!("/properties/a/{keyword}"), keyword));
    }
    let hidden = json!({"$ref": "#/x/y", "x": {"$schema": "http://json-schema.org/draft-04/schema#", "y": {}}});
    assert_eq!(refusal(hidden), Problem::keyword("/$ref", "$schema"));
    // As names of members they are like any other.
    let names = json!({"properties": {"$id": {}, "$schema": {"type": "string"}, "unevaluatedItems": {}}, "required": ["$schema"]});
    assert_eq!(check(names, json!({})), SchemaVerdict::Pass);
}

#[test]
fn shapes_that_the_draft_does_not_allow_are_refused() {
    for schema in [
        json!({"properties": []}),
        json!({"properties": {"a": 1}}),
        json!({"allOf": {}}),
        json!({"required": "a"}),
        json!({"required": [1]}),
        json!({"required": ["a", "a"]}),
        json!({"items": [{}]}),
        json!({"pattern": 1}),
        json!({"type": ["string", "string"]}),
    ] {
        assert!(matches!(refusal(schema.clone()), Problem::Shape { .. }), "{schema}");
    }
    for schema in [
        json!({"type": "strange"}),
        json!({"minLength": -1}),
        json!({"multipleOf": 0}),
        json!({"multipleOf": -1}),
        json!({"enum": 1}),
        json!({"allOf": []}),
        json!({"minimum": "1"}),
        json!({"uniqueItems": 1}),
    ] {
        assert!(matches!(refusal(schema.clone()), Problem::Shape { .. }), "{schema}");
    }
}

#[test]
fn annotations_are_not_judged() {
    for annotation in [
        json!({"format": "email"}),
        json!({"contentMediaType": "application/json"}),
        json!({"contentEncoding": "base64"}),
    ] {
        for draft in ["http://json-schema.org/draft-07/schema#", "https://json-schema.org/draft/2020-12/schema"] {
            let schema = json!({"$schema": draft, "properties": {"a": annotation}});
            assert_eq!(check(schema, json!({"a": "{not at all"})), SchemaVerdict::Pass);
        }
    }
}
