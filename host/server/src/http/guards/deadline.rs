//! A request takes no longer than the settings allow, until its response begins.

use std::sync::atomic::Ordering;

use axum::response::Response;
use tokio::time::timeout;

use crate::error::{ErrorKind, RequestError};
use crate::http::api::Api;
use crate::http::exchange::Exchange;

/// Waits for a response, for as long as a request may take.
pub(in crate::http) async fn check(
    api: &Api,
    exchange: &Exchange,
    response: impl Future<Output = Response>,
) -> Result<Response, RequestError> {
    let limit = api.settings.request_timeout;
    match timeout(limit, response).await {
        Ok(response) => Ok(response),
        // What was begun for the request was dropped, and so cancelled.
        Err(_) => {
            let (kind, what) = match exchange.is_arriving.load(Ordering::Relaxed) {
                true => (ErrorKind::IncompleteMessage, "the body did not arrive within"),
                false => (ErrorKind::RequestTimeout, "the request took longer than"),
            };
            let message = format!(
                "{what} {} ms; send fewer records at a time, stream them, or raise `api.request_timeout_ms`",
                limit.as_millis()
            );
            Err(RequestError::new(kind, message))
        }
    }
}
