//! Making new metadata: each change is staged as the successor of what hosts see, for people to sign.

use jiff::Timestamp;

use crate::envelope::Envelope;
use crate::metadata::{RootKeys, RootMetadata, TargetsMetadata};
use crate::name::RepositoryId;
use crate::role::Role;
use crate::version::MetadataVersion;

use super::error::EditError;
use super::repository::{Payload, Repository, Staged, StagedFile};
use super::terms::{self, Lifetimes, Mode};

mod releases;
mod root_keys;
mod tenants;

/// When something is staged, and how long it will live.
#[derive(Clone, Copy, Debug)]
pub struct Clock {
    /// The present time.
    pub now: Timestamp,
    /// How long new metadata is valid.
    pub lifetimes: Lifetimes,
}

impl Clock {
    /// Now, with [`Lifetimes::DEFAULT`].
    #[must_use]
    pub fn new(now: Timestamp) -> Self {
        Self { now, lifetimes: Lifetimes::DEFAULT }
    }

    pub(super) fn expiry(&self, role: &Role) -> Timestamp {
        self.lifetimes.expiry(role, self.now)
    }
}

impl Repository {
    /// A new repository: root and targets are staged, snapshot and timestamp are made when it is published.
    ///
    /// # Errors
    /// When the keys break a rule.
    pub fn init(
        repository: &RepositoryId,
        keys: RootKeys,
        mode: Mode,
        clock: Clock,
    ) -> Result<(Self, Vec<StagedFile>), EditError> {
        let mut new = Self::empty(mode);
        let root = RootMetadata::new(repository.clone(), MetadataVersion::FIRST, clock.expiry(&Role::Root), keys);
        let targets = TargetsMetadata::new(repository.clone(), MetadataVersion::FIRST, clock.expiry(&Role::Targets));
        let staged = [new.stage(Role::Root, Payload::Root(root)), new.stage(Role::Targets, Payload::Targets(targets))];
        new.check()?;
        Ok((new, staged.into()))
    }

    /// Stages a role as it is, with a new expiry.
    ///
    /// # Errors
    /// When the role does not exist, or is not signed by people.
    pub fn renew(&mut self, role: &Role, clock: Clock) -> Result<StagedFile, EditError> {
        match role {
            Role::Root => self.edit_root(clock, Ok),
            _ if self.targets_of(role).is_some() => self.edit_targets(role, clock, Ok),
            _ => Err(EditError::NothingToRenew { role: role.clone() }),
        }
    }

    fn edit_root(
        &mut self,
        clock: Clock,
        edit: impl FnOnce(RootMetadata) -> Result<RootMetadata, EditError>,
    ) -> Result<StagedFile, EditError> {
        let expires = clock.expiry(&Role::Root);
        let draft = match self.staged.get(&Role::Root).map(|staged| &staged.payload) {
            Some(Payload::Root(root)) => root.clone().expiring(expires),
            _ => {
                let published = &self.roots.last().ok_or(EditError::NoRepository)?.payload;
                published.successor(expires).ok_or(EditError::LastVersion { role: Role::Root })?
            }
        };
        let root = edit(draft)?;
        self.stage_checked(Role::Root, Payload::Root(root))
    }

    fn edit_targets(
        &mut self,
        role: &Role,
        clock: Clock,
        edit: impl FnOnce(TargetsMetadata) -> Result<TargetsMetadata, EditError>,
    ) -> Result<StagedFile, EditError> {
        let expires = clock.expiry(role);
        let staged = self.staged.get(role).map(|staged| &staged.payload);
        let draft = match (staged, self.published_targets_of(role)) {
            (Some(Payload::Targets(staged)), _) => staged.clone().expiring(expires),
            (_, Some(published)) => {
                published.successor(expires).ok_or_else(|| EditError::LastVersion { role: role.clone() })?
            }
            (_, None) => {
                let repository = self.id().ok_or(EditError::NoRepository)?;
                TargetsMetadata::new(repository.clone(), MetadataVersion::FIRST, expires)
            }
        };
        let targets = edit(draft)?;
        self.stage_checked(role.clone(), Payload::Targets(targets))
    }

    /// Stages a change if, with all that is staged already, it keeps to the rules. Otherwise nothing changes.
    fn stage_checked(&mut self, role: Role, payload: Payload) -> Result<StagedFile, EditError> {
        let before = self.staged.get(&role).cloned();
        let file = self.stage(role.clone(), payload);
        if let Err(error) = self.check() {
            match before {
                Some(staged) => drop(self.staged.insert(role, staged)),
                None => drop(self.staged.remove(&role)),
            }
            return Err(error);
        }
        Ok(file)
    }

    fn stage(&mut self, role: Role, payload: Payload) -> StagedFile {
        let envelope = Envelope::unsigned(payload.to_bytes());
        let staged = Staged { payload, envelope };
        let mut file = staged.file(&role);
        if let Some(dropped) = self.staged.insert(role, staged) {
            file.dropped_signatures = dropped.envelope.unverified_key_ids().count();
        }
        file
    }

    fn check(&self) -> Result<(), EditError> {
        let view = self.newest().ok_or(EditError::NoRepository)?;
        Ok(terms::check(view.root, view.targets, self.mode)?)
    }
}
