//! What our editor publishes, over months of a random life, is what python-tuf accepts; and it finds what was published.

use std::collections::{BTreeMap, BTreeSet};

use jurat_trust::{Anchor, Client, Demands, Digest, MemoryStore};

use crate::history::{self, Found, History, Outcome, Served};
use crate::python::{self, Environment};
use crate::visit::{self, Asked};

mod life;

use life::Life;

/// How many lives.
const LIVES: u64 = 40;
/// How many publications in each.
const PUBLICATIONS: u64 = 12;

#[test]
#[expect(clippy::print_stdout, reason = "figures, for whoever asks with `--nocapture`")]
fn python_tuf_accepts_what_our_editor_publishes() {
    let Some(python) = python::environment("what our editor publishes, by python-tuf") else { return };
    let mut tried = Tried::default();
    let lives: Vec<_> = (0..LIVES).map(|seed| Life::new(seed).live(&mut tried)).collect();
    check(&python, &lives, &mut tried);
    println!("{tried:?}");
    let actions: BTreeSet<_> = tried.actions.keys().copied().collect();
    assert_eq!(actions, (0..Life::ACTIONS).collect(), "{tried:?}");
    assert!(tried.found > LIVES * PUBLICATIONS && tried.cut_off > LIVES && tried.seamless > LIVES / 2, "{tried:?}");
}

/// What was tried, so that an empty test does not pass.
#[derive(Debug, Default)]
struct Tried {
    /// How often each action was taken.
    actions: BTreeMap<u64, u64>,
    /// Publications that a host saw half uploaded.
    cut_off: u64,
    /// Publications in which keys changed hands without any host noticing.
    seamless: u64,
    /// Targets that were found.
    found: u64,
}

/// What a life leaves behind.
struct Story {
    seed: u64,
    anchor: Vec<u8>,
    paths: Vec<String>,
    steps: Vec<(String, Served)>,
    /// For each step and path: the manifest that is listed.
    listed: Vec<Vec<Option<Digest>>>,
}

/// Each story as python-tuf sees it, as our client sees it, and as it was meant.
fn check(python: &Environment, stories: &[Story], tried: &mut Tried) {
    let mut lines: Vec<_> =
        stories.iter().map(|story| history::to_json(&story.anchor, &story.paths, &story.steps)).collect();
    let input: String = lines.iter().map(|line| format!("{line}\n")).collect();
    let answers = python.run("oracle.py", input.as_bytes());
    assert_eq!(answers.lines().count(), stories.len());
    for ((story, line), answer) in stories.iter().zip(&mut lines).zip(answers.lines()) {
        let outcomes: Vec<serde_json::Value> = serde_json::from_str(answer).unwrap();
        for (step, outcome) in line["steps"].as_array_mut().unwrap().iter_mut().zip(outcomes) {
            step["outcome"] = outcome;
        }
        let history: History = serde_json::from_value(line.take()).unwrap();
        let anchor = Anchor::parse(&story.anchor, None).unwrap();
        let mut client = Client::open(anchor, Demands::default(), MemoryStore::default()).unwrap();
        let (mut served, mut asked) = (Served::default(), Asked::default());
        for (number, step) in history.steps.iter().enumerate() {
            let at = format!("life {}, step {number}", story.seed);
            served.apply(step, &history.contents);
            let meant: Vec<_> =
                story.listed[number].iter().map(|digest| digest.map(|digest| digest.to_string())).collect();
            assert_eq!(found(&step.outcome), meant, "{at}: {:?}", step.outcome);
            visit::compare(&mut client, &served, &history, number, &mut asked)
                .unwrap_or_else(|error| panic!("{at}: {error:?}"));
        }
        tried.found += asked.found;
    }
}

/// The digests of what was got.
fn found(outcome: &Outcome) -> Vec<Option<String>> {
    let digests = outcome.find.iter().map(|found| match found {
        Some(Found::Listed { download, .. }) => download.clone(),
        // A tenant that has not published anything yet. Our client refuses it as well.
        Some(Found::Refused { refused }) if refused.ends_with("was delegated but is not part of snapshot") => None,
        Some(Found::Refused { refused }) => Some(refused.clone()),
        None => None,
    });
    digests.collect()
}
