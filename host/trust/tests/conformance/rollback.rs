//! Servers that go back, and publishers that have to.

use jurat_trust::UpdateError;

use crate::workshop::{Host, Workshop};

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
    assert!(matches!(host.refresh(&shop), Err(UpdateError::Rollback { .. })));
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
        assert!(matches!(host.refresh(&shop), Err(UpdateError::Rollback { .. })));
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
        assert!(matches!(host.refresh(&shop), Err(UpdateError::Rollback { .. })));
        assert_eq!(host.versions(), [1, 3, 2, 2]);
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
    host.refresh(&shop).unwrap_err();
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
    shop.give_keys("timestamp", 1, &[5], &[5]);
    shop.payload("timestamp")["version"] = 0.into();
    shop.publish(&["root", "timestamp"]);
    host.refresh(&shop).unwrap();
    assert_eq!(host.versions(), [2, 1, 1, 1]);
}

#[test]
fn new_snapshot_and_timestamp_keys_let_the_snapshot_start_again() {
    let mut shop = Workshop::new();
    let mut host = Host::new(&shop);
    shop.payload("snapshot")["version"] = 99_998.into();
    shop.publish(&ONLINE);
    host.refresh(&shop).unwrap();
    assert_eq!(host.versions(), [1, 2, 99_999, 2]);
    shop.give_keys("snapshot", 1, &[5], &[5]);
    shop.give_keys("timestamp", 1, &[6], &[6]);
    shop.payload("snapshot")["version"] = 0.into();
    shop.publish(&["root", "snapshot", "timestamp"]);
    host.refresh(&shop).unwrap();
    assert_eq!(host.versions(), [2, 3, 1, 2]);
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
    assert!(matches!(host.refresh(&shop), Err(UpdateError::Rollback { .. })));
    shop.give_keys("targets", 1, &[6], &[6]);
    shop.payload("targets")["version"] = 1.into();
    shop.publish(&["root", "targets", "snapshot", "timestamp"]);
    host.refresh(&shop).unwrap();
    assert_eq!(host.versions(), [3, 4, 4, 2]);
}
