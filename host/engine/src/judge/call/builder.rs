//! Collects what a node says of a chunk.

use std::num::NonZeroU32;
use std::time::Duration;

use jurat_model::{Evaluation, Finding, GuiltyRow, Status};

use super::outcome::{NodeOutcome, Reason};
use crate::judge::stopwatch::Timing;
use crate::schema::Mistake;

/// The bytes of one rule's findings on one record that are kept. The first finding always is: the contract bounds it.
const MAX_BYTES: usize = 64 << 10;

/// About how many bytes of a result name one input, with its pointer and its value.
const INPUT_BYTES: usize = 128;

/// The outcome of a node while it is being collected. A row that has its status keeps it.
pub(super) struct OutcomeBuilder {
    /// None = still to be judged.
    statuses: Vec<Option<Status>>,
    outcome: NodeOutcome,
    /// The findings on one row that are kept. Further ones are counted.
    max_findings: u32,
    /// Whether a row on which the rule did not run is an error.
    must_run: bool,
}

impl OutcomeBuilder {
    pub(super) fn new(rows: u32, max_findings: NonZeroU32, must_run: bool) -> Self {
        let (statuses, outcome) = (vec![None; rows as usize], NodeOutcome::default());
        Self { statuses, outcome, max_findings: max_findings.get(), must_run }
    }

    /// Gives a row a status for a reason.
    pub(super) fn set(&mut self, row: u32, status: Status, reason: Reason) {
        if self.set_status(row, status) {
            self.push(row, reason);
        }
    }

    /// Gives a row the status `PASS`.
    pub(super) fn pass(&mut self, row: u32) {
        self.set_status(row, Status::Pass);
    }

    /// Gives all rows that are left a status for the same reason.
    pub(super) fn set_rest(&mut self, status: Status, reason: &Reason) {
        for row in (0..).take(self.statuses.len()) {
            if self.is_open(row) {
                self.set(row, status, reason.clone());
            }
        }
    }

    /// Sets the time that it took to judge `rows` rows.
    pub(super) fn set_time(&mut self, elapsed: Duration, rows: u32) {
        self.outcome.time = elapsed.as_secs_f64() * 1e3 / f64::from(rows.max(1));
    }

    /// Sets how long the call took.
    pub(super) fn set_timing(&mut self, timing: Option<Timing>) {
        self.outcome.timing = timing;
    }

    /// Takes over what a rule said of a batch: of the given rows, or of all `count` rows.
    ///
    /// Rows of which the rule said nothing are left open. Returns false if the answer speaks of rows that the batch does not have.
    #[must_use]
    pub(super) fn take(&mut self, evaluation: Evaluation, rows: Option<&[u32]>, count: u32) -> bool {
        let Evaluation { verdicts, guilty, suspended_from, usage } = evaluation;
        let row_of = |index: u32| match rows {
            None => (index < count).then_some(index),
            Some(rows) => rows.get(index as usize).copied(),
        };
        let mut is_known = true;
        for (index, status) in (0..).zip(verdicts.statuses) {
            match row_of(index) {
                Some(row) => drop(self.set_status(row, status)),
                None => is_known = false,
            }
        }
        is_known &= self.findings(verdicts.findings, row_of);
        for GuiltyRow { row, fault, fuel } in guilty {
            match row_of(row) {
                Some(row) => self.push(row, Reason::Fault(fault, fuel)),
                None => is_known = false,
            }
        }
        for row in suspended_from.into_iter().flat_map(|first| first..count).filter_map(row_of) {
            self.push(row, Reason::Suspended);
        }
        self.set_time(usage.elapsed, count);
        self.outcome.usage = usage;
        self.outcome.called = count;
        is_known
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
        // A row of which the rule said nothing must not count as a pass.
        self.set_rest(Status::Error, &Reason::Host);
        if self.must_run {
            self.require();
        }
        // Stable: the findings on a row stay in the rule's order.
        self.outcome.reasons.sort_by_key(|(row, _)| *row);
        self.outcome.statuses = self.statuses.into_iter().map(|status| status.unwrap_or(Status::Error)).collect();
        self.outcome
    }

    /// Makes an error of every row on which the rule did not run.
    fn require(&mut self) {
        let mut reasons = Vec::new();
        for (row, status) in (0..).zip(&mut self.statuses).filter(|(_, status)| **status == Some(Status::Norun)) {
            *status = Some(Status::Error);
            reasons.push((row, Reason::MustRun));
        }
        // Before the reasons why: the sort below keeps the order.
        reasons.append(&mut self.outcome.reasons);
        self.outcome.reasons = reasons;
    }

    fn push(&mut self, row: u32, reason: Reason) {
        let heap = match &reason {
            Reason::Finding(finding) => finding.size() + INPUT_BYTES * finding.inputs.len(),
            Reason::Mistakes(mistakes) => mistakes.list.iter().map(Mistake::size).sum(),
            Reason::Unchecked { reason, .. } => reason.len(),
            _ => 0,
        };
        self.outcome.bytes += size_of::<(u32, Reason)>() + heap;
        self.outcome.reasons.push((row, reason));
    }

    fn set_status(&mut self, row: u32, status: Status) -> bool {
        match self.statuses.get_mut(row as usize) {
            Some(open @ None) => {
                *open = Some(status);
                true
            }
            _ => false,
        }
    }

    /// Keeps findings, as many of each row as results may show, and counts the others. Returns whether all rows are known.
    fn findings(&mut self, findings: Vec<Finding>, row_of: impl Fn(u32) -> Option<u32>) -> bool {
        let mut is_known = true;
        let mut findings = findings.into_iter().peekable();
        while let Some(first) = findings.next() {
            let index = first.row;
            let Some(row) = row_of(index) else {
                is_known = false;
                continue;
            };
            let (mut count, mut bytes, mut more) = (1, first.size(), 0u32);
            self.push(row, Reason::Finding(first));
            while let Some(next) = findings.next_if(|finding| finding.row == index) {
                bytes += next.size();
                if count < self.max_findings && bytes <= MAX_BYTES {
                    count += 1;
                    self.push(row, Reason::Finding(next));
                } else {
                    more = more.saturating_add(1);
                }
            }
            if more > 0 {
                self.push(row, Reason::More(more));
            }
        }
        is_known
    }
}
