//! Attacks from the CDN or the network, without keys of the repository.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use jiff::{SignedDuration, Timestamp};
use jurat_trust::{Caps, Envelope, KeyId, KeySet, Role, RootKeys, RootMetadata, SafePath, TopRole};
use serde_json::{Value, json};

use super::drill::{Attempt, Drill, Repositories};
use super::expected::{Expected, Of};
use super::not_tried::{NotTried, only_one_version, part};
use super::original::{AttackedRelease, Response};
use super::replica::{Files, generate, timestamp_file};

const CDN: &str = "the CDN";
const CLOCK: &str = "the clock of the host";
const OTHER: &str = "the CDN, and another repository with their own keys";

pub(super) const DRILLS: &[Drill] = &[
    Drill {
        name: "stripped_signatures",
        has: CDN,
        does: "removes the signatures of the timestamp",
        expected: Expected::Signatures(Of::Timestamp),
        attack: |repositories| repositories.timestamp(|envelope| set(envelope, "signatures", json!([]))),
    },
    Drill {
        name: "payload_type_swapped",
        has: CDN,
        does: "changes the payload type of the timestamp",
        expected: Expected::PayloadType,
        attack: |repositories| {
            repositories.timestamp(|envelope| set(envelope, "payloadType", json!("application/vnd.in-toto+json")))
        },
    },
    Drill {
        name: "signature_twice",
        has: CDN,
        does: "repeats a signature of the timestamp",
        expected: Expected::RepeatedKeyId,
        attack: |repositories| {
            repositories.timestamp(|envelope| {
                let signatures = envelope.get_mut("signatures")?.as_array_mut()?;
                let first = signatures.first()?.clone();
                signatures.push(first);
                Some(())
            })
        },
    },
    Drill {
        name: "two_payloads",
        has: CDN,
        does: "adds a second payload to the timestamp",
        expected: Expected::RepeatedInEnvelope,
        attack: |repositories| {
            let (_, bytes) = repositories.newest(&Role::Timestamp)?;
            let mut forged = br#"{"payload":"e30=","#.to_vec();
            forged.extend(part(bytes.trim_ascii().strip_prefix(b"{"))?);
            repositories.with_timestamp(&forged)
        },
    },
    Drill {
        name: "altered_payload",
        has: CDN,
        does: "adds a higher version to the timestamp",
        expected: Expected::Signatures(Of::Timestamp),
        attack: |repositories| {
            repositories.timestamp(|envelope| {
                let payload = STANDARD.decode(envelope.get("payload")?.as_str()?).ok()?;
                let altered = [&br#"{"version":9007199254740991,"#[..], payload.strip_prefix(b"{")?].concat();
                set(envelope, "payload", json!(STANDARD.encode(altered)))
            })
        },
    },
    Drill {
        name: "snapshot_as_timestamp",
        has: CDN,
        does: "serves the snapshot as the timestamp",
        expected: Expected::Signatures(Of::Timestamp),
        attack: |repositories| {
            let (_, snapshot) = repositories.newest(&Role::Snapshot)?;
            repositories.with_timestamp(snapshot)
        },
    },
    Drill {
        name: "earlier_snapshot",
        has: CDN,
        does: "serves an earlier snapshot instead of the current one",
        expected: Expected::OtherBytes,
        attack: |repositories| repositories.with_earlier(&Role::Snapshot),
    },
    Drill {
        name: "earlier_tenant_role",
        has: CDN,
        does: "serves an earlier list of a tenant's releases with the current snapshot",
        expected: Expected::OtherBytes,
        attack: |repositories| repositories.with_earlier(&repositories.release()?.role),
    },
    Drill {
        name: "altered_manifest",
        has: CDN,
        does: "changes a byte of a manifest",
        expected: Expected::OtherBytes,
        attack: |repositories| repositories.altered(&repositories.release()?.manifest, flipped),
    },
    Drill {
        name: "altered_file",
        has: CDN,
        does: "changes a byte of a component",
        expected: Expected::OtherBytes,
        attack: |repositories| repositories.altered(&repositories.release()?.file, flipped),
    },
    Drill {
        name: "truncated_file",
        has: CDN,
        does: "removes the last byte of a component",
        expected: Expected::Truncated,
        attack: |repositories| {
            repositories.altered(&repositories.release()?.file, |mut bytes| {
                bytes.pop();
                Response::Bytes(bytes)
            })
        },
    },
    Drill {
        name: "endless_file",
        has: CDN,
        does: "serves an endless component",
        expected: Expected::TooLong,
        attack: |repositories| repositories.altered(&repositories.release()?.file, |_| Response::Endless),
    },
    Drill {
        name: "endless_timestamp",
        has: CDN,
        does: "serves an endless timestamp",
        expected: Expected::TooLong,
        attack: |repositories| repositories.altered(&repositories.newest(&Role::Timestamp)?.0, |_| Response::Endless),
    },
    Drill {
        name: "withheld_file",
        has: CDN,
        does: "withholds a component",
        expected: Expected::Missing,
        attack: |repositories| repositories.altered(&repositories.release()?.file, |_| Response::NotFound),
    },
    Drill {
        name: "withheld_news",
        has: CDN,
        does: "withholds new metadata until the old expires",
        expected: Expected::Expired(Of::Any),
        attack: |repositories| repositories.at(repositories.original.expires()),
    },
    Drill {
        name: "root_again",
        has: CDN,
        does: "serves the current root as the next one",
        expected: Expected::RootSkipped,
        attack: |repositories| {
            let (_, root) = repositories.newest(&Role::Root)?;
            let next = part(repositories.original.next_file(&Role::Root))?;
            repositories.both(|| Ok(vec![(next.clone(), Response::Bytes(root.to_vec()))]))
        },
    },
    Drill {
        name: "clock_set_back",
        has: CLOCK,
        does: "sets it back by an hour, so that expired metadata would be valid again",
        expected: Expected::ClockSetBack,
        attack: |repositories| repositories.at(repositories.original.now() - SignedDuration::from_hours(1)),
    },
    Drill {
        name: "root_by_strangers",
        has: OTHER,
        does: "serves a next root with their own keys, signed only by these",
        expected: Expected::Signatures(Of::Root),
        attack: root_by_strangers,
    },
    Drill {
        name: "other_repository",
        has: OTHER,
        does: "serves their repository, which has another name",
        expected: Expected::Signatures(Of::Timestamp),
        attack: |repositories| {
            let mut payload = repositories.replica.payload(&Role::Timestamp)?;
            part(set(&mut payload, "x-jurat", json!({"repo": "of-a-drill"})))?;
            let timestamp = repositories.replica.signed("timestamp", &payload)?;
            repositories.with_theirs(vec![(timestamp_file(), Some(timestamp))])
        },
    },
    Drill {
        name: "other_repository_of_the_same_name",
        has: OTHER,
        does: "serves their repository under the name of this one",
        expected: Expected::Signatures(Of::Timestamp),
        attack: |repositories| repositories.with_theirs(Vec::new()),
    },
];

/// Changed files.
type Change = Result<Vec<(SafePath, Response)>, NotTried>;

impl Repositories {
    fn release(&self) -> Result<&AttackedRelease, NotTried> {
        self.original.release().ok_or(NotTried::NotApplicable("no release has been published"))
    }

    fn newest(&self, role: &Role) -> Result<(SafePath, &[u8]), NotTried> {
        let file = part(self.original.file(role))?;
        let bytes = part(self.original.bytes(&file))?;
        Ok((file, bytes))
    }

    /// Attacks a host that has accepted the repository, and then a new host. Returns the answer of the first, or the acceptance by
    /// the second.
    fn both(&self, change: impl Fn() -> Change) -> Attempt {
        let now = self.original.now();
        let known = self.original.seasoned(&self.original.with(change()?), now);
        if known.is_err() && self.original.fresh(&self.original.with(change()?), now).is_ok() {
            return Ok(Ok(()));
        }
        Ok(known)
    }

    fn timestamp(&self, change: impl Fn(&mut Value) -> Option<()>) -> Attempt {
        let (_, bytes) = self.newest(&Role::Timestamp)?;
        let mut envelope = part(serde_json::from_slice(bytes).ok())?;
        part(change(&mut envelope))?;
        self.with_timestamp(envelope.to_string().as_bytes())
    }

    fn with_timestamp(&self, bytes: &[u8]) -> Attempt {
        let (file, _) = self.newest(&Role::Timestamp)?;
        self.both(|| Ok(vec![(file.clone(), Response::Bytes(bytes.to_vec()))]))
    }

    fn altered(&self, file: &SafePath, change: impl Fn(Vec<u8>) -> Response) -> Attempt {
        let bytes = part(self.original.bytes(file))?;
        self.both(|| Ok(vec![(file.clone(), change(bytes.to_vec()))]))
    }

    /// Serves an earlier version of a role to a new host. A host that has the current version does not request it again.
    fn with_earlier(&self, role: &Role) -> Attempt {
        let earlier = self.original.earlier(role).ok_or_else(only_one_version)?;
        let file = part(self.original.file(role))?;
        let changed = [(file, Response::Bytes(earlier.to_vec()))];
        Ok(self.original.fresh(&self.original.with(changed), self.original.now()))
    }

    fn at(&self, time: Timestamp) -> Attempt {
        Ok(self.original.seasoned(&self.original.with([]), time))
    }

    fn with_theirs(&self, changed: Files) -> Attempt {
        let (theirs, now) = (self.replica.with(changed), self.original.now());
        let known = self.original.seasoned(&theirs, now);
        if known.is_err() && self.original.fresh(&theirs, now).is_ok() {
            return Ok(Ok(()));
        }
        Ok(known)
    }
}

fn root_by_strangers(repositories: &Repositories) -> Attempt {
    let (_, bytes) = repositories.newest(&Role::Root)?;
    let envelope = part(Envelope::parse(bytes, Caps::DEFAULT.root).ok())?;
    let root = part(RootMetadata::parse(envelope.unverified_payload()).ok())?;
    let threshold = root.keys(TopRole::Root).threshold();
    let unknown = generate(threshold)?;
    let keys = part(KeySet::new(threshold, unknown.iter().map(jurat_trust::SecretKey::public)).ok())?;
    let one =
        part(KeySet::with_ids(1, unknown.iter().take(1).map(|key| (KeyId::of(&key.public()), key.public()))).ok())?;
    let (snapshot, timestamp) = (one.clone(), one.clone());
    let theirs = RootKeys { root: keys, targets: one, snapshot, timestamp };
    let version = part(root.version().next())?;
    let next = RootMetadata::new(root.repository().clone(), version, root.expires(), theirs);
    let mut envelope = Envelope::unsigned(next.to_bytes());
    for key in &unknown {
        part(envelope.sign(key).ok())?;
    }
    let file = Role::Root.file(version);
    repositories.both(|| Ok(vec![(file.clone(), Response::Bytes(envelope.to_bytes()))]))
}

fn flipped(mut bytes: Vec<u8>) -> Response {
    let middle = bytes.len() / 2;
    if let Some(byte) = bytes.get_mut(middle) {
        *byte ^= 1;
    }
    Response::Bytes(bytes)
}

fn set(object: &mut Value, key: &str, value: Value) -> Option<()> {
    object.as_object_mut()?.insert(key.to_owned(), value);
    Some(())
}
