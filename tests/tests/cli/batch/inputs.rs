//! Where records come from.

use std::fs;
use std::process::Command;

use serde_json::Value;

use jurat_tests::skip::not_tried;

use super::{batch, loan, loans, read};
use crate::site::{Site, results};

/// Compresses with a program that may not be there.
fn packed(site: &Site, program: &str, name: &str) -> bool {
    let path = site.path(name);
    let is_there = Command::new(program).arg("-kqf").arg(&path).status().is_ok_and(|status| status.success());
    if !is_there {
        not_tried(&format!("there is no `{program}`"));
    }
    is_there
}

/// The ids of all records, in order, with their files.
fn ids(lines: &str) -> Vec<(String, Option<String>, u64)> {
    let text = |value: &Value| value.as_str().map(ToOwned::to_owned);
    let line = |line: &Value| (text(&line["entity_id"]).unwrap(), text(&line["file"]), line["line"].as_u64().unwrap());
    let mut ids: Vec<_> = results(lines).iter().map(line).collect();
    ids.dedup();
    ids
}

#[test]
fn compressed_files_are_read_like_others() {
    let site = Site::signed();
    site.write("in.ndjson", loans(5_000));
    let run = |arguments: &[&str], input: &[u8]| {
        batch(&site, "thorough", &[arguments, &["--results", "r", "--quiet", "--no-places"]].concat(), input)
            .ends_with(1);
        read(&site, "r")
    };
    let expected = run(&["in.ndjson"], b"");
    assert_eq!(expected.lines().count(), 5_000);
    assert!(run(&[], loans(5_000).as_bytes()) == expected);
    assert!(run(&["-"], loans(5_000).as_bytes()) == expected);
    let array = format!("[{}]", loans(5_000).trim_end().replace('\n', ",\n"));
    assert!(run(&[], array.as_bytes()) == expected);
    for (program, ending) in [("gzip", "gz"), ("zstd", "zst")] {
        if packed(&site, program, "in.ndjson") {
            let name = format!("in.ndjson.{ending}");
            assert!(run(&[&name], b"") == expected, "{program}");
            assert!(run(&[], &fs::read(site.path(&name)).unwrap()) == expected, "{program}");
        }
    }
}

#[test]
fn directories_and_patterns_name_their_files() {
    let site = Site::signed();
    site.write("in/a.ndjson", loan("A", 101) + "\n" + &loan("B", 101));
    site.write("in/deep/c.json", format!("[\n{}]", loan("C", 101)));
    site.write("in/notes.txt", "not a record");
    let lines = |arguments: &[&str]| {
        let outcome = batch(&site, "thorough", &[arguments, &["--failures", "-", "--quiet"]].concat(), b"");
        assert_eq!(outcome.code, 1, "{}", outcome.stderr);
        ids(&outcome.stdout)
    };
    let record = |id: &str, file: &str, line| (id.to_owned(), Some(file.to_owned()), line);
    let all = [record("A", "in/a.ndjson", 1), record("B", "in/a.ndjson", 2), record("C", "in/deep/c.json", 2)];
    assert_eq!(lines(&["in"]), all);
    assert_eq!(lines(&["in/a.ndjson", "in/deep/*.json"]), all);
    // With one file, its name is not needed.
    assert_eq!(lines(&["in/a.*"]), [("A".to_owned(), None, 1), ("B".to_owned(), None, 2)]);
    let per_rule = batch(&site, "thorough", &["in", "--results", "-", "--per", "rule"], b"").stdout;
    assert_eq!(ids(&per_rule), all);
}

#[test]
fn inputs_that_are_not_there_are_named() {
    let site = Site::signed();
    for (input, reason) in [("no-loans.json", "does not exist"), ("in/*.json", "no file matches")] {
        let refusal = batch(&site, "quick", &[input, "--results", "r"], b"").refuses(2, &[input, reason]);
        assert_eq!(refusal.lines().count(), 1, "{refusal}");
    }
    assert_eq!(super::written(&site), Vec::<String>::new());
}

#[test]
fn what_was_read_before_an_input_breaks_off_is_kept() {
    let site = Site::signed();
    site.write("in-1.ndjson", loans(3_000));
    site.write("in-2.ndjson", loans(50_000));
    if !packed(&site, "gzip", "in-2.ndjson") {
        return;
    }
    let whole = fs::read(site.path("in-2.ndjson.gz")).unwrap();
    site.write("in-2.ndjson.gz", &whole[..whole.len() / 2]);
    let more = ["in-1.ndjson", "in-2.ndjson.gz", "--results", "r", "--quiet"];
    let refusal = batch(&site, "quick", &more, b"").refuses(2, &["in-2.ndjson.gz", "end too early", "r.partial has"]);
    let lines = read(&site, "r.partial");
    assert!(lines.ends_with('\n') && results(&lines).len() > 3_000);
    assert!(refusal.contains(&format!("{} records were judged", lines.lines().count())), "{refusal}");
    assert_eq!(super::written(&site), ["r.partial"]);
}
