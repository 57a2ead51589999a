//! The limits of a rule.

use std::fmt;
use std::num::{NonZeroU32, NonZeroU64};
use std::str::FromStr;
use std::time::Duration;

use thiserror::Error;

/// The limits of one call of a rule. None can be "unlimited".
///
/// Limits do not grow with the number of records in a call: each is what **one record alone** may use. A call with many
/// records that exceeds one is run again in halves, down to single records, so that a record is guilty only if it exceeds a
/// limit by itself and a limit never depends on which records happened to share a call.
///
/// # Defaults
/// See [`Limits::DEFAULT`]. A signed manifest can only lower them; see [`Limits::at_most`].
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Limits {
    /// Units of work that a call may do before it faults with [`Fault::Fuel`](crate::Fault::Fuel); instantiation has the same again.
    ///
    /// Deterministic: the same component and inputs stop at the same point on every machine. [`FuelSchedule`] says what costs how
    /// much. 10,000,000 is a few milliseconds of ordinary code; `docs/limits.md` says how long it can last at worst.
    pub fuel: NonZeroU64,
    /// Linear memory, summed over all memories of the instance, before it faults with [`Fault::Memory`](crate::Fault::Memory).
    ///
    /// The inputs of the call are part of it.
    pub memory: Bytes,
    /// Elements, summed over all tables of the instance, before it faults with [`Fault::Memory`](crate::Fault::Memory).
    pub table_elements: u32,
    /// The bytes of a reply that the host reads before the call faults with [`Fault::Output`](crate::Fault::Output).
    pub reply: Bytes,
    /// Wall-clock time before the call faults with [`Fault::Deadline`](crate::Fault::Deadline).
    ///
    /// A back-stop far above what the fuel allows, for a machine that has stalled; it is checked every few milliseconds and
    /// decides nothing about the record. Covers neither the wait for a worker nor the host's own work.
    pub deadline: Duration,
}

impl Limits {
    /// The limits that hold where the settings name none.
    pub const DEFAULT: Self = Self {
        fuel: match NonZeroU64::new(10_000_000) {
            Some(fuel) => fuel,
            None => NonZeroU64::MIN,
        },
        memory: Bytes::mebi(16),
        table_elements: 10_000,
        reply: Bytes::kibi(256),
        deadline: Duration::from_secs(2),
    };

    /// The smaller of both, limit by limit.
    #[must_use]
    pub fn at_most(self, other: &Self) -> Self {
        Self {
            fuel: self.fuel.min(other.fuel),
            memory: self.memory.min(other.memory),
            table_elements: self.table_elements.min(other.table_elements),
            reply: self.reply.min(other.reply),
            deadline: self.deadline.min(other.deadline),
        }
    }
}

impl Default for Limits {
    fn default() -> Self {
        Self::DEFAULT
    }
}

/// The number of a price list for the instructions of WebAssembly: how much fuel each costs.
///
/// Fuel bounds time only if what takes long costs much. So prices may change with a version of Jurat, and with them the calls that
/// exhaust their fuel. The number tells which prices a limit was measured by, and which ones gave a verdict.
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub struct FuelSchedule(NonZeroU32);

impl FuelSchedule {
    /// The prices before there was a number: one unit for each instruction.
    pub const FIRST: Self = Self(NonZeroU32::MIN);
    /// The prices of this version.
    pub const CURRENT: Self = Self(NonZeroU32::MIN.saturating_add(1));

    /// The price list of this number.
    #[must_use]
    pub const fn new(number: NonZeroU32) -> Self {
        Self(number)
    }

    /// Its number.
    #[must_use]
    pub const fn get(self) -> u32 {
        self.0.get()
    }
}

impl fmt::Display for FuelSchedule {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(out)
    }
}

/// A number of bytes.
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub struct Bytes(u64);

impl Bytes {
    /// This number of bytes.
    #[must_use]
    pub const fn new(bytes: u64) -> Self {
        Self(bytes)
    }

    /// This number of KiB: 1,024 bytes each.
    #[must_use]
    pub const fn kibi(count: u32) -> Self {
        Self((count as u64) << 10)
    }

    /// This number of MiB: 1,048,576 bytes each.
    #[must_use]
    pub const fn mebi(count: u32) -> Self {
        Self((count as u64) << 20)
    }

    /// The number of bytes.
    #[must_use]
    pub const fn get(self) -> u64 {
        self.0
    }

    /// The number of bytes as an index; the largest one where the machine cannot address as many.
    #[must_use]
    pub fn to_usize(self) -> usize {
        usize::try_from(self.0).unwrap_or(usize::MAX)
    }
}

impl fmt::Display for Bytes {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        const UNITS: [(u64, &str); 3] = [(1 << 30, "GiB"), (1 << 20, "MiB"), (1 << 10, "KiB")];
        match UNITS.into_iter().find(|(size, _)| self.0 >= *size && self.0.is_multiple_of(*size)) {
            Some((size, unit)) => write!(out, "{} {unit}", self.0 / size),
            None => write!(out, "{} B", self.0),
        }
    }
}

/// A size that cannot be read.
#[derive(Clone, Debug, Eq, Error, PartialEq)]
#[error("`{0}` is not a size: write a whole number and `B`, `KiB`, `MiB` or `GiB`, as in `16 MiB`")]
pub struct ParseBytesError(String);

impl FromStr for Bytes {
    type Err = ParseBytesError;

    fn from_str(text: &str) -> Result<Self, ParseBytesError> {
        let error = || ParseBytesError(text.chars().take(40).collect());
        let trimmed = text.trim();
        let digits = trimmed.chars().take_while(char::is_ascii_digit).count();
        let (count, unit) = trimmed.split_at(digits);
        let count: u64 = count.parse().map_err(|_| error())?;
        let size = match unit.trim() {
            "B" | "" => 1,
            "KiB" => 1 << 10,
            "MiB" => 1 << 20,
            "GiB" => 1 << 30,
            _ => return Err(error()),
        };
        count.checked_mul(size).map(Self).ok_or_else(error)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_read_back_as_written() {
        for text in ["0 B", "1 B", "1023 B", "1 KiB", "16 MiB", "3 GiB", "1025 B"] {
            assert_eq!(text.parse::<Bytes>().unwrap().to_string(), text);
        }
        assert_eq!("4KiB".parse::<Bytes>().unwrap(), Bytes::kibi(4));
        assert_eq!(" 12 ".parse::<Bytes>().unwrap(), Bytes::new(12));
    }

    #[test]
    fn a_text_that_is_not_a_size_is_refused() {
        for text in ["", "MiB", "1.5 MiB", "-1 B", "1 MB", "99999999999999999999 B", "18446744073709551615 KiB", "١ B"]
        {
            assert!(text.parse::<Bytes>().is_err(), "{text}");
        }
    }

    #[test]
    fn a_manifest_can_only_lower_limits() {
        let low = Limits { memory: Bytes::mebi(1), reply: Bytes::mebi(900), ..Limits::DEFAULT };
        let effective = Limits::DEFAULT.at_most(&low);
        assert_eq!(effective.memory, Bytes::mebi(1));
        assert_eq!(effective.reply, Limits::DEFAULT.reply);
    }
}
