//! The paths, and the guards on the way to each.

use std::sync::Arc;

use axum::Router;
use axum::extract::{Request, State};
use axum::middleware::{Next, from_fn_with_state};
use axum::response::Response;
use axum::routing::{get, post};
use jurat::Excerpt;
use jurat_model::advice;
use tower::ServiceExt;
use utoipa::openapi::OpenApi;

use super::answer::{exchange_of, refuse};
use super::api::Api;
use super::connection::Peer;
use super::exchange::Exchange;
use super::guards::headers::Transport;
use super::guards::{admission, authentication, deadline, headers, host, origin, panic};
use super::{exchange, openapi, pages, paths, probes, problem};
use crate::error::{ErrorKind, RequestError};

/// The paths that clients may have meant.
const PATHS: [&str; 12] = [
    "/api/v1/validate",
    "/api/v1/batch",
    "/api/v1/batch-file",
    "/api/v1/discover-rules",
    "/api/v1/discover-rulesets",
    "/api/v1/status",
    "/api/v1/reload",
    "/api/v1/pin",
    "/api/v1/rollback",
    "/api/v1/unpin",
    "/openapi.json",
    "/docs",
];

/// The paths at one listener.
#[derive(Clone, Debug)]
pub(super) struct Routes {
    api: Arc<Api>,
    transport: Transport,
    router: Router,
}

impl Routes {
    /// What clients can call.
    pub(super) fn of_clients(api: Arc<Api>, transport: Transport) -> Self {
        Self::new(api, transport, clients(), &openapi::of_clients())
    }

    /// What operators can call: also what concerns the host as a whole.
    pub(super) fn of_operators(api: Arc<Api>, transport: Transport) -> Self {
        let calls = clients()
            .route("/health/details", get(paths::health_details))
            .route("/api/v1/limits", get(paths::limits))
            .route("/api/v1/limits/reset", post(paths::reset_limits));
        Self::new(api, transport, calls, &openapi::of_operators())
    }

    fn new(api: Arc<Api>, transport: Transport, calls: Router<Arc<Api>>, description: &OpenApi) -> Self {
        let calls = calls
            .fallback(unknown_path)
            // Below the guards: a browser asks with a method of its own before it calls, and `sharing` answers it.
            .method_not_allowed_fallback(method_not_allowed)
            .layer(from_fn_with_state(Arc::clone(&api), guard));
        let calls = match origin::sharing(&api.settings) {
            Some(sharing) => calls.layer(sharing),
            None => calls,
        };
        let router = calls
            .merge(pages::routes(description))
            .route(probes::HEALTH, get(paths::health))
            .route(probes::READY, get(paths::ready))
            .method_not_allowed_fallback(method_not_allowed)
            .with_state(Arc::clone(&api));
        Self { api, transport, router }
    }

    /// Answers a request. The order here is that of the guards.
    pub(super) async fn answer(&self, peer: &Arc<Peer>, mut request: Request) -> Response {
        let kept = exchange::begin(&self.api, peer, &request);
        request.extensions_mut().insert(Arc::clone(&kept.exchange));
        let answered = tokio::select! {
            biased;
            answered = panic::check(self.route(&kept.exchange, request)) => answered,
            () = self.api.state.stop.aborting() => Err(RequestError::aborted()),
        };
        let answered = answered.unwrap_or_else(|failure| problem::response(&failure, &kept.exchange.correlation));
        let mut response = kept.respond(answered);
        headers::add(response.headers_mut(), self.transport);
        response
    }

    async fn route(&self, exchange: &Exchange, request: Request) -> Result<Response, RequestError> {
        if !probes::is_probe(&request) {
            host::check(&self.api, &exchange.peer, &request)?;
            origin::check(&self.api, &request)?;
        }
        let Ok(response) = self.router.clone().oneshot(request).await;
        Ok(response)
    }
}

fn clients() -> Router<Arc<Api>> {
    Router::new()
        .route("/api/v1/validate", post(paths::validate))
        .route("/api/v1/batch", post(paths::batch))
        .route("/api/v1/batch-file", post(paths::batch_file))
        .route("/api/v1/discover-rules", post(paths::discover_rules))
        .route("/api/v1/discover-rulesets", get(paths::discover_rulesets))
        .route("/api/v1/status", get(paths::status))
        .route("/api/v1/reload", post(paths::reload))
        .route("/api/v1/pin", post(paths::pin))
        .route("/api/v1/rollback", post(paths::rollback))
        .route("/api/v1/unpin", post(paths::unpin))
}

/// The guards of calls, after those of all requests.
async fn guard(State(api): State<Arc<Api>>, request: Request, next: Next) -> Response {
    let exchange = exchange_of(&request);
    let answered = async {
        authentication::check(&api, &exchange, request.headers()).await?;
        admission::check(&api, &exchange)?;
        deadline::check(&api, &exchange, next.run(request)).await
    };
    answered.await.unwrap_or_else(|failure| problem::response(&failure, &exchange.correlation))
}

async fn unknown_path(request: Request) -> Response {
    let path = request.uri().path();
    let message = format!("there is nothing at `{}`{}", Excerpt::of(path), advice(path, PATHS));
    refuse(&request, &RequestError::new(ErrorKind::UnknownPath, message))
}

async fn method_not_allowed(request: Request) -> Response {
    let (path, method) = (Excerpt::of(request.uri().path()), Excerpt::of(request.method().as_str()));
    let message = format!("`{path}` does not accept the method `{method}`");
    refuse(&request, &RequestError::new(ErrorKind::MethodNotAllowed, message))
}
