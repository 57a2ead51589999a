//! What a host remembers: it survives crashes, and is never taken for nothing.

use std::cell::Cell;

use jurat_trust::{
    Anchor, Blame, Client, Demands, Freshness, MemoryStore, MetaFile, Refresh, Role, StateError, StateFile, Store,
    StoreError, TopRole, UpdateError,
};
use proptest::prelude::*;

use crate::fixture::{signed_by, target, words};
use crate::publisher::{Host, Publisher, acme, now, version};

fn loaded(publisher: &Publisher) -> Host {
    let mut host = publisher.host();
    host.load(publisher).unwrap();
    host
}

/// All files of a host that has loaded a repository with a second root.
fn state() -> (Publisher, Host, Vec<(StateFile, Vec<u8>)>) {
    let mut publisher = Publisher::new();
    publisher.rotate(TopRole::Root, 2, &[1, 2, 13]);
    let host = loaded(&publisher);
    let files = host.0.store().files().map(|(file, bytes)| (file.clone(), bytes.to_vec())).collect();
    (publisher, host, files)
}

#[test]
fn a_host_goes_on_offline_after_a_restart() {
    let (mut publisher, host, _) = state();
    let mut again = host.restart(&publisher).unwrap();
    assert_eq!(again.0.versions(), host.0.versions());
    publisher.files.0.retain(|file, _| !file.starts_with("metadata/"));
    assert!(matches!(again.refresh(&publisher), Err(UpdateError::Missing { .. })));
    for freshness in [Freshness::Demanded(now()), Freshness::Waived] {
        let listing = again.0.find(&publisher.files, &target(), freshness).unwrap();
        assert!(listing.manifest(&publisher.files).unwrap().release(&publisher.files).is_ok());
    }
}

#[test]
fn state_that_is_cut_short_or_changed_is_an_error_and_never_absent() {
    let (publisher, host, files) = state();
    assert_eq!(files.len(), 7);
    for (file, bytes) in &files {
        for changed in [&bytes[..bytes.len() - 1], &bytes[..bytes.len() / 2], b"", b"{}", b"\0\0\0"] {
            let error = host.restart_with(&publisher, file, Some(changed)).unwrap_err();
            assert!(matches!(&error, UpdateError::State { file: found, .. } if found == file), "{file}: {error}");
            assert_eq!(error.blame(), Blame::Host);
        }
        let mut flipped = bytes.clone();
        // In the middle of the payload or of the time.
        let at = flipped.len() / 3;
        flipped[at] = if flipped[at] == b'x' { b'y' } else { b'x' };
        if let StateFile::Delegated(_) = file {
            // Signed by keys that are not those of the role: as if these had been replaced since.
            assert!(
                host.restart_with(&publisher, file, Some(&flipped))
                    .is_ok_and(|mut host| { host.load(&publisher).is_ok() })
            );
        } else {
            let error = host.restart_with(&publisher, file, Some(&flipped)).unwrap_err();
            assert!(matches!(&error, UpdateError::State { file: found, .. } if found == file), "{file}: {error}");
        }
    }
    let error = host.restart_with(&publisher, &StateFile::Timestamp, Some(b"{}")).unwrap_err();
    assert_eq!(
        words(&error),
        "`timestamp.json`, in the state of this host, cannot be used; restore it, or run `jurat forget metadata`: \
         `metadata/timestamp.json` is not signed metadata: `payloadType` is missing"
    );
    let error = host.restart_with(&publisher, &StateFile::Clock, Some(br#"{"last_seen":"soon"}"#)).unwrap_err();
    assert!(matches!(error, UpdateError::State { cause: StateError::Format(_), .. }));
}

#[test]
fn metadata_stored_as_other_metadata_is_an_error() {
    let (publisher, host, files) = state();
    let envelopes = || files.iter().filter(|(file, _)| !matches!(file, StateFile::Clock | StateFile::Delegated(_)));
    for (replaced, _) in envelopes() {
        for (_, other) in envelopes().filter(|(file, _)| file != replaced) {
            let error = host.restart_with(&publisher, replaced, Some(other)).unwrap_err();
            assert!(matches!(&error, UpdateError::State { file, .. } if file == replaced), "{replaced}: {error}");
        }
    }
}

#[test]
fn state_of_another_repository_is_an_error() {
    let (publisher, staging) = (Publisher::new(), Publisher::of("acme-staging"));
    let host = loaded(&publisher);
    let error = staging.host_with(host.0.store().clone()).unwrap_err();
    assert!(matches!(error, UpdateError::State { cause: StateError::OtherRoot, .. }));
    // Of another repository with other people, of which the first root was never kept.
    let host = loaded(&staging);
    let mut store = host.0.store().clone();
    store.remove(&StateFile::Root(version(1))).unwrap();
    let error = publisher.host_with(store).unwrap_err();
    assert!(
        words(&error).contains("was signed for the repository `acme-staging`, but `acme-prod` is expected"),
        "{error}"
    );
}

#[test]
fn a_missing_root_is_got_again() {
    let (publisher, host, _) = state();
    let mut again = host.restart_with(&publisher, &StateFile::Root(version(2)), None).unwrap();
    assert_eq!(again.versions()[0], 1);
    assert!(again.load(&publisher).is_ok());
    assert_eq!(again.versions(), host.versions());
}

#[test]
fn a_newer_anchor_takes_up_what_an_older_one_left() {
    let mut publisher = Publisher::new();
    publisher.refresh();
    let host = loaded(&publisher);
    let old = Publisher::new().files.0["metadata/timestamp.json"].clone();
    // Root 2 keeps the keys: what was known is still known.
    publisher.rotate(TopRole::Root, 2, &[1, 2, 13]);
    let open = |publisher: &Publisher, store: &MemoryStore| {
        let anchor = Anchor::parse(&publisher.files.0[&publisher.file(&Role::Root)], None).unwrap();
        Client::open(anchor, Demands::default(), store.clone()).map(Host)
    };
    let mut newer = open(&publisher, host.0.store()).unwrap();
    assert_eq!(newer.versions(), [2, 2, 1, 1]);
    let mut replayed = publisher.clone();
    replayed.files.0.insert("metadata/timestamp.json".to_owned(), old);
    assert!(matches!(newer.refresh(&replayed), Err(UpdateError::Rollback { role: Role::Timestamp, .. })));
    // Root 3 replaces them: what was signed by the old keys is forgotten, not an error.
    publisher.rotate(TopRole::Timestamp, 1, &[17]);
    publisher.rotate(TopRole::Targets, 2, &[14, 15]);
    let mut newest = open(&publisher, host.0.store()).unwrap();
    assert_eq!(newest.versions(), [4, 0, 0, 0]);
    publisher.publish(&[Role::Targets]);
    assert!(newest.load(&publisher).is_ok());
    // The old anchor leads there too, but only through the roots between them.
    let mut store = newest.0.store().clone();
    assert!(matches!(publisher.host_with(store.clone()), Err(UpdateError::State { file: StateFile::Timestamp, .. })));
    for number in [2, 3] {
        let root = &publisher.files.0[&Role::Root.file(version(number)).to_string()];
        store.write(&StateFile::Root(version(number)), root).unwrap();
    }
    assert_eq!(publisher.host_with(store).unwrap().versions(), newest.versions());
}

#[test]
fn a_root_from_before_the_anchor_counts_only_as_the_one_that_was_kept() {
    // The keys of person 66 were never good. A root that names them does not make what they signed merely outdated, be it of another
    // repository or of another version than its file says.
    let mut publisher = Publisher::new();
    publisher.rotate(TopRole::Root, 2, &[1, 2, 13]);
    let anchor = || Anchor::parse(&publisher.files.0["metadata/2.root.json"], None).unwrap();
    let mut store = MemoryStore::default();
    let (_, timestamp) = publisher.payload(&Role::Timestamp);
    store.write(&StateFile::Timestamp, &signed_by(&[66], &timestamp)).unwrap();
    let mut staging = Publisher::of("acme-staging");
    staging.root = staging.root.clone().with_keys(TopRole::Timestamp, crate::publisher::keys(1, &[66]));
    staging.sign(&Role::Root);
    let mut later = publisher.clone();
    later.rotate(TopRole::Timestamp, 1, &[66]);
    for root in [&staging.files.0["metadata/1.root.json"], &later.files.0["metadata/3.root.json"]] {
        store.write(&StateFile::Root(version(1)), root).unwrap();
        let error = Client::open(anchor(), Demands::default(), store.clone()).unwrap_err();
        assert!(matches!(error, UpdateError::State { file: StateFile::Timestamp, .. }), "{error}");
    }
    let mut before = Publisher::new();
    before.root = before.root.clone().with_keys(TopRole::Timestamp, crate::publisher::keys(1, &[66]));
    before.sign(&Role::Root);
    store.write(&StateFile::Root(version(1)), &before.files.0["metadata/1.root.json"]).unwrap();
    assert!(Client::open(anchor(), Demands::default(), store).is_ok());
}

#[test]
fn an_older_anchor_finds_the_roots_that_were_kept() {
    let (publisher, host, _) = state();
    // Anchored in root 1, with root 2 kept.
    assert_eq!(host.restart(&publisher).unwrap().versions()[0], 2);
}

#[test]
fn a_snapshot_that_never_came_does_not_stop_a_host_for_ever() {
    let mut publisher = Publisher::new();
    let mut host = loaded(&publisher);
    publisher.release("2.0.0");
    publisher.publish(&[acme()]);
    let mut cut = publisher.clone();
    cut.files.0.remove("metadata/2.snapshot.json");
    assert!(matches!(host.refresh(&cut), Err(UpdateError::Missing { .. })));
    assert_eq!(host.versions(), [1, 2, 1, 1]);
    for mut host in [host.restart(&publisher).unwrap(), host] {
        // What is in use may go on being used, but is not new.
        assert!(matches!(host.find(&cut), Err(UpdateError::Unrefreshed { role: Role::Snapshot })));
        assert!(host.0.find(&cut.files, &target(), Freshness::Waived).is_ok());
        // The timestamp is known already, but the cycle goes on.
        assert_eq!(host.refresh(&publisher).unwrap(), Refresh::Changed);
        assert_eq!(*host.find(&publisher).unwrap().manifest_sha256(), crate::publisher::manifest_of("2.0.0"));
    }
}

#[test]
fn targets_of_another_moment_than_the_snapshot_are_not_used() {
    let mut publisher = Publisher::new();
    let mut host = loaded(&publisher);
    publisher.publish(&[Role::Targets]);
    let mut cut = publisher.clone();
    cut.files.0.remove("metadata/2.targets.json");
    assert!(matches!(host.refresh(&cut), Err(UpdateError::Missing { .. })));
    for mut host in [host.restart(&publisher).unwrap(), host] {
        for freshness in [Freshness::Waived, Freshness::Demanded(now())] {
            let error = host.0.find(&publisher.files, &target(), freshness).unwrap_err();
            assert!(matches!(error, UpdateError::Unrefreshed { role: Role::Targets }));
        }
        assert!(host.load(&publisher).is_ok());
    }
}

/// A store that fails at one of its writes or removals: before it, or after it as if the answer were lost.
#[derive(Debug)]
struct Crashing {
    store: MemoryStore,
    left: Cell<usize>,
    is_done_first: bool,
}

impl Crashing {
    fn change(&mut self, change: impl FnOnce(&mut MemoryStore)) -> Result<(), StoreError> {
        let crash = || Err(StoreError("the power is gone".into()));
        match self.left.get() {
            // Gone is gone: nothing is written after the crash.
            0 => return crash(),
            1 if !self.is_done_first => {
                self.left.set(0);
                return crash();
            }
            left => self.left.set(left - 1),
        }
        change(&mut self.store);
        if self.left.get() == 0 { crash() } else { Ok(()) }
    }
}

impl Store for Crashing {
    fn read(&self, file: &StateFile) -> Result<Option<Vec<u8>>, StoreError> {
        self.store.read(file)
    }

    fn write(&mut self, file: &StateFile, bytes: &[u8]) -> Result<(), StoreError> {
        self.change(|store| store.write(file, bytes).unwrap())
    }

    fn remove(&mut self, file: &StateFile) -> Result<(), StoreError> {
        self.change(|store| store.remove(file).unwrap())
    }
}

/// One thing after the other that a publisher does: the repository before all, and after each.
fn moments() -> Vec<Publisher> {
    let mut publisher = Publisher::new();
    let mut moments = vec![publisher.clone()];
    let mut then = |step: &dyn Fn(&mut Publisher)| {
        step(&mut publisher);
        moments.push(publisher.clone());
    };
    then(&|publisher| {
        publisher.release("2.0.0");
        publisher.publish(&[acme()]);
    });
    then(&|publisher| {
        publisher.rotate(TopRole::Timestamp, 1, &[17]);
        publisher.refresh();
    });
    then(&|publisher| {
        publisher.rotate(TopRole::Snapshot, 1, &[16]);
        publisher.rotate(TopRole::Root, 2, &[11, 12]);
        publisher.republish();
    });
    then(&|publisher| {
        publisher.rotate(TopRole::Targets, 2, &[14, 15]);
        publisher.publish(&[Role::Targets]);
    });
    then(&|publisher| publisher.publish(&[Role::Targets, acme()]));
    moments
}

/// Loads with a store that crashes, if it gets that far; then as after a new start. Whether it crashed.
fn crash(store: &MemoryStore, left: usize, is_done_first: bool, publisher: &Publisher) -> (bool, MemoryStore) {
    let mut crashing = Crashing { store: store.clone(), left: Cell::new(left), is_done_first };
    let before = publisher.host_with(store.clone()).unwrap();
    let mut host = publisher.host_with(&mut crashing).unwrap();
    let result = host.load(publisher);
    let has_crashed = result.is_err();
    assert!(result.is_ok() || matches!(result, Err(UpdateError::Store { .. })), "{result:?}");
    let mut again = publisher.host_with(crashing.store).unwrap();
    let (old, new) = (before.versions(), again.versions());
    assert!(new[0] >= old[0] && (new[3] >= old[3] || new[3] == 0));
    let release = again.load(publisher).unwrap();
    let expected = publisher.host().load(publisher).unwrap();
    assert_eq!(release.manifest_sha256(), expected.manifest_sha256());
    (has_crashed, again.0.store().clone())
}

#[test]
fn a_crash_at_any_write_leaves_state_that_opens_and_completes() {
    let moments = moments();
    let mut store = MemoryStore::default();
    for publisher in &moments {
        for is_done_first in [false, true] {
            let crashes = (1..).take_while(|&left| crash(&store, left, is_done_first, publisher).0).count();
            assert!((3..20).contains(&crashes), "{crashes}");
        }
        store = crash(&store, usize::MAX, false, publisher).1;
    }
}

#[test]
fn a_crash_does_not_keep_what_a_thief_drove_up() {
    for rotated in [[TopRole::Timestamp, TopRole::Targets], [TopRole::Snapshot, TopRole::Targets]] {
        let mut publisher = Publisher::new();
        let mut thief = publisher.clone();
        let far = MetaFile { version: version(1 << 40), length: None, sha256: None };
        thief.snapshot = thief.snapshot.clone().with_file(Role::Targets, far);
        (0..9).for_each(|_| thief.republish());
        let mut host = publisher.host();
        assert!(matches!(host.refresh(&thief), Err(UpdateError::Missing { .. })));
        assert_eq!(host.versions(), [1, 10, 10, 0]);
        publisher.rotate(rotated[0], 1, &[17]);
        publisher.rotate(rotated[1], 2, &[4, 5]);
        publisher.republish();
        for is_done_first in [false, true] {
            for left in 1.. {
                let (has_crashed, store) = crash(host.0.store(), left, is_done_first, &publisher);
                assert_eq!(publisher.host_with(store).unwrap().versions(), [3, 2, 2, 1]);
                if !has_crashed {
                    break;
                }
            }
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    /// One crash after the other, while the publisher goes on.
    #[test]
    fn crashes_in_a_row_are_survived(crashes in prop::collection::vec((0..6_usize, 1..12_usize, any::<bool>()), 1..8)) {
        static MOMENTS: std::sync::LazyLock<Vec<Publisher>> = std::sync::LazyLock::new(moments);
        let (mut store, mut moment) = (MemoryStore::default(), 0);
        for (step, left, is_done_first) in crashes {
            moment = (moment + step / 2).min(MOMENTS.len() - 1);
            let mut crashing = Crashing { store: store.clone(), left: Cell::new(left), is_done_first };
            let mut host = MOMENTS[moment].host_with(&mut crashing).unwrap();
            drop(host.load(&MOMENTS[moment]));
            drop(host);
            store = crashing.store;
        }
        let mut host = MOMENTS[moment].host_with(store).unwrap();
        let release = host.load(&MOMENTS[moment]);
        prop_assert!(release.is_ok(), "{:?}", release);
    }
}

#[test]
fn a_store_that_cannot_be_read_is_not_an_empty_one() {
    #[derive(Debug)]
    struct Broken;
    impl Store for Broken {
        fn read(&self, _: &StateFile) -> Result<Option<Vec<u8>>, StoreError> {
            Err(StoreError("permission denied".into()))
        }
        fn write(&mut self, _: &StateFile, _: &[u8]) -> Result<(), StoreError> {
            Ok(())
        }
        fn remove(&mut self, _: &StateFile) -> Result<(), StoreError> {
            Ok(())
        }
    }
    let error = Publisher::new().host_with(Broken).unwrap_err();
    assert_eq!(words(&error), "`1.root.json` cannot be stored or read back: permission denied");
    assert_eq!(error.blame(), Blame::Host);
}

#[test]
fn a_root_of_the_anchors_version_that_says_something_else_is_an_error() {
    let publisher = Publisher::new();
    let host = loaded(&publisher);
    let mut other = publisher.clone();
    other.root = other.root.clone().with_keys(TopRole::Timestamp, crate::publisher::keys(1, &[66]));
    other.sign(&Role::Root);
    let error = other.host_with(host.0.store().clone()).unwrap_err();
    assert!(matches!(error, UpdateError::State { cause: StateError::OtherRoot, .. }));
    // With one signature more it is still the same root.
    let mut same = publisher.clone();
    same.sign_by(&Role::Root, &[1, 2, 3]);
    assert!(same.host_with(host.0.store().clone()).is_ok());
    let (_, payload) = publisher.payload(&Role::Timestamp);
    let forged = signed_by(&[66], &payload);
    let error = host.restart_with(&publisher, &StateFile::Timestamp, Some(&forged)).unwrap_err();
    let is_forged = |cause: &UpdateError| matches!(cause, UpdateError::Signatures { role: Role::Timestamp, .. });
    assert!(matches!(
        &error,
        UpdateError::State { file: StateFile::Timestamp, cause: StateError::Metadata(cause) } if is_forged(cause)
    ));
}
