//! Metadata as JSON, edited and signed by hand. It can say what no publisher would sign.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use jurat_trust::{Digest, KeyId, PAYLOAD_TYPE, Role, SecretKey};
use serde_json::{Map, Value, json};

use crate::command::simulate::not_tried::{NotTried, part};

/// Sets a member of an object.
pub(in crate::command::simulate) fn set(object: &mut Value, key: &str, value: Value) -> Result<(), NotTried> {
    part(object.as_object_mut())?.insert(key.to_owned(), value);
    Ok(())
}

/// Gives a payload the next version.
pub(in crate::command::simulate) fn raise(payload: &mut Value) -> Result<u64, NotTried> {
    let next = part(payload.get("version").and_then(Value::as_u64))? + 1;
    set(payload, "version", json!(next))?;
    Ok(next)
}

/// Lists a file in a snapshot or a timestamp.
pub(in crate::command::simulate) fn list(
    payload: &mut Value,
    role: &Role,
    version: u64,
    bytes: &[u8],
) -> Result<(), NotTried> {
    let entry = json!({
        "version": version, "length": bytes.len(), "hashes": {"sha256": Digest::of(bytes).to_string()},
    });
    set(part(payload.get_mut("meta"))?, &role.listed_as(), entry)
}

/// An envelope with any signatures.
pub(in crate::command::simulate) fn envelope(payload: &[u8], payload_type: &str, signatures: &[Value]) -> Vec<u8> {
    let payload = STANDARD.encode(payload);
    json!({"payload": payload, "payloadType": payload_type, "signatures": signatures}).to_string().into_bytes()
}

/// One signature of an envelope, under any key id.
pub(in crate::command::simulate) fn signature(
    payload: &[u8],
    key: &SecretKey,
    key_id: &KeyId,
) -> Result<Value, NotTried> {
    let message = jurat_trust::pre_authentication_encoding(PAYLOAD_TYPE, payload);
    let signature = jurat_trust::Signer::sign(key, &message);
    let signature = signature.map_err(|error| NotTried::SetupFailed(jurat::chain(&error)))?;
    Ok(json!({"keyid": key_id.to_string(), "sig": STANDARD.encode(signature)}))
}

/// An envelope that the keys have signed.
pub(in crate::command::simulate) fn signed<'k>(
    payload: &[u8],
    keys: impl IntoIterator<Item = &'k SecretKey>,
) -> Result<Vec<u8>, NotTried> {
    let signatures = keys.into_iter().map(|key| signature(payload, key, &KeyId::of(&key.public())));
    Ok(envelope(payload, PAYLOAD_TYPE, &signatures.collect::<Result<Vec<_>, _>>()?))
}

/// Generates keys.
pub(in crate::command::simulate) fn generate(count: usize) -> Result<Vec<SecretKey>, NotTried> {
    let keys: Result<Vec<_>, _> = (0..count).map(|_| SecretKey::generate()).collect();
    keys.map_err(|error| NotTried::SetupFailed(jurat::chain(&error)))
}

/// Describes keys as metadata does.
pub(in crate::command::simulate) fn describe(described: &mut Map<String, Value>, keys: &[SecretKey]) {
    for key in keys.iter().map(SecretKey::public) {
        let public: String = key.as_bytes().iter().map(|byte| format!("{byte:02x}")).collect();
        let value = json!({"keytype": "ed25519", "scheme": "ed25519", "keyval": {"public": public}});
        described.insert(KeyId::of(&key).to_string(), value);
    }
}
