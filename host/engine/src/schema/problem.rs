//! The errors of a schema.

use thiserror::Error;

use super::limits::{
    MAX_BYTES, MAX_DEPTH, MAX_EVALUATIONS, MAX_NESTING, MAX_PATTERN_BYTES, MAX_PATTERN_SIZE, MAX_PATTERN_SIZES,
    MAX_PATTERNS, MAX_SCHEMAS, MAX_SUBSCHEMAS, RELEASE_PATTERN_SIZES, RELEASE_PATTERNS,
};
use crate::excerpt::{Excerpt, advice};
use crate::json::JsonError;

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
    /// The file is not JSON, or has a name twice in one object.
    #[error("the schema is not JSON: {0}")]
    Json(JsonError),
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
    /// Two parts of the schemas have the same `$id`.
    #[error("`{at}`: another part of the schemas has the same `$id`")]
    RepeatedId {
        /// Its position.
        at: Excerpt,
    },
    /// Two parts of a schema have the same anchor.
    #[error("`{at}`: another part of the schema has the anchor `{anchor}`")]
    RepeatedAnchor {
        /// Its position.
        at: Excerpt,
        /// The anchor.
        anchor: Excerpt,
    },
    /// A reference to a part that no keyword leads to, and that has an `$id`, a `$schema` or an anchor.
    #[error(
        "`{at}` refers to `{target}`, which is below no keyword of the draft and has an `$id`, a `$schema` or an anchor: move it below `$defs`"
    )]
    Unsearched {
        /// Its position.
        at: Excerpt,
        /// What it says.
        target: Excerpt,
    },
    /// The configuration is about a schema that the release does not have.
    #[error("the release has no schema with the `$id` `{id}`{}", advice(.nearest.as_ref()))]
    UnknownId {
        /// The `$id`.
        id: Excerpt,
        /// The `$id` that may be meant.
        nearest: Option<Excerpt>,
    },
    /// An alias is the `$id` of another schema.
    #[error("`{alias}` is the `$id` or an alias of `{file}`, and cannot mean another schema too")]
    AliasIsId {
        /// The alias.
        alias: Excerpt,
        /// The file that it names already.
        file: Excerpt,
    },
    /// A keyword that is not supported here.
    #[error("`{at}`: `{keyword}` is not supported here")]
    Keyword {
        /// Its position.
        at: Excerpt,
        /// The keyword.
        keyword: Excerpt,
    },
    /// A reference to a schema that is not in the release.
    #[error("`{at}` refers to `{target}`, and no schema of the release has that `$id`: nothing is fetched")]
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
}

/// Why a pattern is refused.
#[derive(Clone, Copy, Debug, Eq, Error, PartialEq)]
#[non_exhaustive]
pub enum PatternRefusal {
    /// Too many bytes.
    #[error("has more than {MAX_PATTERN_BYTES} bytes")]
    TooLong,
    /// It is not a pattern, or has something in it that is not supported.
    #[error("is refused at character {at}: {what}")]
    Syntax {
        /// The characters up to and with the one that is wrong.
        at: usize,
        /// What is wrong.
        what: &'static str,
    },
    /// Too large when compiled.
    #[error("takes more than {} MiB when compiled: counted repetitions multiply", MAX_PATTERN_SIZE >> 20)]
    TooLarge,
}

impl Problem {
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
