//! Changes of the tenants and of their keys.

use crate::key::KeySet;
use crate::metadata::Delegation;
use crate::name::RoleName;
use crate::publish::error::EditError;
use crate::publish::repository::{Repository, StagedFile};
use crate::publish::terms;
use crate::role::Role;

use super::Clock;

impl Repository {
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
    /// When the tenant does not exist, or a rule would be broken.
    pub fn rekey_tenant(&mut self, tenant: &str, keys: KeySet, clock: Clock) -> Result<Vec<StagedFile>, EditError> {
        let name = RoleName::of_tenant(tenant)?;
        let unknown = || EditError::UnknownTenant { role: Role::Delegated(name.clone()) };
        let delegation = Delegation { keys, ..self.delegation(&name).ok_or_else(unknown)?.clone() };
        self.delegate(delegation, clock)
    }

    /// Takes a tenant's right away to list anything. Its role stays in the snapshot, from which nothing may vanish.
    ///
    /// # Errors
    /// When the tenant does not exist.
    pub fn remove_tenant(&mut self, tenant: &str, clock: Clock) -> Result<StagedFile, EditError> {
        let name = RoleName::of_tenant(tenant)?;
        if self.delegation(&name).is_none() {
            return Err(EditError::UnknownTenant { role: Role::Delegated(name) });
        }
        self.edit_targets(&Role::Targets, clock, |targets| Ok(targets.without_delegation(&name)))
    }

    /// Delegates to a tenant, and stages its role if there is one, so that the present keys sign it.
    fn delegate(&mut self, delegation: Delegation, clock: Clock) -> Result<Vec<StagedFile>, EditError> {
        let role = Role::Delegated(delegation.role.clone());
        let mut files =
            vec![self.edit_targets(&Role::Targets, clock, |targets| Ok(targets.with_delegation(delegation)))?];
        if self.targets_of(&role).is_some() {
            files.push(self.edit_targets(&role, clock, Ok)?);
        }
        Ok(files)
    }

    pub(super) fn delegation(&self, name: &RoleName) -> Option<&Delegation> {
        self.targets_of(&Role::Targets)?.delegation(name)
    }
}
