//! A client shows the token with each request, if the server demands one.

use hyper::HeaderMap;
use hyper::header::AUTHORIZATION;
use jurat::settings::Secret;
use jurat_model::CallContext;

use crate::authentication::Authentication;
use crate::error::{ErrorKind, RequestError};
use crate::http::api::Api;
use crate::http::exchange::Exchange;
use crate::observation;

/// Passes requests of authenticated clients.
pub(in crate::http) fn check(api: &Api, exchange: &Exchange, headers: &HeaderMap) -> Result<(), RequestError> {
    let peer = &exchange.peer;
    if !peer.required.is_token() {
        return Ok(());
    }
    let known = match peer.required {
        Authentication::OperatorToken => &api.state.operator_token,
        _ => &api.state.token,
    };
    let shown = shown(headers).and_then(|token| match known {
        Some(known) if known.is(&token) => Ok(()),
        _ => Err(RequestError::new(ErrorKind::AuthenticationFailed, "the token is wrong")),
    });
    let refused = shown.as_ref().err().map(|failure| failure.kind);
    let context = match refused {
        None => peer.client.context(&exchange.correlation),
        // The client is not authenticated.
        Some(_) => CallContext::new().with_correlation(exchange.correlation.clone()),
    };
    observation::authentication(&api.state.observers, &context, refused, peer.client.origin.peer);
    shown.and_then(|()| peer.admit())
}

/// The token that a request shows.
fn shown(headers: &HeaderMap) -> Result<Secret, RequestError> {
    let needed = || {
        RequestError::new(
            ErrorKind::AuthenticationNeeded,
            "each request needs a header `Authorization: Bearer TOKEN` with the token of this server",
        )
    };
    let mut values = headers.get_all(AUTHORIZATION).iter();
    let (Some(value), None) = (values.next(), values.next()) else { return Err(needed()) };
    let (scheme, token) = value.to_str().ok().and_then(|text| text.split_once(' ')).ok_or_else(needed)?;
    if scheme.eq_ignore_ascii_case("Bearer") { Ok(Secret::new(token.trim())) } else { Err(needed()) }
}
