//! The time that a unit of fuel buys, over everything that a rule can do.

use std::fs;
use std::num::NonZeroU64;
use std::time::Duration;

use anyhow::Context as _;
use jurat_model::{Component, Limits, NoPause, Usage, Worker};
use jurat_sandbox::{Policy, SealedWasi};
use jurat_test_kit::load::Terms;
use jurat_test_kit::{guest, load, rows};
use jurat_trust::Wasi;
use rustix::time::{ClockId, clock_gettime};

use crate::effort::Effort;
use crate::fuel::{Program, Reach, programs};
use crate::measure::Measured;
use crate::report::{Report, progress};

/// Programs that are named, of the dearest.
const SHOWN: usize = 10;
/// Units that a program should use while it is measured.
const UNITS: u64 = 4_000_000;
/// No program is measured for longer than about this.
const LONGEST: Duration = Duration::from_millis(300);
/// The limits of a program that must not be stopped.
const LIMITS: Limits = Limits { fuel: NonZeroU64::MAX, deadline: Duration::from_secs(60), ..Limits::DEFAULT };

pub(crate) fn measure(effort: Effort, report: &mut Report) -> anyhow::Result<()> {
    let rounds = if effort.is_quick { 2 } else { 5 };
    let mut found = Vec::new();
    for program in programs() {
        let price = each(&program, rounds).with_context(|| program.name.clone())?;
        found.push((price, program));
    }
    found.sort_by(|(one, _), (other, _)| other.total_cmp(one));
    for (name, meaning, reach) in [
        (
            "fuel_ns_cache",
            "ns per unit of fuel, programs within the second-level cache: median, least, most",
            Reach::Cache,
        ),
        ("fuel_ns_all", "the same, programs within 16 MiB of memory and 2 MiB of code", Reach::All),
    ] {
        let found: Vec<_> = found.iter().filter(|(_, program)| program.reach == reach).collect();
        for (price, program) in found.iter().take(SHOWN) {
            progress(&format!("    {price:6.2} ns  {}", program.name));
        }
        let prices = found.iter().map(|(price, _)| *price).collect();
        report.add(name, meaning, Measured::whole_range(prices));
    }
    let meaning = "the same, a component that only calls sealed WASI: prints, or asks for variables and handles";
    let sealed = [4, 7].map(|what| sealed(what, rounds));
    report.add("fuel_ns_wasi", meaning, Measured::whole_range(sealed.into_iter().collect::<anyhow::Result<_>>()?));
    Ok(())
}

/// Nanoseconds per unit of fuel of calls of the host. The component goes on until its fuel is used up.
fn sealed(what: i64, rounds: usize) -> anyhow::Result<f64> {
    let bytes = fs::read(guest::package().join("fixtures/sealed/stock_wasi.wasm"))?;
    let limits = Limits { deadline: LIMITS.deadline, ..Limits::DEFAULT };
    let policy = Policy { limits, sealed_wasi: SealedWasi::Granted };
    let component = load::load(load::sandbox(), bytes, &Terms { policy, wasi: Wasi::Sealed, ..Terms::default() })?;
    let mut least = f64::INFINITY;
    for _ in 0..rounds {
        let before = processor();
        let evaluation = component.session(Worker(0), &rows::RUN).evaluate(0, &rows::batch(&[what]), &mut NoPause)?;
        let seconds = processor() - before;
        let guilty = evaluation.guilty.first().context("it came to an end")?;
        least = least.min(seconds * 1e9 / guilty.fuel as f64);
    }
    Ok(least)
}

/// Nanoseconds per unit of fuel.
fn each(program: &Program, rounds: usize) -> anyhow::Result<f64> {
    let component = load::load(load::sandbox(), guest::of(&program.rule()), &load::Terms::new(LIMITS))?;
    let mut n = 1;
    loop {
        let (fuel, seconds) = run(&component, n)?;
        if fuel >= UNITS || seconds >= LONGEST.as_secs_f64() {
            break;
        }
        n = if fuel < UNITS / 100 { n * 10 } else { n * i64::try_from(UNITS / fuel + 1).unwrap_or(2) };
    }
    let mut least = f64::INFINITY;
    for _ in 0..rounds {
        let ((idle, start), (fuel, seconds)) = (run(&component, 0)?, run(&component, n)?);
        least = least.min((seconds - start).max(0.0) * 1e9 / (fuel - idle) as f64);
    }
    Ok(least)
}

/// The fuel and the processor seconds of one record on a fresh instance.
fn run(component: &impl Component, n: i64) -> anyhow::Result<(u64, f64)> {
    let before = processor();
    let evaluation = component.session(Worker(0), &rows::RUN).evaluate(0, &rows::batch(&[n]), &mut NoPause)?;
    let seconds = processor() - before;
    let Usage { fuel, .. } = evaluation.usage;
    anyhow::ensure!(evaluation.guilty.is_empty(), "{:?}", evaluation.guilty);
    Ok((fuel, seconds))
}

/// Processor seconds of this thread.
fn processor() -> f64 {
    let time = clock_gettime(ClockId::ThreadCPUTime);
    time.tv_sec as f64 + time.tv_nsec as f64 / 1e9
}
