//! What happened to all records of a request, counted.

use super::chunk::{NodeOutcome, Why};
use super::context::Context;
use super::explain;
use super::values::Row;
use super::view::{ChunkView, JudgedWindow, Standing};
use crate::results::{RuleSummary, Summary};

/// The counts so far.
#[derive(Default)]
pub(super) struct Tally {
    summary: Summary,
    /// What the nodes of rule lists have said, in their order: for each list to which a record has gone, once.
    lists: Vec<(usize, Vec<RuleSummary>)>,
}

impl Tally {
    /// The counts of one window.
    pub(super) fn of(window: &JudgedWindow<'_>) -> Self {
        let mut tally = Self::default();
        let records = window.outcome.records.len() as u64;
        let judged: u64 = window.chunks.iter().map(|chunk| u64::from(chunk.rows().end)).sum();
        tally.summary.records = records;
        tally.summary.unreadable = records.saturating_sub(judged);
        for chunk in &window.chunks {
            for standing in chunk.rows().map(|row| chunk.standing(row)) {
                match standing {
                    Standing::Failed => tally.summary.failed += 1,
                    Standing::Warned => tally.summary.warned += 1,
                    Standing::NotRun => tally.summary.not_run += 1,
                    Standing::Passed | Standing::Unreadable => {}
                }
            }
            let nodes = chunk.judged.nodes.iter().enumerate();
            let rules = nodes.map(|(place, node)| tally.summary.rule(window, chunk, place, node)).collect();
            tally.add(chunk.judged.route.list, rules);
        }
        tally
    }

    /// Adds the counts of another window.
    pub(super) fn merge(&mut self, other: Self) {
        let Self { summary, lists } = other;
        self.summary.records += summary.records;
        self.summary.unreadable += summary.unreadable;
        self.summary.failed += summary.failed;
        self.summary.warned += summary.warned;
        self.summary.not_run += summary.not_run;
        self.summary.host_failures += summary.host_failures;
        for (list, rules) in lists {
            self.add(list, rules);
        }
    }

    /// All counts, those of one rule in several lists together.
    pub(super) fn finish(self, context: &Context) -> Summary {
        let Self { mut summary, lists: counted } = self;
        for (list, counted) in counted {
            let nodes = context.lists().get(list).map(|list| &*list.nodes).unwrap_or_default();
            for (node, counts) in nodes.iter().zip(counted) {
                let limits = context.release.limits_of(node).copied();
                let rule = summary.rules.entry(node.rule_id.clone()).or_default();
                rule.merge(&RuleSummary { limits, ..counts });
            }
        }
        Summary { release: context.request.evidence.clone(), ..summary }
    }

    fn add(&mut self, list: usize, rules: Vec<RuleSummary>) {
        match self.lists.iter_mut().find(|(known, _)| *known == list) {
            None => self.lists.push((list, rules)),
            Some((_, known)) => known.iter_mut().zip(&rules).for_each(|(known, rule)| known.merge(rule)),
        }
    }
}

impl Summary {
    /// What one node says of a chunk. Failures of the host are counted besides.
    fn rule(
        &mut self,
        window: &JudgedWindow<'_>,
        chunk: &ChunkView<'_>,
        place: usize,
        outcome: &NodeOutcome,
    ) -> RuleSummary {
        let mut rule = RuleSummary { usage: outcome.usage, ..RuleSummary::default() };
        outcome.statuses.iter().for_each(|status| rule.add(*status));
        let host_failures = outcome.reasons.iter().filter(|(_, why)| matches!(why, Why::Host));
        self.host_failures += host_failures.count() as u64;
        let is_certain = !window.outcome.answers.has_gaps();
        if is_certain && !outcome.reasons.iter().any(|(_, why)| why.is_indeterminate()) {
            return rule;
        }
        let rows = (0..).zip(&chunk.judged.rows).filter(|&(row, &record)| {
            let Some(known) = window.outcome.records.get(record as usize) else { return false };
            let row = Row::new(window.context, window.outcome, (record, known), (chunk.judged, row));
            chunk.nodes.get(place).is_some_and(|node| explain::is_indeterminate(&row, node, place, outcome))
        });
        rule.indeterminate = rows.count() as u64;
        rule
    }
}
