//! The cycle of the four top roles: root, timestamp, snapshot, targets.

use jiff::Timestamp;

use super::download::{fetch, fetch_if_there, fetch_listed};
use super::error::UpdateError;
use super::trusted::{Authority, Trusted};
use super::{Client, Freshness, NEW_ROOTS, Refresh};
use crate::fetch::Fetch;
use crate::metadata::{SnapshotMetadata, TargetsMetadata, TimestampMetadata};
use crate::role::{Role, TopRole};
use crate::store::{StateFile, Store};
use crate::version::MetadataVersion;

impl<S: Store> Client<S> {
    /// Brings the top roles up to date, at one point in time for all of them: root by root, then the timestamp, then the snapshot that
    /// it names, then the targets role that this lists. Each is kept as soon as it is accepted.
    ///
    /// # Errors
    /// At the first thing that is not as it should be, or cannot be had. What was accepted before that stays accepted, and the next
    /// refresh goes on from there.
    ///
    /// # Limits
    /// Delegated roles are brought up to date by [`Client::find`], each for itself.
    pub fn refresh(&mut self, source: &impl Fetch, now: Timestamp) -> Result<Refresh, UpdateError> {
        self.check_clock(now)?;
        let before = self.versions();
        self.refresh_root(source, now)?;
        self.refresh_timestamp(source, now)?;
        self.refresh_snapshot(source, now)?;
        self.refresh_targets(source, now)?;
        self.advance_clock(now)?;
        Ok(if self.versions() == before { Refresh::Unchanged } else { Refresh::Changed })
    }

    fn refresh_root(&mut self, source: &impl Fetch, now: Timestamp) -> Result<(), UpdateError> {
        if !self.anchor_is_kept {
            let bytes = self.anchor.envelope().clone();
            self.keep(&StateFile::Root(self.anchor.version()), &bytes)?;
            self.anchor_is_kept = true;
        }
        let taken = self.take_roots(source);
        // In any case, the keys that the chain has replaced so far do not count any more.
        self.forget_outdated()?;
        taken?;
        let root = &self.root.metadata;
        check_floor(&Role::Root, root.version(), self.floors.root)?;
        self.root.check_expiry(&Role::Root, now)
    }

    /// Takes one new root after the other. The chain ends only if the source says that no further one exists: a source that fails may
    /// hide it.
    fn take_roots(&mut self, source: &impl Fetch) -> Result<(), UpdateError> {
        let mut taken = 0;
        while let Some(next) = self.root.metadata.version().next() {
            let Some(bytes) = fetch_if_there(source, &Role::Root.file(next), self.caps.root)? else { break };
            if taken == NEW_ROOTS {
                let reached = self.root.metadata.version();
                return Err(UpdateError::TooManyRoots { cap: NEW_ROOTS, reached });
            }
            let root = self.root.next(bytes, next, self.caps.root, &self.repository)?;
            self.keep(&StateFile::Root(next), &root.envelope)?;
            self.root = root;
            taken += 1;
        }
        Ok(())
    }

    /// Forgets what the keys of the present root have not signed. Timestamp and snapshot go together, so that versions that a thief
    /// of the old keys drove up do not stand in the way.
    fn forget_outdated(&mut self) -> Result<(), UpdateError> {
        let root = &self.root.metadata;
        if let Some(timestamp) = &self.timestamp
            && !timestamp.is_signed_by(root.keys(TopRole::Timestamp))
        {
            self.outdated = Some(StateFile::Timestamp);
        } else if let Some(snapshot) = &self.snapshot
            && !snapshot.is_signed_by(root.keys(TopRole::Snapshot))
        {
            self.outdated = Some(StateFile::Snapshot);
        }
        if let Some(targets) = &self.targets
            && !targets.is_signed_by(root.keys(TopRole::Targets))
        {
            self.targets = None;
            self.roles.clear();
        }
        let Some(outdated) = self.outdated.clone() else { return Ok(()) };
        (self.timestamp, self.snapshot) = (None, None);
        // The one that shows that the keys were replaced goes last: should the other one go alone, the next start still sees it.
        let other = if outdated == StateFile::Timestamp { StateFile::Snapshot } else { StateFile::Timestamp };
        for file in [other, outdated] {
            self.store.remove(&file).map_err(|cause| UpdateError::Store { file, cause })?;
        }
        self.outdated = None;
        Ok(())
    }

    fn refresh_timestamp(&mut self, source: &impl Fetch, now: Timestamp) -> Result<(), UpdateError> {
        let role = Role::Timestamp;
        let file = role.file(MetadataVersion::FIRST);
        let bytes = fetch(source, &file, self.caps.timestamp)?;
        let authority = Authority::of_root(&self.root.metadata, TopRole::Timestamp);
        let new: Trusted<TimestampMetadata> =
            Trusted::verify(&file, bytes, self.caps.timestamp, &authority, &self.repository)?;
        let found = (new.metadata.version(), new.metadata.snapshot().version);
        let known = self.timestamp.as_ref().map(|known| (known.metadata.version(), known.metadata.snapshot().version));
        // Of two with one version the first one stays; what comes after it may still have to be got.
        let is_known = known.is_some_and(|known| known.0 == found.0);
        match known {
            Some(known) if found.0 < known.0 => {
                return Err(UpdateError::Rollback { file, role, known: known.0, found: found.0 });
            }
            Some(known) if !is_known && found.1 < known.1 => {
                return Err(UpdateError::Rollback { file, role: Role::Snapshot, known: known.1, found: found.1 });
            }
            _ => {}
        }
        let accepted = self.timestamp.as_ref().filter(|_| is_known).unwrap_or(&new);
        let (version, snapshot) = (accepted.metadata.version(), accepted.metadata.snapshot().version);
        check_floor(&role, version, self.floors.timestamp)?;
        check_floor(&Role::Snapshot, snapshot, self.floors.snapshot)?;
        accepted.check_expiry(&role, now)?;
        if !is_known {
            self.keep(&StateFile::Timestamp, &new.envelope)?;
            self.timestamp = Some(new);
        }
        Ok(())
    }

    fn refresh_snapshot(&mut self, source: &impl Fetch, now: Timestamp) -> Result<(), UpdateError> {
        let role = Role::Snapshot;
        let Some(timestamp) = &self.timestamp else { return Err(UpdateError::Unrefreshed { role: Role::Timestamp }) };
        let listed = *timestamp.metadata.snapshot();
        if let Some(known) = &self.snapshot
            && known.metadata.version() == listed.version
            && known.check_expiry(&role, now).is_ok()
        {
            return Ok(());
        }
        let file = role.file(listed.version);
        let bytes = fetch_listed(source, &file, &listed, self.caps.snapshot)?;
        let authority = Authority::of_root(&self.root.metadata, TopRole::Snapshot);
        let new: Trusted<SnapshotMetadata> =
            Trusted::verify(&file, bytes, self.caps.snapshot, &authority, &self.repository)?;
        new.check_version(&role, Role::Timestamp, &listed)?;
        if let Some(known) = &self.snapshot {
            check_listed(&new.metadata, &known.metadata)?;
        }
        new.check_expiry(&role, now)?;
        self.keep(&StateFile::Snapshot, &new.envelope)?;
        self.snapshot = Some(new);
        Ok(())
    }

    fn refresh_targets(&mut self, source: &impl Fetch, now: Timestamp) -> Result<(), UpdateError> {
        let authority = Authority::of_root(&self.root.metadata, TopRole::Targets);
        let known = self.targets.as_ref();
        if let Some(new) = self.update_targets(source, &authority, known, Freshness::Demanded(now))? {
            self.keep(&StateFile::Targets, &new.envelope)?;
            self.targets = Some(new);
            self.load_roles()?;
        }
        Ok(())
    }

    /// The new metadata of a targets role, delegated or not; none if the known one is the one that the snapshot lists.
    pub(super) fn update_targets(
        &self,
        source: &impl Fetch,
        authority: &Authority<'_>,
        known: Option<&Trusted<TargetsMetadata>>,
        freshness: Freshness,
    ) -> Result<Option<Trusted<TargetsMetadata>>, UpdateError> {
        let role = &authority.role;
        let Some(snapshot) = &self.snapshot else { return Err(UpdateError::Unrefreshed { role: Role::Snapshot }) };
        let Some(listed) = snapshot.metadata.file(role) else {
            let file = Role::Snapshot.file(snapshot.metadata.version());
            return Err(UpdateError::Unlisted { file, role: role.clone() });
        };
        let check_expiry = |trusted: &Trusted<TargetsMetadata>| match freshness {
            Freshness::Demanded(now) => trusted.check_expiry(role, now),
            Freshness::Waived => Ok(()),
        };
        if let Some(known) = known.filter(|known| known.is(listed)) {
            match check_expiry(known) {
                Ok(()) => return Ok(None),
                // With its digest signed, the source can only give the same again.
                Err(expired) if listed.sha256.is_some() => return Err(expired),
                Err(_) => {}
            }
        }
        let file = role.file(listed.version);
        let bytes = fetch_listed(source, &file, listed, self.caps.targets)?;
        let new = Trusted::verify(&file, bytes, self.caps.targets, authority, &self.repository)?;
        new.check_version(role, Role::Snapshot, listed)?;
        if let Some(known) = known {
            new.check_replaces(role, known)?;
        }
        check_expiry(&new)?;
        Ok(Some(new))
    }
}

fn check_floor(role: &Role, found: MetadataVersion, floor: MetadataVersion) -> Result<(), UpdateError> {
    if found >= floor {
        return Ok(());
    }
    Err(UpdateError::BelowFloor { file: role.file(found), role: role.clone(), floor, found })
}

/// Everything that was listed before is still listed, and not with a lower version.
fn check_listed(new: &SnapshotMetadata, known: &SnapshotMetadata) -> Result<(), UpdateError> {
    let file = || Role::Snapshot.file(new.version());
    for (role, before) in known.files() {
        let role = role.clone();
        match new.file(&role).map(|now| now.version) {
            None => return Err(UpdateError::Vanished { file: file(), role, known: before.version }),
            Some(found) if found < before.version => {
                return Err(UpdateError::Rollback { file: file(), role, known: before.version, found });
            }
            Some(_) => {}
        }
    }
    Ok(())
}
