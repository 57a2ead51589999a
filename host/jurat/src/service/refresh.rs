//! Looks for newer releases in the background, never on the way of a call.

use std::hash::{BuildHasher, RandomState};
use std::sync::{Arc, Weak};
use std::time::Duration;

use tokio::task::JoinSet;

use super::Inner;

/// How much earlier or later than its time a look may be, in percent: so that many hosts do not ask at once.
const JITTER: u64 = 10;

/// How many tenants are looked for at a time.
const AT_ONCE: usize = 8;

/// Looks every so often, as long as the service lives.
pub(super) async fn run(inner: Weak<Inner>, every: Duration) {
    loop {
        tokio::time::sleep(jittered(every, RandomState::new().hash_one(()))).await;
        let Some(service) = inner.upgrade() else { return };
        if service.in_flight.is_closed() {
            return;
        }
        look(service).await;
    }
}

/// Looks for every tenant. What takes its time for one of them keeps only a few others waiting.
///
/// Whatever is wrong is in the log and in the status by then, and tried again after the same time.
async fn look(service: Arc<Inner>) {
    let mut looking = JoinSet::new();
    let tenants: Vec<_> = service.tenants.values().cloned().collect();
    for tenant in tenants {
        if looking.len() >= AT_ONCE {
            let _ = looking.join_next().await;
        }
        let Some(threads) = service.runtimes.calls().cloned() else { return };
        let service = Arc::clone(&service);
        looking.spawn_blocking_on(
            move || {
                let _ = tenant.reload(&service.sandbox, &service.clock, service.kept_releases);
            },
            &threads,
        );
    }
    while looking.join_next().await.is_some() {}
}

/// The time, up to so much earlier or later.
fn jittered(time: Duration, random: u64) -> Duration {
    let permille = 1_000 - 10 * JITTER + random % (20 * JITTER + 1);
    time.mul_f64(f64::from(u32::try_from(permille).unwrap_or(1_000)) / 1e3)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn looks_are_spread_around_their_time() {
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
