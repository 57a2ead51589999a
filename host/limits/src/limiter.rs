//! A bucket for each key.

use std::borrow::Cow;
use std::collections::hash_map::RandomState;
use std::hash::BuildHasher;
use std::num::NonZeroUsize;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use hashbrown::HashTable;

use crate::bucket::{Bucket, Decision};
use crate::rate::Rate;

/// The buckets that a limiter has at most, unless it is made with another number.
pub const DEFAULT_MAX_BUCKETS: NonZeroUsize = NonZeroUsize::new(100_000).unwrap();

/// The parts of a limiter that have a lock each.
const SHARDS: usize = 32;
/// The longest key that is kept as it is, in bytes. Longer ones are kept as their beginning and a hash.
const LONGEST_KEY: usize = 255;
/// The fewest new buckets after which a shard drops those that are full again.
const FIRST_SWEEP: usize = 64;
/// Of so many buckets, one makes way where there are too many.
const CANDIDATES: usize = 8;

/// A bucket for each key: see [the crate](crate).
///
/// The limiter has 32 parts with a lock each. A call holds those of its keys, for about a microsecond; seldom longer, while the part drops
/// the buckets that are full again.
///
/// # Limits
/// A bucket takes less than 1 KiB, and one that is full again is soon dropped. Where there are more than the limiter may have, one of those
/// with the most tokens makes way; its key then begins with a full bucket.
#[derive(Debug)]
pub struct RateLimiter {
    shards: [Mutex<Shard>; SHARDS],
    hasher: RandomState,
    max_in_shard: usize,
    allowed: AtomicU64,
    refused: AtomicU64,
    dropped: AtomicU64,
}

#[derive(Debug, Default)]
struct Shard {
    buckets: HashTable<Kept>,
    /// The new buckets since it has dropped those that were full again.
    added: usize,
    /// The buckets that were left then.
    left: usize,
}

#[derive(Debug)]
struct Kept {
    key: Box<str>,
    hash: u64,
    bucket: Bucket,
}

/// A key as it is kept, and its hash.
struct Hashed<'k> {
    text: Cow<'k, str>,
    hash: u64,
}

/// One of several things that must all be allowed.
#[derive(Clone, Copy, Debug)]
pub struct Ask<'a> {
    /// The key of its bucket.
    pub key: &'a str,
    /// The rate of that bucket.
    pub rate: Rate,
    /// The tokens that it costs.
    pub cost: u64,
}

/// It would happen too often.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
#[error("`{key}` allows {} in {:?}, and these are used up; try again in {:?}", rate.capacity(), rate.window(), decision.retry_after)]
#[non_exhaustive]
pub struct RateLimited {
    /// The key of the bucket without enough tokens: its beginning, if it is long.
    pub key: String,
    /// The rate of the bucket.
    pub rate: Rate,
    /// When it may happen.
    pub decision: Decision,
}

/// What a limiter has done, and has.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub struct LimiterStats {
    /// The buckets that there are. Those that are full again count until they are dropped.
    pub buckets: usize,
    /// How often something was allowed.
    pub allowed: u64,
    /// How often something was refused.
    pub refused: u64,
    /// Buckets that had to make way for others although they were not full.
    pub dropped: u64,
}

/// What one bucket has.
#[derive(Clone, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub struct BucketStatus {
    /// Its key: the beginning and a hash, if it is long.
    pub key: String,
    /// Its rate.
    pub rate: Rate,
    /// Its whole tokens.
    pub remaining: u64,
    /// After how long it is full.
    pub full_after: Duration,
}

impl Default for RateLimiter {
    fn default() -> Self {
        Self::new(DEFAULT_MAX_BUCKETS)
    }
}

impl RateLimiter {
    /// A limiter with at most about so many buckets.
    #[must_use]
    pub fn new(max_buckets: NonZeroUsize) -> Self {
        Self {
            shards: Default::default(),
            hasher: RandomState::new(),
            max_in_shard: max_buckets.get().div_ceil(SHARDS),
            allowed: AtomicU64::new(0),
            refused: AtomicU64::new(0),
            dropped: AtomicU64::new(0),
        }
    }

    /// Takes as many tokens as something costs out of the bucket of a key, if there are as many.
    ///
    /// What costs more than the capacity takes all of it: it waits for a full bucket, and is not refused for ever.
    pub fn check(&self, key: &str, rate: Rate, cost: u64, now: Instant) -> Decision {
        let key = self.hashed(key);
        let mut shard = self.shard(&key);
        self.make_way(&mut shard, [&key], now);
        let decision = self.bucket(&mut shard, &key, rate, now).take(cost);
        self.count(decision.allowed);
        decision
    }

    /// Like [`RateLimiter::check`], for `?`.
    ///
    /// # Errors
    /// When there are not enough tokens.
    pub fn check_or_err(&self, key: &str, rate: Rate, cost: u64, now: Instant) -> Result<Decision, RateLimited> {
        match self.check(key, rate, cost, now) {
            decision if decision.allowed => Ok(decision),
            decision => Err(RateLimited { key: self.shortened(key).into_owned(), rate, decision }),
        }
    }

    /// Takes tokens out of several buckets, or out of none of them. Returns what each has then.
    ///
    /// # Errors
    /// With the first bucket that has not enough tokens.
    ///
    /// ```
    /// use std::num::NonZeroU64;
    /// use std::time::Instant;
    ///
    /// use jurat_limits::{Ask, Rate, RateLimited, RateLimiter};
    ///
    /// /// Each tenant may be asked 600 times a minute, and each user 60 times.
    /// fn may_ask(limiter: &RateLimiter, tenant: &str, user: &str) -> Result<(), RateLimited> {
    ///     let per_minute = |count| Rate::per_minute(NonZeroU64::new(count).unwrap_or(NonZeroU64::MIN));
    ///     let (tenant, user) = (format!("tenant/{tenant}"), format!("user/{user}"));
    ///     let asks = [
    ///         Ask { key: &tenant, rate: per_minute(600), cost: 1 },
    ///         Ask { key: &user, rate: per_minute(60), cost: 1 },
    ///     ];
    ///     limiter.check_all(&asks, Instant::now()).map(|_| ())
    /// }
    /// # let limiter = RateLimiter::default();
    /// # assert!((0..60).all(|_| may_ask(&limiter, "loans", "ann").is_ok()));
    /// # assert_eq!(may_ask(&limiter, "loans", "ann").unwrap_err().key, "user/ann");
    /// # assert!(may_ask(&limiter, "loans", "bob").is_ok());
    /// ```
    pub fn check_all(&self, asks: &[Ask<'_>], now: Instant) -> Result<Vec<Decision>, RateLimited> {
        let keys: Vec<_> = asks.iter().map(|ask| self.hashed(ask.key)).collect();
        // Always in the same order, so that no two calls wait for each other.
        let mut order: Vec<_> = keys.iter().map(Hashed::shard).collect();
        order.sort_unstable();
        order.dedup();
        let mut locked: Vec<_> = order.iter().filter_map(|index| self.shards.get(*index).map(lock)).collect();
        // Before anything is charged: no bucket makes way for another one of the same call.
        for (shard, index) in locked.iter_mut().zip(&order) {
            self.make_way(shard, keys.iter().filter(|key| key.shard() == *index), now);
        }
        let mut bucket = |position: usize, act: &mut dyn FnMut(&mut Bucket) -> Decision| {
            let key = keys.get(position)?;
            let shard = locked.get_mut(order.binary_search(&key.shard()).ok()?)?;
            let rate = asks.get(position)?.rate;
            Some(act(self.bucket(shard, key, rate, now)))
        };
        let mut decisions = Vec::with_capacity(asks.len());
        for (position, ask) in asks.iter().enumerate() {
            let Some(decision) = bucket(position, &mut |bucket| bucket.take(ask.cost)) else { continue };
            if decision.allowed {
                decisions.push(decision);
                continue;
            }
            for (taken, ask) in asks.iter().enumerate().take(position) {
                bucket(taken, &mut |bucket| {
                    bucket.give_back(ask.cost);
                    bucket.decision()
                });
            }
            self.count(false);
            return Err(RateLimited { key: self.shortened(ask.key).into_owned(), rate: ask.rate, decision });
        }
        self.count(true);
        Ok(decisions)
    }

    /// The whole tokens that the bucket of a key has.
    #[must_use]
    pub fn remaining(&self, key: &str, rate: Rate, now: Instant) -> u64 {
        let key = self.hashed(key);
        let bucket = self.shard(&key).get(&key).cloned();
        bucket.map_or(rate.capacity().get(), |mut bucket| {
            bucket.refill(rate, now);
            bucket.decision().remaining
        })
    }

    /// Fills the bucket of a key. Whether there was one.
    pub fn reset(&self, key: &str) -> bool {
        let key = self.hashed(key);
        let mut shard = self.shard(&key);
        shard.buckets.find_entry(key.hash, |kept| *kept.key == *key.text).map(|entry| entry.remove()).is_ok()
    }

    /// Fills all buckets. How many there were.
    pub fn reset_all(&self) -> usize {
        self.shards.iter().map(|shard| std::mem::take(&mut lock(shard).buckets).len()).sum()
    }

    /// Drops the buckets that are full again. A limiter also does this by itself when it has many.
    pub fn sweep(&self, now: Instant) {
        self.shards.iter().for_each(|shard| lock(shard).sweep(now));
    }

    /// What the limiter has done, and has.
    #[must_use]
    pub fn stats(&self) -> LimiterStats {
        LimiterStats {
            buckets: self.shards.iter().map(|shard| lock(shard).buckets.len()).sum(),
            allowed: self.allowed.load(Ordering::Relaxed),
            refused: self.refused.load(Ordering::Relaxed),
            dropped: self.dropped.load(Ordering::Relaxed),
        }
    }

    /// What each bucket has that is not full, in no order.
    #[must_use]
    pub fn buckets(&self, now: Instant) -> Vec<BucketStatus> {
        let mut found = Vec::new();
        for shard in &self.shards {
            for Kept { key, bucket, .. } in &lock(shard).buckets {
                let mut bucket = bucket.clone();
                bucket.refill(bucket.rate, now);
                if !bucket.is_full() {
                    let Decision { remaining, full_after, .. } = bucket.decision();
                    found.push(BucketStatus { key: key.to_string(), rate: bucket.rate, remaining, full_after });
                }
            }
        }
        found
    }

    /// Makes way for the buckets of these keys, which are all in this shard.
    fn make_way<'k>(&self, shard: &mut Shard, keys: impl IntoIterator<Item = &'k Hashed<'k>>, now: Instant) {
        let new = keys.into_iter().filter(|key| shard.get(key).is_none()).count();
        let dropped = if new == 0 { 0 } else { shard.make_way(new, self.max_in_shard, now) };
        self.dropped.fetch_add(dropped, Ordering::Relaxed);
    }

    /// The bucket of a key, with the tokens that have come back.
    fn bucket<'s>(&self, shard: &'s mut Shard, key: &Hashed<'_>, rate: Rate, now: Instant) -> &'s mut Bucket {
        let entry = shard.buckets.entry(key.hash, |kept| *kept.key == *key.text, |kept| kept.hash);
        let new = || Kept { key: key.text.as_ref().into(), hash: key.hash, bucket: Bucket::full(rate, now) };
        let bucket = &mut entry.or_insert_with(new).into_mut().bucket;
        bucket.refill(rate, now);
        bucket
    }

    fn hashed<'k>(&self, key: &'k str) -> Hashed<'k> {
        let text = self.shortened(key);
        Hashed { hash: self.hasher.hash_one(&*text), text }
    }

    /// A key as it is kept.
    fn shortened<'k>(&self, key: &'k str) -> Cow<'k, str> {
        if key.len() <= LONGEST_KEY {
            return key.into();
        }
        // 64 bits of a hash that nobody outside can compute are enough to tell long keys apart.
        let hash = format!("...{:016x}", self.hasher.hash_one(key));
        let beginning = key.get(..key.floor_char_boundary(LONGEST_KEY - hash.len())).unwrap_or_default();
        format!("{beginning}{hash}").into()
    }

    fn shard(&self, key: &Hashed<'_>) -> MutexGuard<'_, Shard> {
        match self.shards.get(key.shard()) {
            Some(shard) => lock(shard),
            None => unreachable!("it is less than the number of shards"),
        }
    }

    fn count(&self, allowed: bool) {
        let counter = if allowed { &self.allowed } else { &self.refused };
        counter.fetch_add(1, Ordering::Relaxed);
    }
}

impl Hashed<'_> {
    fn shard(&self) -> usize {
        // The tables of the shards use the highest and the lowest bits.
        (self.hash >> 32) as usize % SHARDS
    }
}

impl Shard {
    fn get(&self, key: &Hashed<'_>) -> Option<&Bucket> {
        self.buckets.find(key.hash, |kept| *kept.key == *key.text).map(|kept| &kept.bucket)
    }

    /// Makes way for new buckets. Gives how many were dropped that were not full.
    fn make_way(&mut self, new: usize, most: usize, now: Instant) -> u64 {
        self.added += new;
        // Each bucket is looked at about once for each new one.
        if self.added >= self.left.max(FIRST_SWEEP) {
            self.sweep(now);
        }
        let beyond = (self.buckets.len() + new).saturating_sub(most).min(self.buckets.len());
        (0..beyond).for_each(|_| self.drop_one(now));
        beyond as u64
    }

    /// Drops the fullest of a few buckets.
    fn drop_one(&mut self, now: Instant) {
        // Which ones come first differs from process to process.
        let candidates = self.buckets.iter_mut().take(CANDIDATES).map(|kept| {
            kept.bucket.refill(kept.bucket.rate, now);
            (kept.bucket.missing_share(), kept.hash)
        });
        let fullest = candidates.min_by(|(one, _), (other, _)| one.total_cmp(other));
        if let Some((_, hash)) = fullest
            && let Ok(entry) = self.buckets.find_entry(hash, |kept| kept.hash == hash)
        {
            entry.remove();
        }
    }

    fn sweep(&mut self, now: Instant) {
        self.buckets.retain(|kept| {
            kept.bucket.refill(kept.bucket.rate, now);
            !kept.bucket.is_full()
        });
        (self.added, self.left) = (0, self.buckets.len());
    }
}

fn lock(shard: &Mutex<Shard>) -> MutexGuard<'_, Shard> {
    shard.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests;
