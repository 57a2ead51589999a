//! How often something is tried, and how long the pauses are.

use std::num::NonZeroU32;
use std::time::Duration;

use crate::random::Random;

/// How often something is tried, and how long the pauses are: exponential back-off, with full jitter unless it is turned off.
///
/// The pause after an attempt is a random time below a bound. The bound is `base_delay` after the first attempt, grows by
/// `exponential_base` with each further one, and never exceeds `max_delay`.
///
/// By default there are 3 attempts, with pauses below 0.5 s and 1 s.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct RetryPolicy {
    /// The most attempts, the first one included.
    pub max_attempts: NonZeroU32,
    /// The bound of the first pause.
    pub base_delay: Duration,
    /// The largest bound. Only a pause that somebody else asks for may be longer: see [`Again::After`].
    pub max_delay: Duration,
    /// By what the bound grows with each attempt.
    pub exponential_base: NonZeroU32,
    /// How pauses are spread.
    pub jitter: Jitter,
}

/// How pauses are spread.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub enum Jitter {
    /// Each is a random time below its bound, so that many clients do not try again at once.
    #[default]
    Full,
    /// Each is as long as its bound.
    None,
}

/// Whether something that failed should be tried again.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Again {
    /// It would fail again.
    No,
    /// After a pause.
    Yes,
    /// After a pause of at least this time: whoever refused it has asked for that.
    After(Duration),
}

const TWO: NonZeroU32 = NonZeroU32::new(2).unwrap();
const THREE: NonZeroU32 = NonZeroU32::new(3).unwrap();
const FIVE: NonZeroU32 = NonZeroU32::new(5).unwrap();

impl RetryPolicy {
    /// Five attempts, with pauses below 0.2 s at first, and at most 10 s.
    pub const AGGRESSIVE: Self = Self::doubling(FIVE, Duration::from_millis(200), Duration::from_secs(10));
    /// Three attempts, with pauses below 1 s at first, and at most 5 s.
    pub const CONSERVATIVE: Self = Self::doubling(THREE, Duration::from_secs(1), Duration::from_secs(5));
    /// Two attempts, with a pause below 0.1 s, and at most 1 s.
    pub const QUICK: Self = Self::doubling(TWO, Duration::from_millis(100), Duration::from_secs(1));
    /// Three attempts, with pauses below 0.5 s at first, and at most 5 s.
    pub const DEFAULT: Self = Self::doubling(THREE, Duration::from_millis(500), Duration::from_secs(5));

    /// A policy whose bound doubles.
    #[must_use]
    pub const fn doubling(max_attempts: NonZeroU32, base_delay: Duration, max_delay: Duration) -> Self {
        Self { max_attempts, base_delay, max_delay, exponential_base: TWO, jitter: Jitter::Full }
    }

    /// The longest pause after the attempt with this number, counted from 1.
    #[must_use]
    pub fn bound(&self, attempt: u32) -> Duration {
        let factor = u128::from(self.exponential_base.get()).saturating_pow(attempt.saturating_sub(1));
        let nanos = self.base_delay.as_nanos().saturating_mul(factor);
        if nanos < self.max_delay.as_nanos() { Duration::from_nanos_u128(nanos) } else { self.max_delay }
    }

    /// The pause after the attempt with this number, counted from 1; none if there is no further one.
    #[must_use]
    pub fn pause(&self, again: Again, attempt: u32, random: &Random) -> Option<Duration> {
        if attempt >= self.max_attempts.get() {
            return None;
        }
        let bound = self.bound(attempt);
        let pause = match self.jitter {
            Jitter::Full => random.below(bound),
            Jitter::None => bound,
        };
        match again {
            Again::No => None,
            Again::Yes => Some(pause),
            Again::After(least) => Some(pause.max(least)),
        }
    }
}

impl Default for RetryPolicy {
    fn default() -> Self {
        Self::DEFAULT
    }
}

impl From<bool> for Again {
    fn from(is_transient: bool) -> Self {
        if is_transient { Self::Yes } else { Self::No }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn attempts(number: u32) -> NonZeroU32 {
        NonZeroU32::new(number).unwrap()
    }

    #[test]
    fn the_bound_grows_up_to_the_largest() {
        let bounds =
            |policy: RetryPolicy| [1, 2, 3, 4, 5, 6, 1_000, u32::MAX].map(|attempt| policy.bound(attempt).as_millis());
        assert_eq!(bounds(RetryPolicy::DEFAULT), [500, 1_000, 2_000, 4_000, 5_000, 5_000, 5_000, 5_000]);
        let tenfold = RetryPolicy { exponential_base: attempts(10), ..RetryPolicy::AGGRESSIVE };
        assert_eq!(bounds(tenfold), [200, 2_000, 10_000, 10_000, 10_000, 10_000, 10_000, 10_000]);
        let steady = RetryPolicy { exponential_base: NonZeroU32::MIN, ..RetryPolicy::DEFAULT };
        assert_eq!(bounds(steady), [500; 8]);
        let none = RetryPolicy { base_delay: Duration::ZERO, ..RetryPolicy::DEFAULT };
        assert_eq!(bounds(none), [0; 8]);
        // A factor beyond 32 bits is exact, too.
        let tiny = RetryPolicy { base_delay: Duration::from_nanos(1), ..RetryPolicy::DEFAULT };
        assert_eq!([32, 33, 34].map(|attempt| tiny.bound(attempt).as_nanos()), [1 << 31, 1 << 32, 5_000_000_000]);
    }

    #[test]
    fn a_pause_is_as_long_as_somebody_asks_for_at_least() {
        let (random, policy) = (Random::seeded(1), RetryPolicy { jitter: Jitter::None, ..RetryPolicy::DEFAULT });
        let pause = |again, attempt| policy.pause(again, attempt, &random).map(|pause| pause.as_millis());
        assert_eq!((pause(Again::Yes, 1), pause(Again::Yes, 2), pause(Again::Yes, 3)), (Some(500), Some(1_000), None));
        assert_eq!(pause(Again::After(Duration::from_secs(60)), 1), Some(60_000));
        assert_eq!(pause(Again::After(Duration::from_millis(1)), 1), Some(500));
        assert_eq!((pause(Again::No, 1), pause(true.into(), 1), pause(false.into(), 1)), (None, Some(500), None));
    }

    /// Any policy at all.
    fn policies() -> impl Strategy<Value = RetryPolicy> {
        let numbers = (1_u32.., 1_u32..);
        (numbers, any::<[Duration; 2]>(), any::<bool>()).prop_map(|((most, exponential), [base, max], full)| {
            RetryPolicy {
                max_attempts: attempts(most),
                base_delay: base,
                max_delay: max,
                exponential_base: attempts(exponential),
                jitter: if full { Jitter::Full } else { Jitter::None },
            }
        })
    }

    proptest! {
        #[test]
        fn no_pause_is_longer_than_the_largest_bound(policy in policies(), attempt: u32, seed: u64) {
            let pause = policy.pause(Again::Yes, attempt, &Random::seeded(seed));
            prop_assert_eq!(pause.is_some(), attempt < policy.max_attempts.get());
            prop_assert!(pause.is_none_or(|pause| pause <= policy.max_delay && pause <= policy.bound(attempt)));
        }

        #[test]
        fn a_pause_is_longer_only_if_somebody_asks_for_that(policy in policies(), attempt: u32, seed: u64, least: Duration) {
            let pause = |again| policy.pause(again, attempt, &Random::seeded(seed));
            prop_assert_eq!(pause(Again::After(least)), pause(Again::Yes).map(|pause| pause.max(least)));
            prop_assert_eq!(pause(Again::No), None);
        }

        #[test]
        fn a_bound_is_no_shorter_than_the_one_before(policy in policies(), attempt in 1_u32..u32::MAX) {
            prop_assert!(policy.bound(attempt) <= policy.bound(attempt + 1));
            prop_assert_eq!(policy.bound(1), policy.base_delay.min(policy.max_delay));
        }
    }
}
