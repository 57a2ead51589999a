//! Random numbers, good enough to spread requests.

use std::hash::{BuildHasher, RandomState};
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

/// Random times, so that many clients do not try again at once. They are no secrets.
#[derive(Debug)]
pub struct Random(AtomicU64);

impl Random {
    /// Numbers that differ between processes.
    #[must_use]
    pub fn new() -> Self {
        Self::seeded(RandomState::new().hash_one(()))
    }

    /// The same numbers for the same seed.
    #[must_use]
    pub fn seeded(seed: u64) -> Self {
        Self(AtomicU64::new(seed))
    }

    /// A random time below a bound; zero for zero.
    pub fn below(&self, bound: Duration) -> Duration {
        let bound = u64::try_from(bound.as_nanos()).unwrap_or(u64::MAX);
        let scaled = (u128::from(bound) * u128::from(self.next())) >> 64;
        Duration::from_nanos(u64::try_from(scaled).unwrap_or(bound))
    }

    /// `SplitMix64`.
    fn next(&self) -> u64 {
        const STEP: u64 = 0x9e37_79b9_7f4a_7c15;
        let mut number = self.0.fetch_add(STEP, Ordering::Relaxed).wrapping_add(STEP);
        number = (number ^ (number >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        number = (number ^ (number >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        number ^ (number >> 31)
    }
}

impl Default for Random {
    fn default() -> Self {
        Self::new()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_fill_the_whole_range_below_the_bound() {
        let (random, bound) = (Random::seeded(7), Duration::from_millis(800));
        let mut quarters = [0_u32; 4];
        for _ in 0..4_000 {
            let wait = random.below(bound);
            assert!(wait < bound);
            quarters[usize::try_from(wait.as_millis() / 200).unwrap()] += 1;
        }
        assert!(quarters.iter().all(|count| (850..1_150).contains(count)), "{quarters:?}");
        assert_eq!(random.below(Duration::ZERO), Duration::ZERO);
        assert!(random.below(Duration::MAX) < Duration::MAX);
    }

    #[test]
    fn a_seed_gives_the_same_times_and_none_gives_others() {
        let waits = |random: Random| [(); 4].map(|()| random.below(Duration::from_secs(1)));
        assert_eq!(waits(Random::seeded(1)), waits(Random::seeded(1)));
        assert_ne!(waits(Random::seeded(1)), waits(Random::seeded(2)));
        assert_ne!(waits(Random::new()), waits(Random::new()));
    }
}
