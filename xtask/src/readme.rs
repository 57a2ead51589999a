//! The commands that the README shows: what it says must be true, so they are run.

use crate::shell::{TaskError, Workspace, say};

/// The beginning of the commands in the README, wherever cargo puts the program.
const PROGRAM: &str = "target/release/jurat";

/// How a command says that it does not end with 0.
const EXIT: &str = "# exits with ";

/// A command that the README shows.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) struct Example {
    /// The line of the README, from 1.
    pub(crate) line: usize,
    /// The command, as a reader would type it.
    pub(crate) command: String,
    /// Its exit code.
    pub(crate) code: i32,
}

/// Reads the commands out of the README.
pub(crate) fn examples(workspace: &Workspace) -> Result<Vec<Example>, TaskError> {
    let path = workspace.root.join("README.md");
    let text =
        std::fs::read_to_string(path).map_err(|error| TaskError::new(format!("README.md cannot be read: {error}")))?;
    parse(&text)
}

/// Runs them all, in order, from the root of the workspace.
pub(crate) fn check(workspace: &Workspace) -> Result<(), TaskError> {
    let examples = examples(workspace)?;
    if examples.is_empty() {
        return Err(TaskError::new("README.md shows no command that could be checked"));
    }
    let program = workspace.built("jurat").display().to_string();
    for Example { line, command, code } in examples {
        let run = command.replace(PROGRAM, &program);
        let found = workspace.call("sh".as_ref(), "sh").args(&["-c", &run]).run_for_code()?;
        if found != code {
            let what = format!("README.md, line {line}: `{command}` ended with {found}, expected {code}");
            let advice = format!("correct the command, or what the README says of it with `{EXIT}{found}`");
            return Err(TaskError::new(what).advise(advice));
        }
        say(&format!("    ended with {found}, as README.md says on line {line}"));
    }
    Ok(())
}

/// Finds the commands in `console` blocks. A backslash at the end of a line continues it.
fn parse(text: &str) -> Result<Vec<Example>, TaskError> {
    let mut examples: Vec<Example> = Vec::new();
    let mut is_inside = false;
    let mut goes_on = false;
    for (index, line) in text.lines().enumerate() {
        if line.trim_start().starts_with("```") {
            is_inside = !is_inside && line.trim() == "```console";
            goes_on = false;
            continue;
        }
        let (part, more) = match line.strip_suffix('\\') {
            Some(part) => (part, true),
            None => (line, false),
        };
        let is_first = is_inside && line.strip_prefix("$ ").is_some_and(|command| command.contains(PROGRAM));
        if is_first {
            let command = part.trim_start_matches("$ ").to_owned();
            examples.push(Example { line: index + 1, command, code: 0 });
        } else if goes_on && let Some(example) = examples.last_mut() {
            example.command.push_str(part.trim_start());
        }
        goes_on = more && (is_first || goes_on);
    }
    for example in &mut examples {
        if let Some((command, rest)) = example.command.split_once(EXIT) {
            let digits: String = rest.chars().take_while(char::is_ascii_digit).collect();
            let wrong = |_| TaskError::new(format!("README.md, line {}: `{EXIT}` wants a number", example.line));
            example.code = digits.parse().map_err(wrong)?;
            example.command = command.to_owned();
        }
        example.command.truncate(example.command.trim_end().len());
    }
    Ok(examples)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn commands_are_found_in_console_blocks_only() {
        let text = "\
```console
$ cargo xtask demo
$ target/release/jurat validate a.json   # exits with 1: a loan fails
some output: $ target/release/jurat no
$ head -1 a | target/release/jurat \\
    inspect -
```
$ target/release/jurat outside
```rust
$ target/release/jurat rust
```
";
        let found = parse(text).unwrap();
        let shown: Vec<_> =
            found.iter().map(|example| (example.line, example.command.as_str(), example.code)).collect();
        assert_eq!(
            shown,
            [(3, "target/release/jurat validate a.json", 1), (5, "head -1 a | target/release/jurat inspect -", 0),]
        );
        assert!(parse("```console\n$ target/release/jurat x # exits with one\n```\n").is_err());
    }
}
