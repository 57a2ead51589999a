//! Metadata that enough keys have signed: only here does an envelope become trusted metadata.

use std::collections::BTreeMap;
use std::sync::Arc;

use jiff::Timestamp;
use jurat_model::Bytes;

use super::error::UpdateError;
use crate::envelope::Envelope;
use crate::key::{KeyId, KeyName, KeySet};
use crate::metadata::{MetaFile, MetadataError, Payload, RootMetadata, TargetsMetadata};
use crate::name::{RepositoryId, SafePath};
use crate::role::{Role, TopRole};
use crate::version::MetadataVersion;

/// Metadata, and the envelope that it came in.
#[derive(Clone, Debug)]
pub(super) struct Trusted<T> {
    pub(super) metadata: T,
    pub(super) envelope: Arc<[u8]>,
    pub(super) signers: Vec<KeyId>,
    /// The keys under which it was verified.
    pub(super) keys: KeySet,
}

/// The keys that may sign a role, and the metadata that names them.
#[derive(Clone, Debug)]
pub(super) struct Authority<'a> {
    pub(super) role: Role,
    pub(super) keys: &'a KeySet,
    pub(super) by: Role,
    pub(super) by_version: MetadataVersion,
}

impl<'a> Authority<'a> {
    /// Of a top role, by a root.
    pub(super) fn of_root(root: &'a RootMetadata, role: TopRole) -> Self {
        Self { role: role.into(), keys: root.keys(role), by: Role::Root, by_version: root.version() }
    }
}

impl<T: Payload> Trusted<T> {
    /// Verifies an envelope, reads what is in it, and sees to it that it is for this role and this repository.
    pub(super) fn verify(
        file: &SafePath,
        bytes: Vec<u8>,
        cap: Bytes,
        authority: &Authority<'_>,
        repository: &RepositoryId,
    ) -> Result<Self, UpdateError> {
        let envelope = open(file, &bytes, cap)?;
        let signed = envelope.verify(authority.keys).map_err(|cause| UpdateError::Signatures {
            file: file.clone(),
            role: authority.role.clone(),
            by: authority.by.clone(),
            by_version: authority.by_version,
            cause: Box::new(cause),
        })?;
        let metadata = T::parse(signed.as_slice()).map_err(|cause| unusable(file, &authority.role, cause))?;
        if metadata.repository() != repository {
            let (expected, found) = (repository.clone(), metadata.repository().clone());
            return Err(UpdateError::WrongRepository { file: file.clone(), expected, found });
        }
        let (signers, keys) = (signed.into_signers(), authority.keys.clone());
        Ok(Self { metadata, envelope: bytes.into(), signers, keys })
    }

    /// What the metadata that named the keys calls those that have signed.
    pub(super) fn signer_names(&self) -> BTreeMap<KeyId, KeyName> {
        self.signers.iter().filter_map(|id| Some((id.clone(), self.keys.name(id)?.clone()))).collect()
    }

    /// Whether these keys would do as well.
    pub(super) fn is_signed_by(&self, keys: &KeySet) -> bool {
        if self.keys == *keys {
            return true;
        }
        let envelope = Envelope::parse(&self.envelope, Bytes::new(self.envelope.len() as u64));
        envelope.is_ok_and(|envelope| envelope.verify(keys).is_ok())
    }

    /// Whether it is the file that other metadata lists.
    pub(super) fn is(&self, listed: &MetaFile) -> bool {
        let found = MetaFile::of(self.metadata.version(), &self.envelope);
        listed.version == found.version
            && listed.length.is_none_or(|length| found.length == Some(length))
            && listed.sha256.is_none_or(|sha256| found.sha256 == Some(sha256))
    }

    /// Refuses it when it has expired.
    pub(super) fn check_expiry(&self, role: &Role, now: Timestamp) -> Result<(), UpdateError> {
        let expires = self.metadata.expires();
        if expires > now {
            return Ok(());
        }
        Err(UpdateError::Expired { file: role.file(self.metadata.version()), role: role.clone(), expires, now })
    }

    /// Refuses it unless it has the version that other metadata lists.
    pub(super) fn check_version(&self, role: &Role, by: Role, listed: &MetaFile) -> Result<(), UpdateError> {
        let (expected, found) = (listed.version, self.metadata.version());
        if found == expected {
            return Ok(());
        }
        Err(UpdateError::SnapshotMismatch { file: role.file(expected), role: role.clone(), by, expected, found })
    }
}

impl Trusted<RootMetadata> {
    /// The root after this one: of the next version, and signed by a threshold of the keys of both.
    pub(super) fn next(
        &self,
        bytes: Vec<u8>,
        expected: MetadataVersion,
        cap: Bytes,
        repository: &RepositoryId,
    ) -> Result<Self, UpdateError> {
        let file = Role::Root.file(expected);
        let before = Authority::of_root(&self.metadata, TopRole::Root);
        let next = Self::verify(&file, bytes.clone(), cap, &before, repository)?;
        let found = next.metadata.version();
        if found != expected {
            return Err(UpdateError::RootSkipped { file, expected, found });
        }
        let own = Authority::of_root(&next.metadata, TopRole::Root);
        Self::verify(&file, bytes, cap, &own, repository)
    }
}

impl Trusted<TargetsMetadata> {
    /// Whether this may replace what was accepted before: its version does not go down, and no revocation is taken back.
    pub(super) fn check_replaces(&self, role: &Role, before: &Self) -> Result<(), UpdateError> {
        let (known, found) = (before.metadata.version(), self.metadata.version());
        let file = role.file(found);
        if found < known {
            return Err(UpdateError::Rollback { file, role: role.clone(), known, found });
        }
        match self.metadata.unrevokes(&before.metadata) {
            Some(manifest) => Err(UpdateError::Unrevoked { file, role: role.clone(), manifest }),
            None => Ok(()),
        }
    }
}

/// Reads an envelope.
pub(super) fn open(file: &SafePath, bytes: &[u8], cap: Bytes) -> Result<Envelope, UpdateError> {
    Envelope::parse(bytes, cap).map_err(|cause| UpdateError::Envelope { file: file.clone(), cause })
}

fn unusable(file: &SafePath, role: &Role, cause: MetadataError) -> UpdateError {
    let (file, role) = (file.clone(), role.clone());
    match cause {
        MetadataError::Type { found, .. } => UpdateError::WrongRole { file, role, found },
        cause => UpdateError::Metadata { file, role, cause: Box::new(cause) },
    }
}
