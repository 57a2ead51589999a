//! `jurat:rule@0.1.0`.

use jurat_model::columns::{Batch, Values};
use jurat_model::reply::{check_declarations, check_verdicts};
use jurat_model::{Declaration, Finding, Input, Kind, Status, Verdicts};
use wasmtime::Store;
use wasmtime::component::{Component, ComponentExportIndex, InstancePre, TypedFunc};

use super::version::{Bound, CallError, Contract, Guest, WrongType};
use crate::state::State;

mod bindings {
    wasmtime::component::bindgen!({
        path: "../../wit",
        world: "rule-package",
        ownership: Borrowing { duplicate_if_necessary: true },
    });
}

use bindings::exports::jurat::rule::rules as wire;

/// The version.
#[derive(Debug)]
pub(crate) struct V0_1;

type Describe = TypedFunc<(), (Vec<wire::RuleInfo>,)>;
type Evaluate = TypedFunc<(u32, wire::Batch<'static>), (Result<wire::Verdicts, String>,)>;

struct Functions {
    pre: InstancePre<State>,
    describe: ComponentExportIndex,
    evaluate: ComponentExportIndex,
}

struct Instance {
    instance: wasmtime::component::Instance,
    describe: ComponentExportIndex,
    evaluate: Evaluate,
}

impl Contract for V0_1 {
    fn interface(&self) -> &'static str {
        "jurat:rule/rules@0.1.0"
    }

    fn bind(&self, component: &Component, pre: InstancePre<State>) -> wasmtime::Result<Box<dyn Bound>> {
        let rules = component.get_export_index(None, self.interface());
        let function = |name| {
            let index = rules.as_ref().and_then(|rules| component.get_export_index(Some(rules), name));
            index.ok_or_else(|| wasmtime::format_err!("no function `{name}` in `{}`", self.interface()))
        };
        Ok(Box::new(Functions { describe: function("describe")?, evaluate: function("evaluate")?, pre }))
    }
}

impl Bound for Functions {
    fn instantiate(&self, store: &mut Store<State>) -> wasmtime::Result<Box<dyn Guest>> {
        let instance = self.pre.instantiate(&mut *store)?;
        let evaluate = instance.get_typed_func(&mut *store, self.evaluate);
        let evaluate = evaluate.map_err(|error| error.context(WrongType("evaluate")))?;
        Ok(Box::new(Instance { instance, describe: self.describe, evaluate }))
    }
}

impl Guest for Instance {
    fn describe(&mut self, store: &mut Store<State>) -> Result<Vec<Declaration>, CallError> {
        let describe = self.instance.get_typed_func(&mut *store, self.describe);
        let describe: Describe = describe.map_err(|error| error.context(WrongType("describe")))?;
        let (rules,) = describe.call(&mut *store, ())?;
        let declarations: Vec<_> = rules.into_iter().map(declaration).collect();
        check_declarations(&declarations)?;
        Ok(declarations)
    }

    fn evaluate(&mut self, store: &mut Store<State>, rule: u32, batch: &Batch<'_>) -> Result<Verdicts, CallError> {
        let columns: Vec<_> = batch.columns.iter().map(column).collect();
        let wire = wire::Batch { rows: batch.rows, columns: &columns };
        let (reply,) = self.evaluate.call(&mut *store, (rule, wire))?;
        let reply = reply.map_err(CallError::Refused)?;
        let verdicts = Verdicts {
            statuses: reply.statuses.into_iter().map(status).collect(),
            findings: reply.findings.into_iter().map(finding).collect(),
        };
        check_verdicts(&verdicts, batch)?;
        Ok(verdicts)
    }
}

fn column<'a>(column: &'a jurat_model::columns::Column<'_>) -> wire::Column<'a> {
    let values = match &column.values {
        Values::Booleans(values) => wire::Values::Booleans(values),
        Values::Integers(values) => wire::Values::Integers(values),
        Values::Numbers(values) => wire::Values::Numbers(values),
        Values::Decimals(decimals) => wire::Values::Decimals(wire::Decimals {
            units: &decimals.units,
            high: decimals.high.as_deref(),
            scales: &decimals.scales,
        }),
        Values::Dates(values) => wire::Values::Dates(values),
        Values::Timestamps(values) => wire::Values::Timestamps(values),
        Values::Texts(texts) => wire::Values::Texts(wire::Texts { offsets: &texts.offsets, bytes: &texts.bytes }),
    };
    wire::Column { values, present: column.present.as_deref() }
}

fn declaration(rule: wire::RuleInfo) -> Declaration {
    Declaration {
        id: rule.id,
        entity_type: rule.entity_type,
        description: rule.description,
        inputs: rule.inputs.into_iter().map(input).collect(),
        annotations: rule.annotations,
    }
}

fn input(input: wire::Input) -> Input {
    let kind = match input.kind {
        wire::Kind::Boolean => Kind::Boolean,
        wire::Kind::Integer => Kind::Integer,
        wire::Kind::Number => Kind::Number,
        wire::Kind::Decimal => Kind::Decimal,
        wire::Kind::Text => Kind::Text,
        wire::Kind::Date => Kind::Date,
        wire::Kind::Timestamp => Kind::Timestamp,
        wire::Kind::Json => Kind::Json,
    };
    Input { name: input.name, of: input.of, kind, required: input.required }
}

fn status(status: wire::Status) -> Status {
    match status {
        wire::Status::Pass => Status::Pass,
        wire::Status::Warn => Status::Warn,
        wire::Status::Fail => Status::Fail,
        wire::Status::Norun => Status::Norun,
        wire::Status::Error => Status::Error,
    }
}

fn finding(finding: wire::Finding) -> Finding {
    let wire::Finding { row, code, message, inputs, params } = finding;
    Finding { row, code, message, inputs, params }
}
