//! What a host keeps in its `state_dir`, for those who look or decide from outside of its process: also while it does not run.

use std::path::Path;
use std::time::Duration;

use jiff::Timestamp;
use jurat_disk::CacheDir;
use jurat_trust::Digest;
use serde::Serialize;
use serde_json::Value;

use crate::error::RepositoryError;
use crate::kept::KeptRelease;
use crate::pin::{Pin, PinnedBy};
use crate::state::StateDir;

/// How long is waited for a host that is writing.
const PATIENCE: Duration = Duration::from_secs(30);

/// What a host keeps of one tenant.
#[derive(Debug)]
pub struct HostState {
    state: StateDir,
}

/// What a running host has written down last.
#[derive(Clone, Debug, Serialize)]
pub struct Reported {
    /// The number of its process.
    pub pid: u32,
    /// When that was, RFC 3339.
    pub at: String,
    /// How the tenant was, as `status` over JSON-RPC tells it.
    pub status: Value,
}

/// A release that a host has run and could go back to.
#[derive(Clone, Debug, Serialize)]
pub struct EarlierRelease {
    /// Its name.
    pub name: String,
    /// Its version.
    pub version: String,
    /// The SHA-256 of its manifest.
    pub manifest: String,
    /// When it began to serve, RFC 3339.
    pub since: String,
}

/// Why nothing can be looked up or decided.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum HostStateError {
    /// There is no place where anything is kept.
    #[error(
        "the settings name no `state_dir`, so this host keeps nothing that could be looked up or decided from outside"
    )]
    Nowhere,
    /// There is no such tenant.
    #[error("there is no tenant `{name}`{advice}")]
    UnknownTenant {
        /// The name as given.
        name: String,
        /// What may have been meant.
        advice: String,
    },
    /// There are several.
    #[error("there are several tenants: say which one is meant")]
    TenantNeeded,
    /// What is kept cannot be read or written.
    #[error(transparent)]
    State(#[from] RepositoryError),
    /// There is no such release.
    #[error("this host has not kept a release whose manifest begins with `{manifest}`; it has {}", known(.kept))]
    NotKept {
        /// What was asked for.
        manifest: String,
        /// Those that it has.
        kept: Vec<EarlierRelease>,
    },
    /// There are several.
    #[error("several of the releases that were kept have a manifest that begins with `{manifest}`: write more of it")]
    Ambiguous {
        /// What was asked for.
        manifest: String,
    },
    /// There is nothing to go back to.
    #[error("there is no earlier release to go back to")]
    NothingEarlier,
}

impl HostState {
    /// What is kept of a tenant in the `state_dir` of a host.
    ///
    /// # Errors
    /// When it cannot be read.
    pub fn open(directory: &Path, tenant: &str) -> Result<Self, HostStateError> {
        let all = CacheDir::open(directory).map_err(RepositoryError::from)?;
        Ok(Self { state: StateDir::open(&all, tenant).map_err(RepositoryError::from)? })
    }

    /// What a running host has written down last; none if none has yet.
    ///
    /// # Errors
    /// When it cannot be read.
    pub fn reported(&self) -> Result<Option<Reported>, HostStateError> {
        let report = self.state.status().read().map_err(RepositoryError::from)?;
        Ok(report.map(|report| Reported { pid: report.pid, at: report.at.to_string(), status: report.status }))
    }

    /// The releases that a host could go back to, the last one first.
    ///
    /// # Errors
    /// When they cannot be read.
    pub fn kept(&self) -> Result<Vec<EarlierRelease>, HostStateError> {
        Ok(self.releases()?.iter().map(EarlierRelease::of).collect())
    }

    /// The manifest of the release that somebody holds on to, and why, in their words.
    ///
    /// # Errors
    /// When it cannot be read.
    pub fn pinned(&self) -> Result<Option<(Digest, Option<String>)>, HostStateError> {
        let pin = self.state.pin().read().map_err(RepositoryError::from)?;
        Ok(pin.map(|pin| (pin.manifest, pin.reason)))
    }

    /// Holds on to a kept release, named by its manifest or the beginning of it. A running host follows within a second.
    ///
    /// # Errors
    /// When there is no such release, or this cannot be written down.
    pub fn pin(
        &self,
        manifest: &str,
        now: Timestamp,
        reason: Option<String>,
    ) -> Result<EarlierRelease, HostStateError> {
        let releases = self.releases()?;
        let mut found = releases.iter().filter(|kept| kept.manifest_sha256.to_string().starts_with(manifest));
        match (found.next(), found.next()) {
            (Some(release), None) if !manifest.is_empty() => self.hold(release, now, reason),
            (Some(_), _) => Err(HostStateError::Ambiguous { manifest: manifest.to_owned() }),
            (None, _) => {
                let kept = releases.iter().map(EarlierRelease::of).collect();
                Err(HostStateError::NotKept { manifest: manifest.to_owned(), kept })
            }
        }
    }

    /// Goes back to the release before the one that serves, and holds on to it.
    ///
    /// # Errors
    /// When there is none, or this cannot be written down.
    pub fn rollback(&self, now: Timestamp, reason: Option<String>) -> Result<EarlierRelease, HostStateError> {
        let releases = self.releases()?;
        let serving = match self.pinned()? {
            Some((pinned, _)) => Some(pinned),
            None => self.served()?,
        };
        // Without a report, the last one that was kept is the one that served.
        let serving = serving.or_else(|| releases.first().map(|release| release.manifest_sha256));
        let mut after = releases.iter().skip_while(|release| Some(release.manifest_sha256) != serving);
        let earlier = after.nth(1).ok_or(HostStateError::NothingEarlier)?;
        self.hold(earlier, now, reason)
    }

    /// Lets go what somebody holds on to. A running host follows within a second.
    ///
    /// # Errors
    /// When this cannot be written down.
    pub fn unpin(&self) -> Result<(), HostStateError> {
        Ok(self.state.pin().remove().map_err(RepositoryError::from)?)
    }

    /// Forgets the time that this host has seen: for a clock that was once set far ahead, so that every later one looks set back.
    ///
    /// # Errors
    /// When a running host is writing all the time, or this cannot be written down.
    pub fn forget_clock(&self) -> Result<(), HostStateError> {
        Ok(self.state.forget_clock(PATIENCE).map_err(RepositoryError::from)?)
    }

    /// Forgets all metadata that this host has seen: for state that cannot be read any more.
    ///
    /// # Errors
    /// When a running host is writing all the time, or this cannot be written down.
    ///
    /// # Limits
    /// From then on this host can be shown anything that is signed and has not expired, unless the settings say which versions
    /// are the lowest.
    pub fn forget_metadata(&self) -> Result<(), HostStateError> {
        Ok(self.state.forget_metadata(PATIENCE).map_err(RepositoryError::from)?)
    }

    fn hold(
        &self,
        release: &KeptRelease,
        at: Timestamp,
        reason: Option<String>,
    ) -> Result<EarlierRelease, HostStateError> {
        let pin = Pin { manifest: release.manifest_sha256, at, by: PinnedBy::Cli, reason };
        self.state.pin().write(&pin).map_err(RepositoryError::from)?;
        Ok(EarlierRelease::of(release))
    }

    /// The release that serves, by what was written down last; none if that may have changed since.
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
    fn of(kept: &KeptRelease) -> Self {
        Self {
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
    let short = |release: &EarlierRelease| {
        let manifest: String = release.manifest.chars().take(12).collect();
        format!("{} {} ({manifest}...)", release.name, release.version)
    };
    kept.iter().map(short).collect::<Vec<_>>().join(", ")
}
