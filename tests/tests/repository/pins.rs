//! Holding on to a release, going back, and letting go.

use std::fs;
use std::time::{Duration, Instant};

use jurat::{CallError, Digest, OpenError, PinnedBy, Reload, RepositoryError, Service};
use jurat_trust::UpdateError;

use crate::cdn::{Cdn, Trick};
use crate::host::{Host, TENANT, cause, refused, serves, status, until, update};
use crate::publisher::Publisher;

/// A host that has run releases 1 to 3.
struct Scene {
    publisher: Publisher,
    cdn: Cdn,
    host: Host,
    service: Service,
    /// The manifests of the releases.
    manifests: [Digest; 3],
}

impl Scene {
    fn new() -> Self {
        let publisher = Publisher::new("prod", &[TENANT]);
        let first = publisher.release(TENANT, 1);
        let cdn = Cdn::serve(publisher.served());
        let host = Host::new(&publisher, &cdn);
        let service = host.open().unwrap();
        let manifests = [1, 2, 3].map(|number| match number {
            1 => first,
            _ => {
                let manifest = publisher.release(TENANT, number);
                assert_eq!(service.reload_logic().unwrap(), Reload::Switched);
                manifest
            }
        });
        serves(&service, 3);
        Self { publisher, cdn, host, service, manifests }
    }

    fn pin(&self, number: usize) -> Result<Reload, CallError> {
        self.service.pin(&self.manifests[number - 1], PinnedBy::Library, Some("a test"))
    }

    fn restart(self) -> Self {
        let Self { publisher, cdn, host, service, manifests } = self;
        drop(service);
        let service = host.open().unwrap();
        Self { publisher, cdn, host, service, manifests }
    }
}

#[track_caller]
fn serves_at_last(service: &Service, number: u64) {
    let version = format!("{number}.0.0");
    until(&version, || status(service).release.is_some_and(|release| release.version == version));
    serves(service, number);
}

/// Why a call was not followed.
#[track_caller]
fn reason(outcome: Result<Reload, CallError>) -> std::sync::Arc<OpenError> {
    match outcome {
        Err(CallError::Reload(error)) => error,
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_pinned_release_serves_whatever_is_published() {
    let scene = Scene::new();
    assert_eq!(scene.pin(1).unwrap(), Reload::Switched);
    serves(&scene.service, 1);
    scene.publisher.release(TENANT, 4);
    assert_eq!(scene.service.reload_logic().unwrap(), Reload::Unchanged);
    serves(&scene.service, 1);
    let pin = status(&scene.service).pin.unwrap();
    assert_eq!((pin.manifest, pin.by, pin.reason.as_deref()), (scene.manifests[0], PinnedBy::Library, Some("a test")));
    // Offline, and after a restart.
    scene.cdn.go_down();
    let scene = scene.restart();
    serves(&scene.service, 1);
    assert!(status(&scene.service).pin.is_some());
    scene.cdn.behave();
    let scene = scene.restart();
    serves(&scene.service, 1);
    assert_eq!(scene.service.unpin().unwrap(), Reload::Switched);
    serves(&scene.service, 4);
    let scene = scene.restart();
    serves(&scene.service, 4);
    assert!(status(&scene.service).pin.is_none());
}

#[test]
fn going_back_works_without_a_server_and_goes_further_each_time() {
    let scene = Scene::new();
    scene.cdn.go_down();
    // Going back works without an answer of the server.
    let _ = scene.service.rollback(PinnedBy::Library, None);
    serves(&scene.service, 2);
    let _ = scene.service.rollback(PinnedBy::Library, None);
    serves(&scene.service, 1);
    assert!(matches!(scene.service.rollback(PinnedBy::Library, None), Err(CallError::NothingEarlier)));
    let scene = scene.restart();
    serves(&scene.service, 1);
}

#[test]
fn a_pin_file_is_obeyed_by_a_running_host() {
    let scene = Scene::new();
    let state = scene.host.state();
    assert_eq!(state.kept().unwrap().len(), 3);
    let first = scene.manifests[0].to_string();
    state.pin(first.split_at(12).0, scene.host.now(), Some("from outside".to_owned())).unwrap();
    serves_at_last(&scene.service, 1);
    until("the report says so", || state.reported().unwrap().is_some_and(|report| report.status["pin"]["by"] == "cli"));
    let reported = |version: &str| {
        until(version, || {
            state.reported().unwrap().is_some_and(|report| report.status["release"]["version"] == version)
        });
    };
    state.unpin().unwrap();
    serves_at_last(&scene.service, 3);
    reported("3.0.0");
    assert_eq!(state.rollback(scene.host.now(), None).unwrap().version, "2.0.0");
    serves_at_last(&scene.service, 2);
    reported("2.0.0");
    assert_eq!(state.rollback(scene.host.now(), None).unwrap().version, "1.0.0");
    serves_at_last(&scene.service, 1);
}

#[test]
fn a_pin_file_is_obeyed_without_a_server() {
    let scene = Scene::new();
    scene.cdn.go_down();
    let begin = Instant::now();
    scene.host.state().pin(&scene.manifests[0].to_string(), scene.host.now(), None).unwrap();
    serves_at_last(&scene.service, 1);
    assert!(begin.elapsed() < Duration::from_secs(3), "{:?}", begin.elapsed());
}

#[test]
fn a_pin_is_obeyed_while_a_server_keeps_the_host_waiting() {
    let scene = Scene::new();
    scene.cdn.play("*", Trick::Slow);
    std::thread::scope(|scope| {
        let look = scope.spawn(|| scene.service.reload_logic());
        until("the look has begun", || !scene.cdn.answers().is_empty());
        let begin = Instant::now();
        scene.host.state().pin(&scene.manifests[0].to_string(), scene.host.now(), None).unwrap();
        serves_at_last(&scene.service, 1);
        // The server gets 15 s for each file.
        assert!(begin.elapsed() < Duration::from_secs(5), "{:?}", begin.elapsed());
        scene.cdn.behave();
        let _ = look.join().unwrap();
    });
    serves(&scene.service, 1);
}

#[test]
fn a_release_that_is_not_at_hand_cannot_be_pinned() {
    let scene = Scene::new();
    let unknown = Digest::of(b"another manifest");
    let error = reason(scene.service.pin(&unknown, PinnedBy::Library, None));
    assert!(matches!(cause(&error), RepositoryError::NotKept { manifest } if *manifest == unknown), "{error:?}");
    serves(&scene.service, 3);
    assert_eq!(status(&scene.service).failure.unwrap().reasons, error.messages());
    assert!(scene.host.state().pin(&unknown.to_string(), scene.host.now(), None).is_err());
    scene.service.unpin().unwrap();
    assert!(status(&scene.service).failure.is_none());
}

#[test]
fn a_revoked_release_cannot_be_pinned_and_does_not_stay_so() {
    let scene = Scene::new();
    scene.publisher.revoke(TENANT, Some(&scene.manifests[1]));
    scene.service.reload_logic().unwrap();
    let error = reason(scene.pin(2));
    assert!(
        matches!(cause(&error), RepositoryError::Revoked { manifest } if *manifest == scene.manifests[1]),
        "{error:?}"
    );
    serves(&scene.service, 3);
    assert!(status(&scene.service).pin.is_none() && !fs::exists(scene.host.path("state/default/pin.json")).unwrap());
    // Going back leaves it out.
    scene.service.rollback(PinnedBy::Library, None).unwrap();
    serves(&scene.service, 1);
    // What serves is dropped although it is pinned; what is listed may be used.
    scene.publisher.revoke(TENANT, Some(&scene.manifests[0]));
    let _ = scene.service.reload_logic();
    serves(&scene.service, 3);
    let failure = status(&scene.service).failure.unwrap();
    assert!(failure.reasons[0].contains("was revoked"), "{failure:?}");
    let scene = scene.restart();
    serves(&scene.service, 3);
    assert!(status(&scene.service).failure.unwrap().reasons[0].contains("was revoked"));
}

#[test]
fn a_revoked_pin_leaves_the_release_that_is_listed() {
    // Without any other release that was kept.
    let publisher = Publisher::new("prod", &[TENANT]);
    let first = publisher.release(TENANT, 1);
    let cdn = Cdn::serve(publisher.served());
    let host = Host::new(&publisher, &cdn);
    let service = host.open().unwrap();
    service.pin(&first, PinnedBy::Library, None).unwrap();
    publisher.release(TENANT, 2);
    publisher.revoke(TENANT, Some(&first));
    let _ = service.reload_logic();
    serves(&service, 2);
}

#[test]
fn what_only_the_keys_of_earlier_days_have_listed_does_not_count_after_a_rekeying() {
    let mut scene = Scene::new();
    scene.pin(1).unwrap();
    scene.publisher.rekey(TENANT);
    scene.publisher.release(TENANT, 4);
    let _ = scene.service.reload_logic();
    serves(&scene.service, 4);
    let error = reason(scene.pin(2));
    let is_past = |error: &UpdateError| match error {
        UpdateError::Past { cause, .. } => matches!(&**cause, UpdateError::Signatures { .. }),
        _ => false,
    };
    assert!(is_past(update(&error)), "{error:?}");
    serves(&scene.service, 4);
    let scene = scene.restart();
    serves(&scene.service, 4);
}

#[test]
fn a_release_that_the_new_keys_list_too_survives_a_rekeying_and_a_restart_without_a_server() {
    let mut scene = Scene::new();
    scene.publisher.rekey(TENANT);
    assert_eq!(scene.service.reload_logic().unwrap(), Reload::Unchanged);
    serves(&scene.service, 3);
    scene.cdn.go_down();
    let scene = scene.restart();
    serves(&scene.service, 3);
}

#[test]
fn the_release_that_the_publisher_went_back_to_is_the_one_that_a_restart_serves() {
    let scene = Scene::new();
    scene.publisher.roll_back(TENANT, &scene.manifests[0]);
    assert_eq!(scene.service.reload_logic().unwrap(), Reload::Switched);
    serves(&scene.service, 1);
    scene.cdn.go_down();
    let scene = scene.restart();
    serves(&scene.service, 1);
}

#[test]
fn a_pin_file_that_says_nothing_changes_nothing() {
    let scene = Scene::new();
    scene.pin(1).unwrap();
    for bad in ["", "{", "{}", r#"{"manifest": "x", "at": "2026-01-01T00:00:00Z", "by": "cli"}"#] {
        scene.host.write("state/default/pin.json", bad);
        scene.publisher.refresh();
        let error = refused(&scene.service, 1);
        assert!(matches!(cause(&error), RepositoryError::State(_)), "{error:?}");
        assert!(error.messages()[0].contains("does not say which release is pinned"), "{error:?}");
    }
    // A start can only go by what served last.
    scene.publisher.release(TENANT, 4);
    let scene = scene.restart();
    serves(&scene.service, 1);
    assert!(status(&scene.service).failure.unwrap().reasons[0].contains("does not say which release is pinned"));
    scene.service.unpin().unwrap();
    serves(&scene.service, 4);
    assert!(!fs::exists(scene.host.path("state/default/pin.json")).unwrap());
}
