//! Attacks with the keys of the timestamp and the snapshot.

use jurat_trust::Role;
use serde_json::Value;

use super::steps::{accepted, next, relisted, timestamp};
use crate::command::simulate::drill::{Drill, Repositories};
use crate::command::simulate::expected::{Expected, Of};
use crate::command::simulate::not_tried::part;
use crate::command::simulate::replica::signed;

const TIMESTAMP: &str = "the CDN and the keys of the timestamp";
const SNAPSHOT: &str = "the CDN and the keys of the snapshot";
const ONLINE: &str = "the CDN and all online keys";

pub(super) const DRILLS: &[Drill] = &[
    Drill {
        name: "member_twice",
        has: TIMESTAMP,
        does: "signs a timestamp with two versions",
        expected: Expected::RepeatedInPayload,
        attack: |Repositories { replica, .. }| {
            let payload = replica.payload(&Role::Timestamp)?.to_string();
            let payload = format!(r#"{{"version":9007199254740991,{}"#, part(payload.strip_prefix('{'))?);
            let signed = signed(payload.as_bytes(), replica.keys("timestamp")?)?;
            Ok(replica.with([timestamp(signed)]).seasoned(replica.now))
        },
    },
    Drill {
        name: "timestamp_by_snapshot_key",
        has: SNAPSHOT,
        does: "signs a timestamp with them",
        expected: Expected::Signatures(Of::Timestamp),
        attack: |Repositories { replica, .. }| {
            let (_, payload) = next(replica, &Role::Timestamp)?;
            Ok(replica.with([timestamp(replica.signed("snapshot", &payload)?)]).seasoned(replica.now))
        },
    },
    Drill {
        name: "release_by_online_keys",
        has: ONLINE,
        does: "lists a new release, signed by the online keys instead of those of the tenant",
        expected: Expected::Signatures(Of::Tenant),
        attack: |Repositories { replica, .. }| {
            let role = replica.tenant()?;
            let (version, payload) = relisted(replica, &role)?;
            let signed = replica.signed("snapshot", &payload)?;
            Ok(replica.with(replica.published(&role, version, signed)?).seasoned(replica.now))
        },
    },
    Drill {
        name: "mismatched_version",
        has: ONLINE,
        does: "lists the current releases under a higher version in the snapshot",
        expected: Expected::Mismatch,
        attack: |Repositories { replica, .. }| {
            let role = replica.tenant()?;
            let (version, _) = next(replica, &role)?;
            let (_, present) = replica.newest(&role)?;
            Ok(replica.with(replica.published(&role, version, present.clone())?).seasoned(replica.now))
        },
    },
    Drill {
        name: "tenant_goes_back",
        has: ONLINE,
        does: "lists earlier releases of a tenant in a new snapshot",
        expected: Expected::Rollback(Of::Tenant),
        attack: |Repositories { replica, .. }| {
            let role = replica.tenant()?;
            let (version, payload) = next(replica, &role)?;
            let ahead = replica.published(&role, version, replica.signed(role.name(), &payload)?)?;
            let mut client = accepted(replica, ahead.clone())?;
            let (_, old) = replica.newest(&role)?;
            let again = replica.republished(&ahead, &role, version - 1, old.clone())?;
            Ok(replica.with(again).update(&mut client, replica.now))
        },
    },
    Drill {
        name: "tenant_vanishes",
        has: ONLINE,
        does: "removes a tenant from the snapshot",
        expected: Expected::Vanished,
        attack: |Repositories { replica, .. }| {
            let role = replica.tenant()?;
            let mut snapshot = replica.payload(&Role::Snapshot)?;
            let listed = part(snapshot.get_mut("meta").and_then(Value::as_object_mut))?;
            part(listed.remove(&role.listed_as()))?;
            Ok(replica.with(replica.snapshot(snapshot)?).seasoned(replica.now))
        },
    },
];
