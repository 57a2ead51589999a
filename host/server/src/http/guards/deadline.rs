//! A request takes no longer than the settings allow, until its response begins.

use std::sync::Arc;
use std::sync::atomic::Ordering;

use axum::extract::{Request, State};
use axum::middleware::Next;
use axum::response::Response;
use tokio::time::timeout;

use crate::error::{ErrorKind, RequestError};
use crate::http::answer::parts_of;
use crate::http::api::Api;
use crate::http::problem;

/// Answers in time, whatever comes next.
pub(in crate::http) async fn check(State(api): State<Arc<Api>>, request: Request, next: Next) -> Response {
    let (_, exchange) = parts_of(&request);
    let limit = api.settings.request_timeout;
    match timeout(limit, next.run(request)).await {
        Ok(response) => response,
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
            problem::response(&RequestError::new(kind, message), &exchange.correlation)
        }
    }
}
