//! Instances and limits, against the runtime by itself.

use anyhow::Context as _;
use jurat_engine::Request;
use jurat_model::{Component, Worker};

use crate::bare::{Bare, EMPTY, Metering};
use crate::columns::Batches;
use crate::measure::Contest;
use crate::report::Report;
use crate::subject::{self, Place};
use crate::workload::Loans;
use crate::{Effort, source};

/// Instances or calls in a round.
const OFTEN: usize = 2_000;
/// Different batches of 1,024 rows, and how often all of them are judged in a round.
const BATCHES: usize = 32;
const AGAIN: usize = 4;
/// The shortest rule, by its place among the batches: the status is one of four.
const SHORT: usize = 1;

pub(crate) fn measure(effort: Effort, report: &mut Report) -> anyhow::Result<()> {
    let bytes = source::component()?;
    let component = subject::rules(Place::Sandbox, 1)?;
    let loans = Loans::small(BATCHES * 1_024);
    let one = Batches::of(&*component, &loans.first(1), 1)?;
    let one = one.first().context("there is no loan")?;
    let full = Batches::of(&*component, &loans, 1_024)?;
    let [empty, same] = [EMPTY, bytes.as_slice()].map(|component| Bare::open(component, Metering::FULL));
    let (empty, same) = (empty?, same?);
    let off = Bare::open(&bytes, Metering::NONE)?;
    let fuel = Bare::open(&bytes, Metering { fuel: true, ..Metering::NONE })?;
    let epoch = Bare::open(&bytes, Metering { epoch: true, ..Metering::NONE })?;

    let mut contest = Contest::default();
    let fresh = contest.add(|| (0..OFTEN).try_for_each(|_| calls(&*component, one, 1)));
    let kept = contest.add(|| calls(&*component, one, OFTEN));
    let floor = contest.add(|| (0..OFTEN).try_for_each(|_| empty.instance()));
    let bare = contest.add(|| (0..OFTEN).try_for_each(|_| same.instance()));
    let [on, off, fuel, epoch] = [&same, &off, &fuel, &epoch].map(|bare| {
        contest.add(|| full.iter().cycle().take(BATCHES * AGAIN).try_for_each(|batches| bare.rules(batches)))
    });
    let times = contest.run(effort.rounds)?;

    let each = |entrant| times.seconds(entrant).scaled(1e6 / OFTEN as f64);
    report.add(
        "fresh_instance_us",
        "a fresh instance in the sandbox, one call of the shortest rule, and its end",
        each(fresh),
    );
    report.add("kept_instance_us", "of that, the call: one more on an instance that is kept", each(kept));
    report.add(
        "wasmtime_floor_us",
        "the runtime by itself: an instance of an empty component, with limits, and its end",
        each(floor),
    );
    report.add("wasmtime_instance_us", "the same of the component with the rules", each(bare));
    let meaning = "four rules on 1,024 rows by the runtime itself: with fuel and epoch against without";
    report.add("limits_tax", meaning, times.ratio(on, off));
    report.add("limits_tax_fuel", "the same with fuel alone", times.ratio(fuel, off));
    report.add("limits_tax_epoch", "the same with the epoch alone", times.ratio(epoch, off));
    Ok(())
}

/// Calls of a short rule with one record, on one instance, which is fresh.
fn calls(component: &dyn Component, one: &Batches, count: usize) -> anyhow::Result<()> {
    let (rule, batch) = one.rules().nth(SHORT).context("there is no such rule")?;
    let mut session = component.session(Worker(0), Request::new("thorough", 0).run());
    for _ in 0..count {
        std::hint::black_box(session.evaluate(rule, batch)?);
    }
    Ok(())
}
