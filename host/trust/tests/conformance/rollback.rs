//! Servers that go back, and publishers that have to.

use jurat_trust::{Role, UpdateError};

use crate::workshop::{Host, Workshop, assert_refused};

const ONLINE: [&str; 3] = ["targets", "snapshot", "timestamp"];

/// A repository with metadata of the second version, and a host that has seen it.
fn second(gives_digests: bool) -> (Workshop, Host) {
    let mut shop = Workshop::new();
    shop.gives_digests = gives_digests;
    let mut host = Host::new(&shop);
    shop.publish(&ONLINE);
    host.refresh(&shop).unwrap();
    shop.asked();
    (shop, host)
}

#[test]
fn a_snapshot_that_is_known_already_is_not_asked_for_again() {
    let (mut shop, mut host) = second(true);
    shop.served.insert("metadata/2.snapshot.json".to_owned(), shop.served["metadata/1.snapshot.json"].clone());
    host.refresh(&shop).unwrap();
    assert_eq!(host.versions(), [1, 2, 2, 2]);
    assert_eq!(shop.asked(), ["2.root", "timestamp"]);
}

#[test]
fn a_timestamp_does_not_go_back() {
    let (mut shop, mut host) = second(true);
    shop.payload("timestamp")["version"] = 1.into();
    shop.publish_as_it_is("timestamp");
    assert_refused!(host.refresh(&shop), UpdateError::Rollback { role: Role::Timestamp, .. });
    assert_eq!(host.versions(), [1, 2, 2, 2]);
    assert_eq!(shop.asked().last().map(String::as_str), Some("timestamp"));
}

#[test]
fn a_snapshot_does_not_go_back() {
    for gives_digests in [true, false] {
        let (mut shop, mut host) = second(gives_digests);
        shop.payload("snapshot")["version"] = 1.into();
        shop.publish_as_it_is("snapshot");
        shop.publish(&["timestamp"]);
        assert_refused!(host.refresh(&shop), UpdateError::Rollback { role: Role::Snapshot, .. });
        assert_eq!(host.versions(), [1, 2, 2, 2]);
        assert_eq!(shop.asked().last().map(String::as_str), Some("timestamp"));
    }
}

#[test]
fn targets_do_not_go_back() {
    for gives_digests in [true, false] {
        let (mut shop, mut host) = second(gives_digests);
        shop.payload("targets")["version"] = 1.into();
        shop.publish_as_it_is("targets");
        shop.publish(&["snapshot", "timestamp"]);
        // The snapshot that lists them is refused already, because of the one before.
        assert_refused!(
            host.refresh(&shop),
            UpdateError::Rollback { file, role: Role::Targets, .. } if file.as_str() == "metadata/3.snapshot.json"
        );
        assert_eq!(host.versions(), [1, 3, 2, 2]);
    }
}

#[test]
fn a_delegated_role_that_a_host_has_never_asked_does_not_go_back_in_the_snapshot() {
    for gives_digests in [true, false] {
        let (mut shop, mut host) = second(gives_digests);
        shop.delegate("targets", "t-acme", 4, &["t/acme/*/*.json"], true);
        shop.publish(&["targets", "t-acme", "t-acme", "snapshot", "timestamp"]);
        host.refresh(&shop).unwrap();
        shop.payload("t-acme")["version"] = 1.into();
        shop.publish_as_it_is("t-acme");
        shop.publish(&["snapshot", "timestamp"]);
        assert_refused!(
            host.refresh(&shop),
            UpdateError::Rollback { role, known, found, .. }
                if role.name() == "t-acme" && (known.get(), found.get()) == (2, 1)
        );
        assert_eq!(host.versions(), [1, 4, 3, 3]);
    }
}

#[test]
fn a_role_that_the_snapshot_lists_no_longer_is_missed() {
    for role in ["targets", "t-acme"] {
        let (mut shop, mut host) = second(true);
        shop.delegate("targets", "t-acme", 4, &["t/acme/*/*.json"], true);
        shop.publish(&["targets", "t-acme", "snapshot", "timestamp"]);
        host.refresh(&shop).unwrap();
        let file = format!("{role}.json");
        let entry = shop.payload("snapshot")["meta"].as_object_mut().unwrap().remove(&file).unwrap();
        shop.publish(&["snapshot", "timestamp"]);
        assert_refused!(
            host.refresh(&shop),
            UpdateError::Vanished { file, role: found, .. }
                if file.as_str() == "metadata/4.snapshot.json" && found.name() == role
        );
        assert_eq!(host.versions(), [1, 4, 3, 3]);
        // A host that never knew it cannot miss it, but needs the targets role.
        let outcome = Host::new(&shop).refresh(&shop);
        if role == "targets" {
            assert_refused!(outcome, UpdateError::Unlisted { role: Role::Targets, .. });
        } else {
            outcome.unwrap();
        }
        shop.payload("snapshot")["meta"][&file] = entry;
        shop.publish(&["snapshot", "timestamp"]);
        host.refresh(&shop).unwrap();
        assert_eq!(host.versions(), [1, 5, 5, 3]);
    }
}

#[test]
fn a_snapshot_newer_than_the_timestamp_says_is_ignored() {
    let mut shop = Workshop::new();
    let mut host = Host::new(&shop);
    shop.publish(&["snapshot"]);
    host.refresh(&shop).unwrap();
    assert_eq!(host.versions(), [1, 1, 1, 1]);
}

#[test]
fn a_snapshot_of_another_version_than_the_timestamp_says_is_refused() {
    let mut shop = Workshop::new();
    let mut host = Host::new(&shop);
    let first = shop.served["metadata/1.snapshot.json"].clone();
    shop.gives_digests = false;
    shop.publish(&["snapshot", "timestamp"]);
    shop.served.insert("metadata/2.snapshot.json".to_owned(), first);
    assert_refused!(
        host.refresh(&shop),
        UpdateError::SnapshotMismatch { role: Role::Snapshot, by: Role::Timestamp, expected, found, .. }
            if (expected.get(), found.get()) == (2, 1)
    );
    assert_eq!(host.versions(), [1, 2, 0, 0]);
}

// A thief had the keys and made the versions as high as he liked. New keys let the publisher start again.

#[test]
fn new_timestamp_keys_let_the_timestamp_start_again() {
    let mut shop = Workshop::new();
    let mut host = Host::new(&shop);
    shop.payload("timestamp")["version"] = 99_998.into();
    shop.publish(&["timestamp"]);
    host.refresh(&shop).unwrap();
    assert_eq!(host.versions()[1], 99_999);
    shop.payload("timestamp")["version"] = 0.into();
    shop.publish(&["timestamp"]);
    assert_refused!(host.refresh(&shop), UpdateError::Rollback { role: Role::Timestamp, .. });
    shop.give_keys("timestamp", 1, &[5], &[5]);
    shop.payload("timestamp")["version"] = 0.into();
    shop.publish(&["root", "timestamp"]);
    host.refresh(&shop).unwrap();
    assert_eq!(host.versions(), [2, 1, 1, 1]);
}

#[test]
fn new_snapshot_keys_let_the_snapshot_start_again_whether_the_timestamp_has_new_ones_or_not() {
    for has_new_timestamp_keys in [true, false] {
        let mut shop = Workshop::new();
        let mut host = Host::new(&shop);
        shop.payload("snapshot")["version"] = 99_998.into();
        shop.publish(&ONLINE);
        host.refresh(&shop).unwrap();
        assert_eq!(host.versions(), [1, 2, 99_999, 2]);
        shop.payload("snapshot")["version"] = 0.into();
        shop.publish(&["snapshot", "timestamp"]);
        assert_refused!(host.refresh(&shop), UpdateError::Rollback { role: Role::Snapshot, .. });
        shop.give_keys("snapshot", 1, &[5], &[5]);
        if has_new_timestamp_keys {
            shop.give_keys("timestamp", 1, &[6], &[6]);
        }
        shop.publish(&["root", "snapshot", "timestamp"]);
        host.refresh(&shop).unwrap();
        assert_eq!(host.versions(), [2, 4, 2, 2]);
    }
}

#[test]
fn what_a_thief_of_the_snapshot_keys_listed_is_forgotten_with_them() {
    // The thief did not touch the version of the snapshot, but those that it lists.
    let mut shop = Workshop::new();
    let mut host = Host::new(&shop);
    shop.delegate("targets", "t-acme", 4, &["t/acme/*/*.json"], true);
    shop.publish(&["targets", "t-acme"]);
    let honest = shop.payload("snapshot")["meta"].clone();
    shop.payload("snapshot")["meta"]["t-acme.json"]["version"] = 99_999.into();
    shop.publish(&["snapshot", "timestamp"]);
    host.refresh(&shop).unwrap();
    shop.payload("snapshot")["meta"] = honest;
    shop.publish(&["snapshot", "timestamp"]);
    assert_refused!(host.refresh(&shop), UpdateError::Rollback { role, .. } if role.name() == "t-acme");
    shop.give_keys("snapshot", 1, &[5], &[5]);
    shop.publish(&["root", "snapshot", "timestamp"]);
    host.refresh(&shop).unwrap();
    assert_eq!(host.versions(), [2, 4, 4, 2]);
}

#[test]
fn new_keys_of_their_own_let_targets_start_again() {
    // The suite asks for new snapshot keys only: see `scenarios.md`.
    let mut shop = Workshop::new();
    let mut host = Host::new(&shop);
    shop.payload("targets")["version"] = 99.into();
    shop.publish(&ONLINE);
    host.refresh(&shop).unwrap();
    assert_eq!(host.versions(), [1, 2, 2, 100]);
    shop.give_keys("snapshot", 1, &[5], &[5]);
    shop.payload("targets")["version"] = 1.into();
    shop.publish(&["root", "targets", "snapshot", "timestamp"]);
    assert_refused!(
        host.refresh(&shop),
        UpdateError::Rollback { file, role: Role::Targets, .. } if file.as_str() == "metadata/2.targets.json"
    );
    shop.give_keys("targets", 1, &[6], &[6]);
    shop.payload("targets")["version"] = 1.into();
    shop.publish(&["root", "targets", "snapshot", "timestamp"]);
    host.refresh(&shop).unwrap();
    assert_eq!(host.versions(), [3, 4, 4, 2]);
}
