//! Polls for newer releases in the background, never during a call.

use std::hash::{BuildHasher, RandomState};
use std::sync::{Arc, Weak};
use std::time::Duration;

use jurat_repository::Repository;
use tokio::runtime::Handle;

use super::releases::refusals::Trigger;
use super::releases::upstream::Wanted;
use super::shared::Shared;
use super::tenant::Tenant;
use crate::error::CallError;
use crate::observe::{Event, Operation, OperatorAction};
use crate::settings::Settings;

/// The jitter of a poll in percent, so that many hosts do not poll at once.
const JITTER: u64 = 10;

/// Interval between checks of the pin, which another process may change.
const PINS: Duration = Duration::from_millis(500);

/// Interval between prunings of unused blobs.
const PRUNING: Duration = Duration::from_secs(3_600);

/// The subject of a poll.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Subject {
    /// Newer metadata and releases of repositories.
    Repositories,
    /// Unsigned sources, and the configurations of coordination services.
    Rest,
    /// Releases that are pinned.
    Pins,
}

/// Polls at intervals, as long as the service lives: for each tenant by itself, so that a slow repository of one tenant keeps no
/// other waiting.
pub(super) fn start(io: &Handle, shared: &Arc<Shared>, settings: &Settings) {
    let subjects = [(Subject::Repositories, settings.poll), (Subject::Rest, settings.max_age), (Subject::Pins, PINS)];
    io.spawn(prune(Arc::downgrade(shared)));
    for tenant in shared.tenants.keys() {
        for (subject, every) in subjects {
            io.spawn(run(Arc::downgrade(shared), tenant.clone(), subject, every));
        }
    }
}

async fn run(shared: Weak<Shared>, tenant: String, subject: Subject, every: Duration) {
    loop {
        tokio::time::sleep(jittered(every, RandomState::new().hash_one(()))).await;
        let Some(service) = shared.upgrade() else { return };
        if service.in_flight.is_closed() {
            return;
        }
        let (Some(tenant), Some(threads)) =
            (service.tenants.get(&tenant).cloned(), service.runtimes.background().cloned())
        else {
            return;
        };
        // Every failure is retried after the same time.
        let _ = threads.spawn_blocking(move || poll(&service, &tenant, subject)).await;
    }
}

/// Removes fetched files that no release needs any more.
async fn prune(shared: Weak<Shared>) {
    loop {
        tokio::time::sleep(jittered(PRUNING, RandomState::new().hash_one(()))).await;
        let Some(service) = shared.upgrade() else { return };
        let Some(threads) = service.runtimes.background().cloned() else { return };
        let pruned = threads.spawn_blocking(move || {
            let repositories = service.tenants.values().filter_map(|tenant| tenant.releases.repository());
            Repository::prune(repositories, service.clock.now());
        });
        let _ = pruned.await;
    }
}

fn poll(service: &Arc<Shared>, tenant: &Arc<Tenant>, subject: Subject) {
    let is_repository = tenant.releases.is_repository();
    let is_due = match subject {
        Subject::Repositories => is_repository,
        Subject::Rest => !is_repository,
        Subject::Pins => tenant.releases.repository().is_some_and(Repository::is_repinned),
    };
    if is_due {
        // The error is in the log and in the status by then.
        let wanted = match subject {
            Subject::Pins => follow_pin(service, tenant),
            Subject::Repositories | Subject::Rest => tenant.releases.poll(Trigger::Timer).1,
        };
        service.report(tenant);
        if let Some(wanted) = wanted {
            catch_up(service, tenant, wanted);
        }
    }
    if subject == Subject::Rest {
        tenant.reread_related();
    }
}

/// Has a better release made ready on a thread of its own: polls go on meanwhile.
fn catch_up(service: &Arc<Shared>, tenant: &Arc<Tenant>, wanted: Wanted) {
    let Some(threads) = service.runtimes.background() else { return };
    let (service, tenant) = (Arc::clone(service), Arc::clone(tenant));
    threads.spawn_blocking(move || {
        tenant.releases.catch_up(&wanted);
        service.report(&tenant);
    });
}

/// Follows a pin of another process, and reports it to observers. They know the pins of this process. Returns the release that is to be
/// made ready.
fn follow_pin(service: &Shared, tenant: &Tenant) -> Option<Wanted> {
    let before = tenant.releases.snapshot().pin;
    let (outcome, wanted) = tenant.releases.follow_pin();
    let pin = tenant.releases.snapshot().pin;
    if pin != before {
        let error = outcome.as_ref().err().map(|error| CallError::Reload(Arc::clone(error)));
        service.observers.emit(|| {
            Event::Operator(OperatorAction {
                action: if pin.is_some() { Operation::Pin } else { Operation::Unpin },
                tenant: Some(&tenant.name),
                context: None,
                by: pin.as_ref().map(|pin| pin.by),
                manifest: pin.as_ref().map(|pin| pin.manifest),
                reason: pin.as_ref().and_then(|pin| pin.reason.as_deref()),
                reload: outcome.as_ref().ok().copied(),
                error: error.as_ref(),
            })
        });
    }
    wanted
}

/// The time, up to [`JITTER`] percent earlier or later.
fn jittered(time: Duration, random: u64) -> Duration {
    let permille = 1_000 - 10 * JITTER + random % (20 * JITTER + 1);
    time.mul_f64(f64::from(u32::try_from(permille).unwrap_or(1_000)) / 1e3)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn polls_are_spread_around_their_time() {
        let time = Duration::from_secs(1_000);
        assert_eq!(jittered(time, 0), Duration::from_secs(900));
        assert_eq!(jittered(time, 100), time);
        assert_eq!(jittered(time, 200), Duration::from_secs(1_100));
        for random in [201, u64::MAX, 12_345_678_901] {
            let jittered = jittered(time, random).as_secs();
            assert!((900..=1_100).contains(&jittered), "{random}: {jittered}");
        }
    }
}
