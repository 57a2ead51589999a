//! The built-in rule `json_schema`: a record against the schema that it names, from the same release.
//!
//! Schemas are signed, but not trusted: what they cost is bounded before and while they are used.
//!
//! **When a release is loaded** every schema is read by [`Schemas::compile`], which refuses
//! - files of more than [`MAX_BYTES`], more than [`MAX_DEPTH`] levels of JSON, more than [`MAX_SUBSCHEMAS`] subschemas;
//! - other drafts than draft-07, 2019-09 and 2020-12 (which is taken where `$schema` is missing);
//! - `$ref` to anywhere but `#` or `#/...` of the same file: nothing is ever fetched, and schemas do not depend on each other;
//! - `$dynamicRef`, `$recursiveRef`, `unevaluatedProperties` and `unevaluatedItems`, because what they cost depends on the
//!   record; `$id` and `$schema` below the root, because they change what other words mean;
//! - subschemas that apply themselves to the same value again, by whatever way round;
//! - schemas by which one value of a record could meet more than [`MAX_EVALUATIONS`] subschemas. All ways are counted on which
//!   subschemas can reach a value at each depth, as if every branch were taken;
//! - patterns of more than [`MAX_PATTERN_BYTES`], or that do not compile within [`MAX_PATTERN_SIZE`] on an engine whose time is
//!   linear in the text: no look-around, no back-references; and too many of them, [`MAX_PATTERNS`] and the limits below it.
//!
//! **When a record is checked** its values and text are counted, level by level unless they are too few to matter. Together with
//! the counts above this bounds the work; where the bound is above [`MAX_WORK`], the outcome is [`SchemaVerdict::Norun`] with that
//! reason and no work is done. No record is turned into a value of the library: it is read as a flat tree over its own text.
//!
//! `format`, `contentEncoding` and `contentMediaType` are annotations. Numbers are compared as 64-bit integers or floats.

mod compiled;
mod cost;
mod equality;
mod graph;
mod limits;
mod pattern;
mod problem;
mod profile;
mod reason;
mod record;
mod schemas;
mod unique;
mod verdict;

pub use limits::{
    MAX_BYTES, MAX_DEPTH, MAX_EVALUATIONS, MAX_NESTING, MAX_PATTERN_BYTES, MAX_PATTERN_SIZE, MAX_PATTERN_SIZES,
    MAX_PATTERNS, MAX_RECORD_DEPTH, MAX_SCHEMAS, MAX_SUBSCHEMAS, MAX_WORK, RELEASE_PATTERN_SIZES, RELEASE_PATTERNS,
};
pub use problem::{PatternRefusal, Problem, SchemaError};
pub use schemas::{SchemaScratch, Schemas};
pub use verdict::SchemaVerdict;

#[cfg(test)]
mod tests;
