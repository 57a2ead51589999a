//! A repository on a server. The worst that the server can do is to withhold files.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

use jurat_http::{Client, wait_for};
use jurat_model::{Bytes, Secret, chain};
use jurat_retry::Random;
use jurat_trust::{Fetch, FetchError, SafePath};
use tokio::runtime::Handle;
use url::Url;

mod error;
mod known;
mod pace;
mod probe;
mod range;
mod server;
mod setup;
mod sink;
mod transfer;

pub(crate) use error::{RemoteCause, RemoteError};
use known::Known;
pub(crate) use pace::Slowest;
pub(crate) use probe::Probe;
pub(crate) use range::continues;
use server::Inner;
pub(crate) use server::{Remote, RemoteLimits};
pub(crate) use setup::RemoteSetupError;
use sink::Memory;
pub(super) use sink::Sink;
use transfer::TransferOutcome;

/// The one file of a repository that is ever overwritten.
const MUTABLE: &str = "metadata/timestamp.json";

impl Remote {
    /// A repository at a URL. The client must neither follow redirects nor decompress. The headers are sent to this origin only.
    ///
    /// # Errors
    /// When the URL or a header is invalid.
    pub(crate) fn new(
        base: Url,
        client: Client,
        headers: &BTreeMap<String, Secret>,
        limits: RemoteLimits,
        runtime: Handle,
    ) -> Result<Self, RemoteSetupError> {
        setup::check(&base)?;
        let headers = setup::headers(headers)?;
        let (random, known) = (Random::new(), Mutex::default());
        Ok(Self(Arc::new(Inner { base, client, headers, limits, random, known, runtime })))
    }

    /// The bytes of a file of at most `cap`.
    ///
    /// The file that changes is requested with its last `ETag` or date, so that the server need not send it again while it is the
    /// same.
    ///
    /// # Errors
    /// See [`RemoteCause`].
    pub(crate) async fn fetch(&self, file: &SafePath, cap: Bytes) -> Result<Vec<u8>, RemoteError> {
        let is_mutable = file.as_str() == MUTABLE;
        let known = self.known().filter(|known| is_mutable && known.bytes.len() <= cap.to_usize());
        let mut memory = Memory::new(cap);
        match self.transfer(file, known.as_deref(), &mut memory).await? {
            TransferOutcome::Unchanged(bytes) => Ok(bytes),
            TransferOutcome::Whole(headers) => {
                let bytes = memory.into_bytes();
                if is_mutable {
                    self.remember(Known::new(&headers, &bytes));
                }
                Ok(bytes)
            }
        }
    }

    /// Fetches a file into a sink, and resumes after the bytes in it.
    ///
    /// # Errors
    /// See [`RemoteCause`]. The bytes received stay in the sink.
    pub(super) async fn download(&self, file: &SafePath, sink: &mut impl Sink) -> Result<(), RemoteError> {
        self.transfer(file, None, sink).await.map(|_| ())
    }

    /// Forgets the last version, so that the next request is unconditional. For when that version turned out to be wrong: a
    /// server that sent it with the `ETag` of another version could otherwise make this host keep it.
    pub(crate) fn forget(&self) {
        self.remember(None);
    }

    /// Waits, on this thread, for a future on the runtime; none if the runtime has ended.
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
/// It blocks the calling thread, which must not belong to the runtime of the repository.
impl Fetch for Remote {
    fn get(&self, file: &SafePath, cap: Bytes) -> Result<Vec<u8>, FetchError> {
        let (remote, asked) = (self.clone(), file.clone());
        let fetched = self.wait_for(async move { remote.fetch(&asked, cap).await });
        fetched.unwrap_or_else(|| Err(self.error(file, 0, RemoteCause::Ended))).map_err(|error| match error.cause {
            RemoteCause::Missing { .. } => {
                // Some servers answer 403 for a missing file, others for a private one.
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
