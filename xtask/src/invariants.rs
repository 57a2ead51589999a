//! What ARCHITECTURE.md promises: each promise has tests, and they ran.
//!
//! A promise without its test is worth nothing, and neither is a test that is not run. So [`check`] finds the named tests before
//! anything is built, and [`hold`] their names among those that passed.

use std::collections::BTreeMap;

use crate::rust_files::{self, read};
use crate::shell::{TaskError, Workspace};
use crate::tally::Tally;
use crate::{error_text, layout, lengths, links, module_order, pure};

/// The file that names them.
const FILE: &str = "ARCHITECTURE.md";

/// Checks what reading can show: that the named tests exist once, that modules import in their order, that crates which compute do
/// nothing else, and that no file is too long.
pub(crate) fn check(workspace: &Workspace) -> Result<(), TaskError> {
    let text = read(&workspace.root.join(FILE))?;
    let mut found: BTreeMap<&str, Vec<String>> =
        named_tests(&text).into_iter().map(|name| (name, Vec::new())).collect();
    for directory in ["host", "rule-sdk", "rules", "tests", "xtask"] {
        for path in rust_files::below(&workspace.root.join(directory))? {
            let shown = path.strip_prefix(&workspace.root).unwrap_or(&path).display().to_string();
            for test in tests_of(&read(&path)?) {
                if let Some(files) = found.get_mut(test) {
                    files.push(shown.clone());
                }
            }
        }
    }
    let faults: Vec<_> = found.into_iter().filter_map(|(test, files)| fault(test, &files)).collect();
    if !faults.is_empty() {
        let what = format!("{FILE} names tests that cannot keep its promises:\n  {}", faults.join("\n  "));
        return Err(TaskError::new(what).advise("write the test, or name the one that keeps the promise now"));
    }
    links::check(workspace)?;
    module_order::check(workspace)?;
    pure::check(workspace)?;
    error_text::check(workspace)?;
    layout::check(workspace)?;
    lengths::check(workspace)
}

/// Checks that every named test ran and passed, and did not skip what it is about.
pub(crate) fn hold(workspace: &Workspace, tally: &Tally) -> Result<(), TaskError> {
    let text = read(&workspace.root.join(FILE))?;
    let unproven: Vec<_> = named_tests(&text).into_iter().filter(|test| !tally.has_proven(test)).collect();
    if unproven.is_empty() {
        return Ok(());
    }
    let what = format!("invariants of {FILE} were not shown: `{}` did not run and pass", unproven.join("`, `"));
    Err(TaskError::new(what).advise("a test that was skipped, is ignored or failed shows nothing"))
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

/// The functions in a file that have an attribute like `#[test]`.
fn tests_of(text: &str) -> Vec<&str> {
    let mut tests = Vec::new();
    let mut is_test = false;
    for line in text.lines().map(str::trim) {
        if line.starts_with("#[") {
            is_test |= line == "#[test]" || line.starts_with("#[tokio::test");
        } else if let Some((before, after)) = line.split_once("fn ")
            && matches!(before, "" | "async " | "pub ")
        {
            tests.extend(after.split_once('(').map(|(name, _)| name).filter(|_| is_test));
            is_test = false;
        } else if !line.starts_with("//") {
            is_test = false;
        }
    }
    tests
}

/// Why a test cannot be the one that is meant.
fn fault(test: &str, files: &[String]) -> Option<String> {
    match files {
        [] => Some(format!("`{test}` does not exist")),
        [_] => None,
        several => Some(format!("`{test}` exists more than once: in {}", several.join(", "))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tests_are_named_in_the_last_column() {
        let text = "`not_in_a_table`\n| 1 | `not_the_last_one` | `it_is_kept`, `Type`, `cli` and `so_is_this` |\n| 2 | x | |\n";
        assert_eq!(named_tests(text), ["it_is_kept", "so_is_this"]);
    }

    #[test]
    fn a_test_is_a_function_with_the_attribute() {
        let text = "#[test]\n#[expect(x)]\n// why\nfn one() {}\nfn two() {}\n  #[tokio::test]\n  async fn three() {}\n#[test]\nconst A: u8 = 1;\nfn four() {}";
        assert_eq!(tests_of(text), ["one", "three"]);
    }

    #[test]
    fn a_name_must_mean_one_test() {
        assert_eq!(fault("a", &["x.rs".to_owned()]), None);
        assert_eq!(fault("a", &[]).as_deref(), Some("`a` does not exist"));
        let twice = ["x.rs".to_owned(), "y.rs".to_owned()];
        assert_eq!(fault("a", &twice).as_deref(), Some("`a` exists more than once: in x.rs, y.rs"));
    }
}
