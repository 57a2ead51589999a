//! Bypasses of the proof, for development: to run rules that are not signed yet.
//!
//! Releases from here always say so: [`VerifiedRelease::origin`] is [`ReleaseOrigin::Unsigned`], and results and log lines must
//! repeat it. A host uses this module only where its settings ask for it by name.

use crate::digest::Digest;
use crate::publish::BuiltRelease;
use crate::release::{ReleaseOrigin, VerifiedBytes, VerifiedRelease};

/// A release as if it had been verified.
#[must_use]
pub fn assume_verified(release: &BuiltRelease) -> VerifiedRelease {
    let files = release.files().map(|(path, bytes)| (path.clone(), VerifiedBytes::new(bytes.clone()))).collect();
    let manifest_sha256 = Digest::of(&release.manifest().to_bytes());
    VerifiedRelease::assemble(release.manifest().clone(), manifest_sha256, files, ReleaseOrigin::Unsigned)
}

/// Bytes as if they were part of a verified release: for looking into a component that is in no release yet.
#[must_use]
pub fn assume_verified_bytes(bytes: Vec<u8>) -> VerifiedBytes {
    VerifiedBytes::new(bytes)
}
