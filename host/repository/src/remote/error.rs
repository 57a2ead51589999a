//! Why a server did not give a file.

use std::io;
use std::time::Duration;

use jurat_http::StatusCode;
use jurat_model::{Bytes, Excerpt};
use thiserror::Error;

use super::pace::Slowest;

/// An error of fetching a file.
#[derive(Debug, Error)]
#[error("`{url}` cannot be fetched{}", told(*.attempts))]
pub(crate) struct RemoteError {
    /// The file, without secrets in its URL.
    pub(crate) url: Excerpt,
    /// The number of attempts.
    pub(crate) attempts: u32,
    /// Why.
    #[source]
    pub(crate) cause: RemoteCause,
}

/// The cause of an error.
#[derive(Debug, Error)]
pub(crate) enum RemoteCause {
    /// The server says that there is no such file, possibly with 403.
    #[error("the server says that it does not exist (status {status})")]
    Missing {
        /// The status.
        status: u16,
    },
    /// The server answers with another status.
    #[error("the server answers with status {status}, where 200 is expected")]
    Status {
        /// The status.
        status: u16,
        /// The wait that it asks for.
        retry_after: Option<Duration>,
    },
    /// The server redirects to another origin.
    #[error("the server redirects to `{to}`, which is another origin than the repository's, and is not followed")]
    Elsewhere {
        /// The other origin.
        to: Excerpt,
    },
    /// There are too many redirects.
    #[error("the server redirects more than {most} times")]
    RedirectedTooOften {
        /// The most redirects that are followed.
        most: u32,
    },
    /// The server redirects without a valid location, or to a URL with credentials.
    #[error("the server redirects (status {status}) to nothing that can be followed")]
    RedirectedNowhere {
        /// The status.
        status: u16,
    },
    /// It is compressed: decompressed it could have any length.
    #[error("it is compressed, which was not asked for: the server must not change what it stores")]
    Encoded,
    /// It is longer than the cap.
    #[error("it has more than {cap}, which is the most that is read")]
    TooLong {
        /// The cap.
        cap: Bytes,
    },
    /// There is no connection.
    #[error("the server cannot be reached")]
    Unreachable(#[source] jurat_http::Error),
    /// This machine does not trust the certificate of the server.
    #[error(
        "the certificate of the server is not trusted here; if its issuer is unknown, because the authority is private or a proxy \
         opens TLS on the way, name the PEM file of that authority in `http.authorities` (a proxy is set with `http.proxy`; the \
         variable HTTPS_PROXY is not read)"
    )]
    Untrusted(#[source] jurat_http::Error),
    /// The server sent nothing for too long.
    #[error("the server does not answer in time")]
    TimedOut(#[source] jurat_http::Error),
    /// The connection broke off.
    #[error("the connection was interrupted")]
    BrokenOff(#[source] jurat_http::Error),
    /// The download is too slow.
    #[error("the server sends too slowly: {received} in {:?}, where {} a second are expected", slowest.window, slowest.rate)]
    TooSlow {
        /// The lowest rate.
        slowest: Slowest,
        /// The bytes received.
        received: Bytes,
    },
    /// It was not complete in time.
    #[error("it has not come in within {total:?}")]
    Deadline {
        /// The time limit.
        total: Duration,
    },
    /// The bytes received cannot be stored.
    #[error("the received bytes cannot be stored")]
    NotKept(#[source] io::Error),
    /// The runtime has ended.
    #[error("this host is shutting down")]
    Ended,
}

impl RemoteCause {
    /// The cause of a request's error.
    pub(super) fn of(error: jurat_http::Error) -> Self {
        // Its text would contain the whole URL.
        let error = error.without_url();
        if jurat_http::is_untrusted_certificate(&error) {
            Self::Untrusted(error)
        } else if error.is_timeout() {
            Self::TimedOut(error)
        } else if error.is_connect() {
            Self::Unreachable(error)
        } else {
            Self::BrokenOff(error)
        }
    }

    /// Whether the same request may succeed later. An invalid answer will not become valid.
    pub(super) fn may_pass(&self) -> bool {
        match self {
            Self::Unreachable(_) | Self::Untrusted(_) | Self::TimedOut(_) | Self::BrokenOff(_) => true,
            Self::Status { status, .. } => *status == StatusCode::TOO_MANY_REQUESTS || (500..600).contains(status),
            Self::Missing { .. }
            | Self::Elsewhere { .. }
            | Self::RedirectedTooOften { .. }
            | Self::RedirectedNowhere { .. }
            | Self::Encoded
            | Self::TooLong { .. }
            | Self::TooSlow { .. }
            | Self::Deadline { .. }
            | Self::NotKept(_)
            | Self::Ended => false,
        }
    }
}

fn told(attempts: u32) -> String {
    if attempts > 1 { format!(" in {attempts} attempts") } else { String::new() }
}
