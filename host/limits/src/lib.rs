//! Limits on how often something may happen: a token bucket for each key.
//!
//! A bucket begins full. What happens takes tokens out of it, and they come back evenly over its window. The present is an argument of
//! each call, so that tests need not wait.
//!
//! ```
//! use std::num::NonZeroU64;
//! use std::time::{Duration, Instant};
//!
//! use jurat_limits::{Rate, RateLimiter};
//!
//! let (limiter, now) = (RateLimiter::default(), Instant::now());
//! const TWO: NonZeroU64 = NonZeroU64::MIN.saturating_add(1);
//! let rate = Rate::per_minute(TWO);
//! assert!(limiter.check("tenant/loans", rate, 1, now).allowed);
//! assert!(limiter.check("tenant/loans", rate, 1, now).allowed);
//! let third = limiter.check("tenant/loans", rate, 1, now);
//! assert!(!third.allowed && third.retry_after == Duration::from_secs(30));
//! assert!(limiter.check("tenant/loans", rate, 1, now + third.retry_after).allowed);
//! ```
#![forbid(unsafe_code)]

mod bucket;
mod limiter;
mod rate;

pub use bucket::Decision;
pub use limiter::{Ask, BucketStatus, DEFAULT_MAX_BUCKETS, LimiterStats, RateLimited, RateLimiter};
pub use rate::Rate;
