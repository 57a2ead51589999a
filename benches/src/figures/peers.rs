//! Other rule engines on the same loans.

use std::cell::RefCell;
use std::ffi::{OsStr, OsString};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Arc;

use anyhow::Context as _;
use jiff::Timestamp;
use jurat_engine::Request;
use jurat_engine::ruleset::RuleNode;
use jurat_model::Worker;
use serde_json::Value;

use crate::columns::{Batches, call};
use crate::effort::Effort;
use crate::measure::{Candidate, Comparison};
use crate::peer::{From, Peer};
use crate::pipeline::{self, Backend, Pipeline};
use crate::report::{Report, progress};
use crate::source;
use crate::workload::Loans;

/// The engines of the `peers` package.
const ENGINES: [(&str, &str, &str); 5] = [
    ("regorus", "vs_regorus", "vs_regorus_parsed"),
    ("cel", "vs_cel", "vs_cel_parsed"),
    // CEL with the whole record converted: a host that does not know which fields the rules read must do that.
    ("cel-tree", "vs_cel_tree", "vs_cel_tree_parsed"),
    ("zen", "vs_zen", "vs_zen_parsed"),
    // The whole engine with a decision graph; `zen` is its expression language alone, and faster.
    ("zen-engine", "vs_zen_engine", "vs_zen_engine_parsed"),
];
/// The rules. Python has all of them; the engines do not have the schema.
const RULES: [&str; 5] = ["rule_001_v1", "rule_002_v1", "rule_003_v1", "rule_004_v1", "rule_005_v1"];

const TEXT: &str =
    "time relative to Jurat: the same four rules from JSON text to four statuses; Jurat writes four results as lines";
const PARSED: &str = "the same from parsed values, against Jurat from columns: four rules, verdicts with findings";
const PYTHON: &str =
    "time of Python with `jsonschema` relative to Jurat: all five rules from JSON text to results as lines";

/// Loans in memory, and files with the loans and their expected statuses.
struct Case {
    loans: Loans,
    files: [PathBuf; 2],
}

/// Peers, their loans, and the rules with which Jurat judges the same.
struct PeerComparison<'p> {
    case: &'p Case,
    rules: Vec<RuleNode>,
    entries: Vec<PeerEntry<'p>>,
}

/// A peer, and the names of its figures.
struct PeerEntry<'p> {
    names: (&'static str, Option<&'static str>),
    peer: Result<&'p RefCell<Peer>, &'p str>,
}

pub(crate) fn measure(effort: Effort, report: &mut Report) -> anyhow::Result<()> {
    let directory = tempfile::tempdir()?;
    let native = Pipeline::open(Backend::Native, 1)?;
    let count = if effort.is_quick { 5_000 } else { 20_000 };
    let engines = Case::new(Loans::small(count), &native, &RULES[1..], &directory.path().join("engines"))?;
    let python = Case::new(Loans::small(count / 5), &native, &RULES, &directory.path().join("python"))?;

    let started: Vec<_> =
        ENGINES.iter().map(|(engine, ..)| start(engine, || engine_command(engine, &engines, effort))).collect();
    let entries = ENGINES.iter().zip(&started).map(|((_, text, parsed), peer)| PeerEntry {
        names: (text, Some(parsed)),
        peer: peer.as_ref().map_err(String::as_str),
    });
    let rules = source::thorough().into_iter().filter(|rule| rule.rule_id != source::SCHEMA_RULE).collect();
    against(effort, PeerComparison { case: &engines, rules, entries: entries.collect() }, report)?;
    let started = start("python", || python_command(&python));
    let entry = PeerEntry { names: ("vs_python", None), peer: started.as_ref().map_err(String::as_str) };
    against(effort, PeerComparison { case: &python, rules: source::thorough(), entries: vec![entry] }, report)
}

/// Measures the available peers alternately with Jurat.
fn against(
    effort: Effort,
    PeerComparison { case, rules, entries }: PeerComparison<'_>,
    report: &mut Report,
) -> anyhow::Result<()> {
    let component = pipeline::rules(Backend::Sandbox, 1)?;
    let pipeline = Pipeline::of(vec![Arc::clone(&component)], rules, 1)?;
    let batches = Batches::of(&*component, &case.loans, 1_024)?;
    let run = *Request::new("thorough", Timestamp::UNIX_EPOCH).run();
    let mut comparison = Comparison::default();
    let ours = comparison.add(|| pipeline.judge(&case.loans));
    let ours_parsed =
        comparison.add(|| batches.iter().try_for_each(|batches| call(&*component, Worker(0), &run, batches)));
    let mut measured: Vec<(PeerEntry<'_>, Option<(Candidate, Candidate)>)> = Vec::new();
    for entry in entries {
        let candidates = entry.peer.ok().map(|peer| {
            let text = comparison.add_timed(|| peer.borrow_mut().pass(From::Text));
            (text, comparison.add_timed(|| peer.borrow_mut().pass(From::Parsed)))
        });
        measured.push((entry, candidates));
    }
    let times = comparison.run(effort.rounds)?;
    for (PeerEntry { names: (name, name_parsed), peer }, candidates) in measured {
        let meaning = if name_parsed.is_some() { TEXT } else { PYTHON };
        match candidates {
            Some((text, parsed)) => {
                report.add(name, meaning, times.ratio(text, ours));
                if let Some(name) = name_parsed {
                    report.add(name, PARSED, times.ratio(parsed, ours_parsed));
                }
            }
            None => {
                let reason = peer.err().unwrap_or("not available");
                report.miss(name, meaning, reason);
                if let Some(name) = name_parsed {
                    report.miss(name, PARSED, reason);
                }
            }
        }
    }
    Ok(())
}

/// Starts a peer, or says why it is not available.
fn start(name: &str, command: impl FnOnce() -> anyhow::Result<Command>) -> Result<RefCell<Peer>, String> {
    progress(&format!("    {name}: judging all loans to compare its verdicts with ours"));
    let peer = command().and_then(Peer::start);
    peer.map(RefCell::new).map_err(|error| format!("{name}: {error:#}"))
}

fn engine_command(engine: &str, case: &Case, effort: Effort) -> anyhow::Result<Command> {
    anyhow::ensure!(!(effort.is_quick && engine.starts_with("zen")), "skipped by --quick: it takes minutes to compile");
    let mut command = Command::new(given("JURAT_PEERS")?);
    command.arg(engine).args(&case.files);
    Ok(command)
}

fn python_command(case: &Case) -> anyhow::Result<Command> {
    let mut command = Command::new(given("JURAT_PYTHON")?);
    command.arg(Path::new(env!("CARGO_MANIFEST_DIR")).join("python/rules.py")).args(&case.files);
    Ok(command)
}

/// A path that `cargo xtask bench` sets if the build of the peer succeeded.
fn given(variable: &str) -> anyhow::Result<OsString> {
    let given = std::env::var_os(variable).filter(|value| value != OsStr::new(""));
    given.context("it could not be built; `cargo xtask bench` has said why")
}

impl Case {
    /// Judges loans and writes them and what is expected of them into files.
    fn new(loans: Loans, judge: &Pipeline, rules: &[&str], stem: &Path) -> anyhow::Result<Self> {
        let mut expected = String::new();
        for line in judge.lines(&loans)?.lines() {
            let result: Value = serde_json::from_str(line)?;
            let statuses =
                rules.iter().map(|rule| status_of(result.get("results"), rule).context("a rule has no result"));
            let statuses: Vec<_> = statuses.collect::<anyhow::Result<_>>()?;
            expected.push_str(&statuses.join("\t"));
            expected.push('\n');
        }
        let files = ["ndjson", "tsv"].map(|extension| stem.with_extension(extension));
        for (file, text) in files.iter().zip([loans.as_str(), &expected]) {
            fs::write(file, text)?;
        }
        Ok(Self { loans, files })
    }
}

/// The status of a rule, at any depth.
fn status_of<'a>(results: Option<&'a Value>, rule: &str) -> Option<&'a str> {
    results?.as_array()?.iter().find_map(|result| match result.get("rule_id")?.as_str()? == rule {
        true => result.get("status")?.as_str(),
        false => status_of(result.get("children"), rule),
    })
}
