//! The payload of the root role: whose keys count for what.

use std::collections::BTreeSet;

use jiff::Timestamp;
use serde_json::{Map, Value};

use super::document::Document;
use super::error::MetadataError;
use super::header::{Header, header};
use super::keys::{self, Keys};
use crate::key::KeySet;
use crate::name::RepositoryId;
use crate::role::TopRole;
use crate::version::MetadataVersion;

/// The keys of the four top roles.
///
/// # Limits
/// Plain data, like all metadata: see [`metadata`](crate::metadata).
#[derive(Clone, Debug, PartialEq)]
pub struct RootMetadata {
    header: Header,
    keys: RootKeys,
}

/// The keys of each top role.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct RootKeys {
    /// The keys of root, which names all keys of top roles.
    pub root: KeySet,
    /// The keys of targets, which delegates paths to tenants.
    pub targets: KeySet,
    /// The keys of snapshot, which says which versions belong together.
    pub snapshot: KeySet,
    /// The keys of timestamp, which says what is the newest.
    pub timestamp: KeySet,
}

header!(RootMetadata);

impl RootMetadata {
    /// Metadata that names the given keys. It expires at the full second before `expires`.
    #[must_use]
    pub fn new(repository: RepositoryId, version: MetadataVersion, expires: Timestamp, keys: RootKeys) -> Self {
        Self { header: Header::new(repository, version, expires), keys }
    }

    /// Reads a payload.
    ///
    /// # Errors
    /// When it cannot be read, is of another role or another major version of TUF, or the keys of a role could never sign.
    pub fn parse(bytes: &[u8]) -> Result<Self, MetadataError> {
        let mut document = Document::parse(bytes, "root")?;
        let members = &mut document.members;
        // To be true, not only there: without it a client asks for other files.
        if !members.take_optional("consistent_snapshot").map(crate::json::Node::boolean).transpose()?.unwrap_or(false) {
            return Err(MetadataError::Overwriting);
        }
        let known = Keys::parse(members.take("keys")?)?;
        let mut roles = members.take("roles")?.members()?;
        let mut take = |role: TopRole| known.take_set(role.name(), &mut roles.take(role.name())?.members()?);
        let keys = RootKeys {
            root: take(TopRole::Root)?,
            targets: take(TopRole::Targets)?,
            snapshot: take(TopRole::Snapshot)?,
            timestamp: take(TopRole::Timestamp)?,
        };
        roles.refuse_rest()?;
        Ok(Self { header: document.into_header(), keys })
    }

    /// The payload as JSON, to be put into an envelope: the same metadata always gives the same bytes, and
    /// [`RootMetadata::parse`] reads them back.
    #[must_use]
    pub fn to_bytes(&self) -> Vec<u8> {
        let role = |role: TopRole| (role.name().to_owned(), Value::Object(keys::role(self.keys(role))));
        let members = [
            ("consistent_snapshot", Some(true.into())),
            ("keys", Some(keys::described(TopRole::ALL.map(|role| self.keys(role))))),
            ("roles", Some(Value::Object(TopRole::ALL.map(role).into_iter().collect::<Map<_, _>>()))),
        ];
        self.header.to_bytes("root", &BTreeSet::new(), members)
    }

    /// The same keys in metadata that can replace this one; none after the last version.
    #[must_use]
    pub fn successor(&self, expires: Timestamp) -> Option<Self> {
        Some(Self { header: self.header.successor(expires)?, keys: self.keys.clone() })
    }

    /// The same with another expiry.
    #[must_use]
    pub fn expiring(self, expires: Timestamp) -> Self {
        Self { header: self.header.expiring(expires), keys: self.keys }
    }

    /// Names other keys for a role.
    #[must_use]
    pub fn with_keys(mut self, role: TopRole, keys: KeySet) -> Self {
        *match role {
            TopRole::Root => &mut self.keys.root,
            TopRole::Targets => &mut self.keys.targets,
            TopRole::Snapshot => &mut self.keys.snapshot,
            TopRole::Timestamp => &mut self.keys.timestamp,
        } = keys;
        self
    }

    /// The keys that may sign a role.
    #[must_use]
    pub fn keys(&self, role: TopRole) -> &KeySet {
        match role {
            TopRole::Root => &self.keys.root,
            TopRole::Targets => &self.keys.targets,
            TopRole::Snapshot => &self.keys.snapshot,
            TopRole::Timestamp => &self.keys.timestamp,
        }
    }
}
