//! Instances and limits, against the bare runtime.

use anyhow::Context as _;
use jiff::Timestamp;
use jurat_engine::Request;
use jurat_model::{Component, NoPause, Worker};

use crate::bare::{Bare, EMPTY, Metering};
use crate::columns::Batches;
use crate::effort::Effort;
use crate::measure::Comparison;
use crate::pipeline::{self, Backend};
use crate::report::Report;
use crate::source;
use crate::workload::Loans;

/// Instances or calls in a round.
const OFTEN: usize = 2_000;
/// Different batches of 1,024 rows, and how often a round judges all of them.
const BATCHES: usize = 32;
const AGAIN: usize = 4;
/// The index of the shortest rule: the status is one of four.
const SHORT: usize = 1;

pub(crate) fn measure(effort: Effort, report: &mut Report) -> anyhow::Result<()> {
    let bytes = source::component()?;
    let component = pipeline::rules(Backend::Sandbox, 1)?;
    let loans = Loans::small(BATCHES * 1_024);
    let one = Batches::of(&*component, &loans.first(1), 1)?;
    let one = one.first().context("there is no loan")?;
    let full = Batches::of(&*component, &loans, 1_024)?;
    let [empty, same] = [EMPTY, bytes.as_slice()].map(|component| Bare::open(component, Metering::FULL));
    let (empty, same) = (empty?, same?);
    let off = Bare::open(&bytes, Metering::NONE)?;
    let fuel = Bare::open(&bytes, Metering { fuel: true, ..Metering::NONE })?;
    let epoch = Bare::open(&bytes, Metering { epoch: true, ..Metering::NONE })?;

    let mut comparison = Comparison::default();
    let fresh = comparison.add(|| (0..OFTEN).try_for_each(|_| calls(&*component, one, 1)));
    let kept = comparison.add(|| calls(&*component, one, OFTEN));
    let floor = comparison.add(|| (0..OFTEN).try_for_each(|_| empty.instance()));
    let bare = comparison.add(|| (0..OFTEN).try_for_each(|_| same.instance()));
    let [on, off, fuel, epoch] = [&same, &off, &fuel, &epoch].map(|bare| {
        comparison.add(|| full.iter().cycle().take(BATCHES * AGAIN).try_for_each(|batches| bare.rules(batches)))
    });
    let times = comparison.run(effort.rounds)?;

    let each = |candidate| times.seconds(candidate).scaled(1e6 / OFTEN as f64);
    report.add(
        "fresh_instance_us",
        "a fresh instance in the sandbox: creation, one call of the shortest rule, and teardown",
        each(fresh),
    );
    report.add("kept_instance_us", "the call alone: one more call on the same instance", each(kept));
    report.add(
        "wasmtime_floor_us",
        "the bare runtime: creation and teardown of an instance of an empty component, with limits",
        each(floor),
    );
    report.add("wasmtime_instance_us", "the same of the component with the rules", each(bare));
    let meaning = "four rules on 1,024 rows in the bare runtime: with fuel and epochs against without";
    report.add("limits_tax", meaning, times.ratio(on, off));
    report.add("limits_tax_fuel", "the same with fuel alone", times.ratio(fuel, off));
    report.add("limits_tax_epoch", "the same with epochs alone", times.ratio(epoch, off));
    Ok(())
}

/// Calls a short rule with one record, on one fresh instance.
fn calls(component: &dyn Component, one: &Batches, count: usize) -> anyhow::Result<()> {
    let (rule, batch) = one.rules().nth(SHORT).context("the rule does not exist")?;
    let mut session = component.session(Worker(0), Request::new("thorough", Timestamp::UNIX_EPOCH).run());
    for _ in 0..count {
        std::hint::black_box(session.evaluate(rule, batch, &mut NoPause)?);
    }
    Ok(())
}
