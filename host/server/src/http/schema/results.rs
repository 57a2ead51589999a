//! The results of requests.

#![expect(dead_code, reason = "these types only describe")]

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use utoipa::{IntoResponses, ToSchema};

use crate::http::problem::Problem;

/// What a rule says of a record.
#[derive(Deserialize, Serialize, ToSchema)]
#[serde(rename_all = "UPPERCASE")]
pub(in crate::http) enum Status {
    /// The rule found nothing wrong.
    Pass,
    /// A person should look at the record.
    Warn,
    /// The record breaks the rule.
    Fail,
    /// The rule did not run.
    Norun,
    /// The rule could not judge the record.
    Error,
}

/// A member of results that can be chosen.
#[derive(Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub(in crate::http) enum Field {
    EntityType,
    Ruleset,
    ErrorMessage,
    Now,
    Release,
    Description,
    Message,
    Code,
    Params,
    Fields,
    Mistakes,
    Degraded,
    Component,
    ExecutionTimeMs,
}

/// A field of a record.
#[derive(Serialize, ToSchema)]
pub(in crate::http) struct FieldOfRecord {
    /// The logical name.
    name: String,
    /// A JSON Pointer into the record.
    pointer: Option<String>,
    /// The record's own text.
    value: Option<String>,
}

/// The result of a rule.
#[derive(Serialize, ToSchema)]
pub(in crate::http) struct RuleResult {
    rule_id: String,
    /// What the rule checks.
    #[schema(required = false)]
    description: String,
    status: Status,
    /// The reason, for people.
    #[schema(required = false)]
    message: String,
    /// The reason, for programs.
    #[serde(skip_serializing_if = "Option::is_none")]
    code: Option<String>,
    /// Values that the rule has computed.
    #[schema(required = false)]
    params: BTreeMap<String, String>,
    /// The fields that the reason is about.
    #[schema(required = false)]
    fields: Vec<FieldOfRecord>,
    /// All that is wrong with a record that does not fit its schema.
    #[schema(required = false)]
    mistakes: Vec<Value>,
    /// The result depends on the machine and the moment.
    #[schema(required = false)]
    indeterminate: bool,
    /// Terms whose answers were older than they should be.
    #[schema(required = false)]
    degraded: Vec<String>,
    /// The SHA-256 of the component with the rule.
    #[schema(required = false)]
    component: String,
    #[schema(required = false)]
    execution_time_ms: f64,
    /// The results of the rules that wait for this one.
    #[schema(no_recursion)]
    children: Vec<Self>,
}

/// Why a record could not be judged.
#[derive(Serialize, ToSchema)]
pub(in crate::http) struct RecordError {
    /// The reason, for programs.
    code: String,
    message: String,
    line: u64,
    offset: u64,
}

/// The results of one record.
#[derive(Serialize, ToSchema)]
pub(in crate::http) struct RecordResult {
    /// The values of the id fields; with `lists`.
    #[schema(required = false)]
    entity_id: String,
    /// Of the item; with `envelopes`.
    #[schema(required = false)]
    correlation_id: Value,
    /// With `lists`, only if the record could not be judged; with `envelopes`, the worst status of its rules.
    #[schema(required = false)]
    status: Status,
    #[schema(required = false)]
    entity_type: Option<String>,
    #[schema(required = false)]
    ruleset: String,
    #[schema(required = false)]
    error: RecordError,
    #[schema(required = false)]
    error_message: String,
    /// The time of the run, if a rule reads it.
    #[schema(required = false)]
    now: String,
    /// The rules are unsigned.
    #[schema(required = false)]
    unsigned: bool,
    /// The signed release, and what vouches for it.
    #[schema(required = false)]
    release: Map<String, Value>,
    results: Vec<RuleResult>,
}

/// The results of one record: those of its rules with `lists`, an object with `envelopes`.
#[derive(Serialize, ToSchema)]
#[serde(untagged)]
pub(in crate::http) enum Validated {
    Rules(Vec<RuleResult>),
    Envelope(Box<RecordResult>),
}

/// The results of many records.
#[derive(Serialize, ToSchema)]
#[serde(untagged)]
pub(in crate::http) enum Judged {
    Records(Vec<RecordResult>),
    Envelope(BatchEnvelope),
}

/// The results of many records, with `envelopes`.
#[derive(Serialize, ToSchema)]
pub(in crate::http) struct BatchEnvelope {
    status: String,
    ruleset: String,
    items: Vec<RecordResult>,
}

/// A line of a stream.
#[derive(Serialize, ToSchema)]
#[serde(untagged)]
pub(in crate::http) enum Line {
    /// The results of one record.
    Record(Box<RecordResult>),
    /// The last line: without it, the stream is not complete.
    Summary { summary: Map<String, Value> },
    /// The last line, if the server could not go on.
    Error { error: Problem<'static> },
}

/// The health of the service, check by check.
#[derive(Serialize, ToSchema)]
pub(in crate::http) struct Health {
    status: Verdict,
    checks: Vec<Check>,
}

/// What the checks say together.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "lowercase")]
enum Verdict {
    Healthy,
    Degraded,
    Unhealthy,
}

/// What one check has found.
#[derive(Serialize, ToSchema)]
struct Check {
    /// What is checked.
    #[schema(example = "trust")]
    name: String,
    /// The tenant that it is about; absent if it is about all of them.
    #[serde(skip_serializing_if = "Option::is_none")]
    tenant: Option<String>,
    /// Whether no calls are served while it fails.
    critical: bool,
    /// Why it fails; empty if it passes.
    reasons: Vec<String>,
}

/// What was done.
#[derive(Serialize, ToSchema)]
pub(in crate::http) struct Done {
    status: String,
    /// A sentence for people.
    message: String,
}

/// Why the release that serves is not changed.
#[derive(IntoResponses)]
pub(in crate::http) enum Conflicts {
    /// There is no such release, or it cannot serve. The present one goes on.
    #[response(status = 409, content_type = "application/problem+json")]
    Conflict(Problem<'static>),
}

/// Why there is no result.
#[derive(IntoResponses)]
pub(in crate::http) enum Problems {
    /// The request is wrong; do not repeat it.
    #[response(status = 400, content_type = "application/problem+json")]
    BadRequest(Problem<'static>),
    /// The client must show the token.
    #[response(status = 401, content_type = "application/problem+json")]
    Unauthorized(Problem<'static>),
    /// The client, or the page that its browser shows, may not do this.
    #[response(status = 403, content_type = "application/problem+json")]
    Forbidden(Problem<'static>),
    /// There is no such path, tenant, ruleset or file.
    #[response(status = 404, content_type = "application/problem+json")]
    NotFound(Problem<'static>),
    /// The path does not accept the method.
    #[response(status = 405, content_type = "application/problem+json")]
    MethodNotAllowed(Problem<'static>),
    /// The body did not arrive in time.
    #[response(status = 408, content_type = "application/problem+json")]
    RequestTimeout(Problem<'static>),
    /// The request, a record, a file or the response is too large.
    #[response(status = 413, content_type = "application/problem+json")]
    TooLarge(Problem<'static>),
    /// The body is of a type that the path does not read.
    #[response(status = 415, content_type = "application/problem+json")]
    UnsupportedMediaType(Problem<'static>),
    /// The record, or the file of records, cannot be judged.
    #[response(status = 422, content_type = "application/problem+json")]
    Unprocessable(Problem<'static>),
    /// A bug, or a release that is wrong.
    #[response(status = 500, content_type = "application/problem+json")]
    Internal(Problem<'static>),
    /// Not now; try again after `Retry-After` seconds.
    #[response(status = 503, content_type = "application/problem+json")]
    Unavailable(Problem<'static>),
}
