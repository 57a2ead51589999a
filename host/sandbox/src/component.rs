//! A component that has passed every check and is ready to run.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use jurat_model::{Component, Declaration, HostFailure, Limits, Run, Session, Worker};
use jurat_trust::Digest;

use crate::fault::Failure;
use crate::instance::Live;
use crate::machine::{Machine, Origin};
use crate::sandbox::Sandbox;
use crate::session::SandboxedSession;
use crate::shape::Shape;
use crate::wasi::Sealed;

/// Rules in the sandbox. Cloning shares everything.
#[derive(Clone)]
pub struct SandboxedComponent(Arc<Inner>);

pub(crate) struct Inner {
    pub(crate) sandbox: Sandbox,
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

impl SandboxedComponent {
    pub(crate) fn new(inner: Inner) -> Self {
        Self(Arc::new(inner))
    }

    /// The version of the contract that it was built against, as the interface it exports.
    #[must_use]
    pub fn contract(&self) -> &'static str {
        self.0.machine.contract().interface()
    }

    /// What it looks like from outside.
    #[must_use]
    pub fn shape(&self) -> &Shape {
        &self.0.shape
    }

    /// Where its machine code came from when it was loaded.
    #[must_use]
    pub fn origin(&self) -> Origin {
        self.0.origin
    }
}

impl Inner {
    /// Makes a fresh instance for a worker.
    pub(crate) fn start(&self, worker: Worker, run: &Run) -> Result<Live, Failure> {
        let bound = self.machine.lane(&self.sandbox, worker)?;
        let slot = self.sandbox.slot().map_err(Failure::Host)?;
        Live::start(self.sandbox.engine(), slot, bound, &self.limits, Sealed::new(run.now, *self.digest.as_bytes()))
    }
}

impl Component for SandboxedComponent {
    fn declarations(&self) -> &[Declaration] {
        &self.0.declarations
    }

    fn digest(&self) -> &str {
        &self.0.name
    }

    fn limits(&self) -> &Limits {
        &self.0.limits
    }

    fn session<'a>(&'a self, worker: Worker, run: &Run) -> Box<dyn Session + 'a> {
        Box::new(SandboxedSession::new(&self.0, worker, *run))
    }
}

impl fmt::Debug for SandboxedComponent {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let rules: Vec<_> = self.0.declarations.iter().map(|rule| &rule.id).collect();
        out.debug_struct("SandboxedComponent")
            .field("digest", &self.0.name)
            .field("rules", &rules)
            .finish_non_exhaustive()
    }
}

/// What a row has lately cost, to choose how many rows a call can hold. It changes how often rules are called, never a verdict.
#[derive(Debug, Default)]
pub(crate) struct Cost(AtomicU64);

impl Cost {
    /// How many rows fit a call, with as much again to spare.
    pub(crate) fn rows_in(&self, fuel: u64) -> u32 {
        let each = self.0.load(Ordering::Relaxed).max(1);
        u32::try_from(fuel / 2 / each).unwrap_or(u32::MAX).max(1)
    }

    /// Learns from a call: dearer at once, cheaper little by little.
    pub(crate) fn learn(&self, fuel: u64, rows: u32) {
        let seen = fuel / u64::from(rows.max(1));
        let known = self.0.load(Ordering::Relaxed);
        self.0.store(seen.max(known - known / 8), Ordering::Relaxed);
    }
}

/// Turns a failure of the host into the error that the engine knows.
pub(crate) fn host_failure(error: wasmtime::Error) -> HostFailure {
    HostFailure::new(Box::<dyn std::error::Error + Send + Sync>::from(error))
}
