//! The rules alone: columns in, verdicts out.

use jiff::Timestamp;
use jurat_engine::Request;
use jurat_model::Worker;

use crate::columns::{Batches, call};
use crate::effort::Effort;
use crate::measure::Comparison;
use crate::pipeline::{self, Backend};
use crate::report::Report;
use crate::workload::Loans;

/// Rows in a call.
const ROWS: [usize; 5] = [1, 16, 256, 1_024, 4_096];
/// The usual number of rows in a chunk.
const USUAL: usize = 1_024;

pub(crate) fn measure(effort: Effort, report: &mut Report) -> anyhow::Result<()> {
    let loans = Loans::small(4_096);
    let run = *Request::new("thorough", Timestamp::UNIX_EPOCH).run();
    let sandbox = pipeline::rules(Backend::Sandbox, 1)?;
    let native = pipeline::rules(Backend::Native, 1)?;
    let mut batches = Vec::new();
    for rows in ROWS {
        batches.push((rows, Batches::of(&*sandbox, &loans, rows)?));
    }

    let mut comparison = Comparison::default();
    let mut candidates = Vec::new();
    for (rows, batches) in &batches {
        // Consecutive calls see different rows. The calls of each size take about the same time.
        let calls = 40_000 / (*rows).max(8);
        let each = |component| {
            let calls = batches.iter().cycle().take(calls);
            move || calls.clone().try_for_each(|batches| call(component, Worker(0), &run, batches))
        };
        candidates.push((*rows, calls, comparison.add(each(&*sandbox)), comparison.add(each(&*native))));
    }
    let times = comparison.run(effort.rounds)?;
    for (rows, calls, sandbox, native) in candidates {
        let each = times.seconds(sandbox).scaled(1e9 / (calls * rows) as f64);
        let meaning = "four rules on that many rows, on a fresh instance, from columns to verdicts, per record";
        report.add(&format!("rules_ns_{rows}"), meaning, each);
        if rows == USUAL {
            report.add("sandbox_tax_rules", "the same at 1,024 rows, against native", times.ratio(sandbox, native));
        }
    }
    Ok(())
}
