//! A client shows a credential with each request, unless its connection tells who it is.

use hyper::HeaderMap;
use hyper::header::AUTHORIZATION;
use jurat::settings::Secret;

use crate::access::{identify, identify_observed};
use crate::error::{ErrorKind, RequestError};
use crate::http::api::Api;
use crate::http::exchange::Exchange;

/// Passes requests of authenticated clients.
pub(in crate::http) async fn check(api: &Api, exchange: &Exchange, headers: &HeaderMap) -> Result<(), RequestError> {
    let client = &exchange.peer.client;
    let principal = if client.origin.authentication.principal().is_some() {
        identify(&api.state, client, None).await?
    } else {
        let shown = shown(headers);
        let principal = identify_observed(&api.state, client, shown.as_ref(), &exchange.correlation).await;
        // The header is what is needed here.
        principal.map_err(|failure| if shown.is_none() { needed() } else { failure })?
    };
    exchange.set_principal(principal);
    exchange.peer.admit()
}

/// The credential that a request shows.
fn shown(headers: &HeaderMap) -> Option<Secret> {
    let mut values = headers.get_all(AUTHORIZATION).iter();
    let (Some(value), None) = (values.next(), values.next()) else { return None };
    let (scheme, credential) = value.to_str().ok()?.split_once(' ')?;
    scheme.eq_ignore_ascii_case("Bearer").then(|| Secret::new(credential.trim()))
}

fn needed() -> RequestError {
    RequestError::new(
        ErrorKind::AuthenticationNeeded,
        "each request needs a header `Authorization: Bearer CREDENTIAL` with a token, an API key or a JSON Web Token",
    )
}
