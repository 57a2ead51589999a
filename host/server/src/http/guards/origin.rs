//! A browser sends a request for a page of this server or of a listed origin, and for no other page.
//!
//! A page of somebody else can have its visitor's browser send requests to any address that the browser reaches, this server among them.
//! The browser then names the origin of the page, which the page cannot change (Fetch standard, section 3.2).

use axum::extract::Request;
use hyper::HeaderMap;
use hyper::Method;
use hyper::header::{ACCEPT, AUTHORIZATION, CONTENT_TYPE, HOST, HeaderName, HeaderValue, ORIGIN};
use jurat::Excerpt;
use jurat::settings::{ApiSettings, Origins};
use jurat::url::{Origin, Url};
use tower_http::cors::{AllowOrigin, CorsLayer};

use crate::error::{ErrorKind, RequestError};
use crate::http::api::Api;
use crate::http::exchange::CORRELATION;

/// Passes requests of pages that may call this server, and requests that no page has made.
pub(in crate::http) fn check(api: &Api, request: &Request) -> Result<(), RequestError> {
    named(request.headers()).and_then(|origin| is_permitted(api, request, origin))
}

/// What browsers are told of pages that may read the responses; none if there are no such pages.
pub(in crate::http) fn sharing(settings: &ApiSettings) -> Option<CorsLayer> {
    let origins = match &settings.origins {
        Origins::All => AllowOrigin::any(),
        Origins::Listed(origins) if origins.is_empty() => return None,
        Origins::Listed(origins) => {
            let values = origins.iter().map(|origin| HeaderValue::try_from(origin.ascii_serialization()));
            AllowOrigin::list(values.filter_map(Result::ok))
        }
    };
    let layer = CorsLayer::new()
        .allow_origin(origins)
        .allow_methods([Method::GET, Method::POST])
        .allow_headers([ACCEPT, AUTHORIZATION, CONTENT_TYPE])
        .expose_headers([HeaderName::from_static(CORRELATION)])
        .allow_credentials(settings.credentials);
    Some(layer)
}

/// The origin that a request names; none if it names none.
fn named(headers: &HeaderMap) -> Result<Option<&HeaderValue>, RequestError> {
    let mut named = headers.get_all(ORIGIN).iter();
    match (named.next(), named.next()) {
        (origin, None) => Ok(origin),
        (_, Some(_)) => {
            Err(RequestError::new(ErrorKind::AmbiguousRequest, "the request has more than one `Origin`".to_owned()))
        }
    }
}

fn is_permitted(api: &Api, request: &Request, origin: Option<&HeaderValue>) -> Result<(), RequestError> {
    let Some(value) = origin else { return Ok(()) };
    // Pages without an origin, such as files, send `null`.
    let origin = value.to_str().ok().and_then(|text| Url::parse(text).ok()).map(|url| url.origin());
    let is_permitted = match (&origin, &api.settings.origins) {
        (_, Origins::All) => true,
        (Some(origin), Origins::Listed(listed)) => listed.contains(origin) || is_own(request, origin),
        (None, Origins::Listed(_)) => false,
    };
    if is_permitted {
        return Ok(());
    }
    let shown = Excerpt::of(&String::from_utf8_lossy(value.as_bytes()));
    let message = format!("pages of `{shown}` may not call this server; see `api.origins`");
    Err(RequestError::new(ErrorKind::OriginRefused, message))
}

/// Whether a page is of the host that the request is for. Which hosts there are, another guard has checked.
fn is_own(request: &Request, origin: &Origin) -> bool {
    let header = || request.headers().get(HOST).and_then(|host| host.to_str().ok());
    let Some(host) = request.uri().authority().map(|authority| authority.as_str()).or_else(header) else {
        return false;
    };
    let scheme = if matches!(origin, Origin::Tuple(scheme, ..) if scheme == "https") { "https" } else { "http" };
    Url::parse(&format!("{scheme}://{host}")).is_ok_and(|url| url.origin() == *origin)
}
