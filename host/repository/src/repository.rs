//! One tenant's repository: its listing, its kept releases, and the pin.

use std::collections::BTreeSet;
use std::num::NonZeroUsize;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use jiff::Timestamp;
use jurat_http::Location;
use jurat_model::{Bytes, chain};
use jurat_trust::{
    Client, Digest, Fetch, FetchError, Freshness, Listing, Manifest, MemoryStore, MetadataVersion, SafePath,
    VerifiedManifest, VerifiedRelease,
};
use serde::Serialize;

use crate::Trust;
use crate::error::RepositoryError;
use crate::kept::{KeptRelease, KeptVersions};
use crate::metadata_store::MetadataStore;
use crate::offline::{Nobody, Single};
use crate::pin::{Change, Pin, PinWatch};
use crate::remembered::remembered;
use crate::source::Source;
use crate::state::{StateDir, Writing};
use crate::status_file::Presence;
use crate::surroundings::{Contention, Purpose, Surroundings};

/// How long this waits for another process that polls with the same directory.
const LOCK: Duration = Duration::from_secs(30);

/// The same for a poll that may as well use what that process stores.
const SHORT_LOCK: Duration = Duration::from_secs(5);

/// The repository of one tenant.
#[derive(Debug)]
pub struct Repository {
    location: Location,
    trust: Trust,
    source: Source,
    memory: Memory,
    kept: NonZeroUsize,
    /// The last state, to answer questions about revocations without reading everything again.
    seen: Mutex<Option<Client<MetadataStore>>>,
}

/// The store of the metadata that was seen.
#[derive(Debug)]
enum Memory {
    Disk { state: StateDir, watch: Mutex<PinWatch>, presence: Option<Presence> },
    Process { seen: Mutex<MemoryStore>, pin: Mutex<Option<Pin>> },
}

impl Repository {
    /// Opens the repository of a tenant without reading it.
    ///
    /// # Errors
    /// When the settings are invalid, or a directory is missing in them.
    pub fn open(
        tenant: &str,
        location: &Location,
        trust: &Trust,
        surroundings: &Surroundings<'_>,
    ) -> Result<Self, RepositoryError> {
        let Surroundings { state, kept, purpose, .. } = surroundings;
        let source = Source::open(location, trust, surroundings)?;
        let memory = match state {
            Some(state) => {
                let state = StateDir::open(state, tenant)?;
                let mut watch = state.pin().watch();
                // The first poll finds the present pin.
                watch.poll()?;
                let presence = match purpose {
                    Purpose::Serve => Some(state.status().announce()?),
                    Purpose::OneRun => None,
                };
                Memory::Disk { state, watch: Mutex::new(watch), presence }
            }
            None => Memory::Process { seen: Mutex::default(), pin: Mutex::default() },
        };
        // The one that serves, and `kept_releases` before it.
        let kept = NonZeroUsize::MIN.saturating_add(usize::try_from(*kept).unwrap_or(usize::MAX));
        let (location, trust) = (location.clone(), trust.clone());
        Ok(Self { location, trust, source, memory, kept, seen: Mutex::new(None) })
    }

    /// Polls the repository: its present listing, checked against everything that this host has seen of it.
    ///
    /// # Errors
    /// When it cannot be reached, or is invalid; or another process polls for longer than this waits, see [`StoredStateError::is_busy`].
    ///
    /// [`StoredStateError::is_busy`]: crate::StoredStateError::is_busy
    pub fn poll(&self, now: Timestamp, contention: Contention) -> Result<Listing, RepositoryError> {
        let patience = match contention {
            Contention::Wait => LOCK,
            Contention::Yield => SHORT_LOCK,
        };
        let _lock = self.lock(patience)?;
        let mut client = self.client()?;
        let target = &self.trust.release;
        let found = client.refresh(self, now).and_then(|_| client.find(self, target, Freshness::Demanded(now)));
        self.remember(client);
        if found.is_err() {
            self.source.forget();
        }
        Ok(found?)
    }

    /// The last listing that this host remembers, if there is one. Sends no request.
    pub fn recall(&self) -> Option<Listing> {
        let mut client = self.recalled().ok()?;
        let listing = client.find(&Nobody, &self.trust.release, Freshness::Waived).ok();
        self.remember_if_first(client);
        listing
    }

    /// Checks that the present signers have once listed a release in an envelope of theirs.
    ///
    /// # Errors
    /// When they have not, or it was revoked.
    pub fn vouch(&self, envelope: &[u8], manifest: &Digest) -> Result<(), RepositoryError> {
        self.recalled()?.find_past(envelope, &self.trust.release, manifest)?;
        Ok(())
    }

    /// The listed release, with every byte verified. Fetches its files first.
    ///
    /// # Errors
    /// When a file is missing, or is not the signed one.
    pub fn fetch(&self, listing: &Listing) -> Result<(VerifiedManifest, VerifiedRelease), RepositoryError> {
        let manifest = listing.manifest(self)?;
        let release = self.source.fetch(&manifest)?;
        Ok((manifest, release))
    }

    /// Keeps a release that serves from now on, with its manifest, for a later return to it, and forgets all but the last few. Nothing is
    /// fetched.
    ///
    /// # Errors
    /// When the disk fails, or the manifest is not the listed one.
    pub fn keep(&self, listing: &Listing, manifest: &VerifiedManifest, now: Timestamp) -> Result<(), RepositoryError> {
        let Memory::Disk { state, .. } = &self.memory else { return Ok(()) };
        let kept = state.kept()?;
        let digest = listing.manifest_sha256();
        let before = kept.get(digest).ok().flatten();
        let is_newest = self.kept().first() == Some(digest);
        if is_newest && before.as_ref().is_some_and(|before| before.envelope == **listing.envelope()) {
            return Ok(());
        }
        // An earlier listing may have vouched for it.
        let manifest = listing.manifest(&Single(manifest.bytes()))?;
        kept.add(&record(listing, &manifest, now))?;
        let pinned = state.pin().read().ok().flatten().map(|pin| pin.manifest);
        kept.prune(self.kept, pinned.as_ref())?;
        Ok(())
    }

    /// The manifests of the releases that this host has run and still could, the last one first.
    pub fn kept(&self) -> Vec<Digest> {
        let Memory::Disk { state, .. } = &self.memory else { return Vec::new() };
        match state.kept().and_then(|kept| kept.list()) {
            Ok(list) => {
                for broken in &list.broken {
                    tracing::warn!(reason = chain(broken), "a release that was kept cannot be read");
                }
                let of_target = list.releases.iter().filter(|kept| kept.target == self.trust.release);
                of_target.map(|kept| kept.manifest_sha256).collect()
            }
            Err(error) => {
                tracing::warn!(reason = chain(&error), "the releases that were kept cannot be read");
                Vec::new()
            }
        }
    }

    /// Removes the fetched files that none of the repositories needs any more.
    ///
    /// Files of the last day stay, as another process may have fetched them.
    pub fn prune<'a>(all: impl Iterator<Item = &'a Self>, now: Timestamp) {
        let (mut needed, mut caches) = (BTreeSet::new(), Vec::new());
        for repository in all {
            if !repository.source.is_cached() {
                continue;
            }
            // If the needs of one repository are unknown, everything stays.
            let Ok(files) = repository.kept_files() else { return };
            needed.extend(files);
            caches.push(&repository.source);
        }
        let (Some(source), Ok(yesterday)) = (caches.first(), now.checked_sub(Duration::from_secs(86_400))) else {
            return;
        };
        if let Err(error) = source.prune(&needed, yesterday) {
            tracing::warn!(reason = chain(&error), "unused files cannot be removed");
        }
    }

    fn kept_files(&self) -> Result<BTreeSet<Digest>, RepositoryError> {
        let Memory::Disk { state, .. } = &self.memory else { return Ok(BTreeSet::new()) };
        let list = state.kept()?.list()?;
        let manifests = list.releases.iter().filter_map(|kept| Manifest::parse(&kept.manifest).ok());
        Ok(manifests.flat_map(|manifest| manifest.files().iter().map(|file| file.sha256).collect::<Vec<_>>()).collect())
    }

    /// The release that served last, according to the status file.
    pub fn last_served(&self) -> Option<Digest> {
        let Memory::Disk { state, .. } = &self.memory else { return None };
        let report = state.status().read().ok().flatten()?;
        report.status.pointer("/release/manifest")?.as_str()?.parse().ok()
    }

    /// The envelope that listed a kept release.
    pub fn kept_envelope(&self, manifest: &Digest) -> Option<Arc<[u8]>> {
        let Memory::Disk { state, .. } = &self.memory else { return None };
        Some(state.kept().ok()?.get(manifest).ok()??.envelope.into())
    }

    /// Whether this host has kept releases.
    pub fn remembers(&self) -> bool {
        !self.kept().is_empty()
    }

    /// A kept release, verified again from the trusted root. Fetches nothing.
    ///
    /// # Errors
    /// When it was not kept, was revoked, or is no longer trusted.
    pub fn restore(&self, manifest: &Digest) -> Result<(VerifiedManifest, VerifiedRelease), RepositoryError> {
        let missing = || RepositoryError::NotKept { manifest: *manifest };
        let Memory::Disk { state, .. } = &self.memory else { return Err(missing()) };
        let kept = state.kept()?.get(manifest)?.ok_or_else(missing)?;
        let client = self.recalled()?;
        let listing = client.find_past(&kept.envelope, &self.trust.release, manifest)?;
        self.remember_if_first(client);
        let manifest = listing.manifest(&Single(&kept.manifest))?;
        let release = self.source.at_hand(&manifest)?;
        Ok((manifest, release))
    }

    /// Whether a release was revoked, as far as this host knows.
    pub fn is_revoked(&self, manifest: &Digest) -> bool {
        let mut seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
        if seen.is_none() {
            *seen = self.client().ok();
        }
        seen.as_ref().is_some_and(|client| client.is_revoked(manifest, &self.trust.release))
    }

    /// The pinned release.
    ///
    /// # Errors
    /// When the pin cannot be read: never to be taken for no pin.
    pub fn pin(&self) -> Result<Option<Pin>, RepositoryError> {
        match &self.memory {
            Memory::Disk { state, .. } => Ok(state.pin().read()?),
            Memory::Process { pin, .. } => Ok(pin.lock().unwrap_or_else(PoisonError::into_inner).clone()),
        }
    }

    /// Pins a release; none = unpins.
    ///
    /// # Errors
    /// When the disk fails.
    pub fn set_pin(&self, wanted: Option<&Pin>) -> Result<(), RepositoryError> {
        match (&self.memory, wanted) {
            (Memory::Disk { state, .. }, Some(pin)) => state.pin().write(pin)?,
            (Memory::Disk { state, .. }, None) => state.pin().remove()?,
            (Memory::Process { pin, .. }, wanted) => {
                *pin.lock().unwrap_or_else(PoisonError::into_inner) = wanted.cloned();
            }
        }
        Ok(())
    }

    /// Whether another process may have changed the pin since the last call.
    pub fn is_repinned(&self) -> bool {
        let Memory::Disk { watch, .. } = &self.memory else { return false };
        let polled = watch.lock().unwrap_or_else(PoisonError::into_inner).poll();
        // The next poll of the repository reports an error.
        matches!(polled, Ok(Change::Changed))
    }

    /// Writes the status of the tenant, for other processes. A process that only runs once leaves the status of a host that serves alone.
    pub fn report(&self, status: &impl Serialize, now: Timestamp) {
        let Memory::Disk { state, presence, .. } = &self.memory else { return };
        let written = serde_json::to_value(status).map_err(|error| chain(&error)).and_then(|status| {
            let written = match presence {
                Some(_) => state.status().write(&status, now),
                None => state.status().write_unless_served(&status, now),
            };
            written.map_err(|error| chain(&error))
        });
        if let Err(reason) = written {
            tracing::warn!(reason, "how the service is cannot be written down for `jurat status`");
        }
    }

    /// How long after expiry the last good release is served.
    pub fn grace(&self) -> Duration {
        self.trust.grace()
    }

    /// Its location, for people.
    pub fn shown(&self) -> String {
        shown(&self.location)
    }

    /// The state of this host, verified again from the trusted root.
    fn client(&self) -> Result<Client<MetadataStore>, RepositoryError> {
        remembered(&self.trust, self.metadata_store())
    }

    /// Like [`client`](Self::client), but if files are inconsistent, because another process is writing, waits for the lock and
    /// retries.
    fn recalled(&self) -> Result<Client<MetadataStore>, RepositoryError> {
        self.client().or_else(|_| {
            let _lock = self.lock(LOCK)?;
            self.client()
        })
    }

    /// Remembers a client, unless a poll has remembered a newer one meanwhile.
    fn remember_if_first(&self, client: Client<MetadataStore>) {
        self.seen.lock().unwrap_or_else(PoisonError::into_inner).get_or_insert(client);
    }

    fn remember(&self, client: Client<MetadataStore>) {
        if let Memory::Process { seen, .. } = &self.memory
            && let MetadataStore::Process(store) = client.store()
        {
            *seen.lock().unwrap_or_else(PoisonError::into_inner) = store.clone();
        }
        *self.seen.lock().unwrap_or_else(PoisonError::into_inner) = Some(client);
    }

    fn metadata_store(&self) -> MetadataStore {
        match &self.memory {
            Memory::Disk { state, .. } => MetadataStore::Disk(state.clone()),
            Memory::Process { seen, .. } => {
                MetadataStore::Process(seen.lock().unwrap_or_else(PoisonError::into_inner).clone())
            }
        }
    }

    /// Keeps other processes from writing to the same directory, until it is dropped.
    fn lock(&self, patience: Duration) -> Result<Option<Writing>, RepositoryError> {
        match &self.memory {
            Memory::Disk { state, .. } => Ok(Some(state.lock(patience)?)),
            Memory::Process { .. } => Ok(None),
        }
    }
}

impl Fetch for Repository {
    fn get(&self, file: &SafePath, cap: Bytes) -> Result<Vec<u8>, FetchError> {
        self.source.get(file, cap)
    }
}

/// The location of a repository, for people.
pub fn shown(location: &Location) -> String {
    match location {
        Location::File(path) => path.display().to_string(),
        Location::Url(url) => url.to_string(),
    }
}

/// 0 = unknown.
fn version(version: Option<MetadataVersion>) -> u64 {
    version.map_or(0, MetadataVersion::get)
}

fn record(listing: &Listing, manifest: &VerifiedManifest, now: Timestamp) -> KeptRelease {
    let provenance = listing.provenance();
    let versions = &provenance.versions;
    KeptRelease {
        target: listing.target().clone(),
        manifest_sha256: *listing.manifest_sha256(),
        name: manifest.manifest().name().clone(),
        version: manifest.manifest().version().clone(),
        role: provenance.role.to_string(),
        versions: KeptVersions {
            root: versions.root.get(),
            timestamp: version(versions.timestamp),
            snapshot: version(versions.snapshot),
            targets: version(versions.targets),
            role: provenance.role_version.get(),
        },
        expires: provenance.expires,
        activated: now,
        envelope: listing.envelope().to_vec(),
        manifest: manifest.bytes().to_vec(),
    }
}
