//! What can be tried with the CDN, or the network on the way, and no key of the repository.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use jiff::{SignedDuration, Timestamp};
use jurat_trust::{Caps, Envelope, KeyId, KeySet, Role, RootKeys, RootMetadata, SafePath, TopRole};
use serde_json::{Value, json};

use super::expected::{Of, Refusal};
use super::original::{Answer, Sample};
use super::replica::generate;
use super::{Answered, Drill, Ground, NotTried, made, only_one_version};

const CDN: &str = "the CDN";
const CLOCK: &str = "the clock of the host";
const OTHER: &str = "the CDN, and a repository with keys of their own";

pub(super) const DRILLS: &[Drill] = &[
    Drill {
        name: "stripped_signatures",
        has: CDN,
        does: "takes the signatures off the timestamp",
        expected: Refusal::Signatures(Of::Timestamp),
        attack: |ground| ground.timestamp(|envelope| set(envelope, "signatures", json!([]))),
    },
    Drill {
        name: "payload_type_swapped",
        has: CDN,
        does: "calls the payload of the timestamp something else than metadata",
        expected: Refusal::PayloadType,
        attack: |ground| {
            ground.timestamp(|envelope| set(envelope, "payloadType", json!("application/vnd.in-toto+json")))
        },
    },
    Drill {
        name: "signature_twice",
        has: CDN,
        does: "puts the same signature on the timestamp twice",
        expected: Refusal::RepeatedKeyId,
        attack: |ground| {
            ground.timestamp(|envelope| {
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
        does: "gives the timestamp two payloads, one of them signed",
        expected: Refusal::RepeatedInEnvelope,
        attack: |ground| {
            let (_, bytes) = ground.newest(&Role::Timestamp)?;
            let mut forged = br#"{"payload":"e30=","#.to_vec();
            forged.extend(made(bytes.trim_ascii().strip_prefix(b"{"))?);
            ground.with_timestamp(&forged)
        },
    },
    Drill {
        name: "altered_payload",
        has: CDN,
        does: "gives the timestamp a higher version, and says both",
        expected: Refusal::Signatures(Of::Timestamp),
        attack: |ground| {
            ground.timestamp(|envelope| {
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
        expected: Refusal::Signatures(Of::Timestamp),
        attack: |ground| {
            let (_, snapshot) = ground.newest(&Role::Snapshot)?;
            ground.with_timestamp(snapshot)
        },
    },
    Drill {
        name: "earlier_snapshot",
        has: CDN,
        does: "serves an earlier snapshot in the place of the present one",
        expected: Refusal::OtherBytes,
        attack: |ground| ground.earlier_in_the_place_of_present(&Role::Snapshot),
    },
    Drill {
        name: "earlier_tenant_role",
        has: CDN,
        does: "serves an earlier list of a tenant's releases with the present snapshot",
        expected: Refusal::OtherBytes,
        attack: |ground| ground.earlier_in_the_place_of_present(&ground.sample()?.role),
    },
    Drill {
        name: "altered_manifest",
        has: CDN,
        does: "changes a byte of a manifest",
        expected: Refusal::OtherBytes,
        attack: |ground| ground.altered(&ground.sample()?.manifest, flipped),
    },
    Drill {
        name: "altered_file",
        has: CDN,
        does: "changes a byte of a component",
        expected: Refusal::OtherBytes,
        attack: |ground| ground.altered(&ground.sample()?.file, flipped),
    },
    Drill {
        name: "truncated_file",
        has: CDN,
        does: "leaves out the last byte of a component",
        expected: Refusal::Truncated,
        attack: |ground| {
            ground.altered(&ground.sample()?.file, |mut bytes| {
                bytes.pop();
                Answer::Bytes(bytes)
            })
        },
    },
    Drill {
        name: "endless_file",
        has: CDN,
        does: "never ends a component",
        expected: Refusal::TooLong,
        attack: |ground| ground.altered(&ground.sample()?.file, |_| Answer::Endless),
    },
    Drill {
        name: "endless_timestamp",
        has: CDN,
        does: "never ends the timestamp",
        expected: Refusal::TooLong,
        attack: |ground| ground.altered(&ground.newest(&Role::Timestamp)?.0, |_| Answer::Endless),
    },
    Drill {
        name: "withheld_file",
        has: CDN,
        does: "keeps back a component",
        expected: Refusal::Missing,
        attack: |ground| ground.altered(&ground.sample()?.file, |_| Answer::Nothing),
    },
    Drill {
        name: "withheld_news",
        has: CDN,
        does: "serves nothing new until something has expired",
        expected: Refusal::Expired(Of::Any),
        attack: |ground| ground.at(ground.original.expires()),
    },
    Drill {
        name: "root_again",
        has: CDN,
        does: "serves the present root as the one after it",
        expected: Refusal::RootSkipped,
        attack: |ground| {
            let (_, root) = ground.newest(&Role::Root)?;
            let next = made(ground.original.next_file(&Role::Root))?;
            ground.both(|| Ok(vec![(next.clone(), Answer::Bytes(root.to_vec()))]))
        },
    },
    Drill {
        name: "clock_set_back",
        has: CLOCK,
        does: "sets it back by an hour, so that what has expired would be valid again",
        expected: Refusal::ClockSetBack,
        attack: |ground| ground.at(ground.original.now() - SignedDuration::from_hours(1)),
    },
    Drill {
        name: "root_by_strangers",
        has: OTHER,
        does: "serves a next root that names their keys, and that only these have signed",
        expected: Refusal::Signatures(Of::Root),
        attack: root_by_strangers,
    },
    Drill {
        name: "other_repository",
        has: OTHER,
        does: "serves their repository, which has another name",
        expected: Refusal::Signatures(Of::Timestamp),
        attack: |ground| {
            let mut payload = made(ground.replica.payload(&Role::Timestamp))?;
            made(set(&mut payload, "x-jurat", json!({"repo": "of-a-drill"})))?;
            let timestamp = ground.replica.signed("timestamp", &payload, usize::MAX);
            ground.served_theirs(vec![("metadata/timestamp.json".to_owned(), Some(timestamp))])
        },
    },
    Drill {
        name: "other_repository_of_the_same_name",
        has: OTHER,
        does: "serves their repository under the name of this one",
        expected: Refusal::Signatures(Of::Timestamp),
        attack: |ground| ground.served_theirs(Vec::new()),
    },
];

type Change = Result<Vec<(SafePath, Answer)>, NotTried>;

impl Ground {
    fn sample(&self) -> Result<&Sample, NotTried> {
        self.original.release().ok_or(NotTried::Impossible("no release has been published"))
    }

    fn newest(&self, role: &Role) -> Result<(SafePath, &[u8]), NotTried> {
        let file = made(self.original.file(role))?;
        let bytes = made(self.original.bytes(&file))?;
        Ok((file, bytes))
    }

    /// To a host that knows the repository, and to one that does not. What the second says is told only if the first has refused.
    fn both(&self, change: impl Fn() -> Change) -> Answered {
        let now = self.original.now();
        let known = self.original.seasoned(&self.original.with(change()?), now);
        if known.is_err() && self.original.fresh(&self.original.with(change()?), now).is_ok() {
            return Ok(Ok(()));
        }
        Ok(known)
    }

    fn timestamp(&self, change: impl Fn(&mut Value) -> Option<()>) -> Answered {
        let (_, bytes) = self.newest(&Role::Timestamp)?;
        let mut envelope = made(serde_json::from_slice(bytes).ok())?;
        made(change(&mut envelope))?;
        self.with_timestamp(envelope.to_string().as_bytes())
    }

    fn with_timestamp(&self, bytes: &[u8]) -> Answered {
        let (file, _) = self.newest(&Role::Timestamp)?;
        self.both(|| Ok(vec![(file.clone(), Answer::Bytes(bytes.to_vec()))]))
    }

    fn altered(&self, file: &SafePath, change: impl Fn(Vec<u8>) -> Answer) -> Answered {
        let bytes = made(self.original.bytes(file))?;
        self.both(|| Ok(vec![(file.clone(), change(bytes.to_vec()))]))
    }

    /// A host that knows the present one does not ask for it again.
    fn earlier_in_the_place_of_present(&self, role: &Role) -> Answered {
        let earlier = self.original.earlier(role).ok_or_else(only_one_version)?;
        let file = made(self.original.file(role))?;
        let changed = [(file, Answer::Bytes(earlier.to_vec()))];
        Ok(self.original.fresh(&self.original.with(changed), self.original.now()))
    }

    fn at(&self, time: Timestamp) -> Answered {
        Ok(self.original.seasoned(&self.original.with([]), time))
    }

    fn served_theirs(&self, changed: Vec<(String, Option<Vec<u8>>)>) -> Answered {
        let (theirs, now) = (self.replica.with(changed), self.original.now());
        let known = self.original.seasoned(&theirs, now);
        if known.is_err() && self.original.fresh(&theirs, now).is_ok() {
            return Ok(Ok(()));
        }
        Ok(known)
    }
}

fn root_by_strangers(ground: &Ground) -> Answered {
    let (_, bytes) = ground.newest(&Role::Root)?;
    let envelope = made(Envelope::parse(bytes, Caps::DEFAULT.root).ok())?;
    let root = made(RootMetadata::parse(envelope.unverified_payload()).ok())?;
    let threshold = root.keys(TopRole::Root).threshold();
    let strangers = made(generate(threshold).ok())?;
    let keys = made(KeySet::new(threshold, strangers.iter().map(jurat_trust::SecretKey::public)).ok())?;
    let one =
        made(KeySet::with_ids(1, strangers.iter().take(1).map(|key| (KeyId::of(&key.public()), key.public()))).ok())?;
    let (snapshot, timestamp) = (one.clone(), one.clone());
    let theirs = RootKeys { root: keys, targets: one, snapshot, timestamp };
    let version = made(root.version().next())?;
    let next = RootMetadata::new(root.repository().clone(), version, root.expires(), theirs);
    let mut envelope = Envelope::unsigned(next.to_bytes());
    for key in &strangers {
        made(envelope.sign(key).ok())?;
    }
    let file = Role::Root.file(version);
    ground.both(|| Ok(vec![(file.clone(), Answer::Bytes(envelope.to_bytes()))]))
}

fn flipped(mut bytes: Vec<u8>) -> Answer {
    let middle = bytes.len() / 2;
    if let Some(byte) = bytes.get_mut(middle) {
        *byte ^= 1;
    }
    Answer::Bytes(bytes)
}

fn set(object: &mut Value, key: &str, value: Value) -> Option<()> {
    object.as_object_mut()?.insert(key.to_owned(), value);
    Some(())
}
