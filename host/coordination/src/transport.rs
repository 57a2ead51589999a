//! One request over HTTP, and its outcome.

use std::fmt::Debug;
use std::pin::Pin;

use bytes::{Bytes, BytesMut};
use jurat_http::header::{ACCEPT, CONTENT_TYPE, DATE, HeaderMap, HeaderName, HeaderValue, RETRY_AFTER};
use jurat_http::retry_after;
use jurat_http::{Response, StatusCode};
use jurat_retry::Again;
use url::Url;

use crate::config::Config;
use crate::fetch_failure::{FetchFailure, FetchFailureKind};
use crate::session::Session;

/// The endpoint of a request.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Endpoint {
    /// One record.
    One,
    /// Many records.
    Bulk,
}

/// A future of the body of an answer.
pub(super) type Reply<'t> = Pin<Box<dyn Future<Output = Result<Bytes, FetchFailure>> + Send + 't>>;

/// A future that ends when the next request will have new connections.
pub(super) type Renewal<'t> = Pin<Box<dyn Future<Output = ()> + Send + 't>>;

/// Sends requests to the service. It has no time-out: the caller stops waiting.
pub(super) trait Transport: Debug + Send + Sync {
    /// Sends one request, once.
    fn post(&self, endpoint: Endpoint, body: Bytes) -> Reply<'_>;

    /// Forgets connections and addresses, because the service has failed again and again.
    fn renew(&self) -> Renewal<'_>;
}

/// The service over HTTP.
#[derive(Debug)]
pub(super) struct Http {
    session: Session,
    one: Url,
    bulk: Url,
    headers: HeaderMap,
    max_response: usize,
}

impl Http {
    /// The service at a base URL. The clients of the session must not follow redirects: they could lead anywhere.
    pub(super) fn new(session: Session, base_url: &Url, config: &Config) -> Self {
        const JSON: HeaderValue = HeaderValue::from_static("application/json");
        let below = |name: &str| {
            let mut url = base_url.clone();
            url.set_path(&format!("{}/{name}", base_url.path().trim_end_matches('/')));
            url
        };
        let mut headers = config.headers.clone();
        headers.extend([(CONTENT_TYPE, JSON), (ACCEPT, JSON)]);
        let max_response = config.max_response.to_usize();
        Self { session, one: below("fetch-data"), bulk: below("fetch-data-batch"), headers, max_response }
    }

    async fn send(&self, endpoint: Endpoint, body: Bytes) -> Result<Bytes, FetchFailure> {
        let url = match endpoint {
            Endpoint::One => &self.one,
            Endpoint::Bulk => &self.bulk,
        };
        let request = self.session.client().post(url.clone()).headers(self.headers.clone()).body(body);
        let response = request.send().await.map_err(|error| broken(&error))?;
        match refusal(&response) {
            Some(failure) => Err(failure),
            None => self.read(response).await,
        }
    }

    /// Reads at most the limit, whatever length the service announces.
    async fn read(&self, mut response: Response) -> Result<Bytes, FetchFailure> {
        let max = self.max_response;
        let oversized = || {
            let reason =
                format!("the coordination service's answer has more than {max} bytes, which is the most that is read");
            FetchFailure::new(FetchFailureKind::Oversized, reason)
        };
        if response.content_length().is_some_and(|length| length > max as u64) {
            return Err(oversized());
        }
        let mut body = BytesMut::new();
        while let Some(chunk) = response.chunk().await.map_err(|error| broken(&error))? {
            if chunk.len() > max - body.len() {
                return Err(oversized());
            }
            body.extend_from_slice(&chunk);
        }
        Ok(body.freeze())
    }
}

impl Transport for Http {
    fn post(&self, endpoint: Endpoint, body: Bytes) -> Reply<'_> {
        Box::pin(self.send(endpoint, body))
    }

    fn renew(&self) -> Renewal<'_> {
        Box::pin(self.session.renew())
    }
}

/// The failure for a status; none if it is a success.
fn refusal(response: &Response) -> Option<FetchFailure> {
    let status = response.status();
    if status.is_success() {
        return None;
    }
    let number = status.as_u16();
    if status != StatusCode::TOO_MANY_REQUESTS && !status.is_server_error() {
        let reason = match status.is_redirection() {
            true => format!("the coordination service redirects (status {number}), which is not followed"),
            false => format!("the coordination service refused the request with status {number}"),
        };
        return Some(FetchFailure::new(FetchFailureKind::Refused, reason));
    }
    let header = |name: HeaderName| response.headers().get(name).and_then(|value| value.to_str().ok());
    let wait = header(RETRY_AFTER).and_then(|text| retry_after::wait(text, header(DATE)));
    let reason = format!("the coordination service answered with status {number}");
    let kind = if status.is_server_error() { FetchFailureKind::Unavailable } else { FetchFailureKind::Throttled };
    Some(FetchFailure::passing(kind, reason, wait.map_or(Again::Yes, Again::After)))
}

/// The failure for a transport error. The text of the error contains the URL, and is only for the log.
fn broken(error: &jurat_http::Error) -> FetchFailure {
    tracing::debug!(error = jurat_model::chain(error), "a request to the coordination service failed");
    let (kind, reason) = if error.is_timeout() {
        (FetchFailureKind::Timeout, "the coordination service did not answer in time")
    } else if error.is_connect() {
        (FetchFailureKind::Unavailable, "the coordination service cannot be reached")
    } else {
        (FetchFailureKind::Unavailable, "the connection to the coordination service was interrupted")
    };
    FetchFailure::passing(kind, reason, Again::Yes)
}
