//! Attacks with old or expired metadata, and with metadata of another repository.

use jurat_trust::Role;
use serde_json::json;

use super::steps::{accepted, expire, expired, next, timestamp};
use crate::command::simulate::drill::{Attempt, Drill, Repositories};
use crate::command::simulate::expected::{Expected, Of};
use crate::command::simulate::replica::{Replica, set};

const OLD: &str = "the CDN, and copies of earlier files";
const LAPSED: &str = "the CDN of a publisher who forgets to renew";
const STAGING: &str = "the CDN, and another repository with the same keys";

pub(super) const DRILLS: &[Drill] = &[
    Drill {
        name: "old_timestamp",
        has: OLD,
        does: "serves the files from before the last publication",
        expected: Expected::Rollback(Of::Timestamp),
        attack: |Repositories { replica, .. }| {
            let ahead = replica.snapshot(replica.payload(&Role::Snapshot)?)?;
            let mut client = accepted(replica, ahead)?;
            Ok(replica.with([]).update(&mut client, replica.now))
        },
    },
    Drill {
        name: "old_snapshot",
        has: OLD,
        does: "serves a new timestamp with the previous snapshot",
        expected: Expected::OtherBytes,
        attack: |Repositories { replica, .. }| {
            let mut files = replica.snapshot(replica.payload(&Role::Snapshot)?)?;
            let (_, old) = replica.newest(&Role::Snapshot)?;
            for (_, bytes) in files.iter_mut().filter(|(file, _)| file.ends_with(".snapshot.json")) {
                *bytes = Some(old.clone());
            }
            Ok(replica.with(files).seasoned(replica.now))
        },
    },
    Drill {
        name: "expired_root",
        has: LAPSED,
        does: "serves an expired root with fresh metadata",
        expected: Expected::Expired(Of::Root),
        attack: |Repositories { replica, .. }| {
            let (version, payload) = expired(replica, &Role::Root)?;
            let signed = replica.signed("root", &payload)?;
            Ok(replica.with([(format!("metadata/{version}.root.json"), Some(signed))]).fresh(replica.now))
        },
    },
    Drill {
        name: "expired_timestamp",
        has: LAPSED,
        does: "serves an expired timestamp with fresh metadata",
        expected: Expected::Expired(Of::Timestamp),
        attack: |Repositories { replica, .. }| {
            let (_, payload) = expired(replica, &Role::Timestamp)?;
            Ok(replica.with([timestamp(replica.signed("timestamp", &payload)?)]).fresh(replica.now))
        },
    },
    Drill {
        name: "expired_snapshot",
        has: LAPSED,
        does: "serves an expired snapshot with fresh metadata",
        expected: Expected::Expired(Of::Snapshot),
        attack: |Repositories { replica, .. }| {
            let mut payload = replica.payload(&Role::Snapshot)?;
            expire(replica, &mut payload)?;
            Ok(replica.with(replica.snapshot(payload)?).fresh(replica.now))
        },
    },
    Drill {
        name: "expired_targets",
        has: LAPSED,
        does: "serves expired targets with fresh metadata",
        expected: Expected::Expired(Of::Targets),
        attack: |Repositories { replica, .. }| expired_list(replica, &Role::Targets),
    },
    Drill {
        name: "expired_tenant_role",
        has: LAPSED,
        does: "serves an expired list of a tenant's releases with fresh metadata",
        expected: Expected::Expired(Of::Tenant),
        attack: |Repositories { replica, .. }| expired_list(replica, &replica.tenant()?),
    },
    Drill {
        name: "repository_with_the_same_keys",
        has: STAGING,
        does: "serves the metadata of the other repository",
        expected: Expected::WrongRepository,
        attack: |Repositories { replica, .. }| {
            let (_, mut payload) = next(replica, &Role::Timestamp)?;
            set(&mut payload, "x-jurat", json!({"repo": "staging-of-a-drill"}))?;
            Ok(replica.with([timestamp(replica.signed("timestamp", &payload)?)]).seasoned(replica.now))
        },
    },
];

fn expired_list(replica: &Replica, role: &Role) -> Attempt {
    let (version, payload) = expired(replica, role)?;
    let signed = replica.signed(role.name(), &payload)?;
    Ok(replica.with(replica.published(role, version, signed)?).fresh(replica.now))
}
