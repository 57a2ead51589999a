//! The state that all handles of a service share.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use jiff::Timestamp;
use jurat_engine::Workers;

use super::clock::Clock;
use super::in_flight::{InFlight, Waiting};
use super::runtimes::Runtimes;
use super::status::TenantStatus;
use super::tenant::Tenant;
use crate::observe::{CallId, Guards, Observers};

/// The state that all handles of a service share.
pub(super) struct Shared {
    pub(super) tenants: BTreeMap<String, Arc<Tenant>>,
    pub(super) workers: Workers,
    pub(super) clock: Clock,
    /// A call that is judged holds this and not the state: dropping the state waits for the workers.
    pub(super) in_flight: Arc<InFlight>,
    /// Asynchronous calls that wait for a thread.
    pub(super) waiting: Waiting,
    pub(super) runtimes: Runtimes,
    pub(super) observers: Observers,
    pub(super) guards: Guards,
    /// The number of observed calls.
    pub(super) calls: AtomicU64,
}

impl Shared {
    /// The id of the next call that is observed.
    pub(super) fn next_call(&self) -> CallId {
        CallId::new(self.calls.fetch_add(1, Ordering::Relaxed) + 1)
    }

    /// The time since then.
    pub(super) fn age(&self, since: Timestamp) -> Duration {
        // A clock may be set back.
        Duration::try_from(self.clock.now().duration_since(since)).unwrap_or_default()
    }

    /// The status of a tenant.
    pub(super) fn tenant_status(&self, tenant: &Tenant) -> TenantStatus {
        TenantStatus::of(tenant, self.clock.now())
    }

    /// Writes the status of a tenant, for other processes.
    pub(super) fn report(&self, tenant: &Tenant) {
        if let Some(repository) = tenant.releases.repository() {
            repository.report(&self.tenant_status(tenant), self.clock.now());
        }
    }
}
