//! Counts what became of the records of a request.

use std::num::NonZeroU64;

use super::call::{NodeOutcome, Reason};
use super::context::Context;
use super::error::JudgeError;
use super::identity::bit;
use super::view::{ChunkView, JudgedWindow, Row, is_indeterminate};
use crate::results::{RecordError, RecordOutcome, RuleSummary, Summary};

/// The counts so far.
#[derive(Default)]
pub(super) struct Tally {
    summary: Summary,
    /// The counts of each node, for each list that has judged a record.
    lists: Vec<(usize, Vec<RuleSummary>)>,
    /// Why the first record could not be judged.
    first_error: Option<Box<RecordError>>,
    /// The id fields that a record has a value for, one bit for each; none if no record can be read.
    id_fields: Option<u32>,
}

impl Tally {
    /// The counts of one window.
    pub(super) fn of(window: &JudgedWindow<'_>) -> Self {
        let mut tally = Self::default();
        let records = window.outcome.records.len() as u64;
        let judged: u64 = window.chunks.iter().map(|chunk| u64::from(chunk.rows().end)).sum();
        tally.summary.records = records;
        tally.summary.unreadable = records.saturating_sub(judged);
        tally.first_error =
            window.outcome.records.first().and_then(|record| record.row.as_ref().err()).cloned().map(Box::new);
        let id_fields = window.outcome.records.iter().filter_map(|record| record.id.fields());
        tally.id_fields = id_fields.reduce(|all, fields| all | fields);
        // By their first records: the first reason why a rule did not run must not depend on how records are grouped.
        let mut chunks: Vec<_> = window.chunks.iter().collect();
        chunks.sort_by_key(|chunk| chunk.outcome.rows.first().copied());
        for chunk in chunks {
            for row in chunk.rows() {
                tally.summary.with_norun += u64::from(chunk.has_norun(row));
                tally.summary.with_unavailable += u64::from(chunk.has_unavailable(row));
                match chunk.record_outcome(row) {
                    RecordOutcome::Failed => tally.summary.failed += 1,
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
        let Self { summary, lists, first_error, id_fields } = other;
        self.id_fields = match (self.id_fields, id_fields) {
            (Some(all), Some(fields)) => Some(all | fields),
            (all, fields) => all.or(fields),
        };
        if self.summary.records == 0 {
            self.first_error = first_error;
        }
        self.summary.records += summary.records;
        self.summary.unreadable += summary.unreadable;
        self.summary.failed += summary.failed;
        self.summary.warned += summary.warned;
        self.summary.with_norun += summary.with_norun;
        self.summary.with_unavailable += summary.with_unavailable;
        self.summary.not_run += summary.not_run;
        self.summary.host_failures += summary.host_failures;
        for (list, rules) in lists {
            self.add(list, rules);
        }
    }

    /// Fails if there were `limit` records, and none of them could be judged.
    pub(super) fn check_readable(&self, limit: NonZeroU64) -> Result<(), JudgeError> {
        let Summary { records, unreadable, .. } = self.summary;
        match &self.first_error {
            Some(first) if records >= limit.get() && unreadable == records => {
                Err(JudgeError::AllUnreadable { records, first: first.clone() })
            }
            _ => Ok(()),
        }
    }

    /// All counts, those of one rule in several lists together.
    pub(super) fn finish(self, context: &Context) -> Summary {
        let Self { mut summary, lists: counted, id_fields, .. } = self;
        let absent = context.options.id_fields.iter().enumerate().filter(|(field, _)| {
            // Without a record that can be read, nothing is known of the fields.
            id_fields.is_some_and(|found| found & bit(*field) == 0)
        });
        for (_, name) in absent {
            if !summary.absent_id_fields.contains(name) {
                summary.absent_id_fields.push(name.clone());
            }
        }
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
        rule.required = outcome.reasons.iter().filter(|(_, reason)| matches!(reason, Reason::MustRun)).count() as u64;
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
