//! Where lines go, and what a failed run leaves.

use std::fs::{self, Permissions};
use std::io::Read;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::process::Stdio;

use serde_json::{Value, json};

use super::{SCHEMA, batch, loan, loans, read, written};
use crate::hostile_text::{HOSTILE, is_harmless, unsigned_release};
use crate::program::command;
use crate::site::{Site, results};

#[test]
fn an_existing_file_is_replaced_when_the_output_is_whole() {
    let site = Site::signed();
    site.write("old", "old\n");
    site.write("stale.partial", "left from another time\n".repeat(10_000));
    symlink("old", site.path("link")).unwrap();
    batch(&site, "quick", &["--results", "link", "--good", "stale", "--quiet"], loans(2).as_bytes()).ends_with(0);
    assert_eq!(written(&site), ["link", "old", "stale"]);
    assert_eq!((results(&read(&site, "old")).len(), read(&site, "stale")), (2, loans(2)));
    assert!(site.path("link").is_symlink());
    // As private as before.
    let mode = |name: &str| fs::metadata(site.path(name)).unwrap().permissions().mode() & 0o777;
    assert_eq!(mode("old"), 0o600);
    fs::set_permissions(site.path("old"), Permissions::from_mode(0o640)).unwrap();
    batch(&site, "quick", &["--results", "old", "--quiet", "--allow-empty"], b"").ends_with(0);
    assert_eq!((mode("old"), read(&site, "old").as_str()), (0o640, ""));
}

#[test]
fn one_output_may_be_standard_output_and_then_the_summary_is_elsewhere() {
    let site = Site::signed();
    let input = loans(4);
    let run = |more: &[&str]| batch(&site, "thorough", &[more, &["--quiet"]].concat(), input.as_bytes());
    for (option, lines) in [("--results", 4), ("--failures", 2), ("--good", 3), ("--bad", 1)] {
        for path in ["-", "/dev/stdout", "/dev/fd/1"] {
            let outcome = run(&[option, path]);
            assert_eq!(results(&outcome.stdout).len(), lines, "{option} {path}");
            assert!(outcome.stderr.contains("4 records: 3 passed, 1 failed"), "{}", outcome.stderr);
        }
    }
    assert_eq!(written(&site), Vec::<String>::new());

    let summary = run(&["--summary", "-"]);
    assert_eq!(results(&summary.stdout)[0]["records"], 4);
    assert!(summary.stderr.contains("4 records: 3 passed"), "{}", summary.stderr);
    let json = run(&["--format", "json", "--results", "r", "--summary", "s"]);
    assert_eq!((json.stdout, json.stderr.as_str()), (read(&site, "s"), ""));
    let json = run(&["--format", "json", "--results", "-"]);
    assert_eq!((results(&json.stdout).len(), results(&json.stderr).len()), (4, 1));
}

#[test]
fn an_output_that_is_not_a_regular_file_is_written_as_it_is() {
    let site = Site::signed();
    batch(&site, "quick", &["--results", "/dev/null", "--quiet"], loans(10).as_bytes()).ends_with(1);
    rustix::fs::mknodat(
        rustix::fs::CWD,
        site.path("pipe"),
        rustix::fs::FileType::Fifo,
        rustix::fs::Mode::from_raw_mode(0o600),
        0,
    )
    .unwrap();
    let path = site.path("pipe");
    let reader = std::thread::spawn(move || {
        let mut lines = String::new();
        fs::File::open(path).unwrap().read_to_string(&mut lines).unwrap();
        lines
    });
    batch(&site, "quick", &["--results", "pipe", "--quiet"], loans(3_000).as_bytes()).ends_with(1);
    assert_eq!(results(&reader.join().unwrap()).len(), 3_000);
    assert_eq!(written(&site), ["pipe"]);
}

#[test]
fn there_may_be_no_output_but_the_summary() {
    let site = Site::signed();
    let table = batch(&site, "thorough", &[], loans(10).as_bytes()).ends_with(1);
    assert!(table.contains("10 records: 9 passed, 1 failed\n"), "{table}");
    assert_eq!(written(&site), Vec::<String>::new());
    batch(&site, "thorough", &["--allow-empty"], b"").ends_with(0);
}

#[test]
fn without_a_terminal_there_is_no_bar_and_a_short_run_says_nothing() {
    let site = Site::signed();
    for more in [&[][..], &["--quiet"]] {
        let outcome = batch(&site, "quick", more, loans(1_000).as_bytes());
        assert_eq!(outcome.stderr, "", "{more:?}");
    }
}

#[test]
fn every_output_says_that_rules_are_not_signed() {
    let site = Site::empty();
    unsigned_release(&site, &jurat_tests::guest::rust("traps_on_a_row"));
    let record = b"{\"entity_type\": \"loan\", \"id\": \"a\", \"n\": 1}";
    let outcome = batch(&site, "all", &["--failures", "f"], record);
    assert!(outcome.stdout.contains("These rules are not signed."), "{}", outcome.stdout);
    let line = &results(&read(&site, "f"))[0];
    assert_eq!((&line["unsigned"], &line["code"], line.get("release")), (&json!(true), &json!("trap"), None));
}

#[test]
fn hostile_text_is_harmless_in_every_file_and_on_every_screen() {
    let site = Site::signed();
    let name = HOSTILE.replace(['\0', '/'], "");
    let record = json!({"$schema": SCHEMA, "id": HOSTILE, "status": HOSTILE, "loan_number": HOSTILE});
    site.write(format!("in/{name}.ndjson"), format!("{record}\n{{{name}\n"));
    site.write("in/other.ndjson", loan(HOSTILE, 10).replace('\u{1b}', "\\u001b").replace(['\0', '\t', '\r', '\n'], ""));
    let output = format!("out{name}");
    let files =
        ["in", "--results", "r", "--failures", &output, "--per", "rule", "--summary", "s", "--id-fields", "id,x"];
    let outcome = batch(&site, "thorough", &files, b"");
    assert_eq!(outcome.code, 1, "{}", outcome.stderr);
    is_harmless(&outcome.stdout);
    is_harmless(&outcome.stderr);
    for name in ["r", "s", &output] {
        let text = read(&site, name);
        is_harmless(&text);
        assert!(text.lines().all(|line| serde_json::from_str::<Value>(line).is_ok()), "{text}");
    }
    for directory in ["nowhere/", "keys/"] {
        let outcome = batch(&site, "thorough", &["in", "--results", &format!("{directory}{name}/x")], b"");
        is_harmless(&outcome.stderr);
        assert_eq!(outcome.code, 2);
    }
    let missing = batch(&site, "thorough", &[&format!("no{name}")], b"").refuses(2, &[]);
    is_harmless(&missing);
}

#[test]
fn a_redirected_standard_output_is_not_renamed() {
    let site = Site::signed();
    site.write("lines", "before\n");
    let file = fs::OpenOptions::new().append(true).open(site.path("lines")).unwrap();
    site.write("in.ndjson", loans(2));
    let arguments = ["batch", "--config", "local-config.yaml", "--ruleset", "quick", "in.ndjson", "--good"];
    for path in ["-", "/dev/stdout"] {
        let mut command = command(&site.path(""), &[&arguments[..], &[path]].concat());
        let status = command.stdout(file.try_clone().unwrap()).stderr(Stdio::null()).status().unwrap();
        assert_eq!(status.code(), Some(0));
    }
    assert_eq!(read(&site, "lines"), format!("before\n{0}{0}", loans(2)));
}
