//! A loaded component, as every session with it uses it.

use std::sync::Arc;

use jurat_model::{Declaration, Limits, Run, Worker};
use jurat_trust::Digest;

use crate::call_failure::CallFailure;
use crate::cost::Cost;
use crate::instance::Live;
use crate::machine::{CodeOrigin, Machine};
use crate::runtime::Runtime;
use crate::shape::Shape;
use crate::wasi::Sealed;

/// A loaded component.
pub(crate) struct Loaded {
    pub(crate) runtime: Arc<Runtime>,
    /// The machine code, which it may share with other components. All other fields are its own.
    pub(crate) machine: Arc<Machine>,
    pub(crate) origin: CodeOrigin,
    pub(crate) shape: Shape,
    pub(crate) digest: Digest,
    pub(crate) name: String,
    pub(crate) limits: Limits,
    pub(crate) declarations: Vec<Declaration>,
    /// For each rule, the highest recent cost of a row.
    pub(crate) costs: Box<[Cost]>,
}

impl Loaded {
    /// Makes a fresh instance for a worker.
    pub(crate) fn start(&self, worker: Worker, run: &Run) -> Result<Live, CallFailure> {
        let sealed = Sealed::new(run.now, *self.digest.as_bytes());
        self.machine.start(&self.runtime, worker, &self.limits, sealed)
    }
}
