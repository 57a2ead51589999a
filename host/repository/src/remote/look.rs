//! One look at a file: what a server, and those who stand before it, say of it.

use jurat_http::header::{ACCEPT_ENCODING, HeaderMap, HeaderValue};
use jurat_trust::SafePath;
use tokio::time::timeout;

use super::error::{RemoteCause, RemoteError};
use super::server::Remote;

/// What was said of a file.
#[derive(Debug)]
pub(crate) struct Look {
    pub(crate) status: u16,
    pub(crate) headers: HeaderMap,
}

impl Remote {
    /// Asks for a file once, with these headers besides those of every request, and reads nothing of it.
    ///
    /// # Errors
    /// When there is no answer, or it leads to another origin. A status that is none of success is an answer.
    pub(crate) async fn look(&self, file: &SafePath, more: HeaderMap) -> Result<Look, RemoteError> {
        let (url, total) = (self.url(file), self.0.limits.total);
        let mut headers = self.0.headers.clone();
        headers.insert(ACCEPT_ENCODING, HeaderValue::from_static("identity"));
        headers.extend(more);
        let response = timeout(total, self.send(&url, &headers)).await;
        let response = response.unwrap_or(Err(RemoteCause::Deadline { total }));
        let response = response.map_err(|cause| self.error(file, 1, cause))?;
        Ok(Look { status: response.status().as_u16(), headers: response.headers().clone() })
    }
}
