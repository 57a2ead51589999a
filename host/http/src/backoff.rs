//! Back-off between attempts.

use std::hash::{BuildHasher, RandomState};
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

/// Exponential back-off with full jitter: a random time below a bound that doubles with each attempt, so that many clients do not
/// retry at once.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Backoff {
    /// The bound after the first attempt.
    pub base: Duration,
    /// The largest bound.
    pub cap: Duration,
}

/// Random numbers, good enough to spread requests.
#[derive(Debug)]
pub struct Jitter(AtomicU64);

impl Backoff {
    /// The longest wait after the attempt with this number, counted from 1.
    pub fn bound(self, attempt: u32) -> Duration {
        let doublings = attempt.saturating_sub(1).min(31);
        self.base.saturating_mul(1 << doublings).min(self.cap)
    }
}

impl Jitter {
    /// Random numbers that differ between processes.
    pub fn random() -> Self {
        Self::seeded(RandomState::new().hash_one(()))
    }

    /// The same numbers for the same seed.
    pub fn seeded(seed: u64) -> Self {
        Self(AtomicU64::new(seed))
    }

    /// A random time below a bound; zero for zero.
    pub fn below(&self, bound: Duration) -> Duration {
        let bound = u64::try_from(bound.as_nanos()).unwrap_or(u64::MAX);
        let scaled = (u128::from(bound) * u128::from(self.next())) >> 64;
        Duration::from_nanos(u64::try_from(scaled).unwrap_or(bound))
    }

    /// SplitMix64.
    fn next(&self) -> u64 {
        const STEP: u64 = 0x9e37_79b9_7f4a_7c15;
        let mut number = self.0.fetch_add(STEP, Ordering::Relaxed).wrapping_add(STEP);
        number = (number ^ (number >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        number = (number ^ (number >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        number ^ (number >> 31)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const BACKOFF: Backoff = Backoff { base: Duration::from_millis(500), cap: Duration::from_secs(5) };

    #[test]
    fn the_bound_doubles_up_to_the_cap() {
        let bounds = [1, 2, 3, 4, 5, 6, 1_000, u32::MAX].map(|attempt| BACKOFF.bound(attempt).as_millis());
        assert_eq!(bounds, [500, 1_000, 2_000, 4_000, 5_000, 5_000, 5_000, 5_000]);
        let endless = Backoff { base: Duration::MAX, cap: Duration::MAX };
        assert_eq!(endless.bound(9), Duration::MAX);
    }

    #[test]
    fn jitter_fills_the_whole_range_below_the_bound() {
        let (jitter, bound) = (Jitter::seeded(7), Duration::from_millis(800));
        let mut quarters = [0_u32; 4];
        for _ in 0..4_000 {
            let wait = jitter.below(bound);
            assert!(wait < bound);
            quarters[usize::try_from(wait.as_millis() / 200).unwrap()] += 1;
        }
        assert!(quarters.iter().all(|count| (850..1_150).contains(count)), "{quarters:?}");
        assert_eq!(jitter.below(Duration::ZERO), Duration::ZERO);
        assert!(jitter.below(Duration::MAX) < Duration::MAX);
    }

    #[test]
    fn a_seed_gives_the_same_waits_and_none_gives_others() {
        let waits = |jitter: Jitter| [(); 4].map(|()| jitter.below(Duration::from_secs(1)));
        assert_eq!(waits(Jitter::seeded(1)), waits(Jitter::seeded(1)));
        assert_ne!(waits(Jitter::seeded(1)), waits(Jitter::seeded(2)));
        assert_ne!(waits(Jitter::random()), waits(Jitter::random()));
    }
}
