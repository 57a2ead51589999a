//! A repository on a server, for commands that copy or diagnose it.

use std::collections::BTreeMap;

use jurat_http::Reach;
use jurat_http::header::{HeaderMap, HeaderValue, IF_NONE_MATCH, RANGE};
use jurat_http::{Http, Location};
use jurat_model::{Bytes, Secret};
use jurat_trust::{Fetch, FetchError, SafePath};
use thiserror::Error;
use tokio::runtime::{Builder, Runtime};
use url::Url;

use crate::Trust;
use crate::error::RepositoryError;
use crate::remote::{Probe, Remote, RemoteCause, RemoteError, continues};
use crate::source::{headers, limits};

/// A repository on a server, reached as hosts reach it: over `https:`, with the same proxy, authorities and time limits.
///
/// # Limits
/// It neither verifies nor stores anything: pass it to a [`Client`](jurat_trust::Client). It blocks the calling thread.
#[derive(Debug)]
pub struct Server {
    remote: Remote,
    url: String,
    _runtime: Runtime,
}

/// The form of a probe.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Question<'a> {
    /// An ordinary request.
    Plain,
    /// Only if the version differs from the one with this `ETag`.
    IfOther(&'a str),
    /// Only the bytes from this offset on.
    From(u64),
}

/// The answer of a server, or of a proxy before it, to a probe.
#[derive(Clone, Debug)]
pub struct Answer {
    status: u16,
    headers: HeaderMap,
}

/// Why a probe has no answer.
#[derive(Debug, Error)]
#[error(transparent)]
pub struct ProbeError(RemoteError);

impl Server {
    /// The repository at a URL. The values of the headers are sent there, and to no other origin.
    ///
    /// # Errors
    /// When the URL or the settings are invalid.
    pub fn open(url: &str, http: &Http, headers: &BTreeMap<String, Secret>) -> Result<Self, RepositoryError> {
        let url = Url::parse(url).map_err(RepositoryError::setup)?;
        Self::at(&url, http, headers)
    }

    /// The repository of a tenant, with the headers that it needs; none if it is a directory.
    ///
    /// # Errors
    /// See [`Server::open`]; and when the value of a header is missing.
    pub fn of(
        location: &Location,
        trust: Option<&Trust>,
        http: &Http,
        secrets: &BTreeMap<String, Secret>,
    ) -> Result<Option<Self>, RepositoryError> {
        let Location::Url(url) = location else { return Ok(None) };
        let headers = trust.map(|trust| headers(trust, secrets)).transpose()?;
        Self::at(url, http, &headers.unwrap_or_default()).map(Some)
    }

    fn at(url: &Url, http: &Http, headers: &BTreeMap<String, Secret>) -> Result<Self, RepositoryError> {
        let client = jurat_http::client(http, Reach::Anywhere).map_err(RepositoryError::setup)?;
        let runtime = Builder::new_multi_thread().worker_threads(1).enable_all().build();
        let runtime = runtime.map_err(RepositoryError::setup)?;
        let remote = Remote::new(url.clone(), client, headers, limits(http), runtime.handle().clone())?;
        Ok(Self { remote, url: url.to_string(), _runtime: runtime })
    }

    /// The URL of the repository.
    #[must_use]
    pub fn url(&self) -> &str {
        &self.url
    }

    /// Requests a file once, and does not read the body. Follows redirects as for every file.
    ///
    /// # Errors
    /// When there is no answer, or it redirects to another origin. Every other status is an answer.
    pub fn probe(&self, file: &SafePath, question: Question<'_>) -> Result<Answer, ProbeError> {
        let mut more = HeaderMap::new();
        let asked = match question {
            Question::Plain => None,
            Question::IfOther(mark) => HeaderValue::from_str(mark).ok().map(|mark| (IF_NONE_MATCH, mark)),
            Question::From(first) => HeaderValue::try_from(format!("bytes={first}-")).ok().map(|range| (RANGE, range)),
        };
        more.extend(asked);
        let (remote, asked) = (self.remote.clone(), file.clone());
        let probed = self.remote.wait_for(async move { remote.probe(&asked, more).await });
        match probed.unwrap_or_else(|| Err(self.remote.error(file, 0, RemoteCause::Ended))) {
            Ok(Probe { status, headers }) => Ok(Answer { status, headers }),
            Err(error) => Err(ProbeError(error)),
        }
    }
}

impl Fetch for Server {
    fn get(&self, file: &SafePath, cap: Bytes) -> Result<Vec<u8>, FetchError> {
        self.remote.get(file, cap)
    }
}

impl Answer {
    /// The status, as in 200.
    #[must_use]
    pub fn status(&self) -> u16 {
        self.status
    }

    /// Whether this is the part that hosts ask for when they resume a download: from an offset to the end of a file of that length.
    #[must_use]
    pub fn continues(&self, first: u64, length: u64) -> bool {
        self.status == 206 && continues(&self.headers, first, length)
    }

    /// The value of a header, with its lines joined by commas. None if it is missing or not text.
    #[must_use]
    pub fn header(&self, name: &str) -> Option<String> {
        let lines: Vec<_> = self.headers.get_all(name).iter().filter_map(|line| line.to_str().ok()).collect();
        (!lines.is_empty()).then(|| lines.join(", "))
    }
}

impl ProbeError {
    /// Whether the cause is a redirect that hosts do not follow.
    #[must_use]
    pub fn is_redirect(&self) -> bool {
        matches!(
            self.0.cause,
            RemoteCause::Elsewhere { .. }
                | RemoteCause::RedirectedTooOften { .. }
                | RemoteCause::RedirectedNowhere { .. }
        )
    }

    /// Whether this machine does not trust the certificate of the server.
    #[must_use]
    pub fn is_untrusted_certificate(&self) -> bool {
        matches!(self.0.cause, RemoteCause::Untrusted(_))
    }
}
