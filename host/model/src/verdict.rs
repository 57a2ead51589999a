//! The answers of a rule.

use std::fmt;

/// The status that a rule gives one record.
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub enum Status {
    /// The record satisfies the rule.
    Pass,
    /// A person should check the record.
    Warn,
    /// The record breaks the rule.
    Fail,
    /// The rule did not run, or does not apply to this record.
    Norun,
    /// The rule could not judge this record.
    Error,
}

impl Status {
    /// All statuses, from the best to the worst to have.
    pub const ALL: [Self; 5] = [Self::Pass, Self::Warn, Self::Fail, Self::Norun, Self::Error];

    /// Whether the contract asks for at least one finding.
    #[must_use]
    pub fn needs_finding(self) -> bool {
        matches!(self, Self::Warn | Self::Fail | Self::Error)
    }

    /// The name in results.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Pass => "PASS",
            Self::Warn => "WARN",
            Self::Fail => "FAIL",
            Self::Norun => "NORUN",
            Self::Error => "ERROR",
        }
    }
}

impl fmt::Display for Status {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.pad(self.name())
    }
}

/// One reason for a verdict, as the rule gives it.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Finding {
    /// The row of the batch that it is about.
    pub row: u32,
    /// A short name for machines.
    pub code: Option<String>,
    /// Words for people, with placeholders that the host fills in.
    pub message: String,
    /// The inputs it is about, as indices into [`Declaration::inputs`](crate::Declaration::inputs).
    pub inputs: Vec<u32>,
    /// Values that the rule has worked out.
    pub params: Vec<(String, String)>,
}

impl Finding {
    /// The bytes that it takes, about.
    #[must_use]
    pub fn size(&self) -> usize {
        let Self { row: _, code, message, inputs, params } = self;
        let pair = size_of::<(String, String)>();
        let params: usize = params.iter().map(|(key, value)| pair + key.len() + value.len()).sum();
        size_of::<Self>() + code.as_ref().map_or(0, String::len) + message.len() + size_of_val(&**inputs) + params
    }
}

/// The answer to a batch, checked: one status for each row, findings in the order of their rows.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Verdicts {
    /// One status for each row.
    pub statuses: Vec<Status>,
    /// The reasons; their rows never fall.
    pub findings: Vec<Finding>,
}
