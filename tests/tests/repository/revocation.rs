//! Two hosts and one server: what is published reaches both, what is revoked leaves both, and no call is lost on the way.

use std::thread;
use std::time::Duration;

use jurat::{CallError, EntityType, RulesetName, Service};

use crate::cdn::Cdn;
use crate::host::{Host, TENANT, serves, status, until, verdict};
use crate::publisher::{Publisher, record};

/// A repository, and two hosts that poll it many times a second.
struct Scene {
    publisher: Publisher,
    cdn: Cdn,
    hosts: [Host; 2],
    services: [Service; 2],
}

impl Scene {
    fn new(releases: u64) -> Self {
        let publisher = Publisher::new("prod", &[TENANT]);
        publisher.release(TENANT, 1);
        let cdn = Cdn::serve(publisher.served());
        let hosts = [Host::new(&publisher, &cdn), Host::new(&publisher, &cdn)];
        let services = hosts.each_ref().map(|host| {
            let mut settings = host.settings();
            settings.poll = Duration::from_millis(100);
            host.open_with(settings).unwrap()
        });
        let scene = Self { publisher, cdn, hosts, services };
        for number in 2..=releases {
            scene.publisher.release(TENANT, number);
            scene.serve_at_last(number);
        }
        scene
    }

    #[track_caller]
    fn serve_at_last(&self, number: u64) {
        let version = format!("{number}.0.0");
        for service in &self.services {
            until(&version, || status(service).release.is_some_and(|release| release.version == version));
        }
    }
}

#[test]
fn both_hosts_drop_what_is_revoked_and_fall_back_to_the_release_before() {
    let scene = Scene::new(3);
    scene.publisher.revoke(TENANT, None);
    scene.serve_at_last(2);
    scene.services.iter().for_each(|service| serves(service, 2));
    // It does not come back by a restart without a server.
    scene.cdn.go_down();
    for host in &scene.hosts {
        serves(&host.open().unwrap(), 2);
    }
    scene.cdn.behave();
    scene.publisher.release(TENANT, 4);
    scene.serve_at_last(4);
}

#[test]
fn with_nothing_left_calls_are_told_that_the_release_was_revoked_for_as_long_as_that_is_so() {
    let scene = Scene::new(1);
    scene.publisher.revoke(TENANT, None);
    for service in &scene.services {
        until("the release is dropped", || {
            service.validate(EntityType::new("loan"), &record(1), RulesetName::new("quick")).is_err()
        });
        // Later polls find nothing else.
        let first = status(service).failure.map(|failure| failure.at);
        for _ in 0..3 {
            let _ = service.reload_logic();
            let error = service.validate(EntityType::new("loan"), &record(1), RulesetName::new("quick")).unwrap_err();
            assert!(
                matches!(error, CallError::Revoked { .. }) && error.kind().code() == "release_revoked",
                "{error:?} {first:?}"
            );
        }
        assert!(status(service).release.is_none());
    }
    scene.publisher.release(TENANT, 2);
    scene.serve_at_last(2);
    scene.services.iter().for_each(|service| serves(service, 2));
}

#[test]
fn no_call_is_lost_and_no_verdict_is_mixed_while_releases_change() {
    const LAST: u64 = 8;
    let scene = Scene::new(1);
    thread::scope(|scope| {
        for service in &scene.services {
            for probe in [2, 5] {
                scope.spawn(move || {
                    let (record, mut newest) = (record(probe), 0);
                    until("the last release", || {
                        let result =
                            service.validate(EntityType::new("loan"), &record, RulesetName::new("quick")).unwrap();
                        let version = result.release.as_ref().unwrap().version();
                        let number: u64 = version.split('.').next().unwrap().parse().unwrap();
                        assert_eq!(verdict(&result) == "PASS", number == probe, "{result:?}");
                        assert!(number >= newest, "{version} after {newest}");
                        newest = number;
                        newest == LAST
                    });
                });
            }
        }
        for number in 2..=LAST {
            scene.publisher.release(TENANT, number);
            scene.serve_at_last(number);
        }
    });
    for service in &scene.services {
        assert_eq!(status(service).generation, LAST);
        serves(service, LAST);
    }
}
