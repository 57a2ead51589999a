//! What is at each path.

use std::sync::Arc;

use axum::extract::{Request, State};
use axum::response::Response;

use super::api::Api;
use super::schema::bodies::{
    Batch, BatchFile, DiscoverRules, Pin, ResetLimits, Rollback, StreamQuery, TenantBody, TenantQuery, Validate,
};
use super::schema::results::{Conflicts, Done, Health, Judged, Line, Problems, Validated};
use super::{calls, probes};
use crate::call::Operation;

type Shared = State<Arc<Api>>;

/// Judge one record.
#[utoipa::path(post, path = "/api/v1/validate", tag = "records", request_body = Validate,
    responses((status = 200, description = "The results of its rules", body = Validated), Problems))]
pub(super) async fn validate(State(api): Shared, request: Request) -> Response {
    calls::with_body(api, request, "validate").await
}

/// Judge many records: those of an array, or those of a stream of lines.
///
/// For a stream, the parameters are in the query. The response is a stream if the records are one, or if `Accept` asks for it.
#[utoipa::path(post, path = "/api/v1/batch", tag = "records", params(StreamQuery),
    request_body(content((Batch = "application/json"), (Object = "application/x-ndjson"))),
    responses(
        (status = 200, description = "The results of each record", content((Judged = "application/json"), (Line = "application/x-ndjson"))),
        Problems,
    ))]
pub(super) async fn batch(State(api): Shared, request: Request) -> Response {
    calls::batch(api, request).await
}

/// Judge the records of a file.
#[utoipa::path(post, path = "/api/v1/batch-file", tag = "records", request_body = BatchFile,
    responses((status = 200, description = "The results of each record", body = Judged), Problems))]
pub(super) async fn batch_file(State(api): Shared, request: Request) -> Response {
    calls::with_body(api, request, "batch_file_validate").await
}

/// List the rules that would judge a record. Runs nothing.
#[utoipa::path(post, path = "/api/v1/discover-rules", tag = "rules", request_body = DiscoverRules,
    responses((status = 200, description = "The rules by id", body = Object), Problems))]
pub(super) async fn discover_rules(State(api): Shared, request: Request) -> Response {
    calls::with_body(api, request, "discover_rules").await
}

/// List the rulesets.
#[utoipa::path(get, path = "/api/v1/discover-rulesets", tag = "rules", params(TenantQuery),
    responses((status = 200, description = "The rulesets by name", body = Object), Problems))]
pub(super) async fn discover_rulesets(State(api): Shared, request: Request) -> Response {
    calls::with_query(api, request, "discover_rulesets").await
}

/// Whether the process lives.
#[utoipa::path(get, path = "/health", tag = "probes", security(()),
    responses((status = 200, description = "It does", body = String, content_type = "text/plain", example = "ok")))]
pub(super) async fn health() -> Response {
    probes::health()
}

/// Whether clients should be sent here.
#[utoipa::path(get, path = "/ready", tag = "probes", security(()),
    responses(
        (status = 200, description = "They should", body = String, content_type = "text/plain", example = "ready"),
        (status = 503, description = "They should not", body = String, content_type = "text/plain", example = "unavailable"),
    ))]
pub(super) async fn ready(State(api): Shared) -> Response {
    probes::ready(&api)
}

/// Show what each health check has found.
#[utoipa::path(get, path = "/health/details", tag = "operators",
    responses((status = 200, description = "The checks, and what they say together", body = Health), Problems))]
pub(super) async fn health_details(State(api): Shared, request: Request) -> Response {
    calls::without_parameters(api, request, Operation::HealthReport).await
}

/// Show what clients have left of their limits: the buckets that are not full.
#[utoipa::path(get, path = "/api/v1/limits", tag = "operators",
    responses((status = 200, description = "The buckets with the least left, and what was allowed and refused", body = Object), Problems))]
pub(super) async fn limits(State(api): Shared, request: Request) -> Response {
    calls::without_parameters(api, request, Operation::Limits).await
}

/// Fill a bucket, or all of them.
#[utoipa::path(post, path = "/api/v1/limits/reset", tag = "operators", request_body = Option<ResetLimits>,
    responses((status = 200, description = "How many were filled that were not full", body = Object), Problems))]
pub(super) async fn reset_limits(State(api): Shared, request: Request) -> Response {
    calls::with_optional_body(api, request, "reset_limits").await
}

/// Show the release, its trust, and what failed.
#[utoipa::path(get, path = "/api/v1/status", tag = "releases", params(TenantQuery),
    responses((status = 200, description = "The status of each tenant", body = Object), Problems))]
pub(super) async fn status(State(api): Shared, request: Request) -> Response {
    calls::with_query(api, request, "status").await
}

/// Look for a newer release now.
#[utoipa::path(post, path = "/api/v1/reload", tag = "releases", request_body = Option<TenantBody>,
    responses((status = 200, description = "Whether another release serves", body = Done), Problems, Conflicts))]
pub(super) async fn reload(State(api): Shared, request: Request) -> Response {
    calls::with_optional_body(api, request, "reload_logic").await
}

/// Pin the host to a release.
#[utoipa::path(post, path = "/api/v1/pin", tag = "releases", request_body = Pin,
    responses((status = 200, description = "Whether another release serves", body = Done), Problems, Conflicts))]
pub(super) async fn pin(State(api): Shared, request: Request) -> Response {
    calls::with_body(api, request, "pin").await
}

/// Pin the host to the previous release.
#[utoipa::path(post, path = "/api/v1/rollback", tag = "releases", request_body = Option<Rollback>,
    responses((status = 200, description = "The previous release serves", body = Done), Problems, Conflicts))]
pub(super) async fn rollback(State(api): Shared, request: Request) -> Response {
    calls::with_optional_body(api, request, "rollback").await
}

/// Let the host follow the repository again.
#[utoipa::path(post, path = "/api/v1/unpin", tag = "releases", request_body = Option<TenantBody>,
    responses((status = 200, description = "Whether another release serves", body = Done), Problems, Conflicts))]
pub(super) async fn unpin(State(api): Shared, request: Request) -> Response {
    calls::with_optional_body(api, request, "unpin").await
}
