//! No mutation of a signed release is accepted as it.

use std::sync::LazyLock;

use jurat_trust::{Role, VerifiedRelease};
use proptest::prelude::*;
use proptest::sample::Index;

use crate::fixture::Repository;
use crate::publisher::{Publisher, acme, delegation, keys};

const TIMESTAMP: &str = "metadata/timestamp.json";

/// What a host that has seen nothing reads of a repository, and nothing else.
static ORIGINAL: LazyLock<(Publisher, Repository)> = LazyLock::new(|| read_of(Publisher::new()));

fn read_of(publisher: Publisher) -> (Publisher, Repository) {
    let mut files = publisher.files.clone();
    files.0.retain(|file, _| file != "metadata/1.root.json" && !file.ends_with(".t-other.json"));
    (publisher, files)
}

fn load(publisher: &Publisher, files: &Repository) -> Option<VerifiedRelease> {
    let served = Publisher { files: files.clone(), ..publisher.clone() };
    publisher.host().load(&served).ok()
}

/// What an attacker on the way can do to the files.
#[derive(Clone, Debug)]
enum Mutation {
    Flip { file: Index, byte: Index, bit: u8 },
    Overwrite { file: Index, byte: Index, value: u8 },
    Cut { file: Index, keep: Index },
    CutFront { file: Index, skip: Index },
    Extend { file: Index, by: Vec<u8> },
    Insert { file: Index, at: Index, by: Vec<u8> },
    Remove { file: Index },
    Swap { one: Index, other: Index },
    Copy { from: Index, to: Index },
}

fn mutation() -> impl Strategy<Value = Mutation> {
    let index = any::<Index>;
    let some = || prop::collection::vec(any::<u8>(), 1..40);
    prop_oneof![
        4 => (index(), index(), 0..8_u8).prop_map(|(file, byte, bit)| Mutation::Flip { file, byte, bit }),
        2 => (index(), index(), any::<u8>()).prop_map(|(file, byte, value)| Mutation::Overwrite { file, byte, value }),
        2 => (index(), index()).prop_map(|(file, keep)| Mutation::Cut { file, keep }),
        1 => (index(), index()).prop_map(|(file, skip)| Mutation::CutFront { file, skip }),
        2 => (index(), some()).prop_map(|(file, by)| Mutation::Extend { file, by }),
        1 => (index(), index(), some()).prop_map(|(file, at, by)| Mutation::Insert { file, at, by }),
        1 => index().prop_map(|file| Mutation::Remove { file }),
        2 => (index(), index()).prop_map(|(one, other)| Mutation::Swap { one, other }),
        2 => (index(), index()).prop_map(|(from, to)| Mutation::Copy { from, to }),
    ]
}

fn mutate(repository: &mut Repository, mutation: &Mutation) {
    let names: Vec<String> = repository.0.keys().cloned().collect();
    // Half of all mutations are of metadata: everything hangs on it.
    let metadata: Vec<_> = names.iter().filter(|name| name.starts_with("metadata/")).collect();
    let name = |index: &Index| match index.index(2 * names.len()) {
        file if file < names.len() || metadata.is_empty() => names[file % names.len()].clone(),
        file => metadata[file % metadata.len()].clone(),
    };
    let mut change = |file: &Index, change: &dyn Fn(&mut Vec<u8>)| {
        repository.0.get_mut(&name(file)).into_iter().for_each(change);
    };
    match mutation {
        Mutation::Flip { file, byte, bit } => change(file, &|bytes| {
            if !bytes.is_empty() {
                let at = byte.index(bytes.len());
                bytes[at] ^= 1 << bit;
            }
        }),
        Mutation::Overwrite { file, byte, value } => change(file, &|bytes| {
            if !bytes.is_empty() {
                let at = byte.index(bytes.len());
                bytes[at] = *value;
            }
        }),
        Mutation::Cut { file, keep } => change(file, &|bytes| bytes.truncate(keep.index(bytes.len() + 1))),
        Mutation::CutFront { file, skip } => change(file, &|bytes| drop(bytes.drain(..skip.index(bytes.len() + 1)))),
        Mutation::Extend { file, by } => change(file, &|bytes| bytes.extend(by)),
        Mutation::Insert { file, at, by } => change(file, &|bytes| {
            let at = at.index(bytes.len() + 1);
            drop(bytes.splice(at..at, by.iter().copied()));
        }),
        Mutation::Remove { file } => drop(repository.0.remove(&name(file))),
        Mutation::Swap { one, other } => {
            let (one, other) = (name(one), name(other));
            if let (Some(left), Some(right)) = (repository.0.get(&one).cloned(), repository.0.get(&other).cloned()) {
                repository.0.insert(one, right);
                repository.0.insert(other, left);
            }
        }
        Mutation::Copy { from, to } => {
            if let Some(bytes) = repository.0.get(&name(from)).cloned() {
                repository.0.insert(name(to), bytes);
            }
        }
    }
}

/// Whether both repositories say the same. Of the timestamp no digest is signed, so that there may be other spaces between its
/// tokens, and other members beside those that are known.
fn say_the_same(one: &Repository, other: &Repository) -> bool {
    let timestamp = |repository: &Repository| {
        let envelope = serde_json::from_slice::<serde_json::Value>(repository.0.get(TIMESTAMP)?).ok()?;
        Some(["payload", "payloadType", "signatures"].map(|member| envelope[member].clone()))
    };
    let rest = |repository: &Repository| {
        let mut rest = repository.clone();
        rest.0.remove(TIMESTAMP);
        rest
    };
    timestamp(one) == timestamp(other) && rest(one) == rest(other)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(500))]

    #[test]
    fn a_mutated_repository_is_refused(mutations in prop::collection::vec(mutation(), 1..4)) {
        let (publisher, original) = &*ORIGINAL;
        let mut mutated = original.clone();
        mutations.iter().for_each(|mutation| mutate(&mut mutated, mutation));
        let is_accepted = load(publisher, &mutated).is_some();
        prop_assert_eq!(is_accepted, say_the_same(&mutated, original), "{:?}", mutations);
    }

    /// With more signatures than are needed, some can be lost; what is accepted is still what was signed.
    #[test]
    fn whatever_is_accepted_is_what_was_signed(mutations in prop::collection::vec(mutation(), 1..3)) {
        static SIGNED_BY_THREE: LazyLock<(Publisher, Repository, VerifiedRelease)> = LazyLock::new(|| {
            let mut publisher = Publisher::new();
            publisher.people.insert(acme(), vec![8, 9, 10]);
            publisher.edit(&Role::Targets, |targets| {
                targets.with_delegation(delegation(&acme(), keys(2, &[8, 9, 10]), "t/acme/*/*.json"))
            });
            publisher.publish(&[Role::Targets, acme()]);
            publisher.sign_by(&Role::Timestamp, &[7, 17]);
            let (publisher, files) = read_of(publisher);
            let verified = load(&publisher, &files).unwrap();
            (publisher, files, verified)
        });
        let (publisher, original, expected) = &*SIGNED_BY_THREE;
        let mut mutated = original.clone();
        mutations.iter().for_each(|mutation| mutate(&mut mutated, mutation));
        if let Some(verified) = load(publisher, &mutated) {
            prop_assert_eq!(verified.manifest(), expected.manifest());
            prop_assert_eq!(verified.manifest_sha256(), expected.manifest_sha256());
            prop_assert_eq!(verified.provenance(), expected.provenance());
        }
    }

    /// Of two moments that were both signed, all of one is accepted or nothing, whatever else is there.
    #[test]
    fn two_moments_are_never_mixed(takes_newer in any::<bool>(), dropped in prop::collection::vec(prop::bool::weighted(0.05), 64)) {
        static NEWER: LazyLock<Repository> = LazyLock::new(|| {
            let mut newer = Publisher::new();
            newer.release("2.0.0");
            newer.publish(&[Role::Targets, acme()]);
            read_of(newer).1
        });
        let (publisher, older) = &*ORIGINAL;
        let (one, version) = if takes_newer { (&*NEWER, "2.0.0") } else { (older, "1.0.0") };
        let mut mixed = NEWER.clone();
        mixed.0.extend(one.0.clone());
        mixed.0 = mixed.0.into_iter().zip(dropped).filter(|(_, is_dropped)| !is_dropped).map(|(file, _)| file).collect();
        let needed = load(publisher, one).unwrap();
        let is_whole = one.0.iter().filter(|(file, _)| is_needed(file, &needed, takes_newer)).all(|(file, _)| mixed.0.contains_key(file));
        let accepted = load(publisher, &mixed);
        prop_assert_eq!(accepted.is_some(), is_whole);
        if let Some(verified) = accepted {
            prop_assert_eq!(verified.manifest().version().as_str(), version);
        }
    }
}

/// Whether a host needs the file for this release: of metadata, what is of the release's own moment.
fn is_needed(file: &str, release: &VerifiedRelease, is_newer: bool) -> bool {
    let digests = release.manifest().files().iter().map(|file| file.sha256).chain([*release.manifest_sha256()]);
    match file.strip_prefix("metadata/") {
        Some(metadata) => metadata == "timestamp.json" || metadata.starts_with("2.") == is_newer,
        None => digests.map(|digest| digest.to_string()).any(|digest| file.contains(&digest)),
    }
}
