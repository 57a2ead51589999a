//! Keys as metadata describes them.

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};

use super::error::MetadataError;
use crate::digest::Digest;
use crate::json::{FormatError, Members, Node};
use crate::key::{KeyId, KeySet, PublicKey};

/// The keys that a document describes, by their names.
pub(super) struct Keys(BTreeMap<KeyId, PublicKey>);

impl Keys {
    /// Reads the object under `keys`. Keys of other kinds are left out: nothing here can check what they sign.
    pub(super) fn parse(node: Node) -> Result<Self, MetadataError> {
        let mut keys = BTreeMap::new();
        for (id, node) in node.members()?.into_entries() {
            let no_id = node.unexpected("under a key id of 1 to 128 visible ASCII characters");
            let name: KeyId = id.parse().map_err(|_| no_id)?;
            if let Some(bytes) = ed25519(node)? {
                let key = PublicKey::from_bytes(&bytes).map_err(|cause| MetadataError::Key { id, cause })?;
                keys.insert(name, key);
            }
        }
        Ok(Self(keys))
    }

    /// Takes `keyids` and `threshold` from a role. A name of which no key is known cannot count, as it could not sign.
    pub(super) fn take_set(&self, role: &str, members: &mut Members) -> Result<KeySet, MetadataError> {
        let mut named = Vec::new();
        for node in members.take("keyids")?.list()? {
            named.push(node.parsed::<KeyId>("a key id of 1 to 128 visible ASCII characters")?);
        }
        let threshold = usize::try_from(members.take("threshold")?.integer()?).unwrap_or(usize::MAX);
        let known = named.into_iter().filter_map(|id| self.0.get(&id).cloned().map(|key| (id, key)));
        KeySet::with_ids(threshold, known).map_err(|cause| MetadataError::Keys { role: role.to_owned(), cause })
    }
}

/// The object under `keys` for the keys of all the given sets.
pub(super) fn described<'a>(sets: impl IntoIterator<Item = &'a KeySet>) -> Value {
    let describe = |key: &PublicKey| {
        let public = Digest::from_bytes(*key.as_bytes()).to_string();
        json!({ "keytype": "ed25519", "scheme": "ed25519", "keyval": { "public": public } })
    };
    let keys = sets.into_iter().flat_map(KeySet::keys);
    Value::Object(keys.map(|(id, key)| (id.to_string(), describe(key))).collect())
}

/// The members of a role with the given keys.
pub(super) fn role(keys: &KeySet) -> Map<String, Value> {
    let ids: Vec<_> = keys.keys().map(|(id, _)| id.as_str()).collect();
    let members = [("keyids", json!(ids)), ("threshold", keys.threshold().into())];
    members.into_iter().map(|(name, value)| (name.to_owned(), value)).collect()
}

fn ed25519(node: Node) -> Result<Option<[u8; 32]>, FormatError> {
    let mut key = node.members()?;
    let (kind, scheme) = (key.take("keytype")?.text()?, key.take("scheme")?.text()?);
    let mut value = key.take("keyval")?.members()?;
    if (kind.as_str(), scheme.as_str()) != ("ed25519", "ed25519") {
        return Ok(None);
    }
    // 32 bytes, written in hexadecimal digits like a digest; not a digest otherwise.
    let bytes: Digest = value.take("public")?.parsed("a public key in 64 lower-case hexadecimal digits")?;
    Ok(Some(*bytes.as_bytes()))
}
