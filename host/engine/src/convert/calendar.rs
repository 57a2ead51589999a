//! Dates and timestamps.

use std::borrow::Cow;

use crate::json::unescape;

const SECONDS_OF_DAY: i64 = 86_400;

/// The last day that has a date: 9999-12-31.
const LAST: i32 = 2_932_896;

/// The days from 1970-01-01 to the date that a string token is, from the year 1 to 9999.
///
/// A complete date of ISO 8601, with all of its hyphens or with none: `2024-01-31`, a day of the year as in `2024-031`, or a day of a week
/// as in `2024-W05-3`. A week without a day is its Monday, as in Python. Nothing else is a date.
#[must_use]
pub fn date(token: &str) -> Option<i32> {
    with_text(token, |text| match text.try_into().ok().and_then(days) {
        None => other_date(text),
        days => days,
    })
}

/// The microseconds from 1970-01-01T00:00:00Z to the point in time that a string token is.
///
/// A date as for [`date`]; `T`, `t` or one space; `HH:MM`, `HH:MM:SS` or `HH:MM:SS` with a fraction behind `.` or `,`; `Z`, `z`,
/// `±HH:MM`, `±HHMM` or `±HH`. Digits of a fraction beyond microseconds are cut off, never rounded: writers that count in
/// nanoseconds are common, and what they add is below what a rule can see. The time without an offset is refused, as it is
/// not a point in time, and so are `24:00` and leap seconds, which a count of equally long days cannot express.
#[must_use]
pub fn timestamp(token: &str) -> Option<i64> {
    with_text(token, point)
}

fn point(text: &[u8]) -> Option<i64> {
    let (date, rest) = text.split_first_chunk()?;
    let days = days(date)?;
    let [b'T' | b't' | b' ', h, i, b':', m, n, rest @ ..] = rest else { return None };
    let (hour, minute) = (two(*h, *i)?, two(*m, *n)?);
    let (second, rest) = match rest {
        [b':', s, t, rest @ ..] => (two(*s, *t)?, rest),
        _ => (0, rest),
    };
    let (microseconds, rest) = match rest {
        // Only seconds have fractions.
        [b'.' | b',', rest @ ..] if text.get(16) == Some(&b':') => fraction(rest)?,
        _ => (0, rest),
    };
    let offset_minutes = match rest {
        [b'Z' | b'z'] => 0,
        [sign @ (b'+' | b'-'), h, i, rest @ ..] => {
            let minutes = match rest {
                [] => 0,
                [b':', m, n] | [m, n] => two(*m, *n)?,
                _ => return None,
            };
            let hours = two(*h, *i)?;
            if hours > 23 || minutes > 59 {
                return None;
            }
            let offset = hours * 60 + minutes;
            if *sign == b'-' { -offset } else { offset }
        }
        _ => return None,
    };
    if hour > 23 || minute > 59 || second > 59 {
        return None;
    }
    let seconds = i64::from(days) * SECONDS_OF_DAY + (hour * 60 + minute - offset_minutes) * 60 + second;
    Some(seconds * 1_000_000 + microseconds)
}

/// The microseconds of a fraction of a second, and what follows it.
fn fraction(text: &[u8]) -> Option<(i64, &[u8])> {
    let length = text.iter().take_while(|byte| byte.is_ascii_digit()).count();
    let (digits, rest) = text.split_at_checked(length)?;
    if digits.is_empty() {
        return None;
    }
    let digits = digits.iter().copied().chain(std::iter::repeat(b'0')).take(6);
    Some((digits.fold(0, |sum, digit| sum * 10 + i64::from(digit - b'0')), rest))
}

/// Days from 1970-01-01 to `YYYY-MM-DD` in the Gregorian calendar.
fn days(date: &[u8; 10]) -> Option<i32> {
    let [y, e, a, r, b'-', m, n, b'-', d, f] = *date else { return None };
    days_to(year([y, e, a, r])?, two(m, n)?, two(d, f)?)
}

/// The same for the forms of a date that are rare.
fn other_date(text: &[u8]) -> Option<i32> {
    let (year, rest) = text.split_first_chunk()?;
    let year = self::year(*year)?;
    match *rest {
        [b'-', b'W', w, k] | [b'W', w, k] => day_of_week(year, two(w, k)?, 1),
        [b'-', b'W', w, k, b'-', d] | [b'W', w, k, d] => day_of_week(year, two(w, k)?, two(b'0', d)?),
        [b'-', c, d, f] | [c, d, f] => day_of_year(year, two(b'0', c)? * 100 + two(d, f)?),
        [m, n, d, f] => days_to(year, two(m, n)?, two(d, f)?),
        _ => None,
    }
}

fn day_of_year(year: i64, day: i64) -> Option<i32> {
    if !(1..=365 + i64::from(is_leap(year))).contains(&day) {
        return None;
    }
    days_to(year, 1, 1)?.checked_add(i32::try_from(day - 1).ok()?)
}

/// A day of a week of ISO 8601: weeks begin on Monday, and the first of a year is the one with its first Thursday.
fn day_of_week(year: i64, week: i64, day: i64) -> Option<i32> {
    const THURSDAY: i32 = 3;
    let first = days_to(year, 1, 1)?;
    // 1970-01-01 was a Thursday.
    let weekday = (first + THURSDAY).rem_euclid(7);
    let is_long = weekday == THURSDAY || (weekday + 1 == THURSDAY && is_leap(year));
    if !(1..=52 + i64::from(is_long)).contains(&week) || !(1..=7).contains(&day) {
        return None;
    }
    let monday = if weekday <= THURSDAY { first - weekday } else { first + 7 - weekday };
    let days = monday + i32::try_from((week - 1) * 7 + day - 1).ok()?;
    (days <= LAST).then_some(days)
}

fn year([y, e, a, r]: [u8; 4]) -> Option<i64> {
    Some(two(y, e)? * 100 + two(a, r)?)
}

/// Days from 1970-01-01 to a day of the Gregorian calendar.
fn days_to(year: i64, month: i64, day: i64) -> Option<i32> {
    if year == 0 || day == 0 || day > days_of_month(year, month)? {
        return None;
    }
    // Years that begin in March end with the leap day, so that the months before a day always have the same lengths.
    let (year, month) = if month > 2 { (year, month - 3) } else { (year - 1, month + 9) };
    let before_year = year * 365 + year / 4 - year / 100 + year / 400;
    let before_month = (month * 153 + 2) / 5;
    // 719,468 days lie between 0000-03-01 and 1970-01-01.
    i32::try_from(before_year + before_month + day - 1 - 719_468).ok()
}

fn is_leap(year: i64) -> bool {
    year % 4 == 0 && (year % 100 != 0 || year % 400 == 0)
}

fn days_of_month(year: i64, month: i64) -> Option<i64> {
    match month {
        1 | 3 | 5 | 7 | 8 | 10 | 12 => Some(31),
        4 | 6 | 9 | 11 => Some(30),
        2 => Some(if is_leap(year) { 29 } else { 28 }),
        _ => None,
    }
}

fn two(tens: u8, ones: u8) -> Option<i64> {
    let digit = |byte: u8| byte.is_ascii_digit().then(|| i64::from(byte - b'0'));
    Some(digit(tens)? * 10 + digit(ones)?)
}

/// Reads what a string token says; only a token with escapes is copied for it.
fn with_text<T>(token: &str, read: impl FnOnce(&[u8]) -> Option<T>) -> Option<T> {
    match token.as_bytes() {
        [b'"', inside @ .., b'"'] if !inside.contains(&b'\\') => read(inside),
        _ => match unescape(token)? {
            Cow::Owned(text) => read(text.as_bytes()),
            Cow::Borrowed(text) => read(text.as_bytes()),
        },
    }
}

#[cfg(test)]
mod tests;
