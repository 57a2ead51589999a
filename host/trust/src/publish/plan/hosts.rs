//! A plan as hosts will see it.

use std::collections::BTreeMap;
use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};
use jurat_model::Bytes;

use crate::anchor::Anchor;
use crate::client::{Client, Demands, Freshness, UpdateError};
use crate::fetch::{Fetch, FetchError};
use crate::metadata::TargetsMetadata;
use crate::name::{SafePath, TargetPath};
use crate::policy::Caps;
use crate::publish::error::{PlanError, ReadError};
use crate::publish::published;
use crate::publish::repository::Repository;
use crate::publish::upload::Upload;
use crate::release::Provenance;
use crate::role::Role;
use crate::store::MemoryStore;
use crate::version::MetadataVersion;

use super::Choice;

impl Repository {
    /// Verifies what is published like a host that has seen nothing before: all releases of all tenants, byte by byte.
    ///
    /// # Errors
    /// At the first thing that a host would refuse.
    pub fn verify(&self, source: &impl Fetch, now: Timestamp) -> Result<Vec<Provenance>, PlanError> {
        let mut host = open(&anchor(self, source)?)?;
        let delegated = self.published().and_then(|view| view.targets).map(TargetsMetadata::delegations);
        let roles = delegated.unwrap_or_default().iter().map(|delegation| Role::Delegated(delegation.role.clone()));
        let releases = roles.filter_map(|role| Some(self.published_targets_of(&role)?.releases())).flatten();
        update(&mut host, source, releases.map(|(path, _)| path), now)
    }
}

/// Verifies a plan like two hosts: one that has seen nothing, and one that has seen what is published now.
pub(super) fn accept(
    repository: &Repository,
    uploads: &[Upload],
    source: &impl Fetch,
    choice: &Choice<'_>,
    now: Timestamp,
) -> Result<(), PlanError> {
    let after = After { uploads: uploads.iter().map(|upload| (&upload.path, &upload.bytes)).collect(), before: source };
    let tenants = choice.ready.iter().filter(|(role, _)| matches!(role, Role::Delegated(_)));
    let listed = tenants.filter_map(|(_, staged)| staged.payload.as_targets()).flat_map(TargetsMetadata::releases);
    let releases: Vec<_> = listed.map(|(path, _)| path).collect();
    let anchor = anchor(repository, &after)?;
    update(&mut open(&anchor)?, &after, releases.iter().cloned(), now)?;
    if let Some(earlier) = repository.expires().map(|expires| now.min(expires - SignedDuration::from_secs(1))) {
        let mut seasoned = open(&anchor)?;
        // While keys are replaced, what is published may be unusable for every host; then no host can have seen it either.
        if seasoned.refresh(source, earlier).is_ok() {
            update(&mut seasoned, &after, releases.into_iter(), now)?;
        }
    }
    Ok(())
}

fn update(
    host: &mut Client<MemoryStore>,
    source: &impl Fetch,
    releases: impl Iterator<Item = TargetPath>,
    now: Timestamp,
) -> Result<Vec<Provenance>, PlanError> {
    host.refresh(source, now).map_err(refused)?;
    let mut verified = Vec::new();
    for path in releases {
        let listing = host.find(source, &path, Freshness::Demanded(now)).map_err(refused)?;
        listing.manifest(source).map_err(refused)?.release(source).map_err(refused)?;
        verified.push(listing.provenance().clone());
    }
    Ok(verified)
}

fn open(anchor: &Anchor) -> Result<Client<MemoryStore>, PlanError> {
    Client::open(anchor.clone(), Demands::default(), MemoryStore::default()).map_err(refused)
}

/// The root that hosts have pinned, or else the first one.
fn anchor(repository: &Repository, after: &impl Fetch) -> Result<Anchor, PlanError> {
    if let Some(anchor) = &repository.anchor {
        return Ok(anchor.clone());
    }
    let file = Role::Root.file(MetadataVersion::FIRST);
    let bytes = published::get(after, &file, Caps::DEFAULT.root)?;
    let bytes = bytes.ok_or_else(|| ReadError::Missing { file })?;
    Ok(Anchor::parse(&bytes, None)?)
}

fn refused(error: UpdateError) -> PlanError {
    PlanError::Refused(Box::new(error))
}

/// The repository once everything has been uploaded.
struct After<'a, S> {
    uploads: BTreeMap<&'a SafePath, &'a Arc<[u8]>>,
    before: &'a S,
}

impl<S: Fetch> Fetch for After<'_, S> {
    fn get(&self, file: &SafePath, cap: Bytes) -> Result<Vec<u8>, FetchError> {
        match self.uploads.get(file) {
            Some(bytes) if bytes.len() as u64 > cap.get() => Err(FetchError::TooLong),
            Some(bytes) => Ok(bytes.to_vec()),
            None => self.before.get(file, cap),
        }
    }
}
