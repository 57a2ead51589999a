//! Reports about a coordination service: its status, and each retry.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use serde::Serialize;

/// The status of the coordination service, since the start of this host.
#[derive(Clone, Debug, Eq, PartialEq, Serialize)]
#[non_exhaustive]
pub struct CoordinationStatus {
    /// Whether records are sent to a service.
    pub enabled: bool,
    /// The URL that they are sent to; none = no service.
    pub base_url: Option<String>,
    /// The state of the breaker.
    pub breaker: BreakerState,
    /// Requests that went out, repeated ones included.
    pub requests: u64,
    /// Requests that repeated an earlier one.
    pub retries: u64,
    /// Requests that are under way now.
    pub in_flight: u64,
    /// Records that shared the request of an equal one.
    pub shared: u64,
    /// Records, or terms of records, that were not answered, by code.
    pub failures: BTreeMap<&'static str, u64>,
    /// Records that were answered from the cache.
    pub cache_hits: u64,
    /// Records for which the cache had no fresh answer.
    pub cache_misses: u64,
    /// Records that got a stale answer.
    pub cache_stale: u64,
    /// Answers in the cache.
    pub cache_entries: u64,
    /// Their size in bytes.
    pub cache_bytes: u64,
}

/// Whether requests go out to the service.
#[derive(Clone, Copy, Debug, Eq, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum BreakerState {
    /// The breaker is disabled, or no service is configured.
    Off,
    /// All requests go out.
    Closed,
    /// No request goes out.
    Open,
    /// One request goes out, as a probe.
    HalfOpen,
}

/// A request that will be repeated.
#[derive(Clone, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub struct Retry {
    /// The attempt that has failed, counted from 1.
    pub attempt: u32,
    /// The most attempts.
    pub attempts: u32,
    /// The pause before the next attempt.
    pub delay: Duration,
    /// The code of the failure, if this were the last attempt.
    pub code: &'static str,
    /// Why the attempt has failed, for people.
    pub reason: Arc<str>,
    /// The number of records in the request.
    pub records: usize,
}

/// A change of the breaker's state.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub struct BreakerChange {
    /// The state before.
    pub from: BreakerState,
    /// The state from now on.
    pub to: BreakerState,
}

/// Something that happened between the client and its service.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub enum CoordinationEvent<'a> {
    /// A request is going to be repeated.
    Retry(&'a Retry),
    /// The breaker has changed its state.
    Breaker(BreakerChange),
}

/// A callback for events. It must not block.
pub type OnEvent = Arc<dyn Fn(CoordinationEvent<'_>) + Send + Sync>;
