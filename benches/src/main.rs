//! `cargo xtask bench`: what the sandbox and trust cost, and how Jurat scales, in one run on one machine.
//!
//! Every figure that compares is a ratio of times taken in turn. Nothing here decides a test: machines differ.
#![expect(clippy::print_stdout, reason = "printing is its purpose")]

mod loans;
mod measure;
mod native;
mod report;
mod subject;
mod trust;

use std::process::ExitCode;
use std::time::Duration;

use measure::{Measured, ratio, repeat};
use report::Report;
use subject::{Kind, Subject};

const HELP: &str = "\
Usage: cargo xtask bench [--quick] [--json]

  --quick  fewer rounds: a minute instead of several
  --json   one JSON object of all figures";

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    if let Some(unknown) = arguments.iter().find(|argument| !matches!(argument.as_str(), "--quick" | "--json")) {
        println!("{HELP}");
        return if unknown == "--help" { ExitCode::SUCCESS } else { ExitCode::from(2) };
    }
    let has = |name: &str| arguments.iter().any(|argument| argument == name);
    match run(if has("--quick") { 7 } else { 31 }) {
        Ok(report) if has("--json") => println!("{}", report.json()),
        Ok(report) => println!("{}", report.table()),
        Err(error) => {
            println!("error: {error:#}");
            return ExitCode::FAILURE;
        }
    }
    ExitCode::SUCCESS
}

fn run(rounds: usize) -> anyhow::Result<Report> {
    let mut report = Report::default();
    let loans = loans::generate(20_000, 1);
    let sandboxed = Subject::open(Kind::Sandboxed, 1)?;
    let native = Subject::open(Kind::Native, 1)?;
    anyhow::ensure!(
        sandboxed.results(&loans)? == native.results(&loans)?,
        "the sandboxed rules and the native ones do not judge alike"
    );

    let (sandbox, _, tax) = ratio(rounds, || sandboxed.judge(&loans), || native.judge(&loans));
    report.add("records_per_second", "thorough, NDJSON of 400 bytes, 1 thread", throughput(sandbox, 20_000));
    report.add("sandbox_tax_batch", "end to end, against the same rules compiled natively", tax);

    for rows in [1, 16, 256, 1_024, 4_096] {
        let batches = sandboxed.batches(&loans, rows)?;
        let count = batches.rows();
        let calls = (40_000 / rows.max(8) as usize).max(1);
        let (sandbox, _, tax) = ratio(
            rounds,
            || (0..calls).for_each(|_| sandboxed.rules(&batches)),
            || (0..calls).for_each(|_| native.rules(&batches)),
        );
        let name = format!("rules_ns_{rows}");
        let each = sandbox.scaled(1e9 / (calls as f64 * f64::from(count)));
        report.add(&name, "four rules, columns in and verdicts out, fresh instance, per record", each);
        if rows == 1_024 {
            report.add("sandbox_tax_rules", "the same at 1,024 rows, against native", tax);
        }
    }

    let one = loans.lines().next().unwrap_or_default();
    let lasting = Duration::from_millis(100 * rounds as u64);
    let mut singles = repeat(lasting, || sandboxed.judge(one));
    report.add("p50_single_us", "one record, one call, thorough, fresh instance", quantile(&mut singles, 0.5));
    report.add("p99_single_us", "the same, 99 of 100", quantile(&mut singles, 0.99));
    let (_, _, tax) =
        ratio(rounds, || (0..200).for_each(|_| sandboxed.judge(one)), || (0..200).for_each(|_| native.judge(one)));
    report.add("sandbox_tax_single", "the same, against native", tax);

    let two = Subject::open(Kind::Sandboxed, 2)?;
    let (_, _, scaling) = ratio(rounds, || sandboxed.judge(&loans), || two.judge(&loans));
    report.add("scaling_2_threads", "batches, 2 workers over 1", scaling);
    let (_, _, scaling) = ratio(rounds, || sandboxed.singles(&loans, 1), || two.singles(&loans, 2));
    report.add("scaling_2_threads_single", "one-record rule calls on fresh instances, 2 threads over 1", scaling);

    trust::measure(rounds, &mut report)?;
    Ok(report)
}

fn throughput(seconds: Measured, records: u32) -> Measured {
    let records = f64::from(records);
    Measured { median: records / seconds.median, low: records / seconds.high, high: records / seconds.low }
}

fn quantile(times: &mut [f64], share: f64) -> Measured {
    times.sort_by(f64::total_cmp);
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "an index within the list")]
    let at = |share: f64| {
        times.get((share * times.len().saturating_sub(1) as f64) as usize).map_or(f64::NAN, |time| time * 1e6)
    };
    Measured { median: at(share), low: at((share - 0.1).max(0.0)), high: at((share + 0.1).min(1.0)) }
}
