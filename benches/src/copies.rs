//! More rules than the sample release has: the same rules under other ids.

use std::sync::Arc;

use jurat_model::columns::Batch;
use jurat_model::{Component, Declaration, EvaluateError, Evaluation, Limits, Pause, Run, Session, Worker};

/// The rules of the component that are repeated: 002 to 005.
const RULES: u32 = 4;

/// A component that forwards calls to the rules of another component.
#[derive(Debug)]
pub(crate) struct Copies {
    component: Arc<dyn Component>,
    declarations: Vec<Declaration>,
}

impl Copies {
    /// `count` rules, whose ids begin with `prefix`.
    pub(crate) fn new(component: Arc<dyn Component>, prefix: &str, count: usize) -> Self {
        let repeated = component.declarations().iter().take(RULES as usize).cycle();
        let named = repeated.take(count).enumerate();
        let declarations =
            named.map(|(number, rule)| Declaration { id: format!("{prefix}_{number:03}"), ..rule.clone() }).collect();
        Self { component, declarations }
    }

    /// The ids of its rules.
    pub(crate) fn ids(&self) -> impl Iterator<Item = &str> {
        self.declarations.iter().map(|rule| rule.id.as_str())
    }
}

impl Component for Copies {
    fn declarations(&self) -> &[Declaration] {
        &self.declarations
    }

    fn digest(&self) -> &str {
        self.component.digest()
    }

    fn limits(&self) -> &Limits {
        self.component.limits()
    }

    fn session<'a>(&'a self, worker: Worker, run: &Run) -> Box<dyn Session + 'a> {
        Box::new(CopiesSession(self.component.session(worker, run)))
    }
}

struct CopiesSession<'a>(Box<dyn Session + 'a>);

impl Session for CopiesSession<'_> {
    fn evaluate(&mut self, rule: u32, batch: &Batch<'_>, pause: &mut dyn Pause) -> Result<Evaluation, EvaluateError> {
        self.0.evaluate(rule % RULES, batch, pause)
    }
}
