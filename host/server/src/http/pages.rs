//! What people and their tools read: the description of the API, and a page that shows it.

use axum::Router;
use axum::body::Body;
use axum::response::Response;
use axum::routing::get;
use bytes::Bytes;
use hyper::header::{CACHE_CONTROL, CONTENT_ENCODING, CONTENT_SECURITY_POLICY, HeaderValue};
use utoipa::openapi::OpenApi;

use super::answer::json;
use super::response;

/// What the page may load and call: this server.
const POLICY: HeaderValue = HeaderValue::from_static(
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; base-uri 'none'; \
     form-action 'none'; frame-ancestors 'none'",
);

/// The pages. They say nothing of tenants, rules or records.
pub(super) fn routes<S: Clone + Send + Sync + 'static>(description: &OpenApi) -> Router<S> {
    // It can always be written.
    let text = Bytes::from(description.to_json().unwrap_or_default());
    let description = get(async move || json(Body::from(text.clone())));
    const HTML: &str = "text/html; charset=utf-8";
    const SCRIPT: &str = "text/javascript; charset=utf-8";
    const STYLE: &str = "text/css; charset=utf-8";
    let style = include_bytes!(concat!(env!("OUT_DIR"), "/swagger-ui.css.gz"));
    let script = include_bytes!(concat!(env!("OUT_DIR"), "/swagger-ui-bundle.js.gz"));
    Router::new()
        .route("/openapi.json", description.clone())
        // Where validation-service has it.
        .route("/swagger.json", description)
        .route("/docs", get(async || page(HTML, include_bytes!("pages/docs.html"))))
        .route("/docs/start.js", get(async || page(SCRIPT, include_bytes!("pages/start.js"))))
        .route("/docs/swagger-ui.css", get(async || compressed(page(STYLE, style))))
        .route("/docs/swagger-ui-bundle.js", get(async || compressed(page(SCRIPT, script))))
}

fn page(media_type: &'static str, text: &'static [u8]) -> Response {
    let mut response = response::with_body(media_type, text);
    response.headers_mut().insert(CONTENT_SECURITY_POLICY, POLICY);
    response
}

/// A file that is compressed, and does not change while the server runs.
fn compressed(mut file: Response) -> Response {
    let headers = file.headers_mut();
    headers.insert(CONTENT_ENCODING, HeaderValue::from_static("gzip"));
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("max-age=3600"));
    file
}
