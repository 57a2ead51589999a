//! Steps that several attacks share.

use jiff::SignedDuration;
use jurat_trust::{Client, Digest, MemoryStore, Role};
use serde_json::{Value, json};

use crate::command::simulate::not_tried::{NotTried, part};
use crate::command::simulate::replica::{Files, Replica, raise, set, timestamp_file};

/// The threshold of a role, if it is more than one key.
pub(super) fn needs_two(replica: &Replica, role: &str) -> Result<usize, NotTried> {
    match replica.threshold(role)? {
        0 | 1 => Err(NotTried::NotApplicable("one key is enough to sign this role")),
        threshold => Ok(threshold),
    }
}

/// The payload of a role with the next version.
pub(super) fn next(replica: &Replica, role: &Role) -> Result<(u64, Value), NotTried> {
    let mut payload = replica.payload(role)?;
    let version = raise(&mut payload)?;
    Ok((version, payload))
}

/// The next payload of a tenant, with another manifest for the first release.
pub(super) fn relisted(replica: &Replica, role: &Role) -> Result<(u64, Value), NotTried> {
    let (version, mut payload) = next(replica, role)?;
    let target = part(replica.targets.first())?;
    let listed = payload.get_mut("targets").and_then(|listed| listed.get_mut(target.as_path().as_str()));
    let hashes = part(listed.and_then(|entry| entry.get_mut("hashes")))?;
    set(hashes, "sha256", json!(Digest::of(b"a release of a drill").to_string()))?;
    Ok((version, payload))
}

/// Sets an expiry in the past.
pub(super) fn expire(replica: &Replica, payload: &mut Value) -> Result<(), NotTried> {
    let past = replica.now - SignedDuration::from_secs(1);
    set(payload, "expires", json!(past.strftime("%Y-%m-%dT%H:%M:%SZ").to_string()))
}

/// The next payload of a role, expired.
pub(super) fn expired(replica: &Replica, role: &Role) -> Result<(u64, Value), NotTried> {
    let (version, mut payload) = next(replica, role)?;
    expire(replica, &mut payload)?;
    Ok((version, payload))
}

/// A file that replaces the timestamp.
pub(super) fn timestamp(bytes: Vec<u8>) -> (String, Option<Vec<u8>>) {
    (timestamp_file(), Some(bytes))
}

/// A host that has accepted files that were published with valid signatures.
pub(super) fn accepted(replica: &Replica, files: Files) -> Result<Client<MemoryStore>, NotTried> {
    let mut client = replica.client()?;
    replica.with(files).update(&mut client, replica.now)?;
    Ok(client)
}
