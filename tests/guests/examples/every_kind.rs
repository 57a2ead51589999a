//! Behaves: reads all kinds, says all there is to say. What it says of a batch must be the same for ever.
#![expect(clippy::indexing_slicing, reason = "the host promises columns of the right length, and a trap would say so")]

use hostile_guests::{
    Batch, Column, Decimals, Finding, Guest, Input, Kind, RuleInfo, Status, Texts, Values, Verdicts, finding, judge,
};

const KINDS: [Kind; 8] =
    [Kind::Boolean, Kind::Integer, Kind::Number, Kind::Decimal, Kind::Text, Kind::Date, Kind::Timestamp, Kind::Json];

/// The component.
#[derive(Debug)]
pub struct Component;

impl Guest for Component {
    fn describe() -> Vec<RuleInfo> {
        let input = |kind: Kind| Input {
            name: format!("{kind:?}").replace("Kind::", "").to_lowercase(),
            of: (kind == Kind::Json).then(|| "parent".to_owned()),
            kind,
            required: kind == Kind::Boolean,
        };
        let all = RuleInfo {
            id: "every_kind".to_owned(),
            entity_type: "loan".to_owned(),
            description: "writes down what it reads".to_owned(),
            inputs: KINDS.map(input).into(),
            annotations: vec![("owner".to_owned(), "tests".to_owned())],
        };
        let statuses = RuleInfo {
            id: "every_status".to_owned(),
            entity_type: "facility".to_owned(),
            description: "answers with each status in turn".to_owned(),
            inputs: vec![Input { required: true, ..input(Kind::Integer) }],
            annotations: Vec::new(),
        };
        vec![all, statuses]
    }

    fn evaluate(rule: u32, batch: Batch) -> Result<Verdicts, String> {
        match rule {
            0 => Ok(write_down(&batch)),
            1 => Ok(each_status(&batch)),
            _ => Err(format!("there is no rule {rule}")),
        }
    }
}

fn write_down(batch: &Batch) -> Verdicts {
    let findings = (0..batch.rows).map(|row| {
        let texts: Vec<_> = batch.columns.iter().map(|column| cell(column, row as usize)).collect();
        let inputs: Vec<_> = (0..).zip(&texts).filter(|(_, text)| *text != "-").map(|(index, _)| index).collect();
        let code = Some("read".to_owned());
        let params = vec![("values".to_owned(), inputs.len().to_string())];
        Finding { code, inputs, params, ..finding(row, texts.join(" | ")) }
    });
    let findings: Vec<_> = findings.collect();
    Verdicts { statuses: findings.iter().map(|_| Status::Fail).collect(), findings }
}

fn each_status(batch: &Batch) -> Verdicts {
    judge(batch, |row, n| {
        let reason = || vec![finding(row, format!("because of {n}"))];
        match n {
            1 => Some((Status::Warn, reason())),
            2 => Some((Status::Fail, reason())),
            3 => Some((Status::Norun, Vec::new())),
            4 => Some((Status::Error, reason())),
            _ => None,
        }
    })
}

fn cell(column: &Column, row: usize) -> String {
    let is_present = column.present.as_ref().is_none_or(|bits| bits[row / 8] >> (row % 8) & 1 == 1);
    if !is_present {
        return "-".to_owned();
    }
    match &column.values {
        Values::Booleans(values) => (values[row] == 1).to_string(),
        Values::Integers(values) | Values::Timestamps(values) => values[row].to_string(),
        Values::Numbers(values) => values[row].to_string(),
        Values::Decimals(values) => decimal(values, row),
        Values::Dates(values) => values[row].to_string(),
        Values::Texts(values) => text(values, row),
    }
}

fn decimal(Decimals { units, high, scales }: &Decimals, row: usize) -> String {
    let units = match high {
        Some(high) => (i128::from(high[row]) << 64) | i128::from(units[row].cast_unsigned()),
        None => i128::from(units[row]),
    };
    format!("{units}e-{}", scales[row])
}

fn text(Texts { offsets, bytes }: &Texts, row: usize) -> String {
    String::from_utf8_lossy(&bytes[offsets[row] as usize..offsets[row + 1] as usize]).into_owned()
}

#[cfg(target_family = "wasm")]
hostile_guests::bindings::export!(Component with_types_in hostile_guests::bindings);
