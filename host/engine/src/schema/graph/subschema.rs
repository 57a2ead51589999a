//! The subschemas of a file: what each applies, and what its own keywords cost.

use crate::schema::pattern::Patterns;

/// Every subschema of a file. The first is the root.
pub(in crate::schema) struct Graph<'s> {
    pub(in crate::schema) subschemas: Vec<Subschema<'s>>,
    /// Whether any of them has `anyOf` or `oneOf`.
    pub(in crate::schema) has_alternatives: bool,
    pub(in crate::schema) patterns: Patterns,
}

/// What one subschema applies, and what its own keywords cost.
#[derive(Default)]
pub(in crate::schema) struct Subschema<'s> {
    /// Its position in the file.
    pub(in crate::schema) pointer: String,
    /// Subschemas applied to the same value. One that is applied twice is listed twice.
    pub(in crate::schema) in_place: Vec<usize>,
    /// Subschemas applied to members by name.
    pub(in crate::schema) properties: Vec<(&'s str, usize)>,
    /// Subschemas applied to members whose name matches a pattern; any number of them may.
    pub(in crate::schema) patterns: Vec<usize>,
    /// Applied to members that no name and no pattern covers.
    pub(in crate::schema) additional: Option<usize>,
    /// Applied to the names themselves.
    pub(in crate::schema) names: Option<usize>,
    /// Subschemas applied to items by position.
    pub(in crate::schema) prefix: Vec<usize>,
    /// Subschemas applied to all items after the prefix.
    pub(in crate::schema) rest: Vec<usize>,
    /// Subschemas applied to every item beside the others.
    pub(in crate::schema) contains: Vec<usize>,
    /// The cost of its own keywords.
    pub(in crate::schema) own: Own,
}

/// What the keywords of one subschema cost, in steps of about a nanosecond.
#[derive(Clone, Copy, Default)]
pub(in crate::schema) struct Own {
    /// For each value.
    pub(in crate::schema) value: u64,
    /// For each object, beyond that.
    pub(in crate::schema) object: u64,
    /// For each byte of the value, if it is a text.
    pub(in crate::schema) text: u64,
    /// For each byte of a member's name.
    pub(in crate::schema) name: u64,
    /// How often the value and everything inside it is hashed.
    pub(in crate::schema) hashed: u64,
}
