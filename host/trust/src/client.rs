//! The host's side of a repository: the client workflow of TUF 1.0.34.
//!
//! A [`Client`] starts from an [`Anchor`] and what a [`Store`] remembers. [`Client::refresh`] brings the four top roles up to date,
//! [`Client::find`] the delegated roles that one release needs; each file is verified before anything in it is read, and kept before
//! it is used. Any failure leaves everything as it was, except that what was accepted before the failure stays accepted.
//!
//! | Attack | What stops it |
//! |---|---|
//! | altered or forged metadata | thresholds over different keys |
//! | old metadata | versions of timestamp, snapshot and of everything that a snapshot lists never go down; floors |
//! | metadata that is withheld | it expires; the clock may not go back |
//! | parts of different moments | a timestamp names one snapshot, and a snapshot one version of each role |
//! | endless files | lengths that were signed, and caps |
//! | stolen keys | root replaces them, signed by the old keys and the new; versions that a thief drove up are then forgotten |
//! | another tenant's keys | a role counts for the paths that were delegated to it |
//! | another repository's metadata | the repository's name is signed with everything |
//!
//! # Where this differs from python-tuf 7.0.1
//!
//! Both accept and refuse alike, in the same order, but for what [`metadata`](crate::metadata) refuses to read and for this:
//! - What is kept is verified again from the anchor up, and what does not verify is an error; python-tuf takes it for absent.
//! - When root replaces the keys of timestamp or snapshot, both are forgotten, as the specification says; python-tuf forgets each by
//!   itself. Replaced means that what is kept is no longer signed by a threshold of the new keys.
//! - The version of a targets role never goes down while its keys stay, even if the snapshot was forgotten; and its revocations stay.
//! - An error, where python-tuf stops silently: more than 256 new roots, more than 32 delegated roles. Delegations are followed three
//!   deep.
//! - A length that is signed does not lift a cap.
//! - The clock may not go back by more than five minutes, versions may not be below the floors, and everything is for one repository.

use std::collections::BTreeMap;

use jiff::{SignedDuration, Timestamp};

use crate::anchor::Anchor;
use crate::digest::Digest;
use crate::metadata::{RootMetadata, SnapshotMetadata, TargetsMetadata, TimestampMetadata};
use crate::name::{RepositoryId, RoleName, TargetPath};
use crate::policy::Caps;
use crate::release::Versions;
use crate::role::Role;
use crate::store::{StateFile, Store};
use crate::version::MetadataVersion;

mod blame;
mod clock;
mod download;
mod error;
mod find;
mod kept;
mod listing;
mod past;
mod refresh;
mod trusted;

pub use error::{StateError, UpdateError};
pub use listing::{Listing, VerifiedManifest};

use trusted::Trusted;

/// How many new roots are taken in one refresh.
const NEW_ROOTS: u32 = 256;
/// How many delegated roles are asked for one release.
const ROLES: usize = 32;
/// How many delegations are followed one after the other.
const DEPTH: usize = 3;
/// How far the clock may go back. Time servers correct it by less.
const CLOCK_TOLERANCE: SignedDuration = SignedDuration::from_mins(5);

/// The demands of a host on a repository.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Demands {
    /// The repository that everything must have been signed for; none for that of the anchor.
    pub repository: Option<RepositoryId>,
    /// The lowest versions that are accepted.
    pub floors: Floors,
    /// How much it may be.
    pub caps: Caps,
}

/// The lowest versions that are accepted, for hosts that remember nothing yet: their operator may know more.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Floors {
    /// Of root.
    pub root: MetadataVersion,
    /// Of the timestamp.
    pub timestamp: MetadataVersion,
    /// Of the snapshot.
    pub snapshot: MetadataVersion,
}

impl Default for Floors {
    fn default() -> Self {
        let first = MetadataVersion::FIRST;
        Self { root: first, timestamp: first, snapshot: first }
    }
}

/// The outcome of a refresh.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
pub enum Refresh {
    /// Every top role has the version that it had.
    Unchanged,
    /// At least one top role has another version.
    Changed,
}

/// Whether what has expired counts.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Freshness {
    /// It does not: what expires at this time or before is refused.
    Demanded(Timestamp),
    /// It does. For going on with what is already in use while nothing newer can be had, and for nothing else.
    Waived,
}

/// A repository as one host knows it.
///
/// # Limits
/// It knows what it was given: a source that withholds everything seems to be a repository in which nothing happens, until the
/// timestamp expires. A host that remembers nothing can be given anything that is signed, not expired and not below its floors.
#[derive(Debug)]
pub struct Client<S> {
    repository: RepositoryId,
    floors: Floors,
    caps: Caps,
    store: S,
    anchor: Anchor,
    /// Whether the store has the anchor, so that a later anchor can tell which keys there were before.
    anchor_is_kept: bool,
    // INVARIANT: what is in the following is in the store too, and signed by keys of `root` or, in the end, of `targets`.
    root: Trusted<RootMetadata>,
    timestamp: Option<Trusted<TimestampMetadata>>,
    snapshot: Option<Trusted<SnapshotMetadata>>,
    targets: Option<Trusted<TargetsMetadata>>,
    roles: BTreeMap<RoleName, Trusted<TargetsMetadata>>,
    /// Which of timestamp and snapshot shows that their keys were replaced, while they have not been removed from the store.
    outdated: Option<StateFile>,
    last_seen: Option<Timestamp>,
}

impl<S: Store> Client<S> {
    /// The repository.
    #[must_use]
    pub fn repository(&self) -> &RepositoryId {
        &self.repository
    }

    /// The versions that have been accepted.
    #[must_use]
    pub fn versions(&self) -> Versions {
        Versions {
            root: self.root.metadata.version(),
            timestamp: self.timestamp.as_ref().map(|timestamp| timestamp.metadata.version()),
            snapshot: self.snapshot.as_ref().map(|snapshot| snapshot.metadata.version()),
            targets: self.targets.as_ref().map(|targets| targets.metadata.version()),
        }
    }

    /// The top role that expires first, and when; none before the first refresh.
    #[must_use]
    pub fn expires(&self) -> Option<(Role, Timestamp)> {
        let others = [
            self.timestamp.as_ref().map(|timestamp| (Role::Timestamp, timestamp.metadata.expires())),
            self.snapshot.as_ref().map(|snapshot| (Role::Snapshot, snapshot.metadata.expires())),
            self.targets.as_ref().map(|targets| (Role::Targets, targets.metadata.expires())),
        ];
        let first = others.into_iter().flatten().min_by_key(|(_, expires)| *expires)?;
        Some(if self.root.metadata.expires() <= first.1 { self.root_expires() } else { first })
    }

    fn root_expires(&self) -> (Role, Timestamp) {
        (Role::Root, self.root.metadata.expires())
    }

    /// Whether a manifest must not be used, as far as this host knows: a role that may list the target has revoked it.
    #[must_use]
    pub fn is_revoked(&self, manifest: &Digest, target: &TargetPath) -> bool {
        self.revocations(target).any(|revoked| revoked.contains(manifest))
    }

    /// Its store.
    #[must_use]
    pub fn store(&self) -> &S {
        &self.store
    }

    fn keep(&mut self, file: &StateFile, bytes: &[u8]) -> Result<(), UpdateError> {
        self.store.write(file, bytes).map_err(|cause| UpdateError::Store { file: file.clone(), cause })
    }
}
