//! How the program ends: each exit code, in each case that the help names.

use std::fs::{self, OpenOptions};
use std::io::Read;
use std::process::Stdio;

use jurat_tests::guest;
use serde_json::json;

use crate::hostile_text::unsigned_release;
use crate::program::command;
use crate::site::{CONFIG, Site, TARGET, sample};

/// A loan that passes.
const GOOD: &str = r#"{"$schema": "https://schemas.example.com/loan/v1.0.0", "id": "A", "loan_number": "LN-1", "financial": {"principal_amount": 100, "outstanding_balance": 10, "currency": "EUR", "interest_rate": 0.01}, "dates": {"origination_date": "2023-01-15", "maturity_date": "2033-01-15"}, "status": "active"}"#;

#[track_caller]
fn check(ruleset: &str, more: &[&str], input: &str, code: i32) {
    let outcome = Site::signed().validate(ruleset, more, input.as_bytes());
    assert_eq!(outcome.stderr, "");
    outcome.ends_with(code);
}

#[test]
fn zero_means_that_nothing_failed() {
    check("thorough", &[], GOOD, 0);
    check("thorough", &["--allow-empty"], "[]", 0);
    // A warning is not a failure.
    check("thorough", &[], &GOOD.replace(": 10,", ": 99,"), 0);
    for arguments in [&["--help"][..], &["--version"], &["config"], &["completions", "bash"]] {
        let printed = Site::empty().run(arguments).ends_with(0);
        assert!(!printed.is_empty());
    }
}

#[test]
fn one_means_that_something_is_not_in_order() {
    // FAIL, then ERROR.
    check("thorough", &[], &GOOD.replace(": 10,", ": 101,"), 1);
    check("thorough", &[], &GOOD.replace(": 10,", ": \"ten\","), 1);
    // Unreadable, alone and among others.
    check("thorough", &[], "{", 1);
    check("thorough", &[], &format!("{GOOD}\nnonsense\n{GOOD}"), 1);
    check("thorough", &["--allow-norun"], &format!("{GOOD}\nnonsense\n{GOOD}"), 1);
}

#[test]
fn a_record_on_which_no_rule_ran_is_not_in_order_unless_that_is_allowed() {
    check("related", &[], GOOD, 1);
    check("related", &["--allow-norun"], GOOD, 0);
    let facility = r#"{"id": "F", "entity_type": "facility"}"#;
    check("quick", &[], facility, 1);
    check("quick", &["--allow-norun"], facility, 0);
}

#[test]
fn two_means_that_the_command_line_is_wrong() {
    let site = Site::signed();
    for arguments in [
        &[][..],
        &["frobnicate"],
        &["validate"],
        &["validate", "--config", "local-config.yaml"],
        &["validate", "--config", "local-config.yaml", "--ruleset", "quick", "--format", "xml"],
        &["validate", "--config", "local-config.yaml", "--ruleset", "quick", "--threads", "0"],
        &["validate", "--config", "local-config.yaml", "--ruleset", "quick", "--threads", "100000"],
        &["validate", "--config", "local-config.yaml", "--ruleset", "quick", "--now", "yesterday"],
        &["release", "build", "--expires-in", "soon"],
        &["release", "sign", "repository"],
        &["release", "revoke", "repository", "--tenant", "demo"],
        &["trust", "init", "other", "--repository", "other"],
        &["key"],
    ] {
        let outcome = site.run(arguments);
        assert_eq!((outcome.code, outcome.stdout.as_str()), (2, ""), "{arguments:?}");
        assert!(outcome.stderr.contains("--help") || outcome.stderr.contains("Usage"), "{}", outcome.stderr);
    }
}

#[test]
fn an_unknown_ruleset_is_usage_and_the_nearest_is_named() {
    let site = Site::signed();
    site.validate("qick", &[], &sample("loans.json")).refuses(2, &["`qick`", "`quick`"]);
    for nonsense in ["", "nonsense"] {
        let refusal = site.validate(nonsense, &[], &sample("loans.json")).refuses(2, &[nonsense]);
        assert!(refusal.ends_with("the release has `quick`, `related`, `thorough`\n"), "{refusal}");
    }
}

#[test]
fn files_that_are_not_there_are_usage() {
    let site = Site::signed();
    let validate = |config: &str, more: &[&str]| {
        site.run(&[&["validate", "--ruleset", "quick", "--config", config], more].concat())
    };
    validate("local-config.yaml", &["no-loans.json"]).refuses(2, &["no-loans.json: it does not exist"]);
    validate("local-config.yaml", &["keys"]).refuses(2, &["keys: it is not a regular file", "standard input"]);
    validate("no-config.yaml", &["-"]).refuses(2, &["no-config.yaml: no such file", "jurat config"]);
    let associated = ["--associated", "no-facilities.json", "-"];
    validate("local-config.yaml", &associated).refuses(2, &["no-facilities.json: it does not exist"]);
    fs::rename(site.path("root.json"), site.path("elsewhere.json")).unwrap();
    validate("local-config.yaml", &["-"]).refuses(2, &["root.json", "it does not exist"]);
    fs::rename(site.path("elsewhere.json"), site.path("root.json")).unwrap();
    fs::remove_dir_all(site.path("repository")).unwrap();
    validate("local-config.yaml", &["-"]).refuses(2, &["repository: it does not exist", "business_config_uri"]);
}

#[test]
fn a_configuration_that_is_wrong_is_usage_with_the_line_and_what_to_do() {
    let site = Site::signed();
    let check = |config: &str, reasons: &[&str]| {
        site.write("local-config.yaml", config);
        site.validate("quick", &[], b"[]").refuses(2, reasons)
    };
    check("", &["local-config.yaml"]);
    check("business_config_uri: [\n", &["local-config.yaml:1:22:", "bracket"]);
    check(&format!("{CONFIG}isolation: {{\n"), &["local-config.yaml:3:"]);
    check(&format!("{CONFIG}\tsuspend_after: 3\n"), &["local-config.yaml:3:"]);
    check(&format!("{CONFIG}{CONFIG}"), &["local-config.yaml:3:", "business_config_uri"]);
    check(&CONFIG.replace("business_config_uri: repository\n", ""), &["business_config_uri: it is missing"]);
    check(&CONFIG.replace("release: t/demo/main/loan.json", ""), &["trust.release: it is missing"]);
    check("business_config_uri: repository\n", &["trust: it is missing", "`release`"]);
    check(&format!("{CONFIG}paralel: 3\n"), &["local-config.yaml:3:", "this key is not known"]);
    check(&format!("{CONFIG}suspend_afer: 3\n"), &["local-config.yaml:3:", "did you mean `suspend_after`?"]);
    check(&format!("{CONFIG}limits: {{feul: 3}}\n"), &["limits.feul", "did you mean `fuel`?"]);
    check(&format!("{CONFIG}isolation: chunks\n"), &["isolation", "did you mean `chunk`?"]);
    check(&format!("{CONFIG}batch_max_workers: 100000\n"), &["batch_max_workers", "at most 1024 threads"]);
    check(&format!("{CONFIG}max_record: 0\n"), &["max_record", "16 MiB"]);
    check(&CONFIG.replace("loan.json", "loan.yaml"), &["trust.release", "`t/demo/main/loan.yaml`"]);
    check(&CONFIG.replace("loan.json", "loan.json, keys: [a.pem]"), &["trust.keys", "this key is not known"]);
    let both = check(&format!("{CONFIG}suspend_after: 0\nisolation: both\n"), &["suspend_after", "isolation"]);
    assert_eq!(both.lines().count(), 2, "{both}");
    site.write("local-config.yaml", b"business_config_uri: \xff\n");
    site.validate("quick", &[], b"[]").refuses(2, &["local-config.yaml", "not UTF-8"]);
}

#[test]
fn the_url_of_a_bare_file_is_refused_with_the_reason() {
    let site = Site::signed();
    site.write("business-config.yaml", "rulesets: {}\n");
    for uri in ["business-config.yaml", "https://rules.example.com/business-config.yaml", "file:business-config.yml"] {
        site.write("local-config.yaml", CONFIG.replace("uri: repository", &format!("uri: \"{uri}\"")));
        site.validate("quick", &[], b"[]").refuses(2, &["local-config.yaml:1:", "unsigned rules are not run", uri]);
    }
    site.write("local-config.yaml", CONFIG.replace("uri: repository", "uri: keys/author.pem"));
    site.validate("quick", &[], b"[]").refuses(2, &["unsigned rules are not run", "a repository is a directory"]);
}

#[test]
fn related_entities_that_cannot_be_read_are_usage() {
    let site = Site::signed();
    for text in ["", "[]", r#"{"A": 1}"#, r#"{"A": {}, "A": {}}"#, r#"{"A": {"parent": {}}"#] {
        site.write("associated.json", text);
        let outcome = site.validate("related", &["--associated", "associated.json"], GOOD.as_bytes());
        outcome.refuses(2, &["associated.json: related entities must be"]);
    }
}

#[test]
fn three_means_that_a_release_is_not_trusted() {
    let site = Site::signed();
    let mut payload = site.payload();
    payload["expires"] = json!("2020-01-01T00:00:00Z");
    site.proclaim(&payload, &["author", "reviewer"]);
    let refused = |reason: &str| site.validate("quick", &[], b"[]").refuses(3, &["metadata/1.t-demo.json", reason]);
    refused("expired at 2020-01-01T00:00:00Z");
    let payload = Site::signed().payload();
    site.proclaim(&payload, &["author"]);
    refused("signatures by 2 trusted keys are needed: 1 are valid");
    site.run(&["key", "gen", "--insecure-plain", "--out", "keys/stranger"]).ends_with(0);
    site.proclaim(&payload, &["author", "stranger"]);
    refused("1 are by keys that are not trusted");
    site.proclaim(&payload, &["author", "reviewer"]);
    site.write("local-config.yaml", CONFIG.replace("loan.json}", "loan.json, repository: prod}"));
    site.validate("quick", &[], b"[]").refuses(2, &["that of the repository `demo`, but the settings demand `prod`"]);
}

#[test]
fn a_file_that_is_not_a_root_is_not_trusted() {
    let site = Site::signed();
    for (root, reason) in [
        ("keys/author.pem", "not signed metadata"),
        ("local-config.yaml", "not signed metadata"),
        ("repository/metadata/timestamp.json", "no root that can be used"),
    ] {
        site.write("local-config.yaml", CONFIG.replace("loan.json", &format!("loan.json, root: {root}")));
        site.validate("quick", &[], b"[]").refuses(3, &[root, reason]);
    }
}

#[test]
fn a_release_that_waits_for_signatures_is_not_trusted() {
    let site = Site::founded();
    site.write("local-config.yaml", CONFIG);
    site.write("root.json", fs::read(site.path("repository/staged/1.root.json")).unwrap());
    site.build_from(&crate::site::loan_rules(), TARGET).ends_with(0);
    site.sign(&["author"]);
    site.validate("quick", &[], b"[]").refuses(3, &["metadata/timestamp.json", "does not exist"]);
    site.run(&["trust", "verify", "repository"]).refuses(3, &["nothing has been published"]);
}

#[test]
fn signed_components_that_import_anything_are_refused_with_the_list() {
    let site = Site::signed();
    for (name, import) in
        [("imports_wasi", "wasi:"), ("imports_host_function", "`"), ("imports_sockets", "wasi:sockets")]
    {
        site.smuggle("loan_rules.wasm", &guest::text(name));
        site.validate("quick", &[], b"[]").refuses(3, &["loan_rules.wasm", "import", import]);
    }
    site.smuggle("loan_rules.wasm", b"nonsense");
    site.validate("quick", &[], b"[]").refuses(3, &["loan_rules.wasm"]);
}

#[test]
fn a_component_that_needs_sealed_wasi_is_refused_until_the_host_grants_it() {
    let site = Site::empty();
    let component = fs::read(guest::package().join("fixtures/sealed/stock_wasi.wasm")).unwrap();
    unsigned_release(&site, &component);
    let record = br#"{"entity_type": "loan", "id": "a", "n": 0}"#;
    // The release does not ask for it.
    site.validate("all", &[], record).refuses(2, &["guest.wasm", "wasi:"]);
    let release = fs::read_to_string(site.path("rules/release.yaml")).unwrap();
    site.write("rules/release.yaml", release.replace("path: guest.wasm", "path: guest.wasm, wasi: sealed"));
    site.validate("all", &[], record).refuses(2, &["guest.wasm", "`sealed_wasi`"]);
    let config = fs::read_to_string(site.path("local-config.yaml")).unwrap();
    site.write("local-config.yaml", config + "sealed_wasi: granted\n");
    site.validate("all", &[], record).ends_with(0);
    let text = site.run(&["inspect", "rules/guest.wasm"]).ends_with(0);
    assert!(text.contains("  needs     `wasi: sealed` in its release, and hosts that grant it\n"), "{text}");
}

#[test]
fn a_signed_release_that_does_not_fit_together_is_refused() {
    let site = Site::signed();
    let config = fs::read_to_string(crate::site::loan_rules().join("business-config.yaml")).unwrap();
    site.smuggle("business-config.yaml", format!("{config}  - broken: [\n").as_bytes());
    site.validate("quick", &[], b"[]").refuses(2, &["business-config.yaml:"]);
    site.smuggle("business-config.yaml", config.replace(": loan_v1.json", ": loan_v9.json").as_bytes());
    site.validate("quick", &[], b"[]").refuses(2, &["loan_v9.json"]);
    site.smuggle("business-config.yaml", config.as_bytes());
    site.judges();
}

#[test]
fn a_rule_that_a_signed_release_lists_and_nothing_provides_did_not_run() {
    let site = Site::signed();
    let config = fs::read_to_string(crate::site::loan_rules().join("business-config.yaml")).unwrap();
    site.smuggle("business-config.yaml", config.replacen("rule_005_v1", "rule_500_v1", 1).as_bytes());
    // Its own test vectors expect it.
    let refusal = site.validate("quick", &[], b"[]");
    assert!(refusal.stderr.contains("vectors/v1.json: [30].expect.rule_005_v1"), "{}", refusal.stderr);
    refusal.ends_with(3);
    for vectors in ["vectors/v1.json", "vectors/v2.json"] {
        site.smuggle(vectors, b"[]");
    }
    let outcome = site.validate("quick", &["--format", "ndjson"], GOOD.as_bytes());
    let result = &crate::site::results(&outcome.stdout)[0]["results"][2];
    assert_eq!((&result["rule_id"], &result["status"]), (&json!("rule_500_v1"), &json!("NORUN")));
    assert_eq!(result["code"], "unknown_rule", "{result}");
}

#[test]
fn four_means_that_output_cannot_be_written() {
    let site = Site::signed();
    site.write("loans.json", sample("loans.json"));
    let validate = ["validate", "--config", "local-config.yaml", "--ruleset", "quick", "loans.json", "--format"];
    for arguments in [
        [&validate[..], &["table"]].concat(),
        [&validate[..], &["json"]].concat(),
        [&validate[..], &["ndjson"]].concat(),
        vec!["release", "inspect", "repository"],
        vec!["key", "pub", "keys/author.pem"],
        vec!["config"],
        vec!["completions", "zsh"],
    ] {
        let full = OpenOptions::new().write(true).open("/dev/full").unwrap();
        let output = command(&site.path(""), &arguments).stdout(full).stdin(Stdio::null()).output().unwrap();
        let complaint = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(4), "{arguments:?}: {complaint}");
        assert!(complaint.starts_with("error: standard output: "), "{arguments:?}: {complaint}");
        assert_eq!(complaint.lines().count(), 1, "{complaint}");
    }
}

#[test]
fn four_means_that_a_file_cannot_be_written() {
    let site = Site::signed();
    site.write("plain", "");
    let init = ["trust", "init", "plain/repository", "--repository", "x", "--development", "--insecure-plain"];
    site.run(&[&init[..], &["--generate", "plain/keys"]].concat()).refuses(4, &["plain/keys"]);
}

#[test]
fn a_reader_that_goes_away_ends_it_quietly() {
    let site = Site::signed();
    // More than a pipe holds, so that the program notices.
    let loans: String = (0..20_000).map(|number| GOOD.replace("\"A\"", &format!("\"A-{number}\"")) + "\n").collect();
    site.write("loans.ndjson", loans);
    for format in ["table", "json", "ndjson"] {
        let validate =
            ["validate", "--config", "local-config.yaml", "--ruleset", "quick", "loans.ndjson", "--format", format];
        let mut command = command(&site.path(""), &validate);
        let mut child = command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        let mut stdout = child.stdout.take().unwrap();
        stdout.read_exact(&mut [0; 100]).unwrap();
        drop(stdout);
        let output = child.wait_with_output().unwrap();
        assert_eq!(String::from_utf8(output.stderr).unwrap(), "", "{format}");
        assert_eq!(output.status.code(), Some(4), "{format}");
    }
}
