//! A small repository in memory, whose metadata can be made to say anything, and a host that visits it.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::sync::LazyLock;

use jurat_model::Bytes;
use jurat_trust::{
    Anchor, Client, Demands, Digest, Envelope, Fetch, FetchError, Freshness, KeyId, MemoryStore, Refresh, SafePath,
    SecretKey, StateFile, UpdateError,
};
use serde_json::{Value, json};

/// Asserts that something is refused for this reason: for another one, the case would not show what it is named for.
macro_rules! assert_refused {
    ($outcome:expr, $reason:pat $(if $condition:expr)?) => {
        let outcome = $outcome;
        assert!(matches!(&outcome, Err($reason) $(if $condition)?), "{outcome:?}");
    };
}
pub(crate) use assert_refused;

/// Everything happens then, unless a test says otherwise.
pub(crate) const NOW: &str = "2026-06-01T00:00:00Z";
/// When metadata expires, unless a test says otherwise.
pub(crate) const EXPIRES: &str = "2027-06-01T00:00:00Z";
/// A time before [`NOW`].
pub(crate) const PAST: &str = "2026-05-31T23:59:59Z";
/// The top roles.
const TOP_ROLES: [&str; 4] = ["root", "timestamp", "snapshot", "targets"];

/// The keys of twelve people.
static PEOPLE: LazyLock<Vec<SecretKey>> = LazyLock::new(|| (0..12).map(|_| SecretKey::generate().unwrap()).collect());

pub(crate) fn key_id(person: usize) -> String {
    KeyId::of(&PEOPLE[person].public()).to_string()
}

pub(crate) fn key_entry(person: usize) -> Value {
    let public: String = PEOPLE[person].public().as_bytes().iter().map(|byte| format!("{byte:02x}")).collect();
    json!({ "keytype": "ed25519", "scheme": "ed25519", "keyval": { "public": public } })
}

/// The publisher of the repository, and its server.
pub(crate) struct Workshop {
    /// Of each role, as it is published next.
    payloads: BTreeMap<String, Value>,
    /// The signers of each role, whether the keys are trusted or not.
    signers: BTreeMap<String, Vec<usize>>,
    /// What is served.
    pub(crate) served: BTreeMap<String, Vec<u8>>,
    /// What hosts have asked for.
    asked: RefCell<Vec<String>>,
    /// Whether snapshots and timestamps give lengths and digests.
    pub(crate) gives_digests: bool,
}

impl Workshop {
    /// A repository with one key for each role: those of the first four people.
    pub(crate) fn new() -> Self {
        let payload = |kind: &str| {
            json!({
                "_type": kind, "spec_version": "1.0.34", "version": 0, "expires": EXPIRES, "x-jurat": { "repo": "acme" },
            })
        };
        let mut shop = Self {
            payloads: TOP_ROLES.into_iter().map(|role| (role.to_owned(), payload(role))).collect(),
            signers: BTreeMap::new(),
            served: BTreeMap::new(),
            asked: RefCell::default(),
            gives_digests: true,
        };
        shop.payload("root")["consistent_snapshot"] = true.into();
        for (person, role) in TOP_ROLES.into_iter().enumerate() {
            shop.give_keys(role, 1, &[person], &[person]);
        }
        shop.payload("targets")["targets"] = json!({});
        shop.payload("snapshot")["meta"] = json!({});
        shop.payload("timestamp")["meta"] = json!({});
        shop.publish(&["root", "targets", "snapshot", "timestamp"]);
        shop
    }

    /// What a role says next.
    pub(crate) fn payload(&mut self, role: &str) -> &mut Value {
        self.payloads.get_mut(role).unwrap()
    }

    pub(crate) fn version(&self, role: &str) -> u64 {
        self.payloads[role]["version"].as_u64().unwrap()
    }

    /// Changes in root which keys may sign a top role, and has other keys sign it.
    pub(crate) fn give_keys(&mut self, role: &str, threshold: usize, people: &[usize], signers: &[usize]) {
        let ids: Vec<_> = people.iter().map(|&person| key_id(person)).collect();
        let root = self.payload("root");
        root["roles"][role] = json!({ "keyids": ids, "threshold": threshold });
        for &person in people {
            root["keys"][key_id(person)] = key_entry(person);
        }
        self.sign_with(role, signers);
    }

    /// Has a role signed by these people from now on.
    pub(crate) fn sign_with(&mut self, role: &str, people: &[usize]) {
        self.signers.insert(role.to_owned(), people.to_vec());
    }

    /// Lets one targets role delegate to another, which the person with that number signs.
    pub(crate) fn delegate(&mut self, from: &str, to: &str, person: usize, paths: &[&str], terminating: bool) {
        if !self.payloads.contains_key(to) {
            let mut payload = self.payloads["targets"].clone();
            payload["version"] = 0.into();
            payload["targets"] = json!({});
            payload.as_object_mut().unwrap().remove("delegations");
            self.payloads.insert(to.to_owned(), payload);
        }
        let delegations = &mut self.payload(from)["delegations"];
        if delegations.is_null() {
            *delegations = json!({ "keys": {}, "roles": [] });
        }
        delegations["keys"][key_id(person)] = key_entry(person);
        delegations["roles"].as_array_mut().unwrap().push(json!({
            "name": to, "keyids": [key_id(person)], "threshold": 1, "terminating": terminating, "paths": paths,
        }));
        self.sign_with(to, &[person]);
    }

    /// Lets a role list a release, and serves its manifest. Gives the bytes.
    pub(crate) fn list(&mut self, role: &str, path: &str, release_version: &str) -> Vec<u8> {
        let (directory, name) = path.rsplit_once('/').map_or(("", path), |(directory, name)| (directory, name));
        let config = json!({ "path": "c.yaml", "sha256": Digest::of(b"\n").to_string(), "length": 1, "kind": "business_config" });
        let manifest = json!({
            "schema": "jurat.release/1", "name": name.strip_suffix(".json").unwrap(), "version": release_version,
            "world": "jurat:rule@0.1.0", "files": [config], "components": [],
        });
        let bytes = manifest.to_string().into_bytes();
        let digest = Digest::of(&bytes).to_string();
        self.payload(role)["targets"][path] = json!({
            "length": bytes.len(), "hashes": { "sha256": digest }, "custom": { "kind": "release", "version": release_version },
        });
        let slash = if directory.is_empty() { "" } else { "/" };
        self.served.insert(format!("targets/{directory}{slash}{digest}.{name}"), bytes.clone());
        bytes
    }

    /// Publishes the next version of these roles, in this order. The roles that vouch for one are updated, but published only if named.
    pub(crate) fn publish(&mut self, roles: &[&str]) {
        for role in roles {
            let version = self.version(role) + 1;
            self.payload(role)["version"] = version.into();
            self.publish_as_it_is(role);
        }
    }

    /// Publishes a role under the version that its payload has.
    pub(crate) fn publish_as_it_is(&mut self, role: &str) {
        let (path, bytes) = (self.path(role), self.seal(role));
        self.vouch(role, &bytes);
        self.served.insert(path, bytes);
    }

    /// Where the newest metadata of a role is.
    pub(crate) fn path(&self, role: &str) -> String {
        match role {
            "timestamp" => "metadata/timestamp.json".to_owned(),
            _ => format!("metadata/{}.{role}.json", self.version(role)),
        }
    }

    /// The envelope of a role.
    pub(crate) fn seal(&self, role: &str) -> Vec<u8> {
        let mut envelope = Envelope::unsigned(self.payloads[role].to_string().into_bytes());
        for &person in &self.signers[role] {
            envelope.sign(&PEOPLE[person]).unwrap();
        }
        envelope.to_bytes()
    }

    /// Lets what is served for a role be something else, and updates the role that vouches for it.
    pub(crate) fn replace(&mut self, role: &str, change: impl FnOnce(&mut Value)) {
        let mut document: Value = serde_json::from_slice(&self.served[&self.path(role)]).unwrap();
        change(&mut document);
        let bytes = document.to_string().into_bytes();
        self.vouch(role, &bytes);
        self.served.insert(self.path(role), bytes);
    }

    fn vouch(&mut self, role: &str, bytes: &[u8]) {
        let mut entry = json!({ "version": self.version(role) });
        if self.gives_digests {
            entry["length"] = bytes.len().into();
            entry["hashes"] = json!({ "sha256": Digest::of(bytes).to_string() });
        }
        match role {
            "root" | "timestamp" => {}
            "snapshot" => self.payload("timestamp")["meta"] = json!({ "snapshot.json": entry }),
            _ => self.payload("snapshot")["meta"][format!("{role}.json")] = entry,
        }
    }

    /// What hosts have asked for since the last time, without the directory and the ending.
    pub(crate) fn asked(&self) -> Vec<String> {
        let metadata = |file: &String| {
            file.strip_prefix("metadata/").and_then(|file| file.strip_suffix(".json")).map(ToOwned::to_owned)
        };
        self.asked.take().iter().filter_map(metadata).collect()
    }
}

impl Fetch for Workshop {
    fn get(&self, file: &SafePath, cap: Bytes) -> Result<Vec<u8>, FetchError> {
        self.asked.borrow_mut().push(file.to_string());
        match self.served.get(file.as_str()) {
            None => Err(FetchError::NotFound),
            Some(bytes) if bytes.len() > cap.to_usize() => Err(FetchError::TooLong),
            Some(bytes) => Ok(bytes.clone()),
        }
    }
}

/// A host that is started anew for each visit, as the suite does with its clients.
pub(crate) struct Host {
    anchor: Anchor,
    store: MemoryStore,
}

impl Host {
    /// A host that trusts the first root.
    pub(crate) fn new(shop: &Workshop) -> Self {
        let anchor = Anchor::parse(&shop.served["metadata/1.root.json"], None).unwrap();
        Self { anchor, store: MemoryStore::default() }
    }

    pub(crate) fn refresh(&mut self, shop: &Workshop) -> Result<Refresh, UpdateError> {
        self.refresh_at(shop, NOW)
    }

    pub(crate) fn refresh_at(&mut self, shop: &Workshop, now: &str) -> Result<Refresh, UpdateError> {
        let mut client = Client::open(self.anchor.clone(), Demands::default(), &mut self.store)?;
        client.refresh(shop, now.parse().unwrap())
    }

    /// Refreshes, and gets the manifest that is listed under a path.
    pub(crate) fn get(&mut self, shop: &Workshop, path: &str) -> Result<Vec<u8>, UpdateError> {
        self.get_at(shop, path, NOW)
    }

    pub(crate) fn get_at(&mut self, shop: &Workshop, path: &str, now: &str) -> Result<Vec<u8>, UpdateError> {
        let mut client = Client::open(self.anchor.clone(), Demands::default(), &mut self.store)?;
        client.refresh(shop, now.parse().unwrap())?;
        let listing = client.find(shop, &path.parse().unwrap(), Freshness::Demanded(now.parse().unwrap()))?;
        Ok(listing.manifest(shop)?.bytes().to_vec())
    }

    /// What it keeps, byte by byte.
    pub(crate) fn kept(&self, file: &StateFile) -> Option<&[u8]> {
        self.store.files().find(|(kept, _)| *kept == file).map(|(_, bytes)| bytes)
    }

    /// The versions that it keeps of root, timestamp, snapshot and targets: 0 where there is none.
    pub(crate) fn versions(&self) -> [u64; 4] {
        let anchor = self.anchor.version().get();
        let roots = self.store.files().filter_map(|(file, _)| match file {
            StateFile::Root(version) => Some(version.get()),
            _ => None,
        });
        let version = |file: &StateFile| {
            let envelope = Envelope::parse(self.kept(file)?, Bytes::mebi(1)).unwrap();
            serde_json::from_slice::<Value>(envelope.unverified_payload()).unwrap()["version"].as_u64()
        };
        let [timestamp, snapshot, targets] = [StateFile::Timestamp, StateFile::Snapshot, StateFile::Targets]
            .map(|file| version(&file).unwrap_or_default());
        [roots.max().unwrap_or(anchor), timestamp, snapshot, targets]
    }
}
