//! Nothing is decided by the text of an error: texts are for people, and change.
//!
//! The check reads sources without types. It knows the usual forms: a search in the text of an error, a comparison of two texts, and
//! a comparison of a `kind` or `code` with a string. It goes by names, so it can miss a decision behind an unusual one.

mod code;

use crate::rust_files::{self, read};
use crate::shell::{TaskError, Workspace};
use code::Code;

/// The directories with code that handles errors.
const DIRECTORIES: &[&str] = &["host", "rule-sdk"];

/// Names of errors and of their texts.
const ERRORS: &[&str] = &[
    "cause",
    "complaint",
    "err",
    "error",
    "failure",
    "fault",
    "message",
    "problem",
    "reason",
    "refusal",
    "refused",
    "what",
    "why",
];

/// Methods that give the text of an error.
const TEXTS: &[&str] = &["messages", "to_string"];

/// Methods that search in a text.
const SEARCHES: &[&str] = &[
    "contains",
    "ends_with",
    "eq_ignore_ascii_case",
    "find",
    "matches",
    "split_once",
    "starts_with",
    "strip_prefix",
    "strip_suffix",
];

/// Names of what identifies an error. Comparing it with a string is a decision that the compiler cannot check.
const CODES: &[&str] = &["code", "kind"];

/// A line that compares texts of errors and may do so.
struct Allowed {
    file: &'static str,
    line: &'static str,
    /// Why only people notice the result. Printed if the line is no longer there.
    reason: &'static str,
}

const ALLOWED: &[Allowed] = &[Allowed {
    file: "host/jurat/src/service/releases/switch.rs",
    line: "if history.failure.as_ref().is_some_and(|last| last.error.messages() == messages) {",
    reason: "a log line is not repeated while its text is the same",
}];

/// A line on which something is decided by the text of an error.
struct Decision {
    file: String,
    number: usize,
    line: String,
}

/// Makes sure that nothing is decided by the text of an error.
pub(crate) fn check(workspace: &Workspace) -> Result<(), TaskError> {
    let mut found = Vec::new();
    for directory in DIRECTORIES {
        for path in rust_files::below(&workspace.root.join(directory))? {
            let is_test = path.iter().any(|part| part == "tests" || part == "tests.rs" || part == "examples");
            if !is_test {
                let file = path.strip_prefix(&workspace.root).unwrap_or(&path).display().to_string();
                let text = read(&path)?;
                let line = |number: usize| text.lines().nth(number - 1).unwrap_or("").trim().to_owned();
                let numbers = decisions(&text).into_iter();
                found.extend(numbers.map(|number| Decision { file: file.clone(), number, line: line(number) }));
            }
        }
    }
    let is_allowed = |found: &Decision, allowed: &Allowed| found.file == allowed.file && found.line == allowed.line;
    let unused = ALLOWED.iter().find(|allowed| !found.iter().any(|found| is_allowed(found, allowed)));
    if let Some(Allowed { file, line, reason }) = unused {
        let what = format!("{file}: `{line}` may compare texts of errors ({reason}), but is not there");
        return Err(TaskError::new(what).advise("remove it from the list, or correct it"));
    }
    found.retain(|found| !ALLOWED.iter().any(|allowed| is_allowed(found, allowed)));
    if found.is_empty() {
        return Ok(());
    }
    let shown: Vec<_> = found.iter().map(|found| format!("{}:{}: {}", found.file, found.number, found.line)).collect();
    let what = format!("something is decided by the text of an error:\n  {}", shown.join("\n  "));
    Err(TaskError::new(what)
        .advise("match on the error's type; a name that is not an error's should not sound like one"))
}

/// The lines on which something is decided by the text of an error.
fn decisions(text: &str) -> Vec<usize> {
    let code = Code::of(text);
    let is_decision = |at: &usize| searches_text(&code, *at) || compares_code(&code, *at) || matches_code(&code, *at);
    let mut lines: Vec<_> = (0..code.len()).filter(is_decision).map(|at| code.line(at)).collect();
    lines.dedup();
    lines
}

/// `error.to_string().contains(..)`, `chain(&error) == ..`, `reason.starts_with(..)`.
fn searches_text(code: &Code, at: usize) -> bool {
    let is_method = at > 0 && code.is(at - 1, &["."]);
    if code.is(at, &["chain"]) && !is_method && code.is(at + 1, &["("]) {
        return ends_in_decision(code, code.behind(at + 1));
    }
    if !code.is(at, ERRORS) {
        return false;
    }
    let mut next = at + 1;
    while code.is(next, &["."]) {
        if code.is(next + 1, SEARCHES) {
            return code.is(next + 2, &["("]);
        }
        if code.is(next + 1, TEXTS) && code.is(next + 2, &["("]) {
            return ends_in_decision(code, code.behind(next + 2));
        }
        // The result of another method need not be a text.
        if code.is(next + 2, &["("]) && !code.is(next + 1, &["as_deref", "as_ref", "as_str"]) {
            return false;
        }
        next = code.behind_call(next + 1);
    }
    false
}

/// Whether the calls on a text end in a search or a comparison.
fn ends_in_decision(code: &Code, mut at: usize) -> bool {
    while code.is(at, &["."]) {
        if code.is(at + 1, SEARCHES) && code.is(at + 2, &["("]) {
            return true;
        }
        at = code.behind_call(at + 1);
    }
    code.is_comparison(at)
}

/// `error.kind() == ".."`, `code != ".."`, `matches!(error.code(), "..")`.
fn compares_code(code: &Code, at: usize) -> bool {
    if !code.is(at, CODES) {
        return false;
    }
    let behind = code.behind_call(at);
    let is_compared = code.is_comparison(behind) && code.is_string(behind + 2);
    let is_matched = code.is(behind, &[","]) && code.is_string(behind + 1) && code.is_in_matches(at);
    is_compared || is_matched
}

/// `match error.kind() { ".." => .. }`, also in a tuple.
fn matches_code(code: &Code, at: usize) -> bool {
    if !code.is(at, &["match"]) {
        return false;
    }
    let mut is_code = false;
    let mut next = at + 1;
    while next < code.len() && !code.is(next, &["{"]) {
        is_code |= code.is(next, CODES) && code.is(next - 1, &["."]);
        next += 1;
    }
    is_code && code.has_string_pattern(next)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn looking_into_the_text_of_an_error_is_found() {
        for code in [
            "if error.to_string().contains(\"fuel\") {}",
            "if error\n    .to_string()\n    .starts_with(\"fuel\") {}",
            "if failure.error.to_string() == other {}",
            "let is_same = last.error.messages() != error.messages();",
            "if error.messages().join(\"; \").contains(\"fuel\") {}",
            "if jurat::chain(&error).contains(\"certificate\") {}",
            "if what.contains(\"certificate\") {}",
            "if error.kind() == \"overloaded\" {}",
            "if error.code != \"overloaded\" {}",
            "matches!(self.kind(), \"overloaded\" | \"internal\")",
            "match error.code() { \"fuel\" => 1, _ => 2 }",
            "match (&error, error.kind()) { (Some(_), _) => f(\"a\"), (_, \"internal\") => 2, _ => 3 }",
        ] {
            assert_eq!(decisions(code).len(), 1, "{code}");
        }
    }

    #[test]
    fn other_code_is_left_alone() {
        for code in [
            "// error.to_string().contains(\"fuel\")",
            "let shown = \"error.to_string().contains(x)\";",
            "#[cfg(test)]\nmod tests {\n fn f() { assert!(error.to_string().contains(\"fuel\")); }\n}",
            "if digest.to_string().starts_with(prefix) {}",
            "if role.to_string() == *tenant {}",
            "let text = format!(\"{}\", chain(&error));",
            "match error.kind() { io::ErrorKind::NotFound => f(\"gone\"), _ => g(\"else\") }",
            "match status.code() { Some(3) => Err(\"refused\"), _ => Ok(()) }",
            "if crate_type == \"cdylib\" {}",
            "errors.contains(&field) && seen.contains(\"x\")",
            "error.kind() == x",
        ] {
            assert!(decisions(code).is_empty(), "{code}: {:?}", decisions(code));
        }
    }

    #[test]
    fn the_line_of_a_decision_is_named() {
        assert_eq!(decisions("fn f() {}\n\nif error.kind() == \"x\" {}\n"), [3]);
    }
}
