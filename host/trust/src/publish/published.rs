//! The published state of a repository, verified but for its age.

use std::collections::BTreeMap;
use std::sync::Arc;

use jurat_model::Bytes;

use crate::anchor::Anchor;
use crate::digest::Digest;
use crate::envelope::Envelope;
use crate::fetch::{Fetch, FetchError};
use crate::key::KeySet;
use crate::metadata::{MetaFile, MetadataError, RootMetadata, SnapshotMetadata, TargetsMetadata, TimestampMetadata};
use crate::name::{RepositoryId, RoleName, SafePath};
use crate::policy::Caps;
use crate::role::{Role, TopRole};
use crate::version::MetadataVersion;

use super::error::ReadError;

/// Metadata with the envelope that it came in.
#[derive(Clone, Debug)]
pub(super) struct Signed<T> {
    pub(super) payload: T,
    pub(super) envelope: Envelope,
    pub(super) bytes: Arc<[u8]>,
}

/// The metadata that hosts get now.
#[derive(Clone, Debug)]
pub(super) struct Current {
    pub(super) timestamp: Signed<TimestampMetadata>,
    pub(super) snapshot: Signed<SnapshotMetadata>,
    pub(super) targets: Signed<TargetsMetadata>,
    /// All roles that the snapshot lists, also those of former tenants: their digests are signed, even where their own signatures do not count any more.
    pub(super) tenants: BTreeMap<RoleName, Signed<TargetsMetadata>>,
}

/// The chain of roots from the first one, or the pinned one, on.
pub(super) fn read_roots(source: &impl Fetch, anchor: Option<&Anchor>) -> Result<Vec<Signed<RootMetadata>>, ReadError> {
    let mut roots: Vec<Signed<RootMetadata>> = Vec::new();
    let mut version = anchor.map_or(MetadataVersion::FIRST, Anchor::version);
    loop {
        let file = Role::Root.file(version);
        let Some(root) = read(source, &file, RootMetadata::parse)? else { break };
        if let Some(anchor) = anchor.filter(|_| roots.is_empty()) {
            check_digest(&file, anchor.sha256(), &root.bytes)?;
        }
        check_version(&file, version, root.payload.version())?;
        if let Some(previous) = roots.last() {
            check_repository(&file, previous.payload.repository(), root.payload.repository())?;
            verify(&file, &root.envelope, previous.payload.keys(TopRole::Root))?;
        }
        verify(&file, &root.envelope, root.payload.keys(TopRole::Root))?;
        roots.push(root);
        match version.next() {
            Some(next) => version = next,
            None => break,
        }
    }
    match anchor {
        Some(anchor) if roots.is_empty() => Err(ReadError::Missing { file: Role::Root.file(anchor.version()) }),
        _ => Ok(roots),
    }
}

/// The metadata that the timestamp leads to; none if nothing has been published yet.
pub(super) fn read_current(source: &impl Fetch, roots: &[Signed<RootMetadata>]) -> Result<Option<Current>, ReadError> {
    let Some(repository) = roots.last().map(|root| root.payload.repository()) else { return Ok(None) };
    let file = Role::Timestamp.file(MetadataVersion::FIRST);
    let Some(timestamp) = read(source, &file, TimestampMetadata::parse)? else { return Ok(None) };
    check_repository(&file, repository, timestamp.payload.repository())?;
    verify_under(&file, &timestamp.envelope, roots, TopRole::Timestamp)?;

    let listed = timestamp.payload.snapshot();
    let file = Role::Snapshot.file(listed.version);
    let snapshot = read_listed(source, &file, listed, SnapshotMetadata::parse)?;
    check_repository(&file, repository, snapshot.payload.repository())?;
    check_version(&file, listed.version, snapshot.payload.version())?;
    verify_under(&file, &snapshot.envelope, roots, TopRole::Snapshot)?;

    let mut targets = None;
    let mut tenants = BTreeMap::new();
    for (role, listed) in snapshot.payload.files() {
        let file = role.file(listed.version);
        let metadata = read_listed(source, &file, listed, TargetsMetadata::parse)?;
        check_repository(&file, repository, metadata.payload.repository())?;
        check_version(&file, listed.version, metadata.payload.version())?;
        match role {
            Role::Delegated(name) => drop(tenants.insert(name.clone(), metadata)),
            _ => {
                verify_under(&file, &metadata.envelope, roots, TopRole::Targets)?;
                targets = Some(metadata);
            }
        }
    }
    let missing = || ReadError::Missing { file: Role::Targets.file(MetadataVersion::FIRST) };
    let targets = targets.ok_or_else(missing)?;
    for delegation in targets.payload.delegations() {
        if let Some(tenant) = tenants.get(&delegation.role) {
            let file = Role::Delegated(delegation.role.clone()).file(tenant.payload.version());
            verify(&file, &tenant.envelope, &delegation.keys)?;
        }
    }
    Ok(Some(Current { timestamp, snapshot, targets, tenants }))
}

/// Reads an envelope; none if the source says that it does not exist.
pub(super) fn read<T>(
    source: &impl Fetch,
    file: &SafePath,
    parse: impl Fn(&[u8]) -> Result<T, MetadataError>,
) -> Result<Option<Signed<T>>, ReadError> {
    match get(source, file, Caps::DEFAULT.targets)? {
        Some(bytes) => open(file, bytes, parse).map(Some),
        None => Ok(None),
    }
}

/// An envelope, whatever it holds; none if the source says that it does not exist.
pub(super) fn read_envelope(source: &impl Fetch, file: &SafePath) -> Result<Option<Signed<()>>, ReadError> {
    read(source, file, |_| Ok(()))
}

/// The bytes of a file; none if the source says that it does not exist.
pub(super) fn get(source: &impl Fetch, file: &SafePath, cap: Bytes) -> Result<Option<Vec<u8>>, ReadError> {
    match source.get(file, cap) {
        Ok(bytes) if bytes.len() as u64 <= cap.get() => Ok(Some(bytes)),
        Ok(_) | Err(FetchError::TooLong) => Err(ReadError::TooLong { file: file.clone() }),
        Err(FetchError::NotFound) => Ok(None),
        Err(FetchError::Failed(cause)) => Err(ReadError::Source { file: file.clone(), cause }),
    }
}

/// The bytes of a file that other metadata lists by length and digest.
pub(super) fn get_exactly(
    source: &impl Fetch,
    file: &SafePath,
    cap: Bytes,
    sha256: &Digest,
) -> Result<Vec<u8>, ReadError> {
    let bytes = get(source, file, cap)?.ok_or_else(|| ReadError::Missing { file: file.clone() })?;
    check_digest(file, sha256, &bytes)?;
    Ok(bytes)
}

fn read_listed<T>(
    source: &impl Fetch,
    file: &SafePath,
    listed: &MetaFile,
    parse: impl Fn(&[u8]) -> Result<T, MetadataError>,
) -> Result<Signed<T>, ReadError> {
    let signed = read(source, file, parse)?.ok_or_else(|| ReadError::Missing { file: file.clone() })?;
    if let Some(sha256) = &listed.sha256 {
        check_digest(file, sha256, &signed.bytes)?;
    }
    Ok(signed)
}

fn open<T>(
    file: &SafePath,
    bytes: Vec<u8>,
    parse: impl Fn(&[u8]) -> Result<T, MetadataError>,
) -> Result<Signed<T>, ReadError> {
    let envelope = Envelope::parse(&bytes, Caps::DEFAULT.targets)
        .map_err(|cause| ReadError::Envelope { file: file.clone(), cause })?;
    let payload =
        parse(envelope.unverified_payload()).map_err(|cause| ReadError::Metadata { file: file.clone(), cause })?;
    Ok(Signed { payload, envelope, bytes: bytes.into() })
}

fn verify(file: &SafePath, envelope: &Envelope, keys: &KeySet) -> Result<(), ReadError> {
    match envelope.verify(keys) {
        Ok(_) => Ok(()),
        Err(cause) => Err(ReadError::Signatures { file: file.clone(), cause }),
    }
}

/// Under the newest root, or under the one before: a new root is there a moment before what its new keys have signed.
fn verify_under(
    file: &SafePath,
    envelope: &Envelope,
    roots: &[Signed<RootMetadata>],
    role: TopRole,
) -> Result<(), ReadError> {
    let mut refusal = Ok(());
    for root in roots.iter().rev().take(2) {
        match verify(file, envelope, root.payload.keys(role)) {
            Ok(()) => return Ok(()),
            Err(error) => refusal = refusal.and(Err(error)),
        }
    }
    refusal
}

fn check_digest(file: &SafePath, expected: &Digest, bytes: &[u8]) -> Result<(), ReadError> {
    let found = Digest::of(bytes);
    if found == *expected {
        return Ok(());
    }
    Err(ReadError::Altered { file: file.clone(), expected: *expected, found })
}

pub(super) fn check_version(
    file: &SafePath,
    expected: MetadataVersion,
    found: MetadataVersion,
) -> Result<(), ReadError> {
    if found == expected {
        return Ok(());
    }
    Err(ReadError::WrongVersion { file: file.clone(), expected, found })
}

pub(super) fn check_repository(
    file: &SafePath,
    expected: &RepositoryId,
    found: &RepositoryId,
) -> Result<(), ReadError> {
    if found == expected {
        return Ok(());
    }
    Err(ReadError::WrongRepository { file: file.clone(), expected: expected.clone(), found: found.clone() })
}
