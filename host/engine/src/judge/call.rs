//! Calls the rules: every rule on every row of a chunk that it can judge.

use std::error::Error;

use jurat_model::columns::Batch;
use jurat_model::{Abandoned, EvaluateError, Session, Status};

use super::context::Context;
use super::error::Bug;
use super::pacer::{Interrupted, Pacer};
use super::read::FilledChunk;
use super::stopwatch::Stopwatch;
use super::window::Window;
use crate::extract::{Blocked, Chunk};
use crate::release::{Prepared, Runner, Stage, Step};
use crate::routing::Route;
use crate::ruleset::Node;
use crate::schema::{SchemaScratch, SchemaVerdict};

mod builder;
mod outcome;

use builder::OutcomeBuilder;
pub(super) use outcome::{ChunkOutcome, NodeOutcome, Reason, WindowOutcome};

/// Calls the rules on all chunks of a window.
pub(super) fn call(
    context: &Context,
    pacer: &mut Pacer<'_>,
    window: &Window,
    chunks: Vec<FilledChunk>,
) -> Result<Vec<ChunkOutcome>, Interrupted> {
    chunks.into_iter().map(|chunk| call_chunk(context, pacer, chunk, window)).collect()
}

/// Calls the rules on a chunk, those of one component after the other.
fn call_chunk(
    context: &Context,
    pacer: &mut Pacer<'_>,
    filled: FilledChunk,
    window: &Window,
) -> Result<ChunkOutcome, Interrupted> {
    let FilledChunk { route, prepared, chunk, rows, related } = filled;
    let nodes = context.nodes(route);
    let stopwatch = Stopwatch::start(context.is_sampled);
    let mut outcomes = vec![NodeOutcome::default(); nodes.len()];
    for stage in &prepared.stages {
        let work = Work { context, route, prepared: &prepared, chunk: &chunk, nodes, rows: &rows, window };
        work.stage(stage, pacer, &mut outcomes)?;
    }
    Ok(ChunkOutcome { route, prepared, chunk, rows, related, nodes: outcomes, timing: stopwatch.stop() })
}

struct Work<'a> {
    context: &'a Context,
    route: Route,
    prepared: &'a Prepared,
    chunk: &'a Chunk,
    nodes: &'a [Node],
    rows: &'a [u32],
    window: &'a Window,
}

impl Work<'_> {
    /// Runs nodes that share an instance.
    fn stage(&self, stage: &Stage, pacer: &mut Pacer<'_>, outcomes: &mut [NodeOutcome]) -> Result<(), Interrupted> {
        let component = stage.component.and_then(|component| self.context.release.components.get(component));
        let mut session = component.map(|component| component.session(pacer.worker(), &self.context.options.run));
        for &index in &stage.nodes {
            let (Some(node), Some(step)) = (self.nodes.get(index), self.prepared.steps.get(index)) else {
                return Err(Bug::new("a node of a list is missing").into());
            };
            let parent = node.parent.and_then(|parent| outcomes.get(parent));
            if parent.is_none() && node.parent.is_some() {
                return Err(Bug::new("a parent of a list is missing").into());
            }
            let outcome = self.node((node, step), parent, pacer, session.as_deref_mut())?;
            pacer.keep(outcome.bytes)?;
            match outcomes.get_mut(index) {
                Some(entry) => *entry = outcome,
                None => return Err(Bug::new("a node of a list has no outcome").into()),
            }
        }
        Ok(())
    }

    fn node(
        &self,
        (node, step): (&Node, &Step),
        parent: Option<&NodeOutcome>,
        pacer: &mut Pacer<'_>,
        session: Option<&mut (dyn Session + '_)>,
    ) -> Result<NodeOutcome, Interrupted> {
        let mut outcome = OutcomeBuilder::new(self.chunk.rows(), self.context.options.max_findings, node.must_run);
        if let Some(parent) = parent {
            for (row, status) in (0..).zip(&parent.statuses) {
                if node.blocked_by(|_| Some(*status)).is_some() {
                    outcome.set(row, Status::Norun, Reason::Parent);
                }
            }
        }
        match &step.runner {
            Runner::Unknown => outcome.set_rest(Status::Norun, &Reason::Unknown),
            Runner::OtherEntity { .. } => outcome.set_rest(Status::Norun, &Reason::OtherEntity),
            Runner::JsonSchema => self.schema(pacer, &mut outcome)?,
            Runner::Component { component, rule } => {
                let declaration = self.context.release.declaration(*component, *rule);
                let declaration = declaration.filter(|declaration| declaration.inputs.len() == step.columns.len());
                let (Some(declaration), Some(session)) = (declaration, session) else {
                    let _logged = Bug::new("the component of a rule, or a column for one of its inputs, is missing");
                    // Without a verdict every row becomes an error of the host.
                    return Ok(outcome.finish());
                };
                for (row, blocked) in self.chunk.select(&declaration.inputs, &step.columns).blocked {
                    let status = match blocked {
                        Blocked::WrongKind(_) => Status::Error,
                        Blocked::Absent(_) => Status::Norun,
                    };
                    outcome.set(row, status, Reason::Blocked(blocked));
                }
                if node.rule.is_some_and(|rule| self.context.is_suspended(rule)) {
                    outcome.set_rest(Status::Error, &Reason::Suspended);
                } else {
                    self.rule((node, step), *rule, pacer, session, &mut outcome)?;
                }
            }
        }
        Ok(outcome.finish())
    }

    /// Calls a rule on the rows that are left.
    fn rule(
        &self,
        (node, step): (&Node, &Step),
        rule: u32,
        pacer: &mut Pacer<'_>,
        session: &mut (dyn Session + '_),
        outcome: &mut OutcomeBuilder,
    ) -> Result<(), Interrupted> {
        let rows = outcome.open_rows();
        let batch: Batch<'_> = match &rows {
            None => self.chunk.batch(&step.columns),
            Some(rows) => self.chunk.batch_of(&step.columns, rows),
        };
        if batch.rows == 0 {
            return Ok(());
        }
        let stopwatch = Stopwatch::start(self.context.is_sampled);
        let evaluation = session.evaluate(rule, &batch, pacer);
        outcome.set_timing(stopwatch.stop());
        match evaluation {
            Ok(evaluation) => {
                if !outcome.take(evaluation, rows.as_deref(), batch.rows) {
                    tracing::error!(
                        rule = &*node.rule_id,
                        "a bug: the answer of a rule has rows that it was not given"
                    );
                }
            }
            Err(EvaluateError::Abandoned(abandoned)) => return Err(abandoned.into()),
            Err(EvaluateError::TooLarge(too_large)) => return Err(too_large.into()),
            Err(EvaluateError::Host(failure)) => {
                let cause = failure.source().map(ToString::to_string).unwrap_or_default();
                tracing::error!(rule = &*node.rule_id, cause, "the host could not run a rule");
                outcome.set_rest(Status::Error, &Reason::Host);
            }
        }
        Ok(())
    }

    /// Checks the rows that are left against their schemas.
    fn schema(&self, pacer: &mut Pacer<'_>, outcome: &mut OutcomeBuilder) -> Result<(), Abandoned> {
        let (begun, waited) = (std::time::Instant::now(), pacer.waited());
        let mut checked = 0u32;
        let mut scratch = SchemaScratch::default();
        let entity_type = self.context.schemas_of(self.route);
        let most = usize::try_from(self.context.options.max_findings.get()).unwrap_or(usize::MAX);
        for row in 0..self.chunk.rows() {
            if !outcome.is_open(row) {
                continue;
            }
            // A check may take as long as a call of a rule.
            pacer.step()?;
            checked += 1;
            let text = self.rows.get(row as usize).and_then(|&record| self.window.text(record));
            let Some(text) = text.and_then(|text| str::from_utf8(text).ok()) else {
                let _logged = Bug::new("the text of a record is missing");
                outcome.set(row, Status::Error, Reason::Host);
                continue;
            };
            match self.context.release.schemas.check(text, entity_type, most, &mut scratch) {
                SchemaVerdict::Pass => outcome.pass(row),
                SchemaVerdict::Fail(mistakes) => outcome.set(row, Status::Fail, Reason::Mistakes(mistakes)),
                SchemaVerdict::NoSchema { pointer, reason } => {
                    outcome.set(row, Status::Fail, Reason::NoSchema { pointer, reason });
                }
                SchemaVerdict::Unchecked { reason, code } => {
                    outcome.set(row, Status::Error, Reason::Unchecked { reason, code });
                }
            }
        }
        let waited = pacer.waited().saturating_sub(waited);
        outcome.set_time(begun.elapsed().saturating_sub(waited), checked);
        Ok(())
    }
}
