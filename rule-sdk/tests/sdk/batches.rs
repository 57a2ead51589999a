//! Batches through the loop that also runs in the sandbox: every type of input, and everything that can be off.

use jurat_rule::columns::{Batch, Column, Decimals, Texts, Values};
use jurat_rule::testing::{Row, judge};
use jurat_rule::{Date, Decimal, Inputs, Json, Kind, Status, Timestamp, Verdict, fail, norun, rule, warn};
use serde::Deserialize;

#[derive(Deserialize)]
struct Tag<'a> {
    name: &'a str,
}

#[derive(Inputs)]
struct Everything<'a> {
    boolean: bool,
    integer: i64,
    number: f64,
    decimal: Decimal,
    text: &'a str,
    owned: String,
    date: Date,
    timestamp: Timestamp,
    json: Json<Vec<Tag<'a>>>,
    now: Timestamp,
    r#type: Option<&'a str>,
}

#[derive(Inputs)]
struct Gaps<'a> {
    boolean: Option<bool>,
    integer: Option<i64>,
    number: Option<f64>,
    decimal: Option<Decimal>,
    text: Option<&'a str>,
    date: Option<Date>,
    timestamp: Option<Timestamp>,
    json: Option<Json<i64>>,
    #[input(of = "parent", name = "limit")]
    limit: Option<Decimal>,
}

#[derive(Inputs)]
struct Nothing {}

#[derive(Inputs)]
struct Amount {
    amount: Decimal,
}

#[rule(
    id = "everything",
    entity = "thing",
    description = "writes down what it is given",
    annotations(owner = "tests", "a.b" = "c")
)]
fn everything(it: &Everything<'_>) -> Verdict {
    let names: Vec<_> = it.json.iter().map(|tag| tag.name).collect();
    warn!(
        "{all}",
        all = format_args!(
            "{} {} {} {} {} {} {} {} {names:?} {} {:?}",
            it.boolean, it.integer, it.number, it.decimal, it.text, it.owned, it.date, it.timestamp, it.now, it.r#type
        ),
    )
}

#[rule(id = "gaps", entity = "thing", description = "counts what it is given")]
fn gaps(it: &Gaps<'_>) -> Verdict {
    let present = [
        it.boolean.is_some(),
        it.integer.is_some(),
        it.number.is_some(),
        it.decimal.is_some(),
        it.text.is_some(),
        it.date.is_some(),
        it.timestamp.is_some(),
        it.json.as_ref().is_some_and(|json| json.0 == 5),
        it.limit.is_some(),
    ];
    let count = present.into_iter().filter(|present| *present).count();
    norun!(Gaps, "{count} of 9", count = count, on = ["parent.limit", "json"])
}

#[rule(id = "nothing", entity = "thing", description = "reads nothing")]
fn nothing(_: &Nothing) -> Verdict {
    Verdict::pass()
}

#[rule(id = "fallible", entity = "thing", description = "fails where the amount cannot be doubled")]
fn fallible(it: &Amount) -> Result<Verdict, String> {
    let double = it.amount.checked_add(it.amount).ok_or_else(|| format!("{{amount}} {} is too large", it.amount))?;
    Ok(if double.is_zero() { fail!("zero") } else { Verdict::pass() })
}

/// Other inputs than those of the rules that use the findings below.
#[derive(Inputs)]
struct Other {
    amount: Decimal,
    rate: Decimal,
}

#[rule(id = "borrows", entity = "thing", description = "uses findings that were made for the inputs of another rule")]
fn borrows(it: &Amount) -> Verdict {
    let other = Other { amount: it.amount, rate: Decimal::ONE };
    let mut verdict = fail!(Other, "{amount} is an input here as well", on = ["amount"]);
    match it.amount.mantissa() {
        0 => verdict.also(fail!(Other, "in words: {rate}")),
        1 => verdict.also(fail!(Other, "on it", on = ["rate"])),
        2 => verdict.also(fail!("{amount}", amount = other.amount * other.rate)),
        _ => {}
    }
    verdict
}

jurat_rule::package![everything, gaps, nothing, fallible, borrows];

#[test]
fn a_rule_declares_its_fields() {
    let rule = package().declarations().next().unwrap();
    assert_eq!((rule.id, rule.entity, rule.description), ("everything", "thing", "writes down what it is given"));
    assert_eq!(rule.annotations, [("owner", "tests"), ("a.b", "c")]);
    let kinds: Vec<_> = rule.inputs.iter().map(|input| (input.name, input.kind, input.required)).collect();
    assert_eq!(
        kinds,
        [
            ("boolean", Kind::Boolean, true),
            ("integer", Kind::Integer, true),
            ("number", Kind::Number, true),
            ("decimal", Kind::Decimal, true),
            ("text", Kind::Text, true),
            ("owned", Kind::Text, true),
            ("date", Kind::Date, true),
            ("timestamp", Kind::Timestamp, true),
            ("json", Kind::Json, true),
            ("now", Kind::Timestamp, true),
            ("type", Kind::Text, false),
        ]
    );
    let related = package().declarations().nth(1).unwrap().inputs.last().unwrap();
    assert_eq!((related.name, related.of, related.required), ("limit", Some("parent"), false));
}

#[test]
fn every_type_arrives_as_it_was_sent() {
    let noon: Timestamp = "2024-02-29T12:00:00Z".parse().unwrap();
    let row = |decimal: &str, text: &str| {
        Row::new()
            .with("boolean", true)
            .with("integer", i64::MIN)
            .with("number", -0.5)
            .with("decimal", decimal.parse::<Decimal>().unwrap())
            .with("text", text)
            .with("owned", "ö")
            .with("date", Date::from_days(-1))
            .with("timestamp", noon)
            .with("json", r#"[{"name":"a"},{"name":"b"}]"#)
            .with("now", noon)
    };
    let said = |decimal: &str, text: &str| {
        let time = "2024-02-29T12:00:00Z";
        format!(r#"true -9223372036854775808 -0.5 {decimal} {text} ö 1969-12-31 {time} ["a", "b"] {time} None"#)
    };
    let cases = [
        ("0", ""),
        ("1.50", "plain"),
        ("-0.0000000000000000000000000001", "grüße €"),
        ("79228162514264337593543950335", "{amount}"),
        ("-79228162514264337593543950335", "🦀"),
        ("-9223372036854775808", "\u{0}"),
        ("9223372036854775808", "end"),
    ];
    // Together the column needs the high halves; alone most rows do not.
    let together = judge(package(), "everything", &cases.map(|(decimal, text)| row(decimal, text)));
    for (index, (decimal, text)) in cases.into_iter().enumerate() {
        let alone = judge(package(), "everything", &[row(decimal, text)]);
        assert_eq!(together.findings[index].params, alone.findings[0].params);
        assert_eq!(alone.findings[0].params, [("all", said(decimal, text))]);
    }
}

#[test]
fn gaps_are_none() {
    let full = Row::new()
        .with("boolean", false)
        .with("integer", 0)
        .with("number", 0.0)
        .with("decimal", Decimal::ZERO)
        .with("text", "")
        .with("date", Date::from_days(0))
        .with("timestamp", Timestamp::from_microseconds(0))
        .with("json", "5")
        .with("parent.limit", Decimal::ONE);
    let rows: Vec<_> = (0..20).map(|row| if row % 3 == 0 { full.clone() } else { Row::new() }).collect();
    let verdicts = judge(package(), "gaps", &rows);
    assert_eq!(verdicts.statuses, [Status::Norun; 20]);
    for (row, finding) in (0..).zip(&verdicts.findings) {
        let count = if row % 3 == 0 { "9" } else { "0" };
        assert_eq!((finding.row, &finding.params[0].1), (row, &count.to_owned()));
        assert_eq!(finding.inputs, [8, 7]);
    }
}

#[test]
fn json_of_another_shape_is_an_error_of_its_row() {
    let rows = ["5", r#""five""#, "{}"].map(|json| Row::new().with("json", json));
    let verdicts = judge(package(), "gaps", &rows);
    assert_eq!(verdicts.statuses, [Status::Norun, Status::Error, Status::Error]);
    assert_eq!(verdicts.findings[1].code, Some("input_shape"));
    assert_eq!(verdicts.findings[1].inputs, [7]);
    assert!(verdicts.findings[1].message.starts_with("`json` is not what the rule reads: invalid type"));
}

#[test]
fn an_err_is_an_error_of_its_row() {
    let rows = [Decimal::ONE, Decimal::MAX, Decimal::ZERO].map(|amount| Row::new().with("amount", amount));
    let verdicts = judge(package(), "fallible", &rows);
    assert_eq!(verdicts.statuses, [Status::Pass, Status::Error, Status::Fail]);
    let said: Vec<_> = verdicts.findings.iter().map(|finding| (finding.row, finding.code, &*finding.message)).collect();
    let error = "{{amount}} 79228162514264337593543950335 is too large";
    assert_eq!(said, [(1, Some("rule_error"), error), (2, None, "zero")]);
}

#[test]
fn a_finding_for_other_inputs_is_an_error_of_its_row_where_its_names_do_not_fit() {
    let rows = [3, 0, 1, 2].map(|amount| Row::new().with("amount", Decimal::from(amount)));
    let verdicts = judge(package(), "borrows", &rows);
    assert_eq!(verdicts.statuses, [Status::Fail, Status::Error, Status::Error, Status::Error]);
    let said: Vec<_> = verdicts.findings.iter().map(|finding| (finding.row, finding.code, &*finding.message)).collect();
    assert_eq!(
        said,
        [
            (0, None, "{amount} is an input here as well"),
            (1, Some("unknown_input"), "a finding names `rate`, which the rule does not read"),
            (2, Some("unknown_input"), "a finding names `rate`, which the rule does not read"),
            (3, Some("unknown_input"), "a param of a finding has the name of the input `amount`"),
        ]
    );
}

#[test]
fn a_rule_without_inputs_judges_rows() {
    assert_eq!(judge(package(), "nothing", &[Row::new(), Row::new()]).statuses, [Status::Pass; 2]);
}

/// The answer to a batch of one column for the rule `fallible`, which reads one decimal.
#[track_caller]
fn check(rows: u32, column: Column<'_>, expected: Result<usize, &str>) {
    let found = package().evaluate(3, &Batch { rows, columns: vec![column] });
    let found = found.map(|verdicts| verdicts.statuses.len()).map_err(|mismatch| mismatch.to_string());
    assert_eq!(found, expected.map_err(str::to_owned));
}

#[test]
fn a_batch_that_does_not_fit_is_refused() {
    let decimals = |units, high, scales| Values::Decimals(Decimals { units, high, scales });
    let column = |values, present| Column { values, present };
    check(2, column(decimals(&[1, 2], None, &[0, 28]), None), Ok(2));
    check(2, column(decimals(&[1, 2], Some(&[0, -1]), &[0, 0]), Some(&[3])), Ok(2));
    for (rows, column, reason) in [
        (3, column(decimals(&[1, 2], None, &[0, 0]), None), "it has 2 entries instead of 3"),
        (2, column(decimals(&[1, 2], None, &[0]), None), "it has 1 entries instead of 2"),
        (2, column(decimals(&[1, 2], Some(&[0]), &[0, 0]), None), "it has 1 entries instead of 2"),
        (2, column(decimals(&[1, 2], None, &[0, 29]), None), "a decimal has more than 28 places"),
        (1, column(decimals(&[0], Some(&[1 << 32]), &[0]), None), "a decimal has more than 96 bits"),
        (1, column(decimals(&[0], Some(&[i64::MIN]), &[0]), None), "a decimal has more than 96 bits"),
        (2, column(decimals(&[1, 2], None, &[0, 0]), Some(&[1])), "it is required, and a row has no value"),
        (2, column(decimals(&[1, 2], None, &[0, 0]), Some(&[])), "it is required, and a row has no value"),
        (2, column(Values::Integers(&[1, 2]), None), "it is declared as decimal and holds integers"),
        (2, column(Values::Dates(&[1, 2]), None), "it is declared as decimal and holds dates"),
    ] {
        check(rows, column, Err(&format!("column `amount`: {reason}")));
    }
}

#[test]
fn a_batch_of_other_columns_is_refused() {
    let refusal = |rule, columns| package().evaluate(rule, &Batch { rows: 1, columns }).unwrap_err().to_string();
    assert_eq!(refusal(3, vec![]), "the batch has 0 columns instead of 1");
    let one = Column { values: Values::Booleans(&[1]), present: None };
    assert_eq!(refusal(2, vec![one]), "the batch has 1 columns instead of 0");
    assert_eq!(refusal(9, vec![]), "there are 5 rules, and none is number 9");
}

#[derive(Inputs)]
struct Texty<'a> {
    text: Option<&'a str>,
}

#[rule(id = "texty", entity = "thing", description = "reads texts")]
fn texty(it: &Texty<'_>) -> Verdict {
    warn!("{length}", length = it.text.map_or(0, str::len))
}

#[test]
fn texts_that_are_off_are_refused() {
    let judge = |offsets: &[u32], bytes: &[u8], present: Option<&[u8]>| {
        let columns = vec![Column { values: Values::Texts(Texts { offsets, bytes }), present }];
        <texty as jurat_rule::Rule>::evaluate(&Batch { rows: 2, columns }).map_err(|mismatch| mismatch.to_string())
    };
    assert!(judge(&[0, 2, 3], "öx".as_bytes(), None).is_ok());
    assert!(judge(&[0, 0, 0], b"", Some(&[0])).is_ok());
    for (offsets, bytes, present, reason) in [
        (&[0, 1, 3][..], "öx".as_bytes(), None, "its offsets do not fit its text"),
        (&[0, 3, 2], b"abc", None, "its offsets do not fit its text"),
        (&[0, 1, 2], b"abc", None, "its offsets do not fit its text"),
        (&[0, 1, 4], b"abc", None, "its offsets do not fit its text"),
        (&[1, 1, 3], b"abc", None, "its offsets do not fit its text"),
        (&[0, 1, 2], b"a\xff", None, "its text is not UTF-8"),
        (&[0, 3], b"abc", None, "it has 2 entries instead of 3"),
        (&[], b"", None, "it has 0 entries instead of 3"),
        (&[0, 1, 2], b"ab", Some(&[][..]), "its validity bitmap is too short for 2 rows"),
    ] {
        assert_eq!(judge(offsets, bytes, present), Err(format!("column `text`: {reason}")));
    }
}
