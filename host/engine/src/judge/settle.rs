//! What suspension makes of a window.
//!
//! A rule is suspended after so many guilty records, counted in the order of the input; workers do not judge in that order. So each
//! settles its window by what is known when it begins, and whoever collates checks that this was right.

use jurat_model::Status;

use super::chunk::{NodeOutcome, Why};
use super::context::Context;
use super::window::{Fate, WindowOutcome};

/// For each rule of the release, the records so far on which it did wrong.
pub(super) type Guilty = Vec<u32>;

/// The count of a rule that is known to be suspended, whatever it counts to.
pub(super) const SUSPENDED: u32 = u32::MAX;

/// A row of a node that says something else than what the rule said.
type Change = (u32, Status, Why);

/// Goes through the records in their order, counts the guilty ones, and takes back what rules said that were suspended by then, because
/// `most` records were counted.
///
/// A worker, who does not know what other windows count, suspends only what was known to be suspended when it began. That may be done
/// again with the true counts: it takes back nothing that they would not.
pub(super) fn settle(context: &Context, outcome: &mut WindowOutcome, guilty: &mut Guilty, most: u32) {
    let mut changes: Vec<Vec<Vec<Change>>> =
        outcome.judged.iter().map(|judged| vec![Vec::new(); judged.nodes.len()]).collect();
    for record in &outcome.records {
        let Fate::Judged { chunk, row } = record.fate else { continue };
        let (Some(judged), Some(changes)) = (outcome.judged.get(chunk), changes.get_mut(chunk)) else { continue };
        // What became of the nodes so far.
        let mut statuses = Vec::with_capacity(judged.nodes.len());
        for ((node, said), changes) in context.nodes(judged.route).iter().zip(&judged.nodes).zip(changes) {
            let status = said.statuses.get(row as usize).copied().unwrap_or(Status::Error);
            let parent: Option<Status> = node.parent.and_then(|parent| statuses.get(parent).copied());
            let count = node.rule.and_then(|rule| guilty.get_mut(rule));
            let change = match (parent, count) {
                (Some(parent), _) if !parent.lets_children_run() => Some((Status::Norun, Why::Parent)),
                // What never reached the rule keeps its own reason.
                (_, Some(count)) if *count >= most => {
                    (!said.reasons(row).any(Why::comes_before_the_rule)).then_some((Status::Error, Why::Suspended))
                }
                (_, count) => {
                    if let (Some(count), true) = (count, said.reasons(row).any(|why| matches!(why, Why::Fault(_)))) {
                        *count += 1;
                    }
                    None
                }
            };
            statuses.push(change.as_ref().map_or(status, |(status, _)| *status));
            changes.extend(change.map(|(status, why)| (row, status, why)));
        }
    }
    for (judged, changes) in outcome.judged.iter_mut().zip(changes) {
        for (node, changes) in judged.nodes.iter_mut().zip(changes) {
            node.change(changes);
        }
    }
}

impl WindowOutcome {
    /// Whether a rule did wrong on one of the records.
    pub(super) fn has_faults(&self) -> bool {
        let nodes = self.judged.iter().flat_map(|judged| &judged.nodes);
        nodes.flat_map(|node| &node.reasons).any(|(_, why)| matches!(why, Why::Fault(_)))
    }
}

impl NodeOutcome {
    /// Replaces what was said of some rows, which rise.
    fn change(&mut self, changes: Vec<Change>) {
        if changes.is_empty() {
            return;
        }
        let mut changed: Vec<u32> = changes.iter().map(|(row, ..)| *row).collect();
        changed.sort_unstable();
        self.reasons.retain(|(row, _)| changed.binary_search(row).is_err());
        for (row, status, why) in changes {
            if let Some(place) = self.statuses.get_mut(row as usize) {
                *place = status;
            }
            self.reasons.push((row, why));
        }
        self.reasons.sort_by_key(|(row, _)| *row);
    }
}
