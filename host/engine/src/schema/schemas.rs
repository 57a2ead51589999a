//! The schemas of a release.

use std::collections::HashMap;

use super::compiled::{Schema, without_fragment};
use super::limits::{MAX_RECORD_DEPTH, MAX_SCHEMAS};
use super::pattern::Patterns;
use super::problem::{Problem, SchemaError};
use super::verdict::SchemaVerdict;
use crate::excerpt::Excerpt;
use crate::json::{Branch, Shape, TreeError, TreeScratch};

/// The schemas of a release, ready to use. They never change, and any number of threads may use them at once.
#[derive(Debug)]
pub struct Schemas {
    all: Vec<Schema>,
    /// The index of each among all.
    by_id: HashMap<String, usize>,
}

/// The buffers of a check, which the next one uses again: nothing is allocated for a record that follows its schema, once the
/// buffers have grown to the size of the records.
#[derive(Debug, Default)]
pub struct SchemaScratch {
    tree: TreeScratch,
    /// The index of the schema of the last record. It is tried first.
    last: usize,
}

impl Schemas {
    /// Reads and compiles the schemas of a release, given as file names and contents.
    ///
    /// # Errors
    /// The first thing that is wrong with each file; two files with the same `$id` are wrong too.
    pub fn compile(files: &[(&str, &[u8])]) -> Result<Self, Vec<SchemaError>> {
        let mut all: Vec<Schema> = Vec::new();
        let mut patterns = Patterns::default();
        let mut errors = Vec::new();
        for (index, (file, bytes)) in files.iter().enumerate() {
            let file = Excerpt::of(file);
            if index == MAX_SCHEMAS {
                errors.push(SchemaError { file, problem: Problem::TooManySchemas });
                break;
            }
            let problem = match Schema::compile(&file, bytes, &mut patterns) {
                Err(problem) => problem,
                Ok(schema) => match all.iter().find(|other| other.id == schema.id) {
                    Some(other) => Problem::DuplicateId { file: other.file.clone() },
                    None => {
                        all.push(schema);
                        continue;
                    }
                },
            };
            errors.push(SchemaError { file, problem });
        }
        let by_id = all.iter().enumerate().map(|(index, schema)| (schema.id.clone(), index)).collect();
        if errors.is_empty() { Ok(Self { all, by_id }) } else { Err(errors) }
    }

    /// The `$id`s of all schemas, in no order.
    pub fn ids(&self) -> impl Iterator<Item = &str> {
        self.by_id.keys().map(String::as_str)
    }

    /// Whether there is a schema with this `$id`. An empty fragment, `#`, is ignored.
    #[must_use]
    pub fn contains(&self, id: &str) -> bool {
        self.by_id.contains_key(without_fragment(id))
    }

    /// Checks a record, a JSON text that has been found valid, against the schema that its `$schema` names.
    ///
    /// # Limits
    /// The work is at most [`MAX_WORK`](super::MAX_WORK) steps. Finding an error among alternatives may take a multiple of that work; it
    /// is not tried where the check itself was expensive. Nothing interrupts a check that has begun.
    #[must_use]
    pub fn check(&self, record: &str, scratch: &mut SchemaScratch) -> SchemaVerdict {
        match scratch.tree.read(record) {
            Ok(()) => {}
            Err(TreeError::Depth) => {
                let reason = format!("the record is nested deeper than {MAX_RECORD_DEPTH} levels");
                return SchemaVerdict::Norun { reason, code: "too_deep" };
            }
            Err(TreeError::Number | TreeError::Syntax) => {
                // The text is valid: only a number can be too large for what the schema check computes with.
                let reason = "a number is too large to be checked".to_owned();
                return SchemaVerdict::Norun { reason, code: "number_too_large" };
            }
        }
        let tree = scratch.tree.tree(record);
        let id = match tree.root().and_then(|root| root.member("$schema")).map(Branch::shape) {
            Some(Shape::Text(id)) => without_fragment(id),
            Some(_) => return no_schema("/$schema", "is not text"),
            None => return no_schema("", "has no member `$schema` that names its schema"),
        };
        let known = self.all.get(scratch.last).filter(|schema| schema.id == id).map(|_| scratch.last);
        let index = known.or_else(|| self.by_id.get(id).copied());
        match index.and_then(|index| self.all.get(index).map(|schema| (index, schema))) {
            Some((index, schema)) => {
                scratch.last = index;
                schema.check(record, &mut scratch.tree)
            }
            None => SchemaVerdict::Norun {
                reason: format!("the release has no schema with the `$id` `{}`", Excerpt::of(id)),
                code: "unknown_schema",
            },
        }
    }
}

fn no_schema(pointer: &str, reason: &str) -> SchemaVerdict {
    SchemaVerdict::Fail { pointer: pointer.to_owned(), reason: reason.to_owned(), code: "no_schema" }
}
