//! Counters of the service.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};

use crate::fetch_failure::FetchFailureKind;

/// The counters of one service.
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

/// A counter.
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

    /// Counts a failure.
    pub(super) fn failure(&self, kind: FetchFailureKind) {
        *self.failures.lock().unwrap_or_else(PoisonError::into_inner).entry(kind.code()).or_default() += 1;
    }

    /// The failures by code, with all codes.
    pub(super) fn failures(&self) -> BTreeMap<&'static str, u64> {
        let mut failures: BTreeMap<_, _> = FetchFailureKind::ALL.map(|kind| (kind.code(), 0)).into();
        failures.extend(self.failures.lock().unwrap_or_else(PoisonError::into_inner).iter());
        failures
    }
}

impl Drop for UnderWay<'_> {
    fn drop(&mut self) {
        self.0.in_flight.0.fetch_sub(1, Ordering::Relaxed);
    }
}
