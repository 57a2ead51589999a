//! What a tenant's calls are served with.

use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use jurat_engine::Release;
use jurat_engine::results::{Evidence, EvidenceParts, RoleVersions};
use jurat_trust::{Digest, MetadataVersion, Origin, Provenance, Role};
use url::Url;

use super::load::Loaded;
use super::{CallError, Identity, OpenError};

/// What a tenant's calls are served with at a moment.
#[derive(Debug)]
pub(super) enum Serving {
    /// A release.
    Release(Arc<Generation>),
    /// Nothing.
    Nothing(Absence),
}

/// Why there is no release.
#[derive(Clone, Debug)]
pub(super) enum Absence {
    /// None could be made ready yet.
    NotReady(Arc<OpenError>),
    /// The one that served was revoked, and no other is at hand.
    Revoked {
        /// The digest of its manifest.
        manifest: String,
    },
}

/// One release in service. It never changes: the next one is a generation of its own, and calls end on the one that they began with.
#[derive(Clone, Debug)]
pub(super) struct Generation {
    /// When it served first: counted from 1, for each tenant. One that serves again has the number that it had.
    pub(super) number: u64,
    pub(super) release: Arc<Release>,
    pub(super) identity: Identity,
    pub(super) since: Timestamp,
    /// Where records may be sent, in the words of those who have signed the release.
    pub(super) coordination_base_url: Option<Url>,
    /// What vouches for it at present; none if nobody has signed it.
    pub(super) standing: Option<Standing>,
}

/// What vouches for a release, and until when. The metadata is renewed while the release stays the same.
#[derive(Clone, Debug)]
pub(super) struct Standing {
    /// From when on results say that it is stale.
    pub(super) expires: Timestamp,
    /// Whose metadata expires then.
    pub(super) expiring: Role,
    /// From when on nothing is served.
    pub(super) ends: Timestamp,
    /// From when on somebody should be worried that nobody renews it: half of the time since it was first seen.
    pub(super) due: Timestamp,
    pub(super) provenance: Provenance,
    /// The metadata that has listed the release, as it was received: to see later whether it may still be used.
    pub(super) envelope: Option<Arc<[u8]>>,
    fresh: Arc<Evidence>,
    stale: Arc<Evidence>,
}

impl Serving {
    /// The release that serves, if there is one.
    pub(super) fn release(&self) -> Option<&Arc<Generation>> {
        match self {
            Self::Release(generation) => Some(generation),
            Self::Nothing(_) => None,
        }
    }

    /// The release that serves at a time.
    pub(super) fn at(&self, now: Timestamp) -> Result<&Arc<Generation>, CallError> {
        match self {
            Self::Nothing(Absence::NotReady(error)) => Err(CallError::NotReady(Arc::clone(error))),
            Self::Nothing(Absence::Revoked { manifest }) => Err(CallError::Revoked { manifest: manifest.clone() }),
            Self::Release(generation) => match &generation.standing {
                Some(Standing { ends, expiring, expires, .. }) if now >= *ends => {
                    Err(CallError::Stale { role: expiring.to_string(), expired: *expires })
                }
                _ => Ok(generation),
            },
        }
    }
}

impl Generation {
    pub(super) fn new(number: u64, loaded: Loaded, since: Timestamp, standing: Option<Standing>) -> Self {
        let Loaded { release, identity, coordination_base_url } = loaded;
        Self { number, release, identity, since, coordination_base_url, standing }
    }

    /// The same release, with what vouches for it now.
    pub(super) fn renewed(&self, standing: Standing) -> Self {
        Self { standing: Some(standing), ..self.clone() }
    }

    /// The same release, to serve again.
    pub(super) fn loaded(&self) -> Loaded {
        Loaded {
            release: Arc::clone(&self.release),
            identity: self.identity.clone(),
            coordination_base_url: self.coordination_base_url.clone(),
        }
    }

    /// The metadata that has listed it.
    pub(super) fn envelope(&self) -> Option<&Arc<[u8]>> {
        self.standing.as_ref().and_then(|standing| standing.envelope.as_ref())
    }

    /// What results say of it.
    pub(super) fn evidence(&self, now: Timestamp) -> Option<Arc<Evidence>> {
        self.standing.as_ref().map(|standing| standing.evidence(now))
    }

    /// The digest of its manifest, if it is signed.
    pub(super) fn signed(&self) -> Option<&Digest> {
        matches!(self.identity.origin, Origin::Signed(_)).then_some(&self.identity.digest)
    }
}

impl Standing {
    /// What vouches for a release from now on. `before` is what did so until now.
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

    /// Whether it has expired.
    pub(super) fn is_stale(&self, now: Timestamp) -> bool {
        now >= self.expires
    }

    /// Whether it should have been renewed by now.
    pub(super) fn is_due(&self, now: Timestamp) -> bool {
        now >= self.due
    }

    pub(super) fn evidence(&self, now: Timestamp) -> Arc<Evidence> {
        Arc::clone(if self.is_stale(now) { &self.stale } else { &self.fresh })
    }
}

/// 0 = none is known at present: the keys of the role were exchanged, and nothing newer has come in yet.
fn version(version: Option<MetadataVersion>) -> u64 {
    version.map_or(0, MetadataVersion::get)
}

fn evidence(identity: &Identity, provenance: &Provenance, stale: bool) -> Evidence {
    let versions = &provenance.versions;
    Evidence::new(EvidenceParts {
        name: identity.name.clone(),
        version: identity.version.clone(),
        manifest: identity.manifest.clone(),
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
        stale,
    })
}
