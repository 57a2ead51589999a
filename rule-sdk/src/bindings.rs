//! What `wit-bindgen` makes of the contract, and the conversions between its types and ours.

use crate::columns::{Batch, Column, Decimals, Texts, Values};
use crate::{Declaration, Kind, Package, RowFinding, Status, Verdicts};
use contract::exports::jurat::rule::rules as wit;

pub use contract::export;
pub use wit::Guest;

/// Generated.
#[doc(hidden)]
pub mod contract {
    wit_bindgen::generate!({
        path: "../wit",
        world: "rule-package",
        pub_export_macro: true,
        export_macro_name: "export",
        default_bindings_module: "jurat_rule::__private::contract",
    });
}

/// The component that [`package!`](crate::package) exports.
pub trait Component {
    /// The rules.
    fn package() -> Package;
}

impl<T: Component> Guest for T {
    fn describe() -> Vec<wit::RuleInfo> {
        T::package().declarations().map(rule_info).collect()
    }

    fn evaluate(rule: u32, batch: wit::Batch) -> Result<wit::Verdicts, String> {
        let columns = batch.columns.iter().map(column).collect();
        let verdicts = T::package().evaluate(rule, &Batch { rows: batch.rows, columns });
        verdicts.map(reply).map_err(|mismatch| mismatch.to_string())
    }
}

fn rule_info(declaration: &Declaration) -> wit::RuleInfo {
    let input = |input: &crate::Input| wit::Input {
        name: input.name.to_owned(),
        of: input.of.map(str::to_owned),
        kind: match input.kind {
            Kind::Boolean => wit::Kind::Boolean,
            Kind::Integer => wit::Kind::Integer,
            Kind::Number => wit::Kind::Number,
            Kind::Decimal => wit::Kind::Decimal,
            Kind::Text => wit::Kind::Text,
            Kind::Date => wit::Kind::Date,
            Kind::Timestamp => wit::Kind::Timestamp,
            Kind::Json => wit::Kind::Json,
        },
        required: input.required,
    };
    wit::RuleInfo {
        id: declaration.id.to_owned(),
        entity_type: declaration.entity.to_owned(),
        description: declaration.description.to_owned(),
        inputs: declaration.inputs.iter().map(input).collect(),
        annotations: declaration.annotations.iter().map(|&(key, value)| (key.to_owned(), value.to_owned())).collect(),
    }
}

fn column(column: &wit::Column) -> Column<'_> {
    let values = match &column.values {
        wit::Values::Booleans(values) => Values::Booleans(values),
        wit::Values::Integers(values) => Values::Integers(values),
        wit::Values::Numbers(values) => Values::Numbers(values),
        wit::Values::Decimals(wit::Decimals { units, high, scales }) => {
            Values::Decimals(Decimals { units, high: high.as_deref(), scales })
        }
        wit::Values::Dates(values) => Values::Dates(values),
        wit::Values::Timestamps(values) => Values::Timestamps(values),
        wit::Values::Texts(wit::Texts { offsets, bytes }) => Values::Texts(Texts { offsets, bytes }),
    };
    Column { values, present: column.present.as_deref() }
}

fn reply(verdicts: Verdicts) -> wit::Verdicts {
    let statuses = verdicts.statuses.into_iter().map(status).collect();
    let finding = |finding: RowFinding| wit::Finding {
        row: finding.row,
        code: finding.code.map(str::to_owned),
        message: finding.message.into_owned(),
        inputs: finding.inputs,
        params: finding.params.into_iter().map(|(key, value)| (key.to_owned(), value)).collect(),
    };
    wit::Verdicts { statuses, findings: verdicts.findings.into_iter().map(finding).collect() }
}

fn status(status: Status) -> wit::Status {
    match status {
        Status::Pass => wit::Status::Pass,
        Status::Warn => wit::Status::Warn,
        Status::Fail => wit::Status::Fail,
        Status::Norun => wit::Status::Norun,
        Status::Error => wit::Status::Error,
    }
}
