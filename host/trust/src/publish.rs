//! The publisher's side: a release from its files, and what to put where.
//!
//! Signing is done by [`Envelope::sign`] and [`Envelope::add_signature`], on as many machines as there are signers; nothing in
//! here needs a private key.

use std::collections::BTreeMap;
use std::sync::Arc;

use jurat_model::Bytes;
use thiserror::Error;

use crate::digest::Digest;
use crate::envelope::Envelope;
use crate::fetch::{Fetch, FetchError};
use crate::manifest::{BuiltinRule, ComponentEntry, FileEntry, FileKind, Manifest, ManifestError};
use crate::name::{ReleaseName, ReleaseVersion, SafePath, TargetPath, World};
use crate::policy::Policy;
use crate::quote::Quoted;
use crate::release::VerifiedRelease;
use crate::targets::{SuccessionError, Targets, TargetsError};
use crate::verify::{VerifyError, metadata_location, verify};

/// What a release is to be made of.
#[derive(Clone, Debug)]
pub struct Draft {
    /// Its name.
    pub name: ReleaseName,
    /// Its version.
    pub version: ReleaseVersion,
    /// The contract that its components are built for.
    pub world: World,
    /// Its files.
    pub files: Vec<DraftFile>,
    /// What to say of its components.
    pub components: Vec<ComponentEntry>,
    /// Its built-in rules.
    pub builtin: Vec<BuiltinRule>,
}

/// A file of a release that is to be made.
#[derive(Clone, Debug)]
pub struct DraftFile {
    /// Its path inside of the release.
    pub path: SafePath,
    /// What it is for.
    pub kind: FileKind,
    /// Its bytes; at least one.
    pub bytes: Vec<u8>,
}

/// A release with all its files, which nobody has signed.
#[derive(Clone, Debug)]
pub struct BuiltRelease {
    manifest: Manifest,
    // INVARIANT: one entry for each file of the manifest, of its length and digest.
    files: BTreeMap<SafePath, Arc<[u8]>>,
}

/// Why a release cannot be made of a draft.
#[derive(Clone, Debug, Eq, Error, PartialEq)]
#[non_exhaustive]
pub enum BuildError {
    /// A file has no content.
    #[error("{} is empty", Quoted(.path.as_str()))]
    EmptyFile {
        /// Its path.
        path: SafePath,
    },
    /// The parts do not fit together, or cannot be written down.
    #[error("the manifest would be wrong")]
    Manifest(#[from] ManifestError),
}

/// Why a release is not put into a repository.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum PublishError {
    /// Hosts would refuse it.
    #[error("hosts would refuse the release")]
    Verify(#[from] VerifyError),
    /// It would do harm to the repository.
    #[error("the new metadata cannot replace the old")]
    Succession(#[from] SuccessionError),
    /// The metadata cannot be read.
    #[error("the new metadata cannot be used")]
    Metadata(#[from] TargetsError),
    /// The metadata lists something else.
    #[error("the metadata lists another release as `{target}`")]
    OtherRelease {
        /// Where it is listed.
        target: TargetPath,
    },
}

/// What a repository must hold so that hosts can use a release.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Layout {
    uploads: Vec<Upload>,
}

/// A file to put into a repository.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Upload {
    /// Where it goes, below the root of the repository.
    pub path: SafePath,
    /// Its bytes.
    pub bytes: Arc<[u8]>,
    /// What a cache may make of it.
    pub stability: Stability,
}

/// Whether what stands at a path can change.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
pub enum Stability {
    /// Never: its name says what it holds. A file that is there already need not be written again.
    Immutable,
    /// With every publication. Caches may keep it for seconds only.
    Mutable,
}

impl BuiltRelease {
    /// Makes a release of a draft: the same draft always makes the same manifest, byte by byte.
    ///
    /// # Errors
    /// When a file is empty, the parts do not fit together (see [`Manifest::new`]), or the manifest that would be written is
    /// not one that a host would read.
    pub fn build(draft: Draft) -> Result<Self, BuildError> {
        let Draft { name, version, world, files: drafts, components, builtin } = draft;
        let mut entries = Vec::with_capacity(drafts.len());
        let mut files = BTreeMap::new();
        for DraftFile { path, kind, bytes } in drafts {
            if bytes.is_empty() {
                return Err(BuildError::EmptyFile { path });
            }
            let (sha256, length) = (Digest::of(&bytes), bytes.len() as u64);
            entries.push(FileEntry { path: path.clone(), sha256, length, kind });
            files.insert(path, bytes.into());
        }
        let manifest = Manifest::new(name, version, world, entries, components, builtin)?;
        // A host reads strictly. Better that the publisher finds out than the host.
        let manifest = Manifest::parse(&manifest.to_bytes())?;
        Ok(Self { manifest, files })
    }

    /// Its manifest.
    #[must_use]
    pub fn manifest(&self) -> &Manifest {
        &self.manifest
    }

    /// Its files, in the order of their paths.
    pub fn files(&self) -> impl Iterator<Item = (&SafePath, &Arc<[u8]>)> {
        self.files.iter()
    }
}

impl Layout {
    /// What to put where for a release that is listed in a signed envelope, in the order in which to upload it: first what
    /// nobody looks for yet, last the metadata that tells of it. Whoever reads the repository meanwhile sees the old release.
    ///
    /// `replaces` is the metadata that the repository has now, if it has any.
    ///
    /// # Errors
    /// Unless the new metadata can take the place of the old, and a host with this policy would accept the result: it is
    /// verified as a host does it, signatures included.
    pub fn new(
        release: &BuiltRelease,
        target: &TargetPath,
        envelope: &Envelope,
        replaces: Option<&Targets>,
        policy: &Policy,
    ) -> Result<Self, PublishError> {
        let immutable = |path, bytes| Upload { path, bytes, stability: Stability::Immutable };
        let blobs: BTreeMap<_, _> = release.files.values().map(|bytes| (Digest::of(bytes), bytes.clone())).collect();
        let mut uploads: Vec<_> =
            blobs.into_iter().map(|(sha256, bytes)| immutable(SafePath::of_blob(&sha256), bytes)).collect();
        let manifest = release.manifest.to_bytes();
        uploads.push(immutable(target.location(&Digest::of(&manifest)), manifest.into()));
        let metadata = envelope.to_bytes().into();
        uploads.push(Upload { path: metadata_location(), bytes: metadata, stability: Stability::Mutable });
        let layout = Self { uploads };
        let verified = layout.verify(policy, target)?;
        if verified.manifest() != &release.manifest {
            return Err(PublishError::OtherRelease { target: target.clone() });
        }
        if let Some(old) = replaces {
            Targets::parse(envelope.unverified_payload())?.check_replaces(old)?;
        }
        Ok(layout)
    }

    /// The files, in the order in which to upload them.
    #[must_use]
    pub fn uploads(&self) -> &[Upload] {
        &self.uploads
    }

    /// Verifies the layout as a host does it.
    ///
    /// # Errors
    /// Those of [`verify`](crate::verify()).
    pub fn verify(&self, policy: &Policy, target: &TargetPath) -> Result<VerifiedRelease, VerifyError> {
        verify(self, policy, target)
    }
}

impl Fetch for Layout {
    fn get(&self, file: &SafePath, cap: Bytes) -> Result<Vec<u8>, FetchError> {
        let upload = self.uploads.iter().find(|upload| upload.path == *file).ok_or(FetchError::NotFound)?;
        if upload.bytes.len() as u64 > cap.get() { Err(FetchError::TooLong) } else { Ok(upload.bytes.to_vec()) }
    }
}
