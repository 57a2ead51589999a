//! The HTTP headers on caching and time.

use jiff::fmt::rfc2822::DateTimeParser;
use jiff::{SignedDuration, Timestamp};
use jurat_repository::Answer;

/// The caching headers of a response.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub(super) struct Caching {
    /// How long shared caches may keep the response, in seconds; `None` if the headers do not say.
    pub(super) kept: Option<u64>,
    /// Whether the response never changes.
    pub(super) is_immutable: bool,
    /// How long a cache has kept the response already, in seconds.
    pub(super) age: u64,
}

impl Caching {
    /// Reads the headers.
    pub(super) fn of(answer: &Answer) -> Self {
        let text = |name: &str| answer.header(name);
        Self::read(
            text("cache-control").as_deref(),
            text("expires").as_deref(),
            text("date").as_deref(),
            text("age").as_deref(),
        )
    }

    fn read(control: Option<&str>, expires: Option<&str>, date: Option<&str>, age: Option<&str>) -> Self {
        let directives: Vec<_> =
            control.unwrap_or_default().split(',').map(|part| part.trim().to_ascii_lowercase()).collect();
        let has = |name: &str| directives.iter().any(|directive| directive == name);
        let seconds = |name: &str| {
            let value = directives.iter().find_map(|directive| directive.strip_prefix(name)?.strip_prefix('='))?;
            number(value.trim_matches('"'))
        };
        let is_checked = directives.iter().any(|directive| {
            let name = directive.split('=').next().unwrap_or_default();
            matches!(name, "no-store" | "no-cache" | "private")
        });
        let until = || {
            // An invalid date, such as `0`, means expired.
            let Some(expires) = time(expires?) else { return Some(0) };
            Some(u64::try_from(expires.duration_since(time(date?)?).as_secs()).unwrap_or(0))
        };
        let kept = if is_checked { Some(0) } else { seconds("s-maxage").or_else(|| seconds("max-age")).or_else(until) };
        Self { kept, is_immutable: has("immutable"), age: age.and_then(number).unwrap_or(0) }
    }
}

/// How far the clock of a server is ahead of ours.
pub(super) fn ahead(answer: &Answer, now: Timestamp) -> Option<SignedDuration> {
    // The date of a cached response is the time at which it was cached.
    let age = i64::try_from(Caching::of(answer).age).ok()?;
    let then = time(&answer.header("date")?)?.checked_add(SignedDuration::from_secs(age)).ok()?;
    Some(then.duration_since(now))
}

fn time(text: &str) -> Option<Timestamp> {
    DateTimeParser::new().relaxed_weekday(true).parse_timestamp(text).ok()
}

fn number(text: &str) -> Option<u64> {
    let text = text.trim();
    let is_number = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    // A number that does not fit is a very long time.
    is_number.then(|| text.parse().unwrap_or(u64::MAX))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shared_caches_decide_how_long_a_response_is_kept() {
        let kept = |control: &str| Caching::read(Some(control), None, None, None).kept;
        for (control, expected) in [
            ("max-age=30", Some(30)),
            ("public, Max-Age=30", Some(30)),
            ("max-age=\"30\"", Some(30)),
            ("max-age=30, s-maxage=3600", Some(3_600)),
            ("s-maxage=0, max-age=600", Some(0)),
            ("no-store", Some(0)),
            ("no-cache, max-age=600", Some(0)),
            ("private, max-age=600", Some(0)),
            ("max-age=99999999999999999999999", Some(u64::MAX)),
            ("max-age=-1", None),
            ("public", None),
            ("", None),
        ] {
            assert_eq!(kept(control), expected, "{control}");
        }
        assert!(Caching::read(Some("max-age=1, immutable"), None, None, None).is_immutable);
    }

    #[test]
    fn an_expiry_is_relative_to_the_date_of_the_response() {
        let (date, later) = ("Sun, 06 Nov 1994 08:49:37 GMT", "Sun, 06 Nov 1994 08:50:37 GMT");
        let kept = |control, expires, date| Caching::read(control, Some(expires), date, None).kept;
        assert_eq!(kept(None, later, Some(date)), Some(60));
        assert_eq!(kept(None, date, Some(later)), Some(0));
        assert_eq!(kept(None, "0", Some(date)), Some(0));
        assert_eq!(kept(None, later, None), None);
        assert_eq!(kept(Some("max-age=5"), later, Some(date)), Some(5));
        assert_eq!(Caching::read(None, None, None, Some("75")).age, 75);
    }
}
