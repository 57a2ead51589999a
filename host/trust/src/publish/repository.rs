//! A repository in the publisher's hands: what hosts see, and what is staged to replace it.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;

use crate::anchor::Anchor;
use crate::envelope::Envelope;
use crate::fetch::Fetch;
use crate::key::{KeyId, KeyName, KeySet};
use crate::metadata::{RootMetadata, Target, TargetsMetadata};
use crate::name::{RepositoryId, RoleName, SafePath, TargetPath};
use crate::role::{Role, TopRole};
use crate::version::MetadataVersion;

use super::demand::{Missing, View};
use super::error::ReadError;
use super::published::{self, Current, Signed};
use super::terms::Mode;

/// The metadata of a repository: published, and staged beside it until enough people have signed.
///
/// The published metadata was verified, signatures and digests, but for its age: an expired repository is to be renewed. Staged
/// metadata is verified when it is published.
#[derive(Clone, Debug)]
pub struct Repository {
    pub(super) mode: Mode,
    pub(super) anchor: Option<Anchor>,
    pub(super) roots: Vec<Signed<RootMetadata>>,
    pub(super) current: Option<Current>,
    // INVARIANT: of root, targets and delegated roles only; each is the successor of what is published.
    pub(super) staged: BTreeMap<Role, Staged>,
}

/// Metadata that waits for signatures.
#[derive(Clone, Debug)]
pub(super) struct Staged {
    pub(super) payload: Payload,
    pub(super) envelope: Envelope,
}

/// The payload that people sign.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Payload {
    Root(RootMetadata),
    Targets(TargetsMetadata),
}

/// A file to write beside the repository. It replaces the one that is there.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct StagedFile {
    /// The role.
    pub role: Role,
    /// The version that it will have.
    pub version: MetadataVersion,
    /// Where it goes. Hosts never read it.
    pub path: SafePath,
    /// The envelope.
    pub bytes: Vec<u8>,
    /// How many signatures a change of the content has made void.
    pub dropped_signatures: usize,
}

/// The status of one role.
#[derive(Clone, Debug, PartialEq)]
pub struct RoleStatus {
    /// The role.
    pub role: Role,
    /// Its keys; none for a role that is delegated to no longer.
    pub keys: Option<KeySet>,
    /// The version that hosts see, and when it expires.
    pub published: Option<(MetadataVersion, Timestamp)>,
    /// The version that is staged, when it would expire, and the signatures that it needs.
    pub staged: Option<(MetadataVersion, Timestamp, Missing)>,
}

impl Repository {
    /// An empty repository.
    pub(super) fn empty(mode: Mode) -> Self {
        Self { mode, anchor: None, roots: Vec::new(), current: None, staged: BTreeMap::new() }
    }

    /// Reads a repository and what is staged in it: a directory, a mirror of one, or memory.
    ///
    /// Without an `anchor` its own first root is believed; give the root that hosts have pinned where the copy may have been
    /// tampered with. A repository in which nothing has been published yet is empty, not an error.
    ///
    /// # Errors
    /// When a file that others tell of is missing or altered, or is not signed as it must be.
    pub fn read(source: &impl Fetch, anchor: Option<Anchor>, mode: Mode) -> Result<Self, ReadError> {
        let roots = published::read_roots(source, anchor.as_ref())?;
        let current = published::read_current(source, &roots)?;
        let mut repository = Self { anchor, roots, current, ..Self::empty(mode) };
        repository.read_staged(source, Role::Root)?;
        repository.read_staged(source, Role::Targets)?;
        for name in repository.tenants() {
            repository.read_staged(source, Role::Delegated(name))?;
        }
        Ok(repository)
    }

    /// The name of the repository; none before it is founded.
    #[must_use]
    pub fn id(&self) -> Option<&RepositoryId> {
        self.newest().map(|view| view.root.repository())
    }

    /// All roles, staged ones and those of former tenants included: root, targets, snapshot, timestamp, tenants.
    #[must_use]
    pub fn roles(&self) -> Vec<RoleStatus> {
        let tops = TopRole::ALL.into_iter().map(Role::from);
        tops.chain(self.tenants().into_iter().map(Role::Delegated)).map(|role| self.status(role)).collect()
    }

    /// The releases that a tenant's role lists: as staged if it is staged, otherwise as published.
    #[must_use]
    pub fn releases(&self, role: &RoleName) -> Vec<(TargetPath, Target)> {
        let listed = self.targets_of(&Role::Delegated(role.clone()));
        let releases = listed.iter().flat_map(|listed| listed.releases());
        releases.map(|(path, target)| (path, target.clone())).collect()
    }

    /// The release that hosts see listed at a path; none if nothing is.
    #[must_use]
    pub fn published_release(&self, path: &TargetPath) -> Option<&Target> {
        let listed = self.current.iter().flat_map(|current| current.targets.payload.delegations());
        let role =
            listed.filter(|delegation| delegation.covers(path)).map(|delegation| delegation.role.clone()).next()?;
        self.published_targets_of(&Role::Delegated(role))?.target(path)
    }

    /// What published metadata calls a key: targets a tenant's, root the others. Names that are only staged do not count, because they are
    /// not signed.
    #[must_use]
    pub fn key_name(&self, key: &KeyId) -> Option<&KeyName> {
        let view = self.published()?;
        let tenants =
            view.targets.into_iter().flat_map(TargetsMetadata::delegations).map(|delegation| &delegation.keys);
        let tops = TopRole::ALL.into_iter().map(|role| view.root.keys(role));
        tops.chain(tenants).find_map(|keys| keys.name(key))
    }

    /// The staged files, as they are to be written beside the repository.
    #[must_use]
    pub fn staged_files(&self) -> Vec<StagedFile> {
        self.staged.iter().map(|(role, staged)| staged.file(role)).collect()
    }

    /// The envelope that is staged for a role, which people sign here or elsewhere.
    #[must_use]
    pub fn staged_envelope(&self, role: &Role) -> Option<&Envelope> {
        self.staged.get(role).map(|staged| &staged.envelope)
    }

    /// Forgets what is staged for a role, and gives the path of the file to remove.
    pub fn unstage(&mut self, role: &Role) -> Option<SafePath> {
        self.staged.remove(role).map(|staged| staged_path(role, staged.payload.version()))
    }

    /// The root and the targets that hosts see.
    pub(super) fn published(&self) -> Option<View<'_>> {
        let root = &self.roots.last()?.payload;
        Some(View { root, targets: self.current.as_ref().map(|current| &current.targets.payload) })
    }

    /// The root and the targets that hosts would see if all that is staged were signed.
    pub(super) fn newest(&self) -> Option<View<'_>> {
        let root = match self.staged.get(&Role::Root).map(|staged| &staged.payload) {
            Some(Payload::Root(root)) => root,
            _ => &self.roots.last()?.payload,
        };
        Some(View { root, targets: self.targets_of(&Role::Targets) })
    }

    /// The metadata of targets or of a tenant, staged or published.
    pub(super) fn targets_of(&self, role: &Role) -> Option<&TargetsMetadata> {
        match self.staged.get(role).map(|staged| &staged.payload) {
            Some(Payload::Targets(targets)) => Some(targets),
            _ => self.published_targets_of(role),
        }
    }

    /// The metadata of targets or of a tenant, as hosts see it.
    pub(super) fn published_targets_of(&self, role: &Role) -> Option<&TargetsMetadata> {
        let current = self.current.as_ref()?;
        match role {
            Role::Targets => Some(&current.targets.payload),
            Role::Delegated(name) => current.tenants.get(name).map(|tenant| &tenant.payload),
            _ => None,
        }
    }

    /// When the first of the top roles that hosts see expires.
    pub(super) fn expires(&self) -> Option<Timestamp> {
        let Current { timestamp, snapshot, targets, .. } = self.current.as_ref()?;
        let root = self.roots.last()?.payload.expires();
        let others = [timestamp.payload.expires(), snapshot.payload.expires(), targets.payload.expires()];
        Some(others.into_iter().fold(root, Timestamp::min))
    }

    /// The version after the one that hosts see; none after the last.
    pub(super) fn next_version(&self, role: &Role) -> Option<MetadataVersion> {
        let published = match role {
            Role::Root => self.roots.last().map(|root| root.payload.version()),
            _ => self.published_targets_of(role).map(TargetsMetadata::version),
        };
        published.map_or(Some(MetadataVersion::FIRST), MetadataVersion::next)
    }

    /// All tenants' roles: delegated, staged, or listed once.
    fn tenants(&self) -> BTreeSet<RoleName> {
        let views = [self.published(), self.newest()].into_iter().flatten();
        let delegations = views.filter_map(|view| view.targets).flat_map(TargetsMetadata::delegations);
        let delegated = delegations.map(|delegation| delegation.role.clone());
        let listed = self.current.iter().flat_map(|current| current.tenants.keys().cloned());
        delegated.chain(listed).collect()
    }

    fn status(&self, role: Role) -> RoleStatus {
        let keys = self.newest().and_then(|view| view.demand(&role)).map(|demand| demand.keys.clone());
        let current = self.current.as_ref();
        let published = match &role {
            Role::Root => self.roots.last().map(|root| (root.payload.version(), root.payload.expires())),
            Role::Timestamp => current.map(|now| (now.timestamp.payload.version(), now.timestamp.payload.expires())),
            Role::Snapshot => current.map(|now| (now.snapshot.payload.version(), now.snapshot.payload.expires())),
            _ => self.published_targets_of(&role).map(|targets| (targets.version(), targets.expires())),
        };
        let staged = self.staged.get(&role).map(|staged| {
            let missing = self.missing_signatures(&role).unwrap_or_default();
            (staged.payload.version(), staged.payload.expires(), missing)
        });
        RoleStatus { role, keys, published, staged }
    }

    fn read_staged(&mut self, source: &impl Fetch, role: Role) -> Result<(), ReadError> {
        let Some(version) = self.next_version(&role) else { return Ok(()) };
        let file = staged_path(&role, version);
        let parse = |bytes: &[u8]| match role {
            Role::Root => RootMetadata::parse(bytes).map(Payload::Root),
            _ => TargetsMetadata::parse(bytes).map(Payload::Targets),
        };
        let Some(Signed { payload, envelope, .. }) = published::read(source, &file, parse)? else { return Ok(()) };
        published::check_version(&file, version, payload.version())?;
        if let Some(id) = self.id() {
            published::check_repository(&file, id, payload.repository())?;
        }
        self.staged.insert(role, Staged { payload, envelope });
        Ok(())
    }
}

impl Staged {
    pub(super) fn file(&self, role: &Role) -> StagedFile {
        let version = self.payload.version();
        let path = staged_path(role, version);
        StagedFile { role: role.clone(), version, path, bytes: self.envelope.to_bytes(), dropped_signatures: 0 }
    }
}

impl Payload {
    pub(super) fn version(&self) -> MetadataVersion {
        match self {
            Self::Root(root) => root.version(),
            Self::Targets(targets) => targets.version(),
        }
    }

    pub(super) fn expires(&self) -> Timestamp {
        match self {
            Self::Root(root) => root.expires(),
            Self::Targets(targets) => targets.expires(),
        }
    }

    pub(super) fn repository(&self) -> &RepositoryId {
        match self {
            Self::Root(root) => root.repository(),
            Self::Targets(targets) => targets.repository(),
        }
    }

    pub(super) fn as_root(&self) -> Option<&RootMetadata> {
        match self {
            Self::Root(root) => Some(root),
            Self::Targets(_) => None,
        }
    }

    pub(super) fn as_targets(&self) -> Option<&TargetsMetadata> {
        match self {
            Self::Root(_) => None,
            Self::Targets(targets) => Some(targets),
        }
    }

    pub(super) fn to_bytes(&self) -> Vec<u8> {
        match self {
            Self::Root(root) => root.to_bytes(),
            Self::Targets(targets) => targets.to_bytes(),
        }
    }
}

/// The path at which the metadata of a role waits for signatures.
pub(super) fn staged_path(role: &Role, version: MetadataVersion) -> SafePath {
    SafePath::of_staged(&format!("{version}.{role}"))
}
