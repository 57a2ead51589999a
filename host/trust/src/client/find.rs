//! The walk over delegations to the role that lists a release.

use std::collections::BTreeSet;

use super::error::UpdateError;
use super::listing::Listing;
use super::trusted::{Authority, Trusted};
use super::{Client, DEPTH, Freshness, ROLES};
use crate::digest::Digest;
use crate::fetch::Fetch;
use crate::metadata::{Delegation, TargetsMetadata};
use crate::name::{RoleName, TargetPath};
use crate::role::{Role, TopRole};
use crate::store::{StateFile, Store};
use crate::version::MetadataVersion;

/// A role that may list a release.
#[derive(Clone, Debug)]
pub(super) struct Step {
    pub(super) delegation: Delegation,
    by: Role,
    by_version: MetadataVersion,
    depth: usize,
    /// Of the roles between the targets role and this one, the one that expires first.
    pub(super) earliest: Option<(Role, jiff::Timestamp)>,
}

/// The roles that may list a release, one after the other: those first that are trusted more.
pub(super) struct Walk<'t> {
    target: &'t TargetPath,
    pending: Vec<Step>,
    seen: BTreeSet<RoleName>,
}

impl<S: Store> Client<S> {
    /// Finds the role that lists a release: the first that does, of all that its path was delegated to. Their metadata is brought up to
    /// date where the snapshot lists newer.
    ///
    /// # Errors
    /// When no refresh has gone through yet, no role lists the release, it has been revoked, or the metadata of a role on the way is
    /// not as it should be. With [`Freshness::Demanded`] also when anything that it hangs on has expired.
    ///
    /// # Limits
    /// At most 32 delegated roles are asked, and three delegations followed one after the other.
    pub fn find(
        &mut self,
        source: &impl Fetch,
        target: &TargetPath,
        freshness: Freshness,
    ) -> Result<Listing, UpdateError> {
        let targets = self.whole(freshness)?.clone();
        if targets.metadata.target(target).is_some() {
            return self.listing(&Role::Targets, &targets, None, target);
        }
        let mut walk = Walk::new(target, &targets.metadata);
        let mut last = None;
        while let Some(step) = walk.next() {
            if walk.seen.len() > ROLES {
                return Err(UpdateError::TooManyRoles { release: target.clone(), cap: ROLES });
            }
            let role = self.update_role(source, &step, freshness)?;
            if role.metadata.target(target).is_some() {
                return self.listing(&step.role(), &role, step.earliest, target);
            }
            if !walk.enter(&step, &role.metadata) {
                return Err(UpdateError::TooDeep { release: target.clone(), role: step.role(), cap: DEPTH });
            }
            last = Some((step.role(), role.metadata.version()));
        }
        let release = target.clone();
        Err(match last {
            Some((role, version)) => UpdateError::UnknownRelease { file: role.file(version), role, release },
            None => UpdateError::NotDelegated { file: Role::Targets.file(targets.metadata.version()), release },
        })
    }

    /// The metadata of the targets role, if all that it hangs on belongs together.
    fn whole(&self, freshness: Freshness) -> Result<&Trusted<TargetsMetadata>, UpdateError> {
        let missing = |role| UpdateError::Unrefreshed { role };
        let timestamp = self.timestamp.as_ref().ok_or_else(|| missing(Role::Timestamp))?;
        let snapshot = self.snapshot.as_ref().ok_or_else(|| missing(Role::Snapshot))?;
        let targets = self.targets.as_ref().ok_or_else(|| missing(Role::Targets))?;
        if let Freshness::Demanded(now) = freshness {
            self.root.check_expiry(&Role::Root, now)?;
            timestamp.check_expiry(&Role::Timestamp, now)?;
            // Where this is waived, the snapshot may be the one before: the source was lost in the middle of a refresh.
            if snapshot.metadata.version() != timestamp.metadata.snapshot().version {
                return Err(missing(Role::Snapshot));
            }
            snapshot.check_expiry(&Role::Snapshot, now)?;
            targets.check_expiry(&Role::Targets, now)?;
        }
        match snapshot.metadata.file(&Role::Targets) {
            Some(listed) if targets.is(listed) => Ok(targets),
            _ => Err(missing(Role::Targets)),
        }
    }

    fn update_role(
        &mut self,
        source: &impl Fetch,
        step: &Step,
        freshness: Freshness,
    ) -> Result<Trusted<TargetsMetadata>, UpdateError> {
        let authority = step.authority();
        let known = self.kept_role(&step.delegation, &authority)?;
        let new = self.update_targets(source, &authority, known.as_ref(), freshness)?;
        let name = &step.delegation.role;
        if let Some(new) = &new {
            self.keep(&StateFile::Delegated(name.clone()), &new.envelope)?;
        }
        match new.or(known) {
            Some(role) => {
                self.roles.insert(name.clone(), role.clone());
                Ok(role)
            }
            None => Err(UpdateError::Unrefreshed { role: step.role() }),
        }
    }

    /// All roles that may list a release, with what is known of each.
    pub(super) fn known_roles(&self, target: &TargetPath) -> Vec<(Step, Option<&Trusted<TargetsMetadata>>)> {
        let Some(targets) = &self.targets else { return Vec::new() };
        let mut walk = Walk::new(target, &targets.metadata);
        let mut roles = Vec::new();
        while let Some(step) = walk.next().filter(|_| walk.seen.len() <= ROLES) {
            let known = self.roles.get(&step.delegation.role);
            let known = known.filter(|known| known.is_signed_by(&step.delegation.keys));
            if let Some(known) = known {
                walk.enter(&step, &known.metadata);
            }
            roles.push((step, known));
        }
        roles
    }

    /// The manifests that the roles which may list a release revoke, as far as they are known.
    pub(super) fn revocations(&self, target: &TargetPath) -> impl Iterator<Item = &BTreeSet<Digest>> {
        let delegated = self.known_roles(target).into_iter().filter_map(|(_, role)| role);
        self.targets.iter().chain(delegated).map(|role| role.metadata.revoked())
    }

    /// Whose keys count for the targets role.
    pub(super) fn targets_authority(&self) -> Authority<'_> {
        Authority::of_root(&self.root.metadata, TopRole::Targets)
    }
}

impl Step {
    pub(super) fn role(&self) -> Role {
        Role::Delegated(self.delegation.role.clone())
    }

    pub(super) fn authority(&self) -> Authority<'_> {
        let (by, by_version) = (self.by.clone(), self.by_version);
        Authority { role: self.role(), keys: &self.delegation.keys, by, by_version }
    }
}

impl<'t> Walk<'t> {
    fn new(target: &'t TargetPath, targets: &TargetsMetadata) -> Self {
        let mut walk = Self { target, pending: Vec::new(), seen: BTreeSet::new() };
        walk.push(targets, &Role::Targets, 1, None);
        walk
    }

    /// The next role. None is asked twice, even if several delegate to it.
    fn next(&mut self) -> Option<Step> {
        loop {
            let step = self.pending.pop()?;
            if self.seen.insert(step.delegation.role.clone()) {
                return Some(step);
            }
        }
    }

    /// Goes on with the roles that a role delegates to, unless that is deeper than delegations are followed.
    fn enter(&mut self, step: &Step, role: &TargetsMetadata) -> bool {
        if step.depth == DEPTH {
            return !role.delegations().iter().any(|delegation| delegation.covers(self.target));
        }
        let own = (step.role(), role.expires());
        let earliest = step.earliest.clone().filter(|earliest| earliest.1 <= own.1).unwrap_or(own);
        self.push(role, &step.role(), step.depth + 1, Some(&earliest));
        true
    }

    fn push(
        &mut self,
        metadata: &TargetsMetadata,
        by: &Role,
        depth: usize,
        earliest: Option<&(Role, jiff::Timestamp)>,
    ) {
        let mut steps = Vec::new();
        for delegation in metadata.delegations().iter().filter(|delegation| delegation.covers(self.target)) {
            let (delegation, by, by_version) = (delegation.clone(), by.clone(), metadata.version());
            let is_last = delegation.terminating;
            steps.push(Step { delegation, by, by_version, depth, earliest: earliest.cloned() });
            if is_last {
                // A role that is trusted less is not asked.
                self.pending.clear();
                break;
            }
        }
        self.pending.extend(steps.into_iter().rev());
    }
}
