//! What load balancers and supervisors ask. They get one word, and need show nothing.

use axum::body::Body;
use axum::response::Response;
use hyper::StatusCode;
use hyper::header::{CONTENT_TYPE, HeaderValue, RETRY_AFTER};

use super::api::Api;

/// Whether the process lives: it answers.
pub(super) fn health() -> Response {
    word(StatusCode::OK, "ok")
}

/// Whether clients should be sent here.
pub(super) fn ready(api: &Api) -> Response {
    if api.state.stop.is_leaving() {
        word(StatusCode::SERVICE_UNAVAILABLE, "stopping")
    } else if api.handler.is_serving() {
        word(StatusCode::OK, "ready")
    } else {
        word(StatusCode::SERVICE_UNAVAILABLE, "unavailable")
    }
}

/// In the extensions of a response, says that the log has no line for it: probes come every few seconds.
#[derive(Clone, Copy, Debug)]
pub(super) struct Probe;

fn word(status: StatusCode, word: &'static str) -> Response {
    let mut response = Response::new(Body::from(word));
    *response.status_mut() = status;
    response.extensions_mut().insert(Probe);
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("text/plain; charset=utf-8"));
    if status == StatusCode::SERVICE_UNAVAILABLE {
        headers.insert(RETRY_AFTER, HeaderValue::from_static("1"));
    }
    response
}
