//! Metadata that the command line would not make, signed all the same.

use std::fs;

use jurat_model::Bytes;
use jurat_trust::{Digest, Envelope, SecretKey};
use serde_json::{Value, json};

use crate::site::{Site, TARGET};

/// Where hosts look first.
pub const METADATA: &str = "repository/metadata/targets.json";

impl Site {
    /// What the metadata of the repository says.
    #[must_use]
    pub fn payload(&self) -> Value {
        let bytes = fs::read(self.path(METADATA)).unwrap();
        let envelope = Envelope::parse(&bytes, Bytes::mebi(1)).unwrap();
        serde_json::from_slice(envelope.unverified_payload()).unwrap()
    }

    /// Makes the repository say something else, signed with the keys.
    pub fn proclaim(&self, payload: &Value, keys: &[&str]) {
        let mut envelope = Envelope::unsigned(serde_json::to_vec(payload).unwrap());
        for key in keys {
            let pem = fs::read_to_string(self.path(format!("keys/{key}.pem"))).unwrap();
            envelope.sign(&SecretKey::from_pem(&pem).unwrap()).unwrap();
        }
        self.write(METADATA, envelope.to_bytes());
    }

    /// Puts another file into the release, and signs that. Nobody has checked that it fits.
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
        let bytes = fs::read(self.path(format!("repository/targets/{}", manifest_name(sha256)))).unwrap();
        serde_json::from_slice(&bytes).unwrap()
    }
}

fn manifest_name(sha256: &str) -> String {
    let (directory, name) = TARGET.rsplit_once('/').unwrap();
    format!("{directory}/{sha256}.{name}")
}
