//! A request says for which host it is, once and clearly, and that host is this server.
//!
//! A web page can give its own host name the address of this server (DNS rebinding). The browser then takes what the server answers for
//! that page's own. The name in `Host` gives it away.

use std::net::IpAddr;

use axum::extract::Request;
use hyper::Version;
use hyper::header::HOST;
use hyper::http::uri::Authority;
use jurat::Excerpt;
use jurat::settings::HostPattern;

use crate::error::{ErrorKind, RequestError};
use crate::http::api::Api;
use crate::http::connection::Peer;

/// Passes requests for this server.
pub(in crate::http) fn check(api: &Api, peer: &Peer, request: &Request) -> Result<(), RequestError> {
    let authority = authority(request)?;
    // Only programs of this machine reach a Unix socket, and no page does.
    if peer.client.origin.peer.is_none() { Ok(()) } else { is_trusted(api, &authority) }
}

/// The host and the port that a request is for: from its target, or from its header. If it has both, they agree.
fn authority(request: &Request) -> Result<Authority, RequestError> {
    let mut named = request.headers().get_all(HOST).iter();
    let header = match (named.next(), named.next()) {
        (None, _) => None,
        (Some(value), None) => Some(
            Authority::try_from(value.as_bytes())
                .ok()
                .filter(is_plain)
                .ok_or_else(|| ambiguous("`Host` is not a host with or without a port"))?,
        ),
        (Some(_), Some(_)) => return Err(ambiguous("the request has more than one `Host`")),
    };
    let target = request.uri().authority();
    if target.is_some_and(|target| !is_plain(target)) {
        return Err(ambiguous("the target of the request is not for a host with or without a port"));
    }
    match (target, header) {
        (Some(target), Some(header)) if *target != header => {
            Err(ambiguous("the target of the request and its `Host` are different hosts"))
        }
        (_, Some(authority)) => Ok(authority),
        // Over HTTP/2, the authority replaces the header. HTTP/1.1 demands the header in any case.
        (Some(authority), None) if request.version() == Version::HTTP_2 => Ok(authority.clone()),
        (_, None) => Err(ambiguous("the request has no `Host`")),
    }
}

/// Whether an authority is a host with or without a port: anything before an `@` is for clients to use, and not to send.
fn is_plain(authority: &Authority) -> bool {
    match authority.as_str().strip_prefix(authority.host()) {
        Some("") => true,
        Some(rest) => rest.strip_prefix(':').is_some_and(|_| authority.port_u16().is_some()),
        None => false,
    }
}

fn is_trusted(api: &Api, authority: &Authority) -> Result<(), RequestError> {
    let host = authority.host();
    // A page can give its name another address, but no address another address.
    let is_address = host.trim_start_matches('[').trim_end_matches(']').parse::<IpAddr>().is_ok();
    let is_own = is_address || host.eq_ignore_ascii_case("localhost");
    let is_covered = |pattern: &HostPattern| pattern.matches_host(host, authority.port_u16());
    if is_own || api.settings.hosts.iter().any(is_covered) {
        return Ok(());
    }
    let message = format!("`{}` is not a host of this server; see `api.hosts`", Excerpt::of(host));
    Err(RequestError::new(ErrorKind::HostNotTrusted, message))
}

fn ambiguous(message: &str) -> RequestError {
    RequestError::new(ErrorKind::AmbiguousRequest, message)
}
