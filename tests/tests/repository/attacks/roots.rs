//! Roots that are skipped, withheld or wrong, and keys that were stolen.

use std::fs;
use std::mem;

use jiff::SignedDuration;
use jurat::{OpenError, RepositoryError};
use jurat_trust::metadata::{MetaFile, SnapshotMetadata, TimestampMetadata};
use jurat_trust::{AnchorError, Digest, MetadataVersion, Role, UpdateError};

use super::Scene;
use crate::cdn::Trick;
use crate::host::{Host, cause, config, refused, serves, update};
use crate::publisher::signed;

fn number(number: u64) -> MetadataVersion {
    MetadataVersion::new(number).unwrap()
}

#[test]
fn a_root_cannot_be_left_out() {
    let mut scene = Scene::new();
    scene.publisher.rotate_online_keys();
    let second = scene.publisher.read("metadata/2.root.json");
    scene.publisher.rotate_online_keys();
    let third = scene.publisher.read("metadata/3.root.json");
    scene.publisher.write("metadata/2.root.json", &third);
    let error = refused(&scene.service, 1);
    let is_skipped = |error: &UpdateError| matches!(error, UpdateError::RootSkipped { expected, found, .. } if (*expected, *found) == (number(2), number(3)));
    assert!(is_skipped(update(&error)), "{error:?}");
    scene.publisher.write("metadata/2.root.json", &second);
    scene.recovers();
}

#[test]
fn keys_that_were_revoked_do_not_come_back_by_withholding_the_root() {
    let mut scene = Scene::new();
    let [snapshot, timestamp] = scene.publisher.rotate_online_keys();
    scene.service.reload_logic().unwrap();
    let honest = scene.publisher.read("metadata/timestamp.json");

    let keys = &mut scene.publisher.keys;
    let own = (mem::replace(&mut keys.snapshot, snapshot), mem::replace(&mut keys.timestamp, timestamp));
    scene.publisher.force(&[]);
    scene.cdn.play("metadata/2.root.json", Trick::Status(404));
    let error = refused(&scene.service, 1);
    let is_unsigned = |error: &UpdateError| matches!(error, UpdateError::Signatures { role: Role::Timestamp, by: Role::Root, by_version, .. } if *by_version == number(2));
    assert!(is_unsigned(update(&error)), "{error:?}");
    // A host that starts anew remembers; one that never knew can be told.
    drop(scene.service);
    scene.service = scene.host.open().unwrap();
    serves(&scene.service, 1);
    assert!(is_unsigned(update(&refused(&scene.service, 1))));
    let host = Host::new(&scene.publisher, &scene.cdn);
    host.write("local-config.yaml", config(&scene.cdn.url(), "  min_root_version: 2\n"));
    let error = host.open().unwrap_err();
    assert!(matches!(update(&error), UpdateError::BelowFloor { role: Role::Root, .. }), "{error:?}");

    scene.publisher.write("metadata/timestamp.json", &honest);
    (scene.publisher.keys.snapshot, scene.publisher.keys.timestamp) = own;
    scene.recovers();
}

#[test]
fn versions_that_a_thief_drove_up_are_forgotten_with_his_keys() {
    const FAR: u64 = 1 << 50;
    let mut scene = Scene::new();
    let honest = scene.publisher.read("metadata/timestamp.json");
    let later = scene.publisher.now() + SignedDuration::from_hours(24 * 365);
    let id = scene.publisher.repository().id().unwrap().clone();
    let known = SnapshotMetadata::parse(&scene.publisher.newest(&Role::Snapshot).1).unwrap();
    let snapshot = SnapshotMetadata::new(id.clone(), number(FAR), later);
    let snapshot = known.files().fold(snapshot, |all, (role, file)| all.with_file(role.clone(), *file));
    let snapshot = signed(snapshot.to_bytes(), &[&scene.publisher.keys.snapshot]);
    scene.publisher.write(Role::Snapshot.file(number(FAR)).as_str(), &snapshot);
    let timestamp = TimestampMetadata::new(id, number(FAR), later, MetaFile::of(number(FAR), &snapshot));
    let timestamp = signed(timestamp.to_bytes(), &[&scene.publisher.keys.timestamp]);
    scene.publisher.write("metadata/timestamp.json", &timestamp);
    scene.service.reload_logic().unwrap();

    scene.publisher.write("metadata/timestamp.json", &honest);
    let error = refused(&scene.service, 1);
    assert!(matches!(update(&error), UpdateError::Rollback { known, .. } if *known == number(FAR)), "{error:?}");
    scene.publisher.rotate_online_keys();
    scene.recovers();
}

#[test]
fn without_its_trusted_root_nothing_new_is_taken_and_nothing_starts() {
    let scene = Scene::new();
    let root = scene.publisher.root();
    let anchor = |error: &OpenError| match cause(error) {
        RepositoryError::Root { cause, .. } => Some(cause.clone()),
        RepositoryError::NoRoot { .. } => None,
        other => panic!("{other:?}"),
    };
    fs::remove_file(scene.host.path("root.json")).unwrap();
    assert_eq!(anchor(&refused(&scene.service, 1)), None);
    assert_eq!(anchor(&scene.host.open().unwrap_err()), None);

    scene.host.write("root.json", "in a hurry");
    assert!(matches!(anchor(&refused(&scene.service, 1)), Some(AnchorError::Envelope(_))));
    assert!(matches!(anchor(&scene.host.open().unwrap_err()), Some(AnchorError::Envelope(_))));

    let text = String::from_utf8(root.clone()).unwrap();
    let unsigned = format!("{}[]}}", text.split_at(text.find("[{").unwrap()).0);
    scene.host.write("root.json", unsigned);
    assert!(matches!(anchor(&refused(&scene.service, 1)), Some(AnchorError::Signatures(_))));

    scene.host.write("root.json", &root);
    scene.recovers();
    let sha256 = Digest::of(&root);
    for (expected, is_right) in [(sha256, true), (Digest::of(b"another"), false)] {
        scene.host.write("local-config.yaml", config(&scene.cdn.url(), &format!("  root_sha256: {expected}\n")));
        match scene.host.open() {
            Ok(service) => {
                assert!(is_right);
                serves(&service, 2);
            }
            Err(error) => {
                assert_eq!(anchor(&error), Some(AnchorError::Altered { expected, found: sha256 }));
                assert!(!is_right);
            }
        }
    }
}
