//! Changes of what tenants list.

use crate::digest::Digest;
use crate::manifest::Manifest;
use crate::metadata::TargetsMetadata;
use crate::name::{RoleName, TargetPath};
use crate::publish::error::EditError;
use crate::publish::repository::{Repository, StagedFile};
use crate::role::Role;

use super::Clock;

impl Repository {
    /// Lists a release instead of what is listed there: `t/<tenant>/<channel>/<release>.json`.
    ///
    /// # Errors
    /// When the path belongs to no tenant, or the manifest is another release's or has been revoked.
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
    /// Those of [`Repository::list_release`], and when the bytes are not a manifest as this version writes it.
    pub fn roll_back(&mut self, target: &TargetPath, manifest: &[u8], clock: Clock) -> Result<StagedFile, EditError> {
        let read = Manifest::parse(manifest)?;
        if read.to_bytes() != manifest {
            return Err(EditError::RewrittenManifest);
        }
        self.list_release(target, &read, clock)
    }

    /// Says that a release must not be used any more: the one that is listed, or an earlier one by its digest. It is no longer
    /// listed, and stays revoked forever.
    ///
    /// # Errors
    /// When the path belongs to no tenant, or nothing is listed there and no digest is given.
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

    /// The role that may list a path: only that of an existing tenant.
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
}
