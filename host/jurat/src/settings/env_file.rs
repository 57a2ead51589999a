//! Env files: `NAME=value` on each line.

use std::collections::BTreeMap;

use jurat_model::Secret;
use jurat_yaml::{LineColumn, Problem};

/// A variable of an env file.
#[derive(Debug)]
pub(super) struct Variable {
    pub(super) name: String,
    /// The value, which may be a secret.
    pub(super) value: Secret,
    pub(super) at: LineColumn,
}

/// Reads the text of an env file called `file`. Problems do not repeat values.
pub(super) fn read(text: &str, file: &str) -> (Vec<Variable>, Vec<Problem>) {
    let (mut variables, mut problems) = (Vec::new(), Vec::new());
    let mut lines: BTreeMap<String, u64> = BTreeMap::new();
    for (line, number) in text.strip_prefix('\u{feff}').unwrap_or(text).lines().zip(1..) {
        let trimmed = line.trim_start();
        let before = line.chars().count() - trimmed.chars().count();
        let at = LineColumn { line: number, column: u64::try_from(before).unwrap_or(u64::MAX).saturating_add(1) };
        if trimmed.is_empty() || trimmed.starts_with('#') {
            continue;
        }
        let mut refuse = |message: String| problems.push(Problem { at: Some(at), ..Problem::of_file(file, message) });
        match variable(trimmed) {
            Err(message) => refuse(message),
            Ok((name, _)) if lines.contains_key(name) => {
                let first = lines.get(name).copied().unwrap_or_default();
                refuse(format!("{name}: it is set in line {first} already"));
            }
            Ok((name, value)) => {
                lines.insert(name.to_owned(), number);
                variables.push(Variable { name: name.to_owned(), value: Secret::new(value), at });
            }
        }
    }
    (variables, problems)
}

fn variable(line: &str) -> Result<(&str, String), String> {
    let assignment = line.strip_prefix("export").filter(|rest| rest.starts_with([' ', '\t'])).unwrap_or(line);
    let (name, value) = assignment.split_once('=').ok_or("a line like `NAME=value` is expected")?;
    let name = name.trim_start();
    let is_name = name.starts_with(|first: char| first.is_ascii_alphabetic() || first == '_')
        && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
        && name.len() <= 256;
    if !is_name {
        return Err(
            "a line like `NAME=value` is expected, with a name of letters, digits and `_` right before the `=`"
                .to_owned(),
        );
    }
    match value.trim() {
        quoted if quoted.starts_with(['"', '\'']) => {
            Ok((name, unquoted(quoted).map_err(|error| format!("{name}: {error}"))?))
        }
        plain => Ok((name, without_comment(plain).to_owned())),
    }
}

/// The text before a `#` that follows a space.
fn without_comment(value: &str) -> &str {
    if value.starts_with('#') {
        return "";
    }
    let end = value.find(" #").into_iter().chain(value.find("\t#")).min();
    end.and_then(|end| value.get(..end)).unwrap_or(value).trim_end()
}

/// The text in quotes. Double quotes support `\"` and `\\`.
fn unquoted(text: &str) -> Result<String, String> {
    let mut rest = text.chars();
    let quote = rest.next();
    let mut value = String::new();
    loop {
        match rest.next() {
            None => return Err("the closing quote is missing; a value cannot go on in the next line".to_owned()),
            end if end == quote => break,
            Some('\\') if quote == Some('"') => match rest.next() {
                Some(escaped @ ('"' | '\\')) => value.push(escaped),
                _ => return Err("in double quotes, only `\\\"` and `\\\\` can follow a backslash".to_owned()),
            },
            Some(character) => value.push(character),
        }
    }
    match without_comment(rest.as_str().trim_start()) {
        "" => Ok(value),
        _ => Err("there is something after the closing quote".to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn values(text: &str) -> Vec<(String, String)> {
        let (variables, problems) = read(text, "x.env");
        assert_eq!(problems, []);
        variables.into_iter().map(|variable| (variable.name, variable.value.reveal().to_owned())).collect()
    }

    #[test]
    fn values_are_plain_or_quoted() {
        for (line, value) in [
            ("A=b", "b"),
            ("  A= b c  ", "b c"),
            ("export A=b", "b"),
            ("export\tA=b", "b"),
            ("A=", ""),
            ("A=b#c # d", "b#c"),
            ("A=b\t# d", "b"),
            ("A= # d", ""),
            ("A=\"b # c\" # d", "b # c"),
            ("A='b \\ \"c\"'", "b \\ \"c\""),
            ("A=\"\\\"b\\\\\"", "\"b\\"),
            ("A=$HOME=`x`", "$HOME=`x`"),
            ("\u{feff}A=b\r", "b"),
        ] {
            assert_eq!(values(line), [("A".to_owned(), value.to_owned())], "{line}");
        }
    }

    #[test]
    fn lines_without_a_variable_are_skipped() {
        assert_eq!(values("\n# A=b\n   # c\n\t\n"), []);
    }

    #[test]
    fn what_is_wrong_is_told_with_its_line_and_without_the_value() {
        let text = "A=1\nB s3cret\nC-D=s3cret\nE=\"s3cret\n  F='s3cret' s3cret\nG=\"s3cret\\n\"\nA=s3cret\n=s3cret\nH =s3cret\n";
        let (variables, problems) = read(text, "x.env");
        assert_eq!(variables.len(), 1);
        let problems: Vec<_> = problems.iter().map(ToString::to_string).collect();
        assert_eq!(
            problems,
            [
                "x.env:2:1: a line like `NAME=value` is expected",
                "x.env:3:1: a line like `NAME=value` is expected, with a name of letters, digits and `_` right before the `=`",
                "x.env:4:1: E: the closing quote is missing; a value cannot go on in the next line",
                "x.env:5:3: F: there is something after the closing quote",
                "x.env:6:1: G: in double quotes, only `\\\"` and `\\\\` can follow a backslash",
                "x.env:7:1: A: it is set in line 1 already",
                "x.env:8:1: a line like `NAME=value` is expected, with a name of letters, digits and `_` right before the `=`",
                "x.env:9:1: a line like `NAME=value` is expected, with a name of letters, digits and `_` right before the `=`",
            ]
        );
    }
}
