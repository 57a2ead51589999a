//! New keys and thresholds.

use jurat_trust::{MetadataVersion, Role, StateFile, UpdateError};

use crate::workshop::{Host, Workshop, assert_refused};

/// One version of a role: its keys, how many of them must sign, and which have signed.
type Version = (&'static [usize], usize, &'static [usize]);

/// Roots, one after the other. The first is the anchor. All but the last are accepted, and that one too unless the keys of the root
/// with the given version have not signed it.
#[track_caller]
fn roots(versions: &[Version], refused_by: Option<u64>) {
    let mut shop = Workshop::new();
    shop.served.remove("metadata/1.root.json");
    shop.payload("root")["version"] = 0.into();
    for &(keys, threshold, signers) in versions {
        shop.give_keys("root", threshold, keys, signers);
        shop.publish(&["root"]);
    }
    let mut host = Host::new(&shop);
    let outcome = host.refresh(&shop);
    let last = versions.len() as u64;
    let expected = match refused_by {
        None => {
            outcome.unwrap();
            last
        }
        Some(version) => {
            assert_refused!(
                outcome,
                UpdateError::Signatures { role: Role::Root, by: Role::Root, by_version, .. }
                    if by_version.get() == version
            );
            last - 1
        }
    };
    assert_eq!(host.versions()[0], expected);
    if expected > 1 {
        let kept = host.kept(&StateFile::Root(MetadataVersion::new(expected).unwrap()));
        assert_eq!(kept, Some(shop.served[&format!("metadata/{expected}.root.json")].as_slice()));
    }
}

const FIVE: &[usize] = &[0, 1, 2, 3, 4];
const ONE_OTHER: &[usize] = &[0, 1, 3, 4, 5];

#[test]
fn a_root_that_old_and_new_keys_have_signed_is_accepted() {
    // 1 of 1.
    roots(&[(&[1], 1, &[1]), (&[2], 1, &[2, 1]), (&[2], 1, &[2])], None);
    // With signatures that are not needed.
    roots(&[(&[1], 1, &[3, 1, 4]), (&[2], 1, &[3, 2, 1, 4]), (&[2], 1, &[3, 2, 4])], None);
    // 3 of 5, always others.
    roots(&[(FIVE, 3, &[0, 2, 4]), (FIVE, 3, &[0, 4, 1]), (FIVE, 3, &[0, 1, 3]), (FIVE, 3, &[0, 1, 3])], None);
    // 3 of 5, one key replaced.
    roots(&[(FIVE, 3, &[0, 2, 4]), (ONE_OTHER, 3, &[0, 4, 1])], None);
    roots(&[(FIVE, 3, &[0, 2, 4]), (ONE_OTHER, 3, &[0, 2, 4, 5]), (ONE_OTHER, 3, &[0, 4, 5])], None);
    // 3 of 5, all keys replaced.
    let others: &[usize] = &[5, 6, 7, 8, 9];
    roots(&[(FIVE, 3, &[0, 2, 4]), (others, 3, &[0, 2, 4, 5, 6, 7]), (others, 3, &[5, 6, 7])], None);
    // Another threshold.
    let three: &[usize] = &[1, 2, 3];
    roots(&[(three, 1, &[1]), (three, 2, &[1, 2])], None);
    roots(&[(three, 2, &[1, 2]), (three, 1, &[1, 2]), (three, 1, &[1])], None);
    roots(&[(&[1], 1, &[1]), (&[1, 2], 2, &[1, 2])], None);
}

#[test]
fn a_root_that_old_or_new_keys_have_not_signed_is_refused() {
    roots(&[(&[1], 1, &[1]), (&[2], 1, &[2, 3, 4])], Some(1));
    roots(&[(&[1], 1, &[1]), (&[2], 1, &[1, 3, 4])], Some(2));
    roots(&[(FIVE, 3, &[0, 2, 4]), (ONE_OTHER, 3, &[0, 2, 4])], Some(2));
    roots(&[(FIVE, 3, &[0, 2, 4]), (ONE_OTHER, 3, &[0, 4, 5])], Some(1));
    let three: &[usize] = &[1, 2, 3];
    roots(&[(three, 1, &[1]), (three, 2, &[2])], Some(2));
    roots(&[(three, 2, &[1, 2]), (three, 1, &[1])], Some(1));
}

#[test]
fn what_old_keys_have_signed_is_forgotten_with_them() {
    let mut shop = Workshop::new();
    let mut host = Host::new(&shop);
    host.refresh(&shop).unwrap();
    assert_eq!(host.versions(), [1, 1, 1, 1]);
    shop.give_keys("timestamp", 1, &[7], &[7]);
    shop.publish(&["root"]);
    // The timestamp is still the one that the old key has signed.
    assert_refused!(host.refresh(&shop), UpdateError::Signatures { role: Role::Timestamp, .. });
    assert_eq!(host.kept(&StateFile::Timestamp), None);
    shop.publish(&["timestamp"]);
    host.refresh(&shop).unwrap();
    assert_eq!(host.versions(), [2, 2, 1, 1]);
}

/// The same for the other top roles, whose keys root says.
#[track_caller]
fn others(is_accepted: bool, (keys, threshold, signers): Version) {
    for (role, file) in
        [("timestamp", StateFile::Timestamp), ("snapshot", StateFile::Snapshot), ("targets", StateFile::Targets)]
    {
        let mut shop = Workshop::new();
        let mut host = Host::new(&shop);
        shop.give_keys(role, threshold, keys, signers);
        shop.publish(&["root", "targets", "snapshot", "timestamp"]);
        let outcome = host.refresh(&shop);
        if is_accepted {
            outcome.unwrap();
            assert_eq!(host.kept(&file), Some(shop.served[&shop.path(role)].as_slice()), "{role}");
        } else {
            assert_refused!(
                outcome,
                UpdateError::Signatures { role: found, by_version, .. } if found.name() == role && by_version.get() == 2
            );
        }
    }
}

#[test]
fn other_roles_are_accepted_from_whom_root_says() {
    others(true, (&[7], 1, &[7]));
    others(true, (&[7], 1, &[8, 7, 9]));
    for signers in [&[0, 2, 4], &[0, 4, 1], &[0, 1, 3], &[1, 2, 3], &[2, 3, 4]] {
        others(true, (FIVE, 3, signers));
    }
}

#[test]
fn other_roles_are_refused_under_any_other_keys() {
    others(false, (&[7], 1, &[1, 2, 3, 8]));
    others(false, (ONE_OTHER, 3, &[0, 2, 4]));
    others(false, (ONE_OTHER, 3, &[0, 4]));
}
