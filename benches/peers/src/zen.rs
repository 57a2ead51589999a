//! ZEN: one expression of its language for each rule, compiled once and run on a virtual machine that is kept, against the record.
//!
//! Those expressions are what the cells of its decision tables and the nodes of its graphs hold; run like this, without the graph
//! that [`ZenEngine`] has around them, they cost the least. Records are read by its own `Variable`.
//! Numbers become decimals by way of floats, as they do unless its feature `arbitrary_precision` is on. Dates are compared as
//! dates, because its texts have no order. The hierarchy is the host's.

mod engine;

use anyhow::Context as _;
use zen_expression::compile_expression;
use zen_expression::expression::{Expression, Standard};
use zen_expression::scope::Scope;
use zen_expression::variable::Variable;
use zen_expression::vm::VM;

pub(crate) use self::engine::ZenEngine;
use crate::Peer;

const SOUNDNESS: &str = "financial.principal_amount == null ? 'NORUN' : financial.principal_amount > 0
    and (financial.interest_rate == null or financial.interest_rate >= 0)
    and dates.origination_date != null and dates.maturity_date != null
    and d(dates.origination_date) < d(dates.maturity_date)
    and (financial.outstanding_balance == null or financial.outstanding_balance <= financial.principal_amount)
    ? 'PASS' : 'FAIL'";
const KNOWN_STATUS: &str = "status in ['active', 'paid_off', 'defaulted', 'written_off'] ? 'PASS' : 'FAIL'";
const BALANCE_FITS: &str = "financial.principal_amount == null or financial.outstanding_balance == null ? 'NORUN'
    : financial.outstanding_balance <= financial.principal_amount
    and (status == 'active' ? financial.outstanding_balance != 0
        : (status != 'paid_off' or financial.outstanding_balance == 0))
    ? 'PASS' : 'FAIL'";
const UTILISATION: &str = "financial.principal_amount == null or financial.outstanding_balance == null
    or financial.principal_amount <= 0 ? 'NORUN'
    : financial.outstanding_balance <= financial.principal_amount * 0.85 ? 'PASS' : 'WARN'";

pub(crate) struct Zen {
    machine: VM,
    scope: Scope,
    rules: Rules,
}

struct Rules {
    soundness: Expression<Standard>,
    known_status: Expression<Standard>,
    balance_fits: Expression<Standard>,
    utilisation: Expression<Standard>,
}

impl Zen {
    pub(crate) fn new() -> anyhow::Result<Self> {
        let compile = |source| compile_expression(source).with_context(|| format!("`{source}` does not compile"));
        let rules = Rules {
            soundness: compile(SOUNDNESS)?,
            known_status: compile(KNOWN_STATUS)?,
            balance_fits: compile(BALANCE_FITS)?,
            utilisation: compile(UTILISATION)?,
        };
        Ok(Self { machine: VM::new(), scope: Scope::default(), rules })
    }

    fn run(&mut self, rule: fn(&Rules) -> &Expression<Standard>, out: &mut Vec<u8>) -> anyhow::Result<()> {
        let status = rule(&self.rules).evaluate_with_scope(&self.scope, &mut self.machine)?;
        out.extend_from_slice(status.as_str().context("an expression gives no text")?.as_bytes());
        out.push(b'\t');
        Ok(())
    }
}

impl Peer for Zen {
    type Input<'t> = Variable;

    fn parse(&self, text: &str) -> anyhow::Result<Variable> {
        Ok(serde_json::from_str(text)?)
    }

    fn judge(&mut self, input: &Variable, out: &mut Vec<u8>) -> anyhow::Result<()> {
        // A shallow clone counts a reference.
        self.scope.set_base(input.shallow_clone());
        self.run(|rules| &rules.soundness, out)?;
        let before = out.len();
        self.run(|rules| &rules.known_status, out)?;
        if out[before..] == *b"PASS\t" {
            self.run(|rules| &rules.balance_fits, out)?;
        } else {
            out.extend_from_slice(b"NORUN\t");
        }
        self.run(|rules| &rules.utilisation, out)?;
        out.pop();
        out.push(b'\n');
        Ok(())
    }
}
