//! A first visit, metadata that does not fit, and unknown members.

use jurat_trust::{Anchor, AnchorError, MetadataError, Role, SafePath, StateFile, UpdateError};
use serde_json::{Value, json};

use crate::workshop::{Host, Workshop, assert_refused};

const ALL: [&str; 4] = ["root", "targets", "snapshot", "timestamp"];

#[test]
fn a_first_visit_asks_for_four_files_and_keeps_them() {
    let shop = Workshop::new();
    let mut host = Host::new(&shop);
    host.refresh(&shop).unwrap();
    assert_eq!(shop.asked(), ["2.root", "timestamp", "1.snapshot", "1.targets"]);
    assert_eq!(host.versions(), [1, 1, 1, 1]);
    for (role, file) in
        [("timestamp", StateFile::Timestamp), ("snapshot", StateFile::Snapshot), ("targets", StateFile::Targets)]
    {
        assert_eq!(host.kept(&file), Some(shop.served[&shop.path(role)].as_slice()), "{role}");
    }
}

#[test]
fn a_visit_for_a_release_that_is_not_there_still_refreshes() {
    let shop = Workshop::new();
    let mut host = Host::new(&shop);
    assert_refused!(host.get(&shop, "nothing.json"), UpdateError::NotDelegated { .. });
    assert_eq!(shop.asked(), ["2.root", "timestamp", "1.snapshot", "1.targets"]);
    assert_eq!(host.versions(), [1, 1, 1, 1]);
}

#[test]
fn a_first_root_that_does_not_parse_or_is_not_signed_is_not_an_anchor() {
    let mut shop = Workshop::new();
    let without_version = {
        shop.payload("root").as_object_mut().unwrap().remove("version");
        shop.seal("root")
    };
    assert_refused!(Anchor::parse(&without_version, None), AnchorError::Metadata(MetadataError::Format(_)));
    let mut shop = Workshop::new();
    shop.replace("root", |envelope| envelope["signatures"][0]["sig"] = "MEUCIQDuRIr+LS".into());
    assert_refused!(Anchor::parse(&shop.served["metadata/1.root.json"], None), AnchorError::Signatures(_));
    shop.sign_with("root", &[7]);
    assert_refused!(Anchor::parse(&shop.seal("root"), None), AnchorError::Signatures(cause) if cause.unknown == 1);
}

#[test]
fn a_role_that_is_not_signed_ends_the_refresh_after_those_before_it() {
    for (role, kept) in
        [("root", [1, 0, 0, 0]), ("timestamp", [2, 0, 0, 0]), ("snapshot", [2, 2, 0, 0]), ("targets", [2, 2, 2, 0])]
    {
        let mut shop = Workshop::new();
        let mut host = Host::new(&shop);
        shop.sign_with(role, &[]);
        shop.publish(&ALL);
        assert_refused!(host.refresh(&shop), UpdateError::Signatures { role: found, .. } if found.name() == role);
        assert_eq!(host.versions(), kept, "{role}");
    }
}

#[test]
fn the_version_in_the_name_of_a_file_is_the_one_inside() {
    for (role, kept) in [("root", [1, 0, 0, 0]), ("snapshot", [2, 2, 0, 0]), ("targets", [2, 2, 2, 0])] {
        let mut shop = Workshop::new();
        let mut host = Host::new(&shop);
        for published in ALL {
            shop.publish(&[published]);
            if published == role {
                // The same name, and all that vouches for it, but another version inside.
                let version = shop.version(role);
                shop.payload(role)["version"] = (version + 1).into();
                let bytes = shop.seal(role);
                shop.payload(role)["version"] = version.into();
                shop.replace(role, |envelope| *envelope = serde_json::from_slice(&bytes).unwrap());
            }
        }
        let error = host.refresh(&shop).unwrap_err();
        match &error {
            UpdateError::RootSkipped { expected, found, .. } if role == "root" => {
                assert_eq!((expected.get(), found.get()), (2, 3));
            }
            UpdateError::SnapshotMismatch { role: found, expected, found: inside, .. } if found.name() == role => {
                assert_eq!((expected.get(), inside.get()), (2, 3));
            }
            _ => panic!("{role}: {error:?}"),
        }
        assert_eq!(host.versions(), kept, "{role}");
    }
}

#[test]
fn a_timestamp_of_the_same_version_is_not_taken_for_a_new_one() {
    let mut shop = Workshop::new();
    let mut host = Host::new(&shop);
    host.refresh(&shop).unwrap();
    let kept = host.kept(&StateFile::Timestamp).unwrap().to_vec();
    shop.payload("timestamp")["meta"]["snapshot.json"]["version"] = 100.into();
    shop.publish_as_it_is("timestamp");
    shop.asked();
    host.refresh(&shop).unwrap();
    assert_eq!(shop.asked(), ["2.root", "timestamp"]);
    assert_eq!(host.kept(&StateFile::Timestamp), Some(kept.as_slice()));
}

#[test]
fn digests_in_snapshots_and_timestamps_are_checked() {
    let mut shop = Workshop::new();
    let mut host = Host::new(&shop);
    shop.publish(&["targets", "snapshot", "timestamp"]);
    host.refresh(&shop).unwrap();
    let other = "46419349341cfb2d95f6ae3d4cd5c3d3dd7f4673985dad42a45130be5e0531a0";
    let is_file = |file: &SafePath, name: &str| file.as_str() == format!("metadata/3.{name}.json");
    shop.publish(&["targets"]);
    shop.payload("snapshot")["meta"]["targets.json"]["hashes"]["sha256"] = other.into();
    shop.publish(&["snapshot"]);
    let honest = shop.payload("timestamp")["meta"].clone();
    shop.payload("timestamp")["meta"]["snapshot.json"]["hashes"]["sha256"] = other.into();
    shop.publish(&["timestamp"]);
    assert_refused!(host.refresh(&shop), UpdateError::Altered { file, .. } if is_file(file, "snapshot"));
    assert_eq!(host.versions(), [1, 3, 2, 2]);
    shop.payload("timestamp")["meta"] = honest;
    shop.publish(&["timestamp"]);
    assert_refused!(host.refresh(&shop), UpdateError::Altered { file, .. } if is_file(file, "targets"));
    assert_eq!(host.versions(), [1, 4, 3, 2]);
}

#[test]
fn lengths_in_snapshots_and_timestamps_are_checked_without_digests() {
    for (role, by) in [("snapshot", "timestamp"), ("targets", "snapshot")] {
        for is_longer in [false, true] {
            let mut shop = Workshop::new();
            shop.gives_digests = false;
            let mut host = Host::new(&shop);
            shop.publish(&["targets", "snapshot", "timestamp"]);
            let length = shop.served[&shop.path(role)].len();
            // The metadata is what was signed; only its length is another.
            let listed = if is_longer { length - 1 } else { length + 1 };
            shop.payload(by)["meta"][format!("{role}.json")]["length"] = listed.into();
            if by == "snapshot" {
                shop.publish(&["snapshot"]);
            }
            shop.publish(&["timestamp"]);
            let path = shop.path(role);
            match host.refresh(&shop) {
                Err(UpdateError::TooLong { file, expected }) if is_longer => {
                    assert_eq!((file.as_str(), expected), (path.as_str(), listed as u64));
                }
                Err(UpdateError::Truncated { file, expected, .. }) if !is_longer => {
                    assert_eq!((file.as_str(), expected), (path.as_str(), listed as u64));
                }
                other => panic!("{role}: {other:?}"),
            }
        }
    }
}

#[test]
fn metadata_without_lengths_and_digests_is_accepted() {
    let mut shop = Workshop::new();
    shop.gives_digests = false;
    shop.publish(&["targets", "snapshot", "timestamp"]);
    let mut host = Host::new(&shop);
    host.refresh(&shop).unwrap();
    assert_eq!(host.versions(), [1, 2, 2, 2]);
}

#[test]
fn what_is_kept_is_what_was_received_byte_by_byte() {
    let mut shop = Workshop::new();
    let mut host = Host::new(&shop);
    let path = shop.path("timestamp");
    shop.served.get_mut(&path).unwrap().extend(b" \n ");
    host.refresh(&shop).unwrap();
    assert_eq!(host.kept(&StateFile::Timestamp), Some(shop.served[&path].as_slice()));
}

#[test]
fn unknown_members_do_no_harm() {
    let mut shop = Workshop::new();
    let mut host = Host::new(&shop);
    host.refresh(&shop).unwrap();
    let root = shop.payload("root");
    root["custom-field"] = "value".into();
    root["roles"]["root"]["another-field"] = "value".into();
    for key in root["keys"].as_object_mut().unwrap().values_mut() {
        key["extra-field"] = json!({ "a": 1, "b": 2 });
        key["keyid_hash_algorithms"] = "md5".into();
    }
    shop.payload("targets")["custom-field"] = json!([null, 1.5]);
    shop.payload("snapshot")["custom-field"] = json!({});
    shop.payload("timestamp")["custom-field"] = Value::Null;
    shop.publish(&ALL);
    host.refresh(&shop).unwrap();
    assert_eq!(host.versions(), [2, 2, 2, 2]);
}

#[test]
fn a_file_that_is_not_there_ends_the_refresh_after_those_before_it() {
    let mut shop = Workshop::new();
    let mut host = Host::new(&shop);
    host.refresh(&shop).unwrap();
    let first = shop.served.clone();
    shop.publish(&["snapshot", "timestamp"]);
    shop.served.remove("metadata/2.snapshot.json");
    assert_refused!(host.refresh(&shop), UpdateError::Missing { file } if file.as_str() == "metadata/2.snapshot.json");
    assert_eq!((shop.asked().last().map(String::as_str), host.versions()), (Some("2.snapshot"), [1, 2, 1, 1]));

    shop.publish(&["targets", "snapshot", "timestamp"]);
    shop.served.remove("metadata/2.targets.json");
    assert_refused!(host.refresh(&shop), UpdateError::Missing { file } if file.as_str() == "metadata/2.targets.json");
    assert_eq!((shop.asked().last().map(String::as_str), host.versions()), (Some("2.targets"), [1, 3, 3, 1]));

    shop.served = first;
    shop.served.remove("metadata/timestamp.json");
    assert_refused!(host.refresh(&shop), UpdateError::Missing { file } if file.as_str() == "metadata/timestamp.json");
    assert_eq!((shop.asked().last().map(String::as_str), host.versions()), (Some("timestamp"), [1, 3, 3, 1]));
}

#[test]
fn a_snapshot_that_could_be_a_timestamp_is_none() {
    let mut shop = Workshop::new();
    let mut host = Host::new(&shop);
    // Signed by the right key, with the right content; only the type is that of another role.
    shop.give_keys("snapshot", 1, &[1, 2], &[1, 2]);
    let entry = shop.payload("timestamp")["meta"]["snapshot.json"].clone();
    shop.payload("snapshot")["meta"] = json!({ "snapshot.json": entry });
    shop.publish(&["root", "snapshot"]);
    let snapshot = shop.served[&shop.path("snapshot")].clone();
    shop.served.insert("metadata/timestamp.json".to_owned(), snapshot);
    assert_refused!(
        host.refresh(&shop),
        UpdateError::WrongRole { role: Role::Timestamp, found, .. } if found == "snapshot"
    );
    assert_eq!(host.versions(), [2, 0, 0, 0]);
}

#[test]
fn targets_other_than_the_snapshot_says_are_refused() {
    let mut shop = Workshop::new();
    let mut host = Host::new(&shop);
    host.refresh(&shop).unwrap();
    // The version is known to the snapshot, the bytes are not.
    let snapshot = shop.payload("snapshot")["meta"]["targets.json"].clone();
    shop.publish(&["targets"]);
    shop.payload("snapshot")["meta"]["targets.json"] = snapshot;
    shop.payload("snapshot")["meta"]["targets.json"]["version"] = 2.into();
    shop.publish(&["snapshot", "timestamp"]);
    assert_refused!(
        host.refresh(&shop),
        UpdateError::Altered { file, .. } if file.as_str() == "metadata/2.targets.json"
    );
    assert_eq!(host.versions(), [1, 2, 2, 1]);
    // Targets that no snapshot names are ignored.
    let mut shop = Workshop::new();
    let mut host = Host::new(&shop);
    shop.publish(&["targets"]);
    host.refresh(&shop).unwrap();
    assert_eq!(host.versions(), [1, 1, 1, 1]);
}
