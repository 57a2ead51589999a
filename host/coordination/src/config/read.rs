//! Reads `coordination-service-config.yaml`.

use std::num::{NonZeroU32, NonZeroU64, NonZeroUsize};
use std::time::Duration;

use jurat_model::Bytes;
use jurat_retry::RetryPolicy;
use jurat_yaml::Problems;
use jurat_yaml::{Field, Reader, Section};

use super::policy::POLICIES;
use super::values::{CacheSettings, Config, Permitted};
use super::{destination, headers};
use crate::breaker::BreakerSettings;

/// The upper bound of all times: a day.
const MOST_SECONDS: u64 = 86_400;
/// The most attempts for one record.
const MOST_ATTEMPTS: u64 = 20;
/// The most requests at a time, and the most records in one request.
const MOST_AT_ONCE: u64 = 1_000;
/// The most failures that a breaker counts, and the most answers that are kept.
const MOST_COUNTED: u64 = 10_000_000;
/// The longest answer, and the largest cache.
const MOST_BYTES: Bytes = Bytes::mebi(4_096);

/// The default for the most records in one bulk request.
const BULK_SIZE: NonZeroUsize = NonZeroUsize::new(64).unwrap();

pub(super) fn parse(text: &str, file: &str, permitted: &Permitted<'_>) -> Result<Config, Problems> {
    Reader::read(file, text, |document| Some(config(document, permitted)))
}

/// A wrong value counts as missing; the code that finds it records a problem.
fn config(document: &mut Section<'_>, permitted: &Permitted<'_>) -> Config {
    let defaults = Config::default();
    let is_enabled = document.take("enabled").boolean().unwrap_or(false);
    let field = document.take("base_url");
    let base_url = match field.as_text().map(destination::parse) {
        Some(Err(error)) => refuse(&field, error),
        // A value that is not a text was refused already.
        None if field.is_there() => None,
        written if is_enabled => {
            let chosen = destination::choose(written.and_then(Result::ok), permitted);
            chosen.map_or_else(|error| refuse(&field, error), Some)
        }
        _ => None,
    };
    let timeout = millis(&document.take("timeout_ms")).unwrap_or(defaults.timeout);
    let deadline = deadline(&document.take("deadline_ms"), timeout);
    let attempts = count(&document.take("retry_attempts"), MOST_ATTEMPTS);
    let retry = document.take("retry").section(|retry| Some(retry_of(retry)));
    let retry = retry.unwrap_or_default();
    let has_breaker = document.take("circuit_breaker_enabled").boolean().unwrap_or(true);
    let breaker = document.take("breaker").section(|breaker| defaults.breaker.map(|usual| breaker_of(breaker, usual)));
    let cache = document.take("cache").section(|cache| Some(cache_of(cache, defaults.cache))).unwrap_or(defaults.cache);
    let stale = seconds(&document.take("serve_stale_seconds")).unwrap_or(defaults.cache.stale);
    let concurrency = count(&document.take("concurrency"), MOST_AT_ONCE).unwrap_or(defaults.concurrency);
    let is_bulk = document.take("bulk").boolean().unwrap_or(false);
    let bulk_size = index(&document.take("bulk_size"), MOST_AT_ONCE).unwrap_or(BULK_SIZE);
    let max_response = size(&document.take("max_response")).unwrap_or(defaults.max_response);
    let headers = headers::read(document.take("headers"), is_enabled.then_some(permitted.secrets));
    Config {
        base_url,
        timeout,
        deadline,
        retry: RetryPolicy { max_attempts: attempts.unwrap_or(retry.max_attempts), ..retry },
        breaker: if has_breaker { breaker.or(defaults.breaker) } else { None },
        cache: CacheSettings { stale, ..cache },
        concurrency,
        bulk: is_bulk.then_some(bulk_size),
        max_response,
        headers,
    }
}

fn deadline(field: &Field<'_>, timeout: Duration) -> Duration {
    let deadline = millis(field);
    if let Some(deadline) = deadline.filter(|deadline| *deadline < timeout) {
        let (deadline, timeout) = (deadline.as_millis(), timeout.as_millis());
        field.refuse(format!(
            "all attempts together cannot take less ({deadline}) than `timeout_ms` of one ({timeout})"
        ));
    }
    deadline.unwrap_or(timeout.saturating_mul(2))
}

fn retry_of(retry: &mut Section<'_>) -> RetryPolicy {
    let usual = retry.take("policy").choice(POLICIES).unwrap_or_default();
    let base_delay = millis(&retry.take("base_ms")).unwrap_or(usual.base_delay);
    let cap = retry.take("cap_ms");
    let max_delay = millis(&cap).unwrap_or(usual.max_delay.max(base_delay));
    if max_delay < base_delay {
        cap.refuse(format!("the longest pause cannot be shorter than the first one ({})", base_delay.as_millis()));
    }
    RetryPolicy { base_delay, max_delay, ..usual }
}

fn breaker_of(breaker: &mut Section<'_>, usual: BreakerSettings) -> BreakerSettings {
    let failures = count::<NonZeroU32>(&breaker.take("failures"), MOST_COUNTED).map(NonZeroU32::get);
    let open = breaker.take("open_seconds");
    let open = count::<NonZeroU64>(&open, MOST_SECONDS).map(|seconds| Duration::from_secs(seconds.get()));
    BreakerSettings { failures: failures.unwrap_or(usual.failures), open: open.unwrap_or(usual.open) }
}

fn cache_of(cache: &mut Section<'_>, usual: CacheSettings) -> CacheSettings {
    let entries = index(&cache.take("entries"), MOST_COUNTED);
    let bytes = size(&cache.take("bytes"));
    let fresh = seconds(&cache.take("ttl_seconds"));
    CacheSettings {
        entries: entries.unwrap_or(usual.entries),
        bytes: bytes.unwrap_or(usual.bytes),
        fresh: fresh.unwrap_or(usual.fresh),
        stale: usual.stale,
    }
}

fn refuse<T>(field: &Field<'_>, error: impl Into<String>) -> Option<T> {
    field.refuse(error);
    None
}

fn millis(field: &Field<'_>) -> Option<Duration> {
    count::<NonZeroU64>(field, MOST_SECONDS * 1_000).map(|millis| Duration::from_millis(millis.get()))
}

fn seconds(field: &Field<'_>) -> Option<Duration> {
    let seconds = field.natural::<u64>()?;
    within(field, seconds, MOST_SECONDS).map(Duration::from_secs)
}

fn index(field: &Field<'_>, most: u64) -> Option<NonZeroUsize> {
    count(field, most)
}

/// A whole number from 1 to `most`.
fn count<T: TryFrom<NonZeroU64>>(field: &Field<'_>, most: u64) -> Option<T> {
    let count = field.positive::<NonZeroU64>()?;
    within(field, count.get(), most).and_then(|_| T::try_from(count).ok())
}

fn within(field: &Field<'_>, number: u64, most: u64) -> Option<u64> {
    match number <= most {
        true => Some(number),
        false => refuse(field, format!("at most {most} is possible, but this is {number}")),
    }
}

fn size(field: &Field<'_>) -> Option<Bytes> {
    let size: Bytes = field.parsed()?;
    if size == Bytes::new(0) {
        return refuse(field, "nothing fits into 0 bytes; write a size like `16 MiB`");
    }
    match size <= MOST_BYTES {
        true => Some(size),
        false => refuse(field, format!("at most {MOST_BYTES} is possible, but this is {size}")),
    }
}
