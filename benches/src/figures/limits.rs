//! Rate limits: what a check costs, alone and beside another thread.

use std::num::NonZeroU64;
use std::thread;
use std::time::Instant;

use jurat::limits::{Ask, Rate, RateLimiter};

use crate::effort::Effort;
use crate::measure::each;
use crate::report::Report;

/// Checks in each round.
const CHECKS: usize = 100_000;
/// Keys that are asked in turn.
const KEYS: usize = 1_000;

/// Adds the figures of rate limits.
pub(crate) fn measure(Effort { rounds, .. }: Effort, report: &mut Report) -> anyhow::Result<()> {
    let keys: Vec<_> = (0..KEYS).map(|key| format!("tenant-{key}/validate")).collect();
    let (limiter, rate) = (RateLimiter::default(), Rate::per_minute(NonZeroU64::MAX));
    let nanos = 1e9 / CHECKS as f64;
    let one = |limiter: &RateLimiter, from: usize| {
        for key in keys.iter().cycle().skip(from).take(CHECKS) {
            std::hint::black_box(limiter.check(key, rate, 1, Instant::now()));
        }
    };
    let alone = each(
        rounds,
        || Ok(()),
        |()| {
            one(&limiter, 0);
            Ok(())
        },
    )?;
    report.add("limit_ns", "a check of one bucket, among 1,000", alone.scaled(nanos));
    let together = each(
        rounds,
        || Ok(()),
        |()| {
            thread::scope(|scope| {
                scope.spawn(|| one(&limiter, 0));
                one(&limiter, KEYS / 2);
            });
            Ok(())
        },
    )?;
    report.add("limit_two_threads_ns", "the same in each of two threads, over the same keys", together.scaled(nanos));
    let three = each(
        rounds,
        || Ok(()),
        |()| {
            for key in keys.iter().cycle().take(CHECKS) {
                let asks = ["loans", key, "192.0.2.1"].map(|key| Ask { key, rate, cost: 1 });
                let _ = std::hint::black_box(limiter.check_all(&asks, Instant::now()));
            }
            Ok(())
        },
    )?;
    report.add("limit_three_tiers_ns", "a check of three buckets together", three.scaled(nanos));
    Ok(())
}
