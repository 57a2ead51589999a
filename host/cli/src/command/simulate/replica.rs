//! A copy of a repository with keys that are known.

use std::collections::{BTreeMap, BTreeSet};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use jiff::{SignedDuration, Timestamp};
use jurat_disk::files::Directory;
use jurat_model::Bytes;
use jurat_trust::publish::Repository;
use jurat_trust::{
    Anchor, Caps, Client, Demands, Digest, Envelope, Fetch, FetchError, Freshness, KeyId, MemoryStore, PAYLOAD_TYPE,
    Role, SafePath, SecretKey, TargetPath, UpdateError,
};
use serde_json::{Map, Value, json};

use crate::exit::{Exit, Failure};
use crate::repository::{WorkingCopy, releases};

/// How long the copy's timestamp is valid. An expiry is one of the attacks, not a reason for them to fail.
const FRESH: SignedDuration = SignedDuration::from_hours(24);
/// How long all else in the copy is valid.
const VALID: SignedDuration = SignedDuration::from_hours(7 * 24);

/// A tenant that only the copy has: the one who wants what is another's.
pub(super) const INTRUDER: &str = "t-jurat-drill";

/// A repository in memory.
pub(super) struct Replica {
    files: BTreeMap<String, Vec<u8>>,
    /// What is not metadata.
    rest: Directory,
    keys: BTreeMap<String, Vec<SecretKey>>,
    thresholds: BTreeMap<String, usize>,
    anchor: Anchor,
    pub(super) targets: Vec<TargetPath>,
    pub(super) now: Timestamp,
}

/// A replica with some files changed.
pub(super) struct Attacked<'a> {
    replica: &'a Replica,
    /// None: the file is not given.
    changed: BTreeMap<String, Option<Vec<u8>>>,
}

impl Replica {
    /// Copies a repository, and signs it with keys that are made here.
    pub(super) fn of(copy: &WorkingCopy, repository: &Repository, now: Timestamp) -> Result<Self, Failure> {
        let mut making =
            Making { copy, now, keys: BTreeMap::new(), thresholds: BTreeMap::new(), files: BTreeMap::new() };
        let version = |role: &Role| {
            let status = repository.roles().into_iter().find(|status| status.role == *role);
            status.and_then(|status| status.published).map(|(version, _)| version).ok_or_else(|| {
                Failure::new(Exit::Trust, format!("{}: nothing in it has been published", copy.root().display()))
            })
        };
        let mut snapshot = making.payload(&Role::Snapshot.file(version(&Role::Snapshot)?))?;
        let root_file = Role::Root.file(version(&Role::Root)?);
        let mut root = making.payload(&root_file)?;
        making.replace_keys(&mut root, None)?;
        let root = making.sign(Role::Root.name(), &mut root)?;
        let anchor = Anchor::parse(&root, None)
            .map_err(|error| Failure::about(Exit::Host, "the copy cannot be signed", &error))?;
        making.files.insert(root_file.to_string(), root);

        let targets_version = version(&Role::Targets)?;
        let targets_file = Role::Targets.file(targets_version);
        let mut targets = making.payload(&targets_file)?;
        making.replace_keys(&mut targets, Some(()))?;
        let tenants: BTreeSet<_> = making.thresholds.keys().filter(|role| role.starts_with("t-")).cloned().collect();
        for role in &tenants {
            let role: Role = role.parse().map_err(|error| Failure::about(Exit::Host, role, &error))?;
            // A tenant that has published nothing yet has no metadata.
            let Ok(version) = version(&role) else { continue };
            let file = role.file(version);
            let mut payload = making.payload(&file)?;
            let envelope = making.sign(role.name(), &mut payload)?;
            list(&mut snapshot, &role, version.get(), &envelope);
            making.files.insert(file.to_string(), envelope);
        }
        making.add_intruder(&mut targets)?;
        let targets = making.sign(Role::Targets.name(), &mut targets)?;
        list(&mut snapshot, &Role::Targets, targets_version.get(), &targets);
        making.files.insert(targets_file.to_string(), targets);

        let file = Role::Snapshot.file(version(&Role::Snapshot)?);
        let number = snapshot.get("version").and_then(Value::as_u64).unwrap_or(1);
        let snapshot = making.sign(Role::Snapshot.name(), &mut snapshot)?;
        making.files.insert(file.to_string(), snapshot.clone());
        let file = Role::Timestamp.file(version(&Role::Timestamp)?);
        let mut timestamp = making.payload(&file)?;
        list(&mut timestamp, &Role::Snapshot, number, &snapshot);
        let timestamp = making.sign(Role::Timestamp.name(), &mut timestamp)?;
        making.files.insert(file.to_string(), timestamp);

        let Making { keys, thresholds, files, .. } = making;
        let targets = releases(repository).into_iter().map(|(target, _)| target).collect();
        Ok(Self { files, rest: copy.files().clone(), keys, thresholds, anchor, targets, now })
    }

    /// Whether a host that has seen nothing accepts it as it is.
    pub(super) fn accepts(&self) -> Result<(), UpdateError> {
        self.with([]).fresh(self.now)
    }

    /// What a role says.
    pub(super) fn payload(&self, role: &Role) -> Option<Value> {
        let (_, bytes) = self.newest(role)?;
        let envelope = Envelope::parse(bytes, Caps::DEFAULT.targets).ok()?;
        serde_json::from_slice(envelope.unverified_payload()).ok()
    }

    /// The newest file of a role.
    pub(super) fn newest(&self, role: &Role) -> Option<(&str, &Vec<u8>)> {
        let (own, versioned) = (format!("metadata/{role}.json"), format!("{role}.json"));
        let is_of_role = |file: &str| file == own || file.split_once('.').is_some_and(|(_, rest)| rest == versioned);
        let found = self.files.iter().find(|(file, _)| is_of_role(file));
        found.map(|(file, bytes)| (file.as_str(), bytes))
    }

    /// A payload signed by the first so many keys of a role.
    pub(super) fn signed(&self, role: &str, payload: &Value, count: usize) -> Vec<u8> {
        let keys = self.keys.get(role).map(Vec::as_slice).unwrap_or_default();
        sign(payload, keys.get(..count).unwrap_or(keys))
    }

    /// How many keys must sign a role.
    pub(super) fn threshold(&self, role: &str) -> usize {
        self.thresholds.get(role).copied().unwrap_or(1)
    }

    /// The role of the first release's tenant.
    pub(super) fn tenant(&self) -> Option<Role> {
        let path = self.targets.first()?.as_path().as_str();
        format!("t-{}", path.split('/').nth(1)?).parse().ok()
    }

    /// What somebody publishes who has stolen the keys of snapshot and timestamp: other metadata of one role.
    pub(super) fn published(
        &self,
        role: &Role,
        version: u64,
        envelope: Vec<u8>,
    ) -> Option<Vec<(String, Option<Vec<u8>>)>> {
        let mut snapshot = self.payload(&Role::Snapshot)?;
        list(&mut snapshot, role, version, &envelope);
        let mut files = self.snapshot(snapshot)?;
        files.push((format!("metadata/{version}.{role}.json"), Some(envelope)));
        Some(files)
    }

    /// The same with another snapshot.
    pub(super) fn snapshot(&self, mut snapshot: Value) -> Option<Vec<(String, Option<Vec<u8>>)>> {
        let number = raise(&mut snapshot)?;
        let bytes = self.signed("snapshot", &snapshot, usize::MAX);
        let mut timestamp = self.payload(&Role::Timestamp)?;
        raise(&mut timestamp)?;
        list(&mut timestamp, &Role::Snapshot, number, &bytes);
        let timestamp = self.signed("timestamp", &timestamp, usize::MAX);
        let files =
            [(format!("metadata/{number}.snapshot.json"), bytes), ("metadata/timestamp.json".into(), timestamp)];
        Some(files.map(|(file, bytes)| (file, Some(bytes))).into())
    }

    /// The replica with other files.
    pub(super) fn with(&self, changed: impl IntoIterator<Item = (String, Option<Vec<u8>>)>) -> Attacked<'_> {
        Attacked { replica: self, changed: changed.into_iter().collect() }
    }

    pub(super) fn client(&self) -> Result<Client<MemoryStore>, UpdateError> {
        Client::open(self.anchor.clone(), Demands::default(), MemoryStore::default())
    }
}

impl Attacked<'_> {
    /// What a host says that has seen nothing before.
    pub(super) fn fresh(&self, now: Timestamp) -> Result<(), UpdateError> {
        self.update(&mut self.replica.client()?, now)
    }

    /// What a host says that has seen the replica as it was.
    pub(super) fn seasoned(&self, now: Timestamp) -> Result<(), UpdateError> {
        let mut client = self.replica.client()?;
        self.replica.with([]).update(&mut client, self.replica.now)?;
        self.update(&mut client, now)
    }

    /// Refreshes, and gets all releases.
    pub(super) fn update(&self, client: &mut Client<MemoryStore>, now: Timestamp) -> Result<(), UpdateError> {
        client.refresh(self, now)?;
        self.replica.targets.iter().try_for_each(|target| self.get(client, target, now))
    }

    /// Gets one release.
    pub(super) fn get(
        &self,
        client: &mut Client<MemoryStore>,
        target: &TargetPath,
        now: Timestamp,
    ) -> Result<(), UpdateError> {
        let listing = client.find(self, target, Freshness::Demanded(now))?;
        listing.manifest(self)?.release(self).map(|_| ())
    }
}

impl Fetch for Attacked<'_> {
    fn get(&self, file: &SafePath, cap: Bytes) -> Result<Vec<u8>, FetchError> {
        // What has no end is given without one: it is for the host to stop.
        match self.changed.get(file.as_str()) {
            Some(Some(bytes)) => return Ok(bytes.clone()),
            Some(None) => return Err(FetchError::NotFound),
            None => {}
        }
        match self.replica.files.get(file.as_str()) {
            Some(bytes) => Ok(bytes.clone()),
            None if file.as_str().starts_with("metadata/") => Err(FetchError::NotFound),
            None => self.replica.rest.get(file, cap),
        }
    }
}

/// A replica on its way.
struct Making<'a> {
    copy: &'a WorkingCopy,
    now: Timestamp,
    keys: BTreeMap<String, Vec<SecretKey>>,
    thresholds: BTreeMap<String, usize>,
    files: BTreeMap<String, Vec<u8>>,
}

impl Making<'_> {
    fn payload(&self, file: &SafePath) -> Result<Value, Failure> {
        let shown = self.copy.root().join(file.as_str());
        let about = |error: &(dyn std::error::Error + 'static)| Failure::about(Exit::Trust, shown.display(), error);
        let bytes = self.copy.files().get(file, Caps::DEFAULT.targets).map_err(|error| about(&error))?;
        let envelope = Envelope::parse(&bytes, Caps::DEFAULT.targets).map_err(|error| about(&error))?;
        serde_json::from_slice(envelope.unverified_payload()).map_err(|error| about(&error))
    }

    fn sign(&self, role: &str, payload: &mut Value) -> Result<Vec<u8>, Failure> {
        let valid = if role == Role::Timestamp.name() { FRESH } else { VALID };
        let expires = (self.now + valid).strftime("%Y-%m-%dT%H:%M:%SZ").to_string();
        set(payload, "expires", json!(expires));
        let keys = self.keys.get(role).map(Vec::as_slice).unwrap_or_default();
        Ok(sign(payload, keys))
    }

    /// Puts new keys in the place of all that root or targets name.
    fn replace_keys(&mut self, payload: &mut Value, delegations: Option<()>) -> Result<(), Failure> {
        let holder = match delegations {
            Some(()) => payload.get_mut("delegations"),
            None => Some(payload),
        };
        // Targets without any tenant need not say so.
        let Some(Value::Object(holder)) = holder else { return Ok(()) };
        let mut described = Map::new();
        let roles: Vec<(String, &mut Value)> = match holder.get_mut("roles") {
            Some(Value::Object(roles)) => roles.iter_mut().map(|(name, role)| (name.clone(), role)).collect(),
            Some(Value::Array(roles)) => {
                let named = |role: &Value| role.get("name").and_then(Value::as_str).map(str::to_owned);
                roles.iter_mut().filter_map(|role| Some((named(role)?, role))).collect()
            }
            _ => Vec::new(),
        };
        for (name, role) in roles {
            let count = role.get("keyids").and_then(Value::as_array).map_or(1, Vec::len);
            let threshold = role.get("threshold").and_then(Value::as_u64).unwrap_or(1);
            let keys = generate(count)?;
            set(role, "keyids", keys.iter().map(|key| KeyId::of(&key.public()).to_string()).collect());
            describe(&mut described, &keys);
            self.thresholds.insert(name.clone(), usize::try_from(threshold).unwrap_or(usize::MAX));
            self.keys.insert(name, keys);
        }
        holder.insert("keys".to_owned(), Value::Object(described));
        Ok(())
    }

    /// Gives the attacker a role of their own, for paths of their own.
    fn add_intruder(&mut self, targets: &mut Value) -> Result<(), Failure> {
        let keys = generate(1)?;
        let id = KeyId::of(&first(&keys)?.public()).to_string();
        let tenant = INTRUDER.trim_start_matches("t-");
        let role = json!({
            "name": INTRUDER, "keyids": [id], "threshold": 1, "terminating": true,
            "paths": [format!("t/{tenant}/*/*.json")],
        });
        if targets.get("delegations").is_none() {
            set(targets, "delegations", json!({"keys": {}, "roles": []}));
        }
        let delegations = targets.get_mut("delegations").and_then(Value::as_object_mut);
        if let Some(delegations) = delegations {
            if let Some(Value::Object(described)) = delegations.get_mut("keys") {
                describe(described, &keys);
            }
            if let Some(Value::Array(roles)) = delegations.get_mut("roles") {
                roles.push(role);
            }
        }
        self.thresholds.insert(INTRUDER.to_owned(), 1);
        self.keys.insert(INTRUDER.to_owned(), keys);
        Ok(())
    }
}

/// Puts a value into an object.
pub(super) fn set(object: &mut Value, key: &str, value: Value) {
    if let Some(object) = object.as_object_mut() {
        object.insert(key.to_owned(), value);
    }
}

/// Gives a payload the next version.
pub(super) fn raise(payload: &mut Value) -> Option<u64> {
    let next = payload.get("version")?.as_u64()? + 1;
    set(payload, "version", json!(next));
    Some(next)
}

/// Has a snapshot or a timestamp list a file.
pub(super) fn list(payload: &mut Value, role: &Role, version: u64, bytes: &[u8]) {
    let entry = json!({
        "version": version, "length": bytes.len(), "hashes": {"sha256": Digest::of(bytes).to_string()},
    });
    if let Some(meta) = payload.get_mut("meta") {
        set(meta, &role.listed_as(), entry);
    }
}

/// An envelope by hand, which may say what no envelope should.
pub(super) fn envelope(payload: &[u8], payload_type: &str, signatures: &[Value]) -> Vec<u8> {
    let payload = STANDARD.encode(payload);
    json!({"payload": payload, "payloadType": payload_type, "signatures": signatures}).to_string().into_bytes()
}

/// One signature of an envelope.
pub(super) fn signature(payload: &[u8], key: &SecretKey, key_id: &KeyId) -> Value {
    let message = jurat_trust::pre_authentication_encoding(PAYLOAD_TYPE, payload);
    let signature = jurat_trust::Signer::sign(key, &message).map(|bytes| STANDARD.encode(bytes)).unwrap_or_default();
    json!({"keyid": key_id.to_string(), "sig": signature})
}

fn sign(payload: &Value, keys: &[SecretKey]) -> Vec<u8> {
    let payload = payload.to_string().into_bytes();
    let signatures: Vec<_> = keys.iter().map(|key| signature(&payload, key, &KeyId::of(&key.public()))).collect();
    envelope(&payload, PAYLOAD_TYPE, &signatures)
}

/// New keys.
pub(super) fn generate(count: usize) -> Result<Vec<SecretKey>, Failure> {
    let made = (0..count).map(|_| SecretKey::generate()).collect::<Result<_, _>>();
    made.map_err(|error| Failure::about(Exit::Host, "no key could be made", &error))
}

/// Describes keys as metadata does.
pub(super) fn describe(described: &mut Map<String, Value>, keys: &[SecretKey]) {
    for key in keys.iter().map(SecretKey::public) {
        let public: String = key.as_bytes().iter().map(|byte| format!("{byte:02x}")).collect();
        let value = json!({"keytype": "ed25519", "scheme": "ed25519", "keyval": {"public": public}});
        described.insert(KeyId::of(&key).to_string(), value);
    }
}

fn first(keys: &[SecretKey]) -> Result<&SecretKey, Failure> {
    keys.first().ok_or_else(|| Failure::new(Exit::Host, "no key could be made"))
}

impl Replica {
    /// The keys of a role.
    pub(super) fn keys(&self, role: &str) -> &[SecretKey] {
        self.keys.get(role).map(Vec::as_slice).unwrap_or_default()
    }
}
