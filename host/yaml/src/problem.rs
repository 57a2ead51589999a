//! What is wrong with files that people write: all of it, with places.

use std::fmt;

use jurat_model::KeyPath;

/// One thing that is wrong with a file, and where.
#[derive(Clone, Debug, Eq, thiserror::Error, PartialEq)]
pub struct Problem {
    /// The file, as the user knows it.
    pub file: String,
    /// Where in the file; none if it is about the whole of it.
    pub at: Option<Place>,
    /// The keys that lead there; empty if it is about the whole file.
    pub key: KeyPath,
    /// What is wrong, and what to do about it.
    pub message: String,
}

/// A place in a text.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub struct Place {
    /// The line, counted from 1.
    pub line: u64,
    /// The character in the line, counted from 1.
    pub column: u64,
}

/// Everything that is wrong. Never empty.
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
        if let Some(Place { line, column }) = self.at {
            write!(out, ":{line}:{column}")?;
        }
        if !self.key.as_str().is_empty() {
            write!(out, ": {}", self.key)?;
        }
        write!(out, ": {}", self.message)
    }
}

impl Problems {
    /// The problems, unless there are none.
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
        for (place, problem) in self.0.iter().enumerate() {
            write!(out, "{}{problem}", if place > 0 { "; " } else { "" })?;
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
        let at = Some(Place { line: 3, column: 11 });
        let problem = Problem { file: "local-config.yaml".into(), at, key, message: "too much".into() };
        assert_eq!(problem.to_string(), "local-config.yaml:3:11: limits.memory: too much");
        assert_eq!(Problem::of_file("a.yaml", "is empty").to_string(), "a.yaml: is empty");
    }
}
