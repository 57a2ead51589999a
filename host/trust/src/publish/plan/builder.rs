//! The metadata that is signed online: snapshot and timestamp.

use std::sync::Arc;

use crate::envelope::Envelope;
use crate::fetch::Fetch;
use crate::key::{KeySet, Signer};
use crate::metadata::{MetaFile, RootMetadata, SnapshotMetadata, TimestampMetadata};
use crate::name::SafePath;
use crate::publish::demand::{Demand, Missing, View};
use crate::publish::edit::Clock;
use crate::publish::error::PlanError;
use crate::publish::published::{self, Signed};
use crate::publish::repository::Staged;
use crate::publish::upload::{Stability, Upload};
use crate::role::{Role, TopRole};
use crate::version::MetadataVersion;

use super::Choice;

/// A plan in the making.
pub(super) struct PlanBuilder<'a, S> {
    pub(super) source: &'a S,
    pub(super) signers: &'a [&'a dyn Signer],
    pub(super) clock: Clock,
    pub(super) choice: &'a Choice<'a>,
    pub(super) old: Option<&'a Signed<RootMetadata>>,
    pub(super) uploads: Vec<Upload>,
}

/// How many snapshots of interrupted publications are skipped.
const ABANDONED: usize = 64;

impl<S: Fetch> PlanBuilder<'_, S> {
    pub(super) fn put(&mut self, path: SafePath, bytes: Arc<[u8]>) {
        self.uploads.push(Upload { path, bytes, stability: Stability::Immutable });
    }

    pub(super) fn put_timestamp(&mut self, timestamp: &Signed<TimestampMetadata>) {
        let path = Role::Timestamp.file(timestamp.payload.version());
        self.uploads.push(Upload { path, bytes: timestamp.bytes.clone(), stability: Stability::Mutable });
    }

    /// The bytes of a staged role. A file that an interrupted publication has uploaded stays as it is.
    pub(super) fn staged_bytes(&self, role: &Role, staged: &Staged) -> Result<Arc<[u8]>, PlanError> {
        let file = role.file(staged.payload.version());
        let Some(there) = published::read_envelope(self.source, &file)? else {
            return Ok(staged.envelope.to_bytes().into());
        };
        let view = View { root: self.choice.root, targets: Some(self.choice.targets) };
        let is_good = view.demand(role).is_some_and(|demand| there.envelope.verify(demand.keys).is_ok());
        if is_good && there.envelope.unverified_payload() == staged.envelope.unverified_payload() {
            return Ok(there.bytes);
        }
        Err(PlanError::Taken { file })
    }

    pub(super) fn snapshot(
        &self,
        current: Option<&Signed<SnapshotMetadata>>,
        files: &[(Role, MetaFile)],
    ) -> Result<Signed<SnapshotMetadata>, PlanError> {
        let keys = self.choice.root.keys(TopRole::Snapshot);
        let is_enough = |snapshot: &Signed<SnapshotMetadata>| {
            let expires = snapshot.payload.expires();
            let is_half_over = self.clock.lifetimes.is_half_over(&Role::Snapshot, expires, self.clock.now);
            snapshot.envelope.verify(keys).is_ok()
                && files.iter().all(|(role, file)| snapshot.payload.file(role) == Some(file))
                && (!is_half_over || (expires > self.clock.now && !self.can_sign(keys)))
        };
        if let Some(current) = current.filter(|current| is_enough(current)) {
            return Ok(current.clone());
        }
        let expires = self.clock.expiry(&Role::Snapshot);
        let last = || PlanError::LastVersion { role: Role::Snapshot };
        let next = match current {
            Some(current) => current.payload.successor(expires).ok_or_else(last)?,
            None => {
                let repository = self.choice.root.repository().clone();
                SnapshotMetadata::new(repository, MetadataVersion::FIRST, expires)
            }
        };
        let mut next = files.iter().cloned().fold(next, |next, (role, file)| next.with_file(role, file));
        // Versions of an interrupted publication, which no timestamp names.
        for _ in 0..ABANDONED {
            let file = Role::Snapshot.file(next.version());
            let Some(Signed { envelope, bytes, .. }) = published::read_envelope(self.source, &file)? else {
                let envelope = self.sign(TopRole::Snapshot, next.to_bytes())?;
                let bytes = envelope.to_bytes().into();
                return Ok(Signed { payload: next, envelope, bytes });
            };
            if let Ok(payload) = SnapshotMetadata::parse(envelope.unverified_payload()) {
                let is_same = payload.version() == next.version()
                    && payload.repository() == next.repository()
                    && payload.files().eq(next.files());
                let there = Signed { payload, envelope, bytes };
                if is_same && is_enough(&there) {
                    return Ok(there);
                }
            }
            next = next.successor(expires).ok_or_else(last)?;
        }
        Err(PlanError::Taken { file: Role::Snapshot.file(next.version()) })
    }

    pub(super) fn timestamp(
        &self,
        current: Option<&TimestampMetadata>,
        snapshot: &Signed<SnapshotMetadata>,
    ) -> Result<Signed<TimestampMetadata>, PlanError> {
        let expires = self.clock.expiry(&Role::Timestamp);
        let listed = MetaFile::of(snapshot.payload.version(), &snapshot.bytes);
        let payload = match current {
            Some(current) => {
                let next = current.successor(expires).ok_or(PlanError::LastVersion { role: Role::Timestamp })?;
                next.with_snapshot(listed)
            }
            None => {
                let repository = self.choice.root.repository().clone();
                TimestampMetadata::new(repository, MetadataVersion::FIRST, expires, listed)
            }
        };
        let envelope = self.sign(TopRole::Timestamp, payload.to_bytes())?;
        let bytes = envelope.to_bytes().into();
        Ok(Signed { payload, envelope, bytes })
    }

    /// Signs with all keys at hand that count under the root to come, or under the one that hosts may still have.
    fn sign(&self, role: TopRole, payload: Vec<u8>) -> Result<Envelope, PlanError> {
        let keys = self.choice.root.keys(role);
        let old = self.old.map(|old| old.payload.keys(role));
        let mut envelope = Envelope::unsigned(payload);
        for signer in self.signers {
            let key = signer.public();
            let counts = |keys: &KeySet| keys.keys().any(|(_, known)| *known == key);
            if (counts(keys) || old.is_some_and(counts)) && !envelope.is_signed_by(&key) {
                envelope.sign(*signer).map_err(|cause| PlanError::Sign { role: role.into(), cause })?;
            }
        }
        let demand = Demand { named_in: (Role::Root, self.choice.root.version()), keys };
        let missing = Missing::of(&envelope, &[demand]);
        if missing.is_empty() { Ok(envelope) } else { Err(PlanError::NoSigner { role: role.into(), missing }) }
    }

    fn can_sign(&self, keys: &KeySet) -> bool {
        let signers: Vec<_> = self.signers.iter().map(|signer| signer.public()).collect();
        keys.keys().filter(|(_, key)| signers.contains(*key)).count() >= keys.threshold()
    }
}
