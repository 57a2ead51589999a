//! The interface of a contract version to the rest of the crate.

use std::fmt;

use jurat_model::columns::Batch;
use jurat_model::reply::Malformed;
use jurat_model::{Declaration, Verdicts};
use thiserror::Error;
use wasmtime::Store;
use wasmtime::component::{Component, InstancePre};

use crate::state::State;

/// One version of the contract.
pub(crate) trait Contract: fmt::Debug + Sync {
    /// The interface that a component of this version exports, as the binary names it.
    fn interface(&self) -> &'static str;

    /// Finds the functions of this version in a component.
    fn bind(&self, component: &Component, pre: InstancePre<State>) -> wasmtime::Result<Box<dyn Bound>>;
}

/// A component whose functions have been found.
pub(crate) trait Bound: Send + Sync {
    /// Makes an instance. The store must have its limits already.
    ///
    /// The error is, or wraps, [`WrongType`] if a function is not of the contract's type: only an instance can tell.
    fn instantiate(&self, store: &mut Store<State>) -> wasmtime::Result<Box<dyn Guest>>;
}

/// An instance. After any error its store must be dropped.
pub(crate) trait Guest {
    /// The rules that the component declares.
    fn describe(&mut self, store: &mut Store<State>) -> Result<Vec<Declaration>, CallError>;

    /// The verdicts of one rule on a batch.
    fn evaluate(&mut self, store: &mut Store<State>, rule: u32, batch: &Batch<'_>) -> Result<Verdicts, CallError>;
}

/// Why a call gave no usable reply.
#[derive(Debug)]
pub(crate) enum CallError {
    /// It was stopped, or its reply could not be read.
    Failed(wasmtime::Error),
    /// The component says that it could not read the batch.
    Refused(String),
    /// The reply breaks the contract.
    Malformed(Malformed),
}

/// A function has another type than the contract gives it.
#[derive(Clone, Copy, Debug, Error)]
#[error("`{0}` has another type than the contract gives it")]
pub(crate) struct WrongType(pub(crate) &'static str);

impl From<wasmtime::Error> for CallError {
    fn from(error: wasmtime::Error) -> Self {
        Self::Failed(error)
    }
}

impl From<Malformed> for CallError {
    fn from(malformed: Malformed) -> Self {
        Self::Malformed(malformed)
    }
}
