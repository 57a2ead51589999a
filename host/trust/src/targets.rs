//! The payload of a `targets` role: which releases there are.
//!
//! It is the object of TUF 1.0.34, with two things of our own where the specification leaves room: the repository that it was
//! signed for, and the manifests that must never be used again.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use jiff::Timestamp;
use serde_json::{Map, Value};
use thiserror::Error;

use crate::digest::Digest;
use crate::json::{FormatError, MAX_INTEGER};
use crate::manifest::Manifest;
use crate::name::{ReleaseVersion, RepositoryId, SafePath, TargetPath};
use crate::quote::Quoted;

mod read;
mod write;

/// The version of the TUF specification that is written.
pub const SPEC_VERSION: &str = "1.0.34";

/// The version of a metadata file: from 1 to 2^53 - 1, and higher in each file than in the one it replaces.
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub struct MetadataVersion(u64);

/// The releases of a repository.
///
/// # Limits
/// Plain data: reading one proves nothing. [`verify`](crate::verify) reads those that it has seen the signatures of.
#[derive(Clone, Debug, PartialEq)]
pub struct Targets {
    version: MetadataVersion,
    expires: Timestamp,
    repository: RepositoryId,
    targets: BTreeMap<SafePath, Target>,
    revoked: BTreeSet<Digest>,
    /// Members that have no meaning here; TUF wants them kept.
    other: Map<String, Value>,
}

/// A file that metadata lists.
#[derive(Clone, Debug, PartialEq)]
pub struct Target {
    length: u64,
    sha256: Digest,
    custom: Map<String, Value>,
}

/// Why something is no `targets` payload.
#[derive(Clone, Debug, Eq, Error, PartialEq)]
#[non_exhaustive]
pub enum TargetsError {
    /// It cannot be read.
    #[error(transparent)]
    Format(#[from] FormatError),
    /// It is the payload of another role.
    #[error("it is of the type {}, but `targets` is expected", Quoted(.found))]
    Type {
        /// The type that it has.
        found: String,
    },
    /// It follows another major version of TUF.
    #[error("it follows version {} of TUF, but this version reads 1.x only", Quoted(.found))]
    SpecVersion {
        /// The version that it names.
        found: String,
    },
}

/// Why metadata cannot take the place of earlier metadata.
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

impl MetadataVersion {
    /// The first version.
    pub const FIRST: Self = Self(1);

    /// The version with the given number, if it is in range.
    #[must_use]
    pub fn new(number: u64) -> Option<Self> {
        (1..=MAX_INTEGER).contains(&number).then_some(Self(number))
    }

    /// The number.
    #[must_use]
    pub fn get(self) -> u64 {
        self.0
    }

    /// The version after this one; none after the last.
    #[must_use]
    pub fn next(self) -> Option<Self> {
        Self::new(self.0 + 1)
    }
}

impl fmt::Display for MetadataVersion {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(out)
    }
}

impl Targets {
    /// Metadata that lists nothing yet. It expires at the full second before `expires`.
    #[must_use]
    pub fn new(repository: RepositoryId, version: MetadataVersion, expires: Timestamp) -> Self {
        let expires = Timestamp::from_second(expires.as_second()).unwrap_or(expires);
        Self { version, expires, repository, targets: BTreeMap::new(), revoked: BTreeSet::new(), other: Map::new() }
    }

    /// The same releases and revocations in metadata that can replace this one; none after the last version.
    #[must_use]
    pub fn successor(&self, expires: Timestamp) -> Option<Self> {
        let renewed = Self::new(self.repository.clone(), self.version.next()?, expires);
        let Self { targets, revoked, other, .. } = self.clone();
        Some(Self { targets, revoked, other, ..renewed })
    }

    /// Lists a release in the place of what was listed there.
    #[must_use]
    pub fn with_release(mut self, path: &TargetPath, manifest: &Manifest) -> Self {
        self.targets.insert(path.as_path().clone(), Target::of_release(manifest));
        self
    }

    /// No longer lists what was listed there. A host that runs it goes on doing so; see [`Targets::with_revoked`].
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

    /// Whether this can take the place of `earlier`.
    ///
    /// # Errors
    /// When it is for another repository, its version is not higher, or it takes back a revocation.
    pub fn check_replaces(&self, earlier: &Self) -> Result<(), SuccessionError> {
        if self.repository != earlier.repository {
            let (old, new) = (earlier.repository.clone(), self.repository.clone());
            return Err(SuccessionError::Repository { old, new });
        }
        if self.version <= earlier.version {
            return Err(SuccessionError::Version { old: earlier.version, new: self.version });
        }
        match earlier.revoked.difference(&self.revoked).next() {
            Some(manifest) => Err(SuccessionError::Unrevoked { manifest: *manifest }),
            None => Ok(()),
        }
    }

    /// Its version.
    #[must_use]
    pub fn version(&self) -> MetadataVersion {
        self.version
    }

    /// When it expires; from that second on it is refused.
    #[must_use]
    pub fn expires(&self) -> Timestamp {
        self.expires
    }

    /// The repository that it is for.
    #[must_use]
    pub fn repository(&self) -> &RepositoryId {
        &self.repository
    }

    /// What is listed at a path.
    #[must_use]
    pub fn target(&self, path: &TargetPath) -> Option<&Target> {
        self.targets.get(path.as_path())
    }

    /// All releases that are listed, in the order of their paths. Targets of other kinds are left out.
    pub fn releases(&self) -> impl Iterator<Item = (TargetPath, &Target)> {
        let releases = self.targets.iter().filter(|(_, target)| target.is_release());
        releases.filter_map(|(path, target)| Some((path.as_str().parse().ok()?, target)))
    }

    /// Manifests that must not be used, whatever lists them.
    #[must_use]
    pub fn revoked(&self) -> &BTreeSet<Digest> {
        &self.revoked
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
