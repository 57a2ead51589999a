//! Headers that tell browsers what they must not do with a response.

use hyper::HeaderMap;
use hyper::header::{
    CACHE_CONTROL, CONTENT_SECURITY_POLICY, HeaderName, HeaderValue, REFERRER_POLICY, STRICT_TRANSPORT_SECURITY,
    X_CONTENT_TYPE_OPTIONS, X_FRAME_OPTIONS,
};

/// Whether connections use TLS.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(in crate::http) enum Transport {
    /// They do not.
    Plain,
    /// They do.
    Tls,
}

/// The headers of every response. A response that has one of them already keeps its own.
///
/// `X-XSS-Protection` is not among them: browsers have dropped what it turned on, and the older ones that still have it can be made to
/// leak with it.
const ALWAYS: [(HeaderName, HeaderValue); 5] = [
    (X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff")),
    (X_FRAME_OPTIONS, HeaderValue::from_static("DENY")),
    (REFERRER_POLICY, HeaderValue::from_static("strict-origin-when-cross-origin")),
    (CONTENT_SECURITY_POLICY, HeaderValue::from_static("default-src 'none'; frame-ancestors 'none'")),
    (CACHE_CONTROL, HeaderValue::from_static("no-store")),
];
/// Two years, which lists of such sites ask for.
const HSTS: HeaderValue = HeaderValue::from_static("max-age=63072000");

/// Adds the headers.
pub(in crate::http) fn add(headers: &mut HeaderMap, transport: Transport) {
    for (name, value) in ALWAYS {
        headers.entry(name).or_insert(value);
    }
    if transport == Transport::Tls {
        headers.insert(STRICT_TRANSPORT_SECURITY, HSTS);
    }
}
