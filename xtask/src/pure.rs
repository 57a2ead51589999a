//! The crates that compute and do nothing else: no waiting, no environment, no clock but the one that they are given.

use crate::rust_files::{self, read};
use crate::shell::{TaskError, Workspace};
use crate::tokens::{self, Token};

/// The crates. Invariant 7 of ARCHITECTURE.md is about them.
const CRATES: &[&str] = &["engine", "model", "sandbox", "trust"];
/// Words that they do not use, and why.
const FORBIDDEN: &[(&[&str], &str)] = &[
    (&["async"], "it waits"),
    (&["await"], "it waits"),
    (&["std", "::", "env"], "it reads the environment"),
    (&["SystemTime"], "it reads the clock"),
    (&["Timestamp", "::", "now"], "it reads the clock"),
    (&["Zoned", "::", "now"], "it reads the clock"),
];
/// The one file that waits, and never does: a trait of the runtime asks for an `async fn`, which answers at once.
const EXCEPTION: (&str, &str) = ("host/sandbox/src/wasi.rs", "async");

/// Makes sure that none of the crates waits, or asks anything but its arguments.
pub(crate) fn check(workspace: &Workspace) -> Result<(), TaskError> {
    let mut faults = Vec::new();
    for name in CRATES {
        for path in rust_files::below(&workspace.root.join("host").join(name).join("src"))? {
            let shown = path.strip_prefix(&workspace.root).unwrap_or(&path).display().to_string();
            let is_test = path.iter().any(|part| part == "tests" || part == "tests.rs");
            if !is_test {
                faults.extend(faults_of(&shown, &tokens::of_product(&read(&path)?)));
            }
        }
    }
    if faults.is_empty() {
        return Ok(());
    }
    let what = format!("a crate that only computes does more:\n  {}", faults.join("\n  "));
    Err(TaskError::new(what).advise("hand it over as an argument, or do it in `jurat` or above"))
}

fn faults_of(file: &str, tokens: &[Token]) -> Vec<String> {
    let mut faults = Vec::new();
    for (words, why) in FORBIDDEN {
        let is_here = |window: &[Token]| window.iter().map(|token| token.text.as_str()).eq(words.iter().copied());
        for window in tokens.windows(words.len()).filter(|window| is_here(window)) {
            let word = words.concat();
            if (file, word.as_str()) != EXCEPTION {
                let line = window.first().map_or(0, |token| token.line);
                faults.push(format!("{file}:{line}: `{word}`: {why}"));
            }
        }
    }
    faults
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waiting_the_environment_and_the_clock_are_found() {
        let text = "use std::env;\nasync fn f() { g().await; Timestamp::now() }\n// SystemTime\nfn h() { env!(\"X\") }";
        assert_eq!(
            faults_of("a.rs", &tokens::of_product(text)),
            [
                "a.rs:2: `async`: it waits",
                "a.rs:2: `await`: it waits",
                "a.rs:1: `std::env`: it reads the environment",
                "a.rs:2: `Timestamp::now`: it reads the clock"
            ]
        );
        assert_eq!(faults_of("host/sandbox/src/wasi.rs", &tokens::of_product("async fn ready() {}")), [""; 0]);
    }
}
