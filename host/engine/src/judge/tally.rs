//! What happened to all records of a request, counted.

use jurat_model::Status;

use super::chunk::NodeOutcome;
use crate::results::{RuleResult, RuleSummary, Summary};
use crate::ruleset::RuleList;

/// The counts so far.
pub(super) struct Tally {
    summary: Summary,
    /// For each rule list, what its nodes have said; empty if no record has gone there.
    lists: Vec<Vec<RuleSummary>>,
}

impl Tally {
    /// Nothing, for so many rule lists.
    pub(super) fn new(lists: usize) -> Self {
        Self { summary: Summary::default(), lists: vec![Vec::new(); lists] }
    }

    /// Counts a record that could not be judged.
    pub(super) fn unreadable(&mut self) {
        self.summary.records += 1;
        self.summary.unreadable += 1;
    }

    /// Counts a record with what the nodes of its list say, in their order.
    pub(super) fn record(&mut self, list: usize, results: &[RuleResult]) {
        let says = |wanted: &[Status]| results.iter().any(|result| wanted.contains(&result.status));
        self.summary.records += 1;
        if says(&[Status::Fail, Status::Error]) {
            self.summary.failed += 1;
        } else if says(&[Status::Warn]) {
            self.summary.warned += 1;
        }
        let ran = results.iter().any(|result| result.status != Status::Norun);
        self.summary.not_run += u64::from(!ran);
        for (rule, result) in self.rules(list, results.len()).iter_mut().zip(results) {
            rule.add(result);
        }
    }

    /// Counts a result that the host owes.
    pub(super) fn host_failure(&mut self) {
        self.summary.host_failures += 1;
    }

    /// Adds what the nodes of a list have used.
    pub(super) fn usage(&mut self, list: usize, nodes: &[NodeOutcome]) {
        for (rule, node) in self.rules(list, nodes.len()).iter_mut().zip(nodes) {
            rule.usage.add(&node.usage);
        }
    }

    /// All counts, those of one rule in several lists together.
    pub(super) fn finish(self, lists: &[RuleList]) -> Summary {
        let Self { mut summary, lists: counted } = self;
        for (list, counted) in lists.iter().zip(counted) {
            for (node, counts) in list.nodes.iter().zip(counted) {
                summary.rules.entry(node.rule_id.clone()).or_default().merge(&counts);
            }
        }
        summary
    }

    fn rules(&mut self, list: usize, nodes: usize) -> &mut [RuleSummary] {
        let Some(rules) = self.lists.get_mut(list) else { return &mut [] };
        if rules.len() < nodes {
            rules.resize_with(nodes, RuleSummary::default);
        }
        rules
    }
}
