//! The versions of the contract between rules and this host, side by side.
//!
//! A published version never changes, so a version is supported by one module that knows its bindings and maps them to
//! `jurat-model`. A new version is a new module and a new line in [`SUPPORTED`]; nothing else in the crate names one.

#[cfg(test)]
mod made_up;
mod v0_1;
mod version;

pub(crate) use version::{Bound, CallError, Contract, Guest, WrongType};

/// All versions, the newest first.
pub(crate) const SUPPORTED: &[&dyn Contract] = &[&v0_1::V0_1];
