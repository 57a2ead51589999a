//! A component that has passed every check and is ready to run.

use std::fmt;
use std::sync::Arc;

use jurat_model::{Component, Declaration, Limits, Run, Session, Worker};

use crate::loaded::Loaded;
use crate::machine::CodeOrigin;
use crate::session::SandboxedSession;
use crate::shape::Shape;

/// Rules in the sandbox. Cloning shares everything.
#[derive(Clone)]
pub struct SandboxedComponent(Arc<Loaded>);

impl SandboxedComponent {
    pub(crate) fn new(loaded: Loaded) -> Self {
        Self(Arc::new(loaded))
    }

    /// The version of the contract that it was built against, as the interface it exports.
    #[must_use]
    pub fn contract(&self) -> &'static str {
        self.0.machine.contract().interface()
    }

    /// Its shape: sizes, imports and exports.
    #[must_use]
    pub fn shape(&self) -> &Shape {
        &self.0.shape
    }

    /// The origin of its machine code when it was loaded.
    #[must_use]
    pub fn origin(&self) -> CodeOrigin {
        self.0.origin
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
