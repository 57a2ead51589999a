//! The paths, and the guards on the way to each.

use std::sync::Arc;

use axum::Router;
use axum::extract::Request;
use axum::middleware::{from_fn, from_fn_with_state};
use axum::response::Response;
use axum::routing::{get, post};
use jurat::Excerpt;
use jurat_model::advice;
use utoipa::openapi::OpenApi;

use super::answer::refuse;
use super::api::Api;
use super::guards::headers::Transport;
use super::guards::{admission, authentication, deadline, headers, host, origin, panic};
use super::{exchange, openapi, pages, paths};
use crate::error::{ErrorKind, RequestError};

/// The paths that clients may have meant.
const PATHS: [&str; 7] = [
    "/api/v1/validate",
    "/api/v1/batch",
    "/api/v1/batch-file",
    "/api/v1/discover-rules",
    "/api/v1/discover-rulesets",
    "/openapi.json",
    "/docs",
];

/// What clients can call.
pub(super) fn of_clients(api: &Arc<Api>, transport: Transport) -> Router {
    guarded(api, transport, clients(), &openapi::of_clients())
}

/// What operators can call: also what decides which release serves.
pub(super) fn of_operators(api: &Arc<Api>, transport: Transport) -> Router {
    let calls = clients()
        .route("/api/v1/status", get(paths::status))
        .route("/api/v1/reload", post(paths::reload))
        .route("/api/v1/pin", post(paths::pin))
        .route("/api/v1/rollback", post(paths::rollback))
        .route("/api/v1/unpin", post(paths::unpin));
    guarded(api, transport, calls, &openapi::of_operators())
}

fn clients() -> Router<Arc<Api>> {
    Router::new()
        .route("/api/v1/validate", post(paths::validate))
        .route("/api/v1/batch", post(paths::batch))
        .route("/api/v1/batch-file", post(paths::batch_file))
        .route("/api/v1/discover-rules", post(paths::discover_rules))
        .route("/api/v1/discover-rulesets", get(paths::discover_rulesets))
}

/// Calls behind all guards. Of layers, the last one is the outermost.
fn guarded(api: &Arc<Api>, transport: Transport, calls: Router<Arc<Api>>, description: &OpenApi) -> Router {
    let guarded = calls
        .fallback(unknown_path)
        // Below the layers: a browser asks with a method of its own before it calls, and gets its answer from a layer.
        .method_not_allowed_fallback(method_not_allowed)
        .layer(from_fn_with_state(Arc::clone(api), deadline::check))
        .layer(from_fn_with_state(Arc::clone(api), admission::check))
        .layer(from_fn_with_state(Arc::clone(api), authentication::check));
    let guarded = match origin::sharing(&api.settings) {
        Some(sharing) => guarded.layer(sharing),
        None => guarded,
    };
    guarded
        .merge(pages::routes(description))
        .layer(from_fn_with_state(Arc::clone(api), origin::check))
        .layer(from_fn_with_state(Arc::clone(api), host::check))
        .route("/health", get(paths::health))
        .route("/ready", get(paths::ready))
        .method_not_allowed_fallback(method_not_allowed)
        .layer(from_fn(panic::check))
        .layer(from_fn_with_state(transport, headers::add))
        .layer(from_fn_with_state(Arc::clone(api), exchange::record))
        .with_state(Arc::clone(api))
}

async fn unknown_path(request: Request) -> Response {
    let path = request.uri().path();
    let message = format!("there is nothing at `{}`{}", Excerpt::of(path), advice(path, PATHS));
    refuse(&request, &RequestError::new(ErrorKind::UnknownPath, message))
}

async fn method_not_allowed(request: Request) -> Response {
    let message = format!("`{}` does not accept the method {}", Excerpt::of(request.uri().path()), request.method());
    refuse(&request, &RequestError::new(ErrorKind::MethodNotAllowed, message))
}
