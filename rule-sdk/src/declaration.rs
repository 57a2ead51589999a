//! The declaration of a rule: its id, what it judges, and the fields it reads.

use std::fmt;

/// One rule, as its component declares it to the host.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Declaration {
    /// The name under which rulesets list the rule, for example `rule_002_v1`.
    pub id: &'static str,
    /// The entity type it judges, for example `loan`.
    pub entity: &'static str,
    /// What it checks, in one sentence for people.
    pub description: &'static str,
    /// The fields it reads, in the order of the columns of its batches.
    pub inputs: &'static [Input],
    /// Pairs of key and value that the host hands on and never interprets.
    pub annotations: &'static [(&'static str, &'static str)],
}

/// A field that a rule reads, by its logical name.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Input {
    /// The logical name; the host's field map says where it lies in the record.
    pub name: &'static str,
    /// The term of the related entity whose field it is, or none for the record itself.
    pub of: Option<&'static str>,
    /// The kind that the host converts its value to.
    pub kind: Kind,
    /// Whether the rule needs it: without it the verdict is `NORUN`, and the rule is not asked.
    pub required: bool,
}

/// The type of an input.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Kind {
    /// `bool`.
    Boolean,
    /// `i64`.
    Integer,
    /// `f64`.
    Number,
    /// [`Decimal`](crate::Decimal).
    Decimal,
    /// `&str` or `String`.
    Text,
    /// [`Date`](crate::Date).
    Date,
    /// [`Timestamp`](crate::Timestamp).
    Timestamp,
    /// [`Json`](crate::Json).
    Json,
}

impl Input {
    /// Whether `path` names this input: `principal`, or `parent.limit` for a field of a related entity.
    #[must_use]
    pub const fn is_named(&self, path: &str) -> bool {
        let Some(term) = self.of else { return is_same(self.name.as_bytes(), path.as_bytes()) };
        let (mut term, mut path) = (term.as_bytes(), path.as_bytes());
        while let Some((expected, rest_of_term)) = term.split_first() {
            let Some((byte, rest_of_path)) = path.split_first() else { return false };
            if *byte != *expected {
                return false;
            }
            (term, path) = (rest_of_term, rest_of_path);
        }
        let Some((b'.', name)) = path.split_first() else { return false };
        is_same(self.name.as_bytes(), name)
    }
}

impl fmt::Display for Input {
    /// `principal`, or `parent.limit`: the name that messages use.
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(term) = self.of {
            write!(out, "{term}.")?;
        }
        out.write_str(self.name)
    }
}

impl fmt::Display for Kind {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(match self {
            Self::Boolean => "boolean",
            Self::Integer => "integer",
            Self::Number => "number",
            Self::Decimal => "decimal",
            Self::Text => "text",
            Self::Date => "date",
            Self::Timestamp => "timestamp",
            Self::Json => "json",
        })
    }
}

/// Whether no two declarations have the same id. [`package!`](crate::package) asks it while the package is compiled.
#[must_use]
pub const fn are_distinct(mut ids: &[&str]) -> bool {
    while let Some((id, rest)) = ids.split_first() {
        let mut others = rest;
        while let Some((other, rest)) = others.split_first() {
            if is_same(id.as_bytes(), other.as_bytes()) {
                return false;
            }
            others = rest;
        }
        ids = rest;
    }
    true
}

/// `==` of slices, which cannot be used while compiling.
const fn is_same(mut left: &[u8], mut right: &[u8]) -> bool {
    while let (Some((a, left_rest)), Some((b, right_rest))) = (left.split_first(), right.split_first()) {
        if *a != *b {
            return false;
        }
        (left, right) = (left_rest, right_rest);
    }
    left.is_empty() && right.is_empty()
}

#[cfg(test)]
mod tests {
    use super::*;

    const OWN: Input = Input { name: "limit", of: None, kind: Kind::Decimal, required: true };
    const RELATED: Input = Input { name: "limit", of: Some("parent"), kind: Kind::Decimal, required: true };

    #[test]
    fn a_field_of_a_related_entity_is_named_with_its_term() {
        for (path, own, related) in [
            ("limit", true, false),
            ("parent.limit", false, true),
            ("parent.limits", false, false),
            ("parent.", false, false),
            ("parent", false, false),
            ("parents.limit", false, false),
            ("", false, false),
            ("limi", false, false),
        ] {
            assert_eq!((OWN.is_named(path), RELATED.is_named(path)), (own, related), "{path}");
        }
        assert_eq!((OWN.to_string(), RELATED.to_string()), ("limit".into(), "parent.limit".into()));
    }

    #[test]
    fn two_equal_ids_are_noticed() {
        assert!(are_distinct(&["a", "b", "ab"]));
        assert!(!are_distinct(&["a", "b", "a"]));
    }
}
