//! Regorus: the rules in Rego, compiled for its virtual machine, which is reused for each record.
//!
//! This is the `hot` case of its own benchmarks, and faster than its interpreter. Its numbers are floats here.

use anyhow::{Context as _, ensure};
use regorus::languages::rego::compiler::Compiler;
use regorus::rvm::vm::RegoVM;
use regorus::{Engine, Rc, Value};

use crate::peer::Peer;

const ENTRY: &str = "data.loan.statuses";

pub(crate) struct Regorus {
    machine: RegoVM,
}

impl Regorus {
    pub(crate) fn new() -> anyhow::Result<Self> {
        let mut engine = Engine::new();
        engine.add_policy("loan.rego".to_owned(), include_str!("loan.rego").to_owned())?;
        let policy = engine.compile_with_entrypoint(&Rc::from(ENTRY))?;
        let program = Compiler::compile_from_policy(&policy, &[ENTRY])?;
        let mut machine = RegoVM::new();
        machine.load_program(program);
        machine.set_execution_timer_config(None);
        machine.set_max_instructions(usize::MAX);
        Ok(Self { machine })
    }
}

impl Peer for Regorus {
    type Input<'t> = Value;

    fn parse(&self, text: &str) -> anyhow::Result<Value> {
        Value::from_json_str(text)
    }

    fn judge(&mut self, input: &Value, out: &mut Vec<u8>) -> anyhow::Result<()> {
        // Cloning a value increments a reference count.
        self.machine.set_input(input.clone());
        let result = self.machine.execute()?;
        let statuses = result.as_array().context("the policy did not give a list")?;
        ensure!(statuses.len() == 4, "the policy gave {} statuses", statuses.len());
        for status in statuses.iter() {
            out.extend_from_slice(status.as_string()?.as_bytes());
            out.push(b'\t');
        }
        out.pop();
        out.push(b'\n');
        Ok(())
    }
}
