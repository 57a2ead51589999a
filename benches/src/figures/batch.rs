//! Batches from text to lines.

use anyhow::{Context as _, ensure};

use crate::effort::Effort;
use crate::measure::{Candidate, Comparison};
use crate::pipeline::{Backend, Pipeline};
use crate::report::Report;
use crate::workload::Loans;
use crate::{handwritten, source};

/// Lines that the hand-written program gets at a time, so that its data stays in the cache too.
const PIECE: usize = 1_024;

/// Loans of one size.
struct Case {
    loans: Loans,
    pieces: Vec<Loans>,
}

struct Candidates {
    sandbox: Candidate,
    native: Candidate,
    least: Candidate,
    by_hand: Candidate,
}

pub(crate) fn measure(effort: Effort, report: &mut Report) -> anyhow::Result<()> {
    let sandbox = Pipeline::open(Backend::Sandbox, 1)?;
    let observed = Pipeline::open(Backend::Sandbox, 1)?.observed()?;
    let native = Pipeline::open(Backend::Native, 1)?;
    let least = Pipeline::of(Vec::new(), vec![source::rule(source::SCHEMA_RULE)], 1)?;
    let cases = [Case::new(Loans::small(20_000)), Case::new(Loans::large(10_000))];
    for case in &cases {
        compare(&sandbox, &native, &case.loans)?;
    }

    let mut comparison = Comparison::default();
    let [small, large] = cases.each_ref().map(|Case { loans, pieces }| {
        let mut out = Vec::new();
        Candidates {
            sandbox: comparison.add(|| sandbox.judge(loans)),
            native: comparison.add(|| native.judge(loans)),
            least: comparison.add(|| least.judge_silently(loans)),
            by_hand: comparison.add(move || {
                for piece in pieces {
                    out.clear();
                    handwritten::judge(piece.as_str(), &mut out);
                    std::hint::black_box(&out);
                }
                Ok(())
            }),
        }
    });
    let observed = comparison.add(|| observed.judge(&cases[0].loans));
    let times = comparison.run(effort.rounds)?;

    let [few, many] = cases.each_ref().map(|case| case.loans.count());
    let name = "records_per_second";
    let text = "`thorough`, NDJSON of 400 bytes to result lines, one worker; the calling thread reads the input and drops the lines";
    report.add(&format!("{name}_400"), text, times.seconds(small.sandbox).rate(few));
    report.add(&format!("{name}_1800"), "the same of 1,800 bytes", times.seconds(large.sandbox).rate(many));
    let processor = times.processor(small.sandbox).scaled(1e9 / few as f64);
    report.add(
        "processor_ns_400",
        "processor nanoseconds per record of 400 bytes, all threads, including spinning",
        processor,
    );
    let tax = "end to end against the same rules compiled natively";
    report.add("sandbox_tax_batch", tax, times.ratio(small.sandbox, small.native));
    report.add("sandbox_tax_batch_1800", "the same, 1,800 bytes", times.ratio(large.sandbox, large.native));
    let text = "the same with an observer that gets every window, and the times of chunks and rules, against none";
    report.add("observer_tax", text, times.ratio(observed, small.sandbox));
    let least = "reading, splitting and checking against the schema, without output: its share of the whole";
    report.add("lower_bound", least, times.ratio(small.least, small.sandbox));
    report.add("lower_bound_1800", "the same, 1,800 bytes", times.ratio(large.least, large.sandbox));
    let by_hand = "speed relative to a hand-written program on one thread: text in, the same lines out";
    report.add("vs_handwritten", by_hand, times.ratio(small.by_hand, small.sandbox));
    report.add("vs_handwritten_1800", "the same, 1,800 bytes", times.ratio(large.by_hand, large.sandbox));
    let processor =
        |own: Candidate, other: Candidate| times.figure(|taken| taken(other).processor / taken(own).processor);
    let text = "the same by processor time: the work of a second thread counts";
    report.add("vs_handwritten_processor", text, processor(small.sandbox, small.by_hand));
    report.add("vs_handwritten_processor_1800", "the same, 1,800 bytes", processor(large.sandbox, large.by_hand));
    Ok(())
}

impl Case {
    fn new(loans: Loans) -> Self {
        Self { pieces: loans.pieces(PIECE), loans }
    }
}

/// All three must give the same results, or the comparison means nothing.
fn compare(sandbox: &Pipeline, native: &Pipeline, loans: &Loans) -> anyhow::Result<()> {
    // Only the sandbox has a component digest to report.
    let [sandbox, native] =
        [sandbox, native].map(|pipeline| pipeline.lines(loans).map(|lines| without_component(&lines)));
    let mut by_hand = Vec::new();
    handwritten::judge(loans.as_str(), &mut by_hand);
    same("native rules", &native?, sandbox.as_deref().ok().context("the sandbox gave no lines")?)?;
    same("the hand-written program", std::str::from_utf8(&by_hand)?, &sandbox?)
}

fn same(who: &str, theirs: &str, ours: &str) -> anyhow::Result<()> {
    let (count, expected) = (theirs.lines().count(), ours.lines().count());
    ensure!(count == expected, "{who} gave {count} lines instead of {expected}");
    for (number, (theirs, ours)) in (1..).zip(theirs.lines().zip(ours.lines())) {
        ensure!(theirs == ours, "{who} judged loan {number} differently:\n{theirs}\n{ours}");
    }
    Ok(())
}

/// Removes the members that name a component.
fn without_component(lines: &str) -> String {
    const MEMBER: &str = r#","component":""#;
    let mut parts = lines.split(MEMBER);
    let first = parts.next().unwrap_or_default().to_owned();
    parts.fold(first, |text, part| text + part.split_once('"').map_or("", |(_, rest)| rest))
}
