//! What all handles of a service share.

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

/// What all handles of a service share.
pub(super) struct Shared {
    pub(super) tenants: BTreeMap<String, Arc<Tenant>>,
    pub(super) workers: Workers,
    pub(super) clock: Clock,
    pub(super) in_flight: InFlight,
    /// Asynchronous calls that wait for a thread.
    pub(super) waiting: Waiting,
    pub(super) runtimes: Runtimes,
    pub(super) observers: Observers,
    pub(super) guards: Guards,
    /// How many calls were observed.
    pub(super) calls: AtomicU64,
}

impl Shared {
    /// The id of the next call that is observed.
    pub(super) fn next_call(&self) -> CallId {
        CallId::new(self.calls.fetch_add(1, Ordering::Relaxed) + 1)
    }

    /// The time since then.
    pub(super) fn age(&self, since: Timestamp) -> Duration {
        // Clocks are set back now and then.
        Duration::try_from(self.clock.now().duration_since(since)).unwrap_or_default()
    }

    /// How the service is for a tenant.
    pub(super) fn tenant_status(&self, tenant: &Tenant) -> TenantStatus {
        TenantStatus::of(tenant, self.clock.now())
    }

    /// Writes down how a tenant is, for other processes that ask.
    pub(super) fn report(&self, tenant: &Tenant) {
        if let Some(repository) = tenant.releases.repository() {
            repository.report(&self.tenant_status(tenant), self.clock.now());
        }
    }
}
