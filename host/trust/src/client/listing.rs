//! From a listed release to all its bytes.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::Client;
use super::download::fetch_exactly;
use super::error::UpdateError;
use super::trusted::Trusted;
use crate::digest::Digest;
use crate::fetch::Fetch;
use crate::manifest::Manifest;
use crate::metadata::{Target, TargetsMetadata};
use crate::name::{ReleaseVersion, SafePath, TargetPath};
use crate::policy::Caps;
use crate::release::{Provenance, ReleaseOrigin, VerifiedBytes, VerifiedRelease};
use crate::role::Role;
use crate::store::Store;

/// The proof that a release is listed by a role that may list it.
#[derive(Clone, Debug)]
pub struct Listing {
    entry: Target,
    provenance: Provenance,
    envelope: Arc<[u8]>,
    caps: Caps,
}

/// The manifest of a listed release, of which every byte has been checked.
#[derive(Clone, Debug)]
pub struct VerifiedManifest {
    manifest: Manifest,
    bytes: VerifiedBytes,
    provenance: Provenance,
    caps: Caps,
}

impl<S: Store> Client<S> {
    /// The entry of a role for a target. `earliest` is the role on the way that expires first.
    pub(super) fn listing(
        &self,
        role: &Role,
        trusted: &Trusted<TargetsMetadata>,
        earliest: Option<(Role, jiff::Timestamp)>,
        target: &TargetPath,
    ) -> Result<Listing, UpdateError> {
        let own = (role.clone(), trusted.metadata.expires());
        let on_the_way = earliest.into_iter().chain([own]);
        self.listing_until(role, trusted, on_the_way, target)
    }

    /// The same, with what expires on the way.
    pub(super) fn listing_until(
        &self,
        role: &Role,
        trusted: &Trusted<TargetsMetadata>,
        on_the_way: impl IntoIterator<Item = (Role, jiff::Timestamp)>,
        target: &TargetPath,
    ) -> Result<Listing, UpdateError> {
        let file = || role.file(trusted.metadata.version());
        let Some(entry) = trusted.metadata.target(target) else {
            return Err(UpdateError::UnknownRelease { file: file(), role: role.clone(), release: target.clone() });
        };
        if !entry.is_release() {
            return Err(UpdateError::NotARelease { file: file(), release: target.clone() });
        }
        let manifest = *entry.sha256();
        if trusted.metadata.revoked().contains(&manifest) || self.is_revoked(&manifest, target) {
            return Err(UpdateError::Revoked { release: target.clone(), manifest });
        }
        let top = self.expires().unwrap_or_else(|| self.root_expires());
        let (expiring, expires) =
            on_the_way.into_iter().fold(top, |first, other| if other.1 < first.1 { other } else { first });
        let provenance = Provenance {
            repository: self.repository.clone(),
            target: target.clone(),
            role: role.clone(),
            role_version: trusted.metadata.version(),
            versions: self.versions(),
            expires,
            expiring,
            signers: trusted.signers.clone(),
            signer_names: trusted.signer_names(),
        };
        Ok(Listing { entry: entry.clone(), provenance, envelope: trusted.envelope.clone(), caps: self.caps })
    }
}

impl Listing {
    /// The path at which the release is listed.
    #[must_use]
    pub fn target(&self) -> &TargetPath {
        &self.provenance.target
    }

    /// The digest of its manifest: the name of exactly this release.
    #[must_use]
    pub fn manifest_sha256(&self) -> &Digest {
        self.entry.sha256()
    }

    /// The version of the release, for showing lists; none if it is not said. The manifest has the last word.
    #[must_use]
    pub fn release_version(&self) -> Option<ReleaseVersion> {
        self.entry.release_version()
    }

    /// The evidence of its verification.
    #[must_use]
    pub fn provenance(&self) -> &Provenance {
        &self.provenance
    }

    /// The envelope of the role that lists it, as it was received: what [`Client::find_past`] takes later on.
    #[must_use]
    pub fn envelope(&self) -> &Arc<[u8]> {
        &self.envelope
    }

    /// Gets the manifest.
    ///
    /// # Errors
    /// When it is not the one that is listed, cannot be read, or is that of another release.
    pub fn manifest(&self, source: &impl Fetch) -> Result<VerifiedManifest, UpdateError> {
        let (target, sha256) = (self.target(), self.manifest_sha256());
        let file = target.location(sha256);
        let bytes = fetch_exactly(source, &file, self.entry.length(), sha256, self.caps.manifest)?;
        let manifest = match Manifest::parse(bytes.as_slice()) {
            Ok(manifest) => manifest,
            Err(cause) => return Err(UpdateError::Manifest { file, cause }),
        };
        if manifest.name() != target.name() {
            let (expected, found) = (target.name().clone(), manifest.name().clone());
            return Err(UpdateError::WrongName { file, expected, found });
        }
        match self.release_version() {
            Some(expected) if expected != *manifest.version() => {
                Err(UpdateError::WrongVersion { file, expected, found: manifest.version().clone() })
            }
            _ => Ok(VerifiedManifest { manifest, bytes, provenance: self.provenance.clone(), caps: self.caps }),
        }
    }
}

impl VerifiedManifest {
    /// The manifest.
    #[must_use]
    pub fn manifest(&self) -> &Manifest {
        &self.manifest
    }

    /// The manifest as it was served.
    #[must_use]
    pub fn bytes(&self) -> &[u8] {
        self.bytes.as_slice()
    }

    /// The digest of these bytes.
    #[must_use]
    pub fn sha256(&self) -> &Digest {
        self.bytes.sha256()
    }

    /// The evidence of its verification.
    #[must_use]
    pub fn provenance(&self) -> &Provenance {
        &self.provenance
    }

    /// Checks that the files of the release are no larger than this host reads, before any is fetched.
    ///
    /// # Errors
    /// When one of them, or all together, are larger.
    pub fn check_sizes(&self) -> Result<(), UpdateError> {
        let entries = self.manifest.files();
        if let Some(entry) = entries.iter().find(|entry| entry.length > self.caps.file.get()) {
            let file = SafePath::of_blob(&entry.sha256);
            return Err(UpdateError::OverCap { file, length: entry.length, cap: self.caps.file });
        }
        let length = entries.iter().fold(0, |sum: u64, file| sum.saturating_add(file.length));
        if length > self.caps.release.get() {
            let release = self.provenance.target.clone();
            return Err(UpdateError::ReleaseOverCap { release, length, cap: self.caps.release });
        }
        Ok(())
    }

    /// Gets all files of the release: the one way to a proof.
    ///
    /// # Errors
    /// When one of them is not as the manifest says, or they are more than the caps allow.
    pub fn release(&self, source: &impl Fetch) -> Result<VerifiedRelease, UpdateError> {
        self.check_sizes()?;
        let mut files = BTreeMap::new();
        for entry in self.manifest.files() {
            let location = SafePath::of_blob(&entry.sha256);
            let bytes = fetch_exactly(source, &location, entry.length, &entry.sha256, self.caps.file)?;
            files.insert(entry.path.clone(), bytes);
        }
        let origin = ReleaseOrigin::Signed(Box::new(self.provenance.clone()));
        Ok(VerifiedRelease::assemble(self.manifest.clone(), *self.sha256(), files, origin))
    }
}
