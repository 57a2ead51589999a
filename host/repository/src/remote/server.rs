//! The server of a repository, and how long it is waited for.

use std::num::NonZeroU32;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use jurat_http::Client;
use jurat_http::header::HeaderMap;
use jurat_http::{Backoff, Jitter};
use tokio::runtime::Handle;
use url::Url;

use super::known::Known;
use super::pace::Slowest;

/// A repository below a URL. Cheap to clone.
///
/// Files are asked for unpacked, and neither waited for nor read beyond what [`RemoteLimits`] and the caller allow. Redirects are
/// followed three times, within the origin of the repository. What fails in a way that passes is tried again after a while.
///
/// # Limits
/// It trusts nothing that it gives, and nothing of it needs to be trusted: whoever asks checks.
#[derive(Clone, Debug)]
pub(crate) struct Remote(pub(super) Arc<Inner>);

#[derive(Debug)]
pub(super) struct Inner {
    pub(super) base: Url,
    pub(super) client: Client,
    /// Those of the settings: their values are marked as secrets, which are not printed.
    pub(super) headers: HeaderMap,
    pub(super) limits: RemoteLimits,
    pub(super) jitter: Jitter,
    /// The last version of the file that changes.
    pub(super) known: Mutex<Option<Arc<Known>>>,
    pub(super) runtime: Handle,
}

/// How long a server is waited for. Connecting, and waiting for a sign of life, is up to the client.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) struct RemoteLimits {
    /// The longest time for one file, with all attempts and pauses: 5 min.
    pub(crate) total: Duration,
    /// How often a file is asked for, if what is wrong may pass: 3 times.
    pub(crate) attempts: NonZeroU32,
    /// How long to wait before another attempt: up to 500 ms after the first, up to 5 s after later ones.
    pub(crate) backoff: Backoff,
    /// The longest wait that a server can ask for; if it asks for more, there is no other attempt: 30 s.
    pub(crate) retry_after: Duration,
    /// How slowly a file may come in: no slower than 1 KiB a second over 15 s.
    pub(crate) slowest: Slowest,
}

impl Default for RemoteLimits {
    fn default() -> Self {
        const ATTEMPTS: NonZeroU32 = NonZeroU32::new(3).unwrap();
        Self {
            total: Duration::from_secs(300),
            attempts: ATTEMPTS,
            backoff: Backoff { base: Duration::from_millis(500), cap: Duration::from_secs(5) },
            retry_after: Duration::from_secs(30),
            slowest: Slowest::default(),
        }
    }
}
