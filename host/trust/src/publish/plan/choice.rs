//! The choice of staged roles that are published together.

use std::collections::BTreeMap;

use jiff::Timestamp;

use crate::metadata::{RootMetadata, TargetsMetadata};
use crate::publish::error::PlanError;
use crate::publish::repository::{Repository, Staged};
use crate::role::{Role, TopRole};

/// The roles that are published together: the most that are staged and fit together.
pub(super) struct Choice<'a> {
    pub(super) root: &'a RootMetadata,
    pub(super) targets: &'a TargetsMetadata,
    pub(super) ready: BTreeMap<Role, &'a Staged>,
}

impl<'a> Choice<'a> {
    pub(super) fn of(repository: &'a Repository, staged: &'a BTreeMap<Role, Staged>) -> Option<Self> {
        // A root or targets that would exclude a signer wait until that signer has signed with the new keys.
        [staged.get(&Role::Root), None].into_iter().find_map(|root| {
            [staged.get(&Role::Targets), None]
                .into_iter()
                .find_map(|targets| Self::with(repository, staged, root, targets))
        })
    }

    fn with(
        repository: &'a Repository,
        staged: &'a BTreeMap<Role, Staged>,
        root: Option<&'a Staged>,
        targets: Option<&'a Staged>,
    ) -> Option<Self> {
        let mut ready = BTreeMap::new();
        let old = repository.roots.last();
        let root = match root {
            Some(staged) => {
                let new = staged.payload.as_root()?;
                let olds = old.map(|old| &old.payload).into_iter();
                if !olds.chain([new]).all(|root| staged.envelope.verify(root.keys(TopRole::Root)).is_ok()) {
                    return None;
                }
                ready.insert(Role::Root, staged);
                new
            }
            None => &old?.payload,
        };
        let current = repository.current.as_ref();
        let (targets, envelope) = match targets {
            Some(staged) => {
                ready.insert(Role::Targets, staged);
                (staged.payload.as_targets()?, &staged.envelope)
            }
            None => current.map(|current| (&current.targets.payload, &current.targets.envelope))?,
        };
        envelope.verify(root.keys(TopRole::Targets)).ok()?;
        for delegation in targets.delegations() {
            let role = Role::Delegated(delegation.role.clone());
            let published = current.and_then(|current| current.tenants.get(&delegation.role));
            match staged.get(&role) {
                Some(staged) if staged.envelope.verify(&delegation.keys).is_ok() => drop(ready.insert(role, staged)),
                _ if published.is_some_and(|tenant| tenant.envelope.verify(&delegation.keys).is_err()) => return None,
                _ => {}
            }
        }
        Some(Self { root, targets, ready })
    }

    pub(super) fn check_age(&self, now: Timestamp) -> Result<(), PlanError> {
        let tops = [(Role::Root, self.root.expires()), (Role::Targets, self.targets.expires())];
        let ready = self.ready.iter().map(|(role, staged)| (role.clone(), staged.payload.expires()));
        match tops.into_iter().chain(ready).find(|(_, expires)| *expires <= now) {
            Some((role, expires)) => Err(PlanError::Expired { role, expires, now }),
            None => Ok(()),
        }
    }
}
