//! One accepted connection, in any protocol.

use std::net::SocketAddr;

use crate::authentication::Authentication;

/// A connection on which requests can be read and answered.
#[derive(Debug)]
pub(crate) struct Connection<R, W> {
    /// The number of the connection in this process, for the log.
    pub(crate) number: u64,
    /// Where it comes from.
    pub(crate) origin: ConnectionOrigin,
    /// The direction from the client.
    pub(crate) reader: R,
    /// The direction to the client.
    pub(crate) writer: W,
}

/// The origin of a connection.
#[derive(Clone, Debug)]
pub(crate) struct ConnectionOrigin {
    /// What tells who its client is.
    pub(crate) authentication: Authentication,
    /// The address of its client, over TCP.
    pub(crate) peer: Option<SocketAddr>,
}

/// How a connection ended.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum CloseReason {
    /// Everything that was read has been answered.
    Answered,
    /// Answers could not be written.
    WriteFailed,
}
