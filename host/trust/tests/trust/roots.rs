//! The chain of roots: where trust comes from, and how keys are replaced.

use jurat_trust::{
    Anchor, AnchorError, Blame, Client, Demands, Digest, Floors, MemoryStore, MetadataVersion, Role, SnapshotMetadata,
    StateFile, TimestampMetadata, TopRole, UpdateError,
};

use crate::fixture::{signed_by, words};
use crate::publisher::{Publisher, acme, at, expiry, name_of, now, version};

/// What a host that has seen nothing says of it.
fn refusal(publisher: &Publisher) -> UpdateError {
    publisher.host().load(publisher).unwrap_err()
}

#[test]
fn an_anchor_is_the_file_that_was_meant_and_signed_by_itself() {
    let publisher = Publisher::new();
    let bytes = &publisher.files.0["metadata/1.root.json"];
    let anchor = Anchor::parse(bytes, Some(&Digest::of(bytes))).unwrap();
    assert_eq!((anchor.version().get(), anchor.repository().as_str()), (1, "acme-prod"));
    let error = Anchor::parse(bytes, Some(&Digest::of(b"another"))).unwrap_err();
    assert!(error.to_string().starts_with("its SHA-256 is `"));
    let (_, payload) = publisher.payload(&Role::Root);
    let unsigned = Anchor::parse(&signed_by(&[1], &payload), None).unwrap_err();
    assert_eq!(unsigned.to_string(), "it is not signed by its own keys");
    let other = Anchor::parse(&publisher.files.0["metadata/timestamp.json"], None).unwrap_err();
    assert!(words(&other).ends_with("it is of the type `timestamp`, but `root` is expected"));
    assert!(matches!(Anchor::parse(b"", None), Err(AnchorError::Envelope(_))));
    // Whether it has expired does not matter: those after it count.
    let mut later = publisher.clone();
    later.root = later.root.successor(at("2099-01-01T00:00:00Z")).unwrap();
    later.sign(&Role::Root);
    let mut host = later.host();
    let after = at("2027-07-01T00:00:00Z");
    assert!(matches!(host.0.refresh(&later.files, after), Err(UpdateError::Expired { role: Role::Timestamp, .. })));
    assert_eq!(name_of(&acme()).tenant(), Some("acme"));
    assert_eq!(StateFile::Root(version(2)).name(), "2.root.json");
}

#[test]
fn a_skipped_root_is_refused() {
    let mut publisher = Publisher::new();
    publisher.rotate(TopRole::Timestamp, 1, &[17]);
    let second = publisher.file(&Role::Root);
    publisher.rotate(TopRole::Timestamp, 1, &[18]);
    publisher.sign(&Role::Timestamp);
    assert!(publisher.host().load(&publisher).is_ok());
    let third = publisher.files.0["metadata/3.root.json"].clone();
    publisher.files.0.insert(second, third);
    assert_eq!(
        refusal(&publisher).to_string(),
        "`metadata/2.root.json` is version 3 of root, but version 2 comes next, and none can be left out"
    );
}

#[test]
fn a_root_needs_the_old_keys_and_its_own() {
    let with = |signers: &[u8]| {
        let mut publisher = Publisher::new();
        publisher.rotate(TopRole::Root, 2, &[11, 12, 13]);
        publisher.sign_by(&Role::Root, signers);
        publisher.host().load(&publisher).map(drop)
    };
    assert!(with(&[1, 2, 11, 12]).is_ok());
    for few in [&[1, 2][..], &[11, 12], &[1, 11, 12], &[1, 2, 11], &[3, 13], &[]] {
        assert!(matches!(with(few), Err(UpdateError::Signatures { role: Role::Root, .. })), "{few:?}");
    }
    let by_version = |signers: &[u8]| match with(signers) {
        Err(UpdateError::Signatures { by_version, .. }) => by_version.get(),
        other => panic!("{other:?}"),
    };
    assert_eq!((by_version(&[11, 12]), by_version(&[1, 2])), (1, 2));
}

#[test]
fn a_withheld_root_does_not_bring_back_what_it_revoked() {
    // The keys of timestamp and snapshot were stolen, and root has replaced them. The thief hides the new root.
    let mut publisher = Publisher::new();
    let thief = publisher.clone();
    publisher.rotate(TopRole::Timestamp, 1, &[17]);
    publisher.rotate(TopRole::Snapshot, 1, &[16]);
    publisher.republish();
    let mut host = publisher.host();
    host.load(&publisher).unwrap();
    assert_eq!(host.versions(), [3, 2, 2, 1]);
    // A host that knows it does not forget it, not by a restart either.
    let mut thief = thief;
    (0..5).for_each(|_| thief.republish());
    for mut host in [host.restart(&publisher).unwrap(), host] {
        let error = host.refresh(&thief).unwrap_err();
        assert!(matches!(error, UpdateError::Signatures { role: Role::Timestamp, .. }), "{error}");
        assert_eq!(host.versions(), [3, 2, 2, 1]);
    }
    // A host that never saw it is protected by what it was deployed with.
    let floors = Floors { root: version(3), ..Floors::default() };
    let mut fresh =
        Client::open(publisher.anchor(), Demands { floors, ..Demands::default() }, MemoryStore::default()).unwrap();
    let error = fresh.refresh(&thief.files, now()).unwrap_err();
    assert_eq!(
        error.to_string(),
        "`metadata/1.root.json` has version 1 of root, but the settings demand at least version 3"
    );
    assert!(fresh.refresh(&publisher.files, now()).is_ok());
}

#[test]
fn a_source_that_fails_does_not_hide_a_root() {
    use jurat_model::Bytes;
    use jurat_trust::{Fetch, FetchError, SafePath};
    struct Failing(Publisher, &'static str);
    impl Fetch for Failing {
        fn get(&self, file: &SafePath, cap: Bytes) -> Result<Vec<u8>, FetchError> {
            if file.as_str() == self.1 {
                return Err(FetchError::Failed("the line is dead".into()));
            }
            self.0.files.get(file, cap)
        }
    }
    let publisher = Publisher::new();
    for file in
        ["metadata/2.root.json", "metadata/timestamp.json", "metadata/1.snapshot.json", "metadata/1.targets.json"]
    {
        let mut host = publisher.host();
        let error = host.0.refresh(&Failing(publisher.clone(), file), now()).unwrap_err();
        assert_eq!(words(&error), format!("`{file}` could not be read: the line is dead"));
        assert_eq!(error.blame(), Blame::Transport);
        // What was accepted stays, and the rest follows.
        assert!(host.restart(&publisher).unwrap().load(&publisher).is_ok());
        assert!(host.load(&publisher).is_ok());
    }
}

#[test]
fn versions_that_a_thief_drove_up_are_forgotten_with_the_keys() {
    for rotated in [&[TopRole::Timestamp, TopRole::Snapshot][..], &[TopRole::Timestamp], &[TopRole::Snapshot]] {
        let mut publisher = Publisher::new();
        let mut thief = publisher.clone();
        let far = version(1 << 40);
        thief.timestamp = TimestampMetadata::new(
            "acme-prod".parse().unwrap(),
            far,
            expiry(&Role::Timestamp),
            *thief.timestamp.snapshot(),
        );
        thief.snapshot = snapshot_at(&thief, far);
        thief.republish();
        let mut host = publisher.host();
        host.refresh(&thief).unwrap();
        assert_eq!(host.versions()[1], (1 << 40) + 1);
        publisher.republish();
        assert!(matches!(host.refresh(&publisher), Err(UpdateError::Rollback { role: Role::Timestamp, .. })));
        for role in rotated {
            publisher.rotate(*role, 1, &[if *role == TopRole::Timestamp { 17 } else { 16 }]);
        }
        publisher.republish();
        let mut again = host.restart(&publisher).unwrap();
        for host in [&mut host, &mut again] {
            assert_eq!(host.load(&publisher).unwrap().manifest().version().as_str(), "1.0.0");
            assert_eq!(host.versions()[1..3], [3, 3]);
            // From here on they are known again.
            let mut old = publisher.clone();
            old.timestamp = publisher.timestamp.clone();
            old.refresh();
            host.refresh(&old).unwrap();
            assert!(matches!(host.refresh(&publisher), Err(UpdateError::Rollback { role: Role::Timestamp, .. })));
        }
    }
}

/// The same snapshot with another version.
fn snapshot_at(publisher: &Publisher, version: MetadataVersion) -> SnapshotMetadata {
    let repository = publisher.snapshot.repository().clone();
    let new = SnapshotMetadata::new(repository, version, expiry(&Role::Snapshot));
    publisher.snapshot.files().fold(new, |new, (role, file)| new.with_file(role.clone(), *file))
}

#[test]
fn more_keys_are_not_other_keys() {
    let mut publisher = Publisher::new();
    publisher.refresh();
    let mut host = publisher.host();
    host.refresh(&publisher).unwrap();
    let old = Publisher::new().files.0["metadata/timestamp.json"].clone();
    publisher.rotate(TopRole::Timestamp, 1, &[7, 17]);
    publisher.files.0.insert("metadata/timestamp.json".to_owned(), old);
    assert!(matches!(host.refresh(&publisher), Err(UpdateError::Rollback { role: Role::Timestamp, .. })));
}
