//! What happens at the service, in numbers.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};

use serde::Serialize;

use crate::breaker::BreakerState;
use crate::failure::FailureKind;

/// How the coordination service does, since the start of this host.
#[derive(Clone, Debug, Eq, PartialEq, Serialize)]
#[non_exhaustive]
pub struct CoordinationStatus {
    /// Whether records are sent to a service.
    pub enabled: bool,
    /// Where they are sent; none = nowhere.
    pub base_url: Option<String>,
    /// Whether requests go out.
    pub breaker: BreakerState,
    /// Requests that went out, repeated ones included.
    pub requests: u64,
    /// Those of them that repeated an earlier one.
    pub retries: u64,
    /// Requests that are under way now.
    pub in_flight: u64,
    /// Records that were answered by the request of an equal one.
    pub shared: u64,
    /// Records, or terms of records, that were not answered, by code.
    pub failures: BTreeMap<&'static str, u64>,
    /// Records that were answered from the cache.
    pub cache_hits: u64,
    /// Records for which the cache had nothing that is new enough.
    pub cache_misses: u64,
    /// Records for which an older answer stood in.
    pub cache_stale: u64,
    /// Answers that are kept.
    pub cache_entries: u64,
    /// Bytes that they take.
    pub cache_bytes: u64,
}

/// What is counted.
#[derive(Debug, Default)]
pub(super) struct Counters {
    pub(super) requests: Count,
    pub(super) retries: Count,
    pub(super) in_flight: Count,
    pub(super) shared: Count,
    pub(super) hits: Count,
    pub(super) misses: Count,
    pub(super) stale: Count,
    failures: Mutex<BTreeMap<&'static str, u64>>,
}

/// A number that grows.
#[derive(Debug, Default)]
pub(super) struct Count(AtomicU64);

/// A request that is under way until this is dropped.
#[derive(Debug)]
pub(super) struct UnderWay<'c>(&'c Counters);

impl Count {
    pub(super) fn add(&self, more: u64) {
        self.0.fetch_add(more, Ordering::Relaxed);
    }

    pub(super) fn get(&self) -> u64 {
        self.0.load(Ordering::Relaxed)
    }
}

impl Counters {
    /// Counts a request that goes out.
    pub(super) fn request(&self) -> UnderWay<'_> {
        self.requests.add(1);
        self.in_flight.add(1);
        UnderWay(self)
    }

    /// Counts something that was not answered.
    pub(super) fn failure(&self, kind: FailureKind) {
        *self.failures.lock().unwrap_or_else(PoisonError::into_inner).entry(kind.code()).or_default() += 1;
    }

    /// What was not answered; all codes are there.
    pub(super) fn failures(&self) -> BTreeMap<&'static str, u64> {
        let mut failures: BTreeMap<_, _> = FailureKind::ALL.map(|kind| (kind.code(), 0)).into();
        failures.extend(self.failures.lock().unwrap_or_else(PoisonError::into_inner).iter());
        failures
    }
}

impl Drop for UnderWay<'_> {
    fn drop(&mut self) {
        self.0.in_flight.0.fetch_sub(1, Ordering::Relaxed);
    }
}
