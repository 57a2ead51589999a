//! The limits of a file's length.

use crate::rust_files::{self, read};
use crate::shell::{TaskError, Workspace};

/// The most lines of a source file. The aim is 300.
const SOURCE: usize = 400;
/// The most lines of a file of tests, which is read case by case.
const TESTS: usize = 600;

/// Makes sure that no Rust file is longer than CONTRIBUTING.md allows.
pub(crate) fn check(workspace: &Workspace) -> Result<(), TaskError> {
    let mut faults = Vec::new();
    for directory in ["benches", "fuzz", "host", "rule-sdk", "rules", "tests", "xtask"] {
        for path in rust_files::below(&workspace.root.join(directory))? {
            let name = path.strip_prefix(&workspace.root).unwrap_or(&path).display().to_string();
            let (lines, limit) = (read(&path)?.lines().count(), limit(&name));
            if lines > limit {
                faults.push(format!("{name} has {lines} lines, at most {limit} are allowed"));
            }
        }
    }
    if faults.is_empty() {
        return Ok(());
    }
    let what = format!("files are too long:\n  {}", faults.join("\n  "));
    Err(TaskError::new(what).advise("split what has two reasons to exist; tests may have a file of their own"))
}

fn limit(path: &str) -> usize {
    let is_test = path.split('/').any(|part| part == "tests" || part == "tests.rs");
    if is_test { TESTS } else { SOURCE }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tests_may_be_longer() {
        for (path, expected) in [
            ("host/trust/src/key.rs", SOURCE),
            ("host/trust/src/key/tests.rs", TESTS),
            ("host/engine/src/schema/tests/library.rs", TESTS),
            ("host/trust/tests/trust/state.rs", TESTS),
        ] {
            assert_eq!(limit(path), expected, "{path}");
        }
    }
}
