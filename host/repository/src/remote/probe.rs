//! Probes a file: one request, of which only status and headers are read.

use jurat_http::header::{ACCEPT_ENCODING, HeaderMap, HeaderValue};
use jurat_trust::SafePath;
use tokio::time::timeout;

use super::error::{RemoteCause, RemoteError};
use super::server::Remote;

/// The status and headers of an answer.
#[derive(Debug)]
pub(crate) struct Probe {
    pub(crate) status: u16,
    pub(crate) headers: HeaderMap,
}

impl Remote {
    /// Requests a file once, with additional headers, and does not read the body.
    ///
    /// # Errors
    /// When there is no answer, or it redirects to another origin. Every other status is an answer.
    pub(crate) async fn probe(&self, file: &SafePath, more: HeaderMap) -> Result<Probe, RemoteError> {
        let (url, total) = (self.url(file), self.0.limits.total);
        let mut headers = self.0.headers.clone();
        headers.insert(ACCEPT_ENCODING, HeaderValue::from_static("identity"));
        headers.extend(more);
        let response = timeout(total, self.send(&url, &headers)).await;
        let response = response.unwrap_or(Err(RemoteCause::Deadline { total }));
        let response = response.map_err(|cause| self.error(file, 1, cause))?;
        Ok(Probe { status: response.status().as_u16(), headers: response.headers().clone() })
    }
}
