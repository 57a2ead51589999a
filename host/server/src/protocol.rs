//! The trait of a protocol, which serves the connections that a server accepts.

use std::future::Future;
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncWrite};

use crate::admission::Admitted;
use crate::connection::{CloseReason, Connection};

/// A protocol of a server. Clones serve the same clients.
///
/// The server accepts connections, agrees on TLS, and limits how many connections are served; the protocol reads requests and
/// writes answers.
pub(crate) trait Protocol: Clone + Send + Sync + 'static {
    /// The names under which TLS offers the protocol (RFC 7301); none = it is not offered by name.
    const ALPN: &[&[u8]] = &[];
    /// How long the responses to requests that are aborted may take.
    const LAST_WORDS: Duration = Duration::ZERO;

    /// Serves a connection until its client or the server ends it.
    ///
    /// An unauthenticated connection must be authenticated here, and takes its permit from the admission; until then the server
    /// may evict it at any time. The protocol must stop to read when the server drains.
    fn serve<R, W>(
        self,
        connection: Connection<R, W>,
        admitted: Admitted,
    ) -> impl Future<Output = CloseReason> + Send + 'static
    where
        R: AsyncRead + Send + Unpin + 'static,
        W: AsyncWrite + Send + Unpin + 'static;

    /// Tells a client that the limit of connections is reached, and closes its connection. Must end within seconds.
    fn reject<R, W>(self, connection: Connection<R, W>) -> impl Future<Output = ()> + Send + 'static
    where
        R: AsyncRead + Send + Unpin + 'static,
        W: AsyncWrite + Send + Unpin + 'static;
}
