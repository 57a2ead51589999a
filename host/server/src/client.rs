//! The client of a connection, in any protocol: who it is, and what its requests may take.

use std::net::SocketAddr;
use std::sync::Arc;

use jurat_model::{CallContext, Cancellation, CorrelationId};
use tokio::sync::Semaphore;

use crate::authentication::{Authentication, principal};
use crate::budget::Allowance;
use crate::connection::ConnectionOrigin;
use crate::output::OutputLimits;
use crate::state::State;

/// The client of a connection.
#[derive(Debug)]
pub(crate) struct Client {
    /// The number of the connection.
    pub(crate) number: u64,
    /// The origin of the connection.
    pub(crate) origin: ConnectionOrigin,
    /// The principal of the client, if authentication has established one.
    pub(crate) principal: Option<&'static str>,
    /// The permits for calls: they limit how many calls of the client are made at a time.
    pub(crate) calls: Semaphore,
    /// The memory for its requests.
    pub(crate) requests: Arc<Allowance>,
    /// The memory for files of records.
    pub(crate) files: Arc<Allowance>,
    /// The memory for its answers.
    pub(crate) replies: Arc<Allowance>,
    /// Cancels the calls of the client: it no longer reads, or the server ends.
    pub(crate) cancellation: Cancellation,
}

impl Client {
    /// The client of a connection. `shown` is what it must show before a call is made.
    pub(crate) fn new(state: &State, number: u64, origin: ConnectionOrigin, shown: Authentication) -> Self {
        Self {
            number,
            origin,
            principal: principal(origin.role, shown),
            calls: Semaphore::new(state.settings.max_in_flight.get() as usize),
            requests: state.for_requests(),
            files: state.for_files(),
            replies: state.for_replies(),
            cancellation: state.cancellation.child(),
        }
    }

    /// The number of the connection, and the address of the client: for the log.
    pub(crate) fn address(&self) -> (u64, Option<SocketAddr>) {
        (self.number, self.origin.peer)
    }

    /// The limits that the answers to one message share.
    pub(crate) fn output_limits(&self, state: &State) -> OutputLimits {
        state.output_limits(&self.replies, &self.cancellation)
    }

    /// The caller, and the correlation id of the call.
    pub(crate) fn context(&self, correlation: &CorrelationId) -> CallContext {
        let context = CallContext::new().with_correlation(correlation.clone());
        match self.principal {
            Some(principal) => context.with_principal(principal),
            None => context,
        }
    }
}
