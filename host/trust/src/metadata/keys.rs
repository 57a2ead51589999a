//! Keys as metadata describes them.

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};

use super::error::MetadataError;
use crate::digest::Digest;
use crate::json::{FormatError, Members, Node};
use crate::key::{KeyId, KeyName, KeySet, PublicKey};

/// Where a key says what people call it. Other tools leave members alone that they do not know.
const NAME: &str = "x-jurat-name";

/// The keys that a document describes, by their ids.
pub(super) struct Keys(BTreeMap<KeyId, Described>);

/// A key, and what people call it.
struct Described {
    key: PublicKey,
    name: Option<KeyName>,
}

/// A key as it is written.
struct Ed25519 {
    bytes: [u8; 32],
    name: Option<KeyName>,
}

impl Keys {
    /// Reads the object under `keys`. Keys of other kinds are left out: nothing here can check what they sign.
    pub(super) fn parse(node: Node) -> Result<Self, MetadataError> {
        let mut keys = BTreeMap::new();
        for (id, node) in node.members()?.into_entries() {
            let no_id = node.unexpected("under a key id of 1 to 128 visible ASCII characters");
            let name: KeyId = id.parse().map_err(|_| no_id)?;
            if let Some(Ed25519 { bytes, name: called }) = ed25519(node)? {
                let key = PublicKey::from_bytes(&bytes).map_err(|cause| MetadataError::Key { id, cause })?;
                keys.insert(name, Described { key, name: called });
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
        let names: Vec<_> = named.iter().filter_map(|id| Some((id.clone(), self.0.get(id)?.name.clone()?))).collect();
        let known = named.into_iter().filter_map(|id| self.0.get(&id).map(|known| (id, known.key.clone())));
        let refuse = |cause| MetadataError::Keys { role: role.to_owned(), cause };
        let keys = KeySet::with_ids(threshold, known).map_err(refuse)?;
        // Names decide nothing: where two look alike, none is shown.
        Ok(keys.clone().with_names(names).unwrap_or(keys))
    }
}

/// The object under `keys` for the keys of all the given sets.
pub(super) fn described<'a>(sets: impl IntoIterator<Item = &'a KeySet>) -> Value {
    let describe = |key: &PublicKey, name: Option<&KeyName>| {
        let public = Digest::from_bytes(*key.as_bytes()).to_string();
        let mut described = json!({ "keytype": "ed25519", "scheme": "ed25519", "keyval": { "public": public } });
        if let (Value::Object(described), Some(name)) = (&mut described, name) {
            described.insert(NAME.to_owned(), name.as_str().into());
        }
        described
    };
    let keys = sets.into_iter().flat_map(|set| set.keys().map(|(id, key)| (id, key, set.name(id))));
    Value::Object(keys.map(|(id, key, name)| (id.to_string(), describe(key, name))).collect())
}

/// The members of a role with the given keys.
pub(super) fn role(keys: &KeySet) -> Map<String, Value> {
    let ids: Vec<_> = keys.keys().map(|(id, _)| id.as_str()).collect();
    let members = [("keyids", json!(ids)), ("threshold", keys.threshold().into())];
    members.into_iter().map(|(name, value)| (name.to_owned(), value)).collect()
}

fn ed25519(node: Node) -> Result<Option<Ed25519>, FormatError> {
    let mut key = node.members()?;
    let (kind, scheme) = (key.take("keytype")?.text()?, key.take("scheme")?.text()?);
    let mut value = key.take("keyval")?.members()?;
    if (kind.as_str(), scheme.as_str()) != ("ed25519", "ed25519") {
        return Ok(None);
    }
    // 32 bytes, written in hexadecimal digits like a digest; not a digest otherwise.
    let bytes: Digest = value.take("public")?.parsed("a public key in 64 lower-case hexadecimal digits")?;
    // It is for people: one that cannot be shown is left out.
    let name = key.take_optional(NAME).and_then(|name| name.text().ok()?.parse().ok());
    Ok(Some(Ed25519 { bytes: *bytes.as_bytes(), name }))
}
