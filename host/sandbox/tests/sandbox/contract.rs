//! The first version of the contract, for ever: a component that was built when it was published must load and judge alike.

use std::collections::BTreeMap;

use jurat_model::columns::{Batch, ColumnBuilder};
use jurat_model::{Component, Declaration, Finding, Isolation, Kind, Worker};
use jurat_sandbox::Policy;
use jurat_test_kit::load::{Terms, load, sandbox};
use jurat_test_kit::rows::RUN;
use jurat_test_kit::{guest, rows};
use jurat_trust::{Wasi, danger};
use serde::{Deserialize, Serialize};

const EXPECTED: &str = include_str!("../../../../tests/fixtures/contract/jurat-rule-0.1.0.json");

#[derive(Debug, Deserialize, Eq, PartialEq, Serialize)]
struct Expected {
    contract: String,
    rules: Vec<Rule>,
    verdicts: BTreeMap<String, Vec<Verdict>>,
}

#[derive(Debug, Deserialize, Eq, PartialEq, Serialize)]
struct Rule {
    id: String,
    entity_type: String,
    description: String,
    inputs: Vec<String>,
    annotations: Vec<(String, String)>,
}

#[derive(Debug, Deserialize, Eq, PartialEq, Serialize)]
struct Verdict {
    status: String,
    findings: Vec<Reason>,
}

#[derive(Debug, Deserialize, Eq, PartialEq, Serialize)]
struct Reason {
    code: Option<String>,
    message: String,
    inputs: Vec<u32>,
    params: Vec<(String, String)>,
}

/// Ten rows with small and large values of every kind; each column but the first has gaps.
fn batch() -> Batch<'static> {
    let column = |kind| {
        let mut column = ColumnBuilder::new(kind, 10);
        for row in 0..10u8 {
            let large = i64::MAX - i64::from(row);
            match kind {
                Kind::Boolean => column.push_boolean(row % 3 == 0),
                _ if (usize::from(row) + kind.name().len()) % 4 == 0 => column.push_absent(),
                Kind::Integer => column.push_integer(if row < 5 { row.into() } else { -large }),
                Kind::Number => column.push_number(f64::from(row) / 8.0 - 0.1),
                Kind::Decimal if row < 5 => column.push_decimal((i128::from(row) - 2) * 12_345, row),
                Kind::Decimal => column.push_decimal((1 << 96) - 1 - i128::from(row), 28),
                Kind::Text => column.push_text(&"käse ".repeat(row.into())).unwrap(),
                Kind::Date => column.push_date(19_000 - i32::from(row) * 5_000),
                Kind::Timestamp => column.push_timestamp(if row < 5 { -i64::from(row) } else { large }),
                Kind::Json => column.push_text(&format!("{{\"row\": {row}}}")).unwrap(),
            }
        }
        column.finish()
    };
    Batch { rows: 10, columns: Kind::ALL.map(column).into() }
}

fn rule(declaration: Declaration) -> Rule {
    let inputs = declaration.inputs.iter().map(|input| {
        let required = if input.required { "required" } else { "optional" };
        format!("{input}: {}, {required}", input.kind)
    });
    let inputs = inputs.collect();
    let Declaration { id, entity_type, description, annotations, .. } = declaration;
    Rule { id, entity_type, description, inputs, annotations }
}

fn reason(finding: &Finding) -> Reason {
    let Finding { code, message, inputs, params, .. } = finding.clone();
    Reason { code, message, inputs, params }
}

#[test]
fn a_component_of_version_0_1_0_judges_as_on_its_first_day() {
    let bytes = danger::assume_verified_bytes(guest::fixture());
    let description = sandbox().describe(&bytes, Wasi::None, &Policy::default()).unwrap();
    let terms = Terms::default().with_rules(description.rules.clone());
    let component = load(sandbox(), guest::fixture(), &terms).unwrap();
    assert_eq!(component.contract(), description.contract);
    assert_eq!(component.shape().exports, [description.contract]);

    let batches = [batch(), rows::batch(&[0, 1, 2, 3, 4, 5, 4, 3, 2, 1])];
    for isolation in [Isolation::Chunk, Isolation::Record] {
        let mut verdicts = BTreeMap::new();
        let mut session = component.session(Worker(0), &jurat_model::Run { isolation, ..RUN });
        for ((number, declaration), batch) in (0..).zip(component.declarations()).zip(&batches) {
            let evaluation = session.evaluate(number, batch, &mut jurat_model::NoPause).unwrap();
            assert_eq!(evaluation.guilty, []);
            let of_row = |(row, status): (u32, &jurat_model::Status)| Verdict {
                status: status.to_string(),
                findings: evaluation
                    .verdicts
                    .findings
                    .iter()
                    .filter(|finding| finding.row == row)
                    .map(reason)
                    .collect(),
            };
            let all = (0..).zip(&evaluation.verdicts.statuses).map(of_row).collect();
            verdicts.insert(declaration.id.clone(), all);
        }
        let rules = description.rules.iter().cloned().map(rule).collect();
        let found = Expected { contract: description.contract.to_owned(), rules, verdicts };
        let expected: Expected = serde_json::from_str(EXPECTED).unwrap();
        assert_eq!(found, expected, "found: {}", serde_json::to_string_pretty(&found).unwrap());
    }
}

#[test]
fn what_the_fixture_was_built_from_still_behaves_the_same() {
    // Built anew from its source, it may differ in every byte, but not in what it says of itself.
    let describe = |bytes| {
        let bytes = danger::assume_verified_bytes(bytes);
        sandbox().describe(&bytes, Wasi::None, &Policy::default()).unwrap().rules
    };
    assert_eq!(describe(guest::rust("every_kind")), describe(guest::fixture()));
}
