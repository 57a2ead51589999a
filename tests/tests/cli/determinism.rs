//! The same verdicts, however records are grouped, ordered and spread over threads.

use std::fs;

use jurat_tests::guest;
use jurat_tests::random::Random;
use serde_json::Value;

use crate::golden::without_times;
use crate::hostile_text::unsigned_release;
use crate::site::{CONFIG, Site, loan_rules, results};

/// Records of every test vector, some thousand, each with an id of its own; some cannot be judged.
fn records() -> Vec<String> {
    let mut records = Vec::new();
    for round in 0..20 {
        for file in ["v1.json", "v2.json", "related.json"] {
            let text = fs::read(loan_rules().join("vectors").join(file)).unwrap();
            for mut vector in serde_json::from_slice::<Vec<Value>>(&text).unwrap() {
                vector["record"]["id"] = format!("{file}-{round}-{}", records.len()).into();
                records.push(vector["record"].to_string());
            }
        }
        records.push(format!(r#"{{"id": "broken-{round}""#));
    }
    records
}

/// What is said of each record, times and positions in the file left out.
fn judge(site: &Site, ruleset: &str, more: &[&str], records: &[String]) -> Vec<Value> {
    let outcome = site.validate(ruleset, &[&["--format", "ndjson"], more].concat(), records.join("\n").as_bytes());
    let mut results = results(&without_times(&outcome.ends_with(1)));
    assert_eq!(results.len(), records.len());
    for error in results.iter_mut().filter_map(|result| result["error"].as_object_mut()) {
        error.remove("line");
        error.remove("offset");
    }
    results
}

/// Judges in every way there is, and compares with the first.
#[track_caller]
fn check(site: &Site, ruleset: &str, config: &str, records: &[String]) {
    site.write("local-config.yaml", config);
    let expected = judge(site, ruleset, &["--threads", "1"], records);
    let mut order: Vec<usize> = (0..records.len()).collect();
    Random::new(7).shuffle(&mut order);
    let shuffled: Vec<_> = order.iter().map(|index| records[*index].clone()).collect();
    let expected_shuffled: Vec<_> = order.iter().map(|index| expected[*index].clone()).collect();
    for rows in ["1", "7", "1024"] {
        site.write("local-config.yaml", format!("{config}chunk: {{rows: {rows}}}\n"));
        for more in [&["--threads", "1"][..], &["--threads", "2"], &["--threads", "2", "--isolation", "record"]] {
            let is_same = judge(site, ruleset, more, records) == expected;
            assert!(is_same, "{rows} rows, {more:?}");
            let is_same = judge(site, ruleset, more, &shuffled) == expected_shuffled;
            assert!(is_same, "{rows} rows, {more:?}, shuffled");
        }
    }
}

#[test]
fn threads_chunks_isolation_and_order_change_no_verdict() {
    let site = Site::signed();
    check(&site, "thorough", CONFIG, &records());
}

#[test]
fn the_size_of_chunks_changes_no_verdict_and_bounds_no_record() {
    let site = Site::signed();
    // Texts that are larger than a chunk, between others; the last record is longer than a record may be.
    let record = |index: usize, length: usize| {
        let status = "x".repeat(length);
        format!(
            r#"{{"$schema": "https://schemas.example.com/loan/v1.0.0", "id": "{index}", "financial": {{"principal_amount": 1}}, "status": "{status}"}}"#
        )
    };
    let lengths = [1, 200_000, 7, 140_000, 1_000_000, 131_072, 131_000, 40_000, 40_000, 40_000, 40_000, 1, 1_100_000];
    let records: Vec<_> = lengths.into_iter().enumerate().map(|(index, length)| record(index, length)).collect();
    let expected = judge(&site, "thorough", &[], &records);
    for (index, result) in expected.iter().enumerate().take(lengths.len() - 1) {
        let rules = result["results"].as_array().unwrap();
        let status = rules.iter().find(|rule| rule["rule_id"] == "rule_003_v1").unwrap();
        assert_eq!((&status["status"], &status["code"]), (&"FAIL".into(), &"status_unknown".into()), "{index}");
    }
    assert_eq!(expected.last().unwrap()["error"]["code"], "record_too_large");
    for bytes in ["1 B", "1 KiB", "150 KiB", "128 MiB"] {
        let chunk = format!("chunk.bytes={bytes}");
        assert!(judge(&site, "thorough", &["--set", &chunk], &records) == expected, "{bytes}");
    }
    // With little memory, the rule that reads the text says so, and names the limit. Chunks still make no difference.
    let small = ["--set", "limits.memory=2 MiB", "--set", "max_record=8 MiB"];
    let records = [record(0, 1), record(1, 4_000_000), record(2, 200_000)];
    let expected = judge(&site, "thorough", &small, &records);
    let rules = expected[1]["results"].as_array().unwrap();
    let status = rules.iter().find(|rule| rule["rule_id"] == "rule_003_v1").unwrap();
    assert_eq!((&status["status"], &status["code"]), (&"ERROR".into(), &"memory".into()));
    assert_eq!(status["message"], "the rule exceeded its memory limit, `limits.memory`, on this record alone");
    for bytes in ["1 B", "1 KiB", "16 MiB"] {
        let chunk = format!("chunk.bytes={bytes}");
        assert!(judge(&site, "thorough", &[&small[..], &["--set", &chunk]].concat(), &records) == expected, "{bytes}");
    }
}

#[test]
fn the_same_record_faults_however_records_are_grouped() {
    let site = Site::empty();
    unsigned_release(&site, &guest::rust("traps_on_a_row"));
    let config = fs::read_to_string(site.path("local-config.yaml")).unwrap();
    let record = |index: usize| {
        let guilt = usize::from(index % 50 == 3);
        format!(r#"{{"entity_type": "loan", "id": "{index}", "n": {guilt}}}"#)
    };
    let records: Vec<_> = (0..400).map(record).collect();
    check(&site, "all", &config, &records);
    let results = judge(&site, "all", &[], &records);
    for (index, result) in results.iter().enumerate() {
        let expected = if index % 50 == 3 { ("ERROR", Some("trap")) } else { ("PASS", None) };
        let result = &result["results"][0];
        assert_eq!((result["status"].as_str().unwrap(), result["code"].as_str()), expected, "{index}: {result}");
    }
}

#[test]
fn two_runs_print_the_same_but_for_times() {
    let site = Site::signed();
    let text = records().join("\n");
    let run = || without_times(&site.validate("thorough", &["--format", "json"], text.as_bytes()).ends_with(1));
    assert!(run() == run());
}
