//! The state of a host in its `state_dir`, for other processes to read and change, also while the host does not run.

use std::path::Path;
use std::time::Duration;

use jiff::Timestamp;
use jurat_disk::{CacheDir, Parents};
use jurat_model::chain;
use jurat_trust::{Client, Digest};
use serde::Serialize;
use serde_json::Value;

use crate::error::RepositoryError;
use crate::kept::KeptRelease;
use crate::metadata_store::MetadataStore;
use crate::pin::{Pin, PinnedBy};
use crate::remembered::remembered;
use crate::state::StateDir;
use crate::trust::Trust;

/// How long to wait for a host that is writing.
const PATIENCE: Duration = Duration::from_secs(30);
/// The same where the answer is not worth a long wait.
const SHORT_PATIENCE: Duration = Duration::from_secs(2);

/// The state of one tenant on a host.
#[derive(Debug)]
pub struct HostState {
    state: StateDir,
    /// To know which releases were revoked; none = unknown.
    trust: Option<Trust>,
}

/// The last status that a running host has written.
#[derive(Clone, Debug, Serialize)]
pub struct Reported {
    /// The id of its process.
    pub pid: u32,
    /// When it was written, RFC 3339.
    pub at: String,
    /// The status of the tenant, as `status` over JSON-RPC returns it.
    pub status: Value,
}

/// A release that a host has run and can return to.
#[derive(Clone, Debug, Serialize)]
pub struct EarlierRelease {
    /// The path at which it was listed.
    pub target: String,
    /// Its name.
    pub name: String,
    /// Its version.
    pub version: String,
    /// The SHA-256 of its manifest.
    pub manifest: String,
    /// When it began to serve, RFC 3339.
    pub since: String,
    /// Whether it was revoked, as far as this host has seen; none if that is unknown, because the trusted root or the metadata cannot be
    /// read. Hosts check it before they use a release.
    pub revoked: Option<bool>,
}

/// Why the state cannot be read or changed.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum HostStateError {
    /// The settings name no state directory.
    #[error(
        "the settings name no `state_dir`, so this host stores no state that other commands could read or change; name a \
         directory there, and restart the host"
    )]
    Nowhere,
    /// There is no such tenant.
    #[error("there is no tenant `{name}`{advice}")]
    UnknownTenant {
        /// The name as given.
        name: String,
        /// The name that was probably meant.
        advice: String,
    },
    /// There are several tenants.
    #[error("there are several tenants: say which one is meant")]
    TenantNeeded,
    /// The state cannot be read or written.
    #[error(transparent)]
    State(#[from] RepositoryError),
    /// There is no such release.
    #[error("this host has not kept a release whose manifest begins with `{manifest}`; it has {}", known(.kept))]
    NotKept {
        /// The prefix as given.
        manifest: String,
        /// The kept releases.
        kept: Vec<EarlierRelease>,
    },
    /// Several releases match.
    #[error("several of the releases that were kept have a manifest that begins with `{manifest}`: write more of it; it may be {}", known(.kept))]
    Ambiguous {
        /// The prefix as given.
        manifest: String,
        /// The releases that match.
        kept: Vec<EarlierRelease>,
    },
    /// The release was revoked.
    #[error(
        "{} {} ({}) was revoked by those who have signed it, and no host runs it again: nothing was pinned; pin another release (this host \
         has {}), or let `jurat unpin` follow the repository", .release.name, .release.version, .release.manifest, known(.kept)
    )]
    Revoked {
        /// The release.
        release: Box<EarlierRelease>,
        /// The kept releases that were not revoked.
        kept: Vec<EarlierRelease>,
    },
    /// There is no earlier release.
    #[error("there is no earlier release to go back to that was not revoked")]
    NothingEarlier,
}

impl HostState {
    /// Opens the state of a tenant in the `state_dir` of a host, with what may be above that directory.
    ///
    /// # Errors
    /// When it cannot be read.
    pub fn open(directory: &Path, parents: Parents, tenant: &str) -> Result<Self, HostStateError> {
        let all = CacheDir::open_below(directory, parents).map_err(RepositoryError::from)?;
        Ok(Self { state: StateDir::open(&all, tenant).map_err(RepositoryError::from)?, trust: None })
    }

    /// The same state, with the trust settings of the tenant: so that it is known which releases were revoked.
    #[must_use]
    pub fn with_trust(self, trust: Option<Trust>) -> Self {
        Self { trust, ..self }
    }

    /// Whether a process with this state serves now, and not only for one run.
    ///
    /// # Errors
    /// When the system fails.
    pub fn is_served(&self) -> Result<bool, HostStateError> {
        Ok(self.state.status().is_served().map_err(RepositoryError::from)?)
    }

    /// The last status of a running host; none if there is none yet.
    ///
    /// # Errors
    /// When it cannot be read.
    pub fn reported(&self) -> Result<Option<Reported>, HostStateError> {
        let report = self.state.status().read().map_err(RepositoryError::from)?;
        Ok(report.map(|report| Reported { pid: report.pid, at: report.at.to_string(), status: report.status }))
    }

    /// The releases that a host can return to, the last one first.
    ///
    /// # Errors
    /// When they cannot be read.
    pub fn kept(&self) -> Result<Vec<EarlierRelease>, HostStateError> {
        let client = self.client();
        Ok(self.releases()?.iter().map(|kept| EarlierRelease::of(kept, client.as_ref())).collect())
    }

    /// The manifest of the pinned release, and the reason.
    ///
    /// # Errors
    /// When it cannot be read.
    pub fn pinned(&self) -> Result<Option<(Digest, Option<String>)>, HostStateError> {
        let pin = self.state.pin().read().map_err(RepositoryError::from)?;
        Ok(pin.map(|pin| (pin.manifest, pin.reason)))
    }

    /// Pins a kept release, named by its manifest or a prefix of it. A running host follows within a second.
    ///
    /// # Errors
    /// When there is no such release, several match, it was revoked, or the disk fails.
    pub fn pin(
        &self,
        manifest: &str,
        now: Timestamp,
        reason: Option<String>,
    ) -> Result<EarlierRelease, HostStateError> {
        let releases = self.releases()?;
        let client = self.client();
        let of = |kept: &KeptRelease| EarlierRelease::of(kept, client.as_ref());
        // Other programs write upper case.
        let prefix = manifest.to_ascii_lowercase();
        let found: Vec<_> =
            releases.iter().filter(|kept| kept.manifest_sha256.to_string().starts_with(&prefix)).collect();
        match found.as_slice() {
            [release] if !prefix.is_empty() => {
                let earlier = of(release);
                if earlier.revoked == Some(true) {
                    let kept = releases.iter().map(of).filter(|kept| kept.revoked != Some(true)).collect();
                    return Err(HostStateError::Revoked { release: Box::new(earlier), kept });
                }
                self.write_pin(release, now, reason)?;
                Ok(earlier)
            }
            [] => {
                let kept = releases.iter().map(of).collect();
                Err(HostStateError::NotKept { manifest: manifest.to_owned(), kept })
            }
            several => {
                let kept = several.iter().map(|kept| of(kept)).collect();
                Err(HostStateError::Ambiguous { manifest: manifest.to_owned(), kept })
            }
        }
    }

    /// Pins the release before the one that serves. Revoked ones are left out.
    ///
    /// # Errors
    /// When there is none, or the disk fails.
    pub fn rollback(&self, now: Timestamp, reason: Option<String>) -> Result<EarlierRelease, HostStateError> {
        let releases = self.releases()?;
        let serving = match self.pinned()? {
            Some((pinned, _)) => Some(pinned),
            None => self.served()?,
        };
        // Without a status, the last kept release is the one that served.
        let serving = serving.or_else(|| releases.first().map(|release| release.manifest_sha256));
        let client = self.client();
        let after = releases.iter().skip_while(|release| Some(release.manifest_sha256) != serving).skip(1);
        let mut after = after.map(|kept| (kept, EarlierRelease::of(kept, client.as_ref())));
        let (kept, earlier) =
            after.find(|(_, earlier)| earlier.revoked != Some(true)).ok_or(HostStateError::NothingEarlier)?;
        self.write_pin(kept, now, reason)?;
        Ok(earlier)
    }

    /// Unpins the pinned release. A running host follows within a second.
    ///
    /// # Errors
    /// When the disk fails.
    pub fn unpin(&self) -> Result<(), HostStateError> {
        Ok(self.state.pin().remove().map_err(RepositoryError::from)?)
    }

    /// Forgets the latest time that this host has seen: the remedy after its clock was once far ahead.
    ///
    /// # Errors
    /// When a running host is writing all the time, or the disk fails.
    pub fn forget_clock(&self) -> Result<(), HostStateError> {
        Ok(self.state.forget_clock(PATIENCE).map_err(RepositoryError::from)?)
    }

    /// Forgets all metadata that this host has seen: the remedy for state that cannot be read any more.
    ///
    /// # Errors
    /// When a running host is writing all the time, or the disk fails.
    ///
    /// # Limits
    /// Then this host accepts any metadata that is signed and has not expired, unless the settings set the lowest versions.
    pub fn forget_metadata(&self) -> Result<(), HostStateError> {
        Ok(self.state.forget_metadata(PATIENCE).map_err(RepositoryError::from)?)
    }

    fn write_pin(&self, release: &KeptRelease, at: Timestamp, reason: Option<String>) -> Result<(), HostStateError> {
        let pin = Pin { manifest: release.manifest_sha256, at, by: PinnedBy::Cli, reason };
        Ok(self.state.pin().write(&pin).map_err(RepositoryError::from)?)
    }

    /// The repository as this host remembers it; none if it cannot tell.
    fn client(&self) -> Option<Client<MetadataStore>> {
        let trust = self.trust.as_ref()?;
        let open = || remembered(trust, MetadataStore::Disk(self.state.clone()));
        // A host may be writing at this moment.
        let client = open().or_else(|_| {
            let _lock = self.state.lock(SHORT_PATIENCE)?;
            open()
        });
        client.inspect_err(|error| tracing::warn!(reason = chain(error), "which releases were revoked is unknown")).ok()
    }

    /// The release that serves, according to the last status; none if that may be outdated.
    fn served(&self) -> Result<Option<Digest>, HostStateError> {
        let status = self.reported()?.map(|report| report.status).unwrap_or_default();
        let was_pinned = status.get("pin").is_some_and(|pin| !pin.is_null());
        let manifest = status.pointer("/release/manifest").and_then(Value::as_str);
        Ok(manifest.filter(|_| !was_pinned).and_then(|manifest| manifest.parse().ok()))
    }

    fn releases(&self) -> Result<Vec<KeptRelease>, HostStateError> {
        let kept = self.state.kept().map_err(RepositoryError::from)?;
        Ok(kept.list().map_err(RepositoryError::from)?.releases)
    }
}

impl EarlierRelease {
    fn of(kept: &KeptRelease, client: Option<&Client<MetadataStore>>) -> Self {
        Self {
            revoked: client.map(|client| client.is_revoked(&kept.manifest_sha256, &kept.target)),
            target: kept.target.to_string(),
            name: kept.name.to_string(),
            version: kept.version.to_string(),
            manifest: kept.manifest_sha256.to_string(),
            since: kept.activated.to_string(),
        }
    }
}

fn known(kept: &[EarlierRelease]) -> String {
    if kept.is_empty() {
        return "none".to_owned();
    }
    let one = |EarlierRelease { name, version, manifest, revoked, .. }: &EarlierRelease| {
        let remark = if *revoked == Some(true) { ", revoked" } else { "" };
        format!("{name} {version} ({manifest}{remark})")
    };
    kept.iter().map(one).collect::<Vec<_>>().join(", ")
}
