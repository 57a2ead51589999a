//! A generation: one release in service.

use std::sync::Arc;

use jiff::Timestamp;
use jurat_engine::Release;
use jurat_engine::results::Evidence;
use jurat_trust::{Digest, KeyId, Provenance, ReleaseOrigin, VerifiedManifest};
use url::Url;

use super::prepare::Prepared;
use super::vouching::Vouching;
use crate::error::{CallError, OpenError};
use crate::release::{self, Identity};

/// The state that serves a tenant's calls.
#[derive(Debug)]
pub(in crate::service) enum Serving {
    /// A release serves.
    Release(Arc<Generation>),
    /// No release serves.
    Nothing(Absence),
}

/// Why there is no release.
#[derive(Clone, Debug)]
pub(in crate::service) enum Absence {
    /// No release could be made ready yet.
    NotReady(Arc<OpenError>),
    /// The one that served was revoked, and no other is available.
    Revoked {
        /// The digest of its manifest.
        manifest: Digest,
    },
}

/// One release in service. It never changes: the next release is a new generation, and calls end on the one that they began with.
#[derive(Clone, Debug)]
pub(in crate::service) struct Generation {
    /// Its number, counted from 1 for each tenant. A release that serves again keeps its number.
    pub(super) number: u64,
    pub(in crate::service) release: Arc<Release>,
    pub(in crate::service) identity: Identity,
    /// Its manifest; none if it is unsigned.
    pub(super) manifest: Option<Arc<VerifiedManifest>>,
    pub(in crate::service) since: Timestamp,
    /// The URL of the coordination service in the signed release.
    pub(super) coordination_base_url: Option<Url>,
    /// What vouches for it at present; none if it is unsigned.
    pub(in crate::service) vouching: Option<Vouching>,
}

impl Serving {
    /// The release that serves, if there is one.
    pub(in crate::service) fn release(&self) -> Option<&Arc<Generation>> {
        match self {
            Self::Release(generation) => Some(generation),
            Self::Nothing(_) => None,
        }
    }

    /// The release that serves at a time.
    pub(in crate::service) fn at(&self, now: Timestamp) -> Result<&Arc<Generation>, CallError> {
        match self {
            Self::Nothing(Absence::NotReady(error)) => Err(CallError::NotReady(Arc::clone(error))),
            Self::Nothing(Absence::Revoked { manifest }) => Err(CallError::Revoked { manifest: manifest.to_string() }),
            Self::Release(generation) => match &generation.vouching {
                Some(Vouching { ends, expiring, expires, .. }) if now >= *ends => {
                    Err(CallError::Stale { role: expiring.to_string(), expired: *expires })
                }
                _ => Ok(generation),
            },
        }
    }
}

impl Generation {
    /// A prepared release that serves from now on.
    pub(super) fn new(number: u64, prepared: Prepared, since: Timestamp, vouching: Option<Vouching>) -> Self {
        let Prepared { release, identity, manifest, coordination_base_url, .. } = prepared;
        Self { number, release, identity, manifest, since, coordination_base_url, vouching }
    }

    /// The same release, with renewed metadata.
    pub(super) fn renewed(&self, vouching: Vouching) -> Self {
        Self { vouching: Some(vouching), ..self.clone() }
    }

    /// The same release, to serve again.
    pub(super) fn prepared(&self) -> Prepared {
        Prepared {
            release: Arc::clone(&self.release),
            identity: self.identity.clone(),
            coordination_base_url: self.coordination_base_url.clone(),
            manifest: self.manifest.clone(),
            is_fetched: false,
            number: Some(self.number),
        }
    }

    /// The metadata that has listed it.
    pub(super) fn envelope(&self) -> Option<&Arc<[u8]>> {
        self.vouching.as_ref().and_then(|vouching| vouching.envelope.as_ref())
    }

    /// Its staleness, for results.
    pub(in crate::service) fn evidence(&self, now: Timestamp) -> Option<Arc<Evidence>> {
        self.vouching.as_ref().map(|vouching| vouching.evidence(now))
    }

    /// The digest of its manifest, if it is signed.
    pub(super) fn signed(&self) -> Option<&Digest> {
        matches!(self.identity.origin, ReleaseOrigin::Signed(_)).then_some(&self.identity.manifest)
    }

    /// Logs that it serves from now on.
    pub(super) fn log(&self, tenant: &str) {
        let Identity { name, version, manifest, origin, .. } = &self.identity;
        match origin {
            ReleaseOrigin::Unsigned => {
                tracing::warn!(tenant, release = name, version, %manifest, "running unsigned rules")
            }
            ReleaseOrigin::Signed(provenance) => tracing::info!(
                tenant,
                release = name,
                version,
                %manifest,
                repository = %provenance.repository,
                metadata = metadata(&release::roles(provenance)),
                expires = self.vouching.as_ref().map(|vouching| vouching.expires.to_string()),
                signers = signers(provenance),
                "release loaded"
            ),
        }
    }
}

/// The keys that have signed, each with what signed metadata calls it.
fn signers(provenance: &Provenance) -> String {
    let shown = |key: &KeyId| match provenance.signer_names.get(key) {
        Some(name) => format!("{key} ({name})"),
        None => key.to_string(),
    };
    provenance.signers.iter().map(shown).collect::<Vec<_>>().join(",")
}

fn metadata(roles: &std::collections::BTreeMap<String, u64>) -> String {
    let roles: Vec<_> = roles.iter().map(|(role, version)| format!("{role} {version}")).collect();
    roles.join(", ")
}
