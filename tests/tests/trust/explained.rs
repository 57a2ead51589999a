//! Where python-tuf and we disagree on purpose.

use std::fmt;

use crate::history::Mutation;
use crate::visit::{Difference, Judgement};

/// A class of disagreements, and the reason for it.
pub(crate) struct Explanation {
    pub(crate) name: &'static str,
    reason: &'static str,
    /// It happens only after one of these was done to the repository.
    after: After,
    side: Side,
}

enum After {
    /// One of the mutations of these names.
    Any(&'static [&'static str]),
    /// Root gave other keys to snapshot or timestamp.
    Rotation,
    /// And there was a mutation of which the publisher knew nothing, so that he used its versions again.
    RotationAndFork,
}

/// The stricter of both. Errors are told by how they begin or, ours, by a part of their debug form.
enum Side {
    /// Only we refuse it.
    WeRefuse(&'static [&'static str]),
    /// Only python-tuf refuses it.
    TheyRefuse(&'static [&'static str]),
    /// Neither refuses it, but they have not found or kept the same.
    WeDiffer,
}

use After::{Any, Rotation, RotationAndFork};
use Side::{TheyRefuse, WeDiffer, WeRefuse};

impl Explanation {
    pub(crate) fn explains(&self, difference: &Difference, mutations: &[&Mutation]) -> bool {
        let is_rotated = mutations.iter().any(|mutation| mutation.rotates_online_keys());
        let is_after = match self.after {
            Any(names) => mutations.iter().any(|mutation| names.contains(&mutation.name.as_str())),
            Rotation => is_rotated,
            RotationAndFork => is_rotated && mutations.iter().any(|mutation| mutation.forked),
        };
        is_after
            && match (&self.side, &difference.theirs, &difference.ours, &difference.refusals) {
                (WeRefuse(shapes), Judgement::Accepts(_), Judgement::Refuses(why), _)
                | (WeRefuse(shapes), _, _, Some((_, why))) => shapes.iter().any(|shape| why.contains(shape)),
                (TheyRefuse(starts), Judgement::Refuses(why), Judgement::Accepts(_), _)
                | (TheyRefuse(starts), _, _, Some((why, _))) => starts.iter().any(|start| why.starts_with(start)),
                (WeDiffer, Judgement::Accepts(_), Judgement::Accepts(_), None) => true,
                _ => false,
            }
    }
}

impl fmt::Debug for Explanation {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{}: {}", self.name, self.reason)
    }
}

pub(crate) const EXPLAINED: &[Explanation] = &[
    Explanation {
        name: "a member twice",
        reason: "the last one counts for Python; another reader could take the first, so we take neither",
        after: Any(&["member_twice", "member_twice_by_escape", "deep_member_twice", "envelope_member_twice"]),
        side: WeRefuse(&["RepeatedMember"]),
    },
    Explanation {
        name: "what JSON has no words for",
        reason: "Python's reader takes NaN, infinite numbers and lone surrogates; JSON has none of them",
        after: Any(&["not_a_number", "infinite_number", "lone_surrogate", "envelope_with_nan"]),
        side: WeRefuse(&["Syntax"]),
    },
    Explanation {
        name: "too deep",
        reason: "we bound the depth, so that nobody can exhaust the stack",
        after: Any(&["deep_member"]),
        side: WeRefuse(&["TooDeep"]),
    },
    Explanation {
        name: "no whole number",
        reason: "Python compares 3.0 and 3 as equal, counts beyond 2^53, and does not look at all if it has no use for the role",
        after: Any(&["version_as_float", "version_fraction", "version_null", "version_2_to_53", "version_2_to_64"]),
        side: WeRefuse(&["a whole number from 1 to"]),
    },
    Explanation {
        name: "another spelling of a time",
        reason: "TUF has one way to write a time; `strptime` takes others",
        after: Any(&["expires_lower_case", "expires_without_padding"]),
        side: WeRefuse(&["a time like"]),
    },
    Explanation {
        name: "the last hours of the year 9999",
        reason: "our library for times ends some hours before Python's, so that all time zones can be written",
        after: Any(&["expires_far"]),
        side: WeRefuse(&["a time like"]),
    },
    Explanation {
        name: "a second spelling in base64",
        reason: "Python passes over bits that belong to no byte; we want one spelling for each payload",
        after: Any(&["payload_with_loose_bits", "payload_in_mixed_alphabets"]),
        side: WeRefuse(&["base64 text"]),
    },
    Explanation {
        name: "another repository",
        reason: "TUF does not know of repository ids: metadata of one repository is refused in another even if the keys are the same",
        after: Any(&["other_repository", "other_repository_by_same_people", "one_file_of_other_repository"]),
        side: WeRefuse(&["WrongRepository"]),
    },
    Explanation {
        name: "our own part of the metadata",
        reason: "TUF has members that nobody knows ignored; ours is read strictly, as a condition could stand in it",
        after: Any(&["own_part_missing", "own_part_with_condition", "repository_number", "revoked_is_no_list"]),
        side: WeRefuse(&["x-jurat"]),
    },
    Explanation {
        name: "one key under two names",
        reason: "python-tuf counts names; we count keys, so that whoever has one is not as good as two",
        after: Any(&["key_under_two_names"]),
        side: WeRefuse(&["TooFewKeys", "Signatures"]),
    },
    Explanation {
        name: "a threshold that nobody can reach",
        reason: "python-tuf notices when it needs the role; for us, whoever signed that has signed nonsense",
        after: Any(&["threshold_out_of_reach", "no_keys", "keys_missing"]),
        side: WeRefuse(&["TooFewKeys"]),
    },
    Explanation {
        name: "a key that is none",
        reason: "python-tuf notices when it needs the key; a weak one, with which anybody can sign, never",
        after: Any(&["spare_key_short", "spare_key_weak"]),
        side: WeRefuse(&["a public key", "Weak"]),
    },
    Explanation {
        name: "a kind of key that nobody knows",
        reason: "for us it never counts; python-tuf refuses what lists it",
        after: Any(&["spare_key_of_unknown_kind"]),
        side: TheyRefuse(&["ValueError: Unsupported public key"]),
    },
    Explanation {
        name: "a malformed signature beside good ones",
        reason: "it does not count, but does no harm either, and so says the conformance suite; python-tuf refuses the envelope",
        after: Any(&["signature_not_base64", "signature_of_other_type", "signature_without_key_id"]),
        side: TheyRefuse(&["DeserializationError"]),
    },
    Explanation {
        name: "another digest than SHA-256",
        reason: "all digests must hold, and we compute one kind in one spelling",
        after: Any(&["hash_unknown", "second_hash_right", "second_hash_wrong", "release_with_second_hash"]),
        side: WeRefuse(&["Unknown { at: ", "hashes.sha256"]),
    },
    Explanation {
        name: "a digest in capitals",
        reason: "python-tuf notices, as it compares texts, when it needs the file; we do when we read it",
        after: Any(&["hash_in_upper_case"]),
        side: WeRefuse(&["lower-case hexadecimal digits"]),
    },
    Explanation {
        name: "files that are overwritten",
        reason: "we read consistent snapshots only; python-tuf looks for names without versions, which our layout has not",
        after: Any(&["without_consistent_snapshot", "consistent_snapshot_missing"]),
        side: WeRefuse(&["Overwriting"]),
    },
    Explanation {
        name: "a name that is no path",
        reason: "we read names as what they are for, before anybody uses them; python-tuf quotes them",
        after: Any(&["path_upwards", "role_with_odd_name"]),
        side: WeRefuse(&["safe relative path", "the name of a role"]),
    },
    Explanation {
        name: "a pattern with a set of characters",
        reason: "TUF has `*` and `?`; for Python's `fnmatch`, `[` means more",
        after: Any(&["delegation_with_set"]),
        side: WeRefuse(&["`[` is not used", "may stand for char"]),
    },
    Explanation {
        name: "a delegation by the digest of paths",
        reason: "a tenant has a directory, not a share of all paths",
        after: Any(&["delegation_by_hash"]),
        side: WeRefuse(&["HashedPaths"]),
    },
    Explanation {
        name: "no release, or another one",
        reason: "python-tuf gets files; we get releases, and their manifests say which",
        after: Any(&["release_without_custom", "release_of_other_version"]),
        side: WeRefuse(&["NotARelease", "WrongVersion"]),
    },
    Explanation {
        name: "revoked",
        reason: "revocations are ours",
        after: Any(&["revoked_listed_release", "revocations_forgotten"]),
        side: WeRefuse(&["Revoked", "Unrevoked"]),
    },
    Explanation {
        name: "the clock was set back",
        reason: "with the clock set back, what has expired would be fresh again; TUF leaves that to others",
        after: Any(&["clock_set_back"]),
        side: WeRefuse(&["ClockSetBack"]),
    },
    Explanation {
        name: "a mark of their own",
        reason: "with new snapshot keys, python-tuf lets targets and tenants start again; ours do so with new keys of their own only",
        after: RotationAndFork,
        side: WeRefuse(&["Rollback"]),
    },
    Explanation {
        name: "snapshot and timestamp start again together",
        reason: "TUF 5.3.11 has both dropped when root changes the keys of either; python-tuf keeps what still verifies",
        after: Rotation,
        side: TheyRefuse(&["BadVersionNumberError", "RepositoryError: New snapshot is missing"]),
    },
    Explanation {
        name: "snapshot and timestamp start again together, with the same version",
        reason: "the same: what python-tuf keeps has the right version, but is not what the timestamp names now",
        after: RotationAndFork,
        side: TheyRefuse(&[
            "LengthOrHashMismatchError",
            "DownloadLengthMismatchError",
            "UnsignedMetadataError",
            "ExpiredMetadataError",
            "DownloadHTTPError: no metadata/",
        ]),
    },
    Explanation {
        name: "snapshot and timestamp start again together, in what is kept",
        reason: "the same, where both accept it",
        after: RotationAndFork,
        side: WeDiffer,
    },
    Explanation {
        name: "what was dropped has to be got again",
        reason: "the same, where the snapshot that python-tuf still has is not to be had any more",
        after: Rotation,
        side: WeRefuse(&[".snapshot.json"]),
    },
];
