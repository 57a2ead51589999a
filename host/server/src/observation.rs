//! The server's events for observers: authentications, and refusals by its limits.

use std::net::SocketAddr;

use jurat::CallErrorKind;
use jurat::observe::{Authentication, Event, LimitDecision, LimitEffect, Observers};
use jurat_model::CallContext;

use crate::error::ErrorKind;

/// Tells that a client was authenticated, or refused for a reason.
pub(crate) fn authentication(
    observers: &Observers,
    context: &CallContext,
    refused: Option<ErrorKind>,
    peer: Option<SocketAddr>,
) {
    if observers.is_empty() {
        return;
    }
    let peer = peer.map(|peer| peer.to_string());
    let decision = match refused {
        None => Authentication::granted(context),
        Some(kind) => Authentication::refused(context, kind.code()),
    };
    observers.emit(|| Event::Authentication(peer.iter().fold(decision, |decision, peer| decision.with_peer(peer))));
}

/// Tells that a limit has refused something, if that is what an error reports.
pub(crate) fn limit(observers: &Observers, kind: ErrorKind, peer: Option<SocketAddr>, context: Option<&CallContext>) {
    let Some(setting) = setting(kind).filter(|_| !observers.is_empty()) else { return };
    let peer = peer.map(|peer| peer.to_string());
    let decision = LimitDecision::new(setting, LimitEffect::Refused);
    let decision = context.iter().fold(decision, |decision, context| decision.with_context(context));
    observers.emit(|| Event::Limit(peer.iter().fold(decision, |decision, peer| decision.with_peer(peer))));
}

/// The setting whose limit an error reports; none if the error is not about a setting.
fn setting(kind: ErrorKind) -> Option<&'static str> {
    match kind {
        ErrorKind::MessageTooLarge => Some("server.max_message"),
        ErrorKind::ReplyTooLarge => Some("server.max_reply"),
        ErrorKind::TooManyConnections => Some("server.max_connections"),
        ErrorKind::Call(CallErrorKind::Overloaded) => Some("server.max_buffered"),
        ErrorKind::ParametersTooLarge => Some("api.max_parameters"),
        ErrorKind::TooManyRecords => Some("api.max_records"),
        ErrorKind::RateLimited => Some("rates"),
        ErrorKind::TooBusy => Some("api.max_concurrent"),
        ErrorKind::RequestTimeout => Some("api.request_timeout_ms"),
        ErrorKind::ParseError
        | ErrorKind::InvalidRequest
        | ErrorKind::IncompleteMessage
        | ErrorKind::UnknownPath
        | ErrorKind::MethodNotAllowed
        | ErrorKind::AmbiguousRequest
        | ErrorKind::HostNotTrusted
        | ErrorKind::OriginRefused
        | ErrorKind::UnsupportedMediaType
        | ErrorKind::Stopping
        | ErrorKind::BatchTooLong
        | ErrorKind::UnknownMethod
        | ErrorKind::ParametersByName
        | ErrorKind::MissingParameter
        | ErrorKind::UnknownParameter
        | ErrorKind::WrongParameter
        | ErrorKind::AuthenticationNeeded
        | ErrorKind::AuthenticationFailed
        | ErrorKind::AuthenticationUnavailable
        | ErrorKind::TooManyAttempts
        | ErrorKind::Forbidden
        | ErrorKind::ClientGone
        | ErrorKind::Call(_) => None,
    }
}
