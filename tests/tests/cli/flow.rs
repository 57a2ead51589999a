//! From keys to verdicts, and the same verdicts whichever way records come in.

use std::process::Command;

use serde_json::Value;

use crate::golden::{check, without_evidence, without_times};
use crate::program::{self, command};
use crate::site::{Site, TARGET, results, sample, sample_path};

/// The sample records, and what is given along with them.
fn judged(site: &Site, ruleset: &str, format: &str) -> String {
    let associated = sample_path("associated.json").display().to_string();
    let mut more = vec!["--format", format];
    if ruleset == "related" {
        more.extend(["--associated", &associated]);
    }
    let outcome = site.validate(ruleset, &more, &sample("loans.json"));
    assert_eq!(outcome.stderr, "");
    outcome.ends_with(1)
}

#[test]
fn a_release_is_built_signed_twice_verified_and_run() {
    let site = Site::empty();
    site.publish("demo", TARGET);
    site.write("local-config.yaml", crate::site::CONFIG);
    let verify = ["trust", "verify", "repository", "--root", "root.json", "--repository", "demo"];
    let verified = site.run(&verify).ends_with(0);
    assert!(verified.starts_with("t/demo/main/loan.json  loan 1.0.0  11 files  2 signatures  until "), "{verified}");
    assert!(!site.path("repository/staged").exists());
    site.judges();
}

#[test]
fn one_signature_of_two_publishes_nothing() {
    let site = Site::signed();
    let before = site.files("repository/metadata");
    site.build_from(&crate::site::loan_rules(), TARGET).ends_with(0);
    site.sign(&["author"]);
    let refusal = site.publish_staged(&[]);
    assert!(refusal.stderr.contains("t-demo: 1 more signature"), "{}", refusal.stderr);
    refusal.ends_with(2);
    assert_eq!(site.files("repository/metadata"), before);
    site.judges();
    site.sign(&["reviewer"]);
    assert_eq!(site.files("repository/metadata"), before);
    site.publish_staged(&[]).ends_with(0);
    assert_eq!(site.payload()["version"], 2);
    site.judges();
}

#[test]
fn tables_say_what_they_said() {
    let site = Site::signed();
    for ruleset in ["quick", "thorough", "related"] {
        check(&format!("{ruleset}.txt"), &judged(&site, ruleset, "table"));
    }
}

#[test]
fn json_says_what_it_said() {
    let site = Site::signed();
    for ruleset in ["quick", "thorough", "related"] {
        let json = without_times(&judged(&site, ruleset, "json"));
        check(&format!("{ruleset}.json"), &without_evidence(&json));
        let array: Vec<Value> = serde_json::from_str(&json).unwrap();
        let lines = without_times(&judged(&site, ruleset, "ndjson"));
        check(&format!("{ruleset}.ndjson"), &without_evidence(&lines));
        assert_eq!(array, results(&lines), "{ruleset}");
    }
}

#[test]
fn a_table_fits_a_terminal_of_eighty_columns_and_has_colours_only_there() {
    let site = Site::signed();
    site.write("loans.json", sample("loans.json"));
    let on_a_terminal = |color: &str| {
        let validate = "validate --config local-config.yaml --ruleset thorough loans.json --color";
        let program = program::path();
        let line = format!("stty cols 80 rows 24 && exec '{}' {validate} {color}", program.display());
        let mut script = Command::new("script");
        script.args(["--quiet", "--return", "--command", &line, "/dev/null"]);
        script.current_dir(site.path("")).env("SHELL", "/bin/sh").env_remove("NO_COLOR").env_remove("JURAT_LOG");
        let output =
            script.output().unwrap_or_else(|error| panic!("`script`, of util-linux, gives a terminal: {error}"));
        assert_eq!(output.status.code(), Some(1), "{output:?}");
        String::from_utf8(output.stdout).unwrap().replace("\r\n", "\n")
    };
    let plain = on_a_terminal("never");
    assert!(plain.lines().all(|line| line.chars().count() <= 80), "{plain}");
    assert!(!plain.contains('\u{1b}'));
    check("thorough_80.txt", &plain);
    let coloured = on_a_terminal("auto");
    assert_eq!(without_colours(&coloured), plain);
    assert!(coloured.contains("\u{1b}[1;31mFAIL\u{1b}[0m"), "{coloured}");
}

/// The text without ANSI escapes for colours.
fn without_colours(text: &str) -> String {
    let mut parts = text.split("\u{1b}[");
    let first = parts.next().unwrap_or_default().to_owned();
    parts.fold(first, |text, part| text + part.split_once('m').unwrap().1)
}

#[test]
fn records_are_judged_alike_in_an_array_on_lines_and_alone() {
    let site = Site::signed();
    let lines = sample("loans.ndjson");
    let judge = |input: &[u8]| {
        let outcome = site.validate("thorough", &["--format", "ndjson"], input);
        assert_eq!(outcome.stderr, "");
        without_times(&outcome.stdout)
    };
    let expected = judge(&sample("loans.json"));
    assert_eq!(judge(&lines), expected);
    let alone: String = lines.split_inclusive(|byte| *byte == b'\n').map(judge).collect();
    assert_eq!(alone, expected);
}

#[test]
fn records_are_judged_alike_from_a_file_and_from_a_pipe() {
    let site = Site::signed();
    site.write("loans.json", sample("loans.json"));
    let judge = |file: &[&str], input: &[u8]| {
        let outcome = site.validate("quick", &[&["--format", "json"], file].concat(), input);
        without_times(&outcome.ends_with(1))
    };
    let expected = judge(&["loans.json"], b"");
    assert_eq!(judge(&["-"], &sample("loans.json")), expected);
    assert_eq!(judge(&[], &sample("loans.json")), expected);
}

#[test]
fn paths_of_a_configuration_are_relative_to_the_file() {
    let site = Site::signed();
    let elsewhere = tempfile::tempdir().unwrap();
    let config = site.path("local-config.yaml");
    let samples = sample_path("loans.json");
    let arguments =
        ["validate".as_ref(), "--ruleset".as_ref(), "quick".as_ref(), "--config".as_ref(), config.as_os_str()];
    let output = command(elsewhere.path(), &arguments).arg(samples).output().unwrap();
    assert_eq!(output.status.code(), Some(1), "{output:?}");
}

/// A JSON text in which each character of each string is written as an escape, names included: more than `json.dumps` of Python and
/// `json_encode` of PHP do.
fn escaped(json: &str) -> String {
    let (mut text, mut is_text, mut units) = (String::new(), false, [0; 2]);
    let mut rest = json.chars();
    while let Some(char) = rest.next() {
        match char {
            '"' => {
                is_text = !is_text;
                text.push('"');
            }
            '\\' => text.extend(['\\', rest.next().unwrap()]),
            char if is_text => {
                text.extend(char.encode_utf16(&mut units).iter().map(|unit| format!("\\u{unit:04x}")));
            }
            char => text.push(char),
        }
    }
    text
}

/// The id of each record, with the status and the code of each rule.
fn verdicts(json: &str) -> Vec<(String, Vec<(String, String)>)> {
    fn add(rules: &Value, said: &mut Vec<(String, String)>) {
        for rule in rules.as_array().into_iter().flatten() {
            said.push((rule["status"].to_string(), rule["code"].to_string()));
            add(&rule["children"], said);
        }
    }
    let said = |entry: Value| {
        let mut said = vec![(entry["status"].to_string(), entry["error"]["code"].to_string())];
        add(&entry["results"], &mut said);
        (entry["entity_id"].to_string(), said)
    };
    results(json).into_iter().map(said).collect()
}

#[test]
fn texts_that_are_written_with_escapes_get_the_same_verdicts() {
    let site = Site::signed();
    let plain = String::from_utf8(sample("loans.ndjson")).unwrap().replace("\"active\"", "\"aktiv \u{fc} \u{1f600}\"");
    assert!(plain.contains('\u{fc}'));
    for ruleset in ["quick", "thorough"] {
        let more = ["--format", "ndjson", "--id-fields", "id"];
        let expected = verdicts(&site.validate(ruleset, &more, plain.as_bytes()).stdout);
        assert!(expected.len() > 5, "{expected:?}");
        assert_eq!(verdicts(&site.validate(ruleset, &more, escaped(&plain).as_bytes()).stdout), expected, "{ruleset}");
    }
}
