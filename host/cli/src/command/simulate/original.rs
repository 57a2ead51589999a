//! The repository itself, in memory, after a host has accepted it.

use std::cell::RefCell;
use std::collections::BTreeMap;

use jiff::Timestamp;
use jurat_disk::files::Directory;
use jurat_model::Bytes;
use jurat_trust::publish::Repository;
use jurat_trust::{
    Anchor, Caps, Client, Demands, Fetch, FetchError, FileKind, Freshness, MemoryStore, MetadataVersion, Role,
    SafePath, TargetPath, UpdateError, VerifiedManifest,
};

use crate::repository::releases;

/// How many versions back to search for an earlier file.
const EARLIER: usize = 64;

/// The files that a host has fetched and accepted; of releases, only those of one release.
pub(super) struct Original {
    anchor: Anchor,
    store: MemoryStore,
    files: BTreeMap<SafePath, Vec<u8>>,
    earlier: BTreeMap<Role, Vec<u8>>,
    versions: BTreeMap<Role, MetadataVersion>,
    release: Option<AttackedRelease>,
    expires: Timestamp,
    now: Timestamp,
}

/// The attacked release.
pub(super) struct AttackedRelease {
    target: TargetPath,
    /// The role of its tenant.
    pub(super) role: Role,
    pub(super) manifest: SafePath,
    /// One of its components, or another file if it has none.
    pub(super) file: SafePath,
}

/// The repository with the changes of an attacker.
pub(super) struct TamperedRepository<'a> {
    original: &'a Original,
    changed: BTreeMap<SafePath, Response>,
}

/// The response of an attacker for a file.
pub(super) enum Response {
    Bytes(Vec<u8>),
    NotFound,
    /// More bytes, as long as the host reads.
    Endless,
}

impl Original {
    /// Accepts the repository as a new host does, to every byte of every release.
    pub(super) fn accept(
        source: &Directory,
        anchor: Anchor,
        repository: &Repository,
        now: Timestamp,
    ) -> Result<Self, UpdateError> {
        let copied = Copied { source, files: RefCell::default() };
        let mut client = Client::open(anchor.clone(), Demands::default(), MemoryStore::default())?;
        client.refresh(&copied, now)?;
        let published = repository.roles().into_iter().filter_map(|status| Some((status.role, status.published?.0)));
        let versions: BTreeMap<_, _> = published.collect();
        let earlier =
            versions.iter().filter_map(|(role, version)| Some((role.clone(), earlier(source, role, *version)?)));
        let earlier: BTreeMap<_, _> = earlier.collect();
        let mut manifests = Vec::new();
        for (target, _) in releases(repository) {
            manifests.push(client.find(&copied, &target, Freshness::Demanded(now))?.manifest(&copied)?);
        }
        // Prefers a release whose tenant has an earlier version, so that more attacks apply.
        let has_earlier = |manifest: &VerifiedManifest| earlier.contains_key(&manifest.provenance().role);
        let chosen = manifests.iter().position(has_earlier).unwrap_or(0);
        for (index, manifest) in manifests.iter().enumerate() {
            // The files of the other releases are verified, but not kept.
            if index == chosen {
                manifest.release(&copied)?
            } else {
                manifest.release(source)?
            };
        }
        let chosen = manifests.get(chosen);
        let of_top_roles = client.expires().map_or(now, |(_, expires)| expires);
        let expires = chosen.map_or(of_top_roles, |manifest| manifest.provenance().expires);
        let release = chosen.and_then(AttackedRelease::of);
        let (store, files) = (client.store().clone(), copied.files.into_inner());
        Ok(Self { anchor, store, files, earlier, versions, release, expires, now })
    }

    /// The file with the newest metadata of a role.
    pub(super) fn file(&self, role: &Role) -> Option<SafePath> {
        self.versions.get(role).map(|version| role.file(*version))
    }

    /// The file of the next metadata of a role, which does not exist.
    pub(super) fn next_file(&self, role: &Role) -> Option<SafePath> {
        self.versions.get(role)?.next().map(|version| role.file(version))
    }

    /// The bytes of a file. A host does not fetch its first root, so that comes from the anchor.
    pub(super) fn bytes(&self, file: &SafePath) -> Option<&[u8]> {
        let is_anchor = *file == Role::Root.file(self.anchor.version());
        let bytes = self.files.get(file).map(Vec::as_slice);
        bytes.or_else(|| is_anchor.then(|| &**self.anchor.envelope()))
    }

    /// An earlier version of the metadata of a role; `None` if there is only one.
    pub(super) fn earlier(&self, role: &Role) -> Option<&[u8]> {
        self.earlier.get(role).map(Vec::as_slice)
    }

    /// The attacked release; `None` if no release has been published.
    pub(super) fn release(&self) -> Option<&AttackedRelease> {
        self.release.as_ref()
    }

    /// The time of the attacks.
    pub(super) fn now(&self) -> Timestamp {
        self.now
    }

    /// When the first metadata expires that the release depends on.
    pub(super) fn expires(&self) -> Timestamp {
        self.expires
    }

    /// The repository with some files changed.
    pub(super) fn with(&self, changed: impl IntoIterator<Item = (SafePath, Response)>) -> TamperedRepository<'_> {
        TamperedRepository { original: self, changed: changed.into_iter().collect() }
    }

    /// The answer of a new host.
    pub(super) fn fresh(&self, source: &impl Fetch, now: Timestamp) -> Result<(), UpdateError> {
        self.visit(MemoryStore::default(), source, now)
    }

    /// The answer of a host that has accepted the unchanged repository.
    pub(super) fn seasoned(&self, source: &impl Fetch, now: Timestamp) -> Result<(), UpdateError> {
        self.visit(self.store.clone(), source, now)
    }

    fn visit(&self, store: MemoryStore, source: &impl Fetch, now: Timestamp) -> Result<(), UpdateError> {
        let mut client = Client::open(self.anchor.clone(), Demands::default(), store)?;
        client.refresh(source, now)?;
        let Some(AttackedRelease { target, .. }) = &self.release else { return Ok(()) };
        client.find(source, target, Freshness::Demanded(now))?.manifest(source)?.release(source).map(drop)
    }
}

impl AttackedRelease {
    fn of(manifest: &VerifiedManifest) -> Option<Self> {
        let files = manifest.manifest().files();
        let file = files.iter().find(|file| file.kind == FileKind::Component).or(files.first())?;
        let target = manifest.provenance().target.clone();
        let (role, file) = (manifest.provenance().role.clone(), SafePath::of_blob(&file.sha256));
        Some(Self { manifest: target.location(manifest.sha256()), target, role, file })
    }
}

impl Fetch for TamperedRepository<'_> {
    fn get(&self, file: &SafePath, cap: Bytes) -> Result<Vec<u8>, FetchError> {
        match self.changed.get(file) {
            // The cap is ignored on purpose: the host has to enforce it.
            Some(Response::Bytes(bytes)) => Ok(bytes.clone()),
            Some(Response::NotFound) => Err(FetchError::NotFound),
            Some(Response::Endless) => Ok(vec![b' '; cap.to_usize().saturating_add(1)]),
            None => self.original.files.get(file).cloned().ok_or(FetchError::NotFound),
        }
    }
}

/// A source that keeps a copy of every file that it returns.
struct Copied<'a> {
    source: &'a Directory,
    files: RefCell<BTreeMap<SafePath, Vec<u8>>>,
}

impl Fetch for Copied<'_> {
    fn get(&self, file: &SafePath, cap: Bytes) -> Result<Vec<u8>, FetchError> {
        let bytes = self.source.get(file, cap)?;
        self.files.borrow_mut().insert(file.clone(), bytes.clone());
        Ok(bytes)
    }
}

fn earlier(source: &Directory, role: &Role, newest: MetadataVersion) -> Option<Vec<u8>> {
    // There is only one timestamp.
    if *role == Role::Timestamp {
        return None;
    }
    let versions = (1..newest.get()).rev().take(EARLIER);
    let files = versions.filter_map(MetadataVersion::new).map(|version| role.file(version));
    files.filter_map(|file| source.get(&file, Caps::DEFAULT.targets).ok()).next()
}
