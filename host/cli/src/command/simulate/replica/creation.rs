//! Creates a copy of a repository with other keys.

use std::collections::{BTreeMap, BTreeSet};

use jiff::{SignedDuration, Timestamp};
use jurat_model::Blame;
use jurat_trust::publish::Repository;
use jurat_trust::{Anchor, Caps, Envelope, Fetch, KeyId, Role, SafePath, SecretKey};
use serde_json::{Map, Value, json};

use super::document::{describe, generate, list, set, signed};
use crate::command::simulate::not_tried::{NotTried, part};
use crate::exit::CommandError;
use crate::repository::WorkingCopy;

/// The lifetime of the timestamp of the copy. It must not expire during the attacks.
const TIMESTAMP_LIFETIME: SignedDuration = SignedDuration::from_hours(24);
/// The lifetime of all other metadata of the copy.
const LIFETIME: SignedDuration = SignedDuration::from_hours(7 * 24);

/// A tenant that only the copy has: the attacker's.
pub(in crate::command::simulate) const INTRUDER: &str = "t-jurat-drill";

/// A signed copy of the metadata of a repository.
pub(super) struct Creation<'a> {
    copy: &'a WorkingCopy,
    now: Timestamp,
    /// The keys of each role.
    pub(super) keys: BTreeMap<String, Vec<SecretKey>>,
    /// The number of keys that must sign each role.
    pub(super) thresholds: BTreeMap<String, usize>,
    /// The metadata files.
    pub(super) files: BTreeMap<String, Vec<u8>>,
    /// The root of the copy.
    pub(super) anchor: Anchor,
}

/// The keys of one holder, root or targets, which have been replaced.
struct Replaced {
    keys: BTreeMap<String, Vec<SecretKey>>,
    thresholds: BTreeMap<String, usize>,
}

impl<'a> Creation<'a> {
    /// Copies all metadata, and signs it with new keys.
    pub(super) fn of(copy: &'a WorkingCopy, repository: &Repository, now: Timestamp) -> Result<Self, CommandError> {
        let version = |role: &Role| {
            let status = repository.roles().into_iter().find(|status| status.role == *role);
            status.and_then(|status| status.published).map(|(version, _)| version)
        };
        let file = |role: &Role| {
            version(role).map(|version| role.file(version)).ok_or_else(|| {
                CommandError::new(Blame::Source, format!("{}: nothing has been published", copy.root().display()))
            })
        };
        let root_file = file(&Role::Root)?;
        let mut root = payload(copy, &root_file)?;
        let Replaced { keys, thresholds } = replace_keys(Some(&mut root))?;
        let root = sign(&keys, now, &Role::Root, &mut root)?;
        let anchor = Anchor::parse(&root, None)
            .map_err(|error| CommandError::about(Blame::Host, "the copy cannot be signed", &error))?;
        let files = BTreeMap::from([(root_file.to_string(), root)]);
        let mut this = Self { copy, now, keys, thresholds, files, anchor };

        let targets_file = file(&Role::Targets)?;
        let mut targets = payload(copy, &targets_file)?;
        let Replaced { keys, thresholds } = replace_keys(targets.get_mut("delegations"))?;
        let tenants: BTreeSet<_> = keys.keys().cloned().collect();
        this.keys.extend(keys);
        this.thresholds.extend(thresholds);

        let mut snapshot = payload(copy, &file(&Role::Snapshot)?)?;
        for role in &tenants {
            let role: Role = role.parse().map_err(|error| CommandError::about(Blame::Host, role, &error))?;
            // A tenant that has published nothing has no metadata.
            let Some(version) = version(&role) else { continue };
            let envelope = this.copied(&role, &role.file(version))?;
            list(&mut snapshot, &role, version.get(), &envelope)?;
        }
        this.add_intruder(&mut targets)?;
        let targets = this.add(&Role::Targets, &targets_file, targets)?;
        let targets_version = part(version(&Role::Targets))?;
        list(&mut snapshot, &Role::Targets, targets_version.get(), &targets)?;

        let number = part(snapshot.get("version").and_then(Value::as_u64))?;
        let snapshot = this.add(&Role::Snapshot, &file(&Role::Snapshot)?, snapshot)?;
        let timestamp_file = file(&Role::Timestamp)?;
        let mut timestamp = payload(copy, &timestamp_file)?;
        list(&mut timestamp, &Role::Snapshot, number, &snapshot)?;
        this.add(&Role::Timestamp, &timestamp_file, timestamp)?;
        Ok(this)
    }

    /// Adds a role as it is in the repository.
    fn copied(&mut self, role: &Role, file: &SafePath) -> Result<Vec<u8>, CommandError> {
        let payload = payload(self.copy, file)?;
        Ok(self.add(role, file, payload)?)
    }

    /// Signs a payload and adds it.
    fn add(&mut self, role: &Role, file: &SafePath, mut payload: Value) -> Result<Vec<u8>, NotTried> {
        let envelope = sign(&self.keys, self.now, role, &mut payload)?;
        self.files.insert(file.to_string(), envelope.clone());
        Ok(envelope)
    }

    /// Gives the attacker a role with its own paths.
    fn add_intruder(&mut self, targets: &mut Value) -> Result<(), NotTried> {
        let keys = generate(1)?;
        let ids: Vec<_> = keys.iter().map(|key| KeyId::of(&key.public()).to_string()).collect();
        let tenant = INTRUDER.trim_start_matches("t-");
        let role = json!({
            "name": INTRUDER, "keyids": ids, "threshold": 1, "terminating": true,
            "paths": [format!("t/{tenant}/*/*.json")],
        });
        if targets.get("delegations").is_none() {
            set(targets, "delegations", json!({"keys": {}, "roles": []}))?;
        }
        let delegations = part(targets.get_mut("delegations"))?;
        describe(part(delegations.get_mut("keys").and_then(Value::as_object_mut))?, &keys);
        part(delegations.get_mut("roles").and_then(Value::as_array_mut))?.push(role);
        self.thresholds.insert(INTRUDER.to_owned(), 1);
        self.keys.insert(INTRUDER.to_owned(), keys);
        Ok(())
    }
}

/// The payload of a file of the repository.
fn payload(copy: &WorkingCopy, file: &SafePath) -> Result<Value, CommandError> {
    let shown = copy.root().join(file.as_str());
    let about = |error: &(dyn std::error::Error + 'static)| CommandError::about(Blame::Source, shown.display(), error);
    let bytes = copy.files().get(file, Caps::DEFAULT.targets).map_err(|error| about(&error))?;
    let envelope = Envelope::parse(&bytes, Caps::DEFAULT.targets).map_err(|error| about(&error))?;
    serde_json::from_slice(envelope.unverified_payload()).map_err(|error| about(&error))
}

/// Signs a payload with all keys of its role, and a new expiry.
fn sign(
    keys: &BTreeMap<String, Vec<SecretKey>>,
    now: Timestamp,
    role: &Role,
    payload: &mut Value,
) -> Result<Vec<u8>, NotTried> {
    let lifetime = if *role == Role::Timestamp { TIMESTAMP_LIFETIME } else { LIFETIME };
    let expires = (now + lifetime).strftime("%Y-%m-%dT%H:%M:%SZ").to_string();
    set(payload, "expires", json!(expires))?;
    signed(payload.to_string().as_bytes(), part(keys.get(role.name()))?)
}

/// Replaces all keys that root or targets lists.
fn replace_keys(holder: Option<&mut Value>) -> Result<Replaced, NotTried> {
    let mut replaced = Replaced { keys: BTreeMap::new(), thresholds: BTreeMap::new() };
    // Targets without a tenant need not have delegations.
    let Some(holder) = holder else { return Ok(replaced) };
    let holder = part(holder.as_object_mut())?;
    let roles: Vec<(String, &mut Value)> = match part(holder.get_mut("roles"))? {
        Value::Object(roles) => roles.iter_mut().map(|(name, role)| (name.clone(), role)).collect(),
        Value::Array(roles) => {
            let named = |role: &Value| part(role.get("name").and_then(Value::as_str)).map(str::to_owned);
            roles.iter_mut().map(|role| Ok((named(role)?, role))).collect::<Result<_, NotTried>>()?
        }
        _ => return part(None),
    };
    let mut described = Map::new();
    for (name, role) in roles {
        let count = part(role.get("keyids").and_then(Value::as_array).map(Vec::len))?;
        let threshold = part(role.get("threshold").and_then(Value::as_u64))?;
        let keys = generate(count)?;
        set(role, "keyids", keys.iter().map(|key| KeyId::of(&key.public()).to_string()).collect())?;
        describe(&mut described, &keys);
        replaced.thresholds.insert(name.clone(), part(usize::try_from(threshold).ok())?);
        replaced.keys.insert(name, keys);
    }
    holder.insert("keys".to_owned(), Value::Object(described));
    Ok(replaced)
}
