//! From what is staged to what is uploaded.

use std::collections::BTreeMap;

use jiff::Timestamp;

use crate::envelope::Envelope;
use crate::fetch::Fetch;
use crate::key::Signer;
use crate::metadata::{MetaFile, RootMetadata, SnapshotMetadata, TimestampMetadata};
use crate::name::SafePath;
use crate::role::{Role, TopRole};
use crate::version::MetadataVersion;

use super::demand::Missing;
use super::edit::Clock;
use super::error::PlanError;
use super::published::Signed;
use super::repository::{Repository, Staged, staged_path};
use super::terms;
use super::upload::Upload;

mod builder;
mod choice;
mod hosts;
mod releases;

use builder::PlanBuilder;
use choice::Choice;

/// The files to upload, and what that will change.
#[derive(Clone, Debug)]
pub struct Plan {
    /// The files, in the order in which to upload them. A host that reads the repository at any moment sees the old state or the
    /// new one, whole; see [`Handover`] for the one exception.
    pub uploads: Vec<Upload>,
    /// The staged files to remove once everything has been uploaded.
    pub done: Vec<SafePath>,
    /// The changes.
    pub summary: Summary,
}

/// The changes of a plan, for people.
#[derive(Clone, Debug, PartialEq)]
pub struct Summary {
    /// The new versions and when they expire, in the order of the uploads.
    pub published: Vec<(Role, MetadataVersion, Timestamp)>,
    /// The roles that stay staged, and why. Nothing is missing from a role that waits for another one.
    pub waiting: Vec<(Role, Missing)>,
    /// Whether hosts notice that keys change hands.
    pub handover: Handover,
}

/// How a root that changes keys of targets, snapshot or timestamp takes over.
#[derive(Clone, Copy, Debug, Default, Eq, Hash, PartialEq)]
pub enum Handover {
    /// It does not change them, or what is published is signed with the new keys already.
    #[default]
    None,
    /// Old and new keys sign together, so that hosts accept every state on the way.
    Seamless,
    /// The old keys have not signed. Between the upload of root and that of the timestamp hosts refuse the repository, and keep
    /// what they have; new hosts have to wait.
    Gap,
}

impl Repository {
    /// Plans the upload of all that is staged and has enough signatures. Snapshot and timestamp are made and signed
    /// here, by those `signers` that root names for them. An interrupted publication is continued.
    ///
    /// The plan has been verified as a host does it, from nothing and as an update of what is published.
    ///
    /// # Errors
    /// When nothing that is staged has enough signatures, a signer or a file of a release is missing, or hosts would refuse the
    /// result.
    ///
    /// # Limits
    /// The files of all releases that are newly listed are in memory at once.
    pub fn plan(&self, source: &impl Fetch, signers: &[&dyn Signer], clock: Clock) -> Result<Plan, PlanError> {
        let choice = Choice::of(self, &self.staged);
        match choice {
            Some(choice) if !choice.ready.is_empty() || self.is_unfinished() => {
                self.carry_out(&choice, source, signers, clock)
            }
            _ => Err(PlanError::NothingReady { waiting: self.waiting(&BTreeMap::new()) }),
        }
    }

    /// Plans the upload that keeps the published metadata valid for hosts: a new timestamp, and a new snapshot where one of its
    /// signers is at hand and half of its life is over. What is staged stays so.
    ///
    /// # Errors
    /// When nothing has been published, a signer is missing, or hosts would refuse the result.
    pub fn refresh(&self, source: &impl Fetch, signers: &[&dyn Signer], clock: Clock) -> Result<Plan, PlanError> {
        let nothing = BTreeMap::new();
        let choice = Choice::of(self, &nothing).ok_or(PlanError::NoRepository)?;
        self.carry_out(&choice, source, signers, clock)
    }

    fn carry_out(
        &self,
        choice: &Choice<'_>,
        source: &impl Fetch,
        signers: &[&dyn Signer],
        clock: Clock,
    ) -> Result<Plan, PlanError> {
        if !choice.ready.is_empty() {
            terms::check(choice.root, Some(choice.targets), self.mode)?;
        }
        choice.check_age(clock.now)?;
        self.check_succession(choice)?;
        let mut builder = PlanBuilder { source, signers, clock, choice, old: self.roots.last(), uploads: Vec::new() };
        for (role, staged) in choice.ready.iter().filter(|(role, _)| matches!(role, Role::Delegated(_))) {
            builder.uploads.extend(releases::files(source, staged, self.published_targets_of(role))?);
        }
        // Tenants before targets, so that nothing is delegated before it is there.
        let (mut files, mut published) = (Vec::new(), Vec::new());
        for (role, staged) in choice.ready.iter().rev().filter(|(role, _)| **role != Role::Root) {
            let bytes = builder.staged_bytes(role, staged)?;
            files.push((role.clone(), MetaFile::of(staged.payload.version(), &bytes)));
            published.push((role.clone(), staged.payload.version(), staged.payload.expires()));
            builder.put(role.file(staged.payload.version()), bytes);
        }
        let current = self.current.as_ref();
        let snapshot = builder.snapshot(current.map(|current| &current.snapshot), &files)?;
        let is_new = current.is_none_or(|current| current.snapshot.payload.version() != snapshot.payload.version());
        if is_new {
            published.push((Role::Snapshot, snapshot.payload.version(), snapshot.payload.expires()));
            builder.put(Role::Snapshot.file(snapshot.payload.version()), snapshot.bytes.clone());
        }
        let mut timestamp = builder.timestamp(current.map(|current| &current.timestamp.payload), &snapshot)?;
        let handover = self.handover(choice, &snapshot, &timestamp);
        if let Some(staged) = choice.ready.get(&Role::Root) {
            let version = staged.payload.version();
            if handover == Handover::Seamless {
                builder.put_timestamp(&timestamp);
                timestamp = builder.timestamp(Some(&timestamp.payload), &snapshot)?;
            }
            published.push((Role::Root, version, staged.payload.expires()));
            builder.put(Role::Root.file(version), staged.envelope.to_bytes().into());
        }
        published.push((Role::Timestamp, timestamp.payload.version(), timestamp.payload.expires()));
        builder.put_timestamp(&timestamp);

        let uploads = builder.uploads;
        hosts::accept(self, &uploads, source, choice, clock.now)?;
        let done = choice.ready.iter().map(|(role, staged)| staged_path(role, staged.payload.version())).collect();
        let summary = Summary { published, waiting: self.waiting(&choice.ready), handover };
        Ok(Plan { uploads, done, summary })
    }

    /// Whether a publication was interrupted in a [`Handover::Gap`]: the newest root is there, but what its keys must sign is not.
    fn is_unfinished(&self) -> bool {
        let (Some(current), Some(root)) = (&self.current, self.roots.last()) else { return false };
        let is_signed = |role, envelope: &Envelope| envelope.verify(root.payload.keys(role)).is_ok();
        !is_signed(TopRole::Timestamp, &current.timestamp.envelope)
            || !is_signed(TopRole::Snapshot, &current.snapshot.envelope)
    }

    /// Hosts that know what is published would refuse anything else.
    fn check_succession(&self, choice: &Choice<'_>) -> Result<(), PlanError> {
        for (role, staged) in &choice.ready {
            if let (Some(new), Some(old)) = (staged.payload.as_targets(), self.published_targets_of(role)) {
                let failed = |cause| PlanError::Succession { role: role.clone(), cause };
                new.check_replaces(old).map_err(failed)?;
            }
        }
        Ok(())
    }

    /// Whether hosts with the old root accept what they find just before the new one is there, and hosts with the new root what
    /// they find just after.
    fn handover(
        &self,
        choice: &Choice<'_>,
        snapshot: &Signed<SnapshotMetadata>,
        timestamp: &Signed<TimestampMetadata>,
    ) -> Handover {
        let (Some(current), Some(old)) = (&self.current, self.roots.last()) else { return Handover::None };
        let accepts = |root: &RootMetadata, role, envelope: &Envelope| envelope.verify(root.keys(role)).is_ok();
        let accepts_all = |root, timestamp, snapshot, targets| {
            accepts(root, TopRole::Timestamp, timestamp)
                && accepts(root, TopRole::Snapshot, snapshot)
                && accepts(root, TopRole::Targets, targets)
        };
        let Signed { envelope, .. } = &current.timestamp;
        if accepts_all(choice.root, envelope, &current.snapshot.envelope, &current.targets.envelope) {
            return Handover::None;
        }
        let targets = choice.ready.get(&Role::Targets).map_or(&current.targets.envelope, |staged| &staged.envelope);
        if accepts_all(&old.payload, &timestamp.envelope, &snapshot.envelope, targets) {
            Handover::Seamless
        } else {
            Handover::Gap
        }
    }

    fn waiting(&self, ready: &BTreeMap<Role, &Staged>) -> Vec<(Role, Missing)> {
        let waiting = self.staged.keys().filter(|role| !ready.contains_key(*role));
        waiting.map(|role| (role.clone(), self.missing_signatures(role).unwrap_or_default())).collect()
    }
}
