//! Resolves a window: what suspension and the hierarchy make of what the rules said.
//!
//! A rule is suspended after a number of guilty records, or after the fuel that they have used, counted in the order of the input.
//! Workers do not judge in that order. So a worker resolves its window by what is known when it begins, and the collator checks that
//! this was right.

use jurat_model::{Guilt, Status};

use super::call::{NodeOutcome, Reason, WindowOutcome};
use super::context::Context;

/// For each rule of the release, its guilty records so far.
pub(super) type Guilty = Vec<RuleGuilt>;

/// The guilty records of one rule.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct RuleGuilt {
    pub(super) guilt: Guilt,
    pub(super) is_suspended: bool,
}

/// The rules that are suspended in a window.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Suspended {
    /// Those that are suspended when it begins.
    Known,
    /// Those, and each other from where its count says so.
    Counted,
}

/// A row of a node that gets another status than the rule gave it.
type Change = (u32, Status, Reason);

/// Goes through the records in their order and counts the guilty ones. Takes back what a rule said after it was
/// suspended, and what was said below a rule whose status that changes.
///
/// A worker does not know what other windows count. It suspends only the rules that were known to be suspended when it began. The
/// window may be resolved again with the true counts: the worker takes back nothing that they would not.
pub(super) fn resolve(context: &Context, outcome: &mut WindowOutcome, guilty: &mut Guilty, suspended: Suspended) {
    let mut changes: Vec<Vec<Vec<Change>>> =
        outcome.chunks.iter().map(|chunk| vec![Vec::new(); chunk.nodes.len()]).collect();
    for record in &outcome.records {
        let Ok(index) = record.row else { continue };
        // INVARIANT: a window outcome has every chunk that its records name.
        let (Some(chunk), Some(changes)) = (outcome.chunks.get(index.chunk), changes.get_mut(index.chunk)) else {
            continue;
        };
        // The statuses of the nodes so far.
        let mut statuses: Vec<Status> = Vec::with_capacity(chunk.nodes.len());
        for ((node, said), changes) in context.nodes(chunk.route).iter().zip(&chunk.nodes).zip(changes) {
            let is_blocked = node.blocked_by(|parent| statuses.get(parent).copied()).is_some();
            let rule = node.rule.and_then(|rule| guilty.get_mut(rule));
            let change = match (is_blocked, rule) {
                (true, _) => Some((if node.must_run { Status::Error } else { Status::Norun }, Reason::Parent)),
                // A record that never reached the rule keeps its own reason.
                (_, Some(rule)) if rule.is_suspended => (!said.reasons(index.row).any(Reason::comes_before_the_rule))
                    .then_some((Status::Error, Reason::Suspended)),
                (_, rule) => {
                    let fault = said.reasons(index.row).find_map(|reason| match reason {
                        Reason::Fault(_, fuel) => Some(*fuel),
                        _ => None,
                    });
                    if let (Some(rule), Some(fuel)) = (rule, fault) {
                        rule.guilt.add(fuel);
                        rule.is_suspended =
                            suspended == Suspended::Counted && context.options.run.suspension.is_due(&rule.guilt);
                    }
                    None
                }
            };
            statuses.push(change.as_ref().map_or_else(|| said.status(index.row), |(status, _)| *status));
            let required = is_blocked && node.must_run;
            changes.extend(required.then_some((index.row, Status::Error, Reason::MustRun)));
            changes.extend(change.map(|(status, reason)| (index.row, status, reason)));
        }
    }
    for (chunk, changes) in outcome.chunks.iter_mut().zip(changes) {
        for (node, changes) in chunk.nodes.iter_mut().zip(changes) {
            apply(node, changes);
        }
    }
}

/// Replaces what was said of some rows.
fn apply(node: &mut NodeOutcome, changes: Vec<Change>) {
    if changes.is_empty() {
        return;
    }
    let mut changed: Vec<u32> = changes.iter().map(|(row, ..)| *row).collect();
    changed.sort_unstable();
    node.reasons.retain(|(row, _)| changed.binary_search(row).is_err());
    for (row, status, reason) in changes {
        if let Some(entry) = node.statuses.get_mut(row as usize) {
            *entry = status;
        }
        node.reasons.push((row, reason));
    }
    node.reasons.sort_by_key(|(row, _)| *row);
}
