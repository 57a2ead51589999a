//! Reads `Retry-After`.

use std::time::Duration;

use jiff::civil::DateTime;

/// The three formats of a date in a header.
const FORMS: [&str; 3] = ["%a, %d %b %Y %H:%M:%S GMT", "%A, %d-%b-%y %H:%M:%S GMT", "%a %b %e %H:%M:%S %Y"];

/// The shortest wait: `Retry-After` in seconds or as a date. None if it is neither.
///
/// A date counts from the answer's own `Date`, so that neither the clock of this host nor a wrong clock of the server matters; a
/// date without a `Date` beside it says nothing.
pub fn wait(retry_after: &str, date: Option<&str>) -> Option<Duration> {
    let text = retry_after.trim();
    if !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit()) {
        // More digits than fit are still a very long time.
        return Some(Duration::from_secs(text.parse().unwrap_or(u64::MAX)));
    }
    let wait = read(text)?.duration_since(read(date?.trim())?);
    Some(wait.try_into().unwrap_or(Duration::ZERO))
}

fn read(date: &str) -> Option<DateTime> {
    FORMS.iter().find_map(|form| DateTime::strptime(form, date).ok())
}

#[cfg(test)]
mod tests {
    use super::*;

    const DATE: Option<&str> = Some("Sun, 06 Nov 1994 08:49:37 GMT");

    #[test]
    fn seconds_and_all_three_forms_of_dates_are_read() {
        for (text, seconds) in [
            ("0", 0),
            (" 120 ", 120),
            ("99999999999999999999999", u64::MAX),
            ("Sun, 06 Nov 1994 08:49:37 GMT", 0),
            ("Sun, 06 Nov 1994 08:49:47 GMT", 10),
            ("Sunday, 06-Nov-94 08:50:37 GMT", 60),
            ("Sun Nov  6 09:49:37 1994", 3_600),
            ("Sat, 05 Nov 1994 08:49:37 GMT", 0),
        ] {
            assert_eq!(wait(text, DATE), Some(Duration::from_secs(seconds)), "{text}");
        }
    }

    #[test]
    fn what_is_neither_says_nothing() {
        for text in ["", "-1", "1.5", "soon", "Sun, 06 Nov 1994 08:49:37 CET", "Mon, 06 Nov 1994 08:49:37 GMT", "0x10"]
        {
            assert_eq!(wait(text, DATE), None, "{text}");
        }
        assert_eq!(wait("Sun, 06 Nov 1994 08:49:47 GMT", None), None);
        assert_eq!(wait("Sun, 06 Nov 1994 08:49:47 GMT", Some("today")), None);
        assert_eq!(wait("7", None), Some(Duration::from_secs(7)));
    }
}
