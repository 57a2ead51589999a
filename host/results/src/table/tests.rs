use jurat::EngineErrorKind;

use super::*;
use crate::golden;

/// Prints the records and their summary, and compares it with `table/NAME.txt`.
fn check(name: &str, style: Style, records: &[RecordResult]) {
    let mut out = Vec::new();
    let mut table = Table::new(&mut out, style);
    records.iter().for_each(|record| table.record(record).unwrap());
    table.finish(&summary(records)).unwrap();
    let printed = String::from_utf8(out).unwrap();
    golden::compare(&printed, &format!("table/{name}.txt"));
    if let Some(width) = style.width.filter(|_| style.colors == Colors::Off) {
        printed.lines().for_each(|line| assert!(columns(line) <= width, "too wide: {line}"));
    }
}

#[test]
fn loans_in_80_columns() {
    check("loans_80", style(80), &loans());
}

#[test]
fn loans_in_140_columns() {
    check("loans_140", style(140), &loans());
}

#[test]
fn loans_in_color() {
    check("loans_color", Style { colors: Colors::On, ..style(100) }, &loans());
}

#[test]
fn without_a_terminal_each_verdict_is_one_line() {
    check("loans_pipe", Style { width: None, ..style(0) }, &loans());
}

#[test]
fn a_narrow_terminal_gets_messages_below_their_rules() {
    check("loans_44", style(44), &loans());
}

#[test]
fn hostile_text_stays_text() {
    let hostile =
        "\u{1b}[2J\u{1b}]0;owned\u{7}\r\nPASS  all\t\u{202e}desrever\u{2066}\u{200b}\u{9b}31m \\ \"quoted\" e\u{301}";
    let mut record = record(
        "x\u{1b}[31m\n10 records: 10 passed",
        vec![rule("rule\u{1b}_1", Status::Fail, hostile), rule("rule_2", Status::Pass, &"ab ".repeat(1_000))],
    );
    record.entity_type = Some("loan\u{7}".into());
    record.results[0].description = "\u{1b}[8mhidden".into();
    check("hostile", style(100), &[record]);
}

#[test]
fn nothing_at_all_is_said_too() {
    check("empty", style(80), &[]);
}

#[test]
fn wide_characters_take_two_columns() {
    assert_eq!(columns("a金b"), 4);
    assert_eq!(wrap("金金金 aa", Some(4)), ["金金", "金", "aa"]);
    assert_eq!(wrap("a b", Some(1)), ["a", "b"]);
    assert_eq!(wrap("abcdef gh", Some(4)), ["abcd", "ef", "gh"]);
    assert_eq!(wrap("金", Some(1)), ["金"]);
}

fn style(width: usize) -> Style {
    Style { width: Some(width), colors: Colors::Off }
}

fn record(id: &str, results: Vec<RuleResult>) -> RecordResult {
    RecordResult {
        entity_id: id.to_owned(),
        entity_type: Some("loan".into()),
        status: None,
        error: None,
        now: None,
        unsigned: false,
        release: None,
        results,
    }
}

fn rule(id: &str, status: Status, message: &str) -> RuleResult {
    let description = match id {
        "rule_001_v1" => "The record follows the schema that it names",
        "rule_002_v1" => "Amounts, rate and dates of a loan make sense together",
        "rule_003_v1" => "The status is a known one",
        _ => "",
    };
    RuleResult {
        rule_id: id.into(),
        description: description.into(),
        status,
        message: message.to_owned(),
        code: None,
        params: BTreeMap::new(),
        fields: Vec::new(),
        mistakes: Vec::new(),
        indeterminate: false,
        unavailable: false,
        degraded: Vec::new(),
        component: None,
        execution_time_ms: Some(0.5),
        children: Vec::new(),
    }
}

fn loans() -> Vec<RecordResult> {
    use Status::{Error, Fail, Norun, Pass, Warn};
    let with_child = |parent: RuleResult, child| RuleResult { children: vec![child], ..parent };
    let passed = |id| rule(id, Pass, "");
    let good = vec![
        passed("rule_001_v1"),
        passed("rule_002_v1"),
        with_child(passed("rule_003_v1"), passed("rule_004_v1")),
        passed("rule_005_v1"),
    ];
    let high = "balance is 91500.00, which is 91.5 % of the principal, 100000.00; expected at most 85 %";
    let worth_a_look = vec![
        passed("rule_001_v1"),
        passed("rule_002_v1"),
        with_child(passed("rule_003_v1"), passed("rule_004_v1")),
        rule("rule_005_v1", Warn, high),
    ];
    let broken = "principal is -5000, expected more than 0; maturity is \"2024-01-01\", expected a day after the inception, \
                  \"2025-01-01\"";
    let bad = vec![
        passed("rule_001_v1"),
        rule("rule_002_v1", Fail, broken),
        with_child(
            rule("rule_003_v1", Fail, "status is \"open\", expected active, paid_off, defaulted or written_off"),
            rule("rule_004_v1", Norun, "not run: its parent `rule_003_v1` is FAIL"),
        ),
        RuleResult {
            code: Some("fuel".into()),
            ..rule("rule_005_v1", Error, "the rule exhausted its fuel on this record alone")
        },
    ];
    let late = RuleResult { indeterminate: true, ..rule("rule_005_v1", Error, "the rule exceeded its deadline") };
    let mut unreadable = record("unknown", Vec::new());
    unreadable.entity_type = None;
    unreadable.status = Some(Error);
    unreadable.error = Some(RecordError {
        kind: EngineErrorKind::JsonSyntax,
        message: "expected `,` or `}` after a member".to_owned(),
        line: 57,
        offset: 2_311,
    });
    let unsigned = RecordResult {
        unsigned: true,
        ..record("LOAN-0006", vec![rule("rule_005_v1", Norun, "not run: `balance` is absent")])
    };
    vec![
        record("LOAN-0001", good),
        record("LOAN-0002", worth_a_look),
        record("LOAN-0003", bad),
        record("LOAN-0004", vec![late]),
        unreadable,
        unsigned,
        record("LOAN-0007", Vec::new()),
    ]
}

/// What the engine would count.
fn summary(records: &[RecordResult]) -> Summary {
    let mut summary = Summary { records: records.len() as u64, ..Summary::default() };
    for record in records {
        let mut rows = Vec::new();
        flatten(&record.results, 0, &mut rows);
        let has = |wanted: &[Status]| rows.iter().any(|(_, result)| wanted.contains(&result.status));
        if record.error.is_some() {
            summary.unreadable += 1;
        } else if has(&[Status::Fail, Status::Error]) {
            summary.failed += 1;
        } else if has(&[Status::Warn]) {
            summary.warned += 1;
        } else if !has(&[Status::Pass]) {
            summary.not_run += 1;
        }
        for (_, result) in rows {
            let rule = summary.rules.entry(result.rule_id.clone()).or_default();
            match result.status {
                Status::Pass => rule.pass += 1,
                Status::Warn => rule.warn += 1,
                Status::Fail => rule.fail += 1,
                Status::Norun => rule.norun += 1,
                Status::Error => rule.error += 1,
            }
            rule.indeterminate += u64::from(result.indeterminate);
        }
    }
    summary
}
