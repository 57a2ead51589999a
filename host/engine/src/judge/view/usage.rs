//! The usage of a rule for a chunk, as an observer sees it.

use jurat_model::{Limits, Usage};

use crate::judge::call::NodeOutcome;
use crate::judge::context::Context;
use crate::ruleset::Node;

/// The usage of a rule for the records that it judged together, and its limits.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct RuleUsage<'a> {
    /// The rule.
    pub rule_id: &'a str,
    /// The SHA-256 of the component that has the rule; none for rules of the host, and where nothing provides the rule.
    pub component: Option<&'a str>,
    /// How many records the rule was called with.
    pub records: u32,
    /// The usage of its calls, together.
    pub usage: &'a Usage,
    /// The limits of each call; none for rules of the host, and where nothing provides the rule.
    pub limits: Option<&'a Limits>,
}

impl<'a> RuleUsage<'a> {
    pub(super) fn new(context: &'a Context, node: &'a Node, outcome: &'a NodeOutcome) -> Self {
        Self {
            rule_id: &node.rule_id,
            component: context.release.component_of(node).map(|digest| &**digest),
            records: outcome.called,
            usage: &outcome.usage,
            limits: context.release.limits_of(node),
        }
    }
}
