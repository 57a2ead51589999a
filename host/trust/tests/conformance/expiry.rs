//! Metadata that has expired, before a host has seen it and after.

use jurat_trust::UpdateError;

use crate::workshop::{EXPIRES, Host, NOW, PAST, Workshop};

const LATER: &str = "2026-06-19T00:00:00Z";
const BETWEEN: &str = "2026-06-08T00:00:00Z";

fn expired(role: &str) -> (Workshop, Host) {
    let mut shop = Workshop::new();
    let mut host = Host::new(&shop);
    host.refresh(&shop).unwrap();
    shop.payload(role)["expires"] = PAST.into();
    shop.publish(&["root", "targets", "snapshot", "timestamp"]);
    assert!(matches!(host.refresh(&shop), Err(UpdateError::Expired { .. })), "{role}");
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
    assert!(matches!(host.refresh_at(&shop, NOW), Err(UpdateError::Expired { .. })));
    host.refresh_at(&shop, PAST).unwrap();
}

#[test]
fn what_has_expired_since_still_keeps_a_host_from_going_back() {
    for role in ["timestamp", "snapshot"] {
        let mut shop = Workshop::new();
        let mut host = Host::new(&shop);
        let first = shop.served.clone();
        shop.payload(role)["expires"] = BETWEEN.into();
        shop.publish(&["targets", "snapshot", "timestamp"]);
        host.refresh(&shop).unwrap();
        let second = shop.served.clone();
        // It can be replaced by what is newer...
        shop.payload(role)["expires"] = EXPIRES.into();
        shop.publish(&["targets", "snapshot", "timestamp"]);
        shop.served = [second, std::mem::take(&mut shop.served)].into_iter().flatten().collect();
        let mut updated = Host::new(&shop);
        updated.refresh(&shop).unwrap();
        // ...but not by what is older.
        shop.served = first;
        assert!(matches!(host.refresh_at(&shop, LATER), Err(UpdateError::Rollback { .. })), "{role}");
    }
}

#[test]
fn what_has_expired_since_is_replaced_by_what_is_newer() {
    let mut shop = Workshop::new();
    let mut host = Host::new(&shop);
    shop.payload("timestamp")["expires"] = BETWEEN.into();
    shop.publish(&["timestamp"]);
    host.refresh(&shop).unwrap();
    assert!(matches!(host.refresh_at(&shop, LATER), Err(UpdateError::Expired { .. })));
    shop.payload("timestamp")["expires"] = EXPIRES.into();
    shop.publish(&["targets", "snapshot", "timestamp"]);
    host.refresh_at(&shop, LATER).unwrap();
    assert_eq!(host.versions(), [1, 3, 2, 2]);
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
    assert!(matches!(host.get(&shop, "t/acme/prod/first.json"), Err(UpdateError::Expired { .. })));
}

#[test]
fn a_delegated_role_that_has_expired_since_lists_nothing_until_it_is_renewed() {
    let (mut shop, mut host) = delegated(BETWEEN);
    host.get(&shop, "t/acme/prod/first.json").unwrap();
    assert!(matches!(host.get_at(&shop, "t/acme/prod/second.json", LATER), Err(UpdateError::Expired { .. })));
    shop.payload("t-acme")["expires"] = EXPIRES.into();
    shop.publish(&["t-acme", "snapshot", "timestamp"]);
    host.get_at(&shop, "t/acme/prod/second.json", LATER).unwrap();
}
