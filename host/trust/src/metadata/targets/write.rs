//! The bytes of a payload.

use serde_json::{Value, json};

use super::{Delegation, Target, TargetsMetadata};
use crate::metadata::keys;

impl TargetsMetadata {
    /// The payload as JSON, to be put into an envelope: the same metadata always gives the same bytes, and
    /// [`TargetsMetadata::parse`] reads them back.
    #[must_use]
    pub fn to_bytes(&self) -> Vec<u8> {
        let Self { header, targets, delegations, revoked } = self;
        let targets = targets.iter().map(|(path, entry)| (path.as_str().to_owned(), target(entry)));
        let delegations = (!delegations.is_empty()).then(|| {
            json!({
                "keys": keys::described(delegations.iter().map(|delegation| &delegation.keys)),
                "roles": delegations.iter().map(delegation).collect::<Vec<_>>(),
            })
        });
        let members = [("targets", Some(Value::Object(targets.collect()))), ("delegations", delegations)];
        header.to_bytes("targets", revoked, members)
    }
}

fn target(Target { length, sha256, custom }: &Target) -> Value {
    let mut target = json!({ "length": length, "hashes": { "sha256": sha256.to_string() } });
    if let Value::Object(target) = &mut target
        && !custom.is_empty()
    {
        target.insert("custom".to_owned(), custom.clone().into());
    }
    target
}

fn delegation(Delegation { role, keys, paths, terminating }: &Delegation) -> Value {
    let paths: Vec<_> = paths.iter().map(|path| path.as_str()).collect();
    let mut members = keys::role(keys);
    let own = [("name", role.as_str().into()), ("paths", paths.into()), ("terminating", (*terminating).into())];
    members.extend(own.map(|(name, value)| (name.to_owned(), value)));
    Value::Object(members)
}
