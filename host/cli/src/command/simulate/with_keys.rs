//! What can be tried with stolen keys: on a repository of the same shape whose keys are known, because they were made for it.

use jiff::SignedDuration;
use jurat_trust::{Caps, Client, Digest, Envelope, Freshness, KeyId, MemoryStore, PAYLOAD_TYPE, Role, TargetPath};
use serde_json::{Value, json};

use super::expected::{Of, Refusal};
use super::replica::{INTRUDER, Replica, describe, envelope, generate, list, raise, set, signature};
use super::{Answered, Drill, Ground, NotTried, made};

const OLD: &str = "the CDN, and copies of what it served";
const LAPSED: &str = "the CDN, in front of a publisher who forgets to renew";
const TIMESTAMP: &str = "the CDN and the timestamp's keys";
const SNAPSHOT: &str = "the CDN and the snapshot's keys";
const ONLINE: &str = "the CDN and both online keys";
const TENANT_BELOW: &str = "the CDN, both online keys, and a tenant's keys below its threshold";
const TENANT: &str = "the CDN, both online keys, and a tenant's keys";
const ROOT_BELOW: &str = "the CDN, and root's keys below its threshold";
const ROOT: &str = "the CDN and root's keys";
const STAGING: &str = "the CDN, and another repository of the same publisher with the same keys";

pub(super) const DRILLS: &[Drill] = &[
    Drill {
        name: "old_timestamp",
        has: OLD,
        does: "serves what was there before the last publication",
        expected: Refusal::Rollback(Of::Timestamp),
        attack: |Ground { replica, .. }| {
            let ahead = made(replica.snapshot(made(replica.payload(&Role::Snapshot))?))?;
            let mut client = accepted(replica, ahead)?;
            Ok(replica.with([]).update(&mut client, replica.now))
        },
    },
    Drill {
        name: "old_snapshot",
        has: OLD,
        does: "serves a new timestamp with the snapshot of before",
        expected: Refusal::OtherBytes,
        attack: |Ground { replica, .. }| {
            let mut files = made(replica.snapshot(made(replica.payload(&Role::Snapshot))?))?;
            let (_, old) = made(replica.newest(&Role::Snapshot))?;
            for (_, bytes) in files.iter_mut().filter(|(file, _)| file.ends_with(".snapshot.json")) {
                *bytes = Some(old.clone());
            }
            Ok(replica.with(files).seasoned(replica.now))
        },
    },
    Drill {
        name: "expired_root",
        has: LAPSED,
        does: "serves a root that has expired, and all else fresh",
        expected: Refusal::Expired(Of::Root),
        attack: |Ground { replica, .. }| {
            let (version, payload) = lapsed(replica, &Role::Root)?;
            let signed = replica.signed("root", &payload, usize::MAX);
            Ok(replica.with([(format!("metadata/{version}.root.json"), Some(signed))]).fresh(replica.now))
        },
    },
    Drill {
        name: "expired_timestamp",
        has: LAPSED,
        does: "serves a timestamp that has expired, and all else fresh",
        expected: Refusal::Expired(Of::Timestamp),
        attack: |Ground { replica, .. }| {
            let (_, payload) = lapsed(replica, &Role::Timestamp)?;
            Ok(replica.with([timestamp(replica.signed("timestamp", &payload, usize::MAX))]).fresh(replica.now))
        },
    },
    Drill {
        name: "expired_snapshot",
        has: LAPSED,
        does: "serves a snapshot that has expired, and all else fresh",
        expected: Refusal::Expired(Of::Snapshot),
        attack: |Ground { replica, .. }| {
            let mut payload = made(replica.payload(&Role::Snapshot))?;
            expire(replica, &mut payload);
            Ok(replica.with(made(replica.snapshot(payload))?).fresh(replica.now))
        },
    },
    Drill {
        name: "expired_targets",
        has: LAPSED,
        does: "serves targets that have expired, and all else fresh",
        expected: Refusal::Expired(Of::Targets),
        attack: |Ground { replica, .. }| expired_listing(replica, &Role::Targets),
    },
    Drill {
        name: "expired_tenant_role",
        has: LAPSED,
        does: "serves a list of a tenant's releases that has expired, and all else fresh",
        expected: Refusal::Expired(Of::Tenant),
        attack: |Ground { replica, .. }| expired_listing(replica, &tenant(replica)?),
    },
    Drill {
        name: "repository_with_the_same_keys",
        has: STAGING,
        does: "serves the other repository's metadata",
        expected: Refusal::WrongRepository,
        attack: |Ground { replica, .. }| {
            let (_, mut payload) = next(replica, &Role::Timestamp)?;
            set(&mut payload, "x-jurat", json!({"repo": "staging-of-a-drill"}));
            Ok(replica.with([timestamp(replica.signed("timestamp", &payload, usize::MAX))]).seasoned(replica.now))
        },
    },
    Drill {
        name: "member_twice",
        has: TIMESTAMP,
        does: "signs a timestamp that says two versions",
        expected: Refusal::RepeatedInPayload,
        attack: |Ground { replica, .. }| {
            let payload = made(replica.payload(&Role::Timestamp))?.to_string();
            let payload = format!(r#"{{"version":9007199254740991,{}"#, made(payload.strip_prefix('{'))?);
            let signed = by_all(replica, "timestamp", payload.as_bytes());
            Ok(replica.with([timestamp(signed)]).seasoned(replica.now))
        },
    },
    Drill {
        name: "timestamp_by_snapshot_key",
        has: SNAPSHOT,
        does: "signs a timestamp with them",
        expected: Refusal::Signatures(Of::Timestamp),
        attack: |Ground { replica, .. }| {
            let (_, payload) = next(replica, &Role::Timestamp)?;
            Ok(replica.with([timestamp(replica.signed("snapshot", &payload, usize::MAX))]).seasoned(replica.now))
        },
    },
    Drill {
        name: "release_by_online_keys",
        has: ONLINE,
        does: "lists a new release, signed by the online keys instead of the tenant's",
        expected: Refusal::Signatures(Of::Tenant),
        attack: |Ground { replica, .. }| {
            let role = tenant(replica)?;
            let (version, payload) = relisted(replica, &role)?;
            let signed = replica.signed("snapshot", &payload, usize::MAX);
            Ok(replica.with(made(replica.published(&role, version, signed))?).seasoned(replica.now))
        },
    },
    Drill {
        name: "mismatched_version",
        has: ONLINE,
        does: "has the snapshot list the present releases under a higher version",
        expected: Refusal::Mismatch,
        attack: |Ground { replica, .. }| {
            let role = tenant(replica)?;
            let (version, _) = next(replica, &role)?;
            let (_, present) = made(replica.newest(&role))?;
            Ok(replica.with(made(replica.published(&role, version, present.clone()))?).seasoned(replica.now))
        },
    },
    Drill {
        name: "tenant_goes_back",
        has: ONLINE,
        does: "lists a tenant's releases of before in a new snapshot",
        expected: Refusal::Rollback(Of::Tenant),
        attack: |Ground { replica, .. }| {
            let role = tenant(replica)?;
            let (version, payload) = next(replica, &role)?;
            let ahead = made(replica.published(&role, version, replica.signed(role.name(), &payload, usize::MAX)))?;
            let mut client = accepted(replica, ahead.clone())?;
            let (_, old) = made(replica.newest(&role))?;
            let again = made(republished(replica, &ahead, &role, version - 1, old.clone()))?;
            Ok(replica.with(again).update(&mut client, replica.now))
        },
    },
    Drill {
        name: "tenant_vanishes",
        has: ONLINE,
        does: "leaves a tenant out of the snapshot",
        expected: Refusal::Vanished,
        attack: |Ground { replica, .. }| {
            let role = tenant(replica)?;
            let mut snapshot = made(replica.payload(&Role::Snapshot))?;
            let listed = made(snapshot.get_mut("meta").and_then(Value::as_object_mut))?;
            made(listed.remove(&role.listed_as()))?;
            Ok(replica.with(made(replica.snapshot(snapshot))?).seasoned(replica.now))
        },
    },
    Drill {
        name: "too_few_tenant_keys",
        has: TENANT_BELOW,
        does: "lists a new release with one signature too few",
        expected: Refusal::Signatures(Of::Tenant),
        attack: |Ground { replica, .. }| {
            let role = tenant(replica)?;
            let threshold = needs_two(replica, role.name())?;
            let (version, payload) = relisted(replica, &role)?;
            let signed = replica.signed(role.name(), &payload, threshold - 1);
            Ok(replica.with(made(replica.published(&role, version, signed))?).seasoned(replica.now))
        },
    },
    Drill {
        name: "one_key_under_two_ids",
        has: TENANT_BELOW,
        does: "signs a new release with one key under the names of all",
        expected: Refusal::Signatures(Of::Tenant),
        attack: |Ground { replica, .. }| {
            let role = tenant(replica)?;
            needs_two(replica, role.name())?;
            let (version, payload) = relisted(replica, &role)?;
            let payload = payload.to_string().into_bytes();
            let stolen = made(replica.keys(role.name()).first())?;
            let ids = replica.keys(role.name()).iter().map(|key| KeyId::of(&key.public()));
            let signatures: Vec<_> = ids.map(|id| signature(&payload, stolen, &id)).collect();
            let forged = envelope(&payload, PAYLOAD_TYPE, &signatures);
            Ok(replica.with(made(replica.published(&role, version, forged))?).seasoned(replica.now))
        },
    },
    Drill {
        name: "path_of_another_tenant",
        has: TENANT,
        does: "lists a release under a path of another tenant",
        expected: Refusal::Unlisted,
        attack: foreign_path,
    },
    Drill {
        name: "revoked_again",
        has: TENANT,
        does: "lists a manifest again that the tenant has revoked",
        expected: Refusal::Revoked,
        attack: |Ground { replica, .. }| {
            let role = tenant(replica)?;
            let (mut client, ahead, mut payload) = revoked(replica, &role)?;
            let target = made(replica.targets.first())?;
            let before = made(replica.payload(&role))?;
            let entry = made(before.get("targets").and_then(|listed| listed.get(target.as_path().as_str())))?;
            set(made(payload.get_mut("targets"))?, target.as_path().as_str(), entry.clone());
            proclaimed(replica, &mut client, &ahead, &role, &payload)
        },
    },
    Drill {
        name: "revocation_withdrawn",
        has: TENANT,
        does: "takes the revocation back, and lists the manifest again",
        expected: Refusal::Unrevoked,
        attack: |Ground { replica, .. }| {
            let role = tenant(replica)?;
            let (mut client, ahead, withdrawn) = revoked(replica, &role)?;
            let mut payload = made(replica.payload(&role))?;
            set(&mut payload, "version", made(withdrawn.get("version"))?.clone());
            proclaimed(replica, &mut client, &ahead, &role, &payload)
        },
    },
    Drill {
        name: "too_few_root_keys",
        has: ROOT_BELOW,
        does: "signs a next root that names their keys with too few of the old ones and all of theirs",
        expected: Refusal::Signatures(Of::Root),
        attack: |Ground { replica, .. }| {
            let threshold = needs_two(replica, "root")?;
            let (version, mut root) = next(replica, &Role::Root)?;
            let strangers = made(generate(threshold).ok())?;
            describe(made(root.get_mut("keys").and_then(Value::as_object_mut))?, &strangers);
            let ids: Value = strangers.iter().map(|key| KeyId::of(&key.public()).to_string()).collect();
            set(made(root.get_mut("roles").and_then(|roles| roles.get_mut("root")))?, "keyids", ids);
            let payload = root.to_string().into_bytes();
            let stolen = replica.keys("root").iter().take(threshold - 1);
            let signatures: Vec<_> =
                stolen.chain(&strangers).map(|key| signature(&payload, key, &KeyId::of(&key.public()))).collect();
            let signed = envelope(&payload, PAYLOAD_TYPE, &signatures);
            Ok(replica.with([(format!("metadata/{version}.root.json"), Some(signed))]).seasoned(replica.now))
        },
    },
    Drill {
        name: "skipped_root",
        has: ROOT,
        does: "serves the root after the next one, so that the next one is never seen",
        expected: Refusal::RootSkipped,
        attack: |Ground { replica, .. }| {
            let (version, mut root) = next(replica, &Role::Root)?;
            made(raise(&mut root))?;
            let signed = replica.signed("root", &root, usize::MAX);
            Ok(replica.with([(format!("metadata/{version}.root.json"), Some(signed))]).seasoned(replica.now))
        },
    },
];

type Files = Vec<(String, Option<Vec<u8>>)>;

fn tenant(replica: &Replica) -> Result<Role, NotTried> {
    if replica.targets.is_empty() {
        return Err(NotTried::Impossible("no release has been published"));
    }
    made(replica.tenant())
}

/// The threshold, if it takes more than one key.
fn needs_two(replica: &Replica, role: &str) -> Result<usize, NotTried> {
    match replica.threshold(role) {
        0 | 1 => Err(NotTried::Impossible("one key is enough there: whoever has it may sign")),
        threshold => Ok(threshold),
    }
}

/// What a role says, with the next version.
fn next(replica: &Replica, role: &Role) -> Result<(u64, Value), NotTried> {
    let mut payload = made(replica.payload(role))?;
    let version = made(raise(&mut payload))?;
    Ok((version, payload))
}

/// The same, with another manifest where the first release is.
fn relisted(replica: &Replica, role: &Role) -> Result<(u64, Value), NotTried> {
    let (version, mut payload) = next(replica, role)?;
    let target = made(replica.targets.first())?;
    let listed = payload.get_mut("targets").and_then(|listed| listed.get_mut(target.as_path().as_str()));
    let hashes = made(listed.and_then(|entry| entry.get_mut("hashes")))?;
    set(hashes, "sha256", json!(Digest::of(b"a release of a drill").to_string()));
    Ok((version, payload))
}

fn expire(replica: &Replica, payload: &mut Value) {
    let past = replica.now - SignedDuration::from_secs(1);
    set(payload, "expires", json!(past.strftime("%Y-%m-%dT%H:%M:%SZ").to_string()));
}

fn lapsed(replica: &Replica, role: &Role) -> Result<(u64, Value), NotTried> {
    let (version, mut payload) = next(replica, role)?;
    expire(replica, &mut payload);
    Ok((version, payload))
}

fn expired_listing(replica: &Replica, role: &Role) -> Answered {
    let (version, payload) = lapsed(replica, role)?;
    let signed = replica.signed(role.name(), &payload, usize::MAX);
    Ok(replica.with(made(replica.published(role, version, signed))?).fresh(replica.now))
}

fn timestamp(bytes: Vec<u8>) -> (String, Option<Vec<u8>>) {
    ("metadata/timestamp.json".to_owned(), Some(bytes))
}

fn by_all(replica: &Replica, role: &str, payload: &[u8]) -> Vec<u8> {
    let keys = replica.keys(role).iter();
    let signatures: Vec<_> = keys.map(|key| signature(payload, key, &KeyId::of(&key.public()))).collect();
    envelope(payload, PAYLOAD_TYPE, &signatures)
}

/// A host that has accepted what is published by those who may. If it does not, nothing has been tried.
fn accepted(replica: &Replica, files: Files) -> Result<Client<MemoryStore>, NotTried> {
    let mut client = replica.client()?;
    replica.with(files).update(&mut client, replica.now)?;
    Ok(client)
}

/// A host that has accepted that the first release is revoked; what it was told, and the next version of that.
fn revoked(replica: &Replica, role: &Role) -> Result<(Client<MemoryStore>, Files, Value), NotTried> {
    let target = made(replica.targets.first())?;
    let (version, mut payload) = next(replica, role)?;
    let listed = made(payload.get_mut("targets").and_then(Value::as_object_mut))?;
    let entry = made(listed.remove(target.as_path().as_str()))?;
    let manifest = made(entry.get("hashes").and_then(|hashes| hashes.get("sha256")))?.clone();
    let own = made(payload.get_mut("x-jurat").and_then(Value::as_object_mut))?;
    let all = own.entry("revoked").or_insert_with(|| json!([]));
    made(all.as_array_mut())?.push(manifest);
    let ahead = made(replica.published(role, version, replica.signed(role.name(), &payload, usize::MAX)))?;
    let mut client = replica.client()?;
    let (source, now) = (replica.with(ahead.clone()), replica.now);
    client.refresh(&source, now)?;
    // It is listed no longer: to ask for it is how a host learns that.
    let _ = client.find(&source, target, Freshness::Demanded(now));
    let digest = made(entry.get("hashes").and_then(|hashes| hashes.get("sha256")?.as_str()?.parse().ok()))?;
    if !client.is_revoked(&digest, target) {
        return Err(NotTried::Spoilt("the host does not know of the revocation".to_owned()));
    }
    made(raise(&mut payload))?;
    Ok((client, ahead, payload))
}

/// What the host says when a tenant's role is published after that.
fn proclaimed(
    replica: &Replica,
    client: &mut Client<MemoryStore>,
    ahead: &Files,
    role: &Role,
    payload: &Value,
) -> Answered {
    let version = made(payload.get("version").and_then(Value::as_u64))?;
    let signed = replica.signed(role.name(), payload, usize::MAX);
    let again = made(republished(replica, ahead, role, version, signed))?;
    Ok(replica.with(again).update(client, replica.now))
}

fn foreign_path(Ground { replica, .. }: &Ground) -> Answered {
    let victim = tenant(replica)?;
    let own = made(replica.targets.first())?;
    let name = victim.name().trim_start_matches("t-");
    let wanted: TargetPath = made(format!("t/{name}/jurat-drill/{}.json", own.name()).parse().ok())?;
    let thief: Role = made(INTRUDER.parse().ok())?;
    // The thief lists what the victim lists elsewhere, so that nothing but the path is wrong.
    let mut payload = made(replica.payload(&victim))?;
    let target = payload.get("targets").and_then(|listed| listed.get(own.as_path().as_str())).cloned();
    set(&mut payload, "version", json!(1));
    let mut targets = json!({});
    set(&mut targets, wanted.as_path().as_str(), made(target)?);
    set(&mut payload, "targets", targets);
    let signed = replica.signed(INTRUDER, &payload, usize::MAX);
    let attacked = replica.with(made(replica.published(&thief, 1, signed))?);
    let mut client = replica.client()?;
    client.refresh(&attacked, replica.now)?;
    Ok(attacked.get(&mut client, &wanted, replica.now))
}

/// What is published after something was published: snapshot and timestamp go on from there.
fn republished(replica: &Replica, ahead: &Files, role: &Role, version: u64, bytes: Vec<u8>) -> Option<Files> {
    let newest = |ending: &str| ahead.iter().find(|(file, _)| file.ends_with(ending))?.1.as_deref();
    let payload = |bytes: &[u8]| {
        let envelope = Envelope::parse(bytes, Caps::DEFAULT.targets).ok()?;
        serde_json::from_slice::<Value>(envelope.unverified_payload()).ok()
    };
    let mut snapshot = payload(newest(".snapshot.json")?)?;
    let number = raise(&mut snapshot)?;
    list(&mut snapshot, role, version, &bytes);
    let snapshot = replica.signed("snapshot", &snapshot, usize::MAX);
    let mut top = payload(newest("timestamp.json")?)?;
    raise(&mut top)?;
    list(&mut top, &Role::Snapshot, number, &snapshot);
    Some(vec![
        (format!("metadata/{number}.snapshot.json"), Some(snapshot)),
        timestamp(replica.signed("timestamp", &top, usize::MAX)),
        (format!("metadata/{version}.{role}.json"), Some(bytes)),
    ])
}
