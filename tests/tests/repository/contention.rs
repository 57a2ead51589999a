//! Other processes with the same state directory.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use jurat::observe::{Event, Observer};
use jurat::{Health, Settings};
use jurat_disk::CacheDir;

use crate::cdn::Cdn;
use crate::host::{Host, TENANT, serves, status, until};
use crate::publisher::Publisher;

/// Counts polls that failed.
#[derive(Default)]
struct Failures(Mutex<usize>);

impl Observer for Failures {
    fn observe(&self, event: &Event<'_>) {
        if let Event::ReleasePolled(polled) = event
            && polled.error.is_some()
        {
            *self.0.lock().unwrap() += 1;
        }
    }
}

#[test]
fn a_process_that_polls_for_long_is_no_failure_of_the_others() {
    let publisher = Publisher::new("prod", &[TENANT]);
    publisher.release(TENANT, 1);
    let cdn = Cdn::serve(publisher.served());
    let host = Host::new(&publisher, &cdn);
    let failures = Arc::new(Failures::default());
    let settings = Settings { poll: Duration::from_millis(20), ..host.settings() };
    let service = host.builder(settings).with_observer(Arc::clone(&failures)).open().unwrap();
    // Another process holds the lock, as one does that waits for a slow server.
    let state = CacheDir::open(&host.path("state/default")).unwrap();
    let lock = state.lock("lock", Duration::from_secs(10)).unwrap().unwrap();
    until("a poll yields", || *failures.0.lock().unwrap() > 0);
    assert!(status(&service).failure.is_none(), "{:?}", status(&service));
    assert_eq!(service.status().health, Health::Ok);
    serves(&service, 1);
    drop(lock);
    publisher.release(TENANT, 2);
    until("it serves", || status(&service).release.is_some_and(|release| release.version == "2.0.0"));
    assert_eq!(service.status().health, Health::Ok);
}
