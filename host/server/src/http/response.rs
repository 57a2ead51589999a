//! A response with a body.

use axum::body::Body;
use axum::response::Response;
use hyper::header::{CONTENT_TYPE, HeaderValue};

/// Headers for which there is room from the beginning: as many as responses usually have in the end.
const HEADERS: usize = 12;

/// The response with a body of this media type.
pub(super) fn with_body(media_type: &'static str, body: impl Into<Body>) -> Response {
    let mut response = Response::new(body.into());
    let headers = response.headers_mut();
    headers.reserve(HEADERS);
    headers.insert(CONTENT_TYPE, HeaderValue::from_static(media_type));
    response
}
