use jurat_model::{Input, Kind};

use super::*;

const SOURCE: &str = "\
name: loan
version: 1.0.0
components: [{path: built/loan_rules.wasm, package: ., limits: {fuel: 5000, memory: 1 MiB}, wasi: sealed}]
builtin: {rule_001_v1: {check: json_schema, description: Fits its schema}}
field_maps: [maps/loan_v1.json]
vectors: [vectors.json]
";

const CONFIG: &str = "\
rulesets:
  quick:
    rules:
      https://schemas.example.com/loan/v1.0.0:
        - rule_id: rule_001_v1
          children: [{rule_id: rule_02_v1}]
        - rule_id: other
      loan: [{rule_id: rule_002_v1}]
schema_to_helper_mapping: {'https://schemas.example.com/loan/v1.0.0': loan_v1}
";

fn source(text: &str) -> Result<ReleaseSource, Problems> {
    source::parse(text, "release.yaml", Directory::new("rules"))
}

fn input(name: &str, of: Option<&str>, kind: Kind, required: bool) -> Input {
    Input { name: name.into(), of: of.map(Into::into), kind, required }
}

fn rule(inputs: Vec<Input>) -> Declaration {
    Declaration {
        id: "rule_002_v1".into(),
        entity_type: "loan".into(),
        description: String::new(),
        inputs,
        annotations: Vec::new(),
    }
}

/// The problems of a release with that field map, these inputs and these vectors: errors, then warnings.
fn findings(inputs: Vec<Input>, vectors: &str) -> (Vec<String>, Vec<String>) {
    let source = source(SOURCE).unwrap();
    let config = business_config::parse(CONFIG, "business-config.yaml", &["loan_v1.json"]).unwrap().config;
    let map = r#"{"principal": {"physical_path": "amount"}, "limit": {"physical_path": "limit"}}"#;
    let file = |path: &str, kind, text: &str| DraftFile { path: path.parse().unwrap(), kind, bytes: text.into() };
    let files = [file("maps/loan_v1.json", FileKind::FieldMap, map), file("vectors.json", FileKind::Vectors, vectors)];
    let declaration = rule(inputs);
    let declarations = [&declaration];
    let checks = check::Checks::new(&source, &config, &declarations, &files);
    let (mut problems, mut warnings) = (Vec::new(), Vec::new());
    checks.rule_ids(&mut problems);
    checks.inputs(&mut problems, &mut warnings);
    vectors::read(&checks, &files, &mut problems);
    let lines = |problems: Vec<Problem>| problems.iter().map(ToString::to_string).collect();
    (lines(problems), lines(warnings))
}

#[test]
fn a_release_file_says_what_a_release_is_made_of() {
    let source = source(SOURCE).unwrap();
    let component = &source.components[0];
    assert_eq!(component.package.as_deref(), Some(Path::new("rules/.")));
    assert_eq!(
        (component.limits.fuel.unwrap().units.get(), component.limits.memory),
        (5000, Some(jurat_model::Bytes::mebi(1)))
    );
    assert_eq!(component.wasi, jurat_trust::Wasi::Sealed);
    assert_eq!(source.business_config.as_str(), "business-config.yaml");
    assert_eq!(source.builtin[0].id, "rule_001_v1");
    assert_eq!(file_name(&component.path), "loan_rules.wasm");
}

#[test]
fn everything_that_is_wrong_with_a_release_file_is_said_at_once() {
    let refused = source(
        "name: Loan\nversion: 1.0\ncomponents: [{pth: x.wasm}]\nfield_maps: [../x.json]\n\
         builtin: {rule_001_v1: {check: json_shema, description: x}}\nschema: []\n",
    );
    let lines: Vec<_> = refused.unwrap_err().iter().map(ToString::to_string).collect();
    let starts = [
        "release.yaml:1:7: name: `Loan` is not a release name",
        "release.yaml:2:10: version: a text is expected, but this is a number: put it in quotes",
        "release.yaml:3:14: components[0].path: it is missing",
        "release.yaml:3:15: components[0].pth: this key is not known, did you mean `path`?",
        "release.yaml:4:14: field_maps[0]: `../x.json` is not a safe path",
        "release.yaml:5:32: builtin.rule_001_v1.check: `json_schema` is expected, but this is `json_shema`, did you mean",
        "release.yaml:6:1: schema: this key is not known, did you mean `schemas`?",
    ];
    assert_eq!(lines.len(), starts.len(), "{lines:#?}");
    for (line, start) in lines.iter().zip(starts) {
        assert!(line.starts_with(start), "{line}\n{start}");
    }
}

#[test]
fn rules_that_no_component_has_are_refused_wherever_they_stand() {
    let (problems, _) = findings(vec![], "[]");
    let key = "rulesets.quick.rules[\"https://schemas.example.com/loan/v1.0.0\"]";
    assert_eq!(
        problems,
        [
            format!(
                "rules/business-config.yaml: {key}[0].children[0].rule_id: no component has a rule `rule_02_v1`, did you mean \
                 `rule_002_v1`?"
            ),
            format!("rules/business-config.yaml: {key}[1].rule_id: no component has a rule `other`"),
        ]
    );
}

#[test]
fn inputs_that_no_field_map_has_are_an_error_if_they_are_required() {
    let inputs = vec![
        input("principal", None, Kind::Decimal, true),
        input("principle", None, Kind::Decimal, true),
        input("notes", None, Kind::Text, false),
        input("now", None, Kind::Timestamp, true),
        input("limit", Some("parent"), Kind::Decimal, true),
        input("limits", Some("parent"), Kind::Decimal, true),
        input("siblings", Some("all_siblings"), Kind::Json, true),
    ];
    let (problems, warnings) = findings(inputs, "[]");
    assert_eq!(
        problems[2..],
        [
            "rules/release.yaml: rule `rule_002_v1` reads `principle`, which no field map of entity type `loan` has, did you mean \
             `principal`?; it would never run",
            "rules/release.yaml: rule `rule_002_v1` reads `parent.limits`, which no field map of this release has, did you mean \
             `limit`?; it would never run",
        ]
    );
    assert_eq!(
        warnings,
        [
            "rules/release.yaml: rule `rule_002_v1` reads `notes`, which no field map of entity type `loan` has; it would never see it"
        ]
    );
}

#[test]
fn vectors_name_what_there_is() {
    let vectors = r#"[
        {"name": "fine", "ruleset": "quick", "record": {}, "expect": {"rule_001_v1": "PASS"}},
        {"name": "off", "ruleset": "quik", "record": {}, "now": "noon", "expect": {"rule_001_v2": "PASSED"}}
    ]"#;
    let (problems, _) = findings(vec![], vectors);
    assert_eq!(
        problems[2..],
        [
            "rules/vectors.json: [1].ruleset: there is no ruleset `quik`, did you mean `quick`?",
            "rules/vectors.json: [1].expect.rule_001_v2: no component has a rule `rule_001_v2`, did you mean `rule_001_v1`?",
            "rules/vectors.json: [1].now: `noon` is not a time like `2026-01-31T12:00:00Z`",
            "rules/vectors.json: [1].expect.rule_001_v2: `PASSED` is not a status, did you mean `PASS`?",
        ]
    );
    let (problems, _) = findings(vec![], r#"[{"name": "x", "rulest": "quick", "record": {}, "expect": {}}]"#);
    assert!(
        problems[2].starts_with("rules/vectors.json:1:2: [0]: it is not a test vector: unknown field `rulest`"),
        "{problems:?}"
    );
}
