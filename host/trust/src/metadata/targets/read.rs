//! A payload from its bytes.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Map;

use super::{Delegation, Target, TargetsMetadata};
use crate::json::{FormatError, Node};
use crate::metadata::MetadataError;
use crate::metadata::document::Document;
use crate::metadata::keys::Keys;
use crate::metadata::meta_file::sha256;
use crate::name::SafePath;

impl TargetsMetadata {
    /// Reads a payload.
    ///
    /// # Errors
    /// When it cannot be read, is of another role or another major version of TUF, or delegates to a role twice, to one that could
    /// never sign, or by the digests of paths.
    pub fn parse(bytes: &[u8]) -> Result<Self, MetadataError> {
        let mut document = Document::parse(bytes, "targets")?;
        let mut targets = BTreeMap::new();
        for (path, node) in document.members.take("targets")?.members()?.into_entries() {
            let unsafe_path = node.unexpected("listed under a safe relative path");
            let path: SafePath = path.parse().map_err(|_| unsafe_path)?;
            targets.insert(path, target(node)?);
        }
        let delegations =
            document.members.take_optional("delegations").map(delegations).transpose()?.unwrap_or_default();
        let revoked = std::mem::take(&mut document.revoked);
        Ok(Self { header: document.into_header(), targets, delegations, revoked })
    }
}

fn target(node: Node) -> Result<Target, FormatError> {
    let mut target = node.members()?;
    let length = target.take("length")?.integer()?;
    let sha256 = sha256(target.take("hashes")?)?;
    let custom = match target.take_optional("custom") {
        Some(custom) => custom.members()?.into_rest(),
        None => Map::new(),
    };
    Ok(Target { length, sha256, custom })
}

fn delegations(node: Node) -> Result<Vec<Delegation>, MetadataError> {
    let mut members = node.members()?;
    if members.take_optional("succinct_roles").is_some() {
        return Err(MetadataError::HashedPaths);
    }
    let keys = Keys::parse(members.take("keys")?)?;
    let mut seen = BTreeSet::new();
    let mut delegations = Vec::new();
    for node in members.take("roles")?.list()? {
        let delegation = delegation(node, &keys)?;
        if !seen.insert(delegation.role.clone()) {
            return Err(MetadataError::RepeatedDelegation { role: delegation.role.to_string() });
        }
        delegations.push(delegation);
    }
    Ok(delegations)
}

fn delegation(node: Node, known: &Keys) -> Result<Delegation, MetadataError> {
    let mut members = node.members()?;
    let name = members.take("name")?.text()?;
    if members.take_optional("path_hash_prefixes").is_some() {
        return Err(MetadataError::HashedPaths);
    }
    let keys = known.take_set(&name, &mut members)?;
    let role = name.parse().map_err(|cause| MetadataError::RoleName { cause })?;
    let pattern = |node: Node| node.parsed("a safe relative path, in which `*` and `?` may stand for characters");
    let paths = members.take("paths")?.list()?.map(pattern).collect::<Result<_, _>>()?;
    let terminating = members.take("terminating")?.boolean()?;
    Ok(Delegation { role, keys, paths, terminating })
}
