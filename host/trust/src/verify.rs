//! From a repository to a proof.

use std::collections::BTreeMap;

use jurat_model::Bytes;

use crate::digest::Digest;
use crate::envelope::Envelope;
use crate::fetch::{Fetch, FetchError};
use crate::key::KeyId;
use crate::manifest::Manifest;
use crate::name::{SafePath, TargetPath};
use crate::policy::{Caps, Policy};
use crate::release::{Origin, Provenance, VerifiedBytes, VerifiedRelease};
use crate::targets::Targets;

mod error;

pub use error::{Blame, VerifyError};

/// Gets a release from a repository and checks every byte of it: the one way to a proof.
///
/// In this order: the metadata envelope, its signatures, its content and freshness; the manifest that it lists under `release`,
/// by length and digest; each file that the manifest lists, by length and digest. Nothing is read before what vouches for it
/// has been verified, and nothing is used unless all of it has.
///
/// # Errors
/// At the first thing that is not as it should be, with the file that it was found in.
///
/// # Limits
/// Of two versions that are both signed, not revoked and not expired, a source can give the older one, unless
/// [`Policy::minimum_version`] says which one the host has seen.
pub fn verify(source: &impl Fetch, policy: &Policy, release: &TargetPath) -> Result<VerifiedRelease, VerifyError> {
    let file = metadata_location();
    let bytes = fetch(source, &file, policy.caps.metadata)?;
    let (targets, signers) = read_targets(&file, &bytes, policy)?;
    let (manifest, manifest_sha256) = fetch_manifest(source, &targets, &policy.caps, release)?;
    let files = fetch_files(source, &manifest, &policy.caps, release)?;
    let provenance = Provenance {
        repository: targets.repository().clone(),
        target: release.clone(),
        targets_version: targets.version(),
        expires: targets.expires(),
        signers,
    };
    Ok(VerifiedRelease::assemble(manifest, manifest_sha256, files, Origin::Signed(provenance)))
}

fn read_targets(file: &SafePath, bytes: &[u8], policy: &Policy) -> Result<(Targets, Vec<KeyId>), VerifyError> {
    let named = || file.clone();
    let envelope =
        Envelope::parse(bytes, policy.caps.metadata).map_err(|cause| VerifyError::Envelope { file: named(), cause })?;
    let signed = envelope.verify(&policy.keys).map_err(|cause| VerifyError::Signatures { file: named(), cause })?;
    let targets = Targets::parse(signed.as_slice()).map_err(|cause| VerifyError::Metadata { file: named(), cause })?;
    if *targets.repository() != policy.repository {
        let (expected, found) = (policy.repository.clone(), targets.repository().clone());
        return Err(VerifyError::WrongRepository { file: named(), expected, found });
    }
    if targets.version() < policy.minimum_version {
        let (minimum, found) = (policy.minimum_version, targets.version());
        return Err(VerifyError::Rollback { file: named(), minimum, found });
    }
    if targets.expires() <= policy.now {
        let (expires, now) = (targets.expires(), policy.now);
        return Err(VerifyError::Expired { file: named(), expires, now });
    }
    Ok((targets, signed.into_signers()))
}

fn fetch_manifest(
    source: &impl Fetch,
    targets: &Targets,
    caps: &Caps,
    release: &TargetPath,
) -> Result<(Manifest, Digest), VerifyError> {
    let Some(target) = targets.target(release) else {
        return Err(VerifyError::UnknownRelease { file: metadata_location(), release: release.clone() });
    };
    if !target.is_release() {
        return Err(VerifyError::NotARelease { file: metadata_location(), release: release.clone() });
    }
    let sha256 = *target.sha256();
    if targets.revoked().contains(&sha256) {
        return Err(VerifyError::Revoked { release: release.clone(), manifest: sha256 });
    }
    let file = release.location(&sha256);
    let bytes = fetch_exactly(source, &file, target.length(), &sha256, caps.manifest)?;
    let manifest = match Manifest::parse(bytes.as_slice()) {
        Ok(manifest) => manifest,
        Err(cause) => return Err(VerifyError::Manifest { file, cause }),
    };
    if manifest.name() != release.name() {
        let (expected, found) = (release.name().clone(), manifest.name().clone());
        return Err(VerifyError::WrongName { file, expected, found });
    }
    match target.release_version() {
        Some(expected) if expected != *manifest.version() => {
            Err(VerifyError::WrongVersion { file, expected, found: manifest.version().clone() })
        }
        _ => Ok((manifest, sha256)),
    }
}

fn fetch_files(
    source: &impl Fetch,
    manifest: &Manifest,
    caps: &Caps,
    release: &TargetPath,
) -> Result<BTreeMap<SafePath, VerifiedBytes>, VerifyError> {
    let length = manifest.files().iter().fold(0, |sum: u64, file| sum.saturating_add(file.length));
    if length > caps.release.get() {
        return Err(VerifyError::ReleaseOverCap { release: release.clone(), length, cap: caps.release });
    }
    let mut files = BTreeMap::new();
    for entry in manifest.files() {
        let location = SafePath::of_blob(&entry.sha256);
        let bytes = fetch_exactly(source, &location, entry.length, &entry.sha256, caps.file)?;
        files.insert(entry.path.clone(), bytes);
    }
    Ok(files)
}

/// A file of which length and digest are signed.
fn fetch_exactly(
    source: &impl Fetch,
    file: &SafePath,
    length: u64,
    sha256: &Digest,
    cap: Bytes,
) -> Result<VerifiedBytes, VerifyError> {
    if length > cap.get() {
        return Err(VerifyError::OverCap { file: file.clone(), length, cap });
    }
    let bytes = fetch(source, file, Bytes::new(length))?;
    let found = bytes.len() as u64;
    if found < length {
        return Err(VerifyError::Truncated { file: file.clone(), expected: length, found });
    }
    let bytes = VerifiedBytes::new(bytes);
    if bytes.sha256() != sha256 {
        let (expected, found) = (*sha256, *bytes.sha256());
        return Err(VerifyError::Altered { file: file.clone(), expected, found });
    }
    Ok(bytes)
}

fn fetch(source: &impl Fetch, file: &SafePath, cap: Bytes) -> Result<Vec<u8>, VerifyError> {
    let too_long = || VerifyError::TooLong { file: file.clone(), expected: cap.get() };
    match source.get(file, cap) {
        // The source is not trusted to have counted.
        Ok(bytes) if bytes.len() as u64 > cap.get() => Err(too_long()),
        Ok(bytes) => Ok(bytes),
        Err(FetchError::NotFound) => Err(VerifyError::Missing { file: file.clone() }),
        Err(FetchError::TooLong) => Err(too_long()),
        Err(FetchError::Failed(cause)) => Err(VerifyError::Source { file: file.clone(), cause }),
    }
}

/// Where the one metadata file of a repository is.
pub(crate) fn metadata_location() -> SafePath {
    SafePath::of_metadata("targets")
}
