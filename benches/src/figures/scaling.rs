//! Throughput of two threads relative to one.

use jiff::Timestamp;
use jurat_engine::Request;
use jurat_model::{Component, Worker};

use crate::columns::{Batches, call};
use crate::effort::Effort;
use crate::measure::Comparison;
use crate::pipeline::{self, Backend, Pipeline};
use crate::report::Report;
use crate::workload::Loans;

/// One-record calls in a round, on all threads together.
const CALLS: usize = 10_000;

pub(crate) fn measure(effort: Effort, report: &mut Report) -> anyhow::Result<()> {
    let loans = Loans::small(100_000);
    let (one, two) = (Pipeline::open(Backend::Sandbox, 1)?, Pipeline::open(Backend::Sandbox, 2)?);
    let (alone, shared) = (pipeline::rules(Backend::Sandbox, 1)?, pipeline::rules(Backend::Sandbox, 2)?);
    let batches = Batches::of(&*alone, &loans.first(256), 1)?;

    let mut comparison = Comparison::default();
    let (first, second) = (comparison.add(|| one.judge(&loans)), comparison.add(|| two.judge(&loans)));
    let singly = comparison.add(|| singles(&*alone, &batches, 1));
    let doubly = comparison.add(|| singles(&*shared, &batches, 2));
    let times = comparison.run(effort.rounds)?;
    report.add(
        "scaling_2_threads",
        "batches of 100,000 from text to lines, 2 workers over 1",
        times.ratio(first, second),
    );
    let meaning = "one-record calls of four rules on fresh instances, 2 threads over 1";
    report.add("scaling_2_threads_single", meaning, times.ratio(singly, doubly));
    Ok(())
}

/// Calls with one record, each on its own instance, divided among threads.
fn singles(component: &dyn Component, batches: &[Batches], threads: usize) -> anyhow::Result<()> {
    let run = *Request::new("thorough", Timestamp::UNIX_EPOCH).run();
    std::thread::scope(|scope| {
        let spawn = |worker| {
            scope.spawn(move || {
                let mut calls = batches.iter().cycle().take(CALLS / threads);
                calls.try_for_each(|batches| call(component, Worker(worker), &run, batches))
            })
        };
        let threads: Vec<_> = (0..threads).map(spawn).collect();
        threads.into_iter().try_for_each(|thread| thread.join().map_err(|_| anyhow::anyhow!("a thread panicked"))?)
    })
}
