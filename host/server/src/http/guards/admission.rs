//! A bounded number of requests are worked on at a time, and a bounded number wait for a bounded time.

use crate::error::{ErrorKind, RequestError};
use crate::http::api::Api;
use crate::http::exchange::Exchange;
use crate::observation;

/// Passes requests that get a place. They keep it until their response is complete.
pub(in crate::http) async fn check(api: &Api, exchange: &Exchange) -> Result<(), RequestError> {
    let client = &exchange.peer.client;
    if let Some(failure) = &exchange.peer.refusal {
        observation::limit(&api.state.observers, failure.kind, client.origin.peer, None);
        return Err(failure.clone());
    }
    if api.state.stop.is_draining() {
        return Err(RequestError::new(ErrorKind::Stopping, "the server stops; try another one, or later"));
    }
    let permit = api.places.take().await.inspect_err(|failure| {
        let context = client.context(&exchange.correlation);
        observation::limit(&api.state.observers, failure.kind, client.origin.peer, Some(&context));
    })?;
    exchange.keep(permit);
    Ok(())
}
