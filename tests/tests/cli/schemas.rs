//! What a release says of its schemas, from its files to the verdicts.

use jurat_tests::unsigned;
use serde_json::Value;

use crate::site::{Site, results, root};

const CONFIG: &str = r#"
schema_aliases: {"https://a.example/models/loan.schema.json": "https://a.example/loan/v1.0.0"}
schema_formats: {"https://a.example/loan/v1.0.0": assert}
schema_minor_version_fallback: true
strict_major_version: false
rulesets:
  listed:
    rules:
      "https://a.example/loan/v1.0.0": [{rule_id: schema}, {rule_id: rule_002_v1}]
      loan: [{rule_id: schema}]
      facility: [{rule_id: schema}]
  by_type:
    unknown_schema: entity_type
    rules:
      "https://a.example/loan/v1.0.0": [{rule_id: schema}, {rule_id: rule_002_v1}]
      loan: [{rule_id: schema}]
      facility: [{rule_id: schema}]
default_helpers: {loan: loan_v1.json, facility: facility_v1.json}
"#;

const SCHEMA: &str = r#"{"$schema": "https://json-schema.org/draft-07/schema", "$id": "https://a.example/loan/v1.0.0",
    "required": ["id"], "properties": {"signed": {"format": "date"}, "rate": {"multipleOf": 0.01},
    "lines": {"items": {"minimum": 1}}}}"#;

/// A site with one schema and two rulesets.
fn site() -> Site {
    let site = Site::empty();
    for map in ["loan_v1.json", "facility_v1.json"] {
        site.write(format!("rules/{map}"), std::fs::read(root().join("rules/loan/field-maps").join(map)).unwrap());
    }
    site.write("rules/business-config.yaml", CONFIG);
    site.write("rules/loan.schema.json", SCHEMA);
    site.write(
        "rules/release.yaml",
        "name: loan\nversion: 1.0.0\nbusiness_config: business-config.yaml\ncomponents: [{path: loan_rules.wasm}]\n\
         builtin: {schema: {check: json_schema, description: the schema}}\n\
         field_maps: [loan_v1.json, facility_v1.json]\nschemas: [loan.schema.json]\n",
    );
    let rules = site.path("rules").display().to_string();
    site.write("local-config.yaml", format!("tenants:\n{}", unsigned::tenant("loans", &rules, "")));
    site
}

/// The status and the code of the rule `schema`, and how many rules there are; or the code of the entry.
fn said(site: &Site, ruleset: &str, members: &str) -> (String, String, usize) {
    let record = format!("{{\"id\":\"a\",\"entity_type\":\"loan\",{members}}}");
    let outcome = site.validate(ruleset, &["--format", "ndjson"], record.as_bytes());
    let entries = results(&outcome.stdout);
    let entry = entries.first().unwrap_or_else(|| panic!("{}", outcome.stderr));
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    match entry["results"].as_array().map(Vec::as_slice) {
        Some([first, others @ ..]) => (text(&first["status"]), text(&first["code"]), 1 + others.len()),
        _ => ("entry".to_owned(), text(&entry["error"]["code"]), 0),
    }
}

#[test]
fn the_business_configuration_decides_which_schema_counts() {
    let site = site();
    let cases = [
        ("listed", "https://a.example/loan/v1.0.0", ("PASS", "", 2)),
        ("listed", "https://a.example/loan/v1.0.0#", ("PASS", "", 2)),
        ("listed", "https://a.example/models/loan.schema.json", ("PASS", "", 2)),
        ("listed", "https://a.example/models/loan.schema.json/", ("entry", "unknown_schema", 0)),
        ("listed", "https://a.example/loan/v1.4.0", ("entry", "unknown_schema", 0)),
        ("listed", "http://a.example/loan/v1.0.0", ("entry", "unknown_schema", 0)),
        ("listed", "https://A.example/loan/v1.0.0", ("entry", "unknown_schema", 0)),
        ("by_type", "https://a.example/loan/v1.0.0", ("PASS", "", 2)),
        // The list of the entity type, and the schema of another minor version.
        ("by_type", "https://a.example/loan/v1.4.0", ("PASS", "", 1)),
        // The list of the entity type, and no schema at all: nothing passes.
        ("by_type", "https://a.example/loan/v2.0.0", ("ERROR", "unknown_schema", 1)),
        ("by_type", "https://a.example/loan/v1.0.0?x=1", ("ERROR", "unknown_schema", 1)),
        ("by_type", "https://b.example/loan/v1.0.0", ("ERROR", "unknown_schema", 1)),
    ];
    for (ruleset, url, (status, code, rules)) in cases {
        let found = said(&site, ruleset, &format!("\"$schema\":\"{url}\",\"signed\":\"2024-02-29\""));
        assert_eq!(found, (status.to_owned(), code.to_owned(), rules), "{ruleset} {url}");
    }
    let no_schema = said(&site, "listed", "\"signed\":\"2024-02-29\"");
    assert_eq!(no_schema, ("FAIL".to_owned(), "no_schema".to_owned(), 1));
}

#[test]
fn formats_and_exact_numbers_count_in_a_release() {
    let site = site();
    let of = |members: &str| {
        let members = format!("\"$schema\":\"https://a.example/models/loan.schema.json\",{members}");
        let (status, code, _) = said(&site, "listed", &members);
        (status, code)
    };
    let is = |status: &str, code: &str| (status.to_owned(), code.to_owned());
    assert_eq!(of(r#""signed":"2024-02-30""#), is("FAIL", "format"));
    assert_eq!(of(r#""rate":0.29"#), is("PASS", ""));
    assert_eq!(of(r#""rate":0.290000000000000000000001"#), is("FAIL", "multipleOf"));
    site.write("rules/business-config.yaml", CONFIG.replace(": assert", ": ignore"));
    assert_eq!(of(r#""signed":"2024-02-30""#), is("PASS", ""));
}

#[test]
fn a_record_does_not_choose_the_schema_of_another_entity_type_than_the_call() {
    let site = site();
    let record = br#"{"id":"a","$schema":"https://a.example/loan/v1.0.0"}"#;
    let said = |ruleset: &str, entity_type: &str| {
        let outcome = site.validate(ruleset, &["--format", "ndjson", "--entity-type", entity_type], record);
        let rule = results(&outcome.stdout)[0]["results"][0].clone();
        (rule["status"].as_str().unwrap().to_owned(), outcome.code)
    };
    assert_eq!(said("listed", "loan").0, "PASS");
    assert_eq!(said("listed", "facility"), ("ERROR".to_owned(), 1));
    // Where the entity type counts, the schema that the record names does.
    assert_eq!(said("by_type", "facility").0, "PASS");
}

#[test]
fn a_record_chooses_neither_the_list_of_the_entity_type_nor_a_part_of_a_schema() {
    let site = site();
    // By its bare name.
    for url in ["loan", "loan#"] {
        let found = said(&site, "listed", &format!("\"$schema\":\"{url}\""));
        assert_eq!(found, ("entry".to_owned(), "unknown_schema".to_owned(), 0), "{url}");
    }
    // Definitions that others use, and that check nothing themselves.
    site.write("rules/common.json", r#"{"$id": "https://a.example/common.json", "definitions": {"a": {}}}"#);
    let release = std::fs::read_to_string(site.path("rules/release.yaml")).unwrap();
    site.write("rules/release.yaml", release.replace("[loan.schema.json]", "[loan.schema.json, common.json]"));
    site.write(
        "rules/business-config.yaml",
        CONFIG.replace("\n      \"https://a.example/loan/v1.0.0\": [{rule_id: schema}, {rule_id: rule_002_v1}]", ""),
    );
    let record = br#"{"id":"a","$schema":"https://a.example/common.json"}"#;
    let code = |ruleset: &str| {
        let outcome = site.validate(ruleset, &["--format", "ndjson", "--entity-type", "loan"], record);
        (results(&outcome.stdout)[0]["results"][0]["code"].clone(), outcome.code)
    };
    assert_eq!(code("listed"), ("unknown_schema".into(), 1));
    assert_eq!(code("by_type"), (Value::Null, 0));
}

#[test]
fn mistakes_beyond_the_limit_of_findings_are_counted() {
    let site = site();
    let record = |lines: usize| {
        let lines = vec!["0"; lines].join(",");
        format!("{{\"id\":\"a\",\"$schema\":\"https://a.example/loan/v1.0.0\",\"lines\":[{lines}]}}")
    };
    let mistakes = |lines: usize, most: &str| {
        let more = ["--format", "ndjson", "--set", most];
        let outcome = site.validate("listed", &more, record(lines).as_bytes());
        let rule = results(&outcome.stdout)[0]["results"][0].clone();
        (rule["mistakes"].as_array().unwrap().len(), rule["message"].as_str().unwrap().to_owned())
    };
    let (told, message) = mistakes(3, "max_findings=3");
    assert!(told == 3 && !message.contains("more"), "{told} {message}");
    let (told, message) = mistakes(5, "max_findings=3");
    assert!(told == 3 && message.contains("2 more"), "{told} {message}");
    assert_eq!(mistakes(101, "max_findings=100").0, 100);
}
