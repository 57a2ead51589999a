//! A repository on a server: its files, fetched so that the server can do no worse than to withhold them.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

use jurat_http::{Client, Jitter, wait_for};
use jurat_model::{Bytes, Secret, chain};
use jurat_trust::{Fetch, FetchError, SafePath};
use tokio::runtime::Handle;
use url::Url;

mod error;
mod known;
mod look;
mod pace;
mod range;
mod server;
mod setup;
mod sink;
mod transfer;

pub(crate) use error::{RemoteCause, RemoteError};
use known::Known;
pub(crate) use look::Look;
pub(crate) use pace::Slowest;
use server::Inner;
pub(crate) use server::{Remote, RemoteLimits};
pub(crate) use setup::RemoteSetupError;
use sink::Memory;
pub(super) use sink::Sink;
use transfer::Came;

/// The one file of a repository that is ever overwritten.
const MUTABLE: &str = "metadata/timestamp.json";

impl Remote {
    /// A repository at a URL. The client must not follow redirects, nor unpack anything. The headers are sent to this origin and
    /// to no other; the runtime is one on which things may wait.
    ///
    /// # Errors
    /// When the URL can be none of a repository, or a header cannot be sent.
    pub(crate) fn new(
        base: Url,
        client: Client,
        headers: &BTreeMap<String, Secret>,
        limits: RemoteLimits,
        runtime: Handle,
    ) -> Result<Self, RemoteSetupError> {
        setup::check(&base)?;
        let headers = setup::headers(headers)?;
        let (jitter, known) = (Jitter::random(), Mutex::default());
        Ok(Self(Arc::new(Inner { base, client, headers, limits, jitter, known, runtime })))
    }

    /// The bytes of a file, of which there may be at most `cap`.
    ///
    /// The file that changes is asked for by what it was last, so that the server need not send it again as long as it is the same.
    ///
    /// # Errors
    /// See [`RemoteCause`].
    pub(crate) async fn fetch(&self, file: &SafePath, cap: Bytes) -> Result<Vec<u8>, RemoteError> {
        let is_mutable = file.as_str() == MUTABLE;
        let known = self.known().filter(|known| is_mutable && known.bytes.len() <= cap.to_usize());
        let mut memory = Memory::new(cap);
        match self.transfer(file, known.as_deref(), &mut memory).await? {
            Came::Unchanged(bytes) => Ok(bytes),
            Came::Whole(headers) => {
                let bytes = memory.into_bytes();
                if is_mutable {
                    self.remember(Known::new(&headers, &bytes));
                }
                Ok(bytes)
            }
        }
    }

    /// Puts a file into a sink, going on from what it holds.
    ///
    /// # Errors
    /// See [`RemoteCause`]. What has come in is left in the sink.
    pub(super) async fn download(&self, file: &SafePath, sink: &mut impl Sink) -> Result<(), RemoteError> {
        self.transfer(file, None, sink).await.map(|_| ())
    }

    /// Asks for everything the next time, whatever was there last. For when what was there turned out to be wrong: a server that
    /// once gave it under the mark of another version could else make this host hold on to it.
    pub(crate) fn forget(&self) {
        self.remember(None);
    }

    /// Waits, on this thread, for something that happens on the runtime; none if that has ended.
    pub(super) fn wait_for<T: Send + 'static>(&self, future: impl Future<Output = T> + Send + 'static) -> Option<T> {
        wait_for(&self.0.runtime, future)
    }

    fn known(&self) -> Option<Arc<Known>> {
        self.0.known.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn remember(&self, known: Option<Known>) {
        *self.0.known.lock().unwrap_or_else(PoisonError::into_inner) = known.map(Arc::new);
    }
}

/// # Limits
/// It waits on the thread that asks, which must be none of the runtime that the repository was given.
impl Fetch for Remote {
    fn get(&self, file: &SafePath, cap: Bytes) -> Result<Vec<u8>, FetchError> {
        let (remote, asked) = (self.clone(), file.clone());
        let fetched = self.wait_for(async move { remote.fetch(&asked, cap).await });
        fetched.unwrap_or_else(|| Err(self.error(file, 0, RemoteCause::Ended))).map_err(|error| match error.cause {
            RemoteCause::Missing { .. } => {
                // Some say 403 of what is not there, and some of what is not for everybody.
                tracing::debug!(error = chain(&error), "a file is not there");
                FetchError::NotFound
            }
            RemoteCause::TooLong { .. } => FetchError::TooLong,
            _ => FetchError::Failed(error.into()),
        })
    }
}

#[cfg(test)]
mod tests;
