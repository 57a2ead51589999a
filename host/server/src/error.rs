//! Why a request has no result, under stable names: the one list from which every protocol makes its answers.

use std::fmt::Write as _;
use std::time::Duration;

use jurat::{CallError, CallErrorKind, chain};
use jurat_model::Blame;

/// Declares the kinds of the server itself once: the variant, its documentation, its code and its blame.
macro_rules! kinds {
    ($($(#[$doc:meta])* $kind:ident = $code:literal, $blame:ident;)+) => {
        /// Why a request has no result: what the server itself refuses, and what the service says.
        ///
        /// Each protocol maps the kinds to its own numbers with an exhaustive `match`: a new kind does not compile until every
        /// protocol has an answer for it.
        #[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
        pub enum ErrorKind {
            $($(#[$doc])* $kind,)+
            /// The service refused the call, or broke off.
            Call(CallErrorKind),
        }

        impl ErrorKind {
            /// All kinds.
            pub fn all() -> impl Iterator<Item = Self> {
                [$(Self::$kind,)+].into_iter().chain(CallErrorKind::ALL.iter().copied().map(Self::Call))
            }

            /// The code in answers and logs. It does not change.
            #[must_use]
            pub fn code(self) -> &'static str {
                match self {
                    $(Self::$kind => $code,)+
                    Self::Call(kind) => kind.code(),
                }
            }

            /// The party that can usually do something about it.
            #[must_use]
            pub fn blame(self) -> Blame {
                match self {
                    $(Self::$kind => Blame::$blame,)+
                    Self::Call(kind) => kind.blame(),
                }
            }
        }
    };
}

kinds! {
    /// The message is not JSON.
    ParseError = "parse_error", Caller;
    /// The message is JSON, but not a request.
    InvalidRequest = "invalid_request", Caller;
    /// The message is longer than the limit.
    MessageTooLarge = "message_too_large", Caller;
    /// The client sent only a part of a message in time.
    IncompleteMessage = "incomplete_message", Caller;
    /// There is nothing at the path.
    UnknownPath = "unknown_path", Caller;
    /// What is at the path cannot be called with the method.
    MethodNotAllowed = "method_not_allowed", Caller;
    /// The request does not say clearly which server it is for, or where its body ends.
    AmbiguousRequest = "ambiguous_request", Caller;
    /// The request is for a host that is not one of this server's.
    HostNotTrusted = "host_not_trusted", Caller;
    /// A browser sends the request for a page of somebody else.
    OriginRefused = "origin_refused", Caller;
    /// The body is of a type that is not read.
    UnsupportedMediaType = "unsupported_media_type", Caller;
    /// The request has too much besides its records.
    ParametersTooLarge = "parameters_too_large", Caller;
    /// The request has too many records.
    TooManyRecords = "too_many_records", Caller;
    /// Too many requests are worked on, and too many wait.
    TooBusy = "too_busy", Host;
    /// The request took too long.
    RequestTimeout = "request_timeout", Host;
    /// The server stops.
    Stopping = "stopping", Host;
    /// There are too many requests in one array.
    BatchTooLong = "batch_too_long", Caller;
    /// The method does not exist.
    UnknownMethod = "unknown_method", Caller;
    /// The parameters are not an object.
    ParametersByName = "parameters_by_name", Caller;
    /// A parameter is absent or `null`.
    MissingParameter = "missing_parameter", Caller;
    /// The method does not have the parameter, or the parameter is given twice.
    UnknownParameter = "unknown_parameter", Caller;
    /// A parameter is not what the method expects.
    WrongParameter = "wrong_parameter", Caller;
    /// The answer would be longer than the limit.
    ReplyTooLarge = "reply_too_large", Caller;
    /// The limit of connections is reached.
    TooManyConnections = "too_many_connections", Host;
    /// The client must authenticate first.
    AuthenticationNeeded = "authentication_needed", Caller;
    /// The credential is wrong, or no longer valid.
    AuthenticationFailed = "authentication_failed", Caller;
    /// Too many wrong credentials came from the address of the client.
    TooManyAttempts = "too_many_attempts", Caller;
    /// What credentials are compared with cannot be had.
    AuthenticationUnavailable = "authentication_unavailable", Host;
    /// The client has had as many requests as it may have.
    RateLimited = "rate_limited", Caller;
    /// The client may not do this.
    Forbidden = "forbidden", Caller;
    /// The client closed the connection or stopped reading. Only the log has it.
    ClientGone = "client_gone", Transport;
}

/// Why a request has no result.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) struct RequestError {
    pub(crate) kind: ErrorKind,
    /// A sentence for people.
    pub(crate) message: String,
    /// Where in a record the problem is.
    pub(crate) position: Option<Position>,
    /// After how long the same may succeed, if that is known.
    pub(crate) retry_after: Option<Duration>,
}

/// A position in a text.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) struct Position {
    /// The line, from 1.
    pub(crate) line: u64,
    /// The byte, from 0.
    pub(crate) offset: u64,
}

impl RequestError {
    pub(crate) fn new(kind: ErrorKind, message: impl Into<String>) -> Self {
        Self { kind, message: message.into(), position: None, retry_after: None }
    }

    /// A bug: only those who run the server can do something about it.
    pub(crate) fn internal() -> Self {
        Self::new(ErrorKind::Call(CallErrorKind::Internal), "the request failed because of a bug; the log says why")
    }

    /// A bug that the code notices: the log says what it is.
    pub(crate) fn bug(what: impl std::fmt::Display) -> Self {
        tracing::error!("a request failed because of a bug: {what}");
        Self::internal()
    }

    /// There is not enough memory at present.
    pub(crate) fn overloaded() -> Self {
        Self::new(
            ErrorKind::Call(CallErrorKind::Overloaded),
            "other requests use the memory that this one needs; try again later, or raise `server.max_buffered`",
        )
    }

    /// The server ends before the request has a result.
    pub(crate) fn aborted() -> Self {
        Self::new(ErrorKind::Stopping, "the server ends, and aborts what is not complete; try another one, or later")
    }

    /// The limit of connections is reached.
    pub(crate) fn too_many_connections(limit: impl std::fmt::Display) -> Self {
        let message = format!("there are already {limit} clients, which is the limit; see `server.max_connections`");
        Self::new(ErrorKind::TooManyConnections, message)
    }
}

impl From<CallError> for RequestError {
    fn from(error: CallError) -> Self {
        let position = match &error {
            CallError::Record(record) => Some(Position { line: record.line, offset: record.offset }),
            _ => None,
        };
        let (kind, mut message) = (error.kind(), chain(&error));
        if kind == CallErrorKind::Overloaded {
            message.push_str(", or raise `server.max_buffered`");
        }
        Self { kind: ErrorKind::Call(kind), message, position, retry_after: None }
    }
}

/// Names as messages list them: in backticks, separated by commas.
pub(crate) fn listed<'a>(names: impl IntoIterator<Item = &'a str>) -> String {
    names.into_iter().fold(String::new(), |mut text, name| {
        let comma = if text.is_empty() { "" } else { ", " };
        // Writing to a string does not fail.
        let _ = write!(text, "{comma}`{name}`");
        text
    })
}

#[cfg(test)]
mod tests {
    use jurat::{EngineErrorKind, RecordError};

    use super::*;

    #[test]
    fn every_kind_has_a_code_of_its_own() {
        let mut codes: Vec<_> = ErrorKind::all().map(ErrorKind::code).collect();
        let count = codes.len();
        codes.sort_unstable();
        codes.dedup();
        assert_eq!(codes.len(), count);
    }

    #[test]
    fn an_error_of_the_service_keeps_its_kind_and_says_where_in_the_record_it_is() {
        let record = RecordError { kind: EngineErrorKind::JsonSyntax, message: "no".into(), line: 2, offset: 17 };
        let failure = RequestError::from(CallError::Record(record));
        assert_eq!(failure.kind.code(), "json_syntax");
        assert_eq!(failure.position, Some(Position { line: 2, offset: 17 }));
        let broken_off = RequestError::from(CallError::BrokenOff);
        assert_eq!((broken_off.kind.code(), broken_off.position), ("internal", None));
    }
}
