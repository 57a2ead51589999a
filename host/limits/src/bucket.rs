//! One token bucket, in whole numbers: nothing is ever rounded in favor of one side.

use std::time::{Duration, Instant};

use crate::rate::Rate;

/// Whether something may happen, and when the next may.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub struct Decision {
    /// Whether it may happen. If so, it was charged.
    pub allowed: bool,
    /// The whole tokens that are left.
    pub remaining: u64,
    /// After how long the same may happen, if nothing else does; zero if it may now.
    pub retry_after: Duration,
    /// After how long the bucket is full, if nothing else happens.
    pub full_after: Duration,
}

/// A token bucket.
#[derive(Clone, Debug)]
pub(crate) struct Bucket {
    pub(crate) rate: Rate,
    /// What is missing until it is full, in tokens times the nanoseconds of the window. In each nanosecond, as much comes back as the
    /// capacity has tokens.
    missing: u128,
    /// When that was so.
    at: Instant,
}

impl Bucket {
    pub(crate) fn full(rate: Rate, now: Instant) -> Self {
        Self { rate, missing: 0, at: now }
    }

    /// Lets the tokens come back that are due, at the rate that holds from now on. A clock that was set back adds none, and takes none.
    pub(crate) fn refill(&mut self, rate: Rate, now: Instant) {
        let elapsed = now.saturating_duration_since(self.at).as_nanos();
        self.missing = self.missing.saturating_sub(elapsed.saturating_mul(capacity(self.rate)));
        self.at = self.at.max(now);
        if rate != self.rate {
            // The tokens that were taken stay taken, as far as the new bucket has them.
            let taken = self.missing.div_ceil(window(self.rate));
            self.missing = taken.min(capacity(rate)) * window(rate);
            self.rate = rate;
        }
    }

    /// Takes tokens, if there are as many. What costs more than the bucket can hold takes all that it can hold.
    pub(crate) fn take(&mut self, cost: u64) -> Decision {
        let (cost, room) = (self.cost(cost), self.size() - self.missing);
        let allowed = cost <= room;
        if allowed {
            self.missing += cost;
        }
        Decision { allowed, retry_after: self.time(cost.saturating_sub(room)), ..self.decision() }
    }

    /// Gives tokens back that were just taken.
    pub(crate) fn give_back(&mut self, cost: u64) {
        self.missing = self.missing.saturating_sub(self.cost(cost));
    }

    /// What the bucket has, without a change.
    pub(crate) fn decision(&self) -> Decision {
        let remaining = (self.size() - self.missing) / window(self.rate);
        Decision {
            allowed: remaining > 0,
            // No more than the capacity, which is a `u64`.
            remaining: u64::try_from(remaining).unwrap_or(u64::MAX),
            retry_after: Duration::ZERO,
            full_after: self.time(self.missing),
        }
    }

    /// Which part of its tokens is missing, to compare buckets.
    #[expect(clippy::cast_precision_loss, reason = "it only compares")]
    pub(crate) fn missing_share(&self) -> f64 {
        self.missing as f64 / self.size() as f64
    }

    pub(crate) fn is_full(&self) -> bool {
        self.missing == 0
    }

    fn size(&self) -> u128 {
        capacity(self.rate) * window(self.rate)
    }

    fn cost(&self, tokens: u64) -> u128 {
        u128::from(tokens.min(self.rate.capacity().get())) * window(self.rate)
    }

    /// How long it takes until this much has come back.
    fn time(&self, missing: u128) -> Duration {
        // No longer than the window, which is a `u64`.
        Duration::from_nanos(u64::try_from(missing.div_ceil(capacity(self.rate))).unwrap_or(u64::MAX))
    }
}

fn capacity(rate: Rate) -> u128 {
    rate.capacity().get().into()
}

fn window(rate: Rate) -> u128 {
    rate.window_nanos().get().into()
}

#[cfg(test)]
mod tests {
    use std::num::NonZeroU64;

    use super::*;

    fn rate(capacity: u64, seconds: u64) -> Rate {
        Rate::new(NonZeroU64::new(capacity).unwrap(), Duration::from_secs(seconds)).unwrap()
    }

    #[test]
    fn tokens_come_back_evenly() {
        let (rate, now) = (rate(3, 60), Instant::now());
        let mut bucket = Bucket::full(rate, now);
        assert_eq!([3, 2, 1].map(|left| bucket.take(1).remaining + 1 == left), [true; 3]);
        let refused = bucket.take(1);
        assert_eq!((refused.allowed, refused.retry_after.as_secs()), (false, 20));
        assert_eq!(refused.full_after.as_secs(), 60);
        bucket.refill(rate, now + Duration::from_nanos(19_999_999_999));
        assert!(!bucket.take(1).allowed);
        bucket.refill(rate, now + Duration::from_secs(20));
        assert!(bucket.take(1).allowed && !bucket.take(1).allowed);
        bucket.refill(rate, now + Duration::from_secs(3_600));
        assert!(bucket.is_full() && bucket.decision().remaining == 3);
    }

    #[test]
    fn what_costs_more_than_a_bucket_holds_takes_all_of_it() {
        let (rate, now) = (rate(10, 10), Instant::now());
        let mut bucket = Bucket::full(rate, now);
        assert_eq!(bucket.take(11).remaining, 0);
        let refused = bucket.take(u64::MAX);
        assert_eq!((refused.allowed, refused.retry_after.as_secs()), (false, 10));
        bucket.refill(rate, now + Duration::from_secs(10));
        assert!(bucket.take(u64::MAX).allowed);
    }

    #[test]
    fn what_costs_nothing_always_may_happen() {
        let mut bucket = Bucket::full(rate(1, 1), Instant::now());
        bucket.take(1);
        assert!(bucket.take(0).allowed);
    }

    #[test]
    fn another_rate_keeps_what_was_taken() {
        let now = Instant::now();
        let mut bucket = Bucket::full(rate(10, 60), now);
        bucket.take(8);
        bucket.refill(rate(20, 30), now);
        assert_eq!(bucket.decision().remaining, 12);
        bucket.refill(rate(5, 1), now);
        assert_eq!((bucket.decision().remaining, bucket.take(1).retry_after), (0, Duration::from_millis(200)));
        bucket.refill(rate(10, 1), now);
        assert_eq!(bucket.decision().remaining, 5);
    }

    #[test]
    fn the_largest_rate_does_not_overflow() {
        let rate = Rate::new(NonZeroU64::MAX, Duration::from_nanos(u64::MAX)).unwrap();
        let now = Instant::now();
        let mut bucket = Bucket::full(rate, now);
        assert!(bucket.take(u64::MAX).allowed && !bucket.take(u64::MAX).allowed);
        bucket.refill(rate, now + Duration::from_secs(1_000_000));
        assert_eq!(bucket.take(0).remaining, 1_000_000_000_000_000);
    }
}
