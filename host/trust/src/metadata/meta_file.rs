//! The entry of one metadata file in another.

use serde_json::{Map, Value, json};

use super::document::SHA256;
use crate::digest::Digest;
use crate::json::{FormatError, Node};
use crate::version::MetadataVersion;

/// A metadata file as another one lists it.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct MetaFile {
    /// Its version.
    pub version: MetadataVersion,
    /// How many bytes it has, if that is said.
    pub length: Option<u64>,
    /// The digest of its bytes, if that is said.
    pub sha256: Option<Digest>,
}

impl MetaFile {
    /// The file of that version with the given bytes.
    #[must_use]
    pub fn of(version: MetadataVersion, bytes: &[u8]) -> Self {
        Self { version, length: Some(bytes.len() as u64), sha256: Some(Digest::of(bytes)) }
    }

    pub(super) fn parse(node: Node) -> Result<Self, FormatError> {
        let mut file = node.members()?;
        let version = MetadataVersion::read(file.take("version")?)?;
        let length = file.take_optional("length").map(Node::integer).transpose()?;
        let sha256 = file.take_optional("hashes").map(sha256).transpose()?;
        Ok(Self { version, length, sha256 })
    }

    pub(super) fn to_json(self) -> Value {
        let Self { version, length, sha256 } = self;
        let members = [
            ("version", Some(version.get().into())),
            ("length", length.map(Value::from)),
            ("hashes", sha256.map(|sha256| json!({ "sha256": sha256.to_string() }))),
        ];
        let members = members.into_iter().filter_map(|(name, value)| Some((name.to_owned(), value?)));
        Value::Object(members.collect::<Map<_, _>>())
    }
}

/// All digests must fit, so one that cannot be computed here is refused.
pub(super) fn sha256(node: Node) -> Result<Digest, FormatError> {
    let mut hashes = node.members()?;
    let sha256 = hashes.take("sha256")?.parsed(SHA256)?;
    hashes.refuse_rest()?;
    Ok(sha256)
}
