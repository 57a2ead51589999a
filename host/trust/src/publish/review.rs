//! The differences of staged metadata, for people to read before they sign it.

use std::collections::BTreeSet;
use std::fmt;

use jiff::Timestamp;

use crate::digest::Digest;
use crate::key::{KeyId, KeyName, KeySet};
use crate::metadata::{Delegation, RootMetadata, TargetsMetadata};
use crate::name::{ReleaseVersion, TargetPath};
use crate::role::{Role, TopRole};
use crate::version::MetadataVersion;

use super::repository::{Payload, Repository};

/// One thing that a signature under staged metadata agrees to. Its `Display` is one line for people.
#[derive(Clone, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub enum Amendment {
    /// The metadata itself: each signature agrees to this at least.
    Version {
        /// The role.
        role: Role,
        /// The version that hosts see; none if there is none.
        old: Option<MetadataVersion>,
        /// The version that is staged.
        new: MetadataVersion,
        /// When it expires.
        expires: Timestamp,
    },
    /// A key may sign a role.
    KeyAdded {
        /// The role.
        role: Role,
        /// The key.
        key: KeyId,
        /// What the staged metadata calls it.
        name: Option<KeyName>,
    },
    /// A key may no longer sign a role.
    KeyRemoved {
        /// The role.
        role: Role,
        /// The key.
        key: KeyId,
        /// What the published metadata calls it.
        name: Option<KeyName>,
    },
    /// A key of a role is called something else.
    KeyRenamed {
        /// The role.
        role: Role,
        /// The key.
        key: KeyId,
        /// The published name; none if it has none.
        old: Option<KeyName>,
        /// The staged name; none if it has none.
        new: Option<KeyName>,
    },
    /// Another number of keys must sign a role.
    Threshold {
        /// The role.
        role: Role,
        /// The earlier number; none for a new role.
        old: Option<usize>,
        /// The new number.
        new: usize,
    },
    /// A tenant may list releases.
    TenantAdded {
        /// Its role.
        role: Role,
        /// Where it may list them.
        paths: Vec<String>,
    },
    /// A tenant may no longer list anything.
    TenantRemoved {
        /// Its role.
        role: Role,
    },
    /// A release is listed, instead of another one or newly.
    Listed {
        /// Where.
        target: TargetPath,
        /// The manifest that is listed now; none if nothing is.
        old: Option<Digest>,
        /// The manifest that will be listed.
        new: Digest,
        /// Its version, as the metadata says it.
        version: Option<ReleaseVersion>,
    },
    /// A release is no longer listed.
    Unlisted {
        /// Where.
        target: TargetPath,
        /// The manifest that is listed now.
        old: Digest,
    },
    /// A manifest must never be used again.
    Revoked {
        /// Its digest.
        manifest: Digest,
    },
}

impl Repository {
    /// The changes that a signature under a staged role agrees to; nothing if it is not staged.
    #[must_use]
    pub fn amendments(&self, role: &Role) -> Vec<Amendment> {
        let Some(staged) = self.staged.get(role) else { return Vec::new() };
        let old = match role {
            Role::Root => self.roots.last().map(|root| root.payload.version()),
            _ => self.published_targets_of(role).map(TargetsMetadata::version),
        };
        let (new, expires) = (staged.payload.version(), staged.payload.expires());
        let mut amendments = vec![Amendment::Version { role: role.clone(), old, new, expires }];
        match &staged.payload {
            Payload::Root(new) => of_root(self.roots.last().map(|root| &root.payload), new, &mut amendments),
            Payload::Targets(new) => of_targets(self.published_targets_of(role), new, &mut amendments),
        }
        amendments
    }
}

/// A name after a key.
struct Called<'a>(Option<&'a KeyName>);

impl fmt::Display for Called<'_> {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.map_or(Ok(()), |name| write!(out, " ({name})"))
    }
}

fn of_root(old: Option<&RootMetadata>, new: &RootMetadata, amendments: &mut Vec<Amendment>) {
    for role in TopRole::ALL {
        of_keys(&role.into(), old.map(|old| old.keys(role)), new.keys(role), amendments);
    }
}

fn of_keys(role: &Role, old: Option<&KeySet>, new: &KeySet, amendments: &mut Vec<Amendment>) {
    let ids = |keys: &KeySet| keys.keys().map(|(_, key)| KeyId::of(key)).collect::<BTreeSet<_>>();
    let (before, after) = (old.map(ids).unwrap_or_default(), ids(new));
    let role = || role.clone();
    let name = |keys: &KeySet, key: &KeyId| keys.name(key).cloned();
    let old_name = |key: &KeyId| old.and_then(|old| name(old, key));
    amendments.extend(before.difference(&after).map(|key| {
        let (role, key, name) = (role(), key.clone(), old_name(key));
        Amendment::KeyRemoved { role, key, name }
    }));
    amendments.extend(after.difference(&before).map(|key| {
        let (role, key, name) = (role(), key.clone(), name(new, key));
        Amendment::KeyAdded { role, key, name }
    }));
    for key in after.intersection(&before).filter(|key| old_name(key) != name(new, key)) {
        let (old, new) = (old_name(key), name(new, key));
        amendments.push(Amendment::KeyRenamed { role: role(), key: key.clone(), old, new });
    }
    let (old, new) = (old.map(KeySet::threshold), new.threshold());
    if old != Some(new) {
        amendments.push(Amendment::Threshold { role: role(), old, new });
    }
}

fn of_targets(old: Option<&TargetsMetadata>, new: &TargetsMetadata, amendments: &mut Vec<Amendment>) {
    let old_delegations = old.map(TargetsMetadata::delegations).unwrap_or_default();
    let of = |delegations: &[Delegation], one: &Delegation| {
        delegations.iter().find(|other| other.role == one.role).map(|other| other.keys.clone())
    };
    for delegation in old_delegations.iter().filter(|old| of(new.delegations(), old).is_none()) {
        amendments.push(Amendment::TenantRemoved { role: Role::Delegated(delegation.role.clone()) });
    }
    for delegation in new.delegations() {
        let role = Role::Delegated(delegation.role.clone());
        let before = of(old_delegations, delegation);
        if before.is_none() {
            let paths = delegation.paths.iter().map(ToString::to_string).collect();
            amendments.push(Amendment::TenantAdded { role: role.clone(), paths });
        }
        of_keys(&role, before.as_ref(), &delegation.keys, amendments);
    }
    let none = BTreeSet::new();
    let revoked = old.map_or(&none, TargetsMetadata::revoked);
    let newly = new.revoked().difference(revoked);
    amendments.extend(newly.map(|manifest| Amendment::Revoked { manifest: *manifest }));
    for (target, listed) in old.into_iter().flat_map(TargetsMetadata::releases) {
        if new.target(&target).is_none() {
            amendments.push(Amendment::Unlisted { target, old: *listed.sha256() });
        }
    }
    for (target, listed) in new.releases() {
        let before = old.and_then(|old| old.target(&target)).map(|target| *target.sha256());
        if before != Some(*listed.sha256()) {
            let (new, version) = (*listed.sha256(), listed.release_version());
            amendments.push(Amendment::Listed { target, old: before, new, version });
        }
    }
}

impl fmt::Display for Amendment {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Version { role, old: None, new, expires } => write!(out, "{role}: version {new}, until {expires}"),
            Self::Version { role, old: Some(old), new, expires } => {
                write!(out, "{role}: version {old} -> {new}, until {expires}")
            }
            Self::KeyAdded { role, key, name } => write!(out, "{role}: key `{key}`{} added", Called(name.as_ref())),
            Self::KeyRemoved { role, key, name } => {
                write!(out, "{role}: key `{key}`{} REMOVED", Called(name.as_ref()))
            }
            Self::KeyRenamed { role, key, old, new } => {
                let text =
                    |name: &Option<KeyName>| name.as_ref().map_or_else(|| "no name".to_owned(), ToString::to_string);
                write!(out, "{role}: key `{key}` is called {} instead of {}", text(new), text(old))
            }
            Self::Threshold { role, old: None, new } => write!(out, "{role}: {new} keys must sign"),
            Self::Threshold { role, old: Some(old), new } => {
                write!(out, "{role}: {new} keys must sign instead of {old}")
            }
            Self::TenantAdded { role, paths } => write!(out, "{role} added: may list `{}`", paths.join("`, `")),
            Self::TenantRemoved { role } => write!(out, "{role} REMOVED: its releases are no longer found"),
            Self::Listed { target, old, new, version } => {
                write!(out, "`{target}`: ")?;
                if let Some(version) = version {
                    write!(out, "version `{version}`, ")?;
                }
                match old {
                    Some(old) => write!(out, "manifest `{old}` -> `{new}`"),
                    None => write!(out, "manifest `{new}`, where nothing was listed"),
                }
            }
            Self::Unlisted { target, old } => write!(out, "`{target}` no longer listed: manifest `{old}`"),
            Self::Revoked { manifest } => write!(out, "manifest `{manifest}` REVOKED forever"),
        }
    }
}
