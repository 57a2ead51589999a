//! Every kind of difference, as signers read it.

use jurat_engine::ruleset::BusinessConfig;

use super::*;

/// The lines about two business configurations.
fn lines(old: &str, new: &str) -> Vec<String> {
    let parse = |text: &str| business_config::parse(text, "business-config.yaml", &["loan_v1.json", "loan_v2.json"]);
    let (before, after) = (parse(old).unwrap(), parse(new).unwrap());
    let mut changes = Vec::new();
    rulesets(&before.config.rulesets, &after.config.rulesets, &mut changes);
    settings(&before, &after, &mut changes);
    changes.iter().map(ToString::to_string).collect()
}

/// The lines about two rulesets called `quick`, of which only the rules for loans are given.
fn of_loans(old: &str, new: &str) -> Vec<String> {
    let ruleset = |rules: &str| format!("rulesets: {{quick: {{rules: {{loan: {rules}}}}}}}");
    lines(&ruleset(old), &ruleset(new))
}

/// The lines about two versions of a file.
fn places(old: &str, new: &str) -> Vec<String> {
    let mut changes = Vec::new();
    file_changed("a.json", old.as_bytes(), new.as_bytes(), &mut changes);
    changes.iter().map(ToString::to_string).collect()
}

#[test]
fn rules_that_judge_other_records_than_before() {
    let start = "ruleset `quick`, records of `loan`: ";
    let cases: [(&str, &str, &[&str]); 9] = [
        ("[{rule_id: a}]", "[{rule_id: a}]", &[]),
        ("[{rule_id: a}]", "[{rule_id: a}, {rule_id: b}]", &["rule `b` added"]),
        ("[{rule_id: a}, {rule_id: b}]", "[{rule_id: b}]", &["rule `a` DROPPED, it no longer judges them"]),
        (
            "[{rule_id: a}, {rule_id: b}]",
            "[{rule_id: b}, {rule_id: a}]",
            &["rules are in another order, or below other rules"],
        ),
        (
            "[{rule_id: a}, {rule_id: b}]",
            "[{rule_id: a, children: [{rule_id: b}]}]",
            &["rules are in another order, or below other rules"],
        ),
        ("[{rule_id: a}]", "[{rule_id: a, must_run: true}]", &["rule `a` must run on every record"]),
        ("[{rule_id: a, must_run: true}]", "[{rule_id: a}]", &["rule `a` NO LONGER has to run"]),
        ("[]", "[{rule_id: a, must_run: true}]", &["rule `a` added", "rule `a` must run on every record"]),
        ("[{rule_id: a, must_run: true}]", "[]", &["rule `a` DROPPED, it no longer judges them"]),
    ];
    for (old, new, expected) in cases {
        let expected: Vec<String> = expected.iter().map(|line| format!("{start}{line}")).collect();
        assert_eq!(of_loans(old, new), expected, "{old} {new}");
    }
}

#[test]
fn rulesets_come_and_go() {
    let one = "rulesets: {quick: {rules: {loan: [{rule_id: a}]}}}";
    let two = "rulesets: {quick: {rules: {loan: [{rule_id: a}]}}, all: {rules: {\"a`b\": [{rule_id: a}]}}}";
    let lines_of_all = ["ruleset `all` added", "ruleset `all`, records of `a`b`: rule `a` added"];
    assert_eq!(lines(one, two), lines_of_all);
    assert_eq!(lines(two, one), ["ruleset `all` REMOVED"]);
}

#[test]
fn every_setting_has_a_line() {
    // Whoever adds a setting adds it here.
    let BusinessConfig {
        rulesets: _,
        schema_to_helper_mapping: _,
        default_helpers: _,
        allow_minor_version_fallback: _,
        strict_major_version: _,
        unknown_schema: _,
        schemas: SchemaOptions { aliases: _, formats: _, minor_fallback: _ },
    } = BusinessConfig::default();
    let plain = "rulesets: {quick: {rules: {}}}";
    for (setting, key, old, new) in [
        ("schema_to_helper_mapping: {u: loan_v1}", "schema_to_helper_mapping of u", "nothing", "`loan_v1.json`"),
        ("default_helpers: {loan: loan_v2}", "default_helpers of loan", "nothing", "`loan_v2.json`"),
        ("schema_aliases: {v: u}", "schema_aliases of v", "nothing", "`u`"),
        ("schema_formats: {u: assert}", "schema_formats of u", "nothing", "`assert`"),
        ("schema_formats: {u: ignore}", "schema_formats of u", "nothing", "`ignore`"),
        ("allow_minor_version_fallback: true", "allow_minor_version_fallback", "`false`", "`true`"),
        ("strict_major_version: false", "strict_major_version", "`true`", "`false`"),
        ("schema_minor_version_fallback: true", "schema_minor_version_fallback", "`false`", "`true`"),
        ("unknown_schema: entity_type", "unknown_schema", "`error`", "`entity_type`"),
        ("coordination_base_url: https://a.example/x", "coordination_base_url", "nothing", "`https://a.example/x`"),
    ] {
        let changed = format!("{plain}\n{setting}");
        assert_eq!(lines(plain, &changed), [format!("setting `{key}`: {old} -> {new}")]);
        assert_eq!(lines(&changed, plain), [format!("setting `{key}`: {new} -> {old}")]);
        assert_eq!(lines(&changed, &changed), [""; 0]);
    }
    let of_ruleset = "rulesets: {quick: {rules: {}, unknown_schema: entity_type, metadata: {owner: x}}}";
    let expected = [
        r#"setting `metadata of ruleset quick`: nothing -> `{"owner":"x"}`"#,
        "setting `unknown_schema of ruleset quick`: nothing -> `entity_type`",
    ];
    assert_eq!(lines(plain, of_ruleset), expected);
}

#[test]
fn places_of_a_file_are_compared_as_they_are_written() {
    let cases: [(&str, &str, &[&str]); 9] = [
        (r#"{"a": 1}"#, r#"{"a": 2}"#, &["at `/a`: `1` -> `2`"]),
        // As floats these are equal.
        (r#"{"a": 0.1}"#, r#"{"a": 0.10000000000000000001}"#, &["at `/a`: `0.1` -> `0.10000000000000000001`"]),
        (r#"{"a": 1e400, "b": 1}"#, r#"{"a": 1e401, "b": 2}"#, &["at `/a`: `1e400` -> `1e401`", "at `/b`: `1` -> `2`"]),
        (r#"{"a/b": {"~": [1, 2]}}"#, r#"{"a/b": {"~": [1, 3]}}"#, &["at `/a~1b/~0/1`: `2` -> `3`"]),
        (r#"{"a": [1]}"#, r#"{"a": [1,  2]}"#, &["at `/a`: `[1]` -> `[1,2]`"]),
        (r#"{"a": 1}"#, r#"{"b": {"c": 1}}"#, &["at `/a`: `1` -> nothing", r#"at `/b`: nothing -> `{"c":1}`"#]),
        ("[1]", "{}", &["at `/`: `[1]` -> `{}`"]),
        ("not JSON", "[]", &["at `/`: nothing -> `[]`"]),
        (
            r#"{"a": "x", "b": 1}"#,
            "{\"b\":1,\n\"a\":\"x\"}",
            &["differs, and only a comparison of the files shows how"],
        ),
    ];
    for (old, new, expected) in cases {
        let expected: Vec<String> = expected.iter().map(|line| format!("file `a.json` {line}")).collect();
        assert_eq!(places(old, new), expected, "{old} {new}");
    }
}

#[test]
fn places_beyond_the_first_are_counted() {
    let array = |value: u32, items: usize| serde_json::to_string(&vec![value; items]).unwrap();
    assert_eq!(places(&array(0, SHOWN), &array(1, SHOWN)).len(), SHOWN);
    let lines = places(&array(0, SHOWN + 2), &array(1, SHOWN + 2));
    assert_eq!(lines.last().map(String::as_str), Some("file `a.json`: 2 more places changed"));
    assert_eq!(lines.len(), SHOWN + 1);
}
