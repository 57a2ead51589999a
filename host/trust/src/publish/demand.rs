//! Whose signatures a role needs, and which of them are missing.

use std::collections::BTreeMap;
use std::fmt;

use crate::envelope::{Envelope, SignatureError};
use crate::key::{KeyId, KeyName, KeySet};
use crate::metadata::{RootMetadata, TargetsMetadata};
use crate::role::{Role, TopRole};
use crate::version::MetadataVersion;

/// The signatures that something still needs; nothing if it has enough.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Missing(pub(super) Vec<Shortfall>);

/// Signatures that are needed from one set of keys. A new root has two: the keys of the old one, and its own.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Shortfall {
    /// The metadata that names the keys, and its version.
    pub named_in: (Role, MetadataVersion),
    /// How many more of them must sign.
    pub needed: usize,
    /// The keys whose signatures hold.
    pub signed: Vec<KeyId>,
    /// The keys that have not signed.
    pub unsigned: Vec<KeyId>,
    /// What that metadata calls these keys.
    pub names: BTreeMap<KeyId, KeyName>,
}

impl Missing {
    /// Whether nothing is missing.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The missing signatures, by sets of keys.
    pub fn iter(&self) -> impl Iterator<Item = &Shortfall> {
        self.0.iter()
    }

    /// What an envelope misses under each of these sets.
    pub(super) fn of(envelope: &Envelope, demands: &[Demand<'_>]) -> Self {
        let shortfalls = demands.iter().filter_map(|demand| match envelope.verify(demand.keys) {
            Ok(_) => None,
            Err(SignatureError { threshold, valid, .. }) => Some(Shortfall {
                named_in: demand.named_in.clone(),
                needed: threshold - valid.len(),
                unsigned: demand.keys.keys().map(|(id, _)| id).filter(|id| !valid.contains(id)).cloned().collect(),
                signed: valid,
                names: names(demand.keys),
            }),
        });
        Self(shortfalls.collect())
    }
}

impl fmt::Display for Missing {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.0.is_empty() {
            return out.write_str("no signature is missing");
        }
        for (index, Shortfall { named_in: (role, version), needed, unsigned, names, .. }) in self.0.iter().enumerate() {
            let between = if index == 0 { "" } else { ", and " };
            let plural = if *needed == 1 { "" } else { "s" };
            write!(out, "{between}{needed} more signature{plural} by keys that {role} {version} names")?;
            for (index, key) in unsigned.iter().enumerate() {
                write!(out, "{}`{key}`", if index == 0 { ": " } else { ", " })?;
                if let Some(name) = names.get(key) {
                    write!(out, " ({name})")?;
                }
            }
        }
        Ok(())
    }
}

/// The names of the keys of a set.
pub(super) fn names(keys: &KeySet) -> BTreeMap<KeyId, KeyName> {
    keys.keys().filter_map(|(id, _)| Some((id.clone(), keys.name(id)?.clone()))).collect()
}

/// A set of keys, and the metadata that names them.
pub(super) struct Demand<'a> {
    pub(super) named_in: (Role, MetadataVersion),
    pub(super) keys: &'a KeySet,
}

/// A root and the targets below it, which say whose signatures count.
#[derive(Clone, Copy)]
pub(super) struct View<'a> {
    pub(super) root: &'a RootMetadata,
    pub(super) targets: Option<&'a TargetsMetadata>,
}

impl<'a> View<'a> {
    /// Whose signatures a role needs; none if no keys are named for it.
    pub(super) fn demand(&self, role: &Role) -> Option<Demand<'a>> {
        let top = match role {
            Role::Root => TopRole::Root,
            Role::Timestamp => TopRole::Timestamp,
            Role::Snapshot => TopRole::Snapshot,
            Role::Targets => TopRole::Targets,
            Role::Delegated(name) => {
                let targets = self.targets?;
                let delegation = targets.delegation(name)?;
                return Some(Demand { named_in: (Role::Targets, targets.version()), keys: &delegation.keys });
            }
        };
        Some(Demand { named_in: (Role::Root, self.root.version()), keys: self.root.keys(top) })
    }
}
