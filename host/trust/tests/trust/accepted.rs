//! What is as it should be: accepted, found, and kept as it came.

use jurat_trust::{
    Digest, FileKind, MetadataVersion, Refresh, ReleaseOrigin, Role, RootMetadata, SnapshotMetadata, TargetsMetadata,
    TimestampMetadata, UpdateError, danger,
};

use crate::fixture::{id, target};
use crate::publisher::{Publisher, acme, at, built, expiry, manifest_of};

#[test]
fn the_release_itself_is_accepted() {
    let publisher = Publisher::new();
    let verified = publisher.host().load(&publisher).unwrap();
    let release = built("1.0.0");
    assert_eq!(verified.manifest(), release.manifest());
    assert_eq!(*verified.manifest_sha256(), manifest_of("1.0.0"));
    let provenance = verified.provenance().unwrap();
    assert_eq!(provenance.repository.as_str(), "acme-prod");
    assert_eq!((&provenance.target, &provenance.role), (&target(), &acme()));
    assert_eq!(provenance.role_version.get(), 1);
    assert_eq!(provenance.versions.timestamp, Some(MetadataVersion::FIRST));
    assert_eq!((&provenance.expiring, provenance.expires), (&Role::Timestamp, expiry(&Role::Timestamp)));
    let mut signers = vec![id(8), id(9)];
    signers.sort();
    assert_eq!(provenance.signers, signers);

    let components: Vec<_> = verified.components().collect();
    assert_eq!(components.len(), 2);
    assert_eq!(components[0].path.as_str(), "components/loan.wasm");
    assert_eq!(components[0].rules[1].id, "rule_003_v1");
    assert_eq!(verified.files(FileKind::Schema).count(), 1);
    for (entry, bytes) in FileKind::ALL.iter().flat_map(|kind| verified.files(*kind)) {
        assert_eq!(Digest::of(bytes.as_slice()), entry.sha256);
    }
}

#[test]
fn a_file_that_is_listed_as_something_else_is_not_a_release() {
    let payload = String::from_utf8(Publisher::new().payload(&acme()).1).unwrap();
    let releases = |payload: &str| TargetsMetadata::parse(payload.as_bytes()).unwrap().releases().count();
    assert_eq!(releases(&payload), 1);
    let release = r#""kind":"release""#;
    assert!(payload.contains(release));
    for other in [r#""kind":"report""#, r#""kind":7"#, r#""note":"release""#] {
        assert_eq!(releases(&payload.replace(release, other)), 0, "{other}");
    }
}

#[test]
fn renewed_metadata_keeps_what_others_have_added_and_has_another_expiry() {
    let publisher = Publisher::new();
    let payload = |role: &Role| {
        let payload = String::from_utf8(publisher.payload(role).1).unwrap();
        payload.replacen('{', r#"{"x-others":{"note":[7]},"#, 1).into_bytes()
    };
    let later = at("2028-01-01T00:00:00Z");
    let check = |role: &Role, expires, bytes: Vec<u8>| {
        let text = String::from_utf8(bytes).unwrap();
        assert_eq!(expires, later, "{role}");
        assert!(text.contains(r#""x-others":{"note":[7]}"#), "{role}: {text}");
        assert!(text.contains(&format!(r#""expires":"{later}""#)), "{role}: {text}");
    };
    let root = RootMetadata::parse(&payload(&Role::Root)).unwrap();
    for renewed in [root.successor(later).unwrap(), root.expiring(later)] {
        check(&Role::Root, renewed.expires(), renewed.to_bytes());
    }
    for role in [Role::Targets, acme()] {
        let targets = TargetsMetadata::parse(&payload(&role)).unwrap();
        for renewed in [targets.successor(later).unwrap(), targets.expiring(later)] {
            check(&role, renewed.expires(), renewed.to_bytes());
        }
    }
    let snapshot = SnapshotMetadata::parse(&payload(&Role::Snapshot)).unwrap().successor(later).unwrap();
    check(&Role::Snapshot, snapshot.expires(), snapshot.to_bytes());
    let timestamp = TimestampMetadata::parse(&payload(&Role::Timestamp)).unwrap().successor(later).unwrap();
    check(&Role::Timestamp, timestamp.expires(), timestamp.to_bytes());
}

#[test]
fn an_unsigned_release_says_so() {
    let unsigned = danger::assume_verified(&built("1.0.0"));
    assert_eq!(*unsigned.origin(), ReleaseOrigin::Unsigned);
    assert!(unsigned.provenance().is_none());
    assert_eq!(*unsigned.manifest_sha256(), manifest_of("1.0.0"));
}

#[test]
fn nothing_new_is_unchanged_and_anything_new_is_changed() {
    let mut publisher = Publisher::new();
    let mut host = publisher.host();
    assert_eq!(host.refresh(&publisher).unwrap(), Refresh::Changed);
    assert_eq!(host.refresh(&publisher).unwrap(), Refresh::Unchanged);
    publisher.refresh();
    assert_eq!(host.refresh(&publisher).unwrap(), Refresh::Changed);
    assert_eq!(host.versions(), [1, 2, 1, 1]);
    publisher.release("1.1.0");
    publisher.publish(&[acme()]);
    let release = host.load(&publisher).unwrap();
    assert_eq!((host.versions(), release.manifest().version().as_str()), ([1, 3, 2, 1], "1.1.0"));
    assert_eq!(host.0.expires(), Some((Role::Timestamp, expiry(&Role::Timestamp))));
}

#[test]
fn what_is_kept_is_what_was_received() {
    let publisher = Publisher::new();
    let mut host = publisher.host();
    host.load(&publisher).unwrap();
    let kept: Vec<_> = host.0.store().files().map(|(file, bytes)| (file.name(), bytes.to_vec())).collect();
    let received = |file: &str| publisher.files.0[&format!("metadata/{file}")].clone();
    let expected = [
        ("1.root.json", received("1.root.json")),
        ("timestamp.json", received("timestamp.json")),
        ("snapshot.json", received("1.snapshot.json")),
        ("targets.json", received("1.targets.json")),
        ("role.t-acme.json", received("1.t-acme.json")),
        ("clock.json", br#"{"last_seen":"2026-11-15T12:00:00Z"}"#.to_vec()),
    ];
    assert_eq!(kept, expected.map(|(name, bytes)| (name.to_owned(), bytes)));
}

#[test]
fn nothing_is_found_before_the_first_refresh() {
    let publisher = Publisher::new();
    let mut host = publisher.host();
    let error = host.find(&publisher).unwrap_err();
    assert_eq!(
        error.to_string(),
        "this host has no timestamp metadata that belongs to the rest; a refresh must succeed first"
    );
    assert_eq!(host.0.expires(), None);
    let past = host.0.find_past(b"", &target(), &Digest::of(b""));
    let is_unrefreshed = |cause: &UpdateError| matches!(cause, UpdateError::Unrefreshed { role: Role::Targets });
    assert!(matches!(past, Err(UpdateError::Past { cause, .. }) if is_unrefreshed(&cause)));
}
