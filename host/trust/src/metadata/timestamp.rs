//! The payload of the timestamp role: which snapshot is the newest.

use std::collections::BTreeSet;

use jiff::Timestamp;
use serde_json::json;

use super::document::Document;
use super::error::MetadataError;
use super::header::{Header, header};
use super::meta_file::MetaFile;
use crate::name::RepositoryId;
use crate::role::Role;
use crate::version::MetadataVersion;

/// The newest snapshot, and until when that can be relied on.
///
/// # Limits
/// Plain data, like all metadata: see [`metadata`](crate::metadata).
#[derive(Clone, Debug, PartialEq)]
pub struct TimestampMetadata {
    header: Header,
    snapshot: MetaFile,
}

header!(TimestampMetadata);

impl TimestampMetadata {
    /// Metadata that tells of the given snapshot. It expires at the full second before `expires`.
    #[must_use]
    pub fn new(repository: RepositoryId, version: MetadataVersion, expires: Timestamp, snapshot: MetaFile) -> Self {
        Self { header: Header::new(repository, version, expires), snapshot }
    }

    /// Reads a payload. Whatever else than a snapshot it lists means nothing.
    ///
    /// # Errors
    /// When it cannot be read, or is of another role or another major version of TUF.
    pub fn parse(bytes: &[u8]) -> Result<Self, MetadataError> {
        let mut document = Document::parse(bytes, "timestamp")?;
        let mut files = document.members.take("meta")?.members()?;
        let snapshot = MetaFile::parse(files.take(&Role::Snapshot.listed_as())?)?;
        Ok(Self { header: document.into_header(), snapshot })
    }

    /// The payload as JSON, to be put into an envelope: the same metadata always gives the same bytes, and
    /// [`TimestampMetadata::parse`] reads them back.
    #[must_use]
    pub fn to_bytes(&self) -> Vec<u8> {
        let files = json!({ Role::Snapshot.listed_as(): self.snapshot.to_json() });
        self.header.to_bytes("timestamp", &BTreeSet::new(), [("meta", Some(files))])
    }

    /// The same snapshot in metadata that can replace this one; none after the last version.
    #[must_use]
    pub fn successor(&self, expires: Timestamp) -> Option<Self> {
        Some(Self { header: self.header.successor(expires)?, snapshot: self.snapshot })
    }

    /// Tells of another snapshot.
    #[must_use]
    pub fn with_snapshot(mut self, snapshot: MetaFile) -> Self {
        self.snapshot = snapshot;
        self
    }

    /// The newest snapshot.
    #[must_use]
    pub fn snapshot(&self) -> &MetaFile {
        &self.snapshot
    }
}
