//! The built-in rule `json_schema`: a record against the schema that it names, from the same release.
//!
//! Schemas are signed, but not trusted: what they cost is bounded before and while they are used.
//!
//! **When a release is loaded** every schema is read by [`Schemas::compile`], which refuses
//! - files of more than [`MAX_BYTES`], more than [`MAX_DEPTH`] levels of JSON, more than [`MAX_SUBSCHEMAS`] subschemas;
//! - other drafts than draft-07, 2019-09 and 2020-12 (which is taken where `$schema` is missing);
//! - `$ref` to anywhere but `#` or `#/...` of the same file: nothing is ever fetched, and schemas do not lean on each other;
//! - `$dynamicRef`, `$recursiveRef`, `unevaluatedProperties` and `unevaluatedItems`, because what they cost depends on the
//!   record; `$id` and `$schema` below the root, because they change what other words mean;
//! - subschemas that apply themselves to the same value again, by whatever way round;
//! - schemas by which one value of a record could meet more than [`MAX_EVALUATIONS`] subschemas. All ways are counted on which
//!   subschemas can reach a value at each depth, as if every branch were taken;
//! - patterns of more than [`MAX_PATTERN_BYTES`], or that do not compile within [`MAX_PATTERN_SIZE`] on an engine whose time is
//!   linear in the text: no look-around, no back-references; and too many of them, [`MAX_PATTERNS`] and the limits below it.
//!
//! **When a record is checked** its values and text are counted, level by level unless they are too few to matter. Together with
//! the counts above this bounds the work; where the bound is above [`MAX_WORK`], the outcome is [`Outcome::Norun`] with that
//! reason and no work is done. No record is turned into a value of the library: it is read as a flat tree over its own text.
//!
//! `format`, `contentEncoding` and `contentMediaType` are annotations. Numbers are compared as 64-bit integers or floats.

mod cost;
mod graph;
mod pattern;
mod problem;
mod profile;
mod reason;
mod record;
mod unique;

use std::collections::HashMap;
use std::fmt;

use jsonschema::Validator;
use serde_json::Value;
use thiserror::Error;

use self::cost::{Cost, Levels};
use self::graph::Draft;
pub use self::problem::{PatternRefusal, Problem};
use self::profile::Profile;
use self::record::Record;
use crate::excerpt::Excerpt;
use crate::json::{Branch, Shape, TreeError, TreeScratch};

/// The largest schema file, in bytes.
pub const MAX_BYTES: usize = 256 << 10;
/// The schemas that a release may have.
pub const MAX_SCHEMAS: usize = 256;
/// Levels of JSON in a schema file.
pub const MAX_DEPTH: usize = 64;
/// Subschemas of one file.
pub const MAX_SUBSCHEMAS: usize = 10_000;
/// Subschemas that one value of a record may meet.
pub const MAX_EVALUATIONS: u64 = 1_000;
/// Subschemas that may apply inside each other, over all levels of a record: it bounds the stack.
pub const MAX_NESTING: u64 = 512;
/// Bytes of one pattern.
pub const MAX_PATTERN_BYTES: usize = 1_024;
/// Bytes of one compiled pattern, about. Classes such as `\p{L}` in counted repetitions need the most.
pub const MAX_PATTERN_SIZE: usize = 4 << 20;
/// Different patterns in one file.
pub const MAX_PATTERNS: usize = 200;
/// Bytes of all compiled patterns of one file, about.
pub const MAX_PATTERN_SIZES: usize = 32 << 20;
/// Patterns in all schemas of a release. Each may cache 128 KiB for each thread.
pub const RELEASE_PATTERNS: usize = 1_000;
/// Bytes of all compiled patterns of a release, about.
pub const RELEASE_PATTERN_SIZES: usize = 64 << 20;
/// Levels of a record that are looked at.
pub const MAX_RECORD_DEPTH: usize = 64;
/// What checking one record may cost, in steps of about a nanosecond.
pub const MAX_WORK: u64 = 1 << 29;
/// Subschemas that a record may meet altogether where the place of a mistake is looked for among alternatives.
const MAX_EXPLAINED: u64 = 100_000;

/// The schemas of a release, ready to use. They never change, and any number of threads may use them at once.
#[derive(Debug)]
pub struct Schemas {
    all: Vec<Schema>,
    /// Where each lies among all.
    by_id: HashMap<String, usize>,
}

/// What a check needs and what the next one can use again: nothing is allocated for a record that follows its schema, once the
/// buffers have grown to the size of the records.
#[derive(Debug, Default)]
pub struct SchemaScratch {
    tree: TreeScratch,
    /// Where the schema of the last record lies. It is only looked at first.
    last: usize,
}

/// What the rule says of a record.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Outcome {
    /// The record follows its schema.
    Pass,
    /// It does not, or it names none.
    Fail {
        /// Where, as an RFC 6901 pointer into the record, of at most 1,024 bytes.
        pointer: String,
        /// What is wrong there, in words of bounded length. They quote names of members, but no value of the record.
        reason: String,
        /// The schema's keyword that it breaks; `no_schema` where the record names none; `schema` where the place is not known.
        code: &'static str,
    },
    /// The rule could not judge the record.
    Norun {
        /// Why, in words of bounded length.
        reason: String,
        /// `unknown_schema`, `too_deep`, `number_too_large` or `too_costly`.
        code: &'static str,
    },
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
        let by_id = all.iter().enumerate().map(|(place, schema)| (schema.id.clone(), place)).collect();
        if errors.is_empty() { Ok(Self { all, by_id }) } else { Err(errors) }
    }

    /// The `$id`s of all schemas, in no order.
    pub fn ids(&self) -> impl Iterator<Item = &str> {
        self.by_id.keys().map(String::as_str)
    }

    /// Whether there is a schema with this `$id`. An empty fragment, `#`, is not looked at.
    #[must_use]
    pub fn contains(&self, id: &str) -> bool {
        self.by_id.contains_key(without_fragment(id))
    }

    /// Checks a record, a JSON text that has been found valid, against the schema that its `$schema` names.
    ///
    /// # Limits
    /// The work is at most [`MAX_WORK`] steps. To find a mistake among alternatives may take some times the work of the check,
    /// and is not tried where that was much. Nothing interrupts a check that has begun.
    #[must_use]
    pub fn check(&self, record: &str, scratch: &mut SchemaScratch) -> Outcome {
        match scratch.tree.read(record) {
            Ok(()) => {}
            Err(TreeError::Depth) => {
                let reason = format!("the record is nested deeper than {MAX_RECORD_DEPTH} levels");
                return Outcome::Norun { reason, code: "too_deep" };
            }
            Err(TreeError::Number | TreeError::Syntax) => {
                // The text is valid: only a number can be too large for what the schema check computes with.
                let reason = "a number is too large to be checked".to_owned();
                return Outcome::Norun { reason, code: "number_too_large" };
            }
        }
        let tree = scratch.tree.tree(record);
        let id = match tree.root().and_then(|root| root.member("$schema")).map(Branch::shape) {
            Some(Shape::Text(id)) => without_fragment(id),
            Some(_) => return no_schema("/$schema", "is no text"),
            None => return no_schema("", "has no member `$schema` that names its schema"),
        };
        let known = self.all.get(scratch.last).filter(|schema| schema.id == id).map(|_| scratch.last);
        let place = known.or_else(|| self.by_id.get(id).copied());
        match place.and_then(|place| self.all.get(place).map(|schema| (place, schema))) {
            Some((place, schema)) => {
                scratch.last = place;
                schema.check(record, &mut scratch.tree)
            }
            None => Outcome::Norun {
                reason: format!("the release has no schema with the `$id` `{}`", Excerpt::of(id)),
                code: "unknown_schema",
            },
        }
    }
}

/// Why a schema is refused.
#[derive(Clone, Debug, Eq, Error, PartialEq)]
#[error("{file}: {problem}")]
pub struct SchemaError {
    /// The file's name.
    pub file: Excerpt,
    /// What is wrong with it.
    pub problem: Problem,
}

/// How many patterns there are, and how large they are when compiled.
#[derive(Clone, Copy, Debug, Default)]
struct Patterns {
    count: usize,
    size: usize,
}

/// One schema.
struct Schema {
    id: String,
    file: Excerpt,
    validator: Validator<Record>,
    costs: Levels,
    /// The dearest of each kind of cost.
    dearest: Cost,
    /// Whether the library lists all that is wrong with every alternative before it says what is wrong first.
    has_alternatives: bool,
}

impl fmt::Debug for Schema {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.debug_struct("Schema").field("file", &self.file).finish_non_exhaustive()
    }
}

impl Schema {
    fn compile(file: &Excerpt, bytes: &[u8], patterns: &mut Patterns) -> Result<Self, Problem> {
        if bytes.len() > MAX_BYTES {
            return Err(Problem::TooLarge);
        }
        let mut root: Value = serde_json::from_slice(bytes)
            .map_err(|error| Problem::Syntax { line: error.line(), column: error.column() })?;
        let members = root.as_object().ok_or(Problem::NoId)?;
        let id = members.get("$id").and_then(Value::as_str).map(without_fragment).filter(|id| !id.is_empty());
        let id = id.ok_or(Problem::NoId)?.to_owned();
        let draft = Draft::of(members)?;
        let graph = graph::read(&root, draft)?;
        let costs = cost::measure(&graph)?;
        let has_alternatives = graph.has_alternatives;
        patterns.count += graph.patterns.count;
        patterns.size += graph.patterns.size;
        if patterns.count > RELEASE_PATTERNS || patterns.size > RELEASE_PATTERN_SIZES {
            return Err(Problem::TooManyPatternsInRelease);
        }
        // Without them no text of the schema is taken for an address.
        if let Some(members) = root.as_object_mut() {
            members.remove("$id");
            members.remove("$schema");
        }
        let validator = jsonschema::options_for::<Record>()
            .with_draft(draft.library())
            .offline()
            .should_validate_formats(false)
            .without_content_encoding_support("base64")
            .without_content_media_type_support("application/json")
            .with_pattern_options(pattern::engine(MAX_PATTERN_SIZE))
            .with_keyword("uniqueItems", unique::keyword)
            .build(&root)
            .map_err(|error| Problem::off_draft(error.instance_path().as_str(), error.kind().keyword()))?;
        let dearest = costs.iter().copied().fold(Cost::default(), Cost::max);
        Ok(Self { id, file: file.clone(), validator, costs, dearest, has_alternatives })
    }

    /// Checks a record that has been read.
    fn check(&self, record: &str, scratch: &mut TreeScratch) -> Outcome {
        let tree = scratch.tree(record);
        let Some(root) = tree.root() else { return reason::somewhere() };
        if Profile::work_at_most(scratch.len(), record.len(), &self.dearest) > MAX_WORK
            && Profile::of(root).is_none_or(|profile| profile.work(&self.costs) > MAX_WORK)
        {
            let reason = "the record is too large for what its schema costs for each value".to_owned();
            return Outcome::Norun { reason, code: "too_costly" };
        }
        if self.validator.is_valid(root) { Outcome::Pass } else { self.explain(record, scratch) }
    }

    /// Tells what is wrong first with a record that does not follow the schema, members in the order of their names.
    #[cold]
    fn explain(&self, record: &str, scratch: &mut TreeScratch) -> Outcome {
        scratch.sort(record);
        let tree = scratch.tree(record);
        let Some(root) = tree.root() else { return reason::somewhere() };
        // The library lists all that is wrong with every alternative.
        if self.has_alternatives
            && Profile::of(root).is_none_or(|profile| profile.evaluations(&self.costs) > MAX_EXPLAINED)
        {
            return reason::somewhere();
        }
        self.validator.validate(root).map_or_else(|error| reason::explain(&error), |()| Outcome::Pass)
    }
}

fn no_schema(pointer: &str, reason: &str) -> Outcome {
    Outcome::Fail { pointer: pointer.to_owned(), reason: reason.to_owned(), code: "no_schema" }
}

fn without_fragment(url: &str) -> &str {
    url.strip_suffix('#').unwrap_or(url)
}

#[cfg(test)]
mod tests;
