//! Metadata that the command line would not make, signed all the same.

use std::fs;

use jurat_model::Bytes;
use jurat_trust::{Digest, Envelope, SecretKey};
use serde_json::{Value, json};

use crate::site::{Site, TARGET};

/// The file that hosts read first.
pub const METADATA: &str = "repository/metadata/timestamp.json";

/// The role of the tenant.
const ROLE: &str = "t-demo";

impl Site {
    /// The file with the metadata of the tenant that hosts see.
    #[must_use]
    pub fn metadata(&self) -> String {
        let snapshot = payload_of(&self.read(&self.snapshot()));
        file(snapshot["meta"][format!("{ROLE}.json")]["version"].as_u64().unwrap(), ROLE)
    }

    /// The file with the snapshot that hosts see.
    #[must_use]
    pub fn snapshot(&self) -> String {
        let timestamp = payload_of(&self.read(METADATA));
        file(timestamp["meta"]["snapshot.json"]["version"].as_u64().unwrap(), "snapshot")
    }

    /// What the metadata of the tenant says.
    #[must_use]
    pub fn payload(&self) -> Value {
        payload_of(&self.read(&self.metadata()))
    }

    /// Makes the tenant say something else, signed with the keys. All else that hosts see fits: only these signatures are in
    /// question.
    pub fn proclaim(&self, payload: &Value, keys: &[&str]) {
        self.proclaim_envelope(payload["version"].as_u64(), &self.signed_by(payload, keys));
    }

    /// The same with an envelope that is there already; without a version, instead of what hosts see.
    pub fn proclaim_envelope(&self, version: Option<u64>, envelope: &[u8]) {
        let old = self.metadata();
        let version = version.unwrap_or_else(|| {
            let name = old.rsplit('/').next().unwrap();
            name.split('.').next().unwrap().parse().unwrap()
        });
        self.write(file(version, ROLE), envelope);

        let mut snapshot = payload_of(&self.read(&self.snapshot()));
        snapshot["meta"][format!("{ROLE}.json")] = listed(version, envelope);
        let number = snapshot["version"].as_u64().unwrap() + 1;
        snapshot["version"] = json!(number);
        let snapshot = self.signed_by(&snapshot, &["snapshot"]);
        self.write(file(number, "snapshot"), &snapshot);

        let mut timestamp = payload_of(&self.read(METADATA));
        timestamp["meta"]["snapshot.json"] = listed(number, &snapshot);
        timestamp["version"] = json!(timestamp["version"].as_u64().unwrap() + 1);
        self.write(METADATA, self.signed_by(&timestamp, &["timestamp"]));
    }

    /// An envelope with a payload, signed with the keys.
    #[must_use]
    pub fn signed_by(&self, payload: &Value, keys: &[&str]) -> Vec<u8> {
        let mut envelope = Envelope::unsigned(serde_json::to_vec(payload).unwrap());
        for key in keys {
            let pem = fs::read_to_string(self.path(format!("keys/{key}.pem"))).unwrap();
            envelope.sign(&SecretKey::from_pem(&pem).unwrap()).unwrap();
        }
        envelope.to_bytes()
    }

    /// Puts another file into the release, and signs that, without a check that it fits.
    pub fn smuggle(&self, file: &str, bytes: &[u8]) {
        let mut payload = self.payload();
        let mut manifest = self.manifest(&payload);
        let sha256 = Digest::of(bytes).to_string();
        self.write(format!("repository/blobs/sha256/{sha256}"), bytes);
        let entries = manifest["files"].as_array_mut().unwrap();
        let entry = entries.iter_mut().find(|entry| entry["path"] == file).unwrap();
        entry["length"] = json!(bytes.len());
        entry["sha256"] = json!(sha256);
        let manifest = serde_json::to_vec(&manifest).unwrap();
        let sha256 = Digest::of(&manifest).to_string();
        self.write(format!("repository/targets/{}", manifest_name(&sha256)), &manifest);
        payload["targets"][TARGET]["length"] = json!(manifest.len());
        payload["targets"][TARGET]["hashes"]["sha256"] = json!(sha256);
        self.proclaim(&payload, &["author", "reviewer"]);
    }

    fn manifest(&self, payload: &Value) -> Value {
        let sha256 = payload["targets"][TARGET]["hashes"]["sha256"].as_str().unwrap();
        serde_json::from_slice(&self.read(&format!("repository/targets/{}", manifest_name(sha256)))).unwrap()
    }

    fn read(&self, file: &str) -> Vec<u8> {
        fs::read(self.path(file)).unwrap()
    }
}

fn payload_of(envelope: &[u8]) -> Value {
    let envelope = Envelope::parse(envelope, Bytes::mebi(1)).unwrap();
    serde_json::from_slice(envelope.unverified_payload()).unwrap()
}

fn listed(version: u64, bytes: &[u8]) -> Value {
    json!({"version": version, "length": bytes.len(), "hashes": {"sha256": Digest::of(bytes).to_string()}})
}

fn file(version: u64, role: &str) -> String {
    format!("repository/metadata/{version}.{role}.json")
}

fn manifest_name(sha256: &str) -> String {
    let (directory, name) = TARGET.rsplit_once('/').unwrap();
    format!("{directory}/{sha256}.{name}")
}
