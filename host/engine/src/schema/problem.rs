//! The errors of a schema.

use thiserror::Error;

use super::limits::{
    MAX_BYTES, MAX_DEPTH, MAX_EVALUATIONS, MAX_NESTING, MAX_PATTERN_BYTES, MAX_PATTERN_SIZE, MAX_PATTERN_SIZES,
    MAX_PATTERNS, MAX_SCHEMAS, MAX_SUBSCHEMAS, RELEASE_PATTERN_SIZES, RELEASE_PATTERNS,
};
use crate::excerpt::Excerpt;

/// Why a schema is refused.
#[derive(Clone, Debug, Eq, Error, PartialEq)]
#[error("{file}: {problem}")]
pub struct SchemaError {
    /// The file's name.
    pub file: Excerpt,
    /// What is wrong with it.
    pub problem: Problem,
}

/// The ways in which a schema can be wrong. Positions are RFC 6901 pointers into the file.
#[derive(Clone, Debug, Eq, Error, PartialEq)]
#[non_exhaustive]
pub enum Problem {
    /// The release has more schemas than it may.
    #[error("the release has more than {MAX_SCHEMAS} schemas")]
    TooManySchemas,
    /// The file is too large.
    #[error("the schema has more than {MAX_BYTES} bytes")]
    TooLarge,
    /// The file is not JSON.
    #[error("the schema is not JSON: line {line}, column {column}")]
    Syntax {
        /// The line, counted from 1.
        line: usize,
        /// The column, counted from 1.
        column: usize,
    },
    /// The JSON is nested too deep.
    #[error("the schema is nested deeper than {MAX_DEPTH} levels")]
    TooDeep,
    /// Too many subschemas.
    #[error("the schema has more than {MAX_SUBSCHEMAS} subschemas")]
    TooManySubschemas,
    /// The root is `true`, `false` or not a schema at all.
    #[error("the schema is not an object with an `$id`: records name a schema by its `$id`")]
    NoId,
    /// Another file has the same `$id`.
    #[error("`{file}` has the same `$id`")]
    DuplicateId {
        /// That file.
        file: Excerpt,
    },
    /// Another draft.
    #[error("`$schema` is `{found}`; draft-07, 2019-09 and 2020-12 are understood")]
    Draft {
        /// What it says.
        found: Excerpt,
    },
    /// A keyword has a value that it cannot have.
    #[error("`{at}` must be {expected}")]
    Shape {
        /// Its position.
        at: Excerpt,
        /// What is expected.
        expected: &'static str,
    },
    /// An `$id` below the root.
    #[error("there is an `$id` below the root: make that part a schema file of its own, or remove the `$id`")]
    NestedId,
    /// A keyword that is not supported here.
    #[error("`{at}`: `{keyword}` is not supported here")]
    Keyword {
        /// Its position.
        at: Excerpt,
        /// The keyword.
        keyword: Excerpt,
    },
    /// A reference that leaves the file.
    #[error("`{at}` refers to `{target}`: only `#` and `#/...` of the same file are followed; nothing is fetched")]
    Reference {
        /// Its position.
        at: Excerpt,
        /// What it says.
        target: Excerpt,
    },
    /// A reference to nothing.
    #[error("`{at}` refers to `{target}`, which does not exist")]
    Nowhere {
        /// Its position.
        at: Excerpt,
        /// What it says.
        target: Excerpt,
    },
    /// A subschema that applies itself to the same value again.
    #[error("the schema at `{at}` applies itself to the same value again and would never end")]
    Cycle {
        /// Its position.
        at: Excerpt,
    },
    /// Too many subschemas for one value.
    #[error("a value at depth {depth} of a record could meet more than {MAX_EVALUATIONS} subschemas")]
    TooManyEvaluations {
        /// The depth; the record itself is at 0.
        depth: usize,
    },
    /// Too many subschemas inside each other.
    #[error("more than {MAX_NESTING} subschemas could apply inside each other")]
    TooNested,
    /// The schema's references are too entangled to be counted.
    #[error("the schema is too entangled to tell what it costs: share fewer large parts by `$ref`")]
    TooEntangled,
    /// Too many patterns.
    #[error(
        "the schema has more than {MAX_PATTERNS} different patterns, or more than {} MiB of them when compiled",
        MAX_PATTERN_SIZES >> 20
    )]
    TooManyPatterns,
    /// Too many patterns in all schemas together.
    #[error(
        "the schemas up to this one have more than {RELEASE_PATTERNS} patterns, or more than {} MiB of them when compiled",
        RELEASE_PATTERN_SIZES >> 20
    )]
    TooManyPatternsInRelease,
    /// A pattern that is not supported.
    #[error("`{at}`: the pattern `{pattern}` {refusal}")]
    Pattern {
        /// Its position.
        at: Excerpt,
        /// The pattern.
        pattern: Excerpt,
        /// Why it is refused.
        refusal: PatternRefusal,
    },
    /// It breaks its draft in another way.
    #[error("`{at}` does not follow the draft ({keyword})")]
    OffDraft {
        /// Where.
        at: Excerpt,
        /// The keyword of the draft's own schema that says so.
        keyword: Excerpt,
    },
}

/// Why a pattern is refused.
#[derive(Clone, Copy, Debug, Eq, Error, PartialEq)]
#[non_exhaustive]
pub enum PatternRefusal {
    /// Too many bytes.
    #[error("has more than {MAX_PATTERN_BYTES} bytes")]
    TooLong,
    /// Look-around, back-references, control letters, a syntax error, or too large when compiled.
    #[error(
        "does not compile within {} MiB: look-around, back-references and `\\c` are not supported, counted repetitions multiply",
        MAX_PATTERN_SIZE >> 20
    )]
    DoesNotCompile,
}

impl Problem {
    pub(super) fn off_draft(at: &str, keyword: &str) -> Self {
        Self::OffDraft { at: Excerpt::of(at), keyword: Excerpt::of(keyword) }
    }

    pub(super) fn draft(found: &str) -> Self {
        Self::Draft { found: Excerpt::of(found) }
    }

    pub(super) fn shape(at: &str, expected: &'static str) -> Self {
        Self::Shape { at: Excerpt::of(at), expected }
    }

    pub(super) fn keyword(at: &str, keyword: &str) -> Self {
        Self::Keyword { at: Excerpt::of(at), keyword: Excerpt::of(keyword) }
    }

    pub(super) fn reference(at: &str, target: &str) -> Self {
        Self::Reference { at: Excerpt::of(at), target: Excerpt::of(target) }
    }

    pub(super) fn nowhere(at: &str, target: &str) -> Self {
        Self::Nowhere { at: Excerpt::of(at), target: Excerpt::of(target) }
    }

    pub(super) fn pattern(at: &str, pattern: &str, refusal: PatternRefusal) -> Self {
        Self::Pattern { at: Excerpt::of(at), pattern: Excerpt::of(pattern), refusal }
    }
}
