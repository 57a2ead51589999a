//! What the host keeps of a loaded component, for every session with it.

use std::sync::Arc;

use jurat_model::{Declaration, Limits, Run, Worker};
use jurat_trust::Digest;

use crate::cost::Cost;
use crate::fault::Failure;
use crate::instance::Live;
use crate::machine::{Machine, Origin};
use crate::runtime::Runtime;
use crate::shape::Shape;
use crate::wasi::Sealed;

/// A loaded component.
pub(crate) struct Loaded {
    pub(crate) runtime: Arc<Runtime>,
    /// What it may share with others. Everything else here is its own.
    pub(crate) machine: Arc<Machine>,
    pub(crate) origin: Origin,
    pub(crate) shape: Shape,
    pub(crate) digest: Digest,
    pub(crate) name: String,
    pub(crate) limits: Limits,
    pub(crate) declarations: Vec<Declaration>,
    /// For each rule, what a row has lately cost at most.
    pub(crate) costs: Box<[Cost]>,
}

impl Loaded {
    /// Makes a fresh instance for a worker.
    pub(crate) fn start(&self, worker: Worker, run: &Run) -> Result<Live, Failure> {
        let sealed = Sealed::new(run.now, *self.digest.as_bytes());
        self.machine.start(&self.runtime, worker, &self.limits, sealed)
    }
}
