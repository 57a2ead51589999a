//! The steps of which the work for a record consists, each of about a nanosecond.

/// What hashing a value costs, beside its text.
pub(super) const HASH: u64 = 16;

/// What looking whether a subschema has looked at a member or item costs.
pub(super) const LOOK: u64 = 16;

/// What telling one mistake costs.
pub(super) const MISTAKE: u64 = 1_000;

/// A length, as it is counted.
pub(super) fn count(length: usize) -> u64 {
    u64::try_from(length).unwrap_or(u64::MAX)
}
