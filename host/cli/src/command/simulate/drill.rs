//! One attack and its outcome.

use jurat_trust::UpdateError;
use serde::Serialize;

use super::expected::Expected;
use super::not_tried::NotTried;
use super::original::Original;
use super::replica::Replica;

/// An attack.
pub(super) struct Drill {
    /// Its name, for programs.
    pub(super) name: &'static str,
    /// What the attacker controls.
    pub(super) has: &'static str,
    /// What the attacker does.
    pub(super) does: &'static str,
    /// The expected answer of a host.
    pub(super) expected: Expected,
    pub(super) attack: fn(&Repositories) -> Attempt,
}

/// The repositories that are attacked.
pub(super) struct Repositories {
    pub(super) original: Original,
    pub(super) replica: Replica,
}

/// The answer of a host to an attack.
pub(super) type Attempt = Result<Result<(), UpdateError>, NotTried>;

/// The outcome of an attack.
#[derive(Debug, Serialize)]
pub(super) struct DrillOutcome {
    pub(super) drill: &'static str,
    pub(super) attacker_has: &'static str,
    pub(super) attacker_does: &'static str,
    pub(super) expected: &'static str,
    #[serde(skip)]
    pub(super) expected_words: &'static str,
    pub(super) happened: String,
    /// Whether the attack was stopped as expected; `None` if it does not apply to this repository.
    pub(super) held: Option<bool>,
}

impl Drill {
    /// Tries the attack.
    pub(super) fn run(&self, repositories: &Repositories) -> DrillOutcome {
        let Self { name: drill, has, does, expected, attack } = *self;
        let (happened, held) = match attack(repositories) {
            Ok(Ok(())) => ("accepted".to_owned(), Some(false)),
            Ok(Err(error)) => (jurat::chain(&error), Some(expected.matches(&error))),
            Err(NotTried::NotApplicable(reason)) => (format!("not applicable: {reason}"), None),
            // An attack that was not tried was not stopped.
            Err(NotTried::SetupFailed(reason)) => (format!("could not be prepared: {reason}"), Some(false)),
        };
        let (attacker_has, attacker_does) = (has, does);
        let expected_words = expected.words();
        DrillOutcome { drill, attacker_has, attacker_does, expected: expected.name(), expected_words, happened, held }
    }
}
