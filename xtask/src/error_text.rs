//! Nothing is decided by the text of an error: texts are for people, and change.
//!
//! What can be seen without types: a method that looks into a text, called on something whose name says that it is an error.

use crate::rust_files::{self, read};
use crate::shell::{Failure, Workspace};
use crate::tokens::{self, Token};

/// What errors, and their texts, are called.
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
/// What looks into a text.
const LOOKS: &[&str] =
    &["contains", "ends_with", "eq_ignore_ascii_case", "find", "matches", "split_once", "starts_with", "strip_prefix"];

/// Makes sure that no crate of the product looks into the text of an error.
pub(crate) fn check(workspace: &Workspace) -> Result<(), Failure> {
    let mut faults = Vec::new();
    for path in rust_files::below(&workspace.root.join("host"))? {
        let shown = path.strip_prefix(&workspace.root).unwrap_or(&path).display().to_string();
        let is_test = path.iter().any(|part| part == "tests" || part == "tests.rs" || part == "examples");
        if !is_test {
            let found = faults_of(&tokens::of_product(&read(&path)?));
            faults.extend(found.into_iter().map(|(line, call)| format!("{shown}:{line}: `{call}`")));
        }
    }
    if faults.is_empty() {
        return Ok(());
    }
    let what = format!("something is decided by the text of an error:\n  {}", faults.join("\n  "));
    Err(Failure::new(what).advise("match on the error's type; a name that is not an error's should not sound like one"))
}

/// The calls, with their lines.
fn faults_of(tokens: &[Token]) -> Vec<(usize, String)> {
    let mut faults = Vec::new();
    for (index, token) in tokens.iter().enumerate().filter(|(_, token)| ERRORS.contains(&token.text.as_str())) {
        let Some(after) = tokens.get(index + 1..) else { continue };
        let words: Vec<_> = after.iter().take(8).map(|token| token.text.as_str()).collect();
        let look = match words.as_slice() {
            [".", "to_string", "(", ")", "=" | "!", "=", ..] => "to_string() ==",
            [".", "to_string", "(", ")", ".", look, "(", ..] | [".", look, "(", ..] if LOOKS.contains(look) => look,
            _ => continue,
        };
        faults.push((token.line, format!("{}.{look}", token.text)));
    }
    faults
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn looking_into_the_text_of_an_error_is_found() {
        let text = "fn f() {\n error.to_string().contains(\"fuel\");\n if what.starts_with(\"x\") {}\n error.to_string() == x;\n name.contains(\"x\");\n error.kind() == x;\n errors.contains(&x) }";
        let found: Vec<_> =
            faults_of(&tokens::of_product(text)).into_iter().map(|(line, call)| format!("{line} {call}")).collect();
        assert_eq!(found, ["2 error.contains", "3 what.starts_with", "4 error.to_string() =="]);
    }
}
