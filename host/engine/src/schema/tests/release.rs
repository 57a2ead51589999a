//! The schemas of a release together: references between files, other URLs, formats, and warnings.

use serde_json::{Value, json};

use super::super::*;

fn compile(files: &[Value], options: &SchemaOptions) -> Result<Schemas, Vec<String>> {
    let texts: Vec<(String, String)> =
        files.iter().enumerate().map(|(index, file)| (format!("{index}.json"), file.to_string())).collect();
    let files: Vec<(&str, &[u8])> = texts.iter().map(|(name, text)| (name.as_str(), text.as_bytes())).collect();
    Schemas::compile(&files, options).map_err(|errors| errors.iter().map(SchemaError::to_string).collect())
}

fn passes(schemas: &Schemas, record: &Value) -> bool {
    match schemas.check(&record.to_string(), None, 10, &mut SchemaScratch::default()) {
        SchemaVerdict::Pass => true,
        SchemaVerdict::Fail(_) => false,
        other => panic!("{other:?}"),
    }
}

fn warnings(schema: Value, options: &SchemaOptions) -> Vec<String> {
    compile(&[schema], options).unwrap().warnings().iter().map(SchemaWarning::to_string).collect()
}

fn formats(formats: Formats) -> SchemaOptions {
    SchemaOptions { formats: [("https://a.example/loan".to_owned(), formats)].into(), ..SchemaOptions::default() }
}

#[test]
fn schemas_refer_to_others_of_the_release() {
    let money = json!({"$id": "https://a.example/common/money", "$defs": {
        "amount": {"$anchor": "amount", "type": "number", "minimum": 0},
        "currency": {"$id": "currency", "enum": ["EUR", "USD"], "$defs": {"short": {"maxLength": 3}}}}});
    for (target, good, bad) in [
        ("common/money#amount", json!(1), json!(-1)),
        ("https://a.example/common/money#/$defs/amount", json!(1), json!(-1)),
        ("/common/currency", json!("EUR"), json!("XXX")),
        ("common/money#/$defs/currency", json!("EUR"), json!("XXX")),
        ("common/currency#/$defs/short", json!("abc"), json!("abcd")),
        ("common/money#/$defs/currency/$defs/short", json!("abc"), json!("abcd")),
    ] {
        let loan = json!({"$id": "https://a.example/loan", "properties": {"a": {"$ref": target}}});
        let schemas =
            compile(&[loan, money.clone()], &SchemaOptions::default()).unwrap_or_else(|errors| panic!("{errors:?}"));
        let record = |a: &Value| json!({"$schema": "https://a.example/loan", "a": a});
        assert!(passes(&schemas, &record(&good)), "{target}");
        assert!(!passes(&schemas, &record(&bad)), "{target}");
    }
    for (target, expected) in [
        (
            "common/other",
            "`/properties/a/$ref` refers to `common/other`, and no schema of the release has that `$id`: nothing is fetched",
        ),
        ("common/money#total", "`/properties/a/$ref` refers to `common/money#total`, which does not exist"),
        ("common/money#/$defs/x", "`/properties/a/$ref` refers to `common/money#/$defs/x`, which does not exist"),
    ] {
        let loan = json!({"$id": "https://a.example/loan", "properties": {"a": {"$ref": target}}});
        assert_eq!(
            compile(&[loan, money.clone()], &SchemaOptions::default()).unwrap_err(),
            [format!("0.json: {expected}")]
        );
    }
}

#[test]
fn references_between_files_are_bounded_like_those_inside_of_one() {
    let file = |name: &str, next: &str| json!({"$id": format!("https://a.example/{name}"), "allOf": [{"$ref": next}, {"$ref": next}]});
    let circle = [file("a", "b"), file("b", "a")];
    assert!(
        compile(&circle, &SchemaOptions::default())
            .unwrap_err()
            .iter()
            .all(|error| error.contains("applies itself to the same value"))
    );
    let mut doubling: Vec<Value> =
        (0..12).map(|level| file(&format!("d{level}"), &format!("d{}", level + 1))).collect();
    doubling.push(json!({"$id": "https://a.example/d12"}));
    let errors = compile(&doubling, &SchemaOptions::default()).unwrap_err();
    assert!(errors.iter().all(|error| error.contains("more than 1000 subschemas")), "{errors:?}");
    // The last seven levels are few enough.
    assert_eq!(errors.len(), 5, "{errors:?}");
}

#[test]
fn an_id_means_one_part_of_the_schemas() {
    let twice = json!({"$id": "https://a.example/loan", "$defs": {"a": {"$id": "x"}, "b": {"$id": "x"}}});
    assert_eq!(
        compile(&[twice], &SchemaOptions::default()).unwrap_err(),
        ["0.json: `/$defs/b/$id`: another part of the schemas has the same `$id`"]
    );
    let name_twice = b"{\"$id\": \"x\",\n \"type\": \"object\", \"type\": \"array\"}";
    let errors = Schemas::compile(&[("a.json", name_twice)], &SchemaOptions::default()).unwrap_err();
    assert_eq!(
        errors[0].to_string(),
        "a.json: the schema is not JSON: the key `type` for the second time in one object at line 2, column 20"
    );
}

#[test]
fn aliases_and_newer_minor_versions_stand_for_a_schema() {
    let v1 =
        |minor: u32| json!({"$id": format!("https://a.example/loan/v1.{minor}.0"), "required": [format!("m{minor}")]});
    let options = SchemaOptions {
        aliases: [(
            "https://a.example/models/loan.schema.json#".to_owned(),
            "https://a.example/loan/v1.2.0".to_owned(),
        )]
        .into(),
        ..SchemaOptions::default()
    };
    let schemas = compile(&[v1(2), v1(10)], &options).unwrap();
    let record = |url: &str| json!({"$schema": url, "m2": 1});
    assert!(passes(&schemas, &record("https://a.example/models/loan.schema.json")));
    assert!(schemas.contains("https://a.example/models/loan.schema.json#"));
    for url in [
        "https://a.example/loan/v1.3.0",
        "https://a.example/loan/v1.2.0/",
        "https://a.example/loan/v1.2.0?x=1",
        "https://A.example/loan/v1.2.0",
        "http://a.example/loan/v1.2.0",
        "https://evil.example/loan/v1.2.0",
        "",
    ] {
        let outcome = schemas.check(&record(url).to_string(), None, 10, &mut SchemaScratch::default());
        assert!(matches!(outcome, SchemaVerdict::Unchecked { code: "unknown_schema", .. }), "{url} {outcome:?}");
    }
    let options = SchemaOptions { minor_fallback: true, ..options };
    let schemas = compile(&[v1(2), v1(10)], &options).unwrap();
    // The highest by number stands in, for other versions only.
    assert!(!passes(&schemas, &record("https://a.example/loan/v1.3.0")));
    assert!(passes(&schemas, &json!({"$schema": "https://a.example/loan/v1.11.0", "m10": 1})));
    assert!(passes(&schemas, &record("https://a.example/loan/v1.2.0")));
    for url in ["https://a.example/loan/v2.0.0", "https://a.example/deal/v1.0.0", "urn:x"] {
        let outcome = schemas.check(&record(url).to_string(), None, 10, &mut SchemaScratch::default());
        assert!(matches!(outcome, SchemaVerdict::Unchecked { code: "unknown_schema", .. }), "{url} {outcome:?}");
    }
}

#[test]
fn a_record_does_not_choose_a_schema_that_is_for_others() {
    let ids = ["loan/v1.0.0", "shared/v1.0.0", "listed/v1.0.0", "aliased/v1.0.0"];
    let files = ids.map(|id| json!({"$id": format!("https://a.example/{id}")}));
    let alias = |from: &str, to: &str| (from.to_owned(), format!("https://a.example/{to}"));
    let aliases = [alias("https://a.example/x", "loan/v1.0.0"), alias("urn:y", "aliased/v1.0.0")];
    let options = SchemaOptions { aliases: aliases.into(), ..SchemaOptions::default() };
    let schemas = compile(&[&files[..], &[json!({"$id": "urn:uuid:1"})]].concat(), &options).unwrap();
    let schemas = schemas.for_records(
        |name| ["loan", "facility"].contains(&name),
        |url| ["https://a.example/loan/v1.0.0", "https://a.example/listed/v1.0.0"].contains(&url),
    );
    for (url, of_loan, of_facility) in [
        ("https://a.example/loan/v1.0.0", true, false),
        ("https://a.example/loan/v1.0.0#", true, false),
        ("https://a.example/x", true, false),
        // What these are for is not known, but the release has something for the records that name them.
        ("https://a.example/listed/v1.0.0", true, true),
        ("https://a.example/aliased/v1.0.0", true, true),
        ("urn:y", true, true),
        // Parts of others.
        ("https://a.example/shared/v1.0.0", false, false),
        ("urn:uuid:1", false, false),
    ] {
        let record = json!({"$schema": url}).to_string();
        for (entity_type, passes) in [(None, true), (Some("loan"), of_loan), (Some("facility"), of_facility)] {
            match schemas.check(&record, entity_type, 10, &mut SchemaScratch::default()) {
                SchemaVerdict::Pass => assert!(passes, "{url} {entity_type:?}"),
                SchemaVerdict::Unchecked { code: "unknown_schema", .. } => assert!(!passes, "{url} {entity_type:?}"),
                other => panic!("{other:?}"),
            }
        }
    }
}

#[test]
fn options_about_schemas_that_there_are_not_are_refused() {
    let loan = json!({"$id": "https://a.example/loan"});
    let deal = json!({"$id": "https://a.example/deal"});
    let options = SchemaOptions {
        aliases: [
            ("https://a.example/x".to_owned(), "https://a.example/laon".to_owned()),
            ("https://a.example/deal".to_owned(), "https://a.example/loan".to_owned()),
        ]
        .into(),
        formats: [("https://a.example/dael".to_owned(), Formats::Asserted)].into(),
        minor_fallback: false,
    };
    assert_eq!(
        compile(&[loan, deal], &options).unwrap_err(),
        [
            "business-config.yaml: schema_aliases: `https://a.example/deal` is the `$id` or an alias of `1.json`, and cannot mean another schema too",
            "business-config.yaml: schema_aliases: the release has no schema with the `$id` `https://a.example/laon`, did you mean `https://a.example/loan`?",
            "business-config.yaml: schema_formats: the release has no schema with the `$id` `https://a.example/dael`, did you mean `https://a.example/deal`?",
        ]
    );
}

#[test]
fn keywords_that_check_nothing_are_warned_of() {
    let schema = json!({"$id": "https://a.example/loan", "$schema": "http://json-schema.org/draft-07/schema#",
        "titel": "x", "x-owner": "y", "$comment": "z",
        "properties": {"a": {"minimun": 1, "prefixItems": [], "format": "date"}, "required": {"type": "string"}},
        "definitions": {"maxlength": {"maxlength": 3}}, "const": {"requird": 1}, "default": {"minimun": 1}});
    assert_eq!(
        warnings(schema.clone(), &SchemaOptions::default()),
        [
            "0.json: `/titel`: `titel` is not a keyword and checks nothing; did you mean `title`?",
            "0.json: `/properties/a/format`: the format `date` is not checked: say `assert` or `ignore` under `schema_formats` in the business configuration",
            "0.json: `/properties/a/minimun`: `minimun` is not a keyword and checks nothing; did you mean `minimum`?",
            "0.json: `/properties/a/prefixItems`: `prefixItems` has no effect in draft-07",
            "0.json: `/definitions/maxlength/maxlength`: `maxlength` is not a keyword and checks nothing; did you mean `maxLength`?",
        ]
    );
    assert_eq!(warnings(schema, &formats(Formats::Ignored)).len(), 4);
    let alone = json!({"$id": "https://a.example/loan", "then": {}, "properties": {"a": {"if": true, "minContains": 2},
        "b": {"if": true, "else": false, "contains": true, "maxContains": 2}}});
    assert_eq!(
        warnings(alone, &SchemaOptions::default()),
        [
            "0.json: `/then`: `then` checks nothing without `if`",
            "0.json: `/properties/a/if`: `if` checks nothing without `then` or `else`",
            "0.json: `/properties/a/minContains`: `minContains` checks nothing without `contains`",
        ]
    );
    let schema = json!({"$id": "https://a.example/loan", "properties": {"a": {"format": "datetime"}}});
    assert_eq!(
        warnings(schema, &formats(Formats::Asserted)),
        [
            "0.json: `/properties/a/format`: the format `datetime` is not known and not checked; did you mean `date-time`?"
        ]
    );
}

#[test]
fn formats_are_checked_where_the_release_says_so() {
    let schema = |format: &str| json!({"$id": "https://a.example/loan", "properties": {"a": {"format": format}}});
    for (format, good, bad) in [
        ("date", "2024-02-29", "2023-02-29"),
        ("time", "23:59:60Z", "24:00:00Z"),
        ("date-time", "2024-02-29T12:00:00.5+01:00", "2024-02-29 12:00:00Z"),
        ("duration", "P1Y2M3DT4H", "P1S"),
        ("email", "a.b@example.com", "a.b@"),
        ("hostname", "a-b.example", "-a.example"),
        ("ipv4", "192.0.2.1", "192.0.2.01"),
        ("ipv6", "2001:db8::1", "2001:db8::1%eth0"),
        ("uri", "https://a.example/x?y#z", "/x"),
        ("uri-reference", "/x", "\\\\x"),
        ("uuid", "2eb8aa08-aa98-11ea-b4aa-73b441d16380", "2eb8aa08aa9811eab4aa73b441d16380"),
        ("json-pointer", "/a~1b", "/a~2b"),
        ("regex", "^a+$", "^(a+$"),
    ] {
        let record = |a: &str| json!({"$schema": "https://a.example/loan", "a": a});
        let asserted = compile(&[schema(format)], &formats(Formats::Asserted)).unwrap();
        // Reading a pattern costs much for each byte.
        assert_eq!(asserted.warnings().is_empty(), format != "regex", "{format}");
        assert!(passes(&asserted, &record(good)), "{format}");
        assert!(!passes(&asserted, &record(bad)), "{format}");
        assert!(passes(&asserted, &json!({"$schema": "https://a.example/loan", "a": 1})), "{format}");
        for other in [Formats::Ignored, Formats::Unstated] {
            assert!(passes(&compile(&[schema(format)], &formats(other)).unwrap(), &record(bad)), "{format}");
        }
    }
}

#[test]
fn an_order_of_a_thousand_lines_with_patterns_is_checked() {
    let line = json!({"type": "object", "required": ["sku", "text"], "additionalProperties": false, "properties": {
        "sku": {"type": "string", "pattern": "^[A-Z]{2}-[0-9]{4,12}$"}, "text": {"type": "string", "pattern": "^.{1,255}$"},
        "name": {"type": "string", "pattern": r"^[\w .,-]{0,80}$"}, "mail": {"type": "string", "pattern": r"^[^@\s]+@[^@\s]+\.[a-z]{2,}$"}}});
    let schema = json!({"$id": "https://a.example/loan", "properties": {"lines": {"type": "array", "items": line}}});
    assert_eq!(warnings(schema.clone(), &SchemaOptions::default()), Vec::<String>::new());
    let schemas = compile(&[schema], &SchemaOptions::default()).unwrap();
    let lines = |count: usize, last: &str| -> Vec<Value> {
        let line = |number: usize| json!({"sku": format!("AB-{number:06}"), "text": "x".repeat(200), "name": "a b", "mail": "a@b.example"});
        let last = json!({"sku": last, "text": "y"});
        (0..count).map(line).chain([last]).collect()
    };
    // Up to a record of a MiB.
    for count in [1_000, 3_500] {
        assert!(passes(&schemas, &json!({"$schema": "https://a.example/loan", "lines": lines(count, "AB-1234")})));
        assert!(!passes(&schemas, &json!({"$schema": "https://a.example/loan", "lines": lines(count, "AB-12x4")})));
    }
}
