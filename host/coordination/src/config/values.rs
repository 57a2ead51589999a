//! What the configuration says, and what it says where it says nothing.

use std::collections::BTreeMap;
use std::num::{NonZeroU32, NonZeroUsize};
use std::time::Duration;

use jurat_http::Backoff;
use jurat_http::HostPattern;
use jurat_http::header::HeaderMap;
use jurat_model::{Bytes, Secret};
use url::Url;

use super::policy::Policy;
use crate::breaker::BreakerSettings;

/// How the coordination service is asked.
///
/// # Defaults
/// `config/coordination-service-config.yaml` says what everything is and means; a test holds both together.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Config {
    /// Where records are sent; none = nowhere.
    pub(crate) base_url: Option<Url>,
    /// The longest time of one attempt: 5 s.
    pub(crate) timeout: Duration,
    /// The longest time for a record from when it gets its place, attempts and pauses between them together: twice the time-out.
    pub(crate) deadline: Duration,
    /// Attempts for each record: 3.
    pub(crate) attempts: NonZeroU32,
    /// The pauses between them.
    pub(crate) backoff: Backoff,
    /// When the service is left alone; none = never.
    pub(crate) breaker: Option<BreakerSettings>,
    /// Which answers are kept.
    pub(crate) cache: CacheSettings,
    /// Requests that are under way at a time, pauses between attempts included: 16. A single call has half of them.
    pub(crate) concurrency: NonZeroU32,
    /// How many records at most are asked for in one request; none = each has a request of its own.
    pub(crate) bulk: Option<NonZeroUsize>,
    /// The longest answer: 8 MiB.
    pub(crate) max_response: Bytes,
    /// Headers of every request. Their values are marked as sensitive.
    pub(crate) headers: HeaderMap,
}

/// Which answers are kept.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) struct CacheSettings {
    /// How many: 10,000.
    pub(crate) entries: NonZeroUsize,
    /// How many bytes together: 64 MiB.
    pub(crate) bytes: Bytes,
    /// For how long they are as good as new ones: 0 s.
    pub(crate) fresh: Duration,
    /// For how long after that they may stand in while the service is down: 0 s.
    pub(crate) stale: Duration,
}

/// What a configuration may say.
#[derive(Clone, Copy, Debug)]
pub struct Permitted<'a> {
    /// Where records may be sent: `coordination_hosts` of the local configuration.
    pub hosts: &'a [HostPattern],
    /// Where the signed release says that they are sent; used where the file names nothing else.
    pub signed_base_url: Option<&'a Url>,
    /// The values for headers, by the names under which they can be asked for.
    pub secrets: &'a BTreeMap<String, Secret>,
}

impl Default for Config {
    fn default() -> Self {
        const CONCURRENCY: NonZeroU32 = NonZeroU32::new(16).unwrap();
        const ENTRIES: NonZeroUsize = NonZeroUsize::new(10_000).unwrap();
        let (attempts, backoff) = Policy::Default.values();
        Self {
            base_url: None,
            timeout: Duration::from_secs(5),
            deadline: Duration::from_secs(10),
            attempts,
            backoff,
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
    /// How long an answer is kept; nothing is kept where that is no time.
    pub(crate) fn kept(&self) -> Duration {
        self.fresh.saturating_add(self.stale)
    }
}
