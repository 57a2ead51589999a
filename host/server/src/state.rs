//! The state that all connections of a server share, in every protocol.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};

use jurat::limits::RateLimiter;
use jurat::observe::Observers;
use jurat::settings::{ServerSettings, Settings};
use jurat_identity::Authenticator;
use jurat_model::Cancellation;

use crate::admission::Admission;
use crate::budget::{Allowance, Budget};
use crate::connection::{Connection, ConnectionOrigin};
use crate::correlation::Correlations;
use crate::error::RequestError;
use crate::output::OutputLimits;
use crate::quotas::Quotas;
use crate::stop::Stop;

/// The share of one connection in the memory for requests, and in that for answers: this part of it.
const SHARES: u64 = 4;

/// The state that all connections of a server share.
#[derive(Debug)]
pub(crate) struct State {
    pub(crate) settings: ServerSettings,
    /// The memory for requests.
    requests: Arc<Budget>,
    /// The memory for answers.
    replies: Arc<Budget>,
    pub(crate) admission: Arc<Admission>,
    pub(crate) correlations: Correlations,
    /// What knows credentials; none = no credential is known.
    pub(crate) authenticator: Option<Arc<Authenticator>>,
    /// How much clients may do.
    pub(crate) quotas: Quotas,
    /// How often a wrong credential came from which address.
    pub(crate) failures: RateLimiter,
    pub(crate) stop: Stop,
    pub(crate) observers: Observers,
    /// Cancels the calls on all connections.
    pub(crate) cancellation: Cancellation,
    connections: AtomicU64,
    in_flight: AtomicUsize,
}

/// A message that is being worked on. Dropping this ends it.
#[derive(Debug)]
pub(crate) struct InFlight(Arc<State>);

impl State {
    pub(crate) fn new(
        settings: &Settings,
        authenticator: Option<Arc<Authenticator>>,
        observers: Observers,
    ) -> Arc<Self> {
        let tenants = settings.tenants.iter().map(|(name, tenant)| (name.clone(), tenant.rates));
        let settings = &settings.server;
        let quotas = Quotas::new(tenants.collect(), settings.key_rates, settings.address_rates);
        let replies = settings.max_reply.get().saturating_add(settings.max_buffered.get());
        Arc::new(Self {
            requests: Budget::new(settings.max_buffered.get()),
            replies: Budget::new(replies),
            admission: Admission::new(settings.max_connections.get()),
            correlations: Correlations::new(),
            authenticator,
            quotas,
            failures: RateLimiter::default(),
            stop: Stop::new(),
            observers,
            cancellation: Cancellation::new(),
            connections: AtomicU64::new(0),
            in_flight: AtomicUsize::new(0),
            settings: settings.clone(),
        })
    }

    /// A connection with a number of its own.
    pub(crate) fn connection<R, W>(&self, origin: ConnectionOrigin, reader: R, writer: W) -> Connection<R, W> {
        let number = self.connections.fetch_add(1, Ordering::Relaxed) + 1;
        Connection { number, origin, reader, writer }
    }

    /// The memory that one connection may take for files of records: half of what requests have. While a file is read, it takes its
    /// length twice.
    pub(crate) fn for_files(&self) -> Arc<Allowance> {
        Allowance::new(&self.requests, self.settings.max_buffered.get() / 2)
    }

    /// The memory that one connection may take for its requests: a share of all, but always enough for the longest message.
    pub(crate) fn for_requests(&self) -> Arc<Allowance> {
        let share = (self.settings.max_buffered.get() / SHARES).max(self.settings.max_message.get());
        Allowance::new(&self.requests, share)
    }

    /// The memory that one connection may take for its answers: enough for the longest one, and a share of the rest, because results
    /// count twice while they are added to it.
    pub(crate) fn for_replies(&self) -> Arc<Allowance> {
        let ServerSettings { max_reply, max_buffered, .. } = &self.settings;
        Allowance::new(&self.replies, max_reply.get().saturating_add(max_buffered.get() / SHARES))
    }

    /// The limits that the answers to one message share. `replies` is what its connection may take.
    pub(crate) fn output_limits(&self, replies: &Arc<Allowance>, cancellation: &Cancellation) -> OutputLimits {
        let limit = self.settings.max_reply.get();
        OutputLimits {
            message: Budget::new(limit),
            replies: Arc::clone(replies),
            limit,
            cancellation: cancellation.clone(),
        }
    }

    /// The error of a client that is rejected because the limit of connections is reached.
    pub(crate) fn too_many_connections(&self) -> RequestError {
        RequestError::too_many_connections(self.settings.max_connections)
    }

    /// Counts a message as being worked on.
    pub(crate) fn begin(self: &Arc<Self>) -> InFlight {
        self.in_flight.fetch_add(1, Ordering::Relaxed);
        InFlight(Arc::clone(self))
    }

    /// The number of messages that are being worked on.
    pub(crate) fn in_flight(&self) -> usize {
        self.in_flight.load(Ordering::Relaxed)
    }
}

impl Drop for InFlight {
    fn drop(&mut self) {
        self.0.in_flight.fetch_sub(1, Ordering::Relaxed);
    }
}
