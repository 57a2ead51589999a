//! The proof that a release may be run.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

use jiff::Timestamp;

use crate::digest::Digest;
use crate::key::{KeyId, KeyName};
use crate::manifest::{ComponentEntry, FileEntry, FileKind, LowerLimits, Manifest, RuleEntry, Wasi};
use crate::name::{RepositoryId, SafePath, TargetPath};
use crate::role::Role;
use crate::version::MetadataVersion;

/// A release of which every byte has been checked.
///
/// Made by [`VerifiedManifest::release`](crate::VerifiedManifest::release), and, without any proof, by [`danger::assume_verified`](crate::danger::assume_verified);
/// [`VerifiedRelease::origin`] says by which, and every result must say so too.
///
/// # Limits
/// Signed does not mean well-meant: a component is as hostile as its signers allow it to be, until the sandbox has it. And a
/// release was fresh when it was verified; nothing here notices that it expires while it is in use.
#[derive(Clone, Debug)]
pub struct VerifiedRelease {
    manifest: Manifest,
    manifest_sha256: Digest,
    // INVARIANT: one entry for each file of the manifest, of its length and digest.
    files: BTreeMap<SafePath, VerifiedBytes>,
    origin: ReleaseOrigin,
}

/// The origin of a release.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum ReleaseOrigin {
    /// From a repository, with a chain of signatures down to each byte.
    Signed(Box<Provenance>),
    /// From the development path. Its signatures were not checked.
    Unsigned,
}

/// The evidence of a signed release's verification, which results carry.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Provenance {
    /// The repository that it was signed for.
    pub repository: RepositoryId,
    /// The target that it was found as.
    pub target: TargetPath,
    /// The role that lists it.
    pub role: Role,
    /// The version of that role's metadata.
    pub role_version: MetadataVersion,
    /// The versions of the top roles by which that role may.
    pub versions: Versions,
    /// When the first of all these expires. The role that lists a release of [earlier days](crate::Client::find_past) is left out.
    pub expires: Timestamp,
    /// The role that expires first.
    pub expiring: Role,
    /// The keys of the role whose signatures hold, in the order of their ids.
    pub signers: Vec<KeyId>,
    /// What the metadata that delegates to the role calls these keys.
    pub signer_names: BTreeMap<KeyId, KeyName>,
}

/// Versions of the top roles that a host has accepted.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Versions {
    /// Of root.
    pub root: MetadataVersion,
    /// Of the timestamp; none before the first refresh, and when its keys were changed since.
    pub timestamp: Option<MetadataVersion>,
    /// Of the snapshot; none before the first refresh, and when its keys were changed since.
    pub snapshot: Option<MetadataVersion>,
    /// Of the targets role; none before the first refresh, and when its keys were changed since.
    pub targets: Option<MetadataVersion>,
}

/// Bytes that are known to be part of a [`VerifiedRelease`], with their digest. The only thing that a compiler may take.
///
/// Cloning shares the bytes: what was hashed and what is compiled is one buffer.
#[derive(Clone, Eq, PartialEq)]
pub struct VerifiedBytes {
    bytes: Arc<[u8]>,
    // INVARIANT: the digest of `bytes`.
    sha256: Digest,
}

/// A component of a release, with everything that the release says of it.
#[derive(Clone, Copy, Debug)]
pub struct ComponentFile<'a> {
    /// Its path inside of the release.
    pub path: &'a SafePath,
    /// The component.
    pub bytes: &'a VerifiedBytes,
    /// Limits that are lower than the host's; see [`LowerLimits::within`].
    pub limits: &'a LowerLimits,
    /// What of WASI it asks for.
    pub wasi: Wasi,
    /// The rules that it must turn out to have, in this order.
    pub rules: &'a [RuleEntry],
}

impl VerifiedRelease {
    /// INVARIANT: called by `VerifiedManifest::release` and `danger::assume_verified` only, with files that belong to the manifest.
    pub(crate) fn assemble(
        manifest: Manifest,
        manifest_sha256: Digest,
        files: BTreeMap<SafePath, VerifiedBytes>,
        origin: ReleaseOrigin,
    ) -> Self {
        Self { manifest, manifest_sha256, files, origin }
    }

    /// The manifest.
    #[must_use]
    pub fn manifest(&self) -> &Manifest {
        &self.manifest
    }

    /// The digest of the manifest as it was served: the name of exactly this release.
    #[must_use]
    pub fn manifest_sha256(&self) -> &Digest {
        &self.manifest_sha256
    }

    /// Its origin.
    #[must_use]
    pub fn origin(&self) -> &ReleaseOrigin {
        &self.origin
    }

    /// The evidence of its verification; none if it was not verified.
    #[must_use]
    pub fn provenance(&self) -> Option<&Provenance> {
        match &self.origin {
            ReleaseOrigin::Signed(provenance) => Some(provenance),
            ReleaseOrigin::Unsigned => None,
        }
    }

    /// The components, in the order of their paths.
    pub fn components(&self) -> impl Iterator<Item = ComponentFile<'_>> {
        self.manifest.components().iter().filter_map(|ComponentEntry { path, limits, wasi, rules }| {
            let bytes = self.files.get(path)?;
            Some(ComponentFile { path, bytes, limits, wasi: *wasi, rules })
        })
    }

    /// The files of one kind, in the order of their paths.
    pub fn files(&self, kind: FileKind) -> impl Iterator<Item = (&FileEntry, &VerifiedBytes)> {
        let of_kind = self.manifest.files().iter().filter(move |file| file.kind == kind);
        of_kind.filter_map(|file| Some((file, self.files.get(&file.path)?)))
    }
}

impl VerifiedBytes {
    /// INVARIANT: called where a signed digest is compared next, and by `danger` only.
    pub(crate) fn new(bytes: impl Into<Arc<[u8]>>) -> Self {
        let bytes = bytes.into();
        Self { sha256: Digest::of(&bytes), bytes }
    }

    /// The bytes.
    #[must_use]
    pub fn as_slice(&self) -> &[u8] {
        &self.bytes
    }

    /// Their digest.
    #[must_use]
    pub fn sha256(&self) -> &Digest {
        &self.sha256
    }
}

impl fmt::Debug for VerifiedBytes {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "VerifiedBytes({} bytes, {})", self.bytes.len(), self.sha256)
    }
}
