//! The repository itself, as it is now: in memory, and accepted by a host.

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

/// So many versions back an earlier file is looked for.
const EARLIER: usize = 64;

/// What a host has fetched and accepted. Of the files of releases, those of the first one.
pub(super) struct Original {
    anchor: Anchor,
    store: MemoryStore,
    files: BTreeMap<SafePath, Vec<u8>>,
    earlier: BTreeMap<Role, Vec<u8>>,
    versions: BTreeMap<Role, MetadataVersion>,
    release: Option<Sample>,
    expires: Timestamp,
    now: Timestamp,
}

/// The release that is attacked.
pub(super) struct Sample {
    target: TargetPath,
    /// Whose it is.
    pub(super) role: Role,
    pub(super) manifest: SafePath,
    /// A component, if it has any.
    pub(super) file: SafePath,
}

/// The repository, but for what an attacker has changed.
pub(super) struct Served<'a> {
    original: &'a Original,
    changed: BTreeMap<SafePath, Answer>,
}

/// What an attacker gives for a file.
pub(super) enum Answer {
    Bytes(Vec<u8>),
    Nothing,
    /// It goes on for as long as somebody reads.
    Endless,
}

impl Original {
    /// Goes the way of a host that has seen nothing but a root, to every byte of every release.
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
        // One of which more than one version is there, so that more can be tried.
        let has_earlier = |manifest: &VerifiedManifest| earlier.contains_key(&manifest.provenance().role);
        let chosen = manifests.iter().position(has_earlier).unwrap_or(0);
        for (index, manifest) in manifests.iter().enumerate() {
            // The files of the others are looked at, and not kept.
            if index == chosen {
                manifest.release(&copied)?
            } else {
                manifest.release(source)?
            };
        }
        let chosen = manifests.get(chosen);
        let of_top_roles = client.expires().map_or(now, |(_, expires)| expires);
        let expires = chosen.map_or(of_top_roles, |manifest| manifest.provenance().expires);
        let release = chosen.and_then(Sample::of);
        let (store, files) = (client.store().clone(), copied.files.into_inner());
        Ok(Self { anchor, store, files, earlier, versions, release, expires, now })
    }

    /// Where the newest metadata of a role is.
    pub(super) fn file(&self, role: &Role) -> Option<SafePath> {
        self.versions.get(role).map(|version| role.file(*version))
    }

    /// Where the next metadata of a role would be.
    pub(super) fn next_file(&self, role: &Role) -> Option<SafePath> {
        self.versions.get(role)?.next().map(|version| role.file(version))
    }

    /// A file as it is. The first root need not be among those that a host fetches.
    pub(super) fn bytes(&self, file: &SafePath) -> Option<&[u8]> {
        let is_anchor = *file == Role::Root.file(self.anchor.version());
        let bytes = self.files.get(file).map(Vec::as_slice);
        bytes.or_else(|| is_anchor.then(|| &**self.anchor.envelope()))
    }

    /// An earlier version of a role's metadata; none if there is only one.
    pub(super) fn earlier(&self, role: &Role) -> Option<&[u8]> {
        self.earlier.get(role).map(Vec::as_slice)
    }

    /// The release to attack; none if none has been published.
    pub(super) fn release(&self) -> Option<&Sample> {
        self.release.as_ref()
    }

    pub(super) fn now(&self) -> Timestamp {
        self.now
    }

    /// When the first thing expires that the release hangs on.
    pub(super) fn expires(&self) -> Timestamp {
        self.expires
    }

    /// The repository with these files changed.
    pub(super) fn with(&self, changed: impl IntoIterator<Item = (SafePath, Answer)>) -> Served<'_> {
        Served { original: self, changed: changed.into_iter().collect() }
    }

    /// What a host says that has seen nothing but a root.
    pub(super) fn fresh(&self, source: &impl Fetch, now: Timestamp) -> Result<(), UpdateError> {
        self.visit(MemoryStore::default(), source, now)
    }

    /// What a host says that has accepted the repository as it is.
    pub(super) fn seasoned(&self, source: &impl Fetch, now: Timestamp) -> Result<(), UpdateError> {
        self.visit(self.store.clone(), source, now)
    }

    fn visit(&self, store: MemoryStore, source: &impl Fetch, now: Timestamp) -> Result<(), UpdateError> {
        let mut client = Client::open(self.anchor.clone(), Demands::default(), store)?;
        client.refresh(source, now)?;
        let Some(Sample { target, .. }) = &self.release else { return Ok(()) };
        client.find(source, target, Freshness::Demanded(now))?.manifest(source)?.release(source).map(drop)
    }
}

impl Sample {
    fn of(manifest: &VerifiedManifest) -> Option<Self> {
        let files = manifest.manifest().files();
        let file = files.iter().find(|file| file.kind == FileKind::Component).or(files.first())?;
        let target = manifest.provenance().target.clone();
        let (role, file) = (manifest.provenance().role.clone(), SafePath::of_blob(&file.sha256));
        Some(Self { manifest: target.location(manifest.sha256()), target, role, file })
    }
}

impl Fetch for Served<'_> {
    fn get(&self, file: &SafePath, cap: Bytes) -> Result<Vec<u8>, FetchError> {
        match self.changed.get(file) {
            // However long that is: it is for the host to count.
            Some(Answer::Bytes(bytes)) => Ok(bytes.clone()),
            Some(Answer::Nothing) => Err(FetchError::NotFound),
            Some(Answer::Endless) => Ok(vec![b' '; cap.to_usize().saturating_add(1)]),
            None => self.original.files.get(file).cloned().ok_or(FetchError::NotFound),
        }
    }
}

/// A source of which everything stays that it has given.
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
    // Of the timestamp there is never more than one.
    if *role == Role::Timestamp {
        return None;
    }
    let versions = (1..newest.get()).rev().take(EARLIER);
    let files = versions.filter_map(MetadataVersion::new).map(|version| role.file(version));
    files.filter_map(|file| source.get(&file, Caps::DEFAULT.targets).ok()).next()
}
