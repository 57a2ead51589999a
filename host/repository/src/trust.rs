//! Whom to trust, for what, and for how long without news.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::time::Duration;

use jurat_trust::{Digest, Floors, RepositoryId, TargetPath};

/// Whom to trust, and for what.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Trust {
    /// The file with the root metadata that everything else must follow from: `root.json` beside the configuration.
    pub root: PathBuf,
    /// The SHA-256 that this file must have; none = whatever it has.
    pub root_sha256: Option<Digest>,
    /// The repository that everything must have been signed for; none = the one that the root names.
    pub repository: Option<RepositoryId>,
    /// The release that is run.
    pub release: TargetPath,
    /// The lowest versions of metadata that are accepted: for hosts that have forgotten what they have seen.
    pub floors: Floors,
    /// What happens when metadata has expired and there is nothing newer.
    pub on_expired: OnExpired,
    /// How long after the earliest expiry the last good release is still served: 72 h.
    pub max_stale: Duration,
    /// Headers that the repository's server wants, and the names of the secrets that are their values.
    pub headers: BTreeMap<String, String>,
}

/// What happens when metadata has expired and there is nothing newer.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub enum OnExpired {
    /// The last good release is served, and results say that it is stale, until it has been so for too long.
    #[default]
    ServeLastGood,
    /// Nothing is served.
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
