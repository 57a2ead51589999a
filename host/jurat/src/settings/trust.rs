//! Reads the trust settings.

use std::time::Duration;

use jurat_repository::{OnExpired, Trust};
use jurat_trust::{Floors, MetadataVersion};
use jurat_yaml::{Field, Section};

use super::quantity::{duration, duration_or_zero};
use super::target::{HEADER_NAME, is_header};

/// The default file of the trusted root, beside the configuration.
const ROOT: &str = "root.json";

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

/// A lowest accepted version.
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

/// The interval of polls for newer metadata.
pub(super) fn poll(field: &Field<'_>) -> Option<Duration> {
    duration(field, Duration::from_secs)
}
