//! The faults of a rule.

use thiserror::Error;

/// Why a rule gave no verdict on a record. Adding a variant is a breaking change, deliberately: each user of the crate must decide what it means.
#[derive(Clone, Copy, Debug, Eq, Error, Hash, Ord, PartialEq, PartialOrd)]
pub enum Fault {
    /// More work than one record may cost.
    #[error("exhausted its fuel")]
    Fuel,
    /// More memory, or larger tables, than one record may use.
    #[error("exceeded its memory limit, `limits.memory`,")]
    Memory,
    /// Calls nested too deep.
    #[error("overflowed its stack")]
    Stack,
    /// It stopped itself: a panic, a division by zero, an access out of bounds.
    #[error("trapped")]
    Trap,
    /// The reply breaks the contract: its size, its row count, an index, its text.
    #[error("returned malformed output")]
    Output,
    /// The component says that it could not read the batch.
    #[error("refused the batch")]
    Refused,
    /// It ran past the wall-clock back-stop. Says nothing about the record: the same call may succeed elsewhere.
    #[error("exceeded its deadline")]
    Deadline,
}

impl Fault {
    /// The code under which results report the fault.
    #[must_use]
    pub fn code(self) -> &'static str {
        match self {
            Self::Fuel => "fuel",
            Self::Memory => "memory",
            Self::Stack => "stack",
            Self::Trap => "trap",
            Self::Output => "output",
            Self::Refused => "refused",
            Self::Deadline => "deadline",
        }
    }

    /// Whether the fault depends on the machine and the moment, so that it must never be stored or replayed as a verdict.
    #[must_use]
    pub fn is_indeterminate(self) -> bool {
        match self {
            Self::Deadline => true,
            Self::Fuel | Self::Memory | Self::Stack | Self::Trap | Self::Output | Self::Refused => false,
        }
    }

    /// Whether running the rows in smaller groups can find the ones to blame.
    ///
    /// Not for the deadline: a slow machine would make every record of a chunk guilty in turn.
    #[must_use]
    pub fn can_be_halved(self) -> bool {
        match self {
            Self::Fuel | Self::Memory | Self::Stack | Self::Trap | Self::Output | Self::Refused => true,
            Self::Deadline => false,
        }
    }
}
