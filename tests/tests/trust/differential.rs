//! Random repositories, most of them broken in some way: python-tuf and our client must agree on each.
//!
//! A history that one of them refuses and the other accepts is a bug in one of them, a demand of ours that TUF does not make, or a
//! case that the specification leaves open. [`explained`](crate::explained) lists the last two; there is no list for bugs.

use std::collections::BTreeMap;
use std::io::{BufRead as _, BufReader};
use std::thread;

use jurat_trust::{Anchor, Client, Demands, MemoryStore};

use crate::explained::{EXPLAINED, Explanation};
use crate::history::{History, Mutation, Refresh, Served};
use crate::python::{self, Environment};
use crate::visit::{self, Asked, Difference};

/// The first history. Any number does, as long as all that is explained happens at least once.
const SEED: u64 = 2_601;
/// How many histories: each of the 650 things that can go wrong has its turn in four of them.
const HISTORIES: u64 = 2_600;
/// How many processes of Python make them.
const PROCESSES: u64 = 2;
/// How many kinds of mutations `tests/tuf` has; fewer would mean that some are no longer tried.
const KINDS: usize = 200;

#[test]
#[expect(clippy::print_stdout, reason = "figures, for whoever asks with `--nocapture`")]
fn python_tuf_and_we_agree_on_random_repositories() {
    let Some(python) = python::environment("random repositories against python-tuf") else { return };
    let share = HISTORIES.div_ceil(PROCESSES);
    let parts: Vec<Tally> = thread::scope(|scope| {
        let runs: Vec<_> = (0..PROCESSES)
            .map(|process| {
                let python = &python;
                scope.spawn(move || run(python, SEED + process * share, share))
            })
            .collect();
        runs.into_iter().map(|run| run.join().unwrap()).collect()
    });
    let tally = parts.into_iter().reduce(Tally::and).unwrap();
    println!("{tally:#?}");
    let unexplained = &tally.unexplained;
    assert!(unexplained.is_empty(), "{} disagreements:\n{}", unexplained.len(), unexplained.join("\n"));
    assert!(tally.histories >= HISTORIES, "{tally:?}");
    assert!(tally.mutations.len() >= KINDS, "{} kinds: {:?}", tally.mutations.len(), tally.mutations);
    // Were nearly all accepted, or refused, agreement would say little.
    let steps = tally.accepted + tally.refused;
    assert!(tally.accepted > steps / 4 && tally.refused > steps / 8, "{tally:?}");
    assert!(tally.asked.found > tally.histories && tally.asked.refused > tally.histories / 20, "{tally:?}");
    let unused = EXPLAINED.iter().map(|entry| entry.name).filter(|name| !tally.explained.contains_key(name));
    let unused: Vec<_> = unused.collect();
    assert!(unused.is_empty(), "nothing is explained by {unused:?}");
}

/// What was seen.
#[derive(Debug, Default)]
struct Tally {
    histories: u64,
    /// Steps that were compared, as python-tuf judged them.
    accepted: u64,
    refused: u64,
    asked: Asked,
    mutations: BTreeMap<String, u64>,
    explained: BTreeMap<&'static str, u64>,
    unexplained: Vec<String>,
}

impl Tally {
    fn and(mut self, other: Self) -> Self {
        self.histories += other.histories;
        self.accepted += other.accepted;
        self.refused += other.refused;
        self.asked.found += other.asked.found;
        self.asked.refused += other.asked.refused;
        for (name, count) in other.mutations {
            *self.mutations.entry(name).or_default() += count;
        }
        for (name, count) in other.explained {
            *self.explained.entry(name).or_default() += count;
        }
        self.unexplained.extend(other.unexplained);
        self
    }
}

fn run(python: &Environment, seed: u64, count: u64) -> Tally {
    let mut child = python.start("generate.py", &[&seed.to_string(), &count.to_string()]);
    let mut tally = Tally::default();
    for line in BufReader::new(child.stdout.take().unwrap()).lines() {
        let history: History = serde_json::from_str(&line.unwrap()).unwrap();
        replay(&history, &mut tally);
    }
    assert!(child.wait().unwrap().success(), "generate.py {seed} {count} failed; its output says why");
    tally
}

fn replay(history: &History, tally: &mut Tally) {
    tally.histories += 1;
    for mutation in &history.mutations {
        *tally.mutations.entry(mutation.name.clone()).or_default() += 1;
    }
    let anchor = Anchor::parse(history.contents[history.anchor].bytes(), None).unwrap();
    let open = |store| Client::open(anchor.clone(), Demands::default(), store);
    let mut served = Served::default();
    let mut client = open(MemoryStore::default()).unwrap();
    for (number, step) in history.steps.iter().enumerate() {
        match step.outcome.refresh {
            Refresh::Versions(_) => tally.accepted += 1,
            Refresh::Refused(_) => tally.refused += 1,
        }
        served.apply(step, &history.contents);
        if step.reopened {
            client = open(client.store().clone()).unwrap();
        }
        let compared = visit::compare(&mut client, &served, history, number, &mut tally.asked);
        let Err(difference) = compared else { continue };
        let mutations: Vec<_> = history.mutations.iter().filter(|mutation| mutation.step <= number).collect();
        match explanation(&difference, &mutations) {
            Some(explanation) => *tally.explained.entry(explanation.name).or_default() += 1,
            None => {
                let repeat = python::repeat(history.seed);
                let what = format!("  {difference:?}\n  after {mutations:?}\n  {repeat}");
                tally.unexplained.push(format!("seed {}, step {number}, {}\n{what}", history.seed, difference.about));
            }
        }
        // From here on they know different things.
        return;
    }
}

fn explanation(difference: &Difference, mutations: &[&Mutation]) -> Option<&'static Explanation> {
    EXPLAINED.iter().find(|explanation| explanation.explains(difference, mutations))
}
