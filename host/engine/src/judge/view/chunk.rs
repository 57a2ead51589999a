//! The results of the rows of a chunk.

use std::cell::OnceCell;
use std::iter;
use std::ops::Range;

use jurat_model::Status;

use super::explain;
use super::labels::Labels;
use super::passes::Passes;
use super::row::Row;
use crate::judge::call::{ChunkOutcome, NodeOutcome, Reason, WindowOutcome};
use crate::judge::context::Context;
use crate::results::{RecordOutcome, RuleResult};
use crate::ruleset::Node;

/// Chunks of fewer rows than this are too small for anything to be made once for all rows.
const FEW: usize = 32;

/// What the records of a chunk have in common.
pub(in crate::judge) struct ChunkView<'a> {
    pub(in crate::judge) outcome: &'a ChunkOutcome,
    pub(in crate::judge) nodes: &'a [Node],
    /// For each row a sum of the bits below.
    rows: Vec<u8>,
    labels: OnceCell<Labels>,
    pub(super) passes: Passes,
}

/// A rule said FAIL or ERROR.
const FAILED: u8 = 1;
/// A rule said WARN.
const WARNED: u8 = 2;
/// A rule said anything but NORUN.
const RAN: u8 = 4;
/// The rule has more to report than PASS.
const SAYS_MORE: u8 = 8;
/// A rule said NORUN.
const NORUN: u8 = 16;
/// A rule could not read a related entity, although there may be one.
const UNAVAILABLE: u8 = 32;

impl<'a> ChunkView<'a> {
    pub(super) fn new(context: &'a Context, window: &'a WindowOutcome, outcome: &'a ChunkOutcome) -> Self {
        let mut rows = vec![0; outcome.rows.len()];
        for node in &outcome.nodes {
            for (row, status) in rows.iter_mut().zip(&node.statuses) {
                *row |= match status {
                    Status::Pass => RAN,
                    Status::Warn => RAN | WARNED | SAYS_MORE,
                    Status::Fail | Status::Error => RAN | FAILED | SAYS_MORE,
                    Status::Norun => NORUN | SAYS_MORE,
                };
            }
            for (row, _) in &node.reasons {
                if let Some(row) = rows.get_mut(*row as usize) {
                    *row |= SAYS_MORE;
                }
            }
        }
        let nodes = context.nodes(outcome.route);
        if outcome.related.has_failures() {
            for ((row, record), bits) in (0..).zip(&outcome.rows).zip(&mut rows) {
                let Some(known) = window.records.get(*record as usize) else { continue };
                let row = Row::new(context, window, (*record, known), (outcome, row));
                let mut said = nodes.iter().zip(&outcome.nodes).enumerate();
                if said.any(|(index, (node, said))| explain::lost(&row, node, index, said)) {
                    *bits |= UNAVAILABLE;
                }
            }
        }
        Self { outcome, nodes, rows, labels: OnceCell::new(), passes: Passes::default() }
    }

    /// The outcome of the record in a row.
    pub(in crate::judge) fn record_outcome(&self, row: u32) -> RecordOutcome {
        match self.rows.get(row as usize).copied().unwrap_or(FAILED) {
            said if said & FAILED != 0 => RecordOutcome::Failed,
            said if said & WARNED != 0 => RecordOutcome::Warned,
            said if said & RAN != 0 => RecordOutcome::Passed,
            _ => RecordOutcome::NotRun,
        }
    }

    /// Whether a rule could not read a related entity of the record in a row, although there may be one.
    pub(in crate::judge) fn has_unavailable(&self, row: u32) -> bool {
        self.rows.get(row as usize).is_some_and(|said| said & UNAVAILABLE != 0)
    }

    /// Whether a rule said NORUN of the record in a row.
    pub(in crate::judge) fn has_norun(&self, row: u32) -> bool {
        self.rows.get(row as usize).is_none_or(|said| said & NORUN != 0)
    }

    /// Why a rule did not run on the record in a row.
    pub(in crate::judge) fn norun_message(&self, row: &Row<'_>, index: usize) -> Option<String> {
        let (node, outcome) = (self.nodes.get(index)?, self.outcome.nodes.get(index)?);
        let is_blocked = outcome.reasons(row.row).any(|reason| matches!(reason, Reason::Parent));
        let label = self.labels(row.context).rules.get(index)?;
        let message = explain::judged(row, (node, label), index, outcome).message;
        Some(if is_blocked { "not run: its parent did not pass".to_owned() } else { message })
    }

    pub(in crate::judge) fn rows(&self) -> Range<u32> {
        0..self.outcome.chunk.rows()
    }

    /// All nodes.
    pub(super) fn all(&self) -> Range<usize> {
        0..self.nodes.len()
    }

    /// Whether it is too small for anything to be made once for all of its rows.
    pub(super) fn is_small(&self) -> bool {
        self.rows.len() < FEW
    }

    pub(super) fn labels(&self, context: &Context) -> &Labels {
        self.labels.get_or_init(|| Labels::new(context, self.outcome, self.nodes, self.is_small()))
    }

    /// The results of the given nodes and those below them, nested. The first node must be at the top of the list, and the last
    /// must be the last below one that is.
    pub(super) fn results(&self, row: &Row<'_>, range: Range<usize>) -> Vec<RuleResult> {
        let first = range.start;
        let nodes = self.nodes.get(range.clone()).unwrap_or_default();
        let outcomes = self.outcome.nodes.get(range.clone()).unwrap_or_default();
        let labels = self.labels(row.context).rules.get(range.clone()).unwrap_or_default();
        let mut results: Vec<RuleResult> = Vec::with_capacity(nodes.len());
        for (index, ((node, outcome), label)) in range.zip(nodes.iter().zip(outcomes).zip(labels)) {
            let result_of = |parent: usize| results.get(parent.checked_sub(first)?);
            let blocker = node.blocked_by(|parent| Some(result_of(parent)?.status)).and_then(result_of);
            results.push(match blocker {
                Some(parent) => explain::below(row, (node, label), parent),
                None => explain::judged(row, (node, label), index, outcome),
            });
        }
        // INVARIANT: a window outcome has an outcome for each node, and there is a label for each.
        debug_assert_eq!(results.len(), nodes.len(), "every node has a result");
        nest(nodes, first, results)
    }

    /// Whether all rules say PASS of a row, and nothing else.
    pub(super) fn only_passes(&self, row: u32) -> bool {
        self.rows.get(row as usize).is_some_and(|said| said & SAYS_MORE == 0)
    }

    /// Whether these nodes do.
    pub(super) fn pass(&self, row: u32, nodes: Range<usize>) -> bool {
        let passes = |node: &NodeOutcome| {
            node.statuses.get(row as usize) == Some(&Status::Pass) && node.reasons(row).next().is_none()
        };
        self.outcome.nodes.get(nodes).unwrap_or_default().iter().all(passes)
    }

    /// The nodes at the top of the list, each with all below it.
    pub(super) fn tops(&self) -> impl Iterator<Item = Range<usize>> {
        let is_top = |(index, node): (usize, &Node)| node.parent.is_none().then_some(index);
        let mut starts = self.nodes.iter().enumerate().filter_map(is_top).peekable();
        iter::from_fn(move || {
            let start = starts.next()?;
            Some(start..starts.peek().copied().unwrap_or(self.nodes.len()))
        })
    }
}

/// Puts results below those of their parents. `first` is the index of the first node in its list.
fn nest(nodes: &[Node], first: usize, results: Vec<RuleResult>) -> Vec<RuleResult> {
    if nodes.iter().all(|node| node.parent.is_none()) {
        return results;
    }
    let mut open: Vec<Option<RuleResult>> = results.into_iter().map(Some).collect();
    let mut top = Vec::new();
    // Children follow their parents, so from the back every result is complete when its turn comes.
    for (index, node) in nodes.iter().enumerate().rev() {
        let Some(mut result) = open.get_mut(index).and_then(Option::take) else { continue };
        result.children.reverse();
        match node.parent.and_then(|parent| open.get_mut(parent.checked_sub(first)?)?.as_mut()) {
            Some(parent) => parent.children.push(result),
            None => top.push(result),
        }
    }
    top.reverse();
    top
}
