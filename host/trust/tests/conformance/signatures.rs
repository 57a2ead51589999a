//! Thresholds, and the keys that count towards them.

use jurat_trust::UpdateError;
use serde_json::{Value, json};

use crate::workshop::{Host, Workshop, key_entry, key_id};

fn refuses_the_snapshot(shop: &Workshop, host: &mut Host) {
    assert!(host.refresh(shop).is_err());
    assert_eq!(host.versions()[2], 0);
}

#[test]
fn a_snapshot_with_one_signature_too_few_is_refused() {
    let mut shop = Workshop::new();
    let mut host = Host::new(&shop);
    shop.give_keys("snapshot", 3, &[2, 4, 5], &[2, 4, 5]);
    shop.publish(&["root", "snapshot", "timestamp"]);
    host.refresh(&shop).unwrap();
    shop.sign_with("snapshot", &[2, 5]);
    shop.publish(&["snapshot", "timestamp"]);
    assert!(matches!(host.refresh(&shop), Err(UpdateError::Signatures { .. })));
    assert_eq!(host.versions(), [2, 3, 2, 1]);
}

#[test]
fn a_threshold_above_the_number_of_keys_is_never_reached() {
    let mut shop = Workshop::new();
    let mut host = Host::new(&shop);
    shop.give_keys("snapshot", 6, &[2, 4, 5, 6, 7], &[2, 4, 5, 6, 7]);
    shop.publish(&["root", "snapshot", "timestamp"]);
    refuses_the_snapshot(&shop, &mut host);
}

#[test]
fn keys_that_root_has_but_the_role_has_not_do_not_count() {
    let mut shop = Workshop::new();
    let mut host = Host::new(&shop);
    shop.give_keys("snapshot", 2, &[2, 4], &[2, 5]);
    // The key of another role, which root knows as well.
    shop.payload("root")["keys"][key_id(5)] = key_entry(5);
    shop.publish(&["root", "snapshot", "timestamp"]);
    refuses_the_snapshot(&shop, &mut host);
}

#[test]
fn a_key_that_is_listed_many_times_counts_once() {
    let mut shop = Workshop::new();
    let mut host = Host::new(&shop);
    shop.give_keys("snapshot", 2, &[2], &[2]);
    let id = key_id(2);
    shop.payload("root")["roles"]["snapshot"]["keyids"] = json!([id, id, id]);
    shop.publish(&["root", "snapshot", "timestamp"]);
    repeat_signatures(&mut shop, &[id.as_str(); 3]);
    refuses_the_snapshot(&shop, &mut host);
}

#[test]
fn a_key_under_many_names_counts_once() {
    let mut shop = Workshop::new();
    let mut host = Host::new(&shop);
    let names = ["first", "second", "third"];
    let root = shop.payload("root");
    root["roles"]["snapshot"] = json!({ "keyids": names, "threshold": 2 });
    for name in names {
        root["keys"][name] = key_entry(2);
    }
    shop.publish(&["root", "snapshot", "timestamp"]);
    repeat_signatures(&mut shop, &names);
    refuses_the_snapshot(&shop, &mut host);
}

#[test]
fn a_key_id_at_two_signatures_is_refused_even_if_enough_others_have_signed() {
    let mut shop = Workshop::new();
    let mut host = Host::new(&shop);
    let id = key_id(2);
    repeat_signatures(&mut shop, &[id.as_str(); 2]);
    shop.publish(&["timestamp"]);
    refuses_the_snapshot(&shop, &mut host);
}

/// The one signature of the snapshot under several names.
fn repeat_signatures(shop: &mut Workshop, names: &[&str]) {
    shop.replace("snapshot", |envelope| {
        let signature = envelope["signatures"][0]["sig"].clone();
        envelope["signatures"] = names.iter().map(|name| json!({ "keyid": name, "sig": signature })).collect();
    });
    shop.publish_as_it_is("timestamp");
}

#[test]
fn ed25519_is_the_only_kind_of_key_that_counts() {
    // The suite asks for RSA and ECDSA as well: see `scenarios.md`.
    let mut shop = Workshop::new();
    let mut host = Host::new(&shop);
    shop.give_keys("root", 2, &[0, 4], &[0, 4]);
    shop.publish(&["root"]);
    host.refresh(&shop).unwrap();
    assert_eq!(host.versions()[0], 2);
    // A new root in which one signature is by another key.
    shop.publish(&["root"]);
    let other = shop.served[&shop.path("timestamp")].clone();
    let other: Value = serde_json::from_slice(&other).unwrap();
    shop.replace("root", |envelope| envelope["signatures"][1]["sig"] = other["signatures"][0]["sig"].clone());
    assert!(matches!(host.refresh(&shop), Err(UpdateError::Signatures { .. })));
    assert_eq!(host.versions()[0], 2);
}

#[test]
fn a_signature_that_does_not_hold_does_no_harm_beside_enough_that_do() {
    let mut shop = Workshop::new();
    let mut host = Host::new(&shop);
    let old = shop.served[&shop.path("timestamp")].clone();
    let old: Value = serde_json::from_slice(&old).unwrap();
    shop.give_keys("timestamp", 1, &[1, 4], &[1, 4]);
    shop.publish(&["root", "timestamp"]);
    shop.replace("timestamp", |envelope| envelope["signatures"][0] = old["signatures"][0].clone());
    host.refresh(&shop).unwrap();
    for wrong in [json!(""), json!("no base64!"), json!(7), Value::Null] {
        shop.publish(&["timestamp"]);
        shop.replace("timestamp", |envelope| envelope["signatures"][0]["sig"] = wrong);
        host.refresh(&shop).unwrap();
        assert_eq!(host.versions()[1], shop.version("timestamp"));
    }
}
