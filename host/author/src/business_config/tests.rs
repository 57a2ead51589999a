use super::*;

const MAPS: [&str; 2] = ["loan_v1.json", "loan_v2.json"];

fn refusals(text: &str) -> Vec<String> {
    parse(text, "business-config.yaml", &MAPS).unwrap_err().iter().map(ToString::to_string).collect()
}

#[test]
fn a_configuration_of_validation_lib_is_read_as_it_is() {
    let config = parse(
        r#"
logic_base_uri: "https://rules.example.com/logic"
structural_files:
  - rules/base.py
plugins:
  vendor_loan: {file: plugins/vendor_loan.py, entity_type: loan}
rulesets:
  quick:
    metadata:
      description: "Essential checks"
      date: "2026-02-18"
    rules:
      "https://schemas.example.com/loan/v1.0.0":
        - rule_id: rule_001_v1
        - rule_id: rule_003_v1   # Status
          children:
            - rule_id: rule_004_v1
      loan: []
      facility: []
schema_to_helper_mapping:
  "https://schemas.example.com/loan/v1.0.0": "loan_v1.LoanV1"
  "https://schemas.example.com/loan/v2.0.0": "loan_v2"
default_helpers:
  loan: loan_v1.json
version_compatibility:
  allow_minor_version_fallback: false
  strict_major_version: true
"#,
        "business-config.yaml",
        &MAPS,
    )
    .unwrap()
    .config;
    let quick = &config.rulesets["quick"];
    assert_eq!(quick.metadata["date"], "2026-02-18");
    let rules = &quick.rules["https://schemas.example.com/loan/v1.0.0"];
    assert_eq!(rules[1].children[0].rule_id, "rule_004_v1");
    assert!(quick.rules["facility"].is_empty());
    let maps: Vec<_> = config.schema_to_helper_mapping.values().collect();
    assert_eq!(maps, MAPS);
    assert_eq!(config.default_helpers["loan"], "loan_v1.json");
    assert!(!config.allow_minor_version_fallback && config.strict_major_version);
}

#[test]
fn it_may_say_where_records_may_be_sent() {
    let read = |text: &str| parse(&format!("rulesets: {{}}\n{text}"), "business-config.yaml", &MAPS);
    assert_eq!(read("").unwrap().coordination_base_url, None);
    let url = read("coordination_base_url: https://facilities.example.com/v1").unwrap().coordination_base_url;
    assert_eq!(url.unwrap().as_str(), "https://facilities.example.com/v1");
    assert!(read("coordination_base_url: facilities").is_err());
}

#[test]
fn it_may_say_what_schemas_mean_and_which_rules_must_run() {
    let config = parse(
        r#"
unknown_schema: entity_type
rulesets:
  quick: {rules: {loan: [{rule_id: a, must_run: true, children: [{rule_id: b}]}]}}
  strict: {unknown_schema: error, rules: {}}
schema_aliases: {"https://a.example/x": "https://a.example/loan"}
schema_formats: {"https://a.example/loan": assert, "https://a.example/deal": ignore}
version_compatibility: {schema_minor_version_fallback: true}
"#,
        "business-config.yaml",
        &MAPS,
    )
    .unwrap()
    .config;
    assert_eq!(config.unknown_schema, UnknownSchema::EntityType);
    assert_eq!(config.rulesets["quick"].unknown_schema, None);
    assert_eq!(config.rulesets["strict"].unknown_schema, Some(UnknownSchema::Error));
    let rule = &config.rulesets["quick"].rules["loan"][0];
    assert!(rule.must_run && !rule.children[0].must_run);
    assert_eq!(config.schemas.aliases["https://a.example/x"], "https://a.example/loan");
    assert_eq!(config.schemas.formats["https://a.example/loan"], Formats::Asserted);
    assert_eq!(config.schemas.formats["https://a.example/deal"], Formats::Ignored);
    assert!(config.schemas.minor_fallback);
    let wrong = "rulesets: {}\nunknown_schema: entity\nschema_formats: {x: check}";
    assert_eq!(
        refusals(wrong),
        [
            "business-config.yaml:2:17: unknown_schema: `error` or `entity_type` is expected, but this is `entity`, did you mean `entity_type`?",
            "business-config.yaml:3:21: schema_formats.x: `assert` or `ignore` is expected, but this is `check`",
        ]
    );
}

#[test]
fn a_line_that_was_not_finished_does_not_mean_that_a_rule_need_not_run() {
    let rule =
        |must_run: &str| format!("rulesets: {{quick: {{rules: {{loan: [{{rule_id: a, must_run: {must_run}}}]}}}}}}");
    for wrong in ["", "null", "~", "1", "'true'"] {
        let refused = parse(&rule(wrong), "business-config.yaml", &MAPS).expect_err(wrong).to_string();
        assert!(refused.contains("must_run"), "{wrong} {refused:?}");
    }
    for right in ["true", "false"] {
        assert!(parse(&rule(right), "business-config.yaml", &MAPS).is_ok(), "{right}");
    }
}

#[test]
fn what_names_no_field_map_is_left_as_it_is_written() {
    assert_eq!(field_map("loan_v3.LoanV3", &MAPS), "loan_v3.LoanV3");
    assert_eq!(field_map("loan_v1.json", &MAPS), "loan_v1.json");
    assert_eq!(field_map("loan_v1.JSON", &["loan_v1.JSON"]), "loan_v1.JSON");
}

#[test]
fn everything_that_is_wrong_is_said_at_once() {
    assert_eq!(
        refusals(
            "rulesets:\n  quick:\n    rules:\n      loan:\n        - rule_001\n        - rule: x\n          children: {}\n\
             schema_to_helper_mappings: {}\n"
        ),
        [
            "business-config.yaml:5:11: rulesets.quick.rules.loan[0]: a map is expected, but this is a text",
            "business-config.yaml:6:11: rulesets.quick.rules.loan[1].rule_id: it is missing",
            "business-config.yaml:6:11: rulesets.quick.rules.loan[1].rule: this key is not known, did you mean `rule_id`?",
            "business-config.yaml:7:21: rulesets.quick.rules.loan[1].children: a list is expected, but this is a map",
            "business-config.yaml:8:1: schema_to_helper_mappings: this key is not known, did you mean `schema_to_helper_mapping`?",
        ]
    );
}

#[test]
fn a_deep_hierarchy_is_read_so_that_the_engine_can_say_how_deep_it_may_be() {
    let mut text = "rulesets:\n  deep:\n    rules:\n      loan:\n".to_owned();
    for level in 0..26 {
        let indent = "  ".repeat(2 * level + 4);
        text += &format!("{indent}- rule_id: rule_{level}\n{indent}  children:\n");
    }
    assert!(parse(&text, "business-config.yaml", &MAPS).is_ok());
}
