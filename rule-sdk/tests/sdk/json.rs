//! What rules read inside of JSON: exactly, or not at all.
#![expect(clippy::unwrap_used, reason = "a helper of tests fails like a test")]

use std::borrow::Cow;
use std::fmt::Debug;

use jurat_rule::columns::{Column, Texts, Values};
use jurat_rule::field::Field;
use jurat_rule::testing::{Row, judge};
use jurat_rule::{Date, Decimal, Inputs, Json, Status, Text, Timestamp, Verdict, fail, rule};
use serde::Deserialize;

/// 27 digits: a float has 17.
const LONG: &str = "12345678901234567.8901234567";

#[derive(Debug, Deserialize, PartialEq)]
struct Tranche {
    name: String,
    amount: Decimal,
    fee: Option<Decimal>,
    #[serde(default)]
    parts: Vec<Decimal>,
    from: Option<Date>,
    at: Option<Timestamp>,
    text: Option<Text<Decimal>>,
    day: Option<Text<Date>>,
}

#[derive(Debug, Deserialize, PartialEq)]
enum External {
    Amount(Decimal),
    Fee { amount: Decimal },
}

#[derive(Debug, Deserialize, PartialEq)]
#[serde(tag = "kind")]
enum Internal {
    Amount { amount: Decimal },
    Written { amount: Text<Decimal>, at: Date },
    Rate { rate: f64, count: i64 },
}

#[derive(Debug, Deserialize, PartialEq)]
#[serde(untagged)]
enum Untagged {
    Decimal(Decimal),
    Text(Text<Decimal>),
}

#[derive(Debug, Deserialize, PartialEq)]
struct Outer {
    amount: Decimal,
    #[serde(flatten)]
    inner: Inner,
}

#[derive(Debug, Deserialize, PartialEq)]
struct Inner {
    count: Option<Decimal>,
    rate: Option<f64>,
}

/// Reads a value as a rule reads it, of a column.
fn read<T: for<'a> Deserialize<'a>>(json: &str) -> Result<T, String> {
    let (offsets, json) = (&*Box::leak(Box::new([0, u32::try_from(json.len()).unwrap()])), json.to_owned().leak());
    let column = Column { values: Values::Texts(Texts { offsets, bytes: json.as_bytes() }), present: None };
    let column = <Json<T> as Field<'_>>::column(&column, 1)?;
    <Json<T> as Field<'_>>::read(&column, 0).map(|Json(value)| value).map_err(|error| format!("{error:?}"))
}

#[track_caller]
fn reads<T: for<'a> Deserialize<'a> + Debug + PartialEq>(json: &str, expected: T) {
    assert_eq!(read::<T>(json), Ok(expected), "{json}");
}

#[track_caller]
fn refuses<T: for<'a> Deserialize<'a> + Debug>(json: &str, reason: &str) {
    let error = read::<T>(json).unwrap_err();
    assert!(error.contains(reason), "{json}: {error}");
}

fn decimal(text: &str) -> Decimal {
    text.parse().unwrap()
}

#[test]
fn a_decimal_is_read_of_a_number_exactly() {
    for number in
        [LONG, "0", "-1.50", "0.1000000000000000055511151231", "79228162514264337593543950335", "9007199254740993"]
    {
        let expected = decimal(number);
        reads(number, expected);
        reads(&format!(" {number} "), expected);
        reads(&format!("[{number}, 1]"), vec![expected, Decimal::ONE]);
        reads(number, Some(expected));
        reads(
            &format!(r#"[{{"Amount": {number}}}, {{"Fee": {{"amount": {number}}}}}]"#),
            vec![External::Amount(expected), External::Fee { amount: expected }],
        );
        assert_eq!(read::<Decimal>(number).unwrap().to_string(), number);
    }
    reads("null", None::<Decimal>);
    reads("15e-1", Decimal::new(15, 1));
    for number in
        ["1.4210854715202004e-14", "0.1000000000000000055511151231257827", "1e300", "79228162514264337593543950336"]
    {
        refuses::<Decimal>(number, "expected a decimal number of at most 28 places");
        refuses::<Vec<Option<Decimal>>>(&format!("[{number}]"), "expected a decimal number of at most 28 places");
    }
    refuses::<Decimal>(r#""1.50""#, "a text is read as `Text<Decimal>`");
    for json in ["true", "[]", "{}", "[1.50]", r#"{"a": 1}"#, "null"] {
        refuses::<Decimal>(json, "expected a decimal number of at most 28 places");
    }
}

#[test]
fn where_serde_keeps_a_float_there_is_an_error_and_never_a_rounded_decimal() {
    let reason = "a decimal with a fraction cannot be read inside of `flatten`";
    for number in [LONG, "1.5", "0.1"] {
        refuses::<Internal>(&format!(r#"{{"kind": "Amount", "amount": {number}}}"#), reason);
        refuses::<Untagged>(number, "did not match any variant");
        // The field of the struct itself is read, the one that is flattened is not.
        reads(
            &format!(r#"{{"amount": {number}, "count": 7, "rate": 0.1}}"#),
            Outer { amount: decimal(number), inner: Inner { count: Some(Decimal::from(7)), rate: Some(0.1) } },
        );
        refuses::<Outer>(&format!(r#"{{"amount": 1, "count": {number}}}"#), reason);
        // A float that the author reads, and makes a decimal of by way of serde.
        let value: serde_json::Value = read(number).unwrap();
        assert!(serde_json::from_value::<Decimal>(value.clone()).is_err());
        assert!(Decimal::deserialize(&value).is_err());
    }
    // What serde does not round, it may keep.
    reads(
        r#"{"kind": "Amount", "amount": 9007199254740993}"#,
        Internal::Amount { amount: decimal("9007199254740993") },
    );
    reads(
        &format!(r#"{{"kind": "Written", "amount": "{LONG}", "at": "2024-02-29"}}"#),
        Internal::Written { amount: Text(decimal(LONG)), at: "2024-02-29".parse().unwrap() },
    );
    reads(&format!(r#""{LONG}""#), Untagged::Text(Text(decimal(LONG))));
    reads("-5", Untagged::Decimal(Decimal::from(-5)));
    reads(r#"{"kind": "Rate", "rate": 0.1, "count": 3}"#, Internal::Rate { rate: 0.1, count: 3 });
    // The author's own call reads the same.
    assert_eq!(serde_json::from_str::<Decimal>(LONG).unwrap(), decimal(LONG));
    assert!(serde_json::from_reader::<_, Decimal>(LONG.as_bytes()).is_err());
}

#[test]
fn dates_timestamps_and_texts_are_read_of_texts() {
    let json = format!(
        r#"{{"name": "M\u00fcller \ud83d\ude00", "amount": {LONG}, "fee": null, "parts": [1.10, 2], "from": "2024-02-29",
            "at": "2024-02-29T15:45:00.5+02:00", "text": "{LONG}", "day": "1970-01-02"}}"#
    );
    let expected = Tranche {
        name: "Müller 😀".to_owned(),
        amount: decimal(LONG),
        fee: None,
        parts: vec![decimal("1.10"), Decimal::TWO],
        from: Date::from_ymd(2024, 2, 29),
        at: Some("2024-02-29T13:45:00.5Z".parse().unwrap()),
        text: Some(Text(decimal(LONG))),
        day: Some(Text(Date::from_days(1))),
    };
    reads(&json, expected);
    for json in [
        "20240229",
        r#""2024-02-30""#,
        r#""29.02.2024""#,
        r#""""#,
        r#""0000-02-29""#,
        r#""2024-02-29T00:00:00Z""#,
        "{}",
    ] {
        assert!(read::<Date>(json).is_err(), "{json}");
    }
    for json in ["0", r#""2024-02-29""#, r#""2024-02-29T13:45:00""#, r#""""#, r#""0000-02-29T13:45:00Z""#] {
        assert!(read::<Timestamp>(json).is_err(), "{json}");
    }
    for json in ["1.50", r#""1.50 ""#, r#""0.00000000000000000000000000001""#, r#""1,50""#, "null"] {
        assert!(read::<Text<Decimal>>(json).is_err(), "{json}");
    }
    let long = format!("\"{}\"", "x".repeat(1 << 20));
    for error in [
        read::<Date>(&long).unwrap_err(),
        read::<Text<Decimal>>(&long).unwrap_err(),
        read::<Decimal>(&long).unwrap_err(),
    ] {
        assert!(error.len() < 500, "{error}");
    }
}

/// The example of the documentation.
#[derive(Deserialize)]
struct Guarantor<'a> {
    #[serde(borrow)]
    name: Cow<'a, str>,
    amount: Decimal,
    until: Option<Date>,
}

#[derive(Inputs)]
struct Loan<'a> {
    guarantors: Json<Vec<Guarantor<'a>>>,
}

#[rule(id = "rule_901_v1", entity = "loan", description = "A guarantor with a name stands for a loan")]
fn is_guaranteed(loan: &Loan<'_>) -> Verdict {
    let named = loan.guarantors.iter().filter(|guarantor| !guarantor.name.is_empty() && guarantor.until.is_none());
    match named.map(|guarantor| guarantor.amount).sum::<Decimal>() > Decimal::ZERO {
        true => Verdict::pass(),
        false => fail!(Loan, "no guarantor stands for the loan", on = ["guarantors"]),
    }
}

jurat_rule::package![is_guaranteed];

#[test]
fn the_example_reads_texts_as_other_languages_write_them() {
    // Python with its defaults, PHP, and a text without escapes.
    let guarantors = [
        r#"[{"name": "M\u00fcller", "amount": 1000.50, "until": null}]"#,
        r#"[{"name":"M\u00fcller\/S\u00f6hne \"\ud83d\ude00\"","amount":1000.5}]"#,
        r#"[{"name": "Müller", "amount": 0.0000000000000000000000000001}]"#,
        r#"[{"name": "", "amount": 1}]"#,
        r#"[{"name": "M\u00fcller", "amount": 1e-300}]"#,
    ];
    let rows = guarantors.map(|guarantors| Row::new().with("guarantors", guarantors));
    let verdicts = judge(package(), "rule_901_v1", &rows);
    assert_eq!(verdicts.statuses, [Status::Pass, Status::Pass, Status::Pass, Status::Fail, Status::Error]);
    assert_eq!(verdicts.findings[1].code, Some("input_shape"));
}
