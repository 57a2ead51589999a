//! Problems of files that people write, with their positions.

use std::fmt;

use jurat_model::KeyPath;

/// A problem of a file, with its position.
#[derive(Clone, Debug, Eq, thiserror::Error, PartialEq)]
pub struct Problem {
    /// The file, as the user named it.
    pub file: String,
    /// The position in the file; none if the problem is about the whole file.
    pub at: Option<LineColumn>,
    /// The path of keys; empty if the problem is about the whole file.
    pub key: KeyPath,
    /// The problem, and what to do about it.
    pub message: String,
}

/// A position in a text.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub struct LineColumn {
    /// The line, counted from 1.
    pub line: u64,
    /// The character in the line, counted from 1.
    pub column: u64,
}

/// All problems of a file. Never empty.
#[derive(Debug, thiserror::Error)]
pub struct Problems(Vec<Problem>);

impl Problem {
    /// A problem with a file as a whole.
    pub fn of_file(file: impl Into<String>, message: impl Into<String>) -> Self {
        Self { file: file.into(), at: None, key: KeyPath::default(), message: message.into() }
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(&self.file)?;
        if let Some(LineColumn { line, column }) = self.at {
            write!(out, ":{line}:{column}")?;
        }
        if !self.key.as_str().is_empty() {
            write!(out, ": {}", self.key)?;
        }
        write!(out, ": {}", self.message)
    }
}

impl Problems {
    /// Fails with the problems, unless there are none.
    ///
    /// # Errors
    /// When there are some.
    pub fn none(problems: Vec<Problem>) -> Result<(), Self> {
        if problems.is_empty() { Ok(()) } else { Err(Self(problems)) }
    }

    /// Each of them.
    pub fn iter(&self) -> impl Iterator<Item = &Problem> {
        self.0.iter()
    }
}

impl From<Problem> for Problems {
    fn from(problem: Problem) -> Self {
        Self(vec![problem])
    }
}

impl fmt::Display for Problems {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, problem) in self.0.iter().enumerate() {
            write!(out, "{}{problem}", if index > 0 { "; " } else { "" })?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_problem_says_where_it_is() {
        let key = KeyPath::default().key("limits").key("memory");
        let at = Some(LineColumn { line: 3, column: 11 });
        let problem = Problem { file: "local-config.yaml".into(), at, key, message: "too much".into() };
        assert_eq!(problem.to_string(), "local-config.yaml:3:11: limits.memory: too much");
        assert_eq!(Problem::of_file("a.yaml", "is empty").to_string(), "a.yaml: is empty");
    }
}
