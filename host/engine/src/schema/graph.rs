//! A schema as a graph: which subschema applies which others, to the same value or to the values inside it.

use super::program::Own;

/// Every subschema of a schema. The first is the root.
pub(super) struct Graph<'s> {
    pub(super) subschemas: Vec<Subschema<'s>>,
}

/// What one subschema applies, and what its own keywords cost.
#[derive(Default)]
pub(super) struct Subschema<'s> {
    /// Its position in the file.
    pub(super) pointer: String,
    /// Subschemas applied to the same value. One that is applied twice is listed twice.
    pub(super) in_place: Vec<usize>,
    /// Subschemas applied to members by name.
    pub(super) properties: Vec<(&'s str, usize)>,
    /// Subschemas applied to members whose name matches a pattern; any number of them may.
    pub(super) patterns: Vec<usize>,
    /// Applied to members that no name and no pattern covers.
    pub(super) additional: Option<usize>,
    /// Applied to the names themselves.
    pub(super) names: Option<usize>,
    /// Subschemas applied to items by position.
    pub(super) prefix: Vec<usize>,
    /// Subschemas applied to all items after the prefix.
    pub(super) rest: Vec<usize>,
    /// Subschemas applied to every item beside the others.
    pub(super) contains: Vec<usize>,
    /// Whether it looks again at what applies in place: once for each level of subschemas inside each other.
    pub(super) gathers: bool,
    /// The cost of its own keywords.
    pub(super) own: Own,
}
