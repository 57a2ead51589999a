//! One rule on one record, as an observer sees it.

use std::fmt;

use jurat_model::{Input, Limits, Status};

use super::explain;
use super::row::Row;
use super::usage::RuleUsage;
use crate::judge::call::NodeOutcome;
use crate::release::Runner;
use crate::ruleset::Node;

/// The verdict of one rule on one record, and its inputs.
pub struct JudgedRule<'a> {
    pub(super) row: Row<'a>,
    pub(super) node: &'a Node,
    /// The index of the node in its list.
    pub(super) index: usize,
    pub(super) outcome: &'a NodeOutcome,
}

/// An input of a rule, with the value that a record has for it.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct JudgedInput<'a> {
    /// The input as the rule declares it, by its logical name.
    pub input: &'a Input,
    /// The path of the value, as an RFC 6901 pointer into the record or the related entity; none if the field map does not say, or
    /// the value is the time of the run.
    pub pointer: Option<&'a str>,
    /// The value as it is written, quotes included; none if it is absent.
    pub token: Option<&'a str>,
}

impl<'a> JudgedRule<'a> {
    /// The rule's id.
    #[must_use]
    pub fn rule_id(&self) -> &'a str {
        &self.node.rule_id
    }

    /// The index of the rule in its list: parents come before their children.
    #[must_use]
    pub fn index(&self) -> usize {
        self.index
    }

    /// The index of the rule that this one waits for.
    #[must_use]
    pub fn parent(&self) -> Option<usize> {
        self.node.parent
    }

    /// The status that the rule gave.
    #[must_use]
    pub fn status(&self) -> Status {
        self.outcome.status(self.row.row)
    }

    /// Whether that may differ on another machine, or at another moment.
    #[must_use]
    pub fn is_indeterminate(&self) -> bool {
        explain::is_indeterminate(&self.row, self.node, self.index, self.outcome)
    }

    /// The SHA-256 of the component that has the rule; none for rules of the host, and where nothing provides the rule.
    #[must_use]
    pub fn component(&self) -> Option<&'a str> {
        self.row.context.release.component_of(self.node).map(|digest| &**digest)
    }

    /// The inputs that the rule declares, in its order; none for rules of the host, for rules of other entity types, and where
    /// nothing provides the rule.
    pub fn inputs(&self) -> impl Iterator<Item = JudgedInput<'a>> {
        let context = self.row.context;
        let step = self.row.chunk.prepared.steps.get(self.index);
        let declaration = step.and_then(|step| match step.runner {
            Runner::Component { component, rule } => context.release.declaration(component, rule),
            Runner::JsonSchema | Runner::Unknown | Runner::OtherEntity { .. } => None,
        });
        let inputs = declaration.map(|declaration| &*declaration.inputs).unwrap_or_default();
        let columns = step.map(|step| &*step.columns).unwrap_or_default();
        inputs.iter().zip(columns).map(|(input, column)| JudgedInput {
            input,
            pointer: self.row.pointer(*column),
            token: self.row.whole_token(*column),
        })
    }

    /// The limits of each call of the rule; none for rules of the host, and where nothing provides the rule.
    #[must_use]
    pub fn limits(&self) -> Option<&'a Limits> {
        self.row.context.release.limits_of(self.node)
    }

    /// The usage of the rule for all records that it judged together with this one.
    #[must_use]
    pub fn usage(&self) -> RuleUsage<'a> {
        RuleUsage::new(self.row.context, self.node, self.outcome)
    }
}

impl fmt::Debug for JudgedRule<'_> {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.debug_struct("JudgedRule").field("rule_id", &self.rule_id()).finish_non_exhaustive()
    }
}
