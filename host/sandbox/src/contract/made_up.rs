//! `jurat:rule@0.2.0-made-up`: a version that will never be published.
//!
//! It has one more status and one more field than the version before it, which is enough for no component of one version to
//! pass for the other. What supporting it takes is this file, and a line in the list of versions.

use jurat_model::columns::{Batch, Values};
use jurat_model::reply::{check_declarations, check_verdicts};
use jurat_model::{Declaration, Finding, Input, Kind, Status, Verdicts};
use wasmtime::Store;
use wasmtime::component::{Component, ComponentExportIndex, InstancePre, TypedFunc};

use super::version::{Bound, CallError, Contract, Guest, WrongType};
use crate::state::State;

mod bindings {
    wasmtime::component::bindgen!({
        path: "fixtures/made-up",
        world: "rule-package",
        ownership: Borrowing { duplicate_if_necessary: true },
    });
}

use bindings::exports::jurat::rule::rules as wire;

/// The version.
#[derive(Debug)]
pub(crate) struct MadeUp;

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

impl Contract for MadeUp {
    fn interface(&self) -> &'static str {
        "jurat:rule/rules@0.2.0-made-up"
    }

    fn bind(&self, component: &Component, pre: InstancePre<State>) -> wasmtime::Result<Box<dyn Bound>> {
        let rules = component.get_export_index(None, self.interface());
        let function = |name| {
            let index = rules.as_ref().and_then(|rules| component.get_export_index(Some(rules), name));
            index.ok_or_else(|| wasmtime::format_err!("no function `{name}`"))
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
        let (reply,) = self.evaluate.call(&mut *store, (rule, wire::Batch { rows: batch.rows, columns: &columns }))?;
        let reply = reply.map_err(CallError::Refused)?;
        let verdicts = Verdicts {
            statuses: reply.statuses.into_iter().map(status).collect(),
            findings: reply.findings.into_iter().map(finding).collect(),
        };
        check_verdicts(&verdicts, batch)?;
        Ok(verdicts)
    }
}

/// The tests read whole numbers only; every other column would do for them as an empty one.
fn column<'a>(column: &'a jurat_model::columns::Column<'_>) -> wire::Column<'a> {
    let values: &[i64] = match &column.values {
        Values::Integers(values) => values,
        _ => &[],
    };
    wire::Column { values: wire::Values::Integers(values), present: column.present.as_deref() }
}

fn declaration(rule: wire::RuleInfo) -> Declaration {
    let kind = |kind| match kind {
        wire::Kind::Boolean => Kind::Boolean,
        wire::Kind::Integer => Kind::Integer,
        wire::Kind::Number => Kind::Number,
        wire::Kind::Decimal => Kind::Decimal,
        wire::Kind::Text => Kind::Text,
        wire::Kind::Date => Kind::Date,
        wire::Kind::Timestamp => Kind::Timestamp,
        wire::Kind::Json => Kind::Json,
    };
    let input =
        |input: wire::Input| Input { name: input.name, of: input.of, kind: kind(input.kind), required: input.required };
    Declaration {
        id: rule.id,
        entity_type: rule.entity_type,
        description: rule.description,
        inputs: rule.inputs.into_iter().map(input).collect(),
        annotations: rule.annotations,
    }
}

/// A new status is mapped to one that the host has, or the host gets a new one.
fn status(status: wire::Status) -> Status {
    match status {
        wire::Status::Pass => Status::Pass,
        wire::Status::Warn => Status::Warn,
        wire::Status::Fail => Status::Fail,
        wire::Status::Norun | wire::Status::Later => Status::Norun,
        wire::Status::Error => Status::Error,
    }
}

fn finding(finding: wire::Finding) -> Finding {
    let wire::Finding { row, code, message, inputs, mut params, weight } = finding;
    params.push(("weight".to_owned(), weight.to_string()));
    Finding { row, code, message, inputs, params }
}

mod tests {
    use std::num::NonZeroUsize;

    use jurat_model::columns::ColumnBuilder;
    use jurat_model::{Component as _, Isolation, NoPause, Run, Suspension, Worker};
    use jurat_trust::publish::{BuiltRelease, DraftFile, ReleaseDraft};
    use jurat_trust::{ComponentEntry, FileKind, LowerLimits, RuleEntry, Wasi, World, danger};

    use super::super::v0_1::V0_1;
    use super::*;
    use crate::component::SandboxedComponent;
    use crate::policy::Policy;
    use crate::refusal::{LoadError, Refusal};
    use crate::sandbox::Sandbox;
    use crate::settings::Settings;

    const NEW: &[u8] = include_bytes!("../../fixtures/made-up/made-up.wasm");
    const OLD: &[u8] = include_bytes!("../../../../tests/fixtures/contract/jurat-rule-0.1.0.wasm");
    const BOTH: &[&dyn Contract] = &[&MadeUp, &V0_1];
    const RUN: Run = Run { now: 0, isolation: Isolation::Chunk, suspension: Suspension::NEVER };

    fn settings() -> Settings {
        Settings::new(NonZeroUsize::MIN)
    }

    /// Loads a component with the rules that it says it has.
    fn load(sandbox: &Sandbox, bytes: &[u8]) -> Result<SandboxedComponent, LoadError> {
        let verified = danger::assume_verified_bytes(bytes.to_vec());
        let refused = |reason| LoadError { component: "rules.wasm".to_owned(), reason };
        let rules = sandbox.describe(&verified, Wasi::None, &Policy::default()).map_err(refused)?.rules;
        let file =
            |path: &str, kind, bytes: &[u8]| DraftFile { path: path.parse().unwrap(), kind, bytes: bytes.to_vec() };
        let component = ComponentEntry {
            path: "rules.wasm".parse().unwrap(),
            limits: LowerLimits::default(),
            wasi: Wasi::None,
            rules: rules.into_iter().map(|rule| RuleEntry { id: rule.id, inputs: rule.inputs }).collect(),
        };
        let release = BuiltRelease::build(ReleaseDraft {
            name: "rules".parse().unwrap(),
            version: "1.0.0".parse().unwrap(),
            world: World::current(),
            files: vec![
                file("business-config.yaml", FileKind::BusinessConfig, b"{}"),
                file("rules.wasm", FileKind::Component, bytes),
            ],
            components: vec![component],
            builtin: Vec::new(),
        });
        let release = danger::assume_verified(&release.unwrap());
        sandbox.load(&release.components().next().unwrap(), &Policy::default())
    }

    fn judge(component: &SandboxedComponent, rule: u32, rows: &[i64]) -> Verdicts {
        let mut column = ColumnBuilder::new(Kind::Integer, rows.len());
        rows.iter().for_each(|&n| column.push_integer(n));
        let batch = Batch { rows: u32::try_from(rows.len()).unwrap(), columns: vec![column.finish()] };
        let evaluation = component.session(Worker(0), &RUN).evaluate(rule, &batch, &mut NoPause).unwrap();
        assert_eq!(evaluation.guilty, []);
        evaluation.verdicts
    }

    #[test]
    fn two_versions_of_the_contract_run_side_by_side_in_one_engine() {
        let sandbox = Sandbox::with_contracts(settings(), BOTH).unwrap();
        let (new, old) = (load(&sandbox, NEW).unwrap(), load(&sandbox, OLD).unwrap());
        assert_eq!(new.contract(), "jurat:rule/rules@0.2.0-made-up");
        assert_eq!(old.contract(), "jurat:rule/rules@0.1.0");
        for _ in 0..3 {
            let verdicts = judge(&new, 0, &[0, 1, 2]);
            assert_eq!(verdicts.statuses, [Status::Pass, Status::Fail, Status::Norun]);
            assert_eq!(verdicts.findings.len(), 1);
            assert_eq!(verdicts.findings[0].params, [("weight".to_owned(), "7".to_owned())]);
            assert_eq!(judge(&old, 1, &[0, 2]).statuses, [Status::Pass, Status::Fail]);
        }
    }

    #[test]
    fn a_version_that_is_not_supported_is_refused_with_those_that_are() {
        let refusal = |contracts: &'static [&'static dyn Contract], bytes| {
            let sandbox = Sandbox::with_contracts(settings(), contracts).unwrap();
            match load(&sandbox, bytes).unwrap_err().reason {
                Refusal::Contract { exports, supported } => (exports, supported),
                other => panic!("{other:?}"),
            }
        };
        let (new, old) = ("jurat:rule/rules@0.2.0-made-up".to_owned(), "jurat:rule/rules@0.1.0".to_owned());
        assert_eq!(refusal(super::super::SUPPORTED, NEW), (vec![new.clone()], vec![old.clone()]));
        assert_eq!(refusal(&[&MadeUp], OLD), (vec![old], vec![new]));
    }
}
