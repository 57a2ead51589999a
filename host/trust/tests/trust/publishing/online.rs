//! Snapshot and timestamp, which are made and signed when something is published.

use jurat_model::Bytes;
use jurat_trust::publish::{Plan, PlanError};
use jurat_trust::{Envelope, MetaFile, MetadataVersion, RepositoryId, Role, SnapshotMetadata};

use super::desk::{Desk, SNAPSHOT, TIMESTAMP, tenant};
use crate::fixture::{id, signed_by};

fn open(bytes: &[u8]) -> Envelope {
    Envelope::parse(bytes, Bytes::mebi(4)).unwrap()
}

fn snapshot_of(plan: &Plan) -> Option<&[u8]> {
    plan.uploads.iter().find(|upload| upload.path.as_str().ends_with(".snapshot.json")).map(|upload| &*upload.bytes)
}

#[test]
fn a_snapshot_is_renewed_when_less_than_half_of_its_life_is_left() {
    let mut desk = Desk::with_release();
    // It was made on the 15th at noon, for 7 days.
    let mut is_renewed = |now: &str| {
        desk.later(now);
        snapshot_of(&desk.refresh().unwrap()).is_some()
    };
    assert!(!is_renewed("2026-11-15T12:00:00Z"));
    assert!(!is_renewed("2026-11-19T00:00:00Z"));
    assert!(is_renewed("2026-11-19T00:00:01Z"));
    assert!(is_renewed("2026-11-22T12:00:00Z"));
}

#[test]
fn a_snapshot_whose_key_is_not_at_hand_is_used_until_it_expires() {
    let mut desk = Desk::with_release();
    desk.online = vec![TIMESTAMP];
    desk.later("2026-11-22T11:59:59Z");
    assert!(snapshot_of(&desk.refresh().unwrap()).is_none());
    desk.later("2026-11-22T12:00:00Z");
    assert!(matches!(desk.refresh(), Err(PlanError::NoSigner { role: Role::Snapshot, .. })));
}

#[test]
fn each_key_at_hand_signs_what_it_counts_for_and_once() {
    let mut desk = Desk::with_release();
    desk.release("1.1.0");
    desk.online = vec![SNAPSHOT, 99, TIMESTAMP, SNAPSHOT, TIMESTAMP];
    let plan = desk.plan().unwrap();
    let signers = |bytes: &[u8]| open(bytes).unverified_key_ids().map(ToOwned::to_owned).collect::<Vec<_>>();
    assert_eq!(signers(snapshot_of(&plan).unwrap()), [id(SNAPSHOT).to_string()]);
    assert_eq!(signers(&plan.uploads.last().unwrap().bytes), [id(TIMESTAMP).to_string()]);
}

#[test]
fn a_snapshot_that_an_interrupted_publication_left_is_used_if_it_says_the_same() {
    let mut desk = Desk::with_release();
    desk.release("1.1.0");
    let second = MetadataVersion::new(2).unwrap();
    let bytes = snapshot_of(&desk.plan().unwrap()).unwrap().to_vec();
    let snapshot = SnapshotMetadata::parse(open(&bytes).unverified_payload()).unwrap();
    let is_used = |left: &SnapshotMetadata, people: &[u8]| {
        let mut desk = desk.clone();
        let left = signed_by(people, &left.to_bytes());
        desk.site.0.insert("metadata/2.snapshot.json".to_owned(), left.clone());
        // Later, so that what is signed now is not the same as before.
        desk.later("2026-11-15T12:30:00Z");
        let plan = desk.plan().unwrap();
        desk.carry_out(&plan);
        assert_eq!(desk.host().poll(&desk.site, desk.clock.now).unwrap(), "1.1.0");
        snapshot_of(&plan) == Some(&left)
    };
    let says = |repository: &str, version, also: Option<Role>| {
        let repository: RepositoryId = repository.parse().unwrap();
        let files = snapshot.files().map(|(role, file)| (role.clone(), *file));
        let also = also.map(|role| (role, *snapshot.file(&tenant("acme")).unwrap()));
        let none = SnapshotMetadata::new(repository, version, snapshot.expires());
        files.chain(also).fold(none, |snapshot, (role, file)| snapshot.with_file(role, file))
    };
    let same = says("acme-prod", second, None);
    assert_eq!(same, snapshot);
    assert!(is_used(&same, &[SNAPSHOT]));
    assert!(!is_used(&same, &[99]));
    assert!(!is_used(&says("acme-test", second, None), &[SNAPSHOT]));
    assert!(!is_used(&says("acme-prod", MetadataVersion::new(3).unwrap(), None), &[SNAPSHOT]));
    assert!(!is_used(&says("acme-prod", second, Some(tenant("beta"))), &[SNAPSHOT]));
    // One that lists the tenant in its version before.
    let old = MetaFile { version: MetadataVersion::FIRST, ..*snapshot.file(&tenant("acme")).unwrap() };
    assert!(!is_used(&same.with_file(tenant("acme"), old), &[SNAPSHOT]));
}
