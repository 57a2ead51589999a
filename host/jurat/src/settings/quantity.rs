//! Sizes and times, as they are written in settings.

use std::num::NonZeroU64;
use std::time::Duration;

use jurat_identity::{RateClass, Rates};
use jurat_model::Bytes;
use jurat_yaml::{Field, Section};

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

/// How often things may happen in a minute: a number for each class, or `null` for any number, also in place of all of them.
pub(super) fn rates(parent: &mut Section<'_>, key: &'static str, defaults: Rates) -> Rates {
    let is_any = parent.is_null(key);
    let field = parent.take(key);
    if is_any {
        return Rates::default();
    }
    let read = field.section(|section| {
        Some(RateClass::ALL.into_iter().fold(defaults, |rates, class| {
            if section.is_null(class.name()) {
                // It is asked for, so that it is known.
                section.take(class.name());
                return rates.without(class);
            }
            let rate = section.take(class.name()).positive();
            rate.map_or(rates, |rate| rates.with(class, rate))
        }))
    });
    read.unwrap_or(defaults)
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
