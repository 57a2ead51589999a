//! From outcomes to results, in the order of the input.

use std::io;
use std::sync::Arc;

use super::Context;
use super::chunk::{Judged, NodeOutcome, Why};
use super::explain;
use super::tally::Tally;
use super::values::Row;
use super::window::{Fate, WindowOutcome};
use crate::results::{RecordResult, RuleResult, Summary};
use crate::ruleset::{Node, RuleList};

/// Turns windows into results, one after the other.
pub(super) struct Renderer {
    context: Arc<Context>,
    tally: Tally,
    /// For each rule, the records so far on which it did wrong.
    guilty: Vec<u32>,
}

impl Renderer {
    pub(super) fn new(context: Arc<Context>) -> Self {
        let guilty = vec![0; context.release.providers.len()];
        Self { tally: Tally::new(context.lists().len()), guilty, context }
    }

    /// Hands over the results of one window.
    pub(super) fn render(
        &mut self,
        window: WindowOutcome,
        sink: &mut dyn FnMut(RecordResult) -> io::Result<()>,
    ) -> io::Result<()> {
        let context = Arc::clone(&self.context);
        let unsigned = context.release.is_unsigned();
        for judged in &window.judged {
            self.tally.usage(judged.route.list, &judged.nodes);
        }
        for (place, record) in (0..).zip(window.records) {
            let judged = match record.fate {
                Fate::Judged { chunk, row } => window.judged.get(chunk).map(|judged| (judged, row)),
                Fate::Unreadable(error) => {
                    self.tally.unreadable();
                    let release = context.request.evidence.clone();
                    sink(RecordResult::unreadable(record.id.into_text(), error, unsigned, release))?;
                    continue;
                }
            };
            let Some((judged, row)) = judged else { continue };
            let row = Row::new(&context, &window.answers, (place, &record), (judged, row));
            let results = self.results(&row);
            sink(RecordResult {
                entity_id: record.id.into_text(),
                entity_type: context.release.entity_types.get(judged.route.entity_type).cloned(),
                status: None,
                error: None,
                now: judged.prepared.reads_now.then(|| Arc::clone(&context.now)),
                unsigned,
                release: context.request.evidence.clone(),
                results,
            })?;
        }
        Ok(())
    }

    pub(super) fn finish(self) -> Summary {
        let summary = self.tally.finish(self.context.lists());
        Summary { release: self.context.request.evidence.clone(), ..summary }
    }

    /// What all rules say of one record.
    fn results(&mut self, row: &Row<'_>) -> Vec<RuleResult> {
        let Row { context, judged, .. } = *row;
        let nodes = context.nodes(judged);
        let mut results: Vec<RuleResult> = Vec::with_capacity(nodes.len());
        for (place, (node, outcome)) in nodes.iter().zip(&judged.nodes).enumerate() {
            let parent = node.parent.and_then(|parent| results.get(parent));
            let result = match parent {
                // The parent may have been parked since: that is settled only here, in the order of the input.
                Some(parent) if !parent.status.lets_children_run() => explain::below(row, node, parent),
                _ if self.is_parked(node, outcome, row.row) => explain::parked(row, node),
                _ => {
                    if outcome.reasons(row.row).any(|why| matches!(why, Why::Host)) {
                        self.tally.host_failure();
                    }
                    explain::judged(row, node, place, outcome)
                }
            };
            results.push(result);
        }
        self.tally.record(judged.route.list, &results);
        nest(nodes, results)
    }

    /// Whether a rule was parked before this record. Counts the record if it is one of the guilty ones.
    fn is_parked(&mut self, node: &Node, outcome: &NodeOutcome, row: u32) -> bool {
        let Some((rule, count)) = node.rule.and_then(|rule| Some((rule, self.guilty.get_mut(rule)?))) else {
            return false;
        };
        let mut reasons = outcome.reasons(row);
        let most = self.context.request.run.park_after.get();
        if *count >= most {
            // What never reached the rule keeps its own reason.
            return !reasons.any(Why::comes_before_the_rule);
        }
        if reasons.any(|why| matches!(why, Why::Fault(_))) {
            *count += 1;
            if *count == most {
                self.context.park(rule);
            }
        }
        false
    }
}

impl Context {
    fn lists(&self) -> &[RuleList] {
        self.release.router.rulesets().lists()
    }

    fn nodes(&self, judged: &Judged) -> &[Node] {
        self.lists().get(judged.route.list).map(|list| &*list.nodes).unwrap_or_default()
    }
}

impl NodeOutcome {
    /// The reasons for the status of a row.
    pub(super) fn reasons(&self, row: u32) -> impl Iterator<Item = &Why> {
        let first = self.reasons.partition_point(|(other, _)| *other < row);
        let behind = self.reasons.get(first..).unwrap_or_default();
        behind.iter().take_while(move |(other, _)| *other == row).map(|(_, why)| why)
    }
}

/// Puts results below those that they waited for.
fn nest(nodes: &[Node], results: Vec<RuleResult>) -> Vec<RuleResult> {
    if nodes.iter().all(|node| node.parent.is_none()) {
        return results;
    }
    let mut open: Vec<Option<RuleResult>> = results.into_iter().map(Some).collect();
    let mut top = Vec::new();
    // Children stand behind their parents, so from the back every result is complete when its turn comes.
    for (place, node) in nodes.iter().enumerate().rev() {
        let Some(mut result) = open.get_mut(place).and_then(Option::take) else { continue };
        result.children.reverse();
        match node.parent.and_then(|parent| open.get_mut(parent)?.as_mut()) {
            Some(parent) => parent.children.push(result),
            None => top.push(result),
        }
    }
    top.reverse();
    top
}
