//! ZEN: one expression for each rule, compiled once, and evaluated against each record on a virtual machine that is reused.
//!
//! The cells of its decision tables and the nodes of its graphs contain such expressions. Evaluated without the graph of
//! [`ZenEngine`], they are fastest. Records are parsed into its own `Variable`. Numbers become decimals through floats, which is
//! its default without the feature `arbitrary_precision`. Dates are compared as dates, because its strings have no order. The
//! hierarchy of the rules is implemented here.

mod engine;

use anyhow::Context as _;
use zen_expression::compile_expression;
use zen_expression::expression::{Expression, Standard};
use zen_expression::scope::Scope;
use zen_expression::variable::Variable;
use zen_expression::vm::VM;

pub(crate) use self::engine::ZenEngine;
use crate::peer::Peer;

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
        out.extend_from_slice(status.as_str().context("an expression did not give a text")?.as_bytes());
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
        // A shallow clone increments a reference count.
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
