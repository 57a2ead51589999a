//! Other rule engines on the same loans.

use std::cell::RefCell;
use std::ffi::{OsStr, OsString};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Arc;

use anyhow::Context as _;
use jurat_engine::Request;
use jurat_engine::ruleset::RuleNode;
use jurat_model::Worker;
use serde_json::Value;

use crate::columns::{Batches, call};
use crate::measure::{Contest, Entrant};
use crate::peer::{From, Peer};
use crate::report::{Report, progress};
use crate::subject::{self, Place, Subject};
use crate::workload::Loans;
use crate::{Effort, source};

/// The engines that are built in the package of peers.
const ENGINES: [(&str, &str, &str); 5] = [
    ("regorus", "vs_regorus", "vs_regorus_parsed"),
    ("cel", "vs_cel", "vs_cel_parsed"),
    // The same, with the whole record converted, as a host must that does not know which fields the rules read.
    ("cel-tree", "vs_cel_tree", "vs_cel_tree_parsed"),
    ("zen", "vs_zen", "vs_zen_parsed"),
    // The whole engine with a decision graph; `zen` is its language alone, and faster.
    ("zen-engine", "vs_zen_engine", "vs_zen_engine_parsed"),
];
/// The rules that the engines have. Python has the schema as well.
const RULES: [&str; 5] = ["rule_001_v1", "rule_002_v1", "rule_003_v1", "rule_004_v1", "rule_005_v1"];

const TEXT: &str = "how many times as long it takes: the same four rules from JSON text to four statuses, ours to four results as lines";
const PARSED: &str = "the same from its own values, against ours from columns: four rules, verdicts with findings";
const PYTHON: &str =
    "how many times as long Python takes with `jsonschema`: all five rules from JSON text to results as lines";

/// Loans with their statuses, in memory and in files.
struct Case {
    loans: Loans,
    files: [PathBuf; 2],
}

/// Rivals, what they judge, and the rules with which ours judge the same.
struct Match<'p> {
    case: &'p Case,
    rules: Vec<RuleNode>,
    rivals: Vec<Rival<'p>>,
}

/// A peer in the contest.
struct Rival<'p> {
    names: (&'static str, Option<&'static str>),
    peer: Result<&'p RefCell<Peer>, &'p str>,
}

pub(crate) fn measure(effort: Effort, report: &mut Report) -> anyhow::Result<()> {
    let place = tempfile::tempdir()?;
    let native = Subject::open(Place::Native, 1)?;
    let count = if effort.is_quick { 5_000 } else { 20_000 };
    let engines = Case::new(Loans::small(count), &native, &RULES[1..], &place.path().join("engines"))?;
    let python = Case::new(Loans::small(count / 5), &native, &RULES, &place.path().join("python"))?;

    let started: Vec<_> =
        ENGINES.iter().map(|(engine, ..)| start(engine, || engine_command(engine, &engines, effort))).collect();
    let rivals = ENGINES.iter().zip(&started).map(|((_, text, parsed), peer)| Rival {
        names: (text, Some(parsed)),
        peer: peer.as_ref().map_err(String::as_str),
    });
    let rules = source::thorough().into_iter().filter(|rule| rule.rule_id != source::SCHEMA_RULE).collect();
    against(effort, Match { case: &engines, rules, rivals: rivals.collect() }, report)?;
    let started = start("python", || python_command(&python));
    let rival = Rival { names: ("vs_python", None), peer: started.as_ref().map_err(String::as_str) };
    against(effort, Match { case: &python, rules: source::thorough(), rivals: vec![rival] }, report)
}

/// Measures those that are there in turn with ours.
fn against(effort: Effort, Match { case, rules, rivals }: Match<'_>, report: &mut Report) -> anyhow::Result<()> {
    let component = subject::rules(Place::Sandbox, 1)?;
    let subject = Subject::of(vec![Arc::clone(&component)], rules, 1)?;
    let batches = Batches::of(&*component, &case.loans, 1_024)?;
    let run = *Request::new("thorough", 0).run();
    let mut contest = Contest::default();
    let ours = contest.add(|| subject.judge(&case.loans));
    let ours_parsed =
        contest.add(|| batches.iter().try_for_each(|batches| call(&*component, Worker(0), &run, batches)));
    let mut entered: Vec<(Rival<'_>, Option<(Entrant, Entrant)>)> = Vec::new();
    for rival in rivals {
        let entrants = rival.peer.ok().map(|peer| {
            let text = contest.add_timed(|| peer.borrow_mut().pass(From::Text));
            (text, contest.add_timed(|| peer.borrow_mut().pass(From::Parsed)))
        });
        entered.push((rival, entrants));
    }
    let times = contest.run(effort.rounds)?;
    for (Rival { names: (name, name_parsed), peer }, entrants) in entered {
        let meaning = if name_parsed.is_some() { TEXT } else { PYTHON };
        match entrants {
            Some((text, parsed)) => {
                report.add(name, meaning, times.ratio(text, ours));
                if let Some(name) = name_parsed {
                    report.add(name, PARSED, times.ratio(parsed, ours_parsed));
                }
            }
            None => {
                let reason = peer.err().unwrap_or("it is not there");
                report.miss(name, meaning, reason);
                if let Some(name) = name_parsed {
                    report.miss(name, PARSED, reason);
                }
            }
        }
    }
    Ok(())
}

/// Starts a peer, or says why it cannot be had.
fn start(name: &str, command: impl FnOnce() -> anyhow::Result<Command>) -> Result<RefCell<Peer>, String> {
    progress(&format!("    {name}: judging all loans, to compare its verdicts with ours"));
    let peer = command().and_then(Peer::start);
    peer.map(RefCell::new).map_err(|error| format!("{name}: {error:#}"))
}

fn engine_command(engine: &str, case: &Case, effort: Effort) -> anyhow::Result<Command> {
    anyhow::ensure!(!(effort.is_quick && engine.starts_with("zen")), "not with --quick: it takes minutes to compile");
    let mut command = Command::new(given("JURAT_PEERS")?);
    command.arg(engine).args(&case.files);
    Ok(command)
}

fn python_command(case: &Case) -> anyhow::Result<Command> {
    let mut command = Command::new(given("JURAT_PYTHON")?);
    command.arg(Path::new(env!("CARGO_MANIFEST_DIR")).join("python/rules.py")).args(&case.files);
    Ok(command)
}

/// What `cargo xtask bench` has built, if it could.
fn given(variable: &str) -> anyhow::Result<OsString> {
    let given = std::env::var_os(variable).filter(|value| value != OsStr::new(""));
    given.context("it could not be built; `cargo xtask bench` has said why")
}

impl Case {
    /// Judges loans and writes them and what is expected of them into files.
    fn new(loans: Loans, judge: &Subject, rules: &[&str], stem: &Path) -> anyhow::Result<Self> {
        let mut expected = String::new();
        for line in judge.lines(&loans)?.lines() {
            let result: Value = serde_json::from_str(line)?;
            let statuses =
                rules.iter().map(|rule| status_of(result.get("results"), rule).context("a rule said nothing"));
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

/// What a rule says, at whatever depth.
fn status_of<'a>(results: Option<&'a Value>, rule: &str) -> Option<&'a str> {
    results?.as_array()?.iter().find_map(|result| match result.get("rule_id")?.as_str()? == rule {
        true => result.get("status")?.as_str(),
        false => status_of(result.get("children"), rule),
    })
}
