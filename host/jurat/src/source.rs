//! One small file of configuration that lies elsewhere, and what it was last when it was good.

use std::io;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use jurat_disk::CacheDir;
use jurat_disk::files::{self, ReadError};
use jurat_disk::room;
use jurat_http::{BodyError, read_body};
use jurat_http::{Client, StatusCode};
use jurat_model::{Bytes, Excerpt, chain};
use jurat_trust::Digest;
use thiserror::Error;
use url::Url;

use crate::settings::Location;

/// How long a server may take altogether.
const DEADLINE: Duration = Duration::from_secs(60);

/// A text file on this machine or on a server, of which the last good version stands in while it cannot be had.
///
/// Whether a version is good, only its reader can say, by [`keep`](Self::keep).
///
/// # Limits
/// What stands in may be of any age. It is that of the same place: a file that is moved, or fetched from another URL, starts
/// anew.
#[derive(Debug)]
pub(crate) struct Source {
    location: Location,
    client: Client,
    cache: Option<Arc<CacheDir>>,
    /// What it is called in the cache.
    name: String,
    last: Mutex<Option<Arc<str>>>,
    deadline: Duration,
}

/// What was read.
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
    /// The server cannot be spoken to.
    #[error("`{url}` cannot be fetched")]
    Http {
        /// The file.
        url: Excerpt,
        /// Why.
        #[source]
        cause: jurat_http::Error,
    },
    /// The server does not give it.
    #[error("`{url}` cannot be fetched: the server answers with status {status}, where 200 is expected")]
    Status {
        /// The file.
        url: Excerpt,
        /// What it says.
        status: u16,
    },
    /// The server gives something else.
    #[error("`{url}` cannot be used")]
    Body {
        /// The file.
        url: Excerpt,
        /// Why.
        #[source]
        cause: BodyError,
    },
    /// The server gives no text.
    #[error("`{url}` is not UTF-8 text from byte {offset} on")]
    NotText {
        /// The file.
        url: Excerpt,
        /// The first byte that is wrong, counted from 0.
        offset: usize,
    },
    /// The server does not come to an end.
    #[error("`{url}` cannot be fetched within {deadline:?}")]
    Deadline {
        /// The file.
        url: Excerpt,
        /// How long was waited.
        deadline: Duration,
    },
}

impl Source {
    /// What lies at a location, called `name` in the cache: a few plain letters, different for each source that shares it.
    pub(crate) fn new(location: Location, client: Client, cache: Option<Arc<CacheDir>>, name: &str) -> Self {
        let place = match &location {
            Location::File(path) => format!("file {}", path.display()),
            Location::Url(url) => format!("url {url}"),
        };
        let name = format!("{name}.{}", Digest::of(place.as_bytes()));
        Self { location, client, cache, name, last: Mutex::default(), deadline: DEADLINE }
    }

    /// Reads the present version of at most `cap`; if it cannot be had, the last good one, which is then marked.
    ///
    /// # Errors
    /// With the reason why the present version cannot be had, if there is no other.
    pub(crate) async fn read(&self, cap: Bytes) -> Result<Fetched, SourceError> {
        let error = match self.present(cap).await {
            Ok(text) => return Ok(Fetched { text: text.into(), stale: None }),
            Err(error) => error,
        };
        let Some(text) = self.last_good(cap).await else { return Err(error) };
        tracing::warn!(error = chain(&error), "the last good version of a configuration stands in");
        Ok(Fetched { text, stale: Some(error) })
    }

    /// Says that a text that was read is good, so that it can stand in later. Where it cannot be written down it is remembered
    /// until the end of the process.
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
        let body = read_body(response, cap, &room::enough())
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

/// A URL without what may be secret in it.
fn shown(url: &Url) -> Excerpt {
    Excerpt::of(&format!("{}{}", url.origin().ascii_serialization(), url.path()))
}

#[cfg(test)]
mod tests;
