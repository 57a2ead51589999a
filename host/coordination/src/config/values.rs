//! The configuration and its defaults.

use std::collections::BTreeMap;
use std::num::{NonZeroU32, NonZeroUsize};
use std::time::Duration;

use jurat_http::HostPattern;
use jurat_http::header::HeaderMap;
use jurat_model::{Bytes, Secret};
use jurat_retry::RetryPolicy;
use url::Url;

use crate::breaker::BreakerSettings;

/// The configuration of the client of the coordination service.
///
/// # Defaults
/// `config/coordination-service-config.yaml` documents all settings; a test compares the two.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Config {
    /// The URL that records are sent to; none = no service.
    pub(crate) base_url: Option<Url>,
    /// The longest time of one attempt: 5 s.
    pub(crate) timeout: Duration,
    /// The longest time for a request from when it gets its permit, attempts and pauses together: twice the time-out.
    pub(crate) deadline: Duration,
    /// Attempts for each record, and the pauses between them: 3, as [`RetryPolicy::DEFAULT`] has them.
    pub(crate) retry: RetryPolicy,
    /// When requests are suspended; none = never.
    pub(crate) breaker: Option<BreakerSettings>,
    /// The cache of answers.
    pub(crate) cache: CacheSettings,
    /// Requests that are under way at a time, pauses between attempts included: 16. A single call gets at most half of them.
    pub(crate) concurrency: NonZeroU32,
    /// The most records in one request; none = one request for each record.
    pub(crate) bulk: Option<NonZeroUsize>,
    /// The longest answer: 8 MiB.
    pub(crate) max_response: Bytes,
    /// Headers of every request. Their values are marked as sensitive.
    pub(crate) headers: HeaderMap,
}

/// The settings of the cache of answers.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) struct CacheSettings {
    /// The most answers: 10,000.
    pub(crate) entries: NonZeroUsize,
    /// The most bytes of all answers: 64 MiB.
    pub(crate) bytes: Bytes,
    /// How long answers are fresh: 0 s.
    pub(crate) fresh: Duration,
    /// How long after that stale answers may be used while the service is down: 0 s.
    pub(crate) stale: Duration,
}

/// What a configuration may contain.
#[derive(Clone, Copy, Debug)]
pub struct Permitted<'a> {
    /// The hosts that records may be sent to: `coordination_hosts` of the local configuration.
    pub hosts: &'a [HostPattern],
    /// The URL in the signed release; used if the file names no other.
    pub signed_base_url: Option<&'a Url>,
    /// The values for headers, by name.
    pub secrets: &'a BTreeMap<String, Secret>,
}

impl Default for Config {
    fn default() -> Self {
        const CONCURRENCY: NonZeroU32 = NonZeroU32::new(16).unwrap();
        const ENTRIES: NonZeroUsize = NonZeroUsize::new(10_000).unwrap();
        Self {
            base_url: None,
            timeout: Duration::from_secs(5),
            deadline: Duration::from_secs(10),
            retry: RetryPolicy::DEFAULT,
            breaker: Some(BreakerSettings { failures: 5, open: Duration::from_secs(60) }),
            cache: CacheSettings {
                entries: ENTRIES,
                bytes: Bytes::mebi(64),
                fresh: Duration::ZERO,
                stale: Duration::ZERO,
            },
            concurrency: CONCURRENCY,
            bulk: None,
            max_response: Bytes::mebi(8),
            headers: HeaderMap::new(),
        }
    }
}

impl CacheSettings {
    /// How long an answer is kept; zero = nothing is kept.
    pub(crate) fn kept(&self) -> Duration {
        self.fresh.saturating_add(self.stale)
    }
}
