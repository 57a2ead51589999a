//! Another rule engine on generated loans, timed for the benches: `jurat-peers PEER LOANS EXPECTED`.
//!
//! LOANS has one record on each line. EXPECTED has, for each record, the statuses of rule_002_v1 to rule_005_v1, separated by tabs.
//! The program judges all records and compares the statuses first: if one differs, it prints the first differences and exits with
//! 1. Then it prints `ready`, and each line of standard input requests one pass over all records on this thread: `text` from JSON,
//! `parsed` from the engine's own values. The answer is the time in seconds. The program ends at the end of its input.
//!
//! The rules are those of `rules/loan`, in the language of each engine and in the form that its documentation calls the fastest.
//! The result of a record is four statuses without messages, fields or codes, which is less than Jurat writes.
//!
//! - `regorus`: Rego, compiled for the virtual machine of Regorus.
//! - `cel`: CEL, against only the values that the rules name.
//! - `cel-tree`: CEL, against the whole record.
//! - `zen`: the expression language of ZEN, on its virtual machine, without its engine.
//! - `zen-engine`: ZEN Engine, with the rules as a decision graph.
//!
//! The last two need the feature `zen`.

mod cel;
mod peer;
mod regorus;
#[cfg(feature = "zen")]
mod zen;

use std::hint::black_box;
use std::io::{BufRead as _, Write as _};
use std::process::ExitCode;
use std::time::Instant;

use anyhow::{Context as _, bail, ensure};

use peer::Peer;

/// Differences that are printed.
const SHOWN: usize = 5;

fn main() -> ExitCode {
    match run() {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn run() -> anyhow::Result<()> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [peer, loans, expected] = arguments.as_slice() else { bail!("usage: jurat-peers PEER LOANS EXPECTED") };
    let read = |path: &str| std::fs::read_to_string(path).with_context(|| format!("`{path}` cannot be read"));
    let (loans, expected) = (read(loans)?, read(expected)?);
    match peer.as_str() {
        "regorus" => serve(regorus::Regorus::new()?, &loans, &expected),
        "cel" => serve(cel::Cel::new()?, &loans, &expected),
        "cel-tree" => serve(cel::CelTree::new()?, &loans, &expected),
        #[cfg(feature = "zen")]
        "zen" => serve(zen::Zen::new()?, &loans, &expected),
        #[cfg(feature = "zen")]
        "zen-engine" => serve(zen::ZenEngine::new()?, &loans, &expected),
        unknown => bail!("`{unknown}` is not built in"),
    }
}

fn serve<P: Peer>(mut peer: P, loans: &str, expected: &str) -> anyhow::Result<()> {
    let inputs: Vec<P::Input<'_>> = loans.lines().map(|line| peer.parse(line)).collect::<anyhow::Result<_>>()?;
    let mut out = Vec::new();
    for input in &inputs {
        peer.judge(input, &mut out)?;
    }
    compare(std::str::from_utf8(&out)?, expected)?;

    let mut answers = std::io::stdout().lock();
    writeln!(answers, "ready")?;
    answers.flush()?;
    for command in std::io::stdin().lock().lines() {
        let command = command?;
        out.clear();
        let begun = Instant::now();
        match command.as_str() {
            "text" => {
                for line in loans.lines() {
                    let input = peer.parse(line)?;
                    peer.judge(&input, &mut out)?;
                }
            }
            "parsed" => {
                for input in &inputs {
                    peer.judge(input, &mut out)?;
                }
            }
            unknown => bail!("unknown command `{unknown}`"),
        }
        black_box(&out);
        let seconds = begun.elapsed().as_secs_f64();
        writeln!(answers, "{seconds:.9}")?;
        answers.flush()?;
    }
    Ok(())
}

/// Checks that the engine gives the expected statuses for every record.
fn compare(found: &str, expected: &str) -> anyhow::Result<()> {
    let (records, lines) = (found.lines().count(), expected.lines().count());
    ensure!(records == lines, "{records} records were judged instead of {lines}");
    let differences = (1..).zip(found.lines().zip(expected.lines())).filter(|(_, (found, expected))| found != expected);
    let mut count = 0_usize;
    for (line, (found, expected)) in differences {
        if count < SHOWN {
            eprintln!("record {line}: found {found:?}, expected {expected:?}");
        }
        count += 1;
    }
    ensure!(count == 0, "{count} records were judged differently than expected");
    Ok(())
}
