//! One record, one call.

use std::time::Duration;

use crate::Effort;
use crate::measure::{Contest, Measured, quantile, repeat};
use crate::report::Report;
use crate::subject::{Place, Subject};
use crate::workload::Loans;

/// Calls that make up a round of a comparison.
const CALLS: usize = 500;
/// How long single calls are timed in a round.
const LASTING: Duration = Duration::from_millis(200);

pub(crate) fn measure(effort: Effort, report: &mut Report) -> anyhow::Result<()> {
    let loans: Vec<Loans> = Loans::small(CALLS).each().collect();
    let sandbox = Subject::open(Place::Sandbox, 1)?;
    let native = Subject::open(Place::Native, 1)?;
    let mut contest = Contest::default();
    let (sandboxed, natively) = (
        contest.add(|| loans.iter().try_for_each(|one| sandbox.judge(one))),
        contest.add(|| loans.iter().try_for_each(|one| native.judge(one))),
    );
    let times = contest.run(effort.rounds)?;

    let mut turns = loans.iter().cycle();
    let (mut halves, mut nearly_all) = (Vec::new(), Vec::new());
    for _ in 0..effort.rounds {
        let sorted = repeat(LASTING, || turns.next().map_or(Ok(()), |one| sandbox.judge(one)))?;
        halves.push(quantile(&sorted, 0.5) * 1e6);
        nearly_all.push(quantile(&sorted, 0.99) * 1e6);
    }
    let meaning = "one record from text to its line, `thorough`, fresh instance: half of the calls are done within";
    report.add("p50_single_us", meaning, Measured::of(halves));
    report.add("p99_single_us", "the same: 99 of 100", Measured::of(nearly_all));
    report.add("sandbox_tax_single", "the same, against native rules", times.ratio(sandboxed, natively));
    Ok(())
}
