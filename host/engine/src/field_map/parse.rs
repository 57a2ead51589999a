//! From the file to the map.

use std::collections::BTreeMap;
use std::fmt;

use jurat_model::{Bytes, NOW};
use thiserror::Error;

use super::field::{Conversion, Field};
use super::path::{EmptySegment, Path, push_segment};
use crate::excerpt::{Excerpt, nearest};
use crate::json::{JsonError, Member, Members, Paths, Position, Scratch, scan, unescape};

/// The largest field map file.
const MAX_FILE: Bytes = Bytes::mebi(1);
const MEMBERS: [&str; 4] = ["physical_path", "to_logical", "to_physical", "description"];
/// What `to_physical` may say. The names are checked like all others; the engine never writes records.
const TO_PHYSICAL: [&str; 2] = ["date_to_str", "datetime_to_str"];
const TO_LOGICAL: [&str; 2] = [Conversion::StrToDate.name(), Conversion::StrToDatetime.name()];

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
    /// The path is missing.
    #[error("`physical_path` is missing")]
    NoPath,
    /// The path is not one.
    #[error("`{path}` is {}", EmptySegment)]
    Path {
        /// The path.
        path: Excerpt,
    },
    /// A member that entries do not have.
    #[error("unknown member{}", Advice(*.nearest, &MEMBERS))]
    UnknownMember {
        /// The member that was probably meant.
        nearest: Option<&'static str>,
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
}

pub(super) fn parse(file: &[u8]) -> Result<BTreeMap<String, Field>, FieldMapError> {
    let mut scratch = Scratch::new(MAX_FILE);
    let scanned = scan(file, &Paths::default(), &mut scratch).map_err(FieldMapError::Json)?;
    let Some(members) = Members::of(&scanned) else {
        return Err(FieldMapError::Json(JsonError::not_object(scanned.text)));
    };
    let mut reader = EntryReader { text: scanned.text, errors: Vec::new() };
    let mut fields = BTreeMap::new();
    for member in members {
        if let Some(field) = reader.entry(&member) {
            fields.insert(member.key.into_owned(), field);
        }
    }
    if reader.errors.is_empty() { Ok(fields) } else { Err(FieldMapError::Entries(reader.errors)) }
}

struct EntryReader<'a> {
    text: &'a str,
    errors: Vec<EntryError>,
}

impl<'a> EntryReader<'a> {
    fn entry(&mut self, entry: &Member<'a>) -> Option<Field> {
        let mut pointer = String::new();
        push_segment(&mut pointer, &entry.key);
        let errors = self.errors.len();
        if entry.key.is_empty() {
            self.wrong(&pointer, entry.at, EntryProblem::EmptyName);
        }
        if entry.key == NOW {
            self.wrong(&pointer, entry.at, EntryProblem::Now);
        }
        let Some(members) = Members::at(self.text, entry.span.start as usize) else {
            self.wrong(&pointer, entry.span.start as usize, EntryProblem::Expected("an object"));
            return None;
        };
        let mut path = None;
        let mut conversion = None;
        let mut has_path = false;
        for member in members {
            let mut pointer = pointer.clone();
            push_segment(&mut pointer, &member.key);
            match &*member.key {
                "physical_path" => {
                    has_path = true;
                    path = self.path(&pointer, &member);
                }
                "to_logical" => {
                    let name = self.conversion(&pointer, &member, &TO_LOGICAL);
                    conversion = Conversion::ALL.into_iter().find(|conversion| Some(conversion.name()) == name);
                }
                "to_physical" => {
                    self.conversion(&pointer, &member, &TO_PHYSICAL);
                }
                "description" => {}
                other => {
                    let nearest = nearest(other, MEMBERS);
                    self.wrong(&pointer, member.at, EntryProblem::UnknownMember { nearest });
                }
            }
        }
        if !has_path {
            self.wrong(&pointer, entry.at, EntryProblem::NoPath);
        }
        if self.errors.len() > errors { None } else { path.map(|path| Field { path, conversion }) }
    }

    fn path(&mut self, pointer: &str, member: &Member<'_>) -> Option<Path> {
        let at = member.span.start as usize;
        let Some(path) = unescape(member.value) else {
            self.wrong(pointer, at, EntryProblem::Expected("a string"));
            return None;
        };
        match path.parse() {
            Ok(path) => Some(path),
            Err(EmptySegment) => {
                self.wrong(pointer, at, EntryProblem::Path { path: Excerpt::of(&path) });
                None
            }
        }
    }

    fn conversion(
        &mut self,
        pointer: &str,
        member: &Member<'_>,
        known: &'static [&'static str],
    ) -> Option<&'static str> {
        if member.value == "null" {
            return None;
        }
        let at = member.span.start as usize;
        let Some(name) = unescape(member.value) else {
            self.wrong(pointer, at, EntryProblem::Expected("a string"));
            return None;
        };
        let found = known.iter().copied().find(|known| *known == name);
        if found.is_none() {
            let nearest = nearest(&name, known.iter().copied());
            let name = Excerpt::of(&name);
            self.wrong(pointer, at, EntryProblem::UnknownConversion { name, nearest, known });
        }
        found
    }

    fn wrong(&mut self, pointer: &str, offset: usize, problem: EntryProblem) {
        let at = Position::of(self.text.as_bytes(), offset);
        self.errors.push(EntryError { pointer: pointer.to_owned(), at, problem });
    }
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
