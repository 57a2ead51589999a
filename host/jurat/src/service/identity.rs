//! Which release it is, and what vouches for it.

use jurat_trust::{Origin, VerifiedRelease};
use serde::Serialize;

/// Which release it is, and what vouches for it.
#[derive(Clone, Debug)]
pub struct Identity {
    /// The name of the release.
    pub name: String,
    /// Its version.
    pub version: String,
    /// The SHA-256 of its manifest: the name of exactly this release.
    pub manifest: String,
    /// Where it comes from, and who has signed it.
    pub origin: Origin,
}

/// An [`Identity`] as a [`Status`](super::Status) shows it.
#[derive(Clone, Debug, Eq, PartialEq, Serialize)]
pub struct ReleaseStatus {
    /// The name of the release.
    pub name: String,
    /// Its version.
    pub version: String,
    /// The SHA-256 of its manifest.
    pub manifest: String,
    /// Whether nobody has signed it.
    pub unsigned: bool,
    /// The repository that it was signed for; none if nobody has signed it.
    pub repository: Option<String>,
    /// The version of the repository's metadata.
    pub metadata_version: Option<u64>,
    /// When the signatures expire, RFC 3339.
    pub expires: Option<String>,
    /// The ids of the keys that have signed.
    pub signers: Vec<String>,
}

impl Identity {
    pub(super) fn of(release: &VerifiedRelease) -> Self {
        Self {
            name: release.manifest().name().to_string(),
            version: release.manifest().version().to_string(),
            manifest: release.manifest_sha256().to_string(),
            origin: release.origin().clone(),
        }
    }

    pub(super) fn status(&self) -> ReleaseStatus {
        let provenance = match &self.origin {
            Origin::Signed(provenance) => Some(provenance),
            Origin::Unsigned => None,
        };
        ReleaseStatus {
            name: self.name.clone(),
            version: self.version.clone(),
            manifest: self.manifest.clone(),
            unsigned: provenance.is_none(),
            repository: provenance.map(|provenance| provenance.repository.to_string()),
            metadata_version: provenance.map(|provenance| provenance.targets_version.get()),
            expires: provenance.map(|provenance| provenance.expires.to_string()),
            signers: provenance.map(|provenance| names(&provenance.signers)).unwrap_or_default(),
        }
    }

    pub(super) fn log(&self, tenant: &str) {
        let Self { name, version, manifest, origin } = self;
        match origin {
            Origin::Unsigned => tracing::warn!(tenant, release = name, version, manifest, "running unsigned rules"),
            Origin::Signed(provenance) => tracing::info!(
                tenant,
                release = name,
                version,
                manifest,
                repository = %provenance.repository,
                metadata = provenance.targets_version.get(),
                expires = %provenance.expires,
                signers = names(&provenance.signers).join(","),
                "release loaded"
            ),
        }
    }
}

fn names(keys: impl IntoIterator<Item = impl ToString>) -> Vec<String> {
    keys.into_iter().map(|key| key.to_string()).collect()
}
