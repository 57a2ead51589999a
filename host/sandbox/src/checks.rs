//! The checks of a component before anything compiles it, and of its declarations afterwards.

use jurat_model::{Declaration, Limits};
use jurat_trust::{RuleEntry, Wasi};

use crate::policy::SealedWasi;
use crate::refusal::{Mismatch, Refusal, WasiHint};
use crate::shape::{Shape, ShapeError, at_most};
use crate::wasi;

/// Refuses imports that the host does not provide.
pub(crate) fn check_imports(shape: &Shape, wasi: Wasi, granted: SealedWasi) -> Result<(), Refusal> {
    let sealed = match (wasi, granted) {
        (Wasi::None, _) => false,
        (Wasi::Sealed, SealedWasi::Granted) => true,
        (Wasi::Sealed, SealedWasi::Refused) => return Err(Refusal::WasiNotGranted),
    };
    let imports: Vec<_> = shape.imports.iter().filter(|import| !(sealed && wasi::answers(import))).cloned().collect();
    if imports.is_empty() {
        return Ok(());
    }
    let hint =
        if !sealed && imports.iter().all(|import| wasi::answers(import)) { WasiHint::Sealed } else { WasiHint::None };
    Err(Refusal::Imports { imports, hint })
}

/// Refuses what could never be started under its limits, before anything compiles it.
pub(crate) fn check_beginning(shape: &Shape, limits: &Limits) -> Result<(), ShapeError> {
    at_most("bytes of initial memory", shape.memory, limits.memory.get())?;
    at_most("initial table elements", shape.table_elements, limits.table_elements.into())
}

/// Compares the rules that a component declares with those that were signed.
pub(crate) fn compare(found: &[Declaration], signed: &[RuleEntry]) -> Result<(), Mismatch> {
    if !found.iter().map(|rule| &rule.id).eq(signed.iter().map(|rule| &rule.id)) {
        return Err(Mismatch::Rules {
            found: found.iter().map(|rule| rule.id.clone()).collect(),
            signed: signed.iter().map(|rule| rule.id.clone()).collect(),
        });
    }
    match found.iter().zip(signed).find(|(found, signed)| found.inputs != signed.inputs) {
        Some((rule, _)) => Err(Mismatch::Inputs { rule: rule.id.clone() }),
        None => Ok(()),
    }
}
