//! Making new metadata: each change is staged as the successor of what hosts see, for people to sign.

use jiff::Timestamp;

use crate::digest::Digest;
use crate::envelope::Envelope;
use crate::key::{KeyId, KeySet, PublicKey};
use crate::manifest::Manifest;
use crate::metadata::{Delegation, MetadataVersion, RootKeys, RootMetadata, TargetsMetadata};
use crate::name::{RepositoryId, RoleName, TargetPath};
use crate::role::{Role, TopRole};

use super::error::EditError;
use super::repository::{Payload, Repository, Staged, StagedFile};
use super::terms::{self, Lifetimes, Mode};

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

    /// Gives a top role one more key.
    ///
    /// # Errors
    /// When it has the key already, or a rule would be broken.
    pub fn add_root_key(&mut self, role: TopRole, key: PublicKey, clock: Clock) -> Result<StagedFile, EditError> {
        self.edit_keys(role, clock, |keys| {
            if holds(keys, &key) {
                return Err(EditError::KnownKey { role: role.into(), key: KeyId::of(&key) });
            }
            key_set(role, keys.threshold(), others(keys, None).chain([key]))
        })
    }

    /// Takes a key from a top role.
    ///
    /// # Errors
    /// When it does not have the key, too few would be left, or a rule would be broken.
    pub fn remove_root_key(&mut self, role: TopRole, key: &PublicKey, clock: Clock) -> Result<StagedFile, EditError> {
        self.edit_keys(role, clock, |keys| {
            check_held(role, keys, key)?;
            key_set(role, keys.threshold(), others(keys, Some(key)))
        })
    }

    /// Puts a new key in the place of an old one.
    ///
    /// # Errors
    /// When the role does not have the old key, has the new one already, or a rule would be broken.
    pub fn rotate_root_key(
        &mut self,
        role: TopRole,
        old: &PublicKey,
        new: PublicKey,
        clock: Clock,
    ) -> Result<StagedFile, EditError> {
        self.edit_keys(role, clock, |keys| {
            check_held(role, keys, old)?;
            if holds(keys, &new) {
                return Err(EditError::KnownKey { role: role.into(), key: KeyId::of(&new) });
            }
            key_set(role, keys.threshold(), others(keys, Some(old)).chain([new]))
        })
    }

    /// Sets how many keys of a top role must sign.
    ///
    /// # Errors
    /// When there are not as many keys, or a rule would be broken.
    pub fn set_root_threshold(
        &mut self,
        role: TopRole,
        threshold: usize,
        clock: Clock,
    ) -> Result<StagedFile, EditError> {
        self.edit_keys(role, clock, |keys| key_set(role, threshold, others(keys, None)))
    }

    /// Stages a role as it is, with a new expiry.
    ///
    /// # Errors
    /// When there is no such role, or it is not signed by people.
    pub fn renew(&mut self, role: &Role, clock: Clock) -> Result<StagedFile, EditError> {
        match role {
            Role::Root => self.edit_root(clock, Ok),
            _ if self.targets_of(role).is_some() => self.edit_targets(role, clock, Ok),
            _ => Err(EditError::NothingToRenew { role: role.clone() }),
        }
    }

    /// Lets a tenant list releases below `t/<tenant>/`, signed by its own keys.
    ///
    /// A tenant that was there once takes its old role up again, with what was revoked in it.
    ///
    /// # Errors
    /// When the name cannot be used, the tenant is there already, or a rule would be broken.
    pub fn add_tenant(&mut self, tenant: &str, keys: KeySet, clock: Clock) -> Result<Vec<StagedFile>, EditError> {
        let name = RoleName::of_tenant(tenant)?;
        let paths = vec![terms::tenant_paths(tenant)?];
        let role = Role::Delegated(name.clone());
        if self.delegation(&name).is_some() {
            return Err(EditError::KnownTenant { role });
        }
        self.delegate(Delegation { role: name, keys, paths, terminating: true }, clock)
    }

    /// Gives a tenant other keys. Its role is staged too, because the new keys must sign it before the old ones are gone.
    ///
    /// # Errors
    /// When there is no such tenant, or a rule would be broken.
    pub fn rekey_tenant(&mut self, tenant: &str, keys: KeySet, clock: Clock) -> Result<Vec<StagedFile>, EditError> {
        let name = RoleName::of_tenant(tenant)?;
        let unknown = || EditError::UnknownTenant { role: Role::Delegated(name.clone()) };
        let delegation = Delegation { keys, ..self.delegation(&name).ok_or_else(unknown)?.clone() };
        self.delegate(delegation, clock)
    }

    /// Takes a tenant's right away to list anything. Its role stays in the snapshot, from which nothing may vanish.
    ///
    /// # Errors
    /// When there is no such tenant.
    pub fn remove_tenant(&mut self, tenant: &str, clock: Clock) -> Result<StagedFile, EditError> {
        let name = RoleName::of_tenant(tenant)?;
        if self.delegation(&name).is_none() {
            return Err(EditError::UnknownTenant { role: Role::Delegated(name) });
        }
        self.edit_targets(&Role::Targets, clock, |targets| Ok(targets.without_delegation(&name)))
    }

    /// Lists a release in the place of what is listed there: `t/<tenant>/<channel>/<release>.json`.
    ///
    /// # Errors
    /// When the path is no tenant's, or the manifest is another release's or has been revoked.
    pub fn list_release(
        &mut self,
        target: &TargetPath,
        manifest: &Manifest,
        clock: Clock,
    ) -> Result<StagedFile, EditError> {
        let role = self.role_of(target)?;
        if manifest.name() != target.name() {
            return Err(EditError::WrongName { target: target.clone(), found: manifest.name().to_string() });
        }
        let sha256 = Digest::of(&manifest.to_bytes());
        if self.targets_of(&role).is_some_and(|listed| listed.revoked().contains(&sha256)) {
            return Err(EditError::Revoked { manifest: sha256 });
        }
        self.edit_targets(&role, clock, |listed| Ok(listed.with_release(target, manifest)))
    }

    /// Lists an earlier release again, by its manifest: a rollback on purpose. The metadata is new, so that hosts follow.
    ///
    /// # Errors
    /// Those of [`Repository::list_release`], and when the bytes are no manifest as this version writes it.
    pub fn roll_back(&mut self, target: &TargetPath, manifest: &[u8], clock: Clock) -> Result<StagedFile, EditError> {
        let read = Manifest::parse(manifest)?;
        if read.to_bytes() != manifest {
            return Err(EditError::RewrittenManifest);
        }
        self.list_release(target, &read, clock)
    }

    /// Says that a release must not be used any more: the one that is listed, or an earlier one by its digest. It is no longer
    /// listed, and stays revoked for ever.
    ///
    /// # Errors
    /// When the path is no tenant's, or nothing is listed there and no digest is given.
    pub fn revoke(
        &mut self,
        target: &TargetPath,
        manifest: Option<&Digest>,
        clock: Clock,
    ) -> Result<StagedFile, EditError> {
        let role = self.role_of(target)?;
        let listed = self.targets_of(&role).and_then(|listed| listed.target(target)).map(|target| *target.sha256());
        let Some(revoked) = manifest.copied().or(listed) else {
            return Err(EditError::NotListed { target: target.clone() });
        };
        self.edit_targets(&role, clock, |targets| {
            // Wherever it is listed: the same release may be in two channels.
            let listing: Vec<_> = targets.releases().filter(|(_, target)| *target.sha256() == revoked).collect();
            let paths: Vec<_> = listing.into_iter().map(|(path, _)| path).collect();
            let targets = paths.iter().fold(targets, TargetsMetadata::without);
            Ok(targets.with_revoked(revoked))
        })
    }

    fn edit_keys(
        &mut self,
        role: TopRole,
        clock: Clock,
        edit: impl FnOnce(&KeySet) -> Result<KeySet, EditError>,
    ) -> Result<StagedFile, EditError> {
        self.edit_root(clock, |root| {
            let keys = edit(root.keys(role))?;
            Ok(root.with_keys(role, keys))
        })
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

    /// Delegates to a tenant, and stages its role if there is one, so that the keys of now sign it.
    fn delegate(&mut self, delegation: Delegation, clock: Clock) -> Result<Vec<StagedFile>, EditError> {
        let role = Role::Delegated(delegation.role.clone());
        let mut files =
            vec![self.edit_targets(&Role::Targets, clock, |targets| Ok(targets.with_delegation(delegation)))?];
        if self.targets_of(&role).is_some() {
            files.push(self.edit_targets(&role, clock, Ok)?);
        }
        Ok(files)
    }

    fn delegation(&self, name: &RoleName) -> Option<&Delegation> {
        self.targets_of(&Role::Targets)?.delegation(name)
    }

    /// The role that may list a path: the one of a tenant that is there, and of none else.
    fn role_of(&self, target: &TargetPath) -> Result<Role, EditError> {
        let no_tenant = || EditError::NoTenantPath { target: target.clone() };
        let parts: Vec<_> = target.as_path().as_str().split('/').collect();
        let ["t", tenant, _, _] = parts.as_slice() else { return Err(no_tenant()) };
        let name = RoleName::of_tenant(tenant)?;
        match self.delegation(&name) {
            Some(_) => Ok(Role::Delegated(name)),
            None => Err(EditError::UnknownTenant { role: Role::Delegated(name) }),
        }
    }

    /// Stages what keeps to the rules together with all that is staged already. What does not leaves no trace.
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

fn holds(keys: &KeySet, key: &PublicKey) -> bool {
    keys.keys().any(|(_, known)| known == key)
}

fn check_held(role: TopRole, keys: &KeySet, key: &PublicKey) -> Result<(), EditError> {
    if holds(keys, key) {
        return Ok(());
    }
    Err(EditError::UnknownKey { role: role.into(), key: KeyId::of(key) })
}

fn others<'a>(keys: &'a KeySet, without: Option<&'a PublicKey>) -> impl Iterator<Item = PublicKey> + 'a {
    keys.keys().map(|(_, key)| key).filter(move |key| Some(*key) != without).cloned()
}

fn key_set(role: TopRole, threshold: usize, keys: impl IntoIterator<Item = PublicKey>) -> Result<KeySet, EditError> {
    KeySet::new(threshold, keys).map_err(|cause| EditError::KeySet { role: role.into(), cause })
}
