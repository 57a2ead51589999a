//! What is wrong with files that people write: all of it, with places.

use std::error::Error;
use std::fmt;

use jurat_engine::ruleset::KeyPath;
use jurat_engine::{Excerpt, nearest};

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
    pub(crate) fn of_file(file: impl Into<String>, message: impl Into<String>) -> Self {
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
    pub(crate) fn none(problems: Vec<Problem>) -> Result<(), Self> {
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

/// An error and all its causes, joined with `: `.
#[must_use]
pub fn chain(error: &dyn Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        // Some errors repeat their cause in their own words.
        let words = error.to_string();
        if !text.ends_with(&words) {
            text.push_str(": ");
            text.push_str(&words);
        }
        cause = error.source();
    }
    text
}

/// `, did you mean ...?`, or nothing.
#[must_use]
pub fn advice<'a>(name: &str, known: impl IntoIterator<Item = &'a str>) -> String {
    nearest(name, known).map_or_else(String::new, |known| format!(", did you mean `{}`?", Excerpt::of(known)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn causes_are_told_once() {
        let cause = std::io::Error::other("the disk is full");
        let error = crate::files::ReadError::Failed(cause);
        assert_eq!(chain(&error), "it could not be read: the disk is full");
        assert_eq!(chain(&std::io::Error::other(error)), "it could not be read: the disk is full");
    }

    #[test]
    fn a_problem_says_where_it_is() {
        let key = KeyPath::default().key("limits").key("memory");
        let at = Some(Place { line: 3, column: 11 });
        let problem = Problem { file: "local-config.yaml".into(), at, key, message: "too much".into() };
        assert_eq!(problem.to_string(), "local-config.yaml:3:11: limits.memory: too much");
        assert_eq!(Problem::of_file("a.yaml", "is empty").to_string(), "a.yaml: is empty");
    }
}
