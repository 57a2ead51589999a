//! The client of a connection, in any protocol: who it is, and what its requests may take.

use std::net::SocketAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use jurat::identity::Principal;
use jurat::settings::Secret;
use jurat_model::Cancellation;
use tokio::sync::Semaphore;

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
    /// The credential that it has shown, where that holds for the connection, and whose it was.
    shown: Mutex<Option<(Secret, Arc<Principal>)>>,
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
    /// The client of a connection.
    pub(crate) fn new(state: &State, number: u64, origin: ConnectionOrigin) -> Self {
        Self {
            number,
            origin,
            shown: Mutex::default(),
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

    /// Who it is, as far as the connection tells: now, or when it has shown its credential.
    pub(crate) fn principal(&self) -> Option<Arc<Principal>> {
        let shown = || Some(Arc::clone(&self.shown().as_ref()?.1));
        self.origin.authentication.principal().cloned().or_else(shown)
    }

    /// The credential that it has shown last.
    pub(crate) fn credential(&self) -> Option<Secret> {
        Some(self.shown().as_ref()?.0.clone())
    }

    /// Keeps a credential for the requests that follow.
    pub(crate) fn keep(&self, credential: Secret, principal: &Arc<Principal>) {
        *self.shown() = Some((credential, Arc::clone(principal)));
    }

    fn shown(&self) -> MutexGuard<'_, Option<(Secret, Arc<Principal>)>> {
        self.shown.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
