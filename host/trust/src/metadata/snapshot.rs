//! The payload of the snapshot role: which versions of all targets roles belong together.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use serde_json::Value;

use super::document::Document;
use super::error::MetadataError;
use super::header::{Header, header};
use super::meta_file::MetaFile;
use crate::name::RepositoryId;
use crate::role::Role;
use crate::version::MetadataVersion;

/// The metadata of all targets roles at one moment.
///
/// # Limits
/// Plain data, like all metadata: see [`metadata`](crate::metadata).
#[derive(Clone, Debug, PartialEq)]
pub struct SnapshotMetadata {
    header: Header,
    files: BTreeMap<Role, MetaFile>,
}

header!(SnapshotMetadata);

impl SnapshotMetadata {
    /// Metadata that lists nothing yet. It expires at the full second before `expires`.
    #[must_use]
    pub fn new(repository: RepositoryId, version: MetadataVersion, expires: Timestamp) -> Self {
        Self { header: Header::new(repository, version, expires), files: BTreeMap::new() }
    }

    /// Reads a payload.
    ///
    /// # Errors
    /// When it cannot be read, is of another role or another major version of TUF, or lists something that is not the metadata of a role.
    pub fn parse(bytes: &[u8]) -> Result<Self, MetadataError> {
        let mut document = Document::parse(bytes, "snapshot")?;
        let mut files = BTreeMap::new();
        for (name, node) in document.members.take("meta")?.members()?.into_entries() {
            let no_role = node.unexpected("listed under the name of a role and `.json`");
            let role = name.strip_suffix(".json").and_then(|role| role.parse().ok()).ok_or(no_role)?;
            files.insert(role, MetaFile::parse(node)?);
        }
        Ok(Self { header: document.into_header(), files })
    }

    /// The payload as JSON, to be put into an envelope: the same metadata always gives the same bytes, and
    /// [`SnapshotMetadata::parse`] reads them back.
    #[must_use]
    pub fn to_bytes(&self) -> Vec<u8> {
        let files = self.files.iter().map(|(role, file)| (role.listed_as(), file.to_json()));
        self.header.to_bytes("snapshot", &BTreeSet::new(), [("meta", Some(Value::Object(files.collect())))])
    }

    /// The same files in metadata that can replace this one; none after the last version.
    #[must_use]
    pub fn successor(&self, expires: Timestamp) -> Option<Self> {
        Some(Self { header: self.header.successor(expires)?, files: self.files.clone() })
    }

    /// Lists the metadata of a role instead of what was listed for it. Nothing can be taken out again: hosts refuse a snapshot
    /// from which a role has vanished.
    #[must_use]
    pub fn with_file(mut self, role: Role, file: MetaFile) -> Self {
        self.files.insert(role, file);
        self
    }

    /// The metadata that is listed for a role.
    #[must_use]
    pub fn file(&self, role: &Role) -> Option<&MetaFile> {
        self.files.get(role)
    }

    /// All that is listed.
    pub fn files(&self) -> impl Iterator<Item = (&Role, &MetaFile)> {
        self.files.iter()
    }
}
