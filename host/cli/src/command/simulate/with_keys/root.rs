//! Attacks with keys of root.

use jurat_trust::{KeyId, Role};
use serde_json::Value;

use super::steps::{needs_two, next};
use crate::command::simulate::drill::{Drill, Repositories};
use crate::command::simulate::expected::{Expected, Of};
use crate::command::simulate::not_tried::part;
use crate::command::simulate::replica::{describe, generate, raise, set, signed};

const BELOW: &str = "the CDN, and fewer keys of root than its threshold";
const ROOT: &str = "the CDN and the keys of root";

pub(super) const DRILLS: &[Drill] = &[
    Drill {
        name: "too_few_root_keys",
        has: BELOW,
        does: "signs a next root with their own keys, with too few of the old keys and all of the new ones",
        expected: Expected::Signatures(Of::Root),
        attack: |Repositories { replica, .. }| {
            let threshold = needs_two(replica, "root")?;
            let (version, mut root) = next(replica, &Role::Root)?;
            let own = generate(threshold)?;
            describe(part(root.get_mut("keys").and_then(Value::as_object_mut))?, &own);
            let ids: Value = own.iter().map(|key| KeyId::of(&key.public()).to_string()).collect();
            set(part(root.get_mut("roles").and_then(|roles| roles.get_mut("root")))?, "keyids", ids)?;
            let stolen = replica.keys("root")?.iter().take(threshold - 1);
            let signed = signed(root.to_string().as_bytes(), stolen.chain(&own))?;
            Ok(replica.with([(format!("metadata/{version}.root.json"), Some(signed))]).seasoned(replica.now))
        },
    },
    Drill {
        name: "skipped_root",
        has: ROOT,
        does: "serves the root after the next one, so that hosts skip the next one",
        expected: Expected::RootSkipped,
        attack: |Repositories { replica, .. }| {
            let (version, mut root) = next(replica, &Role::Root)?;
            raise(&mut root)?;
            let signed = replica.signed("root", &root)?;
            Ok(replica.with([(format!("metadata/{version}.root.json"), Some(signed))]).seasoned(replica.now))
        },
    },
];
