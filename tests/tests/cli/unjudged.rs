//! Nothing passes unjudged: no record at all, input that is not JSON, and records of which none can be judged.

use std::fs;
use std::io::{BufRead, BufReader, Write};
use std::process::Stdio;

use serde_json::{Value, json};

use crate::program::{Outcome, command};
use crate::site::{Site, results};

/// A record that passes.
fn loan(id: &str) -> String {
    let schema = "https://schemas.example.com/loan/v1.0.0";
    format!(
        r#"{{"$schema":"{schema}","id":"{id}","financial":{{"principal_amount":100,"outstanding_balance":10,"currency":"EUR","interest_rate":0.01}},"dates":{{"origination_date":"2023-01-15","maturity_date":"2033-01-15"}},"status":"active","loan_number":"LN-1"}}"#
    )
}

/// Both commands, from standard input and from a file.
fn judge(site: &Site, more: &[&str], input: &[u8]) -> Vec<(Outcome, &'static str)> {
    site.write("in", input);
    let mut outcomes = Vec::new();
    for command in ["validate", "batch"] {
        let arguments = [command, "--config", "local-config.yaml", "--ruleset", "quick"];
        outcomes.push((site.feed(&[&arguments[..], more].concat(), input), "standard input"));
        outcomes.push((site.feed(&[&arguments[..], more, &["in"]].concat(), b""), "in"));
    }
    outcomes
}

#[test]
fn a_run_without_a_record_fails_unless_that_is_allowed() {
    let site = Site::signed();
    for nothing in [&b""[..], b"\n", b"[]", b" [ ] ", b"\xef\xbb\xbf", b"\xef\xbb\xbf[]\n"] {
        for (outcome, _) in judge(&site, &[], nothing) {
            assert!(outcome.stderr.contains("no record was judged"), "{nothing:?}: {}", outcome.stderr);
            assert!(outcome.stderr.contains("--allow-empty"), "{}", outcome.stderr);
            outcome.ends_with(1);
        }
        for (outcome, _) in judge(&site, &["--allow-empty"], nothing) {
            assert!(!outcome.stderr.contains("no record"), "{nothing:?}: {}", outcome.stderr);
            outcome.ends_with(0);
        }
    }
    for (outcome, _) in judge(&site, &[], loan("a").as_bytes()) {
        assert!(!outcome.stderr.contains("no record"), "{}", outcome.stderr);
        outcome.ends_with(0);
    }
}

#[test]
fn a_directory_names_what_is_not_read_of_it() {
    let site = Site::signed();
    fs::create_dir_all(site.path("none")).unwrap();
    site.write("in/a.csv", "id\n1\n");
    let batch = |directory: &str, more: &[&str]| {
        site.feed(&[&["batch", "--config", "local-config.yaml", "--ruleset", "quick", directory], more].concat(), b"")
    };
    let outcome = batch("none", &[]);
    assert!(outcome.stderr.contains("`none` has no file of records"), "{}", outcome.stderr);
    outcome.ends_with(1);
    let outcome = batch("in", &[]);
    assert!(outcome.stderr.contains("1 file in `in` is not read: in/a.csv; "), "{}", outcome.stderr);
    outcome.ends_with(1);
    batch("in", &["--allow-empty"]).ends_with(0);

    site.write("in/b.ndjson", loan("b"));
    (10..30).for_each(|number| site.write(format!("in/x{number}.txt"), ""));
    let outcome = batch("in", &["--format", "json"]);
    assert!(outcome.stderr.contains("21 files in `in` are not read: in/a.csv, in/x10.txt, "), "{}", outcome.stderr);
    assert!(outcome.stderr.contains("in/x18.txt and 11 more; "), "{}", outcome.stderr);
    let summary: Value = serde_json::from_str(&outcome.ends_with(0)).unwrap();
    assert_eq!((&summary["inputs"]["files"], &summary["inputs"]["unread"]), (&json!(1), &json!(21)));
}

#[test]
fn what_is_not_json_is_told_once_and_with_what_to_do() {
    let utf16 = |text: &str| text.encode_utf16().flat_map(u16::to_le_bytes).collect::<Vec<u8>>();
    let site = Site::signed();
    for (input, advice) in [
        (b"id,amount\n1,2\n3,4\n".to_vec(), "it is CSV"),
        (b"PAR1\x15\x04\x15".to_vec(), "it is Parquet"),
        (b"PK\x03\x04".iter().copied().chain([7; 26]).chain(*b"xl/workbook.xml").collect(), "an Excel workbook"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1\0\0".to_vec(), "an Excel workbook"),
        (utf16(&loan("a")), "`iconv -f UTF-16LE -t UTF-8`"),
        (utf16(&format!("\u{feff}{}", loan("a"))), "`iconv -f UTF-16LE -t UTF-8`"),
        (b"\xfd7zXZ\0\0\x04".to_vec(), "`xz -dc`"),
        (b"BZh91AY&SY".to_vec(), "`bzip2 -dc`"),
        (b"<html><body>503</body></html>\n".to_vec(), "it is XML or HTML"),
    ] {
        for (outcome, name) in judge(&site, &["--keep-going"], &input) {
            let said = outcome.refuses(2, &[&format!("`{name}` is not read: "), advice]);
            assert_eq!(said.lines().count(), 1, "{said}");
        }
    }
}

#[test]
fn what_comes_before_a_file_that_is_not_json_is_kept_as_a_part() {
    let site = Site::signed();
    site.write("in-1.ndjson", loan("a") + "\n");
    site.write("in-2.ndjson", "id,amount\n1,2\n");
    let files = ["--results", "r", "--summary", "s", "--quiet", "in-1.ndjson", "in-2.ndjson"];
    let run = [&["batch", "--config", "local-config.yaml", "--ruleset", "quick"][..], &files].concat();
    let said = site.feed(&run, b"").refuses(2, &["`in-2.ndjson` is not read: it is CSV", "; 1 records were judged"]);
    assert!(said.contains("r.partial has 1 of them"), "{said}");
    assert_eq!(results(&fs::read_to_string(site.path("r.partial")).unwrap()).len(), 1);
    assert!(!site.path("r").exists() && !site.path("s").exists());
}

#[test]
fn a_run_ends_behind_the_first_thousand_records_if_none_can_be_judged() {
    let site = Site::signed();
    let broken = |count: usize| "nonsense\n".repeat(count);
    for (outcome, _) in judge(&site, &[], broken(1_500).as_bytes()) {
        assert!(!outcome.stdout.contains("1500") && !outcome.stdout.contains("records:"), "{}", outcome.stdout);
        assert!(outcome.stderr.contains("none of the first 1000 records can be judged"), "{}", outcome.stderr);
        assert!(outcome.stderr.contains("line 1: ") && outcome.stderr.contains("`--keep-going`"), "{}", outcome.stderr);
        outcome.ends_with(2);
    }
    for input in [broken(999), broken(999) + &loan("a") + "\n" + &broken(500)] {
        judge(&site, &[], input.as_bytes()).into_iter().for_each(|(outcome, _)| drop(outcome.ends_with(1)));
    }
    judge(&site, &["--keep-going"], broken(1_500).as_bytes())
        .into_iter()
        .for_each(|(outcome, _)| drop(outcome.ends_with(1)));

    let run = |threads: &str| {
        let more = ["--results", "r", "--quiet", "--threads", threads];
        let run = [&["batch", "--config", "local-config.yaml", "--ruleset", "quick"][..], &more].concat();
        site.feed(&run, broken(5_000).as_bytes()).refuses(2, &["r.partial has 1000 of them"]);
        assert!(!site.path("r").exists());
        fs::read_to_string(site.path("r.partial")).unwrap()
    };
    assert!(run("1") == run("2"));
}

#[test]
fn an_id_field_that_no_record_has_is_told_at_the_end() {
    let site = Site::signed();
    let input = format!("{}\n{}\n", loan("a"), loan("b"));
    for (outcome, _) in judge(&site, &["--id-fields", "id,loan.number,nothing"], input.as_bytes()) {
        let warnings: Vec<_> = outcome.stderr.lines().filter(|line| line.starts_with("warning: ")).collect();
        assert_eq!(warnings.len(), 2, "{warnings:?}");
        assert!(warnings[0].contains("`loan.number`") && warnings[1].contains("`nothing`"), "{warnings:?}");
        outcome.ends_with(0);
    }
    let run =
        ["batch", "--config", "local-config.yaml", "--ruleset", "quick", "--format", "json", "--id-fields", "id,x"];
    let summary: Value = serde_json::from_str(&site.feed(&run, input.as_bytes()).stdout).unwrap();
    assert_eq!(summary["absent_id_fields"], json!(["x"]));
}

#[test]
fn records_follow_each_other_in_any_layout() {
    let site = Site::signed();
    let spread = |id: &str| loan(id).replace(',', ",\n  ");
    let [a, b, c] = ["a", "b", "c"].map(loan);
    for input in [
        format!("{a}{b}{c}"),
        format!("{a} {b}\t{c}\n"),
        format!("{a}{b}\n{c}\n"),
        format!("{a}{}{c}", spread("b")),
        format!("{}{b}\r\n{}", spread("a"), spread("c")),
    ] {
        for (outcome, _) in judge(&site, &["--format", "json"], input.as_bytes()) {
            let found: Value = serde_json::from_str(&outcome.ends_with(0)).unwrap();
            let count =
                found.as_array().map_or_else(|| found["records"].as_u64(), |records| Some(records.len() as u64));
            assert_eq!(count, Some(3), "{input}");
        }
    }
}

#[test]
fn a_first_line_that_is_cut_off_costs_one_record() {
    let site = Site::signed();
    let first = loan("a");
    for cut in [1, 12, first.len() / 2, first.find("\"financial\":").unwrap() + 12, first.len() - 1] {
        let (head, tail) = first.split_at(cut);
        for half in [head, tail] {
            let input = format!("{half}\n{}\n{}\n", loan("b"), loan("c"));
            let run = ["validate", "--config", "local-config.yaml", "--ruleset", "quick", "--format", "ndjson"];
            let found = results(&site.feed(&run, input.as_bytes()).ends_with(1));
            let ids: Vec<_> = found.iter().map(|record| record["entity_id"].as_str().unwrap()).collect();
            assert_eq!((ids.len(), &ids[1..]), (3, &["b", "c"][..]), "{half}");
        }
    }
}

#[test]
fn a_byte_order_mark_between_joined_files_has_a_name() {
    let site = Site::signed();
    let input = format!("\u{feff}{}\n\u{feff}{}\n{}\n", loan("a"), loan("b"), loan("c"));
    let run = ["validate", "--config", "local-config.yaml", "--ruleset", "quick", "--format", "ndjson"];
    let found = results(&site.feed(&run, input.as_bytes()).ends_with(1));
    assert_eq!(found.len(), 3);
    let error = &found[1]["error"];
    assert!(error["message"].as_str().unwrap().contains("byte order mark"), "{error}");
    assert_eq!((&error["line"], &found[2]["entity_id"]), (&json!(2), &json!("c")));
}

#[test]
fn results_say_where_their_record_is() {
    let site = Site::signed();
    site.write("in-1.ndjson", format!("{}\n{}\n", loan("a"), loan("b")));
    site.write("in-2.json", format!("[{},\nnonsense]", loan("c")));
    let run = |more: &[&str]| {
        let run = ["batch", "--config", "local-config.yaml", "--ruleset", "quick", "--results", "-"];
        results(&site.feed(&[&run[..], more].concat(), b"").stdout)
    };
    let place = |line: &Value| (line["file"].clone(), line["line"].clone(), line["offset"].clone());
    let at = |file: &str, line: u64, offset: usize| (json!(file), json!(line), json!(offset));
    let length = loan("a").len();
    let expected = [
        at("in-1.ndjson", 1, 0),
        at("in-1.ndjson", 2, length + 1),
        at("in-2.json", 1, 1),
        at("in-2.json", 2, length + 3),
    ];
    assert_eq!(run(&["in-1.ndjson", "in-2.json"]).iter().map(place).collect::<Vec<_>>(), expected);
    // One file needs no name.
    let one = run(&["in-1.ndjson"]);
    assert_eq!(place(&one[1]), (Value::Null, json!(2), json!(length + 1)));
    for per in ["record", "rule"] {
        let without = run(&["in-1.ndjson", "in-2.json", "--no-places", "--per", per]);
        let has = |line: &Value, key: &str| line.get(key).is_some();
        assert!(without.iter().all(|line| ["file", "line", "offset"].iter().all(|key| !has(line, key))), "{without:?}");
    }
}

#[test]
fn results_of_a_slow_producer_come_while_it_works() {
    let site = Site::signed();
    let run = ["batch", "--config", "local-config.yaml", "--ruleset", "quick", "--results", "-", "--quiet"];
    let mut command = command(&site.path(""), &run);
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::null());
    let mut child = command.spawn().unwrap();
    let mut stdin = child.stdin.take().unwrap();
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
    for id in ["a", "b", "c"] {
        // The next record is written only after the result of this one has come.
        stdin.write_all(format!("{}\n", loan(id)).as_bytes()).unwrap();
        let result: Value = serde_json::from_str(&lines.next().unwrap().unwrap()).unwrap();
        assert_eq!(result["entity_id"], id);
    }
    drop(stdin);
    assert!(lines.next().is_none());
    assert_eq!(child.wait().unwrap().code(), Some(0));
}

#[test]
fn execution_times_have_at_most_six_digits_behind_the_point() {
    let site = Site::signed();
    let input: String = (0..2_000).map(|number| loan(&number.to_string()) + "\n").collect();
    for more in [
        &["batch", "--results", "-", "--timings"][..],
        &["batch", "--results", "-", "--timings", "--per", "rule"],
        &["validate", "--format", "ndjson"],
    ] {
        let run = [more, &["--config", "local-config.yaml", "--ruleset", "quick"]].concat();
        let out = site.feed(&run, input.as_bytes()).ends_with(0);
        let times: Vec<_> =
            out.split("\"execution_time_ms\":").skip(1).map(|rest| rest.split([',', '}']).next().unwrap()).collect();
        assert!(times.len() >= 2_000);
        for time in times {
            let (_, digits) = time.split_once('.').unwrap();
            assert!(digits.len() <= 6 && digits.bytes().all(|byte| byte.is_ascii_digit()), "{time}");
        }
    }
}

#[test]
fn numbers_that_are_none_are_refused_with_what_is_expected() {
    let site = Site::signed();
    let judging = ["--config", "local-config.yaml", "--ruleset", "quick"];
    for (arguments, expected) in [
        (&["validate", "--threads", "abc"][..], "expected a whole number from 1 to "),
        (&["batch", "--threads", "0"], "expected a whole number from 1 to "),
        (&["batch", "--limit", "1.5"], "expected a whole number of at least 1"),
    ] {
        let said = site.feed(&[arguments, &judging].concat(), b"").refuses(2, &[arguments[1], arguments[2], expected]);
        assert!(!said.contains("invalid digit"), "{said}");
    }
    site.run(&["rpc", "--port", "http"]).refuses(2, &["--port", "expected a whole number from 0 to 65535"]);
    let add = ["tenant", "add", "repository", "x", "--key", "keys/author.pub.pem", "--threshold", "two"];
    site.run(&add).refuses(2, &["--threshold", "expected a whole number of at least 1"]);
}
