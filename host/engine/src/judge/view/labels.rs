//! What the results of many records have in common.

use std::sync::Arc;

use crate::judge::call::ChunkOutcome;
use crate::judge::context::Context;
use crate::results::Evidence;
use crate::ruleset::Node;

/// What the results of a chunk's records have in common.
///
/// Each label is shared within its chunk only, so that no worker writes to memory that another one counts references in.
pub(super) struct Labels {
    /// One for each node.
    pub(super) rules: Vec<RuleLabel>,
    pub(super) entity_type: Option<Arc<str>>,
    pub(super) now: Option<Arc<str>>,
    pub(super) release: Option<Arc<Evidence>>,
}

/// What all results of one rule have in common.
pub(super) struct RuleLabel {
    pub(super) rule_id: Arc<str>,
    pub(super) description: Arc<str>,
    pub(super) component: Option<Arc<str>>,
}

impl Labels {
    /// The labels of a chunk. With `is_shared` they are those of the release: copies do not pay for a few rows.
    pub(super) fn new(context: &Context, chunk: &ChunkOutcome, nodes: &[Node], is_shared: bool) -> Self {
        let copy = |text: &Arc<str>| if is_shared { Arc::clone(text) } else { Arc::from(&**text) };
        let label = |node: &Node| RuleLabel {
            rule_id: copy(&node.rule_id),
            description: node
                .rule
                .and_then(|rule| context.release.descriptions.get(rule))
                .map_or_else(|| Arc::from(""), copy),
            component: context.release.component_of(node).map(copy),
        };
        let evidence = context.evidence.as_ref();
        Self {
            rules: nodes.iter().map(label).collect(),
            entity_type: context.release.entity_types.get(chunk.route.entity_type).map(copy),
            now: chunk.prepared.reads_now.then(|| copy(&context.now)),
            release: evidence.map(
                |release| {
                    if is_shared { Arc::clone(release) } else { Arc::new(Evidence::clone(release)) }
                },
            ),
        }
    }
}
