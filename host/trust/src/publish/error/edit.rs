//! A change cannot be made.

use thiserror::Error;

use crate::digest::Digest;
use crate::key::{KeyId, KeySetError};
use crate::manifest::ManifestError;
use crate::name::{NameError, RepositoryId, TargetPath};
use crate::publish::terms::RuleError;
use crate::role::Role;

/// A change that cannot be made, or must not be: ask for another one.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum EditError {
    /// No root is published or staged.
    #[error("there is no repository yet; `jurat trust init` makes one")]
    NoRepository,
    /// The repository exists already.
    #[error("there is a repository already: `{repository}`")]
    IsRepository {
        /// The repository.
        repository: RepositoryId,
    },
    /// It would break a rule.
    #[error(transparent)]
    Rule(#[from] RuleError),
    /// The keys that would be left do not make a key set.
    #[error("{role} could not be signed any more")]
    KeySet {
        /// The role.
        role: Role,
        /// Why.
        #[source]
        cause: KeySetError,
    },
    /// The role has the key already.
    #[error("the key `{key}` belongs to {role} already")]
    KnownKey {
        /// The role.
        role: Role,
        /// The key.
        key: KeyId,
    },
    /// The role does not have the key.
    #[error("the key `{key}` does not belong to {role}")]
    UnknownKey {
        /// The role.
        role: Role,
        /// The key.
        key: KeyId,
    },
    /// It cannot name a tenant.
    #[error(transparent)]
    Tenant(#[from] NameError),
    /// The tenant is there already.
    #[error("there is a tenant with the role `{role}` already")]
    KnownTenant {
        /// Its role.
        role: Role,
    },
    /// The tenant does not exist.
    #[error("there is no tenant with the role `{role}`")]
    UnknownTenant {
        /// Its role.
        role: Role,
    },
    /// No tenant may list a release there.
    #[error("no tenant may list `{target}`: `t/<tenant>/<channel>/<release>.json` is expected")]
    NoTenantPath {
        /// The path.
        target: TargetPath,
    },
    /// The manifest is that of another release.
    #[error("the manifest is that of `{found}`, which cannot be listed as `{target}`")]
    WrongName {
        /// The path.
        target: TargetPath,
        /// The name in the manifest.
        found: String,
    },
    /// Nothing is listed there.
    #[error("`{target}` is not listed")]
    NotListed {
        /// The path.
        target: TargetPath,
    },
    /// The manifest was revoked, and stays so.
    #[error("the manifest `{manifest}` has been revoked, and stays so; build a new release")]
    Revoked {
        /// The digest of the manifest.
        manifest: Digest,
    },
    /// There is nothing that people could sign.
    #[error("no {role} can be signed again")]
    NothingToRenew {
        /// The role.
        role: Role,
    },
    /// The manifest to go back to is not valid.
    #[error("the manifest cannot be used")]
    Manifest(#[from] ManifestError),
    /// Another version of this program wrote the manifest to go back to, in another form.
    #[error("the manifest is not as this version writes it, so that its digest would change")]
    RewrittenManifest,
    /// There are no more version numbers.
    #[error("there is no version after the last of {role}")]
    LastVersion {
        /// The role.
        role: Role,
    },
}
