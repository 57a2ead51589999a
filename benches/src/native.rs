//! The loan rules compiled into this program: the same functions and the same loop over rows, without the sandbox.

use std::borrow::Cow;
use std::time::Instant;

use jurat_model::columns::{Batch, Column, Values};
use jurat_model::{
    Component, Declaration, EvaluateError, Evaluation, Finding, HostFailure, Input, Kind, Limits, Pause, Run, Session,
    Status, Usage, Verdicts, Worker,
};
use jurat_rule::columns as rule;

/// The native rules as a component of the engine.
#[derive(Debug)]
pub(crate) struct NativeComponent {
    declarations: Vec<Declaration>,
}

impl NativeComponent {
    pub(crate) fn new() -> Self {
        Self { declarations: loan_rules::package().declarations().map(declaration).collect() }
    }
}

impl Component for NativeComponent {
    fn declarations(&self) -> &[Declaration] {
        &self.declarations
    }

    fn digest(&self) -> &str {
        "native"
    }

    fn limits(&self) -> &Limits {
        &Limits::DEFAULT
    }

    fn session<'a>(&'a self, _worker: Worker, _run: &Run) -> Box<dyn Session + 'a> {
        Box::new(NativeSession)
    }
}

struct NativeSession;

impl Session for NativeSession {
    fn evaluate(&mut self, rule: u32, batch: &Batch<'_>, _: &mut dyn Pause) -> Result<Evaluation, EvaluateError> {
        let begun = Instant::now();
        let verdicts = evaluate(rule, batch).map_err(|mismatch| HostFailure::new(mismatch.to_string()))?;
        let usage = Usage { calls: 1, elapsed: begun.elapsed(), ..Usage::default() };
        Ok(Evaluation { verdicts, usage, ..Evaluation::default() })
    }
}

/// The verdicts of one rule on a batch.
pub(crate) fn evaluate(rule: u32, batch: &Batch<'_>) -> Result<Verdicts, jurat_rule::Mismatch> {
    let columns = batch.columns.iter().map(column).collect();
    let verdicts = loan_rules::package().evaluate(rule, &rule::Batch { rows: batch.rows, columns })?;
    Ok(Verdicts {
        statuses: verdicts.statuses.into_iter().map(status).collect(),
        findings: verdicts
            .findings
            .into_iter()
            .map(|finding| Finding {
                row: finding.row,
                code: finding.code.map(str::to_owned),
                message: Cow::into_owned(finding.message),
                inputs: finding.inputs,
                params: finding.params.into_iter().map(|(key, value)| (key.to_owned(), value)).collect(),
            })
            .collect(),
    })
}

fn column<'a>(column: &'a Column<'_>) -> rule::Column<'a> {
    let values = match &column.values {
        Values::Booleans(values) => rule::Values::Booleans(values),
        Values::Integers(values) => rule::Values::Integers(values),
        Values::Numbers(values) => rule::Values::Numbers(values),
        Values::Decimals(decimals) => rule::Values::Decimals(rule::Decimals {
            units: &decimals.units,
            high: decimals.high.as_deref(),
            scales: &decimals.scales,
        }),
        Values::Dates(values) => rule::Values::Dates(values),
        Values::Timestamps(values) => rule::Values::Timestamps(values),
        Values::Texts(texts) => rule::Values::Texts(rule::Texts { offsets: &texts.offsets, bytes: &texts.bytes }),
    };
    rule::Column { values, present: column.present.as_deref() }
}

fn declaration(declared: &jurat_rule::Declaration) -> Declaration {
    Declaration {
        id: declared.id.to_owned(),
        entity_type: declared.entity.to_owned(),
        description: declared.description.to_owned(),
        inputs: declared.inputs.iter().map(input).collect(),
        annotations: declared.annotations.iter().map(|&(key, value)| (key.to_owned(), value.to_owned())).collect(),
    }
}

fn input(input: &jurat_rule::Input) -> Input {
    let kind = match input.kind {
        jurat_rule::Kind::Boolean => Kind::Boolean,
        jurat_rule::Kind::Integer => Kind::Integer,
        jurat_rule::Kind::Number => Kind::Number,
        jurat_rule::Kind::Decimal => Kind::Decimal,
        jurat_rule::Kind::Text => Kind::Text,
        jurat_rule::Kind::Date => Kind::Date,
        jurat_rule::Kind::Timestamp => Kind::Timestamp,
        jurat_rule::Kind::Json => Kind::Json,
    };
    Input { name: input.name.to_owned(), of: input.of.map(str::to_owned), kind, required: input.required }
}

fn status(status: jurat_rule::Status) -> Status {
    match status {
        jurat_rule::Status::Pass => Status::Pass,
        jurat_rule::Status::Warn => Status::Warn,
        jurat_rule::Status::Fail => Status::Fail,
        jurat_rule::Status::Norun => Status::Norun,
        jurat_rule::Status::Error => Status::Error,
    }
}
