//! One record in one call.

use std::time::Duration;

use crate::effort::Effort;
use crate::measure::{Comparison, Measured, quantile, repeat};
use crate::pipeline::{Backend, Pipeline};
use crate::report::Report;
use crate::workload::Loans;

/// Calls in a round of the comparison.
const CALLS: usize = 500;
/// Time for single calls in a round.
const LASTING: Duration = Duration::from_millis(200);

pub(crate) fn measure(effort: Effort, report: &mut Report) -> anyhow::Result<()> {
    let loans: Vec<Loans> = Loans::small(CALLS).each().collect();
    let sandbox = Pipeline::open(Backend::Sandbox, 1)?;
    let native = Pipeline::open(Backend::Native, 1)?;
    let mut comparison = Comparison::default();
    let (sandboxed, natively) = (
        comparison.add(|| loans.iter().try_for_each(|one| sandbox.judge(one))),
        comparison.add(|| loans.iter().try_for_each(|one| native.judge(one))),
    );
    let times = comparison.run(effort.rounds)?;

    let mut turns = loans.iter().cycle();
    let (mut halves, mut nearly_all) = (Vec::new(), Vec::new());
    for _ in 0..effort.rounds {
        let sorted = repeat(LASTING, || turns.next().map_or(Ok(()), |one| sandbox.judge(one)))?;
        halves.push(quantile(&sorted, 0.5) * 1e6);
        nearly_all.push(quantile(&sorted, 0.99) * 1e6);
    }
    let meaning = "one record from text to its line, `thorough`, fresh instance: median time";
    report.add("p50_single_us", meaning, Measured::of(halves));
    report.add("p99_single_us", "the same: 99th percentile", Measured::of(nearly_all));
    report.add("sandbox_tax_single", "the same, against native rules", times.ratio(sandboxed, natively));
    Ok(())
}
