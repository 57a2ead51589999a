//! Counts what became of the records of a request.

use super::call::{NodeOutcome, Reason};
use super::context::Context;
use super::view::{ChunkView, JudgedWindow, Row, is_indeterminate};
use crate::results::{RecordOutcome, RuleSummary, Summary};

/// The counts so far.
#[derive(Default)]
pub(super) struct Tally {
    summary: Summary,
    /// The counts of each node, for each list that has judged a record.
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
        // By their first records: the first reason why a rule did not run must not depend on how records are grouped.
        let mut chunks: Vec<_> = window.chunks.iter().collect();
        chunks.sort_by_key(|chunk| chunk.outcome.rows.first().copied());
        for chunk in chunks {
            for row in chunk.rows() {
                tally.summary.with_norun += u64::from(chunk.has_norun(row));
                match chunk.record_outcome(row) {
                    RecordOutcome::Failed => tally.summary.failed += 1,
                    RecordOutcome::Unavailable => tally.summary.unavailable += 1,
                    RecordOutcome::Warned => tally.summary.warned += 1,
                    RecordOutcome::NotRun => tally.summary.not_run += 1,
                    RecordOutcome::Passed | RecordOutcome::Unreadable => {}
                }
            }
            let nodes = chunk.outcome.nodes.iter().enumerate();
            let rules = nodes.map(|(index, node)| tally.summary.rule(window, chunk, index, node)).collect();
            tally.add(chunk.outcome.route.list, rules);
        }
        tally
    }

    /// Adds the counts of another window.
    pub(super) fn merge(&mut self, other: Self) {
        let Self { summary, lists } = other;
        self.summary.records += summary.records;
        self.summary.unreadable += summary.unreadable;
        self.summary.failed += summary.failed;
        self.summary.unavailable += summary.unavailable;
        self.summary.warned += summary.warned;
        self.summary.with_norun += summary.with_norun;
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
        Summary { release: context.evidence.clone(), ..summary }
    }

    fn add(&mut self, list: usize, rules: Vec<RuleSummary>) {
        match self.lists.iter_mut().find(|(known, _)| *known == list) {
            None => self.lists.push((list, rules)),
            Some((_, known)) => known.iter_mut().zip(&rules).for_each(|(known, rule)| known.merge(rule)),
        }
    }
}

impl Summary {
    /// The counts of one node in one chunk. Failures of the host are added to the summary.
    fn rule(
        &mut self,
        window: &JudgedWindow<'_>,
        chunk: &ChunkView<'_>,
        index: usize,
        outcome: &NodeOutcome,
    ) -> RuleSummary {
        let mut rule = RuleSummary { usage: outcome.usage, ..RuleSummary::default() };
        outcome.statuses.iter().for_each(|status| rule.add(*status));
        let row = |row: u32| {
            let record = *chunk.outcome.rows.get(row as usize)?;
            let known = window.outcome.records.get(record as usize)?;
            Some(Row::new(window.context, window.outcome, (record, known), (chunk.outcome, row)))
        };
        if rule.ran() == 0 {
            rule.never_ran = row(0).and_then(|row| chunk.norun_message(&row, index));
        }
        let host_failures = outcome.reasons.iter().filter(|(_, reason)| matches!(reason, Reason::Host));
        self.host_failures += host_failures.count() as u64;
        let is_certain = !window.outcome.answers.has_gaps();
        if is_certain && !outcome.reasons.iter().any(|(_, reason)| reason.is_indeterminate()) {
            return rule;
        }
        let rows = chunk.rows().filter_map(row);
        let node = chunk.nodes.get(index);
        let differs = |row: &Row<'_>| node.is_some_and(|node| is_indeterminate(row, node, index, outcome));
        rule.indeterminate = rows.filter(differs).count() as u64;
        rule
    }
}
