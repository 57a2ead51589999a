//! The envelope of JSON-RPC around results and errors, and the number of each kind of error.

use jurat_model::CorrelationId;
use serde::Serialize;

use crate::error::{ErrorKind, Position, RequestError};
use crate::output::{Output, OutputLimits};

/// The id in the answer to a request whose id cannot be told.
pub(crate) const UNKNOWN_ID: &str = "null";

/// The beginning of an answer, up to its result. The id is JSON text.
pub(crate) fn begin(limits: &OutputLimits, id: &str) -> Output {
    let mut output = Output::new(limits);
    // If this fails, so does what is written next.
    let _ = output.text(r#"{"jsonrpc":"2.0","id":"#).and_then(|()| output.text(id));
    let _ = output.text(r#","result":"#);
    output
}

/// The end of an answer with a result.
pub(crate) fn finish(mut output: Output) -> Result<Output, RequestError> {
    output.text("}")?;
    output.shrink();
    Ok(output)
}

/// The whole answer to a request that has no result.
pub(crate) fn error(limits: &OutputLimits, id: &str, failure: &RequestError, correlation: &CorrelationId) -> Output {
    let mut text = format!(r#"{{"jsonrpc":"2.0","id":{id},"error":"#).into_bytes();
    // Writing text and numbers to memory does not fail.
    let _ = serde_json::to_writer(&mut text, &ErrorObject::of(failure, correlation));
    text.push(b'}');
    Output::complete(limits, text)
}

/// The value of `error` in an answer.
#[derive(Debug, Serialize)]
struct ErrorObject<'a> {
    code: i32,
    message: &'a str,
    data: Data<'a>,
}

#[derive(Debug, Serialize)]
struct Data<'a> {
    kind: &'static str,
    correlation_id: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    line: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    offset: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    retry_after_ms: Option<u64>,
}

impl<'a> ErrorObject<'a> {
    fn of(failure: &'a RequestError, correlation: &'a CorrelationId) -> Self {
        let (line, offset) = failure.position.map(|Position { line, offset }| (line, offset)).unzip();
        let retry_after_ms = failure.retry_after.map(|wait| u64::try_from(wait.as_millis()).unwrap_or(u64::MAX));
        let (kind, correlation_id) = (failure.kind.code(), correlation.as_str());
        let data = Data { kind, correlation_id, line, offset, retry_after_ms };
        Self { code: number(failure.kind), message: &failure.message, data }
    }
}

/// The `code` of an error, which says less than its kind.
pub(crate) fn number(kind: ErrorKind) -> i32 {
    match kind {
        ErrorKind::ParseError => -32700,
        ErrorKind::InvalidRequest
        | ErrorKind::MessageTooLarge
        | ErrorKind::IncompleteMessage
        | ErrorKind::BatchTooLong => -32600,
        ErrorKind::UnknownMethod => -32601,
        ErrorKind::ParametersByName
        | ErrorKind::MissingParameter
        | ErrorKind::UnknownParameter
        | ErrorKind::WrongParameter => -32602,
        // Those in the middle are of HTTP only.
        ErrorKind::ReplyTooLarge
        | ErrorKind::UnknownPath
        | ErrorKind::MethodNotAllowed
        | ErrorKind::AmbiguousRequest
        | ErrorKind::HostNotTrusted
        | ErrorKind::OriginRefused
        | ErrorKind::UnsupportedMediaType
        | ErrorKind::ParametersTooLarge
        | ErrorKind::TooManyRecords
        | ErrorKind::TooBusy
        | ErrorKind::RequestTimeout
        | ErrorKind::Stopping
        | ErrorKind::TooManyConnections
        | ErrorKind::AuthenticationNeeded
        | ErrorKind::AuthenticationUnavailable
        | ErrorKind::TooManyAttempts
        | ErrorKind::RateLimited
        | ErrorKind::AuthenticationFailed
        | ErrorKind::Forbidden
        | ErrorKind::ClientGone
        | ErrorKind::Call(_) => -32000,
    }
}

#[cfg(test)]
mod tests {
    use jurat::{CallError, EngineErrorKind, RecordError};

    use super::*;

    #[test]
    fn every_error_has_its_kind_and_its_correlation_id() {
        let json = |failure: RequestError, request: u64| {
            let correlation = CorrelationId::numbered(10, request);
            serde_json::to_string(&ErrorObject::of(&failure, &correlation)).unwrap()
        };
        let record = RecordError { kind: EngineErrorKind::JsonSyntax, message: "no".into(), line: 2, offset: 17 };
        assert_eq!(
            json(CallError::Record(record).into(), 1),
            r#"{"code":-32000,"message":"no","data":{"kind":"json_syntax","correlation_id":"0000000a-1","line":2,"offset":17}}"#
        );
        let broken_off = json(CallError::BrokenOff.into(), 2);
        let data = r#""data":{"kind":"internal","correlation_id":"0000000a-2"}}"#;
        assert!(broken_off.ends_with(data), "{broken_off}");
    }
}
