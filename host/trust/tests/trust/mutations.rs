//! No mutation of a signed release is accepted as it.

use std::sync::LazyLock;

use jurat_trust::publish::BuiltRelease;
use jurat_trust::{KeySet, Policy, VerifiedRelease};
use proptest::prelude::*;
use proptest::sample::Index;

use crate::fixture::{
    METADATA, Repository, draft, layout, payload, policy, public, repository, signed_by, target, targets,
};

/// What somebody on the way can do to the files.
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
    // Half of all mutations are of the metadata: everything hangs on it.
    let name = |index: &Index| match index.index(2 * names.len()) {
        file if file < names.len() => names[file].clone(),
        _ => METADATA.to_owned(),
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

/// Whether the envelopes say the same, so that one in place of the other changes nothing: only spaces may differ between
/// tokens, as no signature covers them.
fn say_the_same(one: &Repository, other: &Repository) -> bool {
    let read = |repository: &Repository| serde_json::from_slice::<serde_json::Value>(repository.0.get(METADATA)?).ok();
    let rest = |repository: &Repository| repository.clone().with_metadata(Vec::new());
    read(one) == read(other) && rest(one) == rest(other)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1_000))]

    #[test]
    fn a_mutated_repository_is_refused(mutations in prop::collection::vec(mutation(), 1..4)) {
        let original = repository();
        let mut mutated = original.clone();
        mutations.iter().for_each(|mutation| mutate(&mut mutated, mutation));
        let accepted = mutated.verify(&policy()).is_ok();
        prop_assert_eq!(accepted, say_the_same(&mutated, &original), "{:?}", mutations);
    }

    /// With more signatures than are needed, some can be lost; what is accepted is still the release that was signed.
    #[test]
    fn whatever_is_accepted_is_what_was_signed(mutations in prop::collection::vec(mutation(), 1..3)) {
        static SIGNED_BY_THREE: LazyLock<(Policy, Repository, VerifiedRelease)> = LazyLock::new(|| {
            let policy = Policy { keys: KeySet::new(2, [public(1), public(2), public(3)]).unwrap(), ..policy() };
            let repository = repository().with_metadata(signed_by(&[1, 2, 3], payload().as_bytes()));
            let verified = repository.verify(&policy).unwrap();
            (policy, repository, verified)
        });
        let (policy, original, expected) = &*SIGNED_BY_THREE;
        let mut mutated = original.clone();
        mutations.iter().for_each(|mutation| mutate(&mut mutated, mutation));
        if let Ok(verified) = mutated.verify(policy) {
            prop_assert_eq!(verified.manifest(), expected.manifest());
            prop_assert_eq!(verified.manifest_sha256(), expected.manifest_sha256());
            let (found, expected) = (verified.provenance().unwrap(), expected.provenance().unwrap());
            prop_assert_eq!(found.targets_version, expected.targets_version);
            prop_assert!(found.signers.len() >= 2 && found.signers.iter().all(|signer| expected.signers.contains(signer)));
        }
    }

    /// Of two releases that were both signed, all of one is accepted or nothing, whatever else is there.
    #[test]
    fn two_signed_releases_are_never_mixed(takes_newer in any::<bool>(), dropped in prop::collection::vec(prop::bool::weighted(0.1), 32)) {
        static NEWER: LazyLock<Repository> = LazyLock::new(|| {
            let mut newer = draft("2.0.0");
            newer.files[3].bytes.extend(b", improved");
            let newer = BuiltRelease::build(newer).unwrap();
            Repository::of(&layout(&newer, &targets().with_release(&target(), newer.manifest())))
        });
        let (older, newer) = (repository(), NEWER.clone());
        let (one, other) = if takes_newer { (newer, older) } else { (older, newer) };
        let mut mixed = other.and(one.clone());
        mixed.0 = mixed.0.into_iter().zip(dropped).filter(|(_, is_dropped)| !is_dropped).map(|(file, _)| file).collect();
        let is_whole = one.0.keys().all(|file| mixed.0.contains_key(file));
        let accepted = mixed.verify(&policy()).ok();
        prop_assert_eq!(accepted.is_some(), is_whole);
        if let Some(verified) = accepted {
            let version = if takes_newer { "2.0.0" } else { "1.4.0" };
            prop_assert_eq!(verified.manifest().version().as_str(), version);
        }
    }
}
