//! A payload from its bytes.

use std::collections::{BTreeMap, BTreeSet};

use crate::json::{self, FormatError, Members, Node};
use crate::name::{RepositoryId, SafePath};

use super::{MetadataVersion, Target, Targets, TargetsError};

const SHA256: &str = "a SHA-256 in 64 lower-case hexadecimal digits";

impl Targets {
    /// Reads a payload. Members that are not known are kept, as TUF demands, except in our own part of it.
    ///
    /// # Errors
    /// When it cannot be read, or is of another role or another major version of TUF.
    pub fn parse(bytes: &[u8]) -> Result<Self, TargetsError> {
        let mut document = Members::of_document(json::parse(bytes)?)?;
        // First of all: of another type nothing else can be said.
        let found = document.take("_type")?.text()?;
        if found != "targets" {
            return Err(TargetsError::Type { found });
        }
        let found = document.take("spec_version")?.text()?;
        if !is_known_version(&found) {
            return Err(TargetsError::SpecVersion { found });
        }
        let version = MetadataVersion(document.take("version")?.integer()?);
        let expires = document.take("expires")?.time()?;
        let (repository, revoked) = own_part(document.take("x-jurat")?)?;
        let mut targets = BTreeMap::new();
        for (path, node) in document.take("targets")?.members()?.into_entries() {
            let unsafe_path = node.unexpected("listed under a safe relative path");
            let path: SafePath = path.parse().map_err(|_| unsafe_path)?;
            targets.insert(path, target(node)?);
        }
        Ok(Self { version, expires, repository, targets, revoked, other: document.into_rest() })
    }
}

/// What is ours is read strictly: a condition that this version does not know must not be passed over.
fn own_part(node: Node) -> Result<(RepositoryId, BTreeSet<crate::Digest>), FormatError> {
    let mut own = node.members()?;
    let repository = own.take("repo")?.parsed("a repository id")?;
    let revoked = match own.take_optional("revoked") {
        Some(list) => list.list()?.map(|digest| digest.parsed(SHA256)).collect::<Result<_, _>>()?,
        None => BTreeSet::new(),
    };
    own.refuse_rest()?;
    Ok((repository, revoked))
}

fn target(node: Node) -> Result<Target, FormatError> {
    let mut target = node.members()?;
    let length = target.take("length")?.integer()?;
    let mut hashes = target.take("hashes")?.members()?;
    let sha256 = hashes.take("sha256")?.parsed(SHA256)?;
    // All hashes must match, so one that cannot be computed here is refused.
    hashes.refuse_rest()?;
    let custom = match target.take_optional("custom") {
        Some(custom) => custom.members()?.into_rest(),
        None => serde_json::Map::new(),
    };
    Ok(Target { length, sha256, custom })
}

fn is_known_version(text: &str) -> bool {
    let is_number = |part: &str| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit());
    matches!(text.split('.').count(), 2..=3) && text.split('.').all(is_number) && text.starts_with("1.")
}
