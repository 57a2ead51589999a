//! The declaration of a rule, which it gives before it runs.

use std::fmt;
use std::str::FromStr;

/// The reserved input that every rule may declare: the time of the run, given by the host.
pub const NOW: &str = "now";

/// One rule, as its component declares it.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Declaration {
    /// The name under which rulesets list the rule.
    pub id: String,
    /// The entity type it judges.
    pub entity_type: String,
    /// What it checks, in one sentence for people.
    pub description: String,
    /// The columns that it is given, in this order.
    pub inputs: Vec<Input>,
    /// Pairs of key and value that are handed on and never interpreted.
    pub annotations: Vec<(String, String)>,
}

/// A field that a rule reads, by its logical name.
#[derive(Clone, Debug, Eq, Hash, PartialEq)]
pub struct Input {
    /// The logical name; a field map says where it lies.
    pub name: String,
    /// The term of the related entity whose field it is, or none for the record itself.
    pub of: Option<String>,
    /// The kind that its value is converted to.
    pub kind: Kind,
    /// Whether rows without it are kept from the rule.
    pub required: bool,
}

impl Input {
    /// Whether this is the reserved input that holds the time of the run.
    #[must_use]
    pub fn is_now(&self) -> bool {
        self.of.is_none() && self.name == NOW
    }
}

impl fmt::Display for Input {
    /// `principal`, or `parent.limit` for a field of a related entity: the name that messages use.
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(term) = &self.of {
            write!(out, "{term}.")?;
        }
        out.write_str(&self.name)
    }
}

/// The type of an input.
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub enum Kind {
    /// JSON `true` or `false`.
    Boolean,
    /// An integral number that fits a signed 64-bit integer.
    Integer,
    /// The nearest 64-bit float.
    Number,
    /// An exact decimal: at most 96 bits of digits and 28 places.
    Decimal,
    /// A string, unescaped.
    Text,
    /// A calendar date.
    Date,
    /// A point in time, to the microsecond.
    Timestamp,
    /// Any JSON value but `null`, as text.
    Json,
}

impl Kind {
    /// All kinds, in the order of the contract.
    pub const ALL: [Self; 8] = [
        Self::Boolean,
        Self::Integer,
        Self::Number,
        Self::Decimal,
        Self::Text,
        Self::Date,
        Self::Timestamp,
        Self::Json,
    ];

    /// The name that the contract and the manifest use.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Boolean => "boolean",
            Self::Integer => "integer",
            Self::Number => "number",
            Self::Decimal => "decimal",
            Self::Text => "text",
            Self::Date => "date",
            Self::Timestamp => "timestamp",
            Self::Json => "json",
        }
    }
}

impl fmt::Display for Kind {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(self.name())
    }
}

impl FromStr for Kind {
    type Err = ();

    fn from_str(name: &str) -> Result<Self, ()> {
        Self::ALL.into_iter().find(|kind| kind.name() == name).ok_or(())
    }
}
