//! Where the keys of an identity provider come from, and how long they are kept.

use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use jurat_disk::files;
use jurat_disk::reserve_memory::unlimited;
use jurat_http::{Client, Http, HttpError, Location, Reach, StatusCode, client, read_body};
use jurat_model::{Bytes, chain};
use thiserror::Error;
use url::Url;

use crate::authentication_error::AuthenticationError;
use crate::jwt::KeySet;

/// The longest set.
const MAX_SET: Bytes = Bytes::kibi(64);
/// How long a set is used before a newer one is asked for.
const FRESH: SignedDuration = SignedDuration::from_mins(10);
/// How long it is used where none can be had.
const KEPT: SignedDuration = SignedDuration::from_hours(24);
/// The least time between two attempts, whatever keys tokens name.
const BETWEEN: SignedDuration = SignedDuration::from_mins(1);
/// How long one attempt may take.
const PATIENCE: Duration = Duration::from_secs(10);

/// Why the keys of an identity provider cannot be used.
#[derive(Debug, Error)]
pub enum KeySetError {
    /// The file cannot be read.
    #[error("the keys of the identity provider in `{}` cannot be read", path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// Why.
        #[source]
        cause: files::ReadError,
    },
    /// It holds something else.
    #[error("`{place}` has no JSON Web Key Set that can be used: {problem}")]
    Form {
        /// The file, or the URL.
        place: String,
        /// What is wrong.
        problem: String,
    },
    /// The server did not give it.
    #[error("the keys of the identity provider cannot be fetched from `{url}`: {problem}")]
    Fetch {
        /// Where it should be.
        url: String,
        /// Why.
        problem: String,
    },
    /// The settings of the HTTP client are wrong.
    #[error(transparent)]
    Client(#[from] HttpError),
}

/// The keys of an identity provider: from a file or a server, with the last good ones.
#[derive(Debug)]
pub(crate) struct KeySource {
    place: Place,
    kept: Mutex<Kept>,
    /// Held by the attempt that is under way.
    attempt: Arc<tokio::sync::Mutex<()>>,
}

#[derive(Debug)]
enum Place {
    File(PathBuf),
    Server { url: Url, client: Client },
}

#[derive(Debug, Default)]
struct Kept {
    /// The last good set, and when it was had.
    last: Option<(Arc<KeySet>, Timestamp)>,
    tried: Option<Timestamp>,
}

impl KeySource {
    /// Keys from a place. A file is read at once, a server is asked when the first token comes.
    ///
    /// # Errors
    /// When a file cannot be read, or the settings of the client are wrong.
    pub(crate) fn open(location: &Location, http: &Http, now: Timestamp) -> Result<Arc<Self>, KeySetError> {
        let (place, last) = match location {
            Location::File(path) => (Place::File(path.clone()), Some((Arc::new(read(path)?), now))),
            Location::Url(url) => (Place::Server { url: url.clone(), client: client(http, Reach::Anywhere)? }, None),
        };
        let tried = last.as_ref().map(|(_, now)| *now);
        Ok(Arc::new(Self { place, kept: Mutex::new(Kept { last, tried }), attempt: Arc::default() }))
    }

    /// The keys. Where they are no longer fresh, newer ones are asked for meanwhile.
    ///
    /// # Errors
    /// When there are none, or they are older than a day.
    pub(crate) async fn keys(self: &Arc<Self>, now: Timestamp) -> Result<Arc<KeySet>, AuthenticationError> {
        match self.last(KEPT, now) {
            Some(keys) => {
                if self.last(FRESH, now).is_none() && self.may_try(now) {
                    let source = Arc::clone(self);
                    tokio::spawn(async move { source.renew(now).await });
                }
                Ok(keys)
            }
            None => {
                self.renew(now).await;
                self.last(KEPT, now).ok_or(AuthenticationError::Unavailable)
            }
        }
    }

    /// Other keys than these, which lack one that a token names; none if there are no others.
    pub(crate) async fn others(self: &Arc<Self>, than: &Arc<KeySet>, now: Timestamp) -> Option<Arc<KeySet>> {
        self.renew(now).await;
        let (keys, _) = self.kept().last.clone()?;
        (!Arc::ptr_eq(&keys, than)).then_some(keys)
    }

    /// Asks for the keys, unless that was done a moment ago. All who want them wait for the same attempt.
    async fn renew(self: &Arc<Self>, now: Timestamp) {
        let attempt = Arc::clone(&self.attempt).lock_owned().await;
        if !self.may_try(now) {
            return;
        }
        self.kept().tried = Some(now);
        // If the client of this request leaves, it goes on, and others get the keys: a client that leaves costs nobody a minute.
        let source = Arc::clone(self);
        let renewed = tokio::spawn(async move {
            let _attempt = attempt;
            match source.fetch().await {
                Ok(keys) => source.kept().last = Some((Arc::new(keys), now)),
                Err(error) => {
                    tracing::warn!(error = chain(&error), "the last keys of the identity provider stay in use");
                }
            }
        });
        if let Err(error) = renewed.await {
            tracing::error!(%error, "the keys of the identity provider were not renewed because of a bug");
        }
    }

    async fn fetch(&self) -> Result<KeySet, KeySetError> {
        match &self.place {
            Place::File(path) => {
                let path = path.clone();
                let read = tokio::task::spawn_blocking(move || read(&path)).await;
                read.unwrap_or_else(|error| Err(self.failed(error.to_string())))
            }
            Place::Server { url, client } => {
                let fetched = tokio::time::timeout(PATIENCE, fetch(client, url)).await;
                let text = fetched.unwrap_or_else(|_| Err("it took longer than 10 s".to_owned()));
                let text = text.map_err(|problem| self.failed(problem))?;
                KeySet::parse(&text).map_err(|problem| KeySetError::Form { place: self.shown(), problem })
            }
        }
    }

    /// The last good keys, if they are younger than this.
    fn last(&self, age: SignedDuration, now: Timestamp) -> Option<Arc<KeySet>> {
        let kept = self.kept();
        // A clock that was set back makes nothing younger.
        kept.last.as_ref().filter(|(_, had)| now.duration_since(*had).abs() < age).map(|(keys, _)| Arc::clone(keys))
    }

    fn may_try(&self, now: Timestamp) -> bool {
        // A clock that was set back does not stop it for long.
        self.kept().tried.is_none_or(|tried| now.duration_since(tried).abs() >= BETWEEN)
    }

    fn failed(&self, problem: String) -> KeySetError {
        KeySetError::Fetch { url: self.shown(), problem }
    }

    /// The place without what follows a `?`, which may be a secret.
    fn shown(&self) -> String {
        match &self.place {
            Place::File(path) => path.display().to_string(),
            Place::Server { url, .. } => format!("{}{}", url.origin().ascii_serialization(), url.path()),
        }
    }

    fn kept(&self) -> MutexGuard<'_, Kept> {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn read(path: &Path) -> Result<KeySet, KeySetError> {
    let text = files::read(path, MAX_SET).map_err(|cause| KeySetError::Read { path: path.to_owned(), cause })?;
    KeySet::parse(&text).map_err(|problem| KeySetError::Form { place: path.display().to_string(), problem })
}

async fn fetch(client: &Client, url: &Url) -> Result<Vec<u8>, String> {
    let sent = client.get(url.clone()).send().await;
    let response = sent.map_err(|error| chain(&error.without_url()))?;
    // Redirects are not followed: they could lead anywhere.
    if response.status() != StatusCode::OK {
        return Err(format!("the server answers with status {}", response.status().as_u16()));
    }
    read_body(response, MAX_SET, &unlimited()).await.map_err(|error| chain(&error))
}

#[cfg(test)]
mod tests;
