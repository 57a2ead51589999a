//! One accepted connection, in any protocol.

use std::net::SocketAddr;

use crate::authentication::Role;

/// A connection on which requests can be read and answered.
#[derive(Debug)]
pub(crate) struct Connection<R, W> {
    /// The number of the connection in this process, for the log.
    pub(crate) number: u64,
    /// The role and the address of its client.
    pub(crate) origin: ConnectionOrigin,
    /// The direction from the client.
    pub(crate) reader: R,
    /// The direction to the client.
    pub(crate) writer: W,
}

/// The origin of a connection.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) struct ConnectionOrigin {
    /// What its client may do.
    pub(crate) role: Role,
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
