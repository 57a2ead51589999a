//! One chunk: every rule on every row that it can judge.

use std::error::Error;
use std::sync::Arc;

use jurat_model::columns::Batch;
use jurat_model::{Fault, Finding, Session, Status, Usage, Worker};

use super::context::Context;
use super::draft::Draft;
use super::group::{Filled, RelatedRows};
use super::window::Window;
use crate::extract::{Blocked, Chunk};
use crate::prepared::{Prepared, Runner, Stage, Step};
use crate::routing::Route;
use crate::ruleset::Node;
use crate::schema::{Outcome, SchemaScratch};

/// A chunk that has been judged.
#[derive(Debug)]
pub(super) struct Judged {
    pub(super) route: Route,
    pub(super) prepared: Arc<Prepared>,
    pub(super) chunk: Chunk,
    /// The records of the rows, as indices into the window.
    pub(super) rows: Vec<u32>,
    pub(super) related: RelatedRows,
    /// One for each node of the list, in its order.
    pub(super) nodes: Vec<NodeOutcome>,
}

/// What one node of the list said of all rows.
#[derive(Clone, Debug, Default)]
pub(super) struct NodeOutcome {
    pub(super) statuses: Vec<Status>,
    /// The reasons; rows rise, and one row may have several.
    pub(super) reasons: Vec<(u32, Why)>,
    /// Milliseconds for each row that was judged.
    pub(super) time: f64,
    pub(super) usage: Usage,
}

/// One reason for a status.
#[derive(Clone, Debug)]
pub(super) enum Why {
    /// The rule's own.
    Finding(Finding),
    /// Further ones of the rule's own, which are only counted.
    More(u32),
    /// The rule did wrong.
    Fault(Fault),
    /// The rule has done wrong too often in this request.
    Suspended,
    /// The host could not run it.
    Host,
    /// Its parent did not let it run.
    Parent,
    /// An input keeps the row from the rule.
    Blocked(Blocked),
    /// Nothing provides the rule.
    Unknown,
    /// The rule is for records of another type.
    OtherEntity,
    /// The built-in schema rule's.
    Schema { pointer: Option<String>, reason: String, code: &'static str },
}

impl Why {
    /// Whether it depends on the machine and the moment.
    pub(super) fn is_indeterminate(&self) -> bool {
        match self {
            Self::Fault(fault) => fault.is_indeterminate(),
            Self::Suspended | Self::Host => true,
            _ => false,
        }
    }

    /// Whether the rule was not called with the record.
    pub(super) fn is_without_a_call(&self) -> bool {
        matches!(self, Self::Suspended) || self.comes_before_the_rule()
    }

    /// Whether it kept the record from ever reaching the rule.
    pub(super) fn comes_before_the_rule(&self) -> bool {
        match self {
            Self::Parent | Self::Blocked(_) | Self::Unknown | Self::OtherEntity => true,
            Self::Finding(_) | Self::More(_) | Self::Fault(_) | Self::Suspended | Self::Host | Self::Schema { .. } => {
                false
            }
        }
    }
}

/// Judges a chunk, rules of one component after the other.
pub(super) fn judge(context: &Context, worker: Worker, filled: Filled, window: &Window) -> Judged {
    let Filled { route, prepared, chunk, rows, related } = filled;
    let nodes = context.nodes(route);
    let mut outcomes = vec![NodeOutcome::default(); nodes.len()];
    for stage in &prepared.stages {
        let work = Work { context, worker, prepared: &prepared, chunk: &chunk, nodes, rows: &rows, window };
        work.stage(stage, &mut outcomes);
    }
    Judged { route, prepared, chunk, rows, related, nodes: outcomes }
}

struct Work<'a> {
    context: &'a Context,
    worker: Worker,
    prepared: &'a Prepared,
    chunk: &'a Chunk,
    nodes: &'a [Node],
    rows: &'a [u32],
    window: &'a Window,
}

impl Work<'_> {
    /// Runs nodes that share an instance.
    fn stage(&self, stage: &Stage, outcomes: &mut [NodeOutcome]) {
        let component = stage.component.and_then(|component| self.context.release.components.get(component));
        let mut session = component.map(|component| component.session(self.worker, &self.context.request.run));
        for &place in &stage.nodes {
            if self.context.is_abandoned() {
                return;
            }
            let (Some(node), Some(step)) = (self.nodes.get(place), self.prepared.steps.get(place)) else { continue };
            let parent = node.parent.and_then(|parent| outcomes.get(parent));
            let outcome = self.node(node, step, parent, session.as_deref_mut());
            if let Some(place) = outcomes.get_mut(place) {
                *place = outcome;
            }
        }
    }

    fn node(
        &self,
        node: &Node,
        step: &Step,
        parent: Option<&NodeOutcome>,
        session: Option<&mut (dyn Session + '_)>,
    ) -> NodeOutcome {
        let mut draft = Draft::new(self.chunk.rows(), self.context.request.max_findings);
        if let Some(parent) = parent {
            for (row, status) in (0..).zip(&parent.statuses) {
                if !status.lets_children_run() {
                    draft.set(row, Status::Norun, Why::Parent);
                }
            }
        }
        match &step.runner {
            Runner::Unknown => draft.set_rest(Status::Norun, &Why::Unknown),
            Runner::OtherEntity { .. } => draft.set_rest(Status::Norun, &Why::OtherEntity),
            Runner::JsonSchema => self.schema(&mut draft),
            Runner::Component { component, rule } => {
                let inputs = self.context.release.declaration(*component, *rule).map(|rule| &*rule.inputs);
                for (row, blocked) in self.chunk.select(inputs.unwrap_or_default(), &step.columns).blocked {
                    let status = match blocked {
                        Blocked::WrongKind(_) => Status::Error,
                        Blocked::Absent(_) => Status::Norun,
                    };
                    draft.set(row, status, Why::Blocked(blocked));
                }
                if node.rule.is_some_and(|rule| self.context.is_suspended(rule)) {
                    draft.set_rest(Status::Error, &Why::Suspended);
                } else if let Some(session) = session {
                    self.call(node, *rule, step, session, &mut draft);
                }
            }
        }
        draft.finish()
    }

    /// Has a rule judge the rows that are left.
    fn call(&self, node: &Node, rule: u32, step: &Step, session: &mut (dyn Session + '_), draft: &mut Draft) {
        let rows = draft.open_rows();
        let batch: Batch<'_> = match &rows {
            None => self.chunk.batch(&step.columns),
            Some(rows) => self.chunk.batch_of(&step.columns, rows),
        };
        if batch.rows == 0 {
            return;
        }
        match session.evaluate(rule, &batch) {
            Ok(evaluation) => draft.take(evaluation, rows.as_deref(), batch.rows),
            Err(failure) => {
                let cause = failure.source().map(ToString::to_string).unwrap_or_default();
                tracing::error!(rule = &*node.rule_id, cause, "the host could not run a rule");
                draft.set_rest(Status::Error, &Why::Host);
            }
        }
    }

    /// Checks the rows that are left against their schemas.
    fn schema(&self, draft: &mut Draft) {
        let begun = std::time::Instant::now();
        let mut checked = 0u32;
        let mut scratch = SchemaScratch::default();
        for row in 0..self.chunk.rows() {
            if !draft.is_open(row) {
                continue;
            }
            checked += 1;
            let text = self.rows.get(row as usize).and_then(|&record| self.window.text(record)).unwrap_or_default();
            let text = str::from_utf8(text).unwrap_or_default();
            let outcome = self.context.release.schemas.check(text, &mut scratch);
            match outcome {
                Outcome::Pass => draft.pass(row),
                Outcome::Fail { pointer, reason, code } => {
                    draft.set(row, Status::Fail, Why::Schema { pointer: Some(pointer), reason, code });
                }
                Outcome::Norun { reason, code } => {
                    draft.set(row, Status::Norun, Why::Schema { pointer: None, reason, code });
                }
            }
        }
        draft.set_time(begun.elapsed(), checked);
    }
}
