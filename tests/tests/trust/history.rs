//! A repository as it is served to one host, at one step after the other; and what a client makes of it.

use std::collections::BTreeMap;

use jurat_model::Bytes;
use jurat_trust::{Fetch, FetchError, SafePath};
use serde::Deserialize;
use serde_json::{Value, json};

/// What the scripts print and read; see `tests/tuf/oracle.py`.
#[derive(Debug, Deserialize)]
pub(crate) struct History {
    pub(crate) seed: u64,
    /// The number of the content that is the trust anchor.
    pub(crate) anchor: usize,
    /// The targets that the host asks about at each step.
    pub(crate) paths: Vec<String>,
    pub(crate) mutations: Vec<Mutation>,
    pub(crate) steps: Vec<Step>,
    pub(crate) contents: Vec<Content>,
}

/// Something that was done to it.
#[derive(Clone, Debug, Deserialize)]
pub(crate) struct Mutation {
    pub(crate) name: String,
    pub(crate) step: usize,
    /// The role that it was done to.
    pub(crate) role: Option<String>,
    /// Whether the publisher goes on as if it had not happened, so that versions come twice.
    pub(crate) forked: bool,
}

#[derive(Debug, Deserialize)]
pub(crate) struct Step {
    pub(crate) now: String,
    /// Whether the host is started anew before it.
    pub(crate) reopened: bool,
    /// What is served that was not served before: the number of its content, or none for a file that fails.
    pub(crate) put: BTreeMap<String, Option<usize>>,
    /// What is no longer served.
    pub(crate) gone: Vec<String>,
    pub(crate) outcome: Outcome,
}

/// The bytes of a file.
#[derive(Debug, Deserialize)]
#[serde(untagged)]
pub(crate) enum Content {
    Text(String),
    Bytes { bytes: Vec<u8> },
}

/// What came of a step.
#[derive(Debug, Deserialize, Eq, PartialEq)]
pub(crate) struct Outcome {
    pub(crate) refresh: Refresh,
    /// The digest of what is kept of each top role.
    pub(crate) kept: BTreeMap<String, String>,
    /// For each path; not there after a refusal.
    #[serde(default)]
    pub(crate) find: Vec<Option<Found>>,
}

#[derive(Clone, Debug, Deserialize, Eq, PartialEq)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Refresh {
    /// Of root, timestamp, snapshot and targets.
    Versions(Vec<Value>),
    /// And why.
    Refused(String),
}

#[derive(Clone, Debug, Deserialize, Eq, PartialEq)]
#[serde(untagged)]
pub(crate) enum Found {
    Refused {
        refused: String,
    },
    Listed {
        /// As listed.
        sha256: Option<String>,
        /// Of the bytes that were got.
        download: Option<String>,
        /// Why there are none.
        why: Option<String>,
    },
}

/// What is served.
#[derive(Clone, Debug, Default)]
pub(crate) struct Served(pub(crate) BTreeMap<String, Option<Vec<u8>>>);

impl History {
    /// Whether root has given other keys to snapshot or timestamp by that step: what hosts know of them is then dropped.
    pub(crate) fn has_rotated_online_keys(&self, step: usize) -> bool {
        self.mutations.iter().any(|mutation| mutation.step <= step && mutation.rotates_online_keys())
    }
}

impl Mutation {
    pub(crate) fn rotates_online_keys(&self) -> bool {
        match self.name.as_str() {
            "online_keys_rotated" => true,
            // Not honest, but rotations as well; in the second case of what root says of them.
            "signed_by_old_keys_only" | "signed_by_new_keys_only" | "key_under_two_names" => {
                matches!(self.role.as_deref(), Some("snapshot" | "timestamp"))
            }
            // The same key, but the signatures that there are do not name it any more.
            "key_under_other_name" => self.role.as_deref() == Some("root"),
            _ => false,
        }
    }
}

impl Content {
    pub(crate) fn bytes(&self) -> &[u8] {
        match self {
            Self::Text(text) => text.as_bytes(),
            Self::Bytes { bytes } => bytes,
        }
    }
}

impl Fetch for Served {
    fn get(&self, file: &SafePath, cap: Bytes) -> Result<Vec<u8>, FetchError> {
        match self.0.get(file.as_str()) {
            None => Err(FetchError::NotFound),
            Some(None) => Err(FetchError::Failed("it is not to be had".into())),
            Some(Some(bytes)) if bytes.len() > cap.to_usize() => Err(FetchError::TooLong),
            Some(Some(bytes)) => Ok(bytes.clone()),
        }
    }
}

impl Served {
    /// What is served after a step.
    pub(crate) fn apply(&mut self, step: &Step, contents: &[Content]) {
        for path in &step.gone {
            self.0.remove(path);
        }
        for (path, content) in &step.put {
            self.0.insert(path.clone(), content.map(|number| contents[number].bytes().to_vec()));
        }
    }
}

/// The form in which a history is given to `oracle.py`, which is that in which it is read here, but for the outcomes.
pub(crate) fn to_json(anchor: &[u8], paths: &[String], steps: &[(String, Served)]) -> Value {
    let mut contents = vec![content(anchor)];
    let mut lines = Vec::new();
    let mut before = &Served::default();
    for (now, served) in steps {
        let mut put = BTreeMap::new();
        for (path, bytes) in served.0.iter().filter(|(path, bytes)| before.0.get(*path) != Some(bytes)) {
            contents.push(content(bytes.as_ref().unwrap()));
            put.insert(path, contents.len() - 1);
        }
        let gone: Vec<_> = before.0.keys().filter(|path| !served.0.contains_key(*path)).collect();
        lines.push(json!({ "now": now, "reopened": false, "put": put, "gone": gone }));
        before = served;
    }
    json!({ "seed": 0, "anchor": 0, "paths": paths, "mutations": [], "steps": lines, "contents": contents })
}

fn content(bytes: &[u8]) -> Value {
    match str::from_utf8(bytes) {
        Ok(text) => text.into(),
        Err(_) => json!({ "bytes": bytes }),
    }
}
