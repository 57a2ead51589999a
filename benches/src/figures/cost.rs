//! How the cost of a record grows with its size, the rules, the components, failures, threads and chunks.

use std::sync::Arc;

use anyhow::{Context as _, ensure};
use jurat_engine::extract::ChunkLimits;
use jurat_model::{Bytes, Component};

use crate::copies::Copies;
use crate::effort::Effort;
use crate::measure::Comparison;
use crate::pipeline::{self, Backend, Pipeline};
use crate::report::Report;
use crate::source;
use crate::workload::Loans;

/// Small loans in a round.
const COUNT: usize = 10_000;
/// Rules in the curve over components, in total.
const RULES: usize = 16;

/// One point of a curve.
struct Point {
    name: String,
    meaning: &'static str,
    pipeline: Arc<Pipeline>,
    loans: Loans,
}

pub(crate) fn measure(effort: Effort, report: &mut Report) -> anyhow::Result<()> {
    let small = Loans::small(COUNT);
    let thorough = Arc::new(Pipeline::open(Backend::Sandbox, 1)?);
    let mut points = Vec::new();
    let mut add = |name: String, meaning, pipeline: &Arc<Pipeline>, loans: &Loans| {
        points.push(Point { name, meaning, pipeline: Arc::clone(pipeline), loans: loans.clone() });
    };

    let meaning = "ns per record of that many bytes, `thorough`, one worker, from text to lines";
    for (size, loans) in [(400, small.clone()), (1_800, Loans::large(COUNT / 2)), (8_000, Loans::huge(COUNT / 4))] {
        add(format!("cost_size_{size}"), meaning, &thorough, &loans);
    }
    let meaning = "the same by number of rules, all in one component, without the schema";
    for rules in [1, 4, 16, 64] {
        let pipeline = Arc::new(of_components(1, rules)?);
        add(format!("cost_rules_{rules}"), meaning, &pipeline, &small);
    }
    let meaning = "the same: 16 rules divided among that many components";
    for components in [1, 4, 16] {
        let pipeline = Arc::new(of_components(components, RULES)?);
        add(format!("cost_components_{components}"), meaning, &pipeline, &small);
    }
    let meaning = "the same as the first by percentage of loans that fail";
    for share in [0, 5, 50, 100] {
        add(format!("cost_failing_{share}"), meaning, &thorough, &failing(COUNT, share, &thorough)?);
    }
    for threads in [1, 2] {
        let pipeline = Arc::new(Pipeline::open(Backend::Sandbox, threads)?);
        add(format!("cost_threads_{threads}"), "the same by number of workers", &pipeline, &Loans::small(COUNT * 4));
    }
    for rows in [64, 256, 1_024, 4_096] {
        let chunk = ChunkLimits { rows, bytes: Bytes::mebi(16), ..ChunkLimits::default() };
        let pipeline = Arc::new(Pipeline::open(Backend::Sandbox, 1)?.with_chunk(chunk));
        add(format!("cost_chunk_{rows}"), "the same by records in a chunk, whatever their bytes", &pipeline, &small);
    }

    let mut comparison = Comparison::default();
    let candidates: Vec<_> = points.iter().map(|point| comparison.add(|| point.pipeline.judge(&point.loans))).collect();
    let times = comparison.run(effort.rounds)?;
    for (Point { name, meaning, loans, .. }, candidate) in points.iter().zip(candidates) {
        report.add(name, meaning, times.seconds(candidate).scaled(1e9 / loans.count() as f64));
    }
    Ok(())
}

/// Small loans of which `share` percent fail, evenly spread.
fn failing(count: usize, share: usize, judge: &Pipeline) -> anyhow::Result<Loans> {
    let all = Loans::small(20_000);
    let lines = judge.lines(&all)?;
    ensure!(lines.lines().count() == all.count(), "a result is missing");
    let (bad, good): (Vec<_>, Vec<_>) =
        all.as_str().lines().zip(lines.lines()).partition(|(_, result)| result.contains(r#""status":"FAIL""#));
    let (mut bad, mut good) = (bad.iter().cycle(), good.iter().cycle());
    let mut text = String::with_capacity(count * 440);
    for number in 0..count {
        let fails = number * share / 100 != (number + 1) * share / 100;
        let (line, _) = if fails { bad.next() } else { good.next() }.context("all loans fail, or none does")?;
        text.push_str(line);
        text.push('\n');
    }
    Ok(Loans::of(text))
}

/// Rules divided among different components.
fn of_components(components: usize, rules: usize) -> anyhow::Result<Pipeline> {
    let sandbox = pipeline::sandbox(1)?;
    let mut loaded: Vec<Arc<dyn Component>> = Vec::new();
    let mut listed = Vec::new();
    for number in 0..components {
        let component = source::sandboxed(&sandbox, source::variant(number as u64)?)?;
        let copies = Copies::new(component, &format!("copy_{number:02}"), rules / components);
        listed.extend(copies.ids().map(source::rule));
        loaded.push(Arc::new(copies));
    }
    Pipeline::of(loaded, listed, 1)
}
