use jurat_model::columns::{Decimals, Values};

use super::*;

/// What a column of one row has for a token, as the cases write it.
fn converted(kind: Kind, token: &str) -> String {
    let mut builder = ColumnBuilder::new(kind, 1);
    let outcome = push(&mut builder, kind, token, &mut String::new());
    assert_eq!(builder.rows(), 1, "{kind} {token}");
    let column = builder.finish();
    assert_eq!(column.is_present(0), outcome == Conversion::Present, "{kind} {token}");
    match outcome {
        Conversion::Absent => return "absent".to_owned(),
        Conversion::WrongKind => return "-".to_owned(),
        Conversion::Present => {}
    }
    match &column.values {
        Values::Booleans(values) => (values[0] == 1).to_string(),
        Values::Integers(values) | Values::Timestamps(values) => values[0].to_string(),
        Values::Numbers(values) if values[0].abs() > 1e300 || (values[0] != 0.0 && values[0].abs() < 1e-300) => {
            format!("{:e}", values[0])
        }
        Values::Numbers(values) => values[0].to_string(),
        Values::Dates(values) => values[0].to_string(),
        Values::Decimals(Decimals { units, high, scales }) => {
            let low = i128::from(units[0]);
            let units =
                high.as_ref().map_or(low, |high| i128::from(high[0]) << 64 | i128::from(units[0].cast_unsigned()));
            format!("{units}/{}", scales[0])
        }
        Values::Texts(texts) => String::from_utf8(texts.row(0).to_vec()).unwrap(),
    }
}

#[test]
fn every_case_converts_as_it_says() {
    let mut cases = 0;
    for line in include_str!("cases.txt").lines().filter(|line| !line.is_empty() && !line.starts_with('#')) {
        let mut parts = line.splitn(3, " | ");
        let mut part = || parts.next().unwrap_or_else(|| panic!("not a case: {line}"));
        let (kind, token, expected) = (part().parse().unwrap(), part(), part());
        serde_json::from_str::<&serde_json::value::RawValue>(token).unwrap_or_else(|_| panic!("not JSON: {line}"));
        assert_eq!(converted(kind, token), expected, "{line}");
        cases += 1;
    }
    assert!(cases > 100);
}

#[test]
fn what_is_not_json_converts_to_nothing_and_panics_nowhere() {
    for kind in Kind::ALL {
        for token in
            ["", "\"", "-", ".", "e", "1.", "1e", "--1", "\"\\", "\"\\u\"", "\"\\ud800\"", "é", "nul", "\"2024-01-0é\""]
        {
            converted(kind, token);
        }
    }
}
