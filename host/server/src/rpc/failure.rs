//! Why a request has no result, as clients are told.

use std::fmt::Write as _;

use jurat::{CallError, CallErrorKind, RecordError, chain};
use serde::Serialize;

/// Why a request has no result.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) struct Failure {
    /// What programs look at.
    pub(crate) kind: Kind,
    message: String,
    /// The line and the byte of a record at which the trouble is.
    place: Option<(u64, u64)>,
}

/// A stable name for the reason. With it goes the code, which says less.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Kind {
    /// The line is not JSON.
    ParseError,
    /// It is JSON, but no request.
    InvalidRequest,
    /// The line is longer than what is accepted.
    MessageTooLarge,
    /// A client paused for too long within a line.
    IncompleteMessage,
    /// There are too many requests in one array.
    BatchTooLong,
    /// There is no such method.
    UnknownMethod,
    /// Parameters do not come as an object.
    ParametersByName,
    /// A parameter is not there, or `null`.
    MissingParameter,
    /// The method has no such parameter, or it is there twice.
    UnknownParameter,
    /// A parameter is not what it should be.
    WrongParameter,
    /// Other requests use the memory that this one would need.
    Overloaded,
    /// The answer would be longer than what is sent.
    ReplyTooLarge,
    /// There are as many clients as there may be.
    TooManyConnections,
    /// The first message was not `authenticate`.
    AuthenticationNeeded,
    /// The token is not the right one.
    AuthenticationFailed,
    /// The client is not one that may ask for this.
    Forbidden,
    /// Nobody waits for the answer any more; only the log has it.
    ClientGone,
    /// A mistake of this program.
    Internal,
    /// What the service says.
    Service(CallErrorKind),
}

impl Kind {
    /// All that are told by the server itself.
    #[cfg(test)]
    pub(crate) const OWN: [Self; 18] = [
        Self::ParseError,
        Self::InvalidRequest,
        Self::MessageTooLarge,
        Self::IncompleteMessage,
        Self::BatchTooLong,
        Self::UnknownMethod,
        Self::ParametersByName,
        Self::MissingParameter,
        Self::UnknownParameter,
        Self::WrongParameter,
        Self::Overloaded,
        Self::ReplyTooLarge,
        Self::TooManyConnections,
        Self::AuthenticationNeeded,
        Self::AuthenticationFailed,
        Self::Forbidden,
        Self::ClientGone,
        Self::Internal,
    ];

    /// The code of the protocol.
    pub(crate) fn code(self) -> i32 {
        match self {
            Self::ParseError => -32700,
            Self::InvalidRequest | Self::MessageTooLarge | Self::IncompleteMessage | Self::BatchTooLong => -32600,
            Self::UnknownMethod => -32601,
            Self::ParametersByName | Self::MissingParameter | Self::UnknownParameter | Self::WrongParameter => -32602,
            Self::Overloaded
            | Self::ReplyTooLarge
            | Self::TooManyConnections
            | Self::AuthenticationNeeded
            | Self::AuthenticationFailed
            | Self::Forbidden
            | Self::ClientGone
            | Self::Internal
            | Self::Service(_) => -32000,
        }
    }

    /// The name that goes to `data.kind`.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::ParseError => "parse_error",
            Self::InvalidRequest => "invalid_request",
            Self::MessageTooLarge => "message_too_large",
            Self::IncompleteMessage => "incomplete_message",
            Self::BatchTooLong => "batch_too_long",
            Self::UnknownMethod => "unknown_method",
            Self::ParametersByName => "parameters_by_name",
            Self::MissingParameter => "missing_parameter",
            Self::UnknownParameter => "unknown_parameter",
            Self::WrongParameter => "wrong_parameter",
            Self::Overloaded => "overloaded",
            Self::ReplyTooLarge => "reply_too_large",
            Self::TooManyConnections => "too_many_connections",
            Self::AuthenticationNeeded => "authentication_needed",
            Self::AuthenticationFailed => "authentication_failed",
            Self::Forbidden => "forbidden",
            Self::ClientGone => "client_gone",
            Self::Internal => "internal",
            Self::Service(kind) => kind.code(),
        }
    }
}

impl Failure {
    pub(crate) fn new(kind: Kind, message: impl Into<String>) -> Self {
        Self { kind, message: message.into(), place: None }
    }

    /// What nobody but those who run the server can do something about.
    pub(crate) fn internal() -> Self {
        Self::new(Kind::Internal, "the request broke off, which is a mistake of this program; the log says why")
    }

    /// More is asked for at a time than there is memory.
    pub(crate) fn overloaded() -> Self {
        Self::new(
            Kind::Overloaded,
            "other requests use the memory that this one would need; try again later, or raise `rpc.max_buffered`",
        )
    }

    /// The sentence.
    #[cfg(test)]
    pub(crate) fn message(&self) -> &str {
        &self.message
    }

    /// The value of `error` in an answer.
    pub(crate) fn body<'a>(&'a self, correlation_id: &'a str) -> Body<'a> {
        let (line, offset) = self.place.unzip();
        let data = Data { kind: self.kind.name(), correlation_id, line, offset };
        Body { code: self.kind.code(), message: &self.message, data }
    }
}

/// An error as the protocol wants it.
#[derive(Debug, Serialize)]
pub(crate) struct Body<'a> {
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
}

impl From<CallError> for Failure {
    fn from(error: CallError) -> Self {
        let message = chain(&error);
        match (&error, error.kind()) {
            (_, CallErrorKind::Internal) => Self::new(Kind::Internal, message),
            (_, CallErrorKind::Overloaded) => Self::new(Kind::Overloaded, message),
            (CallError::Record(record), kind) => Self { place: Some(place(record)), ..service(kind, message) },
            (_, kind) => service(kind, message),
        }
    }
}

fn service(kind: CallErrorKind, message: String) -> Failure {
    Failure::new(Kind::Service(kind), message)
}

fn place(error: &RecordError) -> (u64, u64) {
    (error.line, error.offset)
}

/// Names as messages list them: in backticks, with commas.
pub(crate) fn listed<'a>(names: impl IntoIterator<Item = &'a str>) -> String {
    names.into_iter().fold(String::new(), |mut text, name| {
        let comma = if text.is_empty() { "" } else { ", " };
        // Writing to a text does not fail.
        let _ = write!(text, "{comma}`{name}`");
        text
    })
}

#[cfg(test)]
mod tests {
    use jurat::EngineErrorKind;

    use super::*;

    #[test]
    fn names_are_told_apart() {
        let mut names: Vec<_> = Kind::OWN.iter().map(|kind| kind.name()).collect();
        names.sort_unstable();
        names.dedup();
        assert_eq!(names.len(), Kind::OWN.len());
    }

    #[test]
    fn every_error_says_its_kind_and_where_the_log_speaks_of_it() {
        let error = CallError::Record(RecordError {
            kind: EngineErrorKind::JsonSyntax,
            message: "no".into(),
            line: 2,
            offset: 17,
        });
        let json = |failure: Failure, correlation: &str| serde_json::to_string(&failure.body(correlation)).unwrap();
        assert_eq!(
            json(error.into(), "a-1"),
            r#"{"code":-32000,"message":"no","data":{"kind":"json_syntax","correlation_id":"a-1","line":2,"offset":17}}"#
        );
        let broken_off = json(CallError::BrokenOff.into(), "a-2");
        assert!(broken_off.ends_with(r#""data":{"kind":"internal","correlation_id":"a-2"}}"#), "{broken_off}");
    }
}
