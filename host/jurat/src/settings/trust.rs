//! Whom to trust, for what, and for how long without news.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::time::Duration;

use jurat_trust::{Digest, Floors, MetadataVersion, RepositoryId, TargetPath};

use super::read::{duration, duration_or_zero};
use super::target::{HEADER_NAME, is_header};
use crate::yaml::{Field, Section};

/// The file beside the configuration in which the trusted root lies, if the configuration does not say another.
const ROOT: &str = "root.json";

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

pub(super) fn trust(section: &mut Section<'_>) -> Option<Trust> {
    let root = section.take("root");
    let root = if root.is_there() { root.path() } else { Some(root.directory().join(ROOT)) };
    let root_sha256 = section.take("root_sha256").parsed();
    let repository = section.take("repository").parsed();
    let release = section.take("release").required().parsed();
    let floors = Floors {
        root: version(&section.take("min_root_version")),
        timestamp: version(&section.take("min_timestamp_version")),
        snapshot: version(&section.take("min_snapshot_version")),
    };
    let on_expired = section
        .take("on_expired")
        .choice([("serve_last_good", OnExpired::ServeLastGood), ("refuse", OnExpired::Refuse)]);
    let max_stale = section.take("max_stale_seconds");
    let max_stale = duration_or_zero(&max_stale, Duration::from_secs);
    let headers = section.take("headers").list().iter().filter_map(header).collect();
    Some(Trust {
        root_sha256,
        repository,
        floors,
        on_expired: on_expired.unwrap_or_default(),
        max_stale: max_stale.unwrap_or(Trust::MAX_STALE),
        headers,
        ..Trust::new(root?, release?)
    })
}

/// A version of which older ones are not accepted.
fn version(field: &Field<'_>) -> MetadataVersion {
    let Some(number) = field.positive::<std::num::NonZeroU64>() else { return MetadataVersion::FIRST };
    MetadataVersion::new(number.get()).unwrap_or_else(|| {
        field.refuse("no metadata can have a version that high");
        MetadataVersion::FIRST
    })
}

/// A header, and the name of the secret that is its value, as in `Authorization: CDN_TOKEN`.
fn header(field: &Field<'_>) -> Option<(String, String)> {
    let text = field.as_text()?;
    let Some((header, secret)) = text.split_once(':').map(|(header, secret)| (header.trim(), secret.trim())) else {
        field.refuse("a header and the name of its value are expected, as in `Authorization: CDN_TOKEN`");
        return None;
    };
    if !is_header(secret) {
        field.refuse(HEADER_NAME);
        return None;
    }
    Some((header.to_owned(), secret.to_owned()))
}

/// How often it is looked for newer metadata.
pub(super) fn poll(field: &Field<'_>) -> Option<Duration> {
    duration(field, Duration::from_secs)
}
