//! What the rules say of the rows of a chunk.

use std::cell::OnceCell;
use std::iter;
use std::ops::Range;
use std::sync::Arc;

use jurat_model::Status;

use super::Standing;
use super::json::Passes;
use crate::judge::chunk::{Judged, NodeOutcome, Why};
use crate::judge::context::Context;
use crate::judge::explain;
use crate::judge::values::Row;
use crate::results::{Evidence, RuleResult};
use crate::ruleset::Node;

/// Chunks of fewer rows than this are not worth anything that is made once for all of them.
const FEW: usize = 32;

/// What the records of a chunk have in common.
pub(in crate::judge) struct ChunkView<'a> {
    pub(in crate::judge) judged: &'a Judged,
    pub(in crate::judge) nodes: &'a [Node],
    /// For each row, what was said of it: a sum of the bits below.
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
/// There is more to say than PASS.
const SAYS_MORE: u8 = 8;

/// What results carry that is the same for many of them.
///
/// Each is shared with those of its chunk only, so that no worker writes to memory that another one counts in.
pub(super) struct Labels {
    rules: Vec<RuleLabel>,
    pub(super) entity_type: Option<Arc<str>>,
    pub(super) now: Option<Arc<str>>,
    pub(super) release: Option<Arc<Evidence>>,
}

/// What all results of one rule carry.
pub(in crate::judge) struct RuleLabel {
    pub(in crate::judge) rule_id: Arc<str>,
    pub(in crate::judge) description: Arc<str>,
    pub(in crate::judge) component: Option<Arc<str>>,
}

impl<'a> ChunkView<'a> {
    pub(super) fn new(context: &'a Context, judged: &'a Judged) -> Self {
        let mut rows = vec![0; judged.rows.len()];
        for node in &judged.nodes {
            for (row, status) in rows.iter_mut().zip(&node.statuses) {
                *row |= match status {
                    Status::Pass => RAN,
                    Status::Warn => RAN | WARNED | SAYS_MORE,
                    Status::Fail | Status::Error => RAN | FAILED | SAYS_MORE,
                    Status::Norun => SAYS_MORE,
                };
            }
            for (row, _) in &node.reasons {
                if let Some(row) = rows.get_mut(*row as usize) {
                    *row |= SAYS_MORE;
                }
            }
        }
        let nodes = context.nodes(judged.route);
        Self { judged, nodes, rows, labels: OnceCell::new(), passes: Passes::default() }
    }

    pub(in crate::judge) fn standing(&self, row: u32) -> Standing {
        match self.rows.get(row as usize).copied().unwrap_or(FAILED) {
            said if said & FAILED != 0 => Standing::Failed,
            said if said & WARNED != 0 => Standing::Warned,
            said if said & RAN != 0 => Standing::Passed,
            _ => Standing::NotRun,
        }
    }

    pub(in crate::judge) fn rows(&self) -> Range<u32> {
        // INVARIANT: rows are counted with 32 bits.
        0..u32::try_from(self.rows.len()).unwrap_or(u32::MAX)
    }

    /// All nodes.
    pub(super) fn all(&self) -> Range<usize> {
        0..self.nodes.len()
    }

    /// Whether it is so small that nothing is worth making once for all of its rows.
    pub(super) fn is_small(&self) -> bool {
        self.rows.len() < FEW
    }

    pub(super) fn labels(&self, context: &Context) -> &Labels {
        self.labels.get_or_init(|| Labels::new(context, self))
    }

    /// The results of the given nodes and those below them, nested. The first must stand at the top of the list, and the last must
    /// be the last below one that does.
    pub(super) fn results(&self, row: &Row<'_>, nodes: Range<usize>) -> Vec<RuleResult> {
        let first = nodes.start;
        let labels = self.labels(row.context);
        let mut results: Vec<RuleResult> = Vec::with_capacity(nodes.len());
        for place in nodes.clone() {
            let (Some(node), Some(outcome), Some(label)) =
                (self.nodes.get(place), self.judged.nodes.get(place), labels.rules.get(place))
            else {
                break;
            };
            let parent = node.parent.and_then(|parent| results.get(parent.checked_sub(first)?));
            let result = match parent {
                Some(parent) if !parent.status.lets_children_run() => explain::below(row, label, parent),
                _ => explain::judged(row, (node, label), place, outcome),
            };
            results.push(result);
        }
        nest(self.nodes.get(nodes).unwrap_or_default(), first, results)
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
        self.judged.nodes.get(nodes).unwrap_or_default().iter().all(passes)
    }

    /// The nodes at the top of the list, each with all below it.
    pub(super) fn tops(&self) -> impl Iterator<Item = Range<usize>> {
        let is_top = |(place, node): (usize, &Node)| node.parent.is_none().then_some(place);
        let mut starts = self.nodes.iter().enumerate().filter_map(is_top).peekable();
        iter::from_fn(move || {
            let start = starts.next()?;
            Some(start..starts.peek().copied().unwrap_or(self.nodes.len()))
        })
    }
}

impl Labels {
    fn new(context: &Context, chunk: &ChunkView<'_>) -> Self {
        let is_shared = chunk.is_small();
        let copy = |text: &Arc<str>| if is_shared { Arc::clone(text) } else { Arc::from(&**text) };
        let label = |node: &Node| RuleLabel {
            rule_id: copy(&node.rule_id),
            description: node
                .rule
                .and_then(|rule| context.release.descriptions.get(rule))
                .map_or_else(|| Arc::from(""), copy),
            component: context.release.component_of(node).map(copy),
        };
        let evidence = context.request.evidence.as_ref();
        Self {
            rules: chunk.nodes.iter().map(label).collect(),
            entity_type: context.release.entity_types.get(chunk.judged.route.entity_type).map(copy),
            now: chunk.judged.prepared.reads_now.then(|| copy(&context.now)),
            release: evidence.map(
                |release| {
                    if is_shared { Arc::clone(release) } else { Arc::new(Evidence::clone(release)) }
                },
            ),
        }
    }
}

impl NodeOutcome {
    /// The reasons for the status of a row.
    pub(in crate::judge) fn reasons(&self, row: u32) -> impl Iterator<Item = &Why> {
        let first = self.reasons.partition_point(|(other, _)| *other < row);
        let behind = self.reasons.get(first..).unwrap_or_default();
        behind.iter().take_while(move |(other, _)| *other == row).map(|(_, why)| why)
    }
}

/// Puts results below those that they waited for. `first` is the place of the first node in its list.
fn nest(nodes: &[Node], first: usize, results: Vec<RuleResult>) -> Vec<RuleResult> {
    if nodes.iter().all(|node| node.parent.is_none()) {
        return results;
    }
    let mut open: Vec<Option<RuleResult>> = results.into_iter().map(Some).collect();
    let mut top = Vec::new();
    // Children stand behind their parents, so from the back every result is complete when its turn comes.
    for (place, node) in nodes.iter().enumerate().rev() {
        let Some(mut result) = open.get_mut(place).and_then(Option::take) else { continue };
        result.children.reverse();
        match node.parent.and_then(|parent| open.get_mut(parent.checked_sub(first)?)?.as_mut()) {
            Some(parent) => parent.children.push(result),
            None => top.push(result),
        }
    }
    top.reverse();
    top
}
