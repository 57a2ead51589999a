//! The built-in rule `json_schema`: a record against the schema that it names, from the same release.
//!
//! Schemas are signed, but not trusted: what they cost is bounded before and while they are used.
//!
//! **When a release is loaded** every schema is read by [`Schemas::compile`], which refuses
//! - files that are not strict JSON, of more than [`MAX_BYTES`], more than [`MAX_DEPTH`] levels, more than [`MAX_SUBSCHEMAS`] subschemas;
//! - other drafts than draft-07, 2019-09 and 2020-12 (which is taken where `$schema` is missing), and a `$schema` below the root;
//! - references to anything that is not in the release: nothing is ever fetched;
//! - `$dynamicRef` and `$recursiveRef`;
//! - subschemas that apply themselves to the same value again, by whatever way round;
//! - schemas by which one value of a record could meet more than [`MAX_EVALUATIONS`] subschemas. All ways are counted on which
//!   subschemas can reach a value at each depth, as if every branch were taken;
//! - patterns of more than [`MAX_PATTERN_BYTES`], or that do not compile within [`MAX_PATTERN_SIZE`] on an engine whose time is
//!   linear in the text: no look-around, no references to groups; and too many of them, [`MAX_PATTERNS`] and the limits below it.
//!
//! **When a record is checked** each subschema that a value meets costs steps, and so does each byte that is compared, matched or
//! hashed. They are counted as they are done. The bound grows with the record: [`STEPS_PER_BYTE`], and [`BASE_STEPS`] for any. Beyond
//! it the outcome is [`SchemaVerdict::Unchecked`]. The counts above tell which schemas can come to that: a [`SchemaWarning`].
//!
//! Numbers are compared exactly, as they are written. Records are read as a flat tree over their own text.

mod check;
mod compiled;
mod cost;
mod document;
mod draft;
mod equality;
mod format;
mod graph;
mod limits;
mod mistake;
mod pattern;
mod place;
mod problem;
mod program;
mod reader;
mod resources;
mod schemas;
mod steps;
mod verdict;
mod warning;
mod words;

pub(crate) use document::without_fragment;
pub use limits::{
    BASE_STEPS, MAX_BYTES, MAX_DEPTH, MAX_EVALUATIONS, MAX_ID_BYTES, MAX_NESTING, MAX_NUMBER_BYTES, MAX_PATTERN_BYTES,
    MAX_PATTERN_SIZE, MAX_PATTERN_SIZES, MAX_PATTERNS, MAX_RECORD_DEPTH, MAX_SCHEMAS, MAX_SUBSCHEMAS,
    RELEASE_PATTERN_SIZES, RELEASE_PATTERNS, STEPS_PER_BYTE,
};
pub use mistake::{Mistake, Mistakes};
pub use problem::{PatternRefusal, Problem, SchemaError};
pub use schemas::{SchemaOptions, SchemaScratch, Schemas};
pub use verdict::SchemaVerdict;
pub use warning::{Formats, SchemaWarning};

#[cfg(test)]
mod tests;
