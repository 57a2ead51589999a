//! `cargo xtask proof`: tests that take minutes, at full size.
//!
//! The same functions are among all tests, where they take seconds. So a proof that nobody has run for a year still works.

use crate::guests;
use crate::shell::{TaskError, Workspace};
use crate::tally::Tally;
use crate::wasm::Consent;

/// The test binary of all proofs.
const BINARY: &str = "proofs";
/// The variable with which they run at full size.
const SIZE: (&str, &str) = ("JURAT_PROOF", "full");

/// A proof.
#[derive(Debug)]
struct Proof {
    name: &'static str,
    /// The path of the function.
    test: &'static str,
    /// What it does, for people.
    summary: &'static str,
}

const PROOFS: [Proof; 3] = [
    Proof {
        name: "http",
        test: "http::every_response_over_http_is_right_whatever_changes",
        summary: "The HTTP API while releases, services and itself come and go, and how fast it is beside a constant (3 minutes).",
    },
    Proof {
        name: "neighbours",
        test: "neighbours::harmless_calls_are_answered_beside_all_the_hostile_batches_that_are_admitted",
        summary: "How long one-record calls take beside as many hostile batches as a server admits (8 minutes).",
    },
    Proof {
        name: "soak",
        test: "soak::a_server_survives_everything_at_once",
        summary: "Hostile batches, rough clients, new releases and killed compilers at once, and what is left (11 minutes).",
    },
];

/// Runs the named proofs, one after the other.
pub(crate) fn run(workspace: &Workspace, names: &[String], consent: Consent) -> Result<(), TaskError> {
    if names.is_empty() {
        return Err(TaskError::new("which proof?").advise(list()));
    }
    let proofs: Vec<_> = names.iter().map(|name| find(name)).collect::<Result<_, _>>()?;
    guests::run(workspace, consent, false)?;
    proofs.into_iter().try_for_each(|proof| proof.run(workspace))
}

fn find(name: &str) -> Result<&'static Proof, TaskError> {
    let found = PROOFS.iter().find(|proof| proof.name == name);
    found.ok_or_else(|| TaskError::new(format!("there is no proof `{name}`")).advise(list()))
}

/// All proofs, a line for each.
fn list() -> String {
    let line = |proof: &Proof| format!("{:<10}  {}", proof.name, proof.summary);
    PROOFS.iter().map(line).collect::<Vec<_>>().join("\n  ")
}

impl Proof {
    fn run(&self, workspace: &Workspace) -> Result<(), TaskError> {
        let call = workspace.cargo(&["test", "--release", "--workspace", "--test", BINARY, self.test, "--"]);
        let call = call.args(&["--exact", "--nocapture", "--test-threads", "1"]).env(SIZE.0, SIZE.1);
        let mut tally = Tally::default();
        match call.run_for_lines(|line| tally.add(line))? {
            0 if tally.passed == 1 => Ok(()),
            0 => {
                Err(TaskError::new(format!("`{}` is not a test", self.test)).advise("correct it in xtask/src/proof.rs"))
            }
            code => Err(TaskError::new(format!("the proof `{}` ended with {code}", self.name))
                .advise("what it printed above says why")),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::path::Path;

    use super::*;

    #[test]
    fn a_proof_is_found_by_its_name_and_a_wrong_name_lists_all() {
        assert_eq!(find("soak").unwrap().name, "soak");
        let error = find("soap").unwrap_err().to_string();
        assert!(error.contains("no proof `soap`"), "{error}");
        assert!(PROOFS.iter().all(|proof| error.contains(proof.name) && error.contains(proof.summary)), "{error}");
    }

    #[test]
    fn every_proof_is_a_test() {
        let directory = Path::new(env!("CARGO_MANIFEST_DIR")).join("../tests/tests").join(BINARY);
        for proof in &PROOFS {
            let (module, function) = proof.test.split_once("::").unwrap();
            let text = fs::read_to_string(directory.join(format!("{module}.rs"))).unwrap();
            assert!(text.contains(&format!("#[test]\nfn {function}()")), "{}", proof.test);
        }
    }
}
