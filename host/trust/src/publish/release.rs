//! A release from its files.

use std::collections::BTreeMap;
use std::sync::Arc;

use thiserror::Error;

use crate::digest::Digest;
use crate::manifest::{BuiltinRule, ComponentEntry, FileEntry, FileKind, Manifest, ManifestError};
use crate::name::{ReleaseName, ReleaseVersion, SafePath, TargetPath, World};
use crate::quote::Quoted;

use super::upload::{Stability, Upload};

/// The parts of a release that is to be made.
#[derive(Clone, Debug)]
pub struct ReleaseDraft {
    /// Its name.
    pub name: ReleaseName,
    /// Its version.
    pub version: ReleaseVersion,
    /// The contract that its components are built for.
    pub world: World,
    /// Its files.
    pub files: Vec<DraftFile>,
    /// The entries of its components.
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

/// A release with all its files, not signed.
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
    /// A file is empty.
    #[error("{} is empty", Quoted(.path.as_str()))]
    EmptyFile {
        /// Its path.
        path: SafePath,
    },
    /// The parts do not fit together, or cannot be written down.
    #[error("the manifest would be wrong")]
    Manifest(#[from] ManifestError),
}

impl BuiltRelease {
    /// Makes a release of a draft: the same draft always makes the same manifest, byte by byte.
    ///
    /// # Errors
    /// When a file is empty, the parts do not fit together (see [`Manifest::new`]), or the manifest that would be written is
    /// not one that a host would read.
    pub fn build(draft: ReleaseDraft) -> Result<Self, BuildError> {
        let ReleaseDraft { name, version, world, files: drafts, components, builtin } = draft;
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
        // A host reads strictly. The publisher should find errors before a host does.
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
    /// The files to put into the publisher's copy before the release is listed under `target`. No host reads it yet.
    #[must_use]
    pub fn uploads(&self, target: &TargetPath) -> Vec<Upload> {
        let manifest: Arc<[u8]> = self.manifest.to_bytes().into();
        let blobs: BTreeMap<_, _> =
            self.files.values().map(|bytes| (SafePath::of_blob(&Digest::of(bytes)), bytes.clone())).collect();
        let manifest = (target.location(&Digest::of(&manifest)), manifest);
        let files = blobs.into_iter().chain([manifest]);
        files.map(|(path, bytes)| Upload { path, bytes, stability: Stability::Immutable }).collect()
    }
}
