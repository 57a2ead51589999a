//! What a host trusts.

use jiff::Timestamp;
use jurat_model::Bytes;

use crate::key::KeySet;
use crate::name::RepositoryId;
use crate::targets::MetadataVersion;

/// What a host demands of a repository.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Policy {
    /// Who must have signed.
    pub keys: KeySet,
    /// The repository that it must have been signed for.
    pub repository: RepositoryId,
    /// The present time. What expires now or earlier is refused.
    ///
    /// # Limits
    /// Whoever sets the host's clock back can keep an expired release alive.
    pub now: Timestamp,
    /// The lowest version of the metadata that is accepted: the highest one that the host has seen before.
    ///
    /// # Limits
    /// A host that has seen none, or has forgotten it, can be given anything that has not expired.
    pub minimum_version: MetadataVersion,
    /// How much it may be.
    pub caps: Caps,
}

/// How much a repository may make a host read. What is longer is refused before it is read, or as soon as it turns out to be.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Caps {
    /// A metadata envelope.
    pub metadata: Bytes,
    /// A release manifest.
    pub manifest: Bytes,
    /// One file of a release.
    pub file: Bytes,
    /// All files of a release together; this is what a release takes in memory.
    pub release: Bytes,
}

impl Caps {
    /// 1 MiB of metadata, 256 KiB of manifest, 64 MiB for a file, 256 MiB for a release: many times what releases need.
    pub const DEFAULT: Self =
        Self { metadata: Bytes::mebi(1), manifest: Bytes::kibi(256), file: Bytes::mebi(64), release: Bytes::mebi(256) };
}

impl Default for Caps {
    fn default() -> Self {
        Self::DEFAULT
    }
}
