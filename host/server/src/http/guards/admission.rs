//! A bounded number of requests are worked on at a time, and a bounded number wait for a bounded time.

use std::sync::Arc;

use axum::extract::{Request, State};
use axum::middleware::Next;
use axum::response::Response;

use crate::error::{ErrorKind, RequestError};
use crate::http::answer::{parts_of, refuse};
use crate::http::api::Api;
use crate::observation;

/// Passes on requests that get a place. They keep it until their response is complete.
pub(in crate::http) async fn check(State(api): State<Arc<Api>>, request: Request, next: Next) -> Response {
    let (peer, exchange) = parts_of(&request);
    if let Some(failure) = &peer.refusal {
        observation::limit(&api.state.observers, failure.kind, peer.client.origin.peer, None);
        return refuse(&request, failure);
    }
    if api.state.stop.is_draining() {
        return refuse(
            &request,
            &RequestError::new(ErrorKind::Stopping, "the server stops; try another one, or later"),
        );
    }
    match api.places.take().await {
        Ok(permit) => exchange.keep(permit),
        Err(failure) => {
            let context = peer.client.context(&exchange.correlation);
            observation::limit(&api.state.observers, failure.kind, peer.client.origin.peer, Some(&context));
            return refuse(&request, &failure);
        }
    }
    next.run(request).await
}
