//! The common part of all payloads, read and written.

use std::collections::BTreeSet;

use jiff::Timestamp;
use serde_json::{Map, Value, json};

use super::error::MetadataError;
use super::header::Header;
use crate::digest::Digest;
use crate::json::{self, FormatError, Members, Node};
use crate::name::RepositoryId;
use crate::version::MetadataVersion;

/// The version of the TUF specification that is written.
pub const SPEC_VERSION: &str = "1.0.34";

/// What of a SHA-256 a document must say.
pub(super) const SHA256: &str = "a SHA-256 in 64 lower-case hexadecimal digits";

/// The payload of any role.
pub(crate) trait Payload: Sized {
    fn parse(bytes: &[u8]) -> Result<Self, MetadataError>;
    fn version(&self) -> MetadataVersion;
    fn expires(&self) -> Timestamp;
    fn repository(&self) -> &RepositoryId;
}

/// A payload of which the type is known to be right.
pub(super) struct Document {
    pub(super) members: Members,
    /// Manifests that must not be used any more.
    pub(super) revoked: BTreeSet<Digest>,
    header: Header,
}

impl Document {
    /// Reads what all payloads have. Only a targets role may revoke.
    pub(super) fn parse(bytes: &[u8], expected: &'static str) -> Result<Self, MetadataError> {
        let mut members = Members::of_document(json::parse(bytes)?)?;
        // First of all: of another type nothing else can be said.
        let found = members.take("_type")?.text()?;
        if found != expected {
            return Err(MetadataError::Type { expected, found });
        }
        let found = members.take("spec_version")?.text()?;
        if !is_known_version(&found) {
            return Err(MetadataError::SpecVersion { found });
        }
        let version = MetadataVersion::read(members.take("version")?)?;
        let expires = members.take("expires")?.time()?;
        let (repository, revoked) = own_part(members.take("x-jurat")?, expected == "targets")?;
        let header = Header { version, expires, repository, other: Map::new() };
        Ok(Self { members, revoked, header })
    }

    /// The header, once everything that is known has been taken.
    pub(super) fn into_header(self) -> Header {
        Header { other: self.members.into_rest(), ..self.header }
    }
}

impl Header {
    /// A payload as JSON: the same one always gives the same bytes.
    pub(super) fn to_bytes<const N: usize>(
        &self,
        kind: &'static str,
        revoked: &BTreeSet<Digest>,
        members: [(&str, Option<Value>); N],
    ) -> Vec<u8> {
        let Self { version, expires, repository, other } = self;
        let mut own = json!({ "repo": repository.as_str() });
        if let Value::Object(own) = &mut own
            && !revoked.is_empty()
        {
            own.insert("revoked".to_owned(), revoked.iter().map(ToString::to_string).collect());
        }
        let common = [
            ("_type", Some(kind.into())),
            ("spec_version", Some(SPEC_VERSION.into())),
            ("version", Some(version.get().into())),
            ("expires", Some(expires.to_string().into())),
            ("x-jurat", Some(own)),
        ];
        let mut document = other.clone();
        let known = common.into_iter().chain(members);
        document.extend(known.filter_map(|(name, value)| Some((name.to_owned(), value?))));
        let mut document = Value::Object(document);
        // By name, whatever features the JSON library was built with.
        document.sort_all_objects();
        document.to_string().into_bytes()
    }
}

/// Our own members are read strictly: a condition that this version does not know must not be passed over.
fn own_part(node: Node, may_revoke: bool) -> Result<(RepositoryId, BTreeSet<Digest>), FormatError> {
    let mut own = node.members()?;
    let repository = own.take("repo")?.parsed("a repository id")?;
    let list = if may_revoke { own.take_optional("revoked") } else { None };
    let revoked = match list {
        Some(list) => list.list()?.map(|digest| digest.parsed(SHA256)).collect::<Result<_, _>>()?,
        None => BTreeSet::new(),
    };
    own.refuse_rest()?;
    Ok((repository, revoked))
}

fn is_known_version(text: &str) -> bool {
    let is_number = |part: &str| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit());
    matches!(text.split('.').count(), 2..=3) && text.split('.').all(is_number) && text.starts_with("1.")
}
