//! The server of a repository, and its limits.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use jurat_http::Client;
use jurat_http::header::HeaderMap;
use jurat_retry::{Random, RetryPolicy};
use tokio::runtime::Handle;
use url::Url;

use super::known::Known;
use super::pace::Slowest;

/// A repository below a URL. Cheap to clone.
///
/// It requests files uncompressed, within [`RemoteLimits`] and the cap of the caller. It follows three redirects within the
/// origin of the repository, and retries after temporary failures.
///
/// # Limits
/// Its files are not verified: the caller does that.
#[derive(Clone, Debug)]
pub(crate) struct Remote(pub(super) Arc<Inner>);

#[derive(Debug)]
pub(super) struct Inner {
    pub(super) base: Url,
    pub(super) client: Client,
    /// The headers of the settings: their values are marked as sensitive, and not printed.
    pub(super) headers: HeaderMap,
    pub(super) limits: RemoteLimits,
    pub(super) random: Random,
    /// The last version of the file that changes.
    pub(super) known: Mutex<Option<Arc<Known>>>,
    pub(super) runtime: Handle,
}

/// Time limits for a server. Those for connecting and reading belong to the client.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) struct RemoteLimits {
    /// The longest time for one file, with all attempts and pauses: 5 min.
    pub(crate) total: Duration,
    /// The attempts for a file, and the pauses between them: [`RetryPolicy::DEFAULT`].
    pub(crate) retry: RetryPolicy,
    /// The longest pause that a server can ask for; if it asks for more, there is no other attempt: 30 s.
    pub(crate) retry_after: Duration,
    /// The lowest rate: 1 KiB per second over 15 s.
    pub(crate) slowest: Slowest,
}

impl Default for RemoteLimits {
    fn default() -> Self {
        Self {
            total: Duration::from_secs(300),
            retry: RetryPolicy::DEFAULT,
            retry_after: Duration::from_secs(30),
            slowest: Slowest::default(),
        }
    }
}
