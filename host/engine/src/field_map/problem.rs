//! Why a field map file was refused.

use std::fmt;

use thiserror::Error;

use super::path::PathError;
use crate::excerpt::Excerpt;
use crate::json::{JsonError, Position};

/// Why a field map file was refused.
#[derive(Clone, Debug, Eq, Error, PartialEq)]
#[non_exhaustive]
pub enum FieldMapError {
    /// The file is not a JSON object, or a name is in it twice.
    #[error(transparent)]
    Json(JsonError),
    /// All entries that are wrong.
    #[error("{}", Listed(.0))]
    Entries(Vec<EntryError>),
}

/// An error of one entry, and its position.
#[derive(Clone, Debug, Eq, Error, PartialEq)]
#[error("{at}: `{pointer}`: {problem}")]
pub struct EntryError {
    /// The JSON pointer of what is wrong.
    pub pointer: String,
    /// Its position in the file.
    pub at: Position,
    /// What is wrong with it.
    pub problem: EntryProblem,
}

/// The ways in which an entry can be wrong.
#[derive(Clone, Debug, Eq, Error, PartialEq)]
#[non_exhaustive]
pub enum EntryProblem {
    /// The name is empty.
    #[error("an empty name")]
    EmptyName,
    /// The name is reserved.
    #[error("`now` is the time of the run and cannot be a field")]
    Now,
    /// The entry, or one of its members, is of another kind.
    #[error("expected {0}")]
    Expected(&'static str),
    /// A member is missing.
    #[error("`{0}` is missing")]
    Missing(&'static str),
    /// The path is not one.
    #[error("`{path}` is not a path: {error}{}", InJson(.error))]
    Path {
        /// The path.
        path: Excerpt,
        /// Why, and what to write instead.
        error: PathError,
    },
    /// A member that entries do not have.
    #[error("unknown member{}", Advice(*.nearest, .known))]
    UnknownMember {
        /// The member that was probably meant.
        nearest: Option<&'static str>,
        /// The known members.
        known: &'static [&'static str],
    },
    /// A conversion that does not exist.
    #[error("unknown conversion `{name}`{}", Advice(*.nearest, .known))]
    UnknownConversion {
        /// The conversion.
        name: Excerpt,
        /// The conversion that was probably meant.
        nearest: Option<&'static str>,
        /// The known conversions.
        known: &'static [&'static str],
    },
    /// A rounding mode that does not exist.
    #[error("unknown mode `{name}`{}", Advice(*.nearest, .known))]
    UnknownMode {
        /// The mode.
        name: Excerpt,
        /// The mode that was probably meant.
        nearest: Option<&'static str>,
        /// The known modes.
        known: &'static [&'static str],
    },
    /// A field that is converted and rounded.
    #[error("`round` is for numbers, and `to_logical` reads a text: remove one of them")]
    RoundedText,
}

/// All errors, one after the other.
struct Listed<'a>(&'a [EntryError]);

impl fmt::Display for Listed<'_> {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, error) in self.0.iter().enumerate() {
            if index > 0 {
                out.write_str("; ")?;
            }
            write!(out, "{error}")?;
        }
        Ok(())
    }
}

/// How the advice looks in the file.
struct InJson<'a>(&'a PathError);

impl fmt::Display for InJson<'_> {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.0.advises_a_backslash() {
            out.write_str(" (in JSON, each backslash is written `\\\\`)")
        } else {
            Ok(())
        }
    }
}

/// The name that was probably meant, or all known names.
struct Advice<'a>(Option<&'a str>, &'a [&'a str]);

impl fmt::Display for Advice<'_> {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            Some(nearest) => write!(out, "; did you mean `{nearest}`?"),
            None => write!(out, "; known are `{}`", self.1.join("`, `")),
        }
    }
}
