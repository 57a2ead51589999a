//! Errors as HTTP has them: problem details (RFC 9457), with the status of each kind of error.

use std::time::Duration;

use axum::response::Response;
use hyper::StatusCode;
use hyper::header::{HeaderValue, RETRY_AFTER, WWW_AUTHENTICATE};
use jurat::CallErrorKind;
use jurat_model::CorrelationId;
use serde::Serialize;
use utoipa::ToSchema;

use super::response;
use crate::error::{ErrorKind, Position, RequestError};

/// After how long a client may try again what the server refuses because it has too much to do.
const RETRY: Duration = Duration::from_secs(1);

/// Why there is no result (RFC 9457).
//
// Its type is always `about:blank`, so `title` is that of the status.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Problem<'a> {
    /// The meaning of the status.
    title: &'static str,
    status: u16,
    /// The kind of the error. It does not change.
    code: &'static str,
    /// A sentence for people.
    detail: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    correlation_id: Option<&'a str>,
    /// The line of a record with the problem, from 1.
    #[serde(skip_serializing_if = "Option::is_none")]
    line: Option<u64>,
    /// The byte with the problem, from 0.
    #[serde(skip_serializing_if = "Option::is_none")]
    offset: Option<u64>,
}

/// The response to a request that has no result. Its extensions have the kind of the error.
pub(super) fn response(failure: &RequestError, correlation: &CorrelationId) -> Response {
    let status = status(failure.kind);
    let mut response = response::with_body("application/problem+json", body(failure, Some(correlation)));
    *response.status_mut() = status;
    let headers = response.headers_mut();
    match status {
        StatusCode::UNAUTHORIZED => {
            headers.insert(WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
        }
        StatusCode::SERVICE_UNAVAILABLE | StatusCode::TOO_MANY_REQUESTS => {
            let wait = failure.retry_after.unwrap_or(RETRY);
            headers.insert(RETRY_AFTER, (wait.as_secs() + u64::from(wait.subsec_nanos() > 0)).into());
        }
        _ => {}
    }
    response.extensions_mut().insert(failure.kind);
    response
}

/// The problem as JSON.
pub(super) fn body(failure: &RequestError, correlation: Option<&CorrelationId>) -> Vec<u8> {
    let status = status(failure.kind);
    let (line, offset) = failure.position.map(|Position { line, offset }| (line, offset)).unzip();
    let problem = Problem {
        title: status.canonical_reason().unwrap_or_default(),
        status: status.as_u16(),
        code: failure.kind.code(),
        detail: &failure.message,
        correlation_id: correlation.map(CorrelationId::as_str),
        line,
        offset,
    };
    // Texts and numbers can always be written.
    serde_json::to_vec(&problem).unwrap_or_default()
}

/// The status of a kind of error.
pub(super) fn status(kind: ErrorKind) -> StatusCode {
    match kind {
        ErrorKind::ParseError
        | ErrorKind::InvalidRequest
        | ErrorKind::BatchTooLong
        | ErrorKind::UnknownMethod
        | ErrorKind::ParametersByName
        | ErrorKind::MissingParameter
        | ErrorKind::UnknownParameter
        | ErrorKind::WrongParameter
        | ErrorKind::AmbiguousRequest
        | ErrorKind::HostNotTrusted
        | ErrorKind::ClientGone => StatusCode::BAD_REQUEST,
        ErrorKind::AuthenticationNeeded | ErrorKind::AuthenticationFailed => StatusCode::UNAUTHORIZED,
        ErrorKind::Forbidden | ErrorKind::OriginRefused => StatusCode::FORBIDDEN,
        ErrorKind::UnknownPath => StatusCode::NOT_FOUND,
        ErrorKind::MethodNotAllowed => StatusCode::METHOD_NOT_ALLOWED,
        ErrorKind::IncompleteMessage => StatusCode::REQUEST_TIMEOUT,
        ErrorKind::MessageTooLarge
        | ErrorKind::ParametersTooLarge
        | ErrorKind::TooManyRecords
        | ErrorKind::ReplyTooLarge => StatusCode::PAYLOAD_TOO_LARGE,
        ErrorKind::UnsupportedMediaType => StatusCode::UNSUPPORTED_MEDIA_TYPE,
        ErrorKind::RateLimited | ErrorKind::TooManyAttempts => StatusCode::TOO_MANY_REQUESTS,
        ErrorKind::AuthenticationUnavailable
        | ErrorKind::TooManyConnections
        | ErrorKind::TooBusy
        | ErrorKind::RequestTimeout
        | ErrorKind::Stopping => StatusCode::SERVICE_UNAVAILABLE,
        ErrorKind::Call(kind) => status_of_call(kind),
    }
}

fn status_of_call(kind: CallErrorKind) -> StatusCode {
    match kind {
        CallErrorKind::TenantNeeded
        | CallErrorKind::NotOneRecord
        | CallErrorKind::NotAList
        | CallErrorKind::NoSchema
        | CallErrorKind::IdFields
        | CallErrorKind::Cancelled => StatusCode::BAD_REQUEST,
        CallErrorKind::DataRefused => StatusCode::FORBIDDEN,
        CallErrorKind::UnknownTenant | CallErrorKind::UnknownRuleset | CallErrorKind::DataNotFound => {
            StatusCode::NOT_FOUND
        }
        CallErrorKind::Reload | CallErrorKind::Pin => StatusCode::CONFLICT,
        CallErrorKind::RecordTooLarge | CallErrorKind::InputsTooLarge | CallErrorKind::DataTooLarge => {
            StatusCode::PAYLOAD_TOO_LARGE
        }
        CallErrorKind::JsonSyntax
        | CallErrorKind::JsonUtf8
        | CallErrorKind::JsonDepth
        | CallErrorKind::JsonDuplicateKey
        | CallErrorKind::JsonNumber
        | CallErrorKind::JsonNotObject
        | CallErrorKind::RecordsLost
        | CallErrorKind::NoEntityType
        | CallErrorKind::UnknownEntityType
        | CallErrorKind::UnexpectedEntityType
        | CallErrorKind::SchemaNotText
        | CallErrorKind::EntityTypeNotText
        | CallErrorKind::NoRules
        | CallErrorKind::UnknownSchema
        | CallErrorKind::UnknownSchemaMajor
        | CallErrorKind::NoFieldMap
        | CallErrorKind::NotJson
        | CallErrorKind::AllUnreadable => StatusCode::UNPROCESSABLE_ENTITY,
        CallErrorKind::FieldMapMismatch | CallErrorKind::Input | CallErrorKind::Output | CallErrorKind::Internal => {
            StatusCode::INTERNAL_SERVER_ERROR
        }
        CallErrorKind::Closed
        | CallErrorKind::Overloaded
        | CallErrorKind::DataUnavailable
        | CallErrorKind::Held
        | CallErrorKind::NotReady
        | CallErrorKind::ReleaseRevoked
        | CallErrorKind::ReleaseStale => StatusCode::SERVICE_UNAVAILABLE,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The kinds that only JSON-RPC has.
    const OTHERS: [ErrorKind; 2] = [ErrorKind::BatchTooLong, ErrorKind::UnknownMethod];

    #[test]
    fn the_page_has_every_kind_with_its_status() {
        let page = include_str!("../../../../docs/http.md");
        for kind in ErrorKind::all().filter(|kind| !OTHERS.contains(kind)) {
            let row = format!("| {} |", status(kind).as_u16());
            let has = |line: &str| line.contains(&format!("`{}`", kind.code()));
            let is_there = match kind {
                ErrorKind::ClientGone => page.lines().any(has),
                _ => page.lines().filter(|line| line.starts_with(&row)).any(has),
            };
            assert!(is_there, "docs/http.md has no `{}` in the row that begins with {row}", kind.code());
        }
    }

    #[test]
    fn a_problem_names_its_kind_and_not_a_place_that_it_does_not_know() {
        let correlation = CorrelationId::numbered(10, 1);
        let mut failure = RequestError::new(ErrorKind::UnknownPath, "\"there\"");
        let body = |failure: &RequestError| String::from_utf8(body(failure, Some(&correlation))).unwrap();
        assert_eq!(
            body(&failure),
            r#"{"title":"Not Found","status":404,"code":"unknown_path","detail":"\"there\"","correlation_id":"0000000a-1"}"#
        );
        failure.position = Some(Position { line: 2, offset: 17 });
        assert!(body(&failure).ends_with(r#","line":2,"offset":17}"#), "{}", body(&failure));
    }
}
