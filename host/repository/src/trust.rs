//! The settings of trust.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::time::Duration;

use jurat_trust::{Digest, Floors, RepositoryId, TargetPath};

/// The trust settings of a tenant.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Trust {
    /// The file with the trusted root metadata: `root.json` beside the configuration.
    pub root: PathBuf,
    /// The SHA-256 that this file must have; none = any.
    pub root_sha256: Option<Digest>,
    /// The repository that everything must be signed for; none = the one that the root names.
    pub repository: Option<RepositoryId>,
    /// The release to run.
    pub release: TargetPath,
    /// The lowest versions of metadata that are accepted: for hosts without stored state.
    pub floors: Floors,
    /// The policy for expired metadata.
    pub on_expired: OnExpired,
    /// How long after the earliest expiry the last good release is still served: 72 h.
    pub max_stale: Duration,
    /// Headers for the repository's server, with the names of the secrets that are their values.
    pub headers: BTreeMap<String, String>,
}

/// The policy for expired metadata.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub enum OnExpired {
    /// The last good release serves until the staleness limit, and results say that it is stale.
    #[default]
    ServeLastGood,
    /// No release serves.
    Refuse,
}

impl Trust {
    /// How long after expiry the last good release is served by default.
    pub const MAX_STALE: Duration = Duration::from_secs(72 * 3_600);

    /// The defaults, for a root and a release.
    #[must_use]
    pub fn new(root: impl Into<PathBuf>, release: TargetPath) -> Self {
        Self {
            root: root.into(),
            root_sha256: None,
            repository: None,
            release,
            floors: Floors::default(),
            on_expired: OnExpired::default(),
            max_stale: Self::MAX_STALE,
            headers: BTreeMap::new(),
        }
    }

    /// How long after expiry the last good release is served.
    #[must_use]
    pub fn grace(&self) -> Duration {
        match self.on_expired {
            OnExpired::ServeLastGood => self.max_stale,
            OnExpired::Refuse => Duration::ZERO,
        }
    }
}
