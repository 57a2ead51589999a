//! A copy of a repository whose keys are known, because they were generated for it.

use std::collections::BTreeMap;

use jiff::Timestamp;
use jurat_disk::files::Directory;
use jurat_model::Bytes;
use jurat_trust::publish::Repository;
use jurat_trust::{
    Anchor, Caps, Client, Demands, Envelope, Fetch, FetchError, Freshness, MemoryStore, Role, SafePath, SecretKey,
    TargetPath, UpdateError,
};
use serde_json::Value;

use super::not_tried::{NotTried, part};
use crate::exit::CommandError;
use crate::repository::{WorkingCopy, releases};

mod creation;
mod document;

use creation::Creation;
pub(super) use creation::INTRUDER;
pub(super) use document::{describe, envelope, generate, list, raise, set, signature, signed};

/// Files that an attacker serves; `None` withholds a file.
pub(super) type Files = Vec<(String, Option<Vec<u8>>)>;

/// A copy of a repository. Its metadata is in memory.
pub(super) struct Replica {
    metadata: BTreeMap<String, Vec<u8>>,
    /// The other files, which are not copied.
    rest: Directory,
    keys: BTreeMap<String, Vec<SecretKey>>,
    thresholds: BTreeMap<String, usize>,
    anchor: Anchor,
    pub(super) targets: Vec<TargetPath>,
    pub(super) now: Timestamp,
}

/// A replica of which an attacker has changed files.
pub(super) struct TamperedReplica<'a> {
    replica: &'a Replica,
    changed: BTreeMap<String, Option<Vec<u8>>>,
}

impl Replica {
    /// Copies a repository, and signs it with new keys.
    pub(super) fn of(copy: &WorkingCopy, repository: &Repository, now: Timestamp) -> Result<Self, CommandError> {
        let Creation { keys, thresholds, files: metadata, anchor, .. } = Creation::of(copy, repository, now)?;
        let targets = releases(repository).into_iter().map(|(target, _)| target).collect();
        Ok(Self { metadata, rest: copy.files().clone(), keys, thresholds, anchor, targets, now })
    }

    /// Whether a new host accepts it unchanged.
    pub(super) fn accepts(&self) -> Result<(), UpdateError> {
        self.with([]).fresh(self.now)
    }

    /// The payload of a role.
    pub(super) fn payload(&self, role: &Role) -> Result<Value, NotTried> {
        let (_, bytes) = self.newest(role)?;
        payload(bytes)
    }

    /// The newest file of a role.
    pub(super) fn newest(&self, role: &Role) -> Result<(&str, &Vec<u8>), NotTried> {
        let (own, versioned) = (format!("metadata/{role}.json"), format!("{role}.json"));
        let is_of_role = |file: &str| file == own || file.split_once('.').is_some_and(|(_, rest)| rest == versioned);
        let found = self.metadata.iter().find(|(file, _)| is_of_role(file));
        part(found.map(|(file, bytes)| (file.as_str(), bytes)))
    }

    /// The keys of a role.
    pub(super) fn keys(&self, role: &str) -> Result<&[SecretKey], NotTried> {
        part(self.keys.get(role)).map(Vec::as_slice)
    }

    /// The number of keys that must sign a role.
    pub(super) fn threshold(&self, role: &str) -> Result<usize, NotTried> {
        part(self.thresholds.get(role).copied())
    }

    /// A payload that all keys of a role have signed.
    pub(super) fn signed(&self, role: &str, payload: &Value) -> Result<Vec<u8>, NotTried> {
        signed(payload.to_string().as_bytes(), self.keys(role)?)
    }

    /// The role of the tenant of the first release.
    pub(super) fn tenant(&self) -> Result<Role, NotTried> {
        let target = self.targets.first().ok_or(NotTried::NotApplicable("no release has been published"))?;
        let name = part(target.as_path().as_str().split('/').nth(1))?;
        part(format!("t-{name}").parse().ok())
    }

    /// The files that an attacker with the keys of snapshot and timestamp publishes: other metadata of one role.
    pub(super) fn published(&self, role: &Role, version: u64, envelope: Vec<u8>) -> Result<Files, NotTried> {
        let mut snapshot = self.payload(&Role::Snapshot)?;
        list(&mut snapshot, role, version, &envelope)?;
        let mut files = self.snapshot(snapshot)?;
        files.push((format!("metadata/{version}.{role}.json"), Some(envelope)));
        Ok(files)
    }

    /// The files that such an attacker publishes: another snapshot.
    pub(super) fn snapshot(&self, snapshot: Value) -> Result<Files, NotTried> {
        self.advanced(snapshot, self.payload(&Role::Timestamp)?)
    }

    /// The files that such an attacker publishes after `ahead`: other metadata of one role.
    pub(super) fn republished(
        &self,
        ahead: &Files,
        role: &Role,
        version: u64,
        envelope: Vec<u8>,
    ) -> Result<Files, NotTried> {
        let newest = |suffix: &str| {
            let found = ahead.iter().find(|(file, _)| file.ends_with(suffix));
            payload(part(found.and_then(|(_, bytes)| bytes.as_deref()))?)
        };
        let mut snapshot = newest(".snapshot.json")?;
        list(&mut snapshot, role, version, &envelope)?;
        let mut files = self.advanced(snapshot, newest("timestamp.json")?)?;
        files.push((format!("metadata/{version}.{role}.json"), Some(envelope)));
        Ok(files)
    }

    /// A snapshot and a timestamp with the next versions.
    fn advanced(&self, mut snapshot: Value, mut timestamp: Value) -> Result<Files, NotTried> {
        let version = raise(&mut snapshot)?;
        let snapshot = self.signed("snapshot", &snapshot)?;
        raise(&mut timestamp)?;
        list(&mut timestamp, &Role::Snapshot, version, &snapshot)?;
        let timestamp = self.signed("timestamp", &timestamp)?;
        let files = [(format!("metadata/{version}.snapshot.json"), snapshot), (timestamp_file(), timestamp)];
        Ok(files.map(|(file, bytes)| (file, Some(bytes))).into())
    }

    /// The replica with some files changed.
    pub(super) fn with(&self, changed: impl IntoIterator<Item = (String, Option<Vec<u8>>)>) -> TamperedReplica<'_> {
        TamperedReplica { replica: self, changed: changed.into_iter().collect() }
    }

    /// A host that has only the root.
    pub(super) fn client(&self) -> Result<Client<MemoryStore>, UpdateError> {
        Client::open(self.anchor.clone(), Demands::default(), MemoryStore::default())
    }
}

impl TamperedReplica<'_> {
    /// The answer of a new host.
    pub(super) fn fresh(&self, now: Timestamp) -> Result<(), UpdateError> {
        self.update(&mut self.replica.client()?, now)
    }

    /// The answer of a host that has accepted the unchanged replica.
    pub(super) fn seasoned(&self, now: Timestamp) -> Result<(), UpdateError> {
        let mut client = self.replica.client()?;
        self.replica.with([]).update(&mut client, self.replica.now)?;
        self.update(&mut client, now)
    }

    /// Refreshes a host, which then reads all releases.
    pub(super) fn update(&self, client: &mut Client<MemoryStore>, now: Timestamp) -> Result<(), UpdateError> {
        client.refresh(self, now)?;
        self.replica.targets.iter().try_for_each(|target| self.get(client, target, now))
    }

    /// Reads one release.
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

impl Fetch for TamperedReplica<'_> {
    fn get(&self, file: &SafePath, cap: Bytes) -> Result<Vec<u8>, FetchError> {
        // The cap is ignored on purpose: the host has to enforce it.
        match self.changed.get(file.as_str()) {
            Some(Some(bytes)) => return Ok(bytes.clone()),
            Some(None) => return Err(FetchError::NotFound),
            None => {}
        }
        match self.replica.metadata.get(file.as_str()) {
            Some(bytes) => Ok(bytes.clone()),
            None if file.as_str().starts_with("metadata/") => Err(FetchError::NotFound),
            None => self.replica.rest.get(file, cap),
        }
    }
}

/// The file of the timestamp.
pub(super) fn timestamp_file() -> String {
    "metadata/timestamp.json".to_owned()
}

fn payload(envelope: &[u8]) -> Result<Value, NotTried> {
    let envelope = part(Envelope::parse(envelope, Caps::DEFAULT.targets).ok())?;
    part(serde_json::from_slice(envelope.unverified_payload()).ok())
}
