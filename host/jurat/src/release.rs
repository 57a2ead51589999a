//! The identity of the serving release, and the result of a reload.

use std::collections::BTreeMap;

use jurat_trust::{Digest, Provenance, ReleaseOrigin, VerifiedRelease};
use serde::Serialize;

/// The identity of a release, and what vouches for it.
///
/// ```no_run
/// # fn f(service: &jurat::Service) -> Result<(), jurat::CallError> {
/// let identity = service.identity()?;
/// println!("{} {} ({})", identity.name, identity.version, identity.manifest);
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Identity {
    /// The name of the release.
    pub name: String,
    /// Its version.
    pub version: String,
    /// The SHA-256 of its manifest: the name of exactly this release.
    pub manifest: Digest,
    /// Its origin and signers.
    pub origin: ReleaseOrigin,
}

/// The result of polling for a newer release.
///
/// ```no_run
/// # fn f(service: &jurat::Service) -> Result<(), jurat::CallError> {
/// use jurat::Reload;
///
/// if service.reload_logic()? == Reload::Switched {
///     println!("{} serves from now on", service.identity()?.version);
/// }
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Reload {
    /// The release that serves is still the newest.
    Unchanged,
    /// Another release serves from now on.
    Switched,
}

/// An [`Identity`] as a [`Status`](crate::ServiceStatus) shows it.
///
/// ```no_run
/// # fn f(service: &jurat::Service) {
/// for release in service.status().tenants.iter().filter_map(|tenant| tenant.release.as_ref()) {
///     println!("{} {}, signed by {:?}", release.name, release.version, release.signers);
/// }
/// # }
/// ```
#[derive(Clone, Debug, Eq, PartialEq, Serialize)]
#[non_exhaustive]
pub struct ReleaseStatus {
    /// The name of the release.
    pub name: String,
    /// Its version.
    pub version: String,
    /// The SHA-256 of its manifest.
    pub manifest: Digest,
    /// Whether it is unsigned.
    pub unsigned: bool,
    /// The repository that it was signed for; none if it is unsigned.
    pub repository: Option<String>,
    /// The versions of the repository's metadata that it was loaded by, for each role; empty if it is unsigned.
    pub roles: BTreeMap<String, u64>,
    /// The ids of the keys that have signed the role that lists it.
    pub signers: Vec<String>,
    /// What the repository's signed metadata calls these keys, by their ids; keys without a name are left out.
    pub signer_names: BTreeMap<String, String>,
}

impl Identity {
    pub(crate) fn of(release: &VerifiedRelease) -> Self {
        Self {
            name: release.manifest().name().to_string(),
            version: release.manifest().version().to_string(),
            manifest: *release.manifest_sha256(),
            origin: release.origin().clone(),
        }
    }

    pub(crate) fn status(&self) -> ReleaseStatus {
        let provenance = match &self.origin {
            ReleaseOrigin::Signed(provenance) => Some(provenance),
            ReleaseOrigin::Unsigned => None,
        };
        ReleaseStatus {
            name: self.name.clone(),
            version: self.version.clone(),
            manifest: self.manifest,
            unsigned: provenance.is_none(),
            repository: provenance.map(|provenance| provenance.repository.to_string()),
            roles: provenance.map(|provenance| roles(provenance)).unwrap_or_default(),
            signers: provenance.map(|provenance| names(&provenance.signers)).unwrap_or_default(),
            signer_names: provenance.map(|provenance| signer_names(provenance)).unwrap_or_default(),
        }
    }
}

/// The versions of all roles that lead to a release.
pub(crate) fn roles(provenance: &Provenance) -> BTreeMap<String, u64> {
    let versions = &provenance.versions;
    let roles = [
        ("root".to_owned(), Some(versions.root)),
        ("timestamp".to_owned(), versions.timestamp),
        ("snapshot".to_owned(), versions.snapshot),
        ("targets".to_owned(), versions.targets),
        (provenance.role.to_string(), Some(provenance.role_version)),
    ];
    roles.into_iter().filter_map(|(role, version)| Some((role, version?.get()))).collect()
}

fn signer_names(provenance: &Provenance) -> BTreeMap<String, String> {
    provenance.signer_names.iter().map(|(key, name)| (key.to_string(), name.to_string())).collect()
}

/// Keys, as text.
fn names(keys: impl IntoIterator<Item = impl ToString>) -> Vec<String> {
    keys.into_iter().map(|key| key.to_string()).collect()
}
