//! A configuration file on this machine or on a server, with its last good version.

use std::io;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use jurat_disk::CacheDir;
use jurat_disk::files::{self, ReadError};
use jurat_disk::reserve_memory;
use jurat_http::{BodyError, read_body};
use jurat_http::{Client, StatusCode};
use jurat_model::{Blame, Bytes, Excerpt, chain};
use jurat_trust::Digest;
use thiserror::Error;
use url::Url;

use crate::settings::Location;

/// The time limit for a server.
const DEADLINE: Duration = Duration::from_secs(60);

/// A text file on this machine or on a server. Its last good version is used while it cannot be read.
///
/// The reader declares a version good with [`keep`](Self::keep).
///
/// # Limits
/// The last good version may be of any age. It belongs to the location: a file that is moved, or fetched from another URL,
/// starts without one.
#[derive(Debug)]
pub(crate) struct Source {
    location: Location,
    client: Client,
    cache: Option<Arc<CacheDir>>,
    /// Its name in the cache.
    name: String,
    last: Mutex<Option<Arc<str>>>,
    deadline: Duration,
}

/// A text that was read.
#[derive(Debug)]
pub(crate) struct Fetched {
    /// The text.
    pub(crate) text: Arc<str>,
    /// Why it is the last good version, and not the present one; none if it is the present one.
    pub(crate) stale: Option<SourceError>,
}

/// Why there is no text.
#[derive(Debug, Error)]
pub(crate) enum SourceError {
    /// The file cannot be read.
    #[error("`{}` cannot be read", path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// Why.
        #[source]
        cause: ReadError,
    },
    /// The request failed.
    #[error("`{url}` cannot be fetched")]
    Http {
        /// The file.
        url: Excerpt,
        /// Why.
        #[source]
        cause: jurat_http::Error,
    },
    /// The server answers with another status.
    #[error("`{url}` cannot be fetched: the server answers with status {status}, where 200 is expected")]
    Status {
        /// The file.
        url: Excerpt,
        /// The status.
        status: u16,
    },
    /// The body cannot be used.
    #[error("`{url}` cannot be used")]
    Body {
        /// The file.
        url: Excerpt,
        /// Why.
        #[source]
        cause: BodyError,
    },
    /// The body is not text.
    #[error("`{url}` is not UTF-8 text from byte {offset} on")]
    NotText {
        /// The file.
        url: Excerpt,
        /// The offset of the first invalid byte.
        offset: usize,
    },
    /// The answer was not complete in time.
    #[error("`{url}` cannot be fetched within {deadline:?}")]
    Deadline {
        /// The file.
        url: Excerpt,
        /// The time limit.
        deadline: Duration,
    },
}

impl SourceError {
    /// Who can fix it.
    pub(crate) fn blame(&self) -> Blame {
        match self {
            Self::File { .. } => Blame::Settings,
            Self::Http { .. }
            | Self::Status { .. }
            | Self::Body { .. }
            | Self::NotText { .. }
            | Self::Deadline { .. } => Blame::Transport,
        }
    }
}

impl Source {
    /// A source at a location, called `name` in the cache: a few plain letters, unique for each source that shares the cache.
    pub(crate) fn new(location: Location, client: Client, cache: Option<Arc<CacheDir>>, name: &str) -> Self {
        let text = match &location {
            Location::File(path) => format!("file {}", path.display()),
            Location::Url(url) => format!("url {url}"),
        };
        let name = format!("{name}.{}", Digest::of(text.as_bytes()));
        Self { location, client, cache, name, last: Mutex::default(), deadline: DEADLINE }
    }

    /// Reads the present version of at most `cap`; if that fails, returns the last good one, marked as stale.
    ///
    /// # Errors
    /// With the error of reading the present version, if there is no other.
    pub(crate) async fn read(&self, cap: Bytes) -> Result<Fetched, SourceError> {
        let error = match self.present(cap).await {
            Ok(text) => return Ok(Fetched { text: text.into(), stale: None }),
            Err(error) => error,
        };
        let Some(text) = self.last_good(cap).await else { return Err(error) };
        tracing::warn!(error = chain(&error), "the last good version of a configuration is in use");
        Ok(Fetched { text, stale: Some(error) })
    }

    /// Declares a text good, so that it can be used later. If the cache cannot be written, it is remembered until the end of
    /// the process.
    pub(crate) async fn keep(&self, text: &str) {
        if self.last().as_deref() == Some(text) {
            return;
        }
        let text: Arc<str> = text.into();
        *self.last() = Some(Arc::clone(&text));
        let Some(cache) = self.cache.clone() else { return };
        let name = self.name.clone();
        let written = tokio::task::spawn_blocking(move || cache.write(&name, text.as_bytes())).await;
        match written {
            Ok(Ok(())) => {}
            Ok(Err(error)) => {
                tracing::warn!(error = chain(&error), "a good configuration cannot be kept for the next start")
            }
            Err(error) => tracing::warn!(error = chain(&error), "a good configuration was not kept for the next start"),
        }
    }

    async fn present(&self, cap: Bytes) -> Result<String, SourceError> {
        match &self.location {
            Location::File(path) => {
                let (path, reads) = (path.clone(), path.clone());
                let read = tokio::task::spawn_blocking(move || files::read_text(&reads, cap.get())).await;
                read.unwrap_or_else(|error| Err(ReadError::Failed(io::Error::other(error))))
                    .map_err(|cause| SourceError::File { path, cause })
            }
            Location::Url(url) => {
                let fetch = tokio::time::timeout(self.deadline, self.fetch(url, cap));
                fetch.await.unwrap_or_else(|_| Err(SourceError::Deadline { url: shown(url), deadline: self.deadline }))
            }
        }
    }

    async fn fetch(&self, url: &Url, cap: Bytes) -> Result<String, SourceError> {
        let response = self
            .client
            .get(url.clone())
            .send()
            .await
            .map_err(|error| SourceError::Http { url: shown(url), cause: error.without_url() })?;
        if response.status() != StatusCode::OK {
            return Err(SourceError::Status { url: shown(url), status: response.status().as_u16() });
        }
        let body = read_body(response, cap, &reserve_memory::unlimited())
            .await
            .map_err(|cause| SourceError::Body { url: shown(url), cause })?;
        String::from_utf8(body)
            .map_err(|error| SourceError::NotText { url: shown(url), offset: error.utf8_error().valid_up_to() })
    }

    async fn last_good(&self, cap: Bytes) -> Option<Arc<str>> {
        if let Some(text) = self.last().clone() {
            return Some(text);
        }
        let (cache, name) = (self.cache.clone()?, self.name.clone());
        let read = tokio::task::spawn_blocking(move || cache.read(&name, cap)).await.ok()?;
        let bytes = read.unwrap_or_else(|error| {
            tracing::warn!(error = chain(&error), "the last good version of a configuration cannot be read");
            None
        })?;
        String::from_utf8(bytes).ok().map(Arc::from)
    }

    fn last(&self) -> MutexGuard<'_, Option<Arc<str>>> {
        self.last.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A URL without its secret parts.
fn shown(url: &Url) -> Excerpt {
    Excerpt::of(&format!("{}{}", url.origin().ascii_serialization(), url.path()))
}

#[cfg(test)]
mod tests;
