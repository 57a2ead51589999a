//! The compiled expressions of the rules.

use anyhow::Context as _;
use cel::common::types::CelString;
use cel::{Context, Program, Value};

/// The expressions of the rules.
pub(super) struct Programs {
    pub(super) soundness: Program,
    pub(super) known_status: Program,
    pub(super) balance_fits: Program,
    pub(super) utilisation: Program,
}

impl Programs {
    /// Appends the statuses of one record. The hierarchy of the rules is implemented here, because CEL has none.
    pub(super) fn judge(&self, context: &Context<'_, '_>, out: &mut Vec<u8>) -> anyhow::Result<()> {
        resolve(&self.soundness, context, out)?;
        let before = out.len();
        resolve(&self.known_status, context, out)?;
        if out[before..] == *b"PASS\t" {
            resolve(&self.balance_fits, context, out)?;
        } else {
            out.extend_from_slice(b"NORUN\t");
        }
        resolve(&self.utilisation, context, out)?;
        out.pop();
        out.push(b'\n');
        Ok(())
    }
}

fn resolve(program: &Program, context: &Context<'_, '_>, out: &mut Vec<u8>) -> anyhow::Result<()> {
    let value = Value::resolve_val(program.expression(), context)?;
    let status = value.downcast_ref::<CelString<'_>>().context("an expression did not give a text")?;
    out.extend_from_slice(status.inner().as_bytes());
    out.push(b'\t');
    Ok(())
}
