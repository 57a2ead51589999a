//! Why a server did not give a file.

use std::io;
use std::time::Duration;

use jurat_http::StatusCode;
use jurat_model::{Bytes, Excerpt};
use thiserror::Error;

use super::pace::Slowest;

/// A file that was not got from a server.
#[derive(Debug, Error)]
#[error("`{url}` cannot be fetched{}", told(*.attempts))]
pub(crate) struct RemoteError {
    /// The file, without what may be secret in its URL.
    pub(crate) url: Excerpt,
    /// How often it was asked for.
    pub(crate) attempts: u32,
    /// Why.
    #[source]
    pub(crate) cause: RemoteCause,
}

/// What was the matter.
#[derive(Debug, Error)]
pub(crate) enum RemoteCause {
    /// The server says that there is no such file. Many say so by forbidding it.
    #[error("the server says that it does not exist (status {status})")]
    Missing {
        /// What it says.
        status: u16,
    },
    /// The server says something else.
    #[error("the server answers with status {status}, where 200 is expected")]
    Status {
        /// What it says.
        status: u16,
        /// How long it wants to be left alone.
        retry_after: Option<Duration>,
    },
    /// The server sends to another origin.
    #[error("the server redirects to `{to}`, which is another origin than the repository's, and is not followed")]
    Elsewhere {
        /// The other origin.
        to: Excerpt,
    },
    /// The server sends on and on.
    #[error("the server redirects more than {most} times")]
    RedirectedTooOften {
        /// How often a redirect is followed.
        most: u32,
    },
    /// The server sends elsewhere and does not say where, or as whom it wants to be asked.
    #[error("the server redirects (status {status}) to nothing that can be followed")]
    RedirectedNowhere {
        /// What it says.
        status: u16,
    },
    /// It is packed: unpacked it could be of any length.
    #[error("it is compressed, which was not asked for: the server must not change what it stores")]
    Encoded,
    /// It is longer than is asked for.
    #[error("it has more than {cap}, which is the most that is read")]
    TooLong {
        /// How long it may be.
        cap: Bytes,
    },
    /// There is no connection.
    #[error("the server cannot be reached")]
    Unreachable(#[source] jurat_http::Error),
    /// Nothing came in for too long.
    #[error("the server does not answer in time")]
    TimedOut(#[source] jurat_http::Error),
    /// The connection did not last.
    #[error("the connection broke off")]
    BrokenOff(#[source] jurat_http::Error),
    /// It comes in drop by drop.
    #[error("the server sends too slowly: {received} in {:?}, where {} a second are expected", slowest.window, slowest.rate)]
    TooSlow {
        /// What was expected.
        slowest: Slowest,
        /// What came in.
        received: Bytes,
    },
    /// It did not come to an end.
    #[error("it has not come in within {total:?}")]
    Deadline {
        /// How long was waited.
        total: Duration,
    },
    /// What came in has no place.
    #[error("what came in cannot be kept")]
    NotKept(#[source] io::Error),
    /// Nobody waits for anything any more.
    #[error("this host is about to end")]
    Ended,
}

impl RemoteCause {
    /// What went wrong with a request.
    pub(super) fn of(error: jurat_http::Error) -> Self {
        // It names the URL by itself, and all of it.
        let error = error.without_url();
        if error.is_timeout() {
            Self::TimedOut(error)
        } else if error.is_connect() {
            Self::Unreachable(error)
        } else {
            Self::BrokenOff(error)
        }
    }

    /// Whether the same request may do better a moment later: nothing that the server says of the file, or sends for it, will.
    pub(super) fn may_pass(&self) -> bool {
        match self {
            Self::Unreachable(_) | Self::TimedOut(_) | Self::BrokenOff(_) => true,
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
