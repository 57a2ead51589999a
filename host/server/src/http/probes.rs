//! What load balancers and supervisors ask. They get one word, and need show nothing.

use axum::extract::Request;
use axum::response::Response;
use hyper::StatusCode;
use hyper::header::{HeaderValue, RETRY_AFTER};

use super::api::Api;
use super::response;

/// Whether the process lives.
pub(super) const HEALTH: &str = "/health";
/// Whether clients should be sent here.
pub(super) const READY: &str = "/ready";

/// Whether a request is one of these.
pub(super) fn is_probe(request: &Request) -> bool {
    [HEALTH, READY].contains(&request.uri().path())
}

/// The process lives: it answers.
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
    let mut response = response::with_body("text/plain; charset=utf-8", word);
    *response.status_mut() = status;
    response.extensions_mut().insert(Probe);
    if status == StatusCode::SERVICE_UNAVAILABLE {
        response.headers_mut().insert(RETRY_AFTER, HeaderValue::from_static("1"));
    }
    response
}
