//! Rows of whole numbers, and what a rule makes of them.

use jurat_model::columns::{Batch, ColumnBuilder};
use jurat_model::{
    Component, Evaluation, Fault, Isolation, Kind, NoPause, Run, Session, Status, Suspension, Usage, Worker,
};

/// What came of one row.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Outcome {
    /// A verdict, with its messages.
    Verdict(Status, Vec<String>),
    /// The rule faulted on it.
    Guilty(Fault),
    /// It was not judged, because too many before it were guilty.
    Suspended,
}

/// The outcome of most rows.
pub const PASS: Outcome = Outcome::Verdict(Status::Pass, Vec::new());

/// A run in the year 2026 that is never suspended.
pub const RUN: Run = Run { now: 1_794_000_000_000_000, isolation: Isolation::Chunk, suspension: Suspension::NEVER };

/// The same run with an instance for every row.
pub const RUN_BY_RECORD: Run = Run { isolation: Isolation::Record, ..RUN };

/// A batch with the one column `n`.
#[must_use]
pub fn batch(rows: &[i64]) -> Batch<'static> {
    let mut column = ColumnBuilder::new(Kind::Integer, rows.len());
    rows.iter().for_each(|&n| column.push_integer(n));
    Batch { rows: u32::try_from(rows.len()).unwrap(), columns: vec![column.finish()] }
}

/// Judges rows in one session.
#[must_use]
pub fn judge(component: &impl Component, run: &Run, rows: &[i64]) -> (Vec<Outcome>, Usage) {
    let mut session = component.session(Worker(0), run);
    judge_in(&mut *session, rows)
}

/// Judges rows in a session that is there already.
#[must_use]
pub fn judge_in(session: &mut dyn Session, rows: &[i64]) -> (Vec<Outcome>, Usage) {
    let evaluation = session.evaluate(0, &batch(rows), &mut NoPause).unwrap();
    assert_eq!(evaluation.verdicts.statuses.len(), rows.len(), "a status for each row");
    (outcomes(&evaluation), evaluation.usage)
}

/// Judges rows in chunks, each with a session of its own on the given worker.
#[must_use]
pub fn judge_in_chunks(
    component: &impl Component,
    worker: Worker,
    run: &Run,
    rows: &[i64],
    chunk: usize,
) -> Vec<Outcome> {
    let judge = |rows| judge_in(&mut *component.session(worker, run), rows).0;
    rows.chunks(chunk).flat_map(judge).collect()
}

/// What came of each row, after checking that the answer does not contradict itself.
#[must_use]
pub fn outcomes(evaluation: &Evaluation) -> Vec<Outcome> {
    let Evaluation { verdicts, guilty, suspended_from, .. } = evaluation;
    assert!(guilty.is_sorted_by(|one, other| one.row < other.row), "guilty rows rise: {guilty:?}");
    let outcome = |(row, &status): (u32, &Status)| {
        let findings: Vec<_> = verdicts.findings.iter().filter(|finding| finding.row == row).collect();
        let fault = guilty.iter().find(|guilty| guilty.row == row).map(|guilty| guilty.fault);
        let is_suspended = suspended_from.is_some_and(|first| row >= first);
        match fault {
            _ if is_suspended => {
                assert_eq!((status, findings.len(), fault), (Status::Error, 0, None), "suspended row {row}")
            }
            Some(_) => assert_eq!((status, findings.len()), (Status::Error, 0), "guilty row {row}"),
            None => {}
        }
        match fault {
            _ if is_suspended => Outcome::Suspended,
            Some(fault) => Outcome::Guilty(fault),
            None => Outcome::Verdict(status, findings.iter().map(|finding| finding.message.clone()).collect()),
        }
    };
    (0..).zip(&verdicts.statuses).map(outcome).collect()
}
