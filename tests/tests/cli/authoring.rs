//! What an author is told before anything is signed, and what can be seen of a release that another party has sent.

use std::fs;
use std::path::PathBuf;

use jurat_tests::guest;
use serde_json::Value;

use crate::program::Outcome;
use crate::site::{Site, built_components, loan_rules};

/// Where the sources of the sample rules are copied to.
const SOURCES: [&str; 5] = ["release.yaml", "business-config.yaml", "field-maps", "schemas", "vectors"];

/// A copy of the sample rules that can be spoiled.
fn sources() -> Site {
    let site = Site::founded();
    let mut pending: Vec<_> = SOURCES.map(|name| loan_rules().join(name)).to_vec();
    while let Some(path) = pending.pop() {
        if path.is_dir() {
            pending.extend(fs::read_dir(path).unwrap().map(|entry| entry.unwrap().path()));
        } else {
            let name = path.strip_prefix(loan_rules()).unwrap();
            site.write(format!("rules/{}", name.display()), fs::read(&path).unwrap());
        }
    }
    site
}

/// Replaces text in a file. It must be there.
#[track_caller]
fn edit(site: &Site, file: &str, from: &str, to: &str) {
    let path = format!("rules/{file}");
    let text = fs::read_to_string(site.path(&path)).unwrap();
    assert!(text.contains(from), "{text}");
    site.write(path, text.replace(from, to));
}

fn build(site: &Site, more: &[&str]) -> Outcome {
    let built = built_components().display().to_string();
    let build = ["release", "build", "rules", "--component-dir", &built, "--tenant", "demo"];
    site.run(&[&build[..], more].concat())
}

/// Nothing was put into the repository.
#[track_caller]
fn is_untouched(site: &Site) {
    let left: Vec<_> = site.files("repository").into_keys().collect();
    assert_eq!(left, ["1.root", "1.targets"].map(|name| PathBuf::from(format!("repository/staged/{name}.json"))));
}

#[test]
fn what_a_schema_does_not_check_is_a_warning_or_refuses_the_release() {
    let site = sources();
    let odd = "\"id\": {\n      \"maxlength\": 9,\n      \"format\": \"uuid\",";
    edit(&site, "schemas/loan.v1.0.0.json", "\"id\": {", odd);
    let costly = "\"notes\": {\n      \"pattern\": \"(a|b)*a(a|b){20}\",";
    edit(&site, "schemas/loan.v1.0.0.json", "\"notes\": {", costly);
    let warnings = ["`maxlength`", "`maxLength`", "`uuid`", "schema_formats", "too_costly"];
    build(&site, &["--strict"]).refuses(2, &warnings);
    is_untouched(&site);
    let outcome = build(&site, &[]);
    for warning in warnings {
        assert!(outcome.stderr.contains(warning), "`{warning}` is not in: {}", outcome.stderr);
    }
    outcome.ends_with(0);
    let site = sources();
    build(&site, &["--strict"]).ends_with(0);
}

#[test]
fn everything_that_is_wrong_with_a_release_is_said_at_once() {
    let site = sources();
    edit(&site, "business-config.yaml", "rule_004_v1", "rule_044_v1");
    for map in ["loan_v1", "loan_v2"] {
        edit(&site, &format!("field-maps/{map}.json"), "\"principal\"", "\"principle\"");
    }
    edit(&site, "vectors/v1.json", "\"ruleset\": \"thorough\"", "\"ruleset\": \"thorogh\"");
    let refusal = build(&site, &[]).refuses(
        2,
        &[
            "rules/business-config.yaml: rulesets.thorough",
            "no component has a rule `rule_044_v1`, did you mean `rule_004_v1`?",
            "rule `rule_002_v1` reads `principal`",
            "rule `rule_005_v1` reads `principal`",
            "did you mean `principle`?",
            "it would never run",
            "rules/vectors/v1.json: [0].ruleset: there is no ruleset `thorogh`, did you mean `thorough`?",
        ],
    );
    assert!(refusal.lines().all(|line| line.starts_with("error: ")), "{refusal}");
    is_untouched(&site);
}

#[test]
fn an_optional_input_that_no_field_map_has_is_a_warning() {
    let site = sources();
    for map in ["loan_v1", "loan_v2"] {
        edit(&site, &format!("field-maps/{map}.json"), "\"rate\"", "\"rates\"");
    }
    // It is also why vectors fail, so it is said with them.
    build(&site, &[])
        .refuses(2, &["rule `rule_002_v1` reads `rate`", "`a negative rate`: rule `rule_002_v1`: FAIL is expected"]);
    edit(&site, "release.yaml", "  - vectors/v1.json\n  - vectors/v2.json\n", "");
    let outcome = build(&site, &[]);
    let warning = outcome.stderr.lines().next().unwrap().to_owned();
    outcome.ends_with(0);
    assert!(warning.starts_with("warning: rules/release.yaml: rule `rule_002_v1` reads `rate`"), "{warning}");
    assert!(warning.ends_with("it would never see it"), "{warning}");
    assert!(site.path("repository/staged/1.t-demo.json").exists());
}

#[test]
fn what_a_release_is_made_of_must_be_there() {
    let site = sources();
    for file in ["schemas/loan.v1.0.0.json", "vectors/v2.json", "field-maps/facility_v1.json"] {
        fs::remove_file(site.path("rules").join(file)).unwrap();
    }
    let missing = ["schemas/loan.v1.0.0.json", "vectors/v2.json", "field-maps/facility_v1.json"];
    build(&site, &[]).refuses(2, &missing);
    fs::remove_file(site.path("rules/release.yaml")).unwrap();
    build(&site, &[]).refuses(2, &["rules/release.yaml: it does not exist"]);
    site.run(&["release", "build", "nowhere", "--tenant", "demo"]).refuses(2, &["nowhere/release.yaml"]);
}

#[test]
fn broken_sources_are_named_with_their_lines() {
    for (file, from, to, reasons) in [
        ("release.yaml", "version: 1.0.0", "version: [", &["rules/release.yaml:"][..]),
        ("release.yaml", "version: 1.0.0", "version: 1.0", &["rules/release.yaml:3:", "version"]),
        ("release.yaml", "schemas:", "schema:", &["rules/release.yaml:", "did you mean `schemas`?"]),
        ("release.yaml", "vectors/v1.json", "../v1.json", &["rules/release.yaml:", "../v1.json"]),
        ("release.yaml", "vectors/v1.json", "/etc/passwd", &["rules/release.yaml:", "/etc/passwd"]),
        (
            "business-config.yaml",
            "rule_id: rule_001_v1",
            "rule: rule_001_v1",
            &["rules/business-config.yaml:10:", "rule_id"],
        ),
        ("business-config.yaml", "loan_v1.json", "loan_v3.json", &["loan_v3.json"]),
        ("field-maps/loan_v1.json", "\"status\": {", "\"status\" {", &["loan_v1.json"]),
        ("field-maps/loan_v1.json", "str_to_date\"", "to_date\"", &["loan_v1.json", "to_date"]),
        (
            "field-maps/loan_v1.json",
            "\"financial.principal_amount\"",
            "\"financial.0.principal_amount\"",
            &[
                "loan_v1.json",
                "line 8, column 34: `/principal/physical_path`",
                "write `\\0` for a key, or an index in brackets",
            ],
        ),
        (
            "field-maps/loan_v1.json",
            "\"financial.principal_amount\"",
            "\"financial[].principal_amount\"",
            &["loan_v1.json", "`[]` comes with lists in a later version"],
        ),
        (
            "field-maps/loan_v1.json",
            "\"financial.principal_amount\"",
            "\"financial.principal_amount\", \"round\": {\"places\": 2, \"mode\": \"half_evn\"}",
            &["loan_v1.json", "did you mean `half_even`?"],
        ),
        ("schemas/loan.v1.0.0.json", "\"#/definitions/date\"", "\"https://example.com/date\"", &["loan.v1.0.0.json"]),
        ("schemas/loan.v1.0.0.json", "\"^LN-[0-9]+$\"", "\"(a)\\\\1\"", &["loan.v1.0.0.json"]),
        ("vectors/v1.json", "\"PASS\"", "\"PAS\"", &["vectors/v1.json", "did you mean `PASS`?"]),
    ] {
        let site = sources();
        edit(&site, file, from, to);
        build(&site, &[]).refuses(2, reasons);
        is_untouched(&site);
    }
}

#[test]
fn a_release_goes_only_where_there_is_a_tenant_for_it() {
    let site = sources();
    build(&site, &["--expires-in", "4294967295d"]).refuses(2, &["--expires-in", "`3650d`"]);
    build(&site, &["--channel", "a/b/c"])
        .refuses(2, &["`t/demo/a/b/c/loan.json`", "t/<tenant>/<channel>/<release>.json"]);
    build(&site, &["--channel", "Main"]).refuses(2, &["--channel", "t/demo/Main/loan.json"]);
    let built = built_components().display().to_string();
    let build = ["release", "build", "rules", "--component-dir", &built, "--tenant"];
    site.run(&[&build[..], &["other"]].concat()).refuses(2, &["there is no tenant `other`", "jurat tenant add"]);
    site.run(&[&build[..], &["demo", "--out", "fresh"]].concat()).refuses(2, &["fresh", "jurat trust init"]);
    is_untouched(&site);
}

#[test]
fn a_release_with_a_component_that_imports_is_not_built() {
    let site = sources();
    site.write("built/loan_rules.wasm", guest::text("imports_wasi"));
    let build = ["release", "build", "rules", "--component-dir", "built", "--tenant", "demo"];
    site.run(&build).refuses(2, &["loan_rules.wasm", "wasi:"]);
    site.write("built/loan_rules.wasm", b"nonsense");
    site.run(&build).refuses(2, &["loan_rules.wasm"]);
}

#[test]
fn a_crate_that_makes_no_component_is_told_what_it_lacks() {
    let site = Site::empty();
    let manifest = "[package]\nname = \"plain\"\nversion = \"0.1.0\"\nedition = \"2024\"\n\n[workspace]\n";
    site.write("plain/Cargo.toml", manifest);
    site.write("plain/src/lib.rs", "");
    site.run(&["build", "plain"]).refuses(2, &["plain/Cargo.toml", "crate-type = [\"cdylib\"]"]);
    site.run(&["build", "plain", "--example", "none"]).refuses(2, &["no library or example `none`"]);
    site.run(&["build", "."]).refuses(2, &["no `Cargo.toml`"]);
    site.run(&["build", "nowhere"]).refuses(2, &["nowhere"]);
}

#[test]
fn inspecting_a_component_shows_its_rules_and_what_they_read() {
    let site = Site::empty();
    let component = fs::read(built_components().join("loan_rules.wasm")).unwrap();
    site.write("loan_rules.wasm", &component);
    let text = site.run(&["inspect", "loan_rules.wasm"]).ends_with(0);
    for shown in ["imports   nothing", "rule_002_v1  loan", "balance: decimal, optional", "parent.limit: decimal\n"] {
        assert!(text.contains(shown), "{shown}: {text}");
    }
    assert!(text.contains(&format!("size      {} bytes", component.len())), "{text}");
    let json = site.run(&["inspect", "loan_rules.wasm", "--format", "json"]).ends_with(0);
    let report: Value = serde_json::from_str(&json).unwrap();
    let ids: Vec<_> = report["rules"].as_array().unwrap().iter().map(|rule| rule["id"].as_str().unwrap()).collect();
    assert_eq!(ids, ["rule_002_v1", "rule_003_v1", "rule_004_v1", "rule_005_v1", "rule_006_v1"]);
    assert_eq!((&report["bytes"], report["imports"].as_array().unwrap().len()), (&component.len().into(), 0));
}

#[test]
fn inspecting_what_hosts_refuse_says_why_and_ends_with_three() {
    let site = Site::empty();
    for (component, reason) in [
        (guest::text("imports_host_function"), "import"),
        (guest::text("wrong_world"), ""),
        (guest::text("loop_in_describe"), "fuel"),
        (b"nonsense".to_vec(), ""),
        (Vec::new(), ""),
        (b"\x7fELF\x02\x01\x01".to_vec(), ""),
    ] {
        site.write("sent.wasm", component);
        let text = site.run(&["inspect", "sent.wasm"]).ends_with(3);
        let refused = text.lines().find_map(|line| line.strip_prefix("  refused   "));
        assert!(refused.is_some_and(|refused| !refused.is_empty() && refused.contains(reason)), "{text}");
        let json = site.run(&["inspect", "sent.wasm", "--format", "json"]).ends_with(3);
        assert!(serde_json::from_str::<Value>(&json).unwrap()["refused"].is_string(), "{json}");
    }
    site.run(&["inspect", "nothing.wasm"]).refuses(2, &["nothing.wasm: it does not exist"]);
}

#[test]
fn inspecting_a_repository_shows_what_it_says_and_that_it_is_not_verified() {
    let site = Site::signed();
    for command in [&["inspect", "repository"][..], &["release", "inspect", "repository"]] {
        let text = site.run(command).ends_with(0);
        for shown in
            ["not verified", "repository  demo", "t/demo/main/loan.json", "loan 1.0.0", "rule_001_v1", "rule_006_v1"]
        {
            assert!(text.contains(shown), "{shown}: {text}");
        }
        assert_eq!(text.matches("  signed by   ").count(), 4 + 2, "{text}");
        let json = site.run(&[command, &["--format", "json"]].concat()).ends_with(0);
        let report: Value = serde_json::from_str(&json).unwrap();
        let roles: Vec<_> = report.as_array().unwrap().iter().map(|role| role["role"].as_str().unwrap()).collect();
        assert_eq!(roles, ["root", "timestamp", "snapshot", "targets", "t-demo"]);
        assert_eq!((&report[4]["verified"], &report[4]["version"]), (&false.into(), &1.into()));
        assert_eq!(report[4]["releases"][0]["release"]["files"].as_array().unwrap().len(), 11);
    }
    site.run(&["inspect", "keys"]).refuses(2, &["keys: not a repository", "metadata/timestamp.json"]);
    let sources = loan_rules().display().to_string();
    site.run(&["inspect", &sources]).refuses(2, &["not a repository", "jurat release build"]);
    site.write("repository/metadata/1.targets.json", "nonsense");
    site.run(&["inspect", "repository"]).refuses(3, &["metadata/1.targets.json"]);
}
