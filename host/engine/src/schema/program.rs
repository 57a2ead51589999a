//! A schema as a program: for each subschema, what it checks.

mod constant;
mod members;
mod types;

use std::sync::Arc;

pub(super) use constant::{Constant, Constants, Looked};
pub(super) use members::{Index, Members};
pub(super) use types::Types;

use super::format::Format;
use super::pattern::Pattern;
use crate::json::{Divisor, ShortNumber};

/// A schema, ready to check records. The first subschema is the root.
#[derive(Debug, Default)]
pub(super) struct Program {
    pub(super) subschemas: Vec<Compiled>,
}

/// What one subschema checks, and what that costs.
#[derive(Debug, Default)]
pub(super) struct Compiled {
    pub(super) checks: Vec<Check>,
    pub(super) own: Own,
}

/// What the keywords of one subschema cost, in steps of about a nanosecond.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Own {
    /// For each value.
    pub(super) value: u64,
    /// For each object, beyond that.
    pub(super) object: u64,
    /// For each byte of the value, if it is a text.
    pub(super) text: u64,
    /// For each byte of the value, if it is a number.
    pub(super) number: u64,
    /// For each member or item of the value, beyond what is applied to it.
    pub(super) child: u64,
    /// For each byte of a member's name.
    pub(super) name: u64,
    /// How often the value and everything inside it is hashed.
    pub(super) hashed: u64,
    /// How often it and everything inside it is compared, if it is an array or object.
    pub(super) compared: u64,
}

/// One check.
#[derive(Debug)]
pub(super) enum Check {
    Assert(Assertion),
    Items(Items),
    Contains(Contains),
    Members(Box<Members>),
    /// If an object has the member, it must follow the subschema.
    DependentSchema(Box<str>, Index),
    /// A subschema that applies to the same value: `$ref`, and each of `allOf`.
    Apply(Index),
    AnyOf(Vec<Index>),
    OneOf(Vec<Index>),
    Not(Index),
    If(If),
    /// Behind all others: it depends on what they apply.
    UnevaluatedMembers(Unevaluated),
    UnevaluatedItems(UnevaluatedItems),
}

/// A check that looks at a value alone, and applies no other subschema to anything.
#[derive(Debug)]
pub(super) enum Assertion {
    /// The schema `false`.
    Never,
    Type(Types),
    Const(Constant),
    Enum(Constants),
    Bound(Bound, Limit),
    MultipleOf(Divisor, Box<str>),
    MinLength(u64),
    MaxLength(u64),
    Pattern(Arc<Pattern>),
    Format(Format),
    MinItems(u64),
    MaxItems(u64),
    UniqueItems,
    MinProperties(u64),
    MaxProperties(u64),
    /// If an object has a member, it must have others.
    DependentRequired(DependentRequired),
}

/// A number of a schema that numbers of records are compared with.
#[derive(Debug)]
pub(super) struct Limit {
    /// As it is written.
    pub(super) token: Box<str>,
    /// The same, if it has few digits.
    pub(super) short: Option<ShortNumber>,
}

/// A limit of numbers.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Bound {
    Minimum,
    Maximum,
    ExclusiveMinimum,
    ExclusiveMaximum,
}

/// The subschemas of items.
#[derive(Debug, Default)]
pub(super) struct Items {
    /// By position.
    pub(super) prefix: Vec<Index>,
    /// For all further items.
    pub(super) rest: Option<Index>,
    /// The keyword that says so.
    pub(super) keyword: &'static str,
}

/// The subschema of members that nothing else has looked at.
#[derive(Debug)]
pub(super) struct Unevaluated {
    pub(super) subschema: Index,
}

/// The subschema of items that nothing else has looked at.
#[derive(Debug)]
pub(super) struct UnevaluatedItems {
    pub(super) subschema: Index,
    /// Whether `contains` looks at the items that it finds: since 2020-12.
    pub(super) sees_contains: bool,
}

/// Members that an object must have because of another.
#[derive(Debug)]
pub(super) struct DependentRequired {
    /// `dependentRequired` or `dependencies`.
    pub(super) keyword: &'static str,
    /// Each with the members that it needs.
    pub(super) members: Vec<(Box<str>, Vec<Box<str>>)>,
}

/// How many items must follow a subschema.
#[derive(Debug)]
pub(super) struct Contains {
    pub(super) item: Index,
    pub(super) min: u64,
    pub(super) max: Option<u64>,
}

#[derive(Debug)]
pub(super) struct If {
    pub(super) condition: Index,
    pub(super) then: Option<Index>,
    pub(super) otherwise: Option<Index>,
}
