//! `jurat simulate`: attacks on a copy of a repository, and what became of them.
//!
//! What takes no key is tried on the repository itself, in memory. What takes stolen keys is tried on another one of the same shape:
//! the same roles, thresholds, tenants and releases, signed with keys that were made for it. The code that is attacked is the one
//! that hosts run.

use std::io::{self, Write};
use std::path::PathBuf;

use clap::Args;
use jurat_trust::UpdateError;
use serde::Serialize;

use crate::command::inspect::Format;
use crate::command::trust::first_root;
use crate::exit::{EXIT_CODES, Exit, Failure};
use crate::repository::{WorkingCopy, published, read_anchor, refused};
use crate::{host, output};

mod expected;
mod original;
mod replica;
mod table;
mod with_keys;
mod without_keys;

use expected::Refusal;
use original::Original;
use replica::Replica;

const EXAMPLES: &str = "\
Examples:
  jurat simulate repository
  jurat simulate repository --root root.json --format json

Nothing is written, and no key is needed: where an attacker would have stolen some, keys are made for the purpose. Ends with 3 if the \
repository is refused as it is, or if an attack was not stopped as expected.
";

#[derive(Args, Debug)]
#[command(after_help = format!("{EXAMPLES}\n{EXIT_CODES}"))]
pub(super) struct Arguments {
    /// The repository
    #[arg(value_name = "REPO")]
    repository: PathBuf,
    /// The root that hosts have pinned; without it, the first one of the repository is believed
    #[arg(long, value_name = "FILE")]
    root: Option<PathBuf>,
    /// How it is written
    #[arg(long, value_enum, default_value_t)]
    format: Format,
}

/// An attack.
struct Drill {
    /// For programs.
    name: &'static str,
    /// What the attacker has.
    has: &'static str,
    /// What the attacker does.
    does: &'static str,
    /// What a host should say.
    expected: Refusal,
    attack: fn(&Ground) -> Answered,
}

/// Where it takes place.
struct Ground {
    original: Original,
    replica: Replica,
}

/// What a host has said to an attack.
type Answered = Result<Result<(), UpdateError>, NotTried>;

/// Why an attack was not tried.
enum NotTried {
    /// The repository has nothing that it could be tried on.
    Impossible(&'static str),
    /// It could not be prepared, so nothing is known.
    Spoilt(String),
}

/// What came of an attack.
#[derive(Debug, Serialize)]
struct Outcome {
    drill: &'static str,
    attacker_has: &'static str,
    attacker_does: &'static str,
    expected: &'static str,
    #[serde(skip)]
    expected_words: &'static str,
    happened: String,
    /// None if it could not be tried on this repository.
    held: Option<bool>,
}

pub(super) fn run(arguments: &Arguments) -> Result<Exit, Failure> {
    let copy = WorkingCopy::open(&arguments.repository)?;
    let anchor = match &arguments.root {
        Some(file) => read_anchor(file)?,
        None => first_root(copy.files(), copy.root())?,
    };
    let repository = published(&copy.read(arguments.root.as_deref())?);
    let (now, shown) = (host::now(), copy.root().display());
    let original = Original::accept(copy.files(), anchor, &repository, now).map_err(|error| refused(&shown, &error))?;
    let replica = Replica::of(&copy, &repository, now)?;
    replica.accepts().map_err(|error| Failure::about(Exit::Host, "the copy with other keys is refused", &error))?;
    let ground = Ground { original, replica };
    let drills = without_keys::DRILLS.iter().chain(with_keys::DRILLS);
    let outcomes: Vec<_> = drills.map(|drill| drill.run(&ground)).collect();
    let mut out = output::stdout();
    let written = match arguments.format {
        Format::Text => table::write(&outcomes, output::style(output::Colour::Auto), &mut out),
        Format::Json => output::write_json(&mut out, &outcomes).and_then(|()| writeln!(out)),
    };
    written.and_then(|()| out.flush()).map_err(|error: io::Error| Failure::of_output(&error))?;
    let has_failed = outcomes.iter().any(|outcome| outcome.held == Some(false));
    Ok(if has_failed { Exit::Trust } else { Exit::Fine })
}

impl Drill {
    fn run(&self, ground: &Ground) -> Outcome {
        let Self { name: drill, has, does, expected, attack } = *self;
        let (happened, held) = match attack(ground) {
            Ok(Ok(())) => ("accepted".to_owned(), Some(false)),
            Ok(Err(error)) => (jurat::chain(&error), Some(expected.is(&error))),
            Err(NotTried::Impossible(reason)) => (format!("not possible: {reason}"), None),
            // What was not tried has not held.
            Err(NotTried::Spoilt(reason)) => (format!("could not be prepared: {reason}"), Some(false)),
        };
        let (attacker_has, attacker_does) = (has, does);
        let expected_words = expected.words();
        Outcome { drill, attacker_has, attacker_does, expected: expected.name(), expected_words, happened, held }
    }
}

impl From<UpdateError> for NotTried {
    fn from(error: UpdateError) -> Self {
        Self::Spoilt(jurat::chain(&error))
    }
}

/// What must be there after what has been checked before.
fn made<T>(part: Option<T>) -> Result<T, NotTried> {
    part.ok_or_else(|| NotTried::Spoilt("the repository has not the shape that was expected".to_owned()))
}

fn only_one_version() -> NotTried {
    NotTried::Impossible("only one version")
}
