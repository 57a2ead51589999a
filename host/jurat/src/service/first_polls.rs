//! The first poll of each tenant, and how long a start waits for them.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::sync::mpsc::{Receiver, channel};
use std::time::{Duration, Instant};

use jurat_repository::Repository;
use tokio::runtime::Handle;

use super::related::Network;
use super::releases::refusals::Trigger;
use super::shared::Shared;
use super::tenant::Tenant;
use crate::error::OpenError;

/// The longest wait for a repository that does not answer, if there is a kept release.
const PATIENCE: Duration = Duration::from_secs(5);

/// The first polls of all tenants, side by side.
pub(super) struct FirstPolls {
    /// The tenants whose poll has not ended.
    waiting: BTreeSet<String>,
    /// Those whose kept release was tried.
    tried: BTreeSet<String>,
    /// Those whose poll has ended since the start waits for no more.
    late: Vec<String>,
    /// Is told the tenants whose poll has ended.
    ended: Receiver<String>,
    began: Instant,
}

impl FirstPolls {
    /// Begins the polls.
    pub(super) fn start(threads: &Handle, tenants: &BTreeMap<String, Arc<Tenant>>) -> Self {
        let (sender, ended) = channel();
        for tenant in tenants.values() {
            let (tenant, sender) = (Arc::clone(tenant), sender.clone());
            // A sender is dropped when its poll ends, even by a panic.
            threads.spawn_blocking(move || {
                // Errors are in the tenant's status and in the errors of its calls.
                let _ = tenant.releases.reload(Trigger::Timer);
                let _ = sender.send(tenant.name.clone());
            });
        }
        Self {
            waiting: tenants.keys().cloned().collect(),
            tried: BTreeSet::new(),
            late: Vec::new(),
            ended,
            began: Instant::now(),
        }
    }

    /// Waits for the polls. A tenant with a kept release does not wait long for a newer one. Once any tenant is served, the others are waited
    /// for no longer than `patience`.
    pub(super) fn wait(&mut self, tenants: &BTreeMap<String, Arc<Tenant>>, patience: Duration) {
        while !self.waiting.is_empty() {
            let waiting = tenants.values().filter(|tenant| self.waiting.contains(&tenant.name));
            let untried = waiting.filter(|tenant| !self.tried.contains(&tenant.name));
            let kept: Vec<_> = untried.filter(|tenant| remembers(tenant)).collect();
            let limit = if !kept.is_empty() {
                Some(PATIENCE)
            } else if tenants.values().any(|tenant| tenant.is_served()) {
                Some(patience)
            } else {
                None
            };
            if self.next(limit).is_some() {
                continue;
            }
            if kept.is_empty() {
                return;
            }
            for tenant in kept {
                let _ = tenant.releases.reconcile(Trigger::Timer);
                self.tried.insert(tenant.name.clone());
                if tenant.is_served() {
                    self.waiting.remove(&tenant.name);
                }
            }
        }
    }

    /// Sets up the client of a tenant's coordination service. Its release may say where the service is: then it is waited for.
    ///
    /// # Errors
    /// When its configuration cannot be read or used.
    pub(super) fn relate(&mut self, tenant: &Tenant, network: &Network) -> Result<(), OpenError> {
        loop {
            match tenant.relate(network) {
                Err(_) if self.waiting.contains(&tenant.name) => {
                    let ended = self.next(None);
                    self.late.extend(ended);
                }
                related => return related,
            }
        }
    }

    /// Goes on in the background: reports each further tenant when its poll has ended.
    pub(super) fn follow(self, service: &Arc<Shared>) {
        let Some(threads) = service.runtimes.background() else { return };
        for tenant in &self.waiting {
            tracing::warn!(tenant, "its first release is not ready; the start does not wait for it any longer");
        }
        // The service may end meanwhile.
        let service = Arc::downgrade(service);
        threads.spawn_blocking(move || {
            for name in self.late.into_iter().chain(self.ended) {
                let Some(service) = service.upgrade() else { return };
                if let Some(tenant) = service.tenants.get(&name) {
                    // Its release may say where its coordination service is.
                    tenant.reread_related();
                    service.report(tenant);
                }
            }
        });
    }

    /// Waits for the end of a poll, if need be for so long after the start of all. Returns its tenant; none if there is no such end.
    fn next(&mut self, limit: Option<Duration>) -> Option<String> {
        let ended = match limit {
            Some(limit) => self.ended.recv_timeout(limit.saturating_sub(self.began.elapsed())).ok(),
            None => self.ended.recv().ok(),
        };
        match &ended {
            Some(tenant) => {
                self.waiting.remove(tenant);
            }
            None if limit.is_none() => self.waiting.clear(),
            None => {}
        }
        ended
    }
}

/// Whether this host has kept a release of the tenant.
fn remembers(tenant: &Tenant) -> bool {
    tenant.releases.repository().is_some_and(Repository::remembers)
}
