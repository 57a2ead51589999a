//! Metadata that has expired, before a host has seen it and after.

use jurat_trust::{Role, UpdateError};

use crate::workshop::{EXPIRES, Host, NOW, PAST, Workshop, assert_refused};

const LATER: &str = "2026-06-19T00:00:00Z";
const BETWEEN: &str = "2026-06-08T00:00:00Z";

fn expired(role: &str) -> (Workshop, Host) {
    let mut shop = Workshop::new();
    let mut host = Host::new(&shop);
    host.refresh(&shop).unwrap();
    shop.payload(role)["expires"] = PAST.into();
    shop.publish(&["root", "targets", "snapshot", "timestamp"]);
    assert_refused!(host.refresh(&shop), UpdateError::Expired { role: found, .. } if found.name() == role);
    (shop, host)
}

#[test]
fn an_expired_root_is_kept_and_nothing_after_it() {
    let (mut shop, mut host) = expired("root");
    assert_eq!(host.versions(), [2, 1, 1, 1]);
    // It is a step on the way to the next.
    shop.payload("root")["expires"] = EXPIRES.into();
    shop.publish(&["root"]);
    host.refresh(&shop).unwrap();
    assert_eq!(host.versions(), [3, 2, 2, 2]);
}

#[test]
fn an_expired_timestamp_is_not_kept() {
    assert_eq!(expired("timestamp").1.versions(), [2, 1, 1, 1]);
}

#[test]
fn an_expired_snapshot_is_not_kept() {
    assert_eq!(expired("snapshot").1.versions(), [2, 2, 1, 1]);
}

#[test]
fn expired_targets_are_not_kept() {
    assert_eq!(expired("targets").1.versions(), [2, 2, 2, 1]);
}

#[test]
fn metadata_expires_with_the_second_that_it_names() {
    let mut shop = Workshop::new();
    let mut host = Host::new(&shop);
    shop.payload("timestamp")["expires"] = NOW.into();
    shop.publish(&["timestamp"]);
    assert_refused!(host.refresh_at(&shop, NOW), UpdateError::Expired { role: Role::Timestamp, .. });
    host.refresh_at(&shop, PAST).unwrap();
}

#[test]
fn a_timestamp_that_has_expired_since_still_keeps_the_timestamp_from_going_back() {
    let mut shop = Workshop::new();
    let mut host = Host::new(&shop);
    let first = shop.served["metadata/timestamp.json"].clone();
    shop.payload("timestamp")["expires"] = BETWEEN.into();
    shop.publish(&["timestamp"]);
    host.refresh(&shop).unwrap();
    assert_refused!(host.refresh_at(&shop, LATER), UpdateError::Expired { role: Role::Timestamp, .. });
    // The older one has not expired, and names the same snapshot: nothing else is wrong with it.
    shop.served.insert("metadata/timestamp.json".to_owned(), first);
    assert_refused!(
        host.refresh_at(&shop, LATER),
        UpdateError::Rollback { role: Role::Timestamp, known, found, .. } if (known.get(), found.get()) == (2, 1)
    );
    assert_eq!(host.versions(), [1, 2, 1, 1]);
}

#[test]
fn a_timestamp_that_has_expired_since_still_keeps_the_snapshot_from_going_back() {
    let mut shop = Workshop::new();
    let mut host = Host::new(&shop);
    let first = shop.payload("timestamp")["meta"].clone();
    shop.payload("timestamp")["expires"] = BETWEEN.into();
    shop.publish(&["snapshot", "timestamp"]);
    host.refresh(&shop).unwrap();
    // A newer one of the snapshot before.
    shop.payload("timestamp")["expires"] = EXPIRES.into();
    shop.payload("timestamp")["meta"] = first;
    shop.publish(&["timestamp"]);
    assert_refused!(
        host.refresh_at(&shop, LATER),
        UpdateError::Rollback { file, role: Role::Snapshot, .. } if file.as_str() == "metadata/timestamp.json"
    );
    assert_eq!(host.versions(), [1, 2, 2, 1]);
}

#[test]
fn a_snapshot_that_has_expired_since_still_keeps_what_it_lists_from_going_back() {
    for role in ["targets", "t-acme"] {
        let mut shop = Workshop::new();
        let mut host = Host::new(&shop);
        shop.delegate("targets", "t-acme", 4, &["t/acme/*/*.json"], true);
        shop.publish(&["targets", "t-acme", "snapshot"]);
        let first = shop.payload("snapshot")["meta"][format!("{role}.json")].clone();
        shop.payload("snapshot")["expires"] = BETWEEN.into();
        shop.publish(&[role, "snapshot", "timestamp"]);
        host.refresh(&shop).unwrap();
        let before = host.versions();
        shop.payload("snapshot")["expires"] = EXPIRES.into();
        shop.payload("snapshot")["meta"][format!("{role}.json")] = first;
        shop.publish(&["snapshot", "timestamp"]);
        let snapshot = shop.path("snapshot");
        assert_refused!(
            host.refresh_at(&shop, LATER),
            UpdateError::Rollback { file, role: found, .. } if file.as_str() == snapshot && found.name() == role
        );
        assert_eq!(host.versions()[2..], before[2..]);
    }
}

#[test]
fn what_has_expired_since_is_replaced_by_what_is_newer() {
    let mut shop = Workshop::new();
    let mut host = Host::new(&shop);
    shop.payload("timestamp")["expires"] = BETWEEN.into();
    shop.publish(&["timestamp"]);
    host.refresh(&shop).unwrap();
    assert_refused!(host.refresh_at(&shop, LATER), UpdateError::Expired { role: Role::Timestamp, .. });
    shop.payload("timestamp")["expires"] = EXPIRES.into();
    shop.publish(&["targets", "snapshot", "timestamp"]);
    host.refresh_at(&shop, LATER).unwrap();
    assert_eq!(host.versions(), [1, 3, 2, 2]);
}

#[test]
fn expired_targets_are_asked_for_again_unless_their_digest_is_listed() {
    for gives_digests in [true, false] {
        let mut shop = Workshop::new();
        shop.gives_digests = gives_digests;
        let mut host = Host::new(&shop);
        shop.payload("targets")["expires"] = BETWEEN.into();
        shop.publish(&["targets", "snapshot", "timestamp"]);
        host.refresh(&shop).unwrap();
        shop.asked();
        assert_refused!(host.refresh_at(&shop, LATER), UpdateError::Expired { role: Role::Targets, .. });
        // With its digest listed, the source could only give the same again.
        let asked: &[&str] =
            if gives_digests { &["2.root", "timestamp"] } else { &["2.root", "timestamp", "2.targets"] };
        assert_eq!(shop.asked(), asked);
        // Signed again in its version: without a digest, it is what the snapshot lists.
        shop.payload("targets")["expires"] = EXPIRES.into();
        shop.publish_as_it_is("targets");
        if gives_digests {
            assert_refused!(host.refresh_at(&shop, LATER), UpdateError::Expired { role: Role::Targets, .. });
            shop.publish(&["snapshot", "timestamp"]);
        }
        host.refresh_at(&shop, LATER).unwrap();
    }
}

fn delegated(expires: &str) -> (Workshop, Host) {
    let mut shop = Workshop::new();
    let host = Host::new(&shop);
    shop.delegate("targets", "t-acme", 4, &["t/acme/*/*.json"], true);
    shop.payload("t-acme")["expires"] = expires.into();
    shop.list("t-acme", "t/acme/prod/first.json", "1");
    shop.list("t-acme", "t/acme/prod/second.json", "1");
    shop.publish(&["targets", "t-acme", "snapshot", "timestamp"]);
    (shop, host)
}

#[test]
fn a_delegated_role_that_has_expired_lists_nothing() {
    let (shop, mut host) = delegated(PAST);
    host.refresh(&shop).unwrap();
    assert_refused!(
        host.get(&shop, "t/acme/prod/first.json"),
        UpdateError::Expired { role, .. } if role.name() == "t-acme"
    );
}

#[test]
fn a_delegated_role_that_has_expired_since_lists_nothing_until_it_is_renewed() {
    let (mut shop, mut host) = delegated(BETWEEN);
    host.get(&shop, "t/acme/prod/first.json").unwrap();
    assert_refused!(
        host.get_at(&shop, "t/acme/prod/second.json", LATER),
        UpdateError::Expired { role, .. } if role.name() == "t-acme"
    );
    shop.payload("t-acme")["expires"] = EXPIRES.into();
    shop.publish(&["t-acme", "snapshot", "timestamp"]);
    host.get_at(&shop, "t/acme/prod/second.json", LATER).unwrap();
}
