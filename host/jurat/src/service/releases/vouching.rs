//! What vouches for the release that serves, and until when. Metadata is renewed while the release stays the same.

use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use jurat_engine::results::{Evidence, EvidenceParts, RoleVersions};
use jurat_model::FuelSchedule;
use jurat_trust::{MetadataVersion, Provenance, Role};

use crate::release::Identity;

/// What vouches for a release, and until when.
#[derive(Clone, Debug)]
pub(in crate::service) struct Vouching {
    /// From when on results say that it is stale.
    pub(in crate::service) expires: Timestamp,
    /// The role whose metadata expires then.
    pub(in crate::service) expiring: Role,
    /// From when on nothing is served.
    pub(in crate::service) ends: Timestamp,
    /// From when on an operator should ask why it is not renewed: half of the time since it was first seen.
    pub(in crate::service) due: Timestamp,
    pub(in crate::service) provenance: Provenance,
    /// The metadata that has listed the release, as it was received: for later checks.
    pub(super) envelope: Option<Arc<[u8]>>,
    fresh: Arc<Evidence>,
    stale: Arc<Evidence>,
}

impl Vouching {
    /// What vouches for a release from now on. `before` did so until now.
    pub(super) fn new(
        identity: &Identity,
        provenance: &Provenance,
        grace: Duration,
        now: Timestamp,
        before: Option<&Self>,
    ) -> Self {
        let Provenance { expires, expiring, .. } = provenance;
        let due = match before {
            Some(before) if before.expires == *expires => before.due,
            _ => now.checked_add(expires.duration_since(now) / 2).unwrap_or(*expires),
        };
        let evidence = |stale| Arc::new(evidence(identity, provenance, stale));
        Self {
            expires: *expires,
            expiring: expiring.clone(),
            ends: expires.checked_add(grace).unwrap_or(Timestamp::MAX),
            due,
            provenance: provenance.clone(),
            envelope: None,
            fresh: evidence(false),
            stale: evidence(true),
        }
    }

    /// Sets the metadata that has listed the release.
    pub(super) fn with_envelope(self, envelope: Option<Arc<[u8]>>) -> Self {
        Self { envelope, ..self }
    }

    /// Whether it has expired.
    pub(in crate::service) fn is_stale(&self, now: Timestamp) -> bool {
        now >= self.expires
    }

    /// Whether it should have been renewed by now.
    pub(in crate::service) fn is_due(&self, now: Timestamp) -> bool {
        now >= self.due
    }

    /// Its staleness, for results.
    pub(super) fn evidence(&self, now: Timestamp) -> Arc<Evidence> {
        Arc::clone(if self.is_stale(now) { &self.stale } else { &self.fresh })
    }
}

/// 0 = unknown: the keys of the role were replaced, and no newer metadata has been received yet.
fn version(version: Option<MetadataVersion>) -> u64 {
    version.map_or(0, MetadataVersion::get)
}

fn evidence(identity: &Identity, provenance: &Provenance, stale: bool) -> Evidence {
    let versions = &provenance.versions;
    Evidence::new(EvidenceParts {
        name: identity.name.clone(),
        version: identity.version.clone(),
        manifest: identity.manifest.to_string(),
        repository: provenance.repository.to_string(),
        roles: RoleVersions {
            root: versions.root.get(),
            timestamp: version(versions.timestamp),
            snapshot: version(versions.snapshot),
            targets: version(versions.targets),
            delegated: match &provenance.role {
                Role::Delegated(name) => Some((name.to_string(), provenance.role_version.get())),
                _ => None,
            },
        },
        fuel_schedule: FuelSchedule::CURRENT,
        stale,
    })
}
