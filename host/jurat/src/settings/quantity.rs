//! Sizes and times, as they are written in settings.

use std::num::NonZeroU64;
use std::time::Duration;

use jurat_model::Bytes;
use jurat_yaml::Field;

/// The longest time. More than a year is a typing error, and sums of longer times could overflow.
pub(super) const LONGEST: Duration = Duration::from_secs(365 * 24 * 3_600);

/// A size of at least one byte.
pub(super) fn size(field: &Field<'_>) -> Option<Bytes> {
    let size = field.parsed::<Bytes>()?;
    if size == Bytes::new(0) {
        field.refuse("nothing fits into 0 bytes; write a size like `16 MiB`");
        return None;
    }
    Some(size)
}

/// A time of at least one unit.
pub(super) fn duration(field: &Field<'_>, unit: fn(u64) -> Duration) -> Option<Duration> {
    bounded(field, unit(field.positive::<NonZeroU64>()?.get()))
}

pub(super) fn duration_or_zero(field: &Field<'_>, unit: fn(u64) -> Duration) -> Option<Duration> {
    bounded(field, unit(field.natural()?))
}

fn bounded(field: &Field<'_>, duration: Duration) -> Option<Duration> {
    if duration > LONGEST {
        field.refuse("this is more than a year");
        return None;
    }
    Some(duration)
}
