//! The limits of what a host reads.

use jurat_model::Bytes;

/// How much a repository may make a host read. What is longer is refused before it is read, or as soon as it turns out to be.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Caps {
    /// An envelope of the root role.
    pub root: Bytes,
    /// An envelope of the timestamp role; nothing but its keys vouches for its length.
    pub timestamp: Bytes,
    /// An envelope of the snapshot role.
    pub snapshot: Bytes,
    /// An envelope of a targets role, delegated or not.
    pub targets: Bytes,
    /// A release manifest.
    pub manifest: Bytes,
    /// One file of a release.
    pub file: Bytes,
    /// All files of a release together; this is what a release takes in memory.
    pub release: Bytes,
}

impl Caps {
    /// 512 KiB of root, 16 KiB of timestamp, 4 MiB of snapshot and of targets, 256 KiB of manifest, 64 MiB for a file, 256 MiB for a
    /// release: many times what repositories need.
    pub const DEFAULT: Self = Self {
        root: Bytes::kibi(512),
        timestamp: Bytes::kibi(16),
        snapshot: Bytes::mebi(4),
        targets: Bytes::mebi(4),
        manifest: Bytes::kibi(256),
        file: Bytes::mebi(64),
        release: Bytes::mebi(256),
    };
}

impl Default for Caps {
    fn default() -> Self {
        Self::DEFAULT
    }
}
