//! The recent cost of rows, which decides how many a call can hold.

use std::sync::atomic::{AtomicU64, Ordering};

/// The recent cost of a row, to choose how many rows a call can hold. It changes how often rules are called, never a verdict.
#[derive(Debug, Default)]
pub(crate) struct Cost(AtomicU64);

impl Cost {
    /// How many rows fit a call, with as much again to spare.
    pub(crate) fn rows_in(&self, fuel: u64) -> u32 {
        let each = self.0.load(Ordering::Relaxed).max(1);
        u32::try_from(fuel / 2 / each).unwrap_or(u32::MAX).max(1)
    }

    /// Learns from a call: a higher cost at once, a lower one little by little.
    pub(crate) fn learn(&self, fuel: u64, rows: u32) {
        let seen = fuel / u64::from(rows.max(1));
        let known = self.0.load(Ordering::Relaxed);
        self.0.store(seen.max(known - known / 8), Ordering::Relaxed);
    }
}
