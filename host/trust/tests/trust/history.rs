//! Over any sequence of answers, what a host has accepted never goes down.

use std::sync::LazyLock;

use jurat_trust::{Freshness, MemoryStore, Role, TopRole};
use proptest::prelude::*;
use proptest::sample::Index;

use crate::fixture::{Repository, target};
use crate::publisher::{Publisher, acme, delegation, keys, manifest_of, now};

/// A moment of the repository, and whether the release that was revoked must not be accepted by hosts that have seen it.
static HISTORY: LazyLock<Vec<Publisher>> = LazyLock::new(|| {
    let mut publisher = Publisher::new();
    let mut history = vec![publisher.clone()];
    let mut then = |step: &dyn Fn(&mut Publisher)| {
        step(&mut publisher);
        history.push(publisher.clone());
        // The same with a newer timestamp: of these two, only the timestamp can go back.
        publisher.refresh();
        history.push(publisher.clone());
    };
    then(&|publisher| {
        publisher.release("2.0.0");
        publisher.publish(&[acme()]);
    });
    then(&|publisher| publisher.publish(&[Role::Targets]));
    then(&|publisher| {
        publisher.rotate(TopRole::Timestamp, 1, &[17]);
        publisher.refresh();
    });
    then(&|publisher| {
        publisher.edit(&acme(), |metadata| metadata.with_revoked(manifest_of("2.0.0")));
        publisher.release("2.0.1");
        publisher.publish(&[acme()]);
    });
    then(&|publisher| {
        publisher.rotate(TopRole::Root, 2, &[11, 12, 13]);
        publisher.rotate(TopRole::Snapshot, 1, &[16]);
        publisher.people.insert(Role::Root, vec![11, 12]);
        publisher.republish();
    });
    then(&|publisher| {
        publisher.rotate(TopRole::Targets, 2, &[14, 15]);
        publisher.publish(&[Role::Targets]);
    });
    then(&|publisher| {
        publisher.people.insert(acme(), vec![18]);
        publisher.edit(&Role::Targets, |targets| {
            targets.with_delegation(delegation(&acme(), keys(1, &[18]), "t/acme/*/*.json"))
        });
        publisher.publish(&[Role::Targets, acme()]);
    });
    then(&Publisher::republish);
    history
});

/// What a source does for one cycle.
#[derive(Clone, Debug)]
struct Answer {
    /// The moment that it shows.
    moment: Index,
    /// Files that it takes from another moment, or from another file.
    swaps: Vec<(Index, Index, Index)>,
    /// Bytes that it changes.
    flips: Vec<(Index, Index)>,
    /// Files that it hides.
    hidden: Vec<Index>,
    /// Whether the host starts anew before.
    is_restarted: bool,
}

fn answer() -> impl Strategy<Value = Answer> {
    let index = any::<Index>;
    // Most answers are whole, or a sequence would hardly ever have two that a host accepts.
    let swaps = prop_oneof![3 => Just(Vec::new()), 1 => prop::collection::vec((index(), index(), index()), 1..3)];
    let flips = prop_oneof![5 => Just(Vec::new()), 1 => prop::collection::vec((index(), index()), 1)];
    let hidden = prop_oneof![5 => Just(Vec::new()), 1 => prop::collection::vec(index(), 1)];
    (index(), swaps, flips, hidden, any::<bool>()).prop_map(|(moment, swaps, flips, hidden, is_restarted)| Answer {
        moment,
        swaps,
        flips,
        hidden,
        is_restarted,
    })
}

fn metadata(files: &Repository) -> Vec<&String> {
    files.0.keys().filter(|file| file.starts_with("metadata/")).collect()
}

fn shown(answer: &Answer) -> Publisher {
    let moment = &HISTORY[answer.moment.index(HISTORY.len())];
    let mut publisher = moment.clone();
    let names = metadata(&moment.files);
    let name = |index: &Index| names[index.index(names.len())].clone();
    for (file, other, from) in &answer.swaps {
        let from = &HISTORY[from.index(HISTORY.len())];
        // Most often the same file of another moment, which only the timestamp is.
        let other = if other.index(3) > 0 { "metadata/timestamp.json".to_owned() } else { name(other) };
        let file = if other.ends_with("timestamp.json") { other.clone() } else { name(file) };
        if let Some(bytes) = from.files.0.get(&other) {
            publisher.files.0.insert(file, bytes.clone());
        }
    }
    for (file, at) in &answer.flips {
        let bytes = publisher.files.0.get_mut(&name(file)).unwrap();
        let at = at.index(bytes.len());
        bytes[at] ^= 1;
    }
    for file in &answer.hidden {
        publisher.files.0.remove(&name(file));
    }
    publisher
}

/// The people whose keys count for timestamp and snapshot in each version of root.
fn people(root: u64) -> (bool, bool) {
    (root >= 2, root >= 4)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    #[test]
    fn versions_never_go_down(answers in prop::collection::vec(answer(), 1..8)) {
        let mut host = HISTORY[0].host_with(MemoryStore::default()).unwrap();
        let mut known = host.versions();
        let mut role = 0;
        let mut has_revoked = false;
        for answer in answers {
            if answer.is_restarted {
                let again = host.restart(&HISTORY[0]);
                prop_assert!(again.is_ok(), "{:?}", again);
                let versions = host.versions();
                host = again.unwrap();
                prop_assert_eq!(host.versions(), versions);
            }
            let source = shown(&answer);
            let is_refreshed = host.refresh(&source).is_ok();
            let found = host.versions();
            prop_assert!(found[0] >= known[0]);
            // What was forgotten because its keys were replaced is unknown first, and may then be anything.
            let is_same = people(known[0]) == people(found[0]);
            for at in [1, 2] {
                prop_assert!(!is_same || known[at] == 0 || found[at] >= known[at], "{:?} {:?}", known, found);
            }
            prop_assert!(found[3] == 0 || found[3] >= known[3], "{:?} {:?}", known, found);
            known = [found[0], found[1], found[2], found[3].max(known[3])];
            if is_refreshed && let Ok(listing) = host.0.find(&source.files, &target(), Freshness::Demanded(now())) {
                let version = listing.provenance().role_version.get();
                prop_assert!(version >= role, "{} {}", version, role);
                role = version;
                has_revoked |= version >= 3;
                prop_assert!(!has_revoked || *listing.manifest_sha256() != manifest_of("2.0.0"));
            }
        }
        // Whatever came before, an honest answer brings the host to where everybody is.
        let newest = HISTORY.last().unwrap();
        let release = host.load(newest);
        prop_assert!(release.is_ok(), "{:?}", release);
        prop_assert_eq!(host.versions(), newest.host_with(MemoryStore::default()).map(|mut fresh| {
            fresh.load(newest).unwrap();
            fresh.versions()
        }).unwrap());
    }
}
