//! Attacks with keys of a tenant.

use jurat_trust::{Client, Freshness, KeyId, MemoryStore, PAYLOAD_TYPE, Role, TargetPath};
use serde_json::{Value, json};

use super::steps::{needs_two, next, relisted};
use crate::command::simulate::drill::{Attempt, Drill, Repositories};
use crate::command::simulate::expected::{Expected, Of};
use crate::command::simulate::not_tried::{NotTried, part};
use crate::command::simulate::replica::{Files, INTRUDER, Replica, envelope, raise, set, signature, signed};

const BELOW: &str = "the CDN, all online keys, and fewer keys of a tenant than its threshold";
const TENANT: &str = "the CDN, all online keys, and the keys of a tenant";

pub(super) const DRILLS: &[Drill] = &[
    Drill {
        name: "too_few_tenant_keys",
        has: BELOW,
        does: "lists a new release with one signature too few",
        expected: Expected::Signatures(Of::Tenant),
        attack: |Repositories { replica, .. }| {
            let role = replica.tenant()?;
            let threshold = needs_two(replica, role.name())?;
            let (version, payload) = relisted(replica, &role)?;
            let stolen = replica.keys(role.name())?.iter().take(threshold - 1);
            let signed = signed(payload.to_string().as_bytes(), stolen)?;
            Ok(replica.with(replica.published(&role, version, signed)?).seasoned(replica.now))
        },
    },
    Drill {
        name: "one_key_under_two_ids",
        has: BELOW,
        does: "signs a new release with one key under the ids of all",
        expected: Expected::Signatures(Of::Tenant),
        attack: |Repositories { replica, .. }| {
            let role = replica.tenant()?;
            needs_two(replica, role.name())?;
            let (version, payload) = relisted(replica, &role)?;
            let payload = payload.to_string().into_bytes();
            let keys = replica.keys(role.name())?;
            let stolen = part(keys.first())?;
            let ids = keys.iter().map(|key| KeyId::of(&key.public()));
            let signatures = ids.map(|id| signature(&payload, stolen, &id)).collect::<Result<Vec<_>, _>>()?;
            let forged = envelope(&payload, PAYLOAD_TYPE, &signatures);
            Ok(replica.with(replica.published(&role, version, forged)?).seasoned(replica.now))
        },
    },
    Drill {
        name: "path_of_another_tenant",
        has: TENANT,
        does: "lists a release under a path of another tenant",
        expected: Expected::Unlisted,
        attack: foreign_path,
    },
    Drill {
        name: "revoked_again",
        has: TENANT,
        does: "lists a manifest again that the tenant has revoked",
        expected: Expected::Revoked,
        attack: |Repositories { replica, .. }| {
            let role = replica.tenant()?;
            let Revoked { mut client, ahead, mut payload } = revoke(replica, &role)?;
            let target = part(replica.targets.first())?;
            let before = replica.payload(&role)?;
            let entry = part(before.get("targets").and_then(|listed| listed.get(target.as_path().as_str())))?;
            set(part(payload.get_mut("targets"))?, target.as_path().as_str(), entry.clone())?;
            publish_after(replica, &mut client, &ahead, &role, &payload)
        },
    },
    Drill {
        name: "revocation_withdrawn",
        has: TENANT,
        does: "withdraws the revocation, and lists the manifest again",
        expected: Expected::Unrevoked,
        attack: |Repositories { replica, .. }| {
            let role = replica.tenant()?;
            let Revoked { mut client, ahead, payload: revoked } = revoke(replica, &role)?;
            let mut payload = replica.payload(&role)?;
            set(&mut payload, "version", part(revoked.get("version"))?.clone())?;
            publish_after(replica, &mut client, &ahead, &role, &payload)
        },
    },
];

/// The state after a revocation.
struct Revoked {
    /// A host that has accepted it.
    client: Client<MemoryStore>,
    /// The files that it has accepted.
    ahead: Files,
    /// The payload of the tenant with the next version.
    payload: Value,
}

/// Revokes the first release.
fn revoke(replica: &Replica, role: &Role) -> Result<Revoked, NotTried> {
    let target = part(replica.targets.first())?;
    let (version, mut payload) = next(replica, role)?;
    let listed = part(payload.get_mut("targets").and_then(Value::as_object_mut))?;
    let entry = part(listed.remove(target.as_path().as_str()))?;
    let manifest = part(entry.get("hashes").and_then(|hashes| hashes.get("sha256")))?.clone();
    let own = part(payload.get_mut("x-jurat").and_then(Value::as_object_mut))?;
    let revoked = own.entry("revoked").or_insert_with(|| json!([]));
    part(revoked.as_array_mut())?.push(manifest.clone());
    let ahead = replica.published(role, version, replica.signed(role.name(), &payload)?)?;
    let mut client = replica.client()?;
    let (source, now) = (replica.with(ahead.clone()), replica.now);
    client.refresh(&source, now)?;
    // The release is no longer listed, so this fails. The host learns of the revocation from it.
    let _ = client.find(&source, target, Freshness::Demanded(now));
    let digest = part(manifest.as_str().and_then(|digest| digest.parse().ok()))?;
    if !client.is_revoked(&digest, target) {
        return Err(NotTried::SetupFailed("the host did not accept the revocation".to_owned()));
    }
    raise(&mut payload)?;
    Ok(Revoked { client, ahead, payload })
}

/// Publishes the role of a tenant after other files.
fn publish_after(
    replica: &Replica,
    client: &mut Client<MemoryStore>,
    ahead: &Files,
    role: &Role,
    payload: &Value,
) -> Attempt {
    let version = part(payload.get("version").and_then(Value::as_u64))?;
    let signed = replica.signed(role.name(), payload)?;
    let again = replica.republished(ahead, role, version, signed)?;
    Ok(replica.with(again).update(client, replica.now))
}

fn foreign_path(Repositories { replica, .. }: &Repositories) -> Attempt {
    let victim = replica.tenant()?;
    let own = part(replica.targets.first())?;
    let name = victim.name().trim_start_matches("t-");
    let wanted: TargetPath = part(format!("t/{name}/jurat-drill/{}.json", own.name()).parse().ok())?;
    let intruder: Role = part(INTRUDER.parse().ok())?;
    // The intruder lists a valid release of the victim, so that only the path is wrong.
    let mut payload = replica.payload(&victim)?;
    let target = payload.get("targets").and_then(|listed| listed.get(own.as_path().as_str())).cloned();
    set(&mut payload, "version", json!(1))?;
    let mut targets = json!({});
    set(&mut targets, wanted.as_path().as_str(), part(target)?)?;
    set(&mut payload, "targets", targets)?;
    let signed = replica.signed(INTRUDER, &payload)?;
    let tampered = replica.with(replica.published(&intruder, 1, signed)?);
    let mut client = replica.client()?;
    client.refresh(&tampered, replica.now)?;
    Ok(tampered.get(&mut client, &wanted, replica.now))
}
