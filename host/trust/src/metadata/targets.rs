//! The payload of a targets role: which releases there are, and which roles may list more.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use serde_json::{Map, Value};
use thiserror::Error;

use super::header::{Header, header};
use crate::digest::Digest;
use crate::key::KeySet;
use crate::manifest::Manifest;
use crate::name::{PathPattern, ReleaseVersion, RepositoryId, RoleName, SafePath, TargetPath};
use crate::version::MetadataVersion;

mod read;
mod write;

/// The releases that a role lists, and the roles that it leaves paths to.
///
/// # Limits
/// Plain data, like all metadata: see [`metadata`](crate::metadata).
#[derive(Clone, Debug, PartialEq)]
pub struct TargetsMetadata {
    header: Header,
    targets: BTreeMap<SafePath, Target>,
    // INVARIANT: no role is there twice.
    delegations: Vec<Delegation>,
    revoked: BTreeSet<Digest>,
}

/// A file that metadata lists.
#[derive(Clone, Debug, PartialEq)]
pub struct Target {
    length: u64,
    sha256: Digest,
    custom: Map<String, Value>,
}

/// Paths that are left to another role.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Delegation {
    /// The role.
    pub role: RoleName,
    /// The keys that may sign it.
    pub keys: KeySet,
    /// The paths that it may list; others that it lists do not count.
    pub paths: Vec<PathPattern>,
    /// Whether no delegation further down the list is asked for these paths.
    pub terminating: bool,
}

/// Why metadata cannot replace earlier metadata.
#[derive(Clone, Debug, Eq, Error, PartialEq)]
#[non_exhaustive]
pub enum SuccessionError {
    /// It is for another repository.
    #[error("it is for the repository `{new}`, but replaces metadata of `{old}`")]
    Repository {
        /// The repository of the earlier metadata.
        old: RepositoryId,
        /// The repository of the new metadata.
        new: RepositoryId,
    },
    /// Hosts that have seen the earlier metadata would refuse it.
    #[error("its version is {new}, but must be higher than {old}, which it replaces")]
    Version {
        /// The version of the earlier metadata.
        old: MetadataVersion,
        /// The version of the new metadata.
        new: MetadataVersion,
    },
    /// It would bring back what was revoked.
    #[error("it no longer revokes the manifest `{manifest}`; what is revoked stays so")]
    Unrevoked {
        /// The digest of the manifest.
        manifest: Digest,
    },
}

header!(TargetsMetadata);

impl TargetsMetadata {
    /// Metadata that lists nothing yet. It expires at the full second before `expires`.
    #[must_use]
    pub fn new(repository: RepositoryId, version: MetadataVersion, expires: Timestamp) -> Self {
        let header = Header::new(repository, version, expires);
        Self { header, targets: BTreeMap::new(), delegations: Vec::new(), revoked: BTreeSet::new() }
    }

    /// The same releases, delegations and revocations in metadata that can replace this one; none after the last version.
    #[must_use]
    pub fn successor(&self, expires: Timestamp) -> Option<Self> {
        Some(Self { header: self.header.successor(expires)?, ..self.clone() })
    }

    /// The same with another expiry.
    #[must_use]
    pub fn expiring(self, expires: Timestamp) -> Self {
        Self { header: self.header.clone().expiring(expires), ..self }
    }

    /// Lists a release instead of what was listed there.
    #[must_use]
    pub fn with_release(mut self, path: &TargetPath, manifest: &Manifest) -> Self {
        self.targets.insert(path.as_path().clone(), Target::of_release(manifest));
        self
    }

    /// No longer lists what was listed there. A host that runs it goes on doing so; see [`TargetsMetadata::with_revoked`].
    #[must_use]
    pub fn without(mut self, path: &TargetPath) -> Self {
        self.targets.remove(path.as_path());
        self
    }

    /// Says that the manifest with this digest must not be used any more, wherever it is listed or kept.
    #[must_use]
    pub fn with_revoked(mut self, manifest: Digest) -> Self {
        self.revoked.insert(manifest);
        self
    }

    /// Delegates paths to a role, instead of what was delegated to it, or after all other delegations.
    #[must_use]
    pub fn with_delegation(mut self, delegation: Delegation) -> Self {
        match self.delegations.iter_mut().find(|existing| existing.role == delegation.role) {
            Some(existing) => *existing = delegation,
            None => self.delegations.push(delegation),
        }
        self
    }

    /// No longer leaves anything to a role.
    #[must_use]
    pub fn without_delegation(mut self, role: &RoleName) -> Self {
        self.delegations.retain(|delegation| delegation.role != *role);
        self
    }

    /// Whether this can replace `earlier`.
    ///
    /// # Errors
    /// When it is for another repository, its version is not higher, or it takes back a revocation.
    pub fn check_replaces(&self, earlier: &Self) -> Result<(), SuccessionError> {
        if self.repository() != earlier.repository() {
            let (old, new) = (earlier.repository().clone(), self.repository().clone());
            return Err(SuccessionError::Repository { old, new });
        }
        if self.version() <= earlier.version() {
            return Err(SuccessionError::Version { old: earlier.version(), new: self.version() });
        }
        match self.unrevokes(earlier) {
            Some(manifest) => Err(SuccessionError::Unrevoked { manifest }),
            None => Ok(()),
        }
    }

    /// A manifest that `earlier` revokes and this does not.
    pub(crate) fn unrevokes(&self, earlier: &Self) -> Option<Digest> {
        earlier.revoked.difference(&self.revoked).next().copied()
    }

    /// The file that is listed at a path.
    #[must_use]
    pub fn target(&self, path: &TargetPath) -> Option<&Target> {
        self.targets.get(path.as_path())
    }

    /// All releases that are listed, in the order of their paths. Targets of other kinds are left out.
    pub fn releases(&self) -> impl Iterator<Item = (TargetPath, &Target)> {
        let releases = self.targets.iter().filter(|(_, target)| target.is_release());
        releases.filter_map(|(path, target)| Some((path.as_str().parse().ok()?, target)))
    }

    /// The roles to which paths are delegated, in the order in which they are asked.
    #[must_use]
    pub fn delegations(&self) -> &[Delegation] {
        &self.delegations
    }

    /// The paths that are left to a role.
    #[must_use]
    pub fn delegation(&self, role: &RoleName) -> Option<&Delegation> {
        self.delegations.iter().find(|delegation| delegation.role == *role)
    }

    /// Manifests that must not be used, whatever lists them.
    #[must_use]
    pub fn revoked(&self) -> &BTreeSet<Digest> {
        &self.revoked
    }
}

impl Delegation {
    /// Whether the role may list something at this path.
    #[must_use]
    pub fn covers(&self, path: &TargetPath) -> bool {
        self.paths.iter().any(|pattern| pattern.matches(path.as_path()))
    }
}

impl Target {
    fn of_release(manifest: &Manifest) -> Self {
        let bytes = manifest.to_bytes();
        let custom = [("kind", "release"), ("version", manifest.version().as_str())];
        Self {
            length: bytes.len() as u64,
            sha256: Digest::of(&bytes),
            custom: custom.into_iter().map(|(name, value)| (name.to_owned(), value.into())).collect(),
        }
    }

    /// How many bytes it has.
    #[must_use]
    pub fn length(&self) -> u64 {
        self.length
    }

    /// The digest of its bytes.
    #[must_use]
    pub fn sha256(&self) -> &Digest {
        &self.sha256
    }

    /// Whether it is listed as a release, and not as something else that a repository may hold.
    #[must_use]
    pub fn is_release(&self) -> bool {
        self.custom.get("kind").and_then(Value::as_str) == Some("release")
    }

    /// The version of the release, for showing lists; none if it is not said. The manifest has the last word.
    #[must_use]
    pub fn release_version(&self) -> Option<ReleaseVersion> {
        self.custom.get("version")?.as_str()?.parse().ok()
    }
}
