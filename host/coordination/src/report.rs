//! What is told of a coordination service: its status, and each retry.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use serde::Serialize;

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

/// Whether requests go out to the service.
#[derive(Clone, Copy, Debug, Eq, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum BreakerState {
    /// There is no breaker, or no service: it is switched off.
    Off,
    /// All do.
    Closed,
    /// None does.
    Open,
    /// One does, as a probe.
    HalfOpen,
}

/// A request that is going to be repeated.
#[derive(Clone, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub struct Retry {
    /// The attempt that has failed, counted from 1.
    pub attempt: u32,
    /// How many attempts there can be.
    pub attempts: u32,
    /// How long it takes until the next one.
    pub delay: Duration,
    /// The code that the record would have got, were this the last attempt.
    pub code: &'static str,
    /// Why the attempt has failed, for people.
    pub reason: Arc<str>,
    /// How many records the request is about.
    pub records: usize,
}

/// Who is told of each retry. It must not block.
pub type OnRetry = Arc<dyn Fn(&Retry) + Send + Sync>;
