//! What a node of the list says of a chunk, while it is being found out.

use std::num::NonZeroU32;
use std::time::Duration;

use jurat_model::{Evaluation, Finding, Status};

use super::chunk::{NodeOutcome, Why};

/// The bytes of one rule's findings on one record that are kept. The first finding always is: the contract bounds it.
const MAX_BYTES: usize = 64 << 10;

/// The outcome of a node on its way. A row that has its status keeps it.
pub(super) struct Draft {
    /// None: still to be judged.
    statuses: Vec<Option<Status>>,
    outcome: NodeOutcome,
    /// The findings on one row that are kept; further ones are counted.
    max_findings: u32,
}

impl Draft {
    pub(super) fn new(rows: u32, max_findings: NonZeroU32) -> Self {
        let (statuses, outcome) = (vec![None; rows as usize], NodeOutcome::default());
        Self { statuses, outcome, max_findings: max_findings.get() }
    }

    /// Gives a row a status for a reason.
    pub(super) fn set(&mut self, row: u32, status: Status, why: Why) {
        if self.settle(row, status) {
            self.outcome.reasons.push((row, why));
        }
    }

    /// Gives a row the status `PASS`.
    pub(super) fn pass(&mut self, row: u32) {
        self.settle(row, Status::Pass);
    }

    /// Gives all rows that are left a status for the same reason.
    pub(super) fn set_rest(&mut self, status: Status, why: &Why) {
        for row in (0..).take(self.statuses.len()) {
            if self.is_open(row) {
                self.set(row, status, why.clone());
            }
        }
    }

    /// The time that judging so many rows took.
    pub(super) fn set_time(&mut self, elapsed: Duration, rows: u32) {
        self.outcome.time = elapsed.as_secs_f64() * 1e3 / f64::from(rows.max(1));
    }

    /// Takes over what a rule said of `count` rows: those of `rows`, or all.
    pub(super) fn take(&mut self, evaluation: Evaluation, rows: Option<&[u32]>, count: u32) {
        let Evaluation { verdicts, guilty, suspended_from, usage } = evaluation;
        let row_of = |place: u32| rows.map_or(place, |rows| rows.get(place as usize).copied().unwrap_or(u32::MAX));
        for (place, status) in (0..).zip(verdicts.statuses) {
            self.settle(row_of(place), status);
        }
        self.findings(verdicts.findings, row_of);
        self.outcome.reasons.extend(guilty.into_iter().map(|(place, fault)| (row_of(place), Why::Fault(fault))));
        let suspended = suspended_from.into_iter().flat_map(|first| first..count);
        self.outcome.reasons.extend(suspended.map(|place| (row_of(place), Why::Suspended)));
        self.set_time(usage.elapsed, count);
        self.outcome.usage = usage;
    }

    /// Whether a row is still to be judged.
    pub(super) fn is_open(&self, row: u32) -> bool {
        self.statuses.get(row as usize).is_some_and(Option::is_none)
    }

    /// The rows that are still to be judged; none = all.
    pub(super) fn open_rows(&self) -> Option<Vec<u32>> {
        if self.statuses.iter().all(Option::is_none) {
            return None;
        }
        Some((0..).zip(&self.statuses).filter_map(|(row, status)| status.is_none().then_some(row)).collect())
    }

    pub(super) fn finish(mut self) -> NodeOutcome {
        // A row that nobody judged cannot be. It must not look like a pass.
        self.set_rest(Status::Error, &Why::Host);
        // Stable: what a rule found on a row stays in the rule's order.
        self.outcome.reasons.sort_by_key(|(row, _)| *row);
        self.outcome.statuses = self.statuses.into_iter().map(|status| status.unwrap_or(Status::Error)).collect();
        self.outcome
    }

    fn settle(&mut self, row: u32, status: Status) -> bool {
        match self.statuses.get_mut(row as usize) {
            Some(open @ None) => {
                *open = Some(status);
                true
            }
            _ => false,
        }
    }

    /// Keeps findings, as many of each row as results may show, and counts the others.
    fn findings(&mut self, findings: Vec<Finding>, row_of: impl Fn(u32) -> u32) {
        let mut findings = findings.into_iter().peekable();
        while let Some(first) = findings.next() {
            let place = first.row;
            let row = row_of(place);
            let (mut count, mut bytes, mut more) = (1, size(&first), 0u32);
            self.outcome.reasons.push((row, Why::Finding(first)));
            while let Some(next) = findings.next_if(|finding| finding.row == place) {
                bytes += size(&next);
                if count < self.max_findings && bytes <= MAX_BYTES {
                    count += 1;
                    self.outcome.reasons.push((row, Why::Finding(next)));
                } else {
                    more = more.saturating_add(1);
                }
            }
            if more > 0 {
                self.outcome.reasons.push((row, Why::More(more)));
            }
        }
    }
}

/// The bytes that a finding takes, about.
fn size(finding: &Finding) -> usize {
    let Finding { row: _, code, message, inputs, params } = finding;
    let params: usize = params.iter().map(|(key, value)| size_of::<(String, String)>() + key.len() + value.len()).sum();
    size_of::<Finding>() + code.as_ref().map_or(0, String::len) + message.len() + size_of_val(&**inputs) + params
}
