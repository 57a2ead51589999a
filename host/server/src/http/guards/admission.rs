//! A server that stops, or has all that it may do, begins no further request.

use crate::error::{ErrorKind, RequestError};
use crate::http::api::Api;
use crate::http::exchange::Exchange;
use crate::observation;

/// Passes requests that can be worked on. They take a place when their body is there, so that slow clients keep nobody from working.
pub(in crate::http) fn check(api: &Api, exchange: &Exchange) -> Result<(), RequestError> {
    let client = &exchange.peer.client;
    if let Some(failure) = &exchange.peer.refusal {
        observation::limit(&api.state.observers, failure.kind, client.origin.peer, None);
        return Err(failure.clone());
    }
    if api.state.stop.is_draining() {
        return Err(RequestError::new(ErrorKind::Stopping, "the server stops; try another one, or later"));
    }
    api.places.check().inspect_err(|failure| {
        observation::limit(&api.state.observers, failure.kind, client.origin.peer, Some(&exchange.context()));
    })
}
