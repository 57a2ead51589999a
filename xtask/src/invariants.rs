//! The tests that ARCHITECTURE.md names: a promise without its test is worth nothing.

use std::fs;
use std::path::Path;

use crate::shell::{Failure, Workspace};

/// The file that names them.
const FILE: &str = "ARCHITECTURE.md";

/// Makes sure that every test named in a table of ARCHITECTURE.md is somewhere in the source.
pub(crate) fn check(workspace: &Workspace) -> Result<(), Failure> {
    crate::links::check(workspace)?;
    let text = fs::read_to_string(workspace.root.join(FILE))
        .map_err(|error| Failure::new(format!("{FILE} cannot be read: {error}")))?;
    let mut missing: Vec<_> = named_tests(&text).into_iter().map(|name| format!("fn {name}(")).collect();
    for directory in ["host", "rule-sdk", "rules", "tests"] {
        search(&workspace.root.join(directory), &mut missing)?;
    }
    crate::module_order::check(workspace)?;
    if missing.is_empty() {
        return Ok(());
    }
    let what = format!("{FILE} names tests that do not exist: `{}`", missing.join("`, `"));
    Err(Failure::new(what).advise("write the test, or name the one that keeps the promise now"))
}

/// The names in backticks in the last column of tables: those that can only be tests.
fn named_tests(text: &str) -> Vec<&str> {
    let rows = text.lines().filter(|line| line.starts_with('|'));
    let last = rows.filter_map(|row| row.trim_end().trim_end_matches('|').rsplit('|').next());
    let quoted = last.flat_map(|cell| cell.split('`').skip(1).step_by(2));
    let is_test = |name: &&str| {
        name.matches('_').count() > 1
            && name.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'_' || byte.is_ascii_digit())
    };
    quoted.filter(is_test).collect()
}

/// Takes out of the list what is found in the Rust files below a directory.
fn search(directory: &Path, missing: &mut Vec<String>) -> Result<(), Failure> {
    let failed = |error| Failure::new(format!("{} cannot be read: {error}", directory.display()));
    for entry in fs::read_dir(directory).map_err(failed)? {
        let path = entry.map_err(failed)?.path();
        if path.is_dir() {
            search(&path, missing)?;
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            let text = fs::read_to_string(&path).map_err(failed)?;
            missing.retain(|function| !text.contains(function.as_str()));
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tests_are_named_in_the_last_column() {
        let text = "`not_in_a_table`\n| 1 | `not_the_last_one` | `it_is_kept`, `Type`, `cli` and `so_is_this` |\n| 2 | x | |\n";
        assert_eq!(named_tests(text), ["it_is_kept", "so_is_this"]);
    }
}
