//! From text to lines.

use anyhow::{Context as _, ensure};

use crate::measure::{Contest, Entrant};
use crate::report::Report;
use crate::subject::{Place, Subject};
use crate::workload::Loans;
use crate::{Effort, handwritten, source};

/// The lines of text that the hand-written program is given at a time, so that what it works on stays near the processor as well.
const PIECE: usize = 1_024;

/// One size of loans and everything that judges them.
struct Case {
    loans: Loans,
    pieces: Vec<Loans>,
}

struct Entrants {
    sandbox: Entrant,
    native: Entrant,
    least: Entrant,
    by_hand: Entrant,
}

pub(crate) fn measure(effort: Effort, report: &mut Report) -> anyhow::Result<()> {
    let sandbox = Subject::open(Place::Sandbox, 1)?;
    let native = Subject::open(Place::Native, 1)?;
    let least = Subject::of(Vec::new(), vec![source::rule(source::SCHEMA_RULE)], 1)?;
    let cases = [Case::new(Loans::small(20_000)), Case::new(Loans::large(10_000))];
    for case in &cases {
        compare(&sandbox, &native, &case.loans)?;
    }

    let mut contest = Contest::default();
    let [small, large] = cases.each_ref().map(|Case { loans, pieces }| {
        let mut out = Vec::new();
        Entrants {
            sandbox: contest.add(|| sandbox.judge(loans)),
            native: contest.add(|| native.judge(loans)),
            least: contest.add(|| least.judge_silently(loans)),
            by_hand: contest.add(move || {
                for piece in pieces {
                    out.clear();
                    handwritten::judge(piece.as_str(), &mut out);
                    std::hint::black_box(&out);
                }
                Ok(())
            }),
        }
    });
    let times = contest.run(effort.rounds)?;

    let [few, many] = cases.each_ref().map(|case| case.loans.count());
    let name = "records_per_second";
    let text =
        "`thorough`, NDJSON of 400 bytes to result lines, one worker; the calling thread reads and takes the lines";
    report.add(&format!("{name}_400"), text, times.seconds(small.sandbox).rate(few));
    report.add(&format!("{name}_1800"), "the same of 1,800 bytes", times.seconds(large.sandbox).rate(many));
    let processor = times.processor(small.sandbox).scaled(1e9 / few as f64);
    report.add(
        "processor_ns_400",
        "nanoseconds of the processor per record of 400 bytes, all threads, waiting included",
        processor,
    );
    let tax = "end to end against the same rules compiled natively";
    report.add("sandbox_tax_batch", tax, times.ratio(small.sandbox, small.native));
    report.add("sandbox_tax_batch_1800", "the same, 1,800 bytes", times.ratio(large.sandbox, large.native));
    let least = "read, told apart and checked against the schema, nothing written: its share of the whole";
    report.add("lower_bound", least, times.ratio(small.least, small.sandbox));
    report.add("lower_bound_1800", "the same, 1,800 bytes", times.ratio(large.least, large.sandbox));
    let by_hand = "how fast it is compared with a hand-written program on one thread: text in, the same lines out";
    report.add("vs_handwritten", by_hand, times.ratio(small.by_hand, small.sandbox));
    report.add("vs_handwritten_1800", "the same, 1,800 bytes", times.ratio(large.by_hand, large.sandbox));
    let processor = |own: Entrant, other: Entrant| times.figure(|taken| taken(other).processor / taken(own).processor);
    let text = "the same by time of the processor: what a second thread did counts";
    report.add("vs_handwritten_processor", text, processor(small.sandbox, small.by_hand));
    report.add("vs_handwritten_processor_1800", "the same, 1,800 bytes", processor(large.sandbox, large.by_hand));
    Ok(())
}

impl Case {
    fn new(loans: Loans) -> Self {
        Self { pieces: loans.pieces(PIECE), loans }
    }
}

/// All three must say the same, or no comparison means anything.
fn compare(sandbox: &Subject, native: &Subject, loans: &Loans) -> anyhow::Result<()> {
    // Only the sandbox has a component to name, by its digest.
    let [sandbox, native] =
        [sandbox, native].map(|subject| subject.lines(loans).map(|lines| without_component(&lines)));
    let mut by_hand = Vec::new();
    handwritten::judge(loans.as_str(), &mut by_hand);
    same("native rules", &native?, sandbox.as_deref().ok().context("the sandbox gives no lines")?)?;
    same("the hand-written program", std::str::from_utf8(&by_hand)?, &sandbox?)
}

fn same(who: &str, theirs: &str, ours: &str) -> anyhow::Result<()> {
    let (count, expected) = (theirs.lines().count(), ours.lines().count());
    ensure!(count == expected, "{who} gave {count} lines instead of {expected}");
    for (number, (theirs, ours)) in (1..).zip(theirs.lines().zip(ours.lines())) {
        ensure!(theirs == ours, "{who} did not judge loan {number} alike:\n{theirs}\n{ours}");
    }
    Ok(())
}

/// Lines without the members that name a component.
fn without_component(lines: &str) -> String {
    const MEMBER: &str = r#","component":""#;
    let mut parts = lines.split(MEMBER);
    let first = parts.next().unwrap_or_default().to_owned();
    parts.fold(first, |text, part| text + part.split_once('"').map_or("", |(_, rest)| rest))
}
