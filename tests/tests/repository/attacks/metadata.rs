//! Old metadata, and metadata of different moments.

use jiff::SignedDuration;
use jurat::Reload;
use jurat_trust::metadata::{MetaFile, SnapshotMetadata};
use jurat_trust::publish::Lifetimes;
use jurat_trust::{MetadataVersion, Role, UpdateError};

use super::Scene;
use crate::host::{TENANT, config, judged, refused, serves, status, update};
use crate::publisher::{Keys, Publisher, role};

const HOUR: SignedDuration = SignedDuration::from_hours(1);

#[test]
fn an_old_timestamp_is_refused() {
    let scene = Scene::new();
    let old = scene.publisher.read("metadata/timestamp.json");
    scene.publisher.release(TENANT, 2);
    scene.service.reload_logic().unwrap();
    scene.publisher.write("metadata/timestamp.json", &old);
    let error = refused(&scene.service, 2);
    assert!(matches!(update(&error), UpdateError::Rollback { role: Role::Timestamp, .. }), "{error:?}");
    // Also after a restart, which takes nothing older than what served.
    drop(scene.service);
    let service = scene.host.open().unwrap();
    serves(&service, 2);
    assert_eq!(status(&service).failure.unwrap().reasons, error.messages());
}

#[track_caller]
fn expires(expiring: &Role, lifetimes: Lifetimes) {
    let mut scene = Scene::of(Publisher::living("prod", &[TENANT], lifetimes));
    scene.publisher.release(TENANT, 2);
    scene.host.pass(HOUR * 3);
    let error = refused(&scene.service, 1);
    assert!(matches!(update(&error), UpdateError::Expired { role, .. } if role == expiring), "{error:?}");
    // It serves on, and says so.
    assert!(judged(&scene.service, 1).release.unwrap().is_stale());
    let trust = status(&scene.service).trust.unwrap();
    assert_eq!((trust.expiring, trust.stale, trust.due), (expiring.to_string(), true, true));

    scene.publisher.pass(HOUR * 3);
    scene.publisher.change(|repository, clock| {
        for role in [Role::Root, Role::Targets, role(TENANT)] {
            repository.renew(&role, clock).unwrap();
        }
    });
    assert_eq!(scene.service.reload_logic().unwrap(), Reload::Switched);
    serves(&scene.service, 2);
    assert!(!judged(&scene.service, 2).release.unwrap().is_stale());
}

#[test]
fn an_expired_root_is_refused() {
    expires(&Role::Root, Lifetimes { root: HOUR * 2, ..Lifetimes::DEFAULT });
}

#[test]
fn an_expired_timestamp_is_refused() {
    expires(&Role::Timestamp, Lifetimes { timestamp: HOUR * 2, ..Lifetimes::DEFAULT });
}

#[test]
fn an_expired_snapshot_is_refused() {
    expires(&Role::Snapshot, Lifetimes { snapshot: HOUR * 2, ..Lifetimes::DEFAULT });
}

#[test]
fn expired_targets_are_refused() {
    expires(&Role::Targets, Lifetimes { targets: HOUR * 2, ..Lifetimes::DEFAULT });
}

#[test]
fn an_expired_role_of_a_tenant_is_refused() {
    expires(&role(TENANT), Lifetimes { tenant: HOUR * 2, ..Lifetimes::DEFAULT });
}

#[test]
fn a_snapshot_of_another_moment_is_refused() {
    let scene = Scene::new();
    let old = scene.publisher.read(&scene.publisher.newest(&Role::Snapshot).0);
    scene.publisher.release(TENANT, 2);
    let (newest, _) = scene.publisher.newest(&Role::Snapshot);
    let honest = scene.publisher.read(&newest);
    scene.publisher.write(&newest, &old);
    let error = refused(&scene.service, 1);
    let is_other = match update(&error) {
        UpdateError::Altered { file, .. } | UpdateError::Truncated { file, .. } | UpdateError::TooLong { file, .. } => {
            file.as_str() == newest
        }
        _ => false,
    };
    assert!(is_other, "{error:?}");
    scene.publisher.write(&newest, &honest);
    assert_eq!(scene.service.reload_logic().unwrap(), Reload::Switched);
    serves(&scene.service, 2);
}

#[test]
fn a_snapshot_under_the_version_of_another_is_refused() {
    let scene = Scene::new();
    let (path, payload) = scene.publisher.newest(&Role::Snapshot);
    let (bytes, next) =
        (scene.publisher.read(&path), SnapshotMetadata::parse(&payload).unwrap().version().next().unwrap());
    scene.publisher.write(Role::Snapshot.file(next).as_str(), &bytes);
    scene.publisher.force_timestamp(MetaFile::of(next, &bytes));
    let error = refused(&scene.service, 1);
    let is_mix = |error: &UpdateError| matches!(error, UpdateError::SnapshotMismatch { role: Role::Snapshot, by: Role::Timestamp, expected, .. } if *expected == next);
    assert!(is_mix(update(&error)), "{error:?}");
}

#[test]
fn a_role_under_the_version_of_another_is_refused() {
    let scene = Scene::new();
    let (tenant, next) = (role(TENANT), scene.publisher.newest_targets(&role(TENANT)).version().next().unwrap());
    let bytes = scene.publisher.read(&scene.publisher.newest(&tenant).0);
    scene.publisher.force(&[(tenant.clone(), next, bytes)]);
    let error = refused(&scene.service, 1);
    let is_mix = |error: &UpdateError| matches!(error, UpdateError::SnapshotMismatch { role, by: Role::Snapshot, .. } if *role == tenant);
    assert!(is_mix(update(&error)), "{error:?}");
}

#[test]
fn a_snapshot_that_forgets_a_tenant_is_refused() {
    let scene = Scene::new();
    let snapshot = SnapshotMetadata::parse(&scene.publisher.newest(&Role::Snapshot).1).unwrap();
    let next = snapshot.version().next().unwrap();
    let less = SnapshotMetadata::new(snapshot.repository().clone(), next, snapshot.expires());
    let targets = *snapshot.file(&Role::Targets).unwrap();
    scene.publisher.force_snapshot(&less.with_file(Role::Targets, targets));
    let error = refused(&scene.service, 1);
    assert!(matches!(update(&error), UpdateError::Vanished { role: gone, .. } if *gone == role(TENANT)), "{error:?}");
}

#[test]
fn a_snapshot_that_goes_back_to_an_older_role_is_refused() {
    let scene = Scene::new();
    let old = scene.publisher.read(&scene.publisher.newest(&role(TENANT)).0);
    scene.publisher.release(TENANT, 2);
    scene.service.reload_logic().unwrap();
    scene.publisher.force(&[(role(TENANT), MetadataVersion::FIRST, old)]);
    let error = refused(&scene.service, 2);
    assert!(matches!(update(&error), UpdateError::Rollback { role: old, .. } if *old == role(TENANT)), "{error:?}");
}

#[test]
fn metadata_of_another_repository_is_refused_whatever_its_signatures() {
    let scene = Scene::new();
    let staging = Publisher::with_keys("staging", scene.publisher.keys.copy(), Lifetimes::DEFAULT);
    staging.release(TENANT, 7);
    scene.cdn.move_to(staging.served());
    let error = refused(&scene.service, 1);
    let is_other = |error: &UpdateError| matches!(error, UpdateError::WrongRepository { expected, found, .. } if expected.as_str() == "prod" && found.as_str() == "staging");
    assert!(is_other(update(&error)), "{error:?}");
    scene.cdn.move_to(scene.publisher.served());
    scene.recovers();
}

#[test]
fn a_root_of_another_repository_than_the_settings_demand_stops_the_start() {
    let scene = Scene::of(Publisher::with_keys("staging", Keys::generate(&[TENANT]), Lifetimes::DEFAULT));
    scene.host.write("local-config.yaml", config(&scene.cdn.url(), "  repository: prod\n"));
    let error = scene.host.open().unwrap_err();
    assert!(matches!(update(&error), UpdateError::WrongAnchor { .. }), "{error:?}");
}

#[test]
fn a_clock_that_was_set_back_stops_updates_and_not_calls() {
    let scene = Scene::new();
    scene.host.pass(HOUR * 10);
    scene.service.reload_logic().unwrap();
    // Time servers do that.
    scene.host.pass(SignedDuration::from_mins(-4));
    assert_eq!(scene.service.reload_logic().unwrap(), Reload::Unchanged);
    scene.host.pass(HOUR * -1);
    let error = refused(&scene.service, 1);
    assert!(matches!(update(&error), UpdateError::ClockSetBack { .. }), "{error:?}");
    scene.host.pass(HOUR);
    scene.recovers();
}
