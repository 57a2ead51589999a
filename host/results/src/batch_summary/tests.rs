use std::sync::Arc;
use std::time::Duration;

use jurat::{Limits, Usage};

use super::*;
use crate::golden;
use crate::table::Colors;

/// Prints a summary, and compares it with `batch_summary/NAME.txt`.
#[track_caller]
fn check(name: &str, style: Style, report: &BatchSummary<'_>) -> String {
    let mut out = Vec::new();
    report.print(&mut out, style).unwrap();
    let printed = String::from_utf8(out).unwrap();
    golden::compare(&printed, &format!("batch_summary/{name}.txt"));
    printed
}

fn rule(counts: [u64; 5], peaks: Option<[u64; 3]>) -> RuleSummary {
    let [pass, warn, fail, norun, error] = counts;
    let [peak_fuel, peak_memory, peak_reply] = peaks.unwrap_or_default();
    RuleSummary {
        pass,
        warn,
        fail,
        norun,
        error,
        required: 0,
        never_ran: None,
        indeterminate: 0,
        usage: Usage {
            calls: 1_000,
            fuel: 1_000 * peak_fuel,
            peak_fuel,
            peak_fuel_records: if peak_fuel > 1 { 1_024 } else { 1 },
            peak_memory,
            peak_reply,
            elapsed: Duration::from_secs(1),
        },
        limits: peaks.map(|_| Limits::DEFAULT),
    }
}

fn summary() -> Summary {
    let rules = [
        ("rule_001_v1", rule([990_000, 0, 9_000, 1_000, 0], None)),
        ("rule_002_v1", rule([999_000, 0, 0, 0, 1_000], Some([9_990_000, 1_114_112, 200_000]))),
        ("rule_003_v1", rule([0, 0, 0, 1_000_000, 0], Some([1, 16 << 20, 0]))),
    ];
    let rules = rules.map(|(id, rule)| (Arc::from(id), rule)).into();
    Summary { records: 1_000_002, unreadable: 2, failed: 10_000, warned: 7, not_run: 3, rules, ..Summary::default() }
}

fn report(summary: &Summary) -> BatchSummary<'_> {
    let output = |kind, file: &str, lines| OutputSummary { kind, file: file.to_owned(), lines, records: lines };
    BatchSummary {
        summary,
        records_without_text: 0,
        elapsed_seconds: 4.2,
        records_per_second: 238_095,
        inputs: InputSummary { files: 1, unread: 0, bytes: 400_000_000 },
        outputs: vec![
            output(OutputKind::Results, "results.ndjson", 1_000_002),
            output(OutputKind::Failures, "failures.ndjson", 1),
        ],
        advice: "`--failures FILE` lists these records and the reasons",
        limit: None,
        sample: None,
    }
}

fn style(width: usize) -> Style {
    Style { width: Some(width), colors: Colors::Off }
}

#[test]
fn a_summary_in_80_columns() {
    let printed = check("wide", style(80), &report(&summary()));
    printed.lines().for_each(|line| assert!(columns(line) <= 80, "too wide: {line}"));
}

#[test]
fn a_narrow_terminal_gets_rules_above_their_numbers() {
    let printed = check("narrow", style(44), &report(&summary()));
    printed.lines().for_each(|line| assert!(columns(line) <= 44, "too wide: {line}"));
}

#[test]
fn a_summary_in_color() {
    check("color", Style { colors: Colors::On, ..style(100) }, &report(&summary()));
}

#[test]
fn a_rule_that_ran_on_no_record_is_named_in_color_with_the_reason() {
    let never =
        RuleSummary { never_ran: Some("not run: `balance`\u{1b} is absent".to_owned()), ..rule([0, 0, 0, 2, 0], None) };
    let summary = Summary { records: 2, rules: [(Arc::from("never_v1"), never)].into(), ..Summary::default() };
    let printed = check("never_ran", Style { colors: Colors::On, ..style(100) }, &report(&summary));
    assert!(printed.contains("\u{1b}[36mnever_v1 ran on no record: not run: `balance`"), "{printed}");
}

#[test]
fn trouble_is_said_at_the_end() {
    let mut summary = summary();
    summary.host_failures = 3;
    summary.rules.values_mut().for_each(|rule| rule.indeterminate = 1);
    let mut report = report(&summary);
    report.records_without_text = 1;
    report.outputs.push(OutputSummary { kind: OutputKind::Bad, file: "bad.ndjson".to_owned(), lines: 9, records: 9 });
    check("trouble", style(100), &report);
}

#[test]
fn hostile_names_stay_names() {
    let hostile = "x\u{1b}[2J\u{202e}\r\n10 records: 10 passed";
    let mut summary = summary();
    summary.rules = [(Arc::from(hostile), rule([1, 0, 0, 0, 0], None))].into();
    let mut report = report(&summary);
    report.outputs = vec![OutputSummary { kind: OutputKind::Good, file: hostile.to_owned(), lines: 1, records: 1 }];
    let printed = check("hostile", style(80), &report);
    assert!(printed.chars().all(|character| character == '\n' || !character.is_control()), "{printed}");
    let json = String::from_utf8(report.json().unwrap()).unwrap();
    assert!(json.ends_with("}\n") && json.trim_end().chars().all(|character| !character.is_control()), "{json}");
}

#[test]
fn nothing_at_all_is_said_too() {
    let summary = Summary::default();
    let mut report = report(&summary);
    report.outputs.clear();
    check("empty", style(80), &report);
}

#[test]
fn json_has_everything() {
    let summary = summary();
    let report = BatchSummary { limit: Some(5), sample: Some(0.01), ..report(&summary) };
    let json: serde_json::Value = serde_json::from_slice(&report.json().unwrap()).unwrap();
    assert_eq!(json["records"], 1_000_002);
    assert_eq!(json["rules"]["rule_002_v1"]["limits"]["fuel"], 10_000_000);
    assert_eq!((&json["elapsed_seconds"], &json["records_per_second"]), (&4.2.into(), &238_095.into()));
    assert_eq!(json["inputs"], serde_json::json!({"files": 1, "bytes": 400_000_000}));
    assert_eq!(json["outputs"][1]["lines"], 1);
    assert_eq!((&json["limit"], &json["sample"]), (&5.into(), &0.01.into()));
}
