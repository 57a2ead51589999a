//! Foreign text cannot do anything to the terminal that it is shown on, and cannot pass for text of ours.

use std::path::Path;

use jurat_tests::guest;
use serde_json::{Value, json};

use crate::site::{Site, results};

/// What moves the cursor, hides, reverses, or breaks out of a line, a cell or a page.
pub(crate) const HOSTILE: &str =
    "\u{1b}[2K\u{1b}[1A\u{9b}31m\u{202e}\u{2066}\u{200b}\u{feff}\u{7f}\r\n\tPASS<script>=cmd()\u{0}\u{e0001}\u{2028}";

/// Nothing but what can be seen, and line feeds.
#[track_caller]
pub(crate) fn is_harmless(text: &str) {
    let is_bad = |character: char| {
        (character.is_control() && character != '\n')
            || ('\u{200b}'..='\u{200f}').contains(&character)
            || ('\u{2028}'..='\u{202e}').contains(&character)
            || ('\u{2066}'..='\u{2069}').contains(&character)
            || ['\u{feff}', '\u{e0001}', '\u{ad}'].contains(&character)
    };
    let found = text.chars().position(is_bad);
    assert_eq!(
        found,
        None,
        "{:?}",
        text.chars().skip(found.unwrap_or(0).saturating_sub(40)).take(80).collect::<String>()
    );
}

/// All formats: the table and standard error are harmless, and JSON says what it is about without control characters.
#[track_caller]
fn check(site: &Site, ruleset: &str, input: &[u8]) -> Vec<Value> {
    let table = site.validate(ruleset, &["--color", "never"], input);
    is_harmless(&table.stdout);
    is_harmless(&table.stderr);
    let json = site.validate(ruleset, &["--format", "json"], input);
    is_harmless(&json.stdout);
    let lines = site.validate(ruleset, &["--format", "ndjson"], input);
    is_harmless(&lines.stdout);
    let found = results(&lines.stdout);
    assert_eq!(serde_json::from_str::<Vec<Value>>(&json.stdout).unwrap().len(), found.len());
    found
}

#[test]
fn hostile_text_in_records_is_shown_escaped() {
    let site = Site::signed();
    let schema = "https://schemas.example.com/loan/v1.0.0";
    let records = [
        json!({"$schema": schema, "id": HOSTILE, "status": HOSTILE, "loan_number": HOSTILE, "financial": {"principal_amount": HOSTILE}}),
        json!({"$schema": HOSTILE, "id": HOSTILE}),
        json!({"entity_type": HOSTILE, "id": [HOSTILE]}),
        json!({"$schema": schema, "id": "x", HOSTILE: {HOSTILE: [HOSTILE]}}),
    ];
    let lines: String = records.iter().map(|record| format!("{record}\n")).collect();
    let found = check(&site, "thorough", lines.as_bytes());
    assert_eq!(found.len(), 4);
    assert_eq!(found[0]["entity_id"], HOSTILE);
    // A key for the second time, and text that is not JSON at all.
    let twice = format!("{{{key}: 1, {key}: 2}}\n{HOSTILE}\n\"{HOSTILE}", key = json!(HOSTILE));
    let found = check(&site, "thorough", twice.as_bytes());
    assert!(found.iter().all(|result| result["status"] == "ERROR"), "{found:?}");
}

#[test]
fn texts_of_a_megabyte_are_cut_where_people_read_them() {
    let site = Site::signed();
    let long = "\u{1b}[31m".repeat(160_000);
    let schema = "https://schemas.example.com/loan/v1.0.0";
    let config = crate::site::CONFIG.to_owned() + "max_record: 16 MiB\n";
    site.write("local-config.yaml", config);
    for record in [
        json!({"$schema": schema, "id": long, "status": "active"}),
        json!({"$schema": schema, "id": "x", "status": long}),
        json!({"$schema": schema, "id": "x", "loan_number": long}),
        json!({"$schema": schema, "id": "x", "financial": {"principal_amount": long}}),
        json!({"$schema": long, "id": "x"}),
        json!({"entity_type": long, "id": "x"}),
        json!({"$schema": schema, long.as_str(): 1, "id": "x"}),
    ] {
        let found = check(&site, "thorough", record.to_string().as_bytes());
        assert_eq!(found.len(), 1);
        let table = site.validate("thorough", &[], record.to_string().as_bytes());
        assert!(table.stdout.len() < 40_000, "{}", table.stdout.len());
    }
    let twice = format!("{{{key}: 1, {key}: 2}}", key = json!(long));
    check(&site, "thorough", twice.as_bytes());
}

#[test]
fn hostile_text_in_messages_of_rules_is_shown_escaped() {
    let site = Site::empty();
    unsigned_release(&site, &guest::rust("terminal_escapes"));
    let records =
        "{\"entity_type\": \"loan\", \"id\": \"a\", \"n\": 1}\n{\"entity_type\": \"loan\", \"id\": \"b\", \"n\": 0}";
    let found = check(&site, "all", records.as_bytes());
    assert_eq!([&found[0]["results"][0]["status"], &found[1]["results"][0]["status"]], ["FAIL", "PASS"]);
    let message = found[0]["results"][0]["message"].as_str().unwrap();
    assert!(message.starts_with("\u{1b}[2K\u{1b}[1A\u{202e}PASS\r<script>"), "{message:?}");
}

#[test]
fn hostile_names_on_the_command_line_are_shown_escaped() {
    let site = Site::signed();
    // A process cannot be given a zero byte.
    let hostile = HOSTILE.replace('\0', "");
    for arguments in [
        &["validate", "--config", "local-config.yaml", "--ruleset", &hostile, "-"][..],
        &["validate", "--config", &hostile, "--ruleset", "quick"],
        &["validate", "--config", "local-config.yaml", "--ruleset", "quick", &hostile],
        &["inspect", &hostile],
        &["build", &hostile],
        &["key", "pub", &hostile],
        &["trust", "verify", "repository", "--root", &hostile],
        &["trust", "init", "other", "--repository", &hostile, "--generate", "other-keys"],
        &["tenant", "add", "repository", &hostile, "--key", "keys/root.pub.pem"],
        &["release", "sign", "repository", "--key", &hostile],
        &["release", "sign", "repository", "--key", "keys/root.pem", "--role", &hostile],
        &["release", "build", &hostile, "--tenant", "demo"],
    ] {
        let outcome = site.run(arguments);
        assert_eq!((outcome.code, outcome.stdout.as_str()), (2, ""), "{arguments:?}: {}", outcome.stderr);
        is_harmless(&outcome.stderr);
    }
}

#[test]
fn hostile_text_in_configurations_is_shown_escaped() {
    let site = Site::signed();
    let text = json!(HOSTILE).to_string();
    for line in
        [format!("{text}: 1"), format!("isolation: {text}"), format!("max_record: {text}"), format!("trust: [{text}")]
    {
        site.write("local-config.yaml", format!("business_config_uri: repository\n{line}\n"));
        is_harmless(&site.validate("quick", &[], b"[]").refuses(2, &["local-config.yaml"]));
    }
    site.write("local-config.yaml", crate::site::CONFIG.replace("uri: repository", &format!("uri: {text}")));
    is_harmless(&site.validate("quick", &[], b"[]").refuses(2, &[]));
}

/// Sources of a release with one component, which may be run unsigned. Its one rule, `guest`, reads `n`.
pub(crate) fn unsigned_release(site: &Site, component: &[u8]) {
    let directory = Path::new("rules");
    site.write(directory.join("guest.wasm"), component);
    site.write(directory.join("guest_v1.json"), r#"{"n": {"physical_path": "n"}}"#);
    let release = "name: guest\nversion: 1.0.0\ncomponents: [{path: guest.wasm}]\nfield_maps: [guest_v1.json]\n";
    site.write(directory.join("release.yaml"), release);
    let rules = "rulesets: {all: {rules: {loan: [{rule_id: guest}]}}}\ndefault_helpers: {loan: guest_v1.json}\n";
    site.write(directory.join("business-config.yaml"), rules);
    site.write("local-config.yaml", "business_config_uri: rules\ndanger: {unsigned_directory: true}\n");
}
