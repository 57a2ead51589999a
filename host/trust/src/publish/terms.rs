//! The rules of a repository: how long metadata lives, and which roles a key may sign.

use std::collections::BTreeMap;

use jiff::{SignedDuration, Timestamp};
use thiserror::Error;

use crate::key::{KeyId, KeySet};
use crate::metadata::{Delegation, RootMetadata, TargetsMetadata};
use crate::name::{NameError, PathPattern};
use crate::role::{Role, TopRole};

/// Whether one person may do what takes two.
#[derive(Clone, Copy, Debug, Default, Eq, Hash, PartialEq)]
pub enum Mode {
    /// Root and targets need the signatures of at least two keys.
    #[default]
    Production,
    /// One key is enough: for a repository on which nothing depends.
    Development,
}

/// How long new metadata is valid.
///
/// # Defaults
/// [`Lifetimes::DEFAULT`].
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Lifetimes {
    /// Of root. Renew it at half of this.
    pub root: SignedDuration,
    /// Of targets: the list of tenants.
    pub targets: SignedDuration,
    /// Of a tenant's role: its list of releases.
    pub tenant: SignedDuration,
    /// Of snapshot.
    pub snapshot: SignedDuration,
    /// Of timestamp: how long a host that is cut off accepts what it has.
    pub timestamp: SignedDuration,
}

impl Lifetimes {
    /// Root a year, targets 180 days, tenants 90 days, snapshot 7 days, timestamp 24 hours.
    pub const DEFAULT: Self = Self {
        root: SignedDuration::from_hours(365 * 24),
        targets: SignedDuration::from_hours(180 * 24),
        tenant: SignedDuration::from_hours(90 * 24),
        snapshot: SignedDuration::from_hours(7 * 24),
        timestamp: SignedDuration::from_hours(24),
    };

    /// When metadata of a role expires that is made now; at the end of time at the latest.
    pub(super) fn expiry(&self, role: &Role, now: Timestamp) -> Timestamp {
        let lifetime = match role {
            Role::Root => self.root,
            Role::Timestamp => self.timestamp,
            Role::Snapshot => self.snapshot,
            Role::Targets => self.targets,
            Role::Delegated(_) => self.tenant,
        };
        now.checked_add(lifetime).unwrap_or(Timestamp::MAX)
    }

    /// Whether metadata of a role has gone through half of its life.
    pub(super) fn is_half_over(&self, role: &Role, expires: Timestamp, now: Timestamp) -> bool {
        let left = expires.duration_since(now);
        left < self.expiry(role, now).duration_since(now) / 2
    }
}

impl Default for Lifetimes {
    fn default() -> Self {
        Self::DEFAULT
    }
}

/// A broken rule of a repository, which hosts would accept.
#[derive(Clone, Debug, Eq, Error, PartialEq)]
#[non_exhaustive]
pub enum RuleError {
    /// A thief of one key would have two roles at once.
    #[error("the key `{key}` would be in two roles, {one} and {other}; make one key for each")]
    KeyInTwoRoles {
        /// The key.
        key: KeyId,
        /// One role.
        one: Role,
        /// The other.
        other: Role,
    },
    /// One lost key would be enough to take over the repository.
    #[error("{role} would need {threshold} signature, but at least 2 are demanded except in development")]
    LowThreshold {
        /// The role.
        role: Role,
        /// Its threshold.
        threshold: usize,
    },
    /// A tenant that could speak for another, or whose answer would not be the last.
    #[error("the delegation to `{role}` must be terminating, with its own paths only")]
    Delegation {
        /// The role.
        role: Role,
    },
}

/// Whether a repository with this root and these tenants keeps to the rules.
pub(super) fn check(root: &RootMetadata, targets: Option<&TargetsMetadata>, mode: Mode) -> Result<(), RuleError> {
    let delegations = targets.map(TargetsMetadata::delegations).unwrap_or_default();
    let tops = TopRole::ALL.into_iter().map(|role| (role.into(), root.keys(role)));
    let tenants = delegations.iter().map(|delegation| (Role::Delegated(delegation.role.clone()), &delegation.keys));
    check_keys(tops.chain(tenants))?;
    for role in [TopRole::Root, TopRole::Targets] {
        let threshold = root.keys(role).threshold();
        if threshold < 2 && mode == Mode::Production {
            return Err(RuleError::LowThreshold { role: role.into(), threshold });
        }
    }
    match delegations.iter().find(|delegation| !is_of_tenant(delegation)) {
        Some(delegation) => Err(RuleError::Delegation { role: Role::Delegated(delegation.role.clone()) }),
        None => Ok(()),
    }
}

fn check_keys<'a>(roles: impl Iterator<Item = (Role, &'a KeySet)>) -> Result<(), RuleError> {
    let mut holders = BTreeMap::new();
    for (role, keys) in roles {
        for (_, key) in keys.keys() {
            if let Some(one) = holders.insert(*key.as_bytes(), role.clone())
                && one != role
            {
                return Err(RuleError::KeyInTwoRoles { key: KeyId::of(key), one, other: role });
            }
        }
    }
    Ok(())
}

fn is_of_tenant(delegation: &Delegation) -> bool {
    let tenant = delegation.role.as_str().strip_prefix("t-");
    let pattern = tenant.and_then(|tenant| tenant_paths(tenant).ok());
    delegation.terminating && pattern.is_some_and(|pattern| delegation.paths == [pattern])
}

/// The paths that a tenant's role may list: `t/<tenant>/<channel>/<release>.json`.
pub(super) fn tenant_paths(tenant: &str) -> Result<PathPattern, NameError> {
    format!("t/{tenant}/*/*.json").parse()
}
