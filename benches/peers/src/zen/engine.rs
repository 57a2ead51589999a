//! ZEN Engine: the rules as a decision graph, the JSON that its editor writes, loaded and compiled once and evaluated for each record.
//!
//! One node has all four expressions, in the language of [`Zen`](super::Zen): a node or a decision table for each rule would be
//! slower. The hierarchy is in the graph: an expression sees the results of earlier expressions. The engine's only call is
//! asynchronous. A graph without functions never waits, so one poll is the whole evaluation, and no executor adds cost. No
//! expression reads other nodes by name, so the engine is configured not to collect their results.

use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::task::{Context, Poll, Waker};

use anyhow::{Context as _, anyhow, bail};
use zen_engine::model::DecisionContent;
use zen_engine::{Decision, DecisionEngine, ZEN_CONFIG};
use zen_expression::variable::Variable;

use crate::peer::Peer;

/// The outputs of the graph, in the order of the rules.
const STATUSES: [&str; 4] = ["soundness", "known_status", "balance_fits", "utilisation"];

pub(crate) struct ZenEngine {
    decision: Decision,
}

impl ZenEngine {
    pub(crate) fn new() -> anyhow::Result<Self> {
        ZEN_CONFIG.nodes_in_context.store(false, Ordering::Relaxed);
        let graph: DecisionContent = serde_json::from_str(include_str!("loan.json"))?;
        let mut decision = DecisionEngine::default().create_decision(Arc::new(graph))?;
        decision.validate()?;
        decision.compile();
        Ok(Self { decision })
    }
}

impl Peer for ZenEngine {
    type Input<'t> = Variable;

    fn parse(&self, text: &str) -> anyhow::Result<Variable> {
        Ok(serde_json::from_str(text)?)
    }

    fn judge(&mut self, input: &Variable, out: &mut Vec<u8>) -> anyhow::Result<()> {
        // A shallow clone increments a reference count.
        let evaluation = pin!(self.decision.evaluate(input.shallow_clone()));
        let Poll::Ready(response) = evaluation.poll(&mut Context::from_waker(Waker::noop())) else {
            bail!("the graph did not finish in one poll");
        };
        let response = response.map_err(|error| anyhow!("{error}"))?;
        let result = response.result.as_object().context("the graph did not give an object")?;
        let statuses = result.borrow();
        for name in STATUSES {
            let status = statuses.get_str(name).and_then(Variable::as_str);
            out.extend_from_slice(status.with_context(|| format!("the graph did not give `{name}`"))?.as_bytes());
            out.push(b'\t');
        }
        out.pop();
        out.push(b'\n');
        Ok(())
    }
}
