//! The rules alone: columns in, verdicts out.

use jurat_engine::Request;
use jurat_model::Worker;

use crate::Effort;
use crate::columns::{Batches, call};
use crate::measure::Contest;
use crate::report::Report;
use crate::subject::{self, Place};
use crate::workload::Loans;

/// Rows in a call.
const ROWS: [usize; 5] = [1, 16, 256, 1_024, 4_096];
/// Of the rows, those that the pipeline mostly has.
const USUAL: usize = 1_024;

pub(crate) fn measure(effort: Effort, report: &mut Report) -> anyhow::Result<()> {
    let loans = Loans::small(4_096);
    let run = *Request::new("thorough", 0).run();
    let sandbox = subject::rules(Place::Sandbox, 1)?;
    let native = subject::rules(Place::Native, 1)?;
    let mut batches = Vec::new();
    for rows in ROWS {
        batches.push((rows, Batches::of(&*sandbox, &loans, rows)?));
    }

    let mut contest = Contest::default();
    let mut entrants = Vec::new();
    for (rows, batches) in &batches {
        // One after the other, so that no call sees the same rows as the one before it. As long for each of the sizes.
        let calls = 40_000 / (*rows).max(8);
        let each = |component| {
            let calls = batches.iter().cycle().take(calls);
            move || calls.clone().try_for_each(|batches| call(component, Worker(0), &run, batches))
        };
        entrants.push((*rows, calls, contest.add(each(&*sandbox)), contest.add(each(&*native))));
    }
    let times = contest.run(effort.rounds)?;
    for (rows, calls, sandbox, native) in entrants {
        let each = times.seconds(sandbox).scaled(1e9 / (calls * rows) as f64);
        let meaning = "four rules on so many rows, a fresh instance for them, columns in and verdicts out, per record";
        report.add(&format!("rules_ns_{rows}"), meaning, each);
        if rows == USUAL {
            report.add("sandbox_tax_rules", "the same at 1,024 rows, against native", times.ratio(sandbox, native));
        }
    }
    Ok(())
}
