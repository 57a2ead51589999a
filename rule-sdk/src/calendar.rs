//! Dates and points in time, as the contract counts them. There is no clock: a rule that needs the time declares `now`.

use std::error::Error;
use std::fmt;
use std::str::FromStr;

const MICROSECONDS_PER_SECOND: i64 = 1_000_000;
const MICROSECONDS_PER_DAY: i64 = 86_400 * MICROSECONDS_PER_SECOND;
/// Days from 0000-03-01 to 1970-01-01. Years are counted from March, so that the leap day is a year's last.
const EPOCH: i64 = 719_468;
const DAYS_PER_ERA: i64 = 146_097;

/// A day of the proleptic Gregorian calendar.
///
/// ```
/// use jurat_rule::Date;
///
/// let inception: Date = "2024-02-29".parse()?;
/// let maturity = Date::from_ymd(2025, 3, 1).ok_or("no such day")?;
/// assert!(inception < maturity);
/// assert_eq!(inception.days_until(maturity), 366);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Copy, Debug, Default, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub struct Date {
    days: i32,
}

/// A point in time, to the microsecond, in UTC.
#[derive(Clone, Copy, Debug, Default, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub struct Timestamp {
    microseconds: i64,
}

/// A text is not an ISO 8601 date or timestamp, or names a day that does not exist.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct ParseTimeError;

impl Date {
    /// The day that is `days` days after 1970-01-01.
    #[must_use]
    pub const fn from_days(days: i32) -> Self {
        Self { days }
    }

    /// The day of a year, month (1 to 12) and day (from 1), or none if the day does not exist.
    #[must_use]
    pub fn from_ymd(year: i32, month: u8, day: u8) -> Option<Self> {
        let (month, day) = (i64::from(month), i64::from(day));
        if !(1..=12).contains(&month) {
            return None;
        }
        let (year, month) = if month > 2 { (i64::from(year), month - 3) } else { (i64::from(year) - 1, month + 9) };
        let (era, year_of_era) = (year.div_euclid(400), year.rem_euclid(400));
        let day_of_year = (153 * month + 2) / 5 + day - 1;
        let day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
        let date = Self { days: i32::try_from(era * DAYS_PER_ERA + day_of_era - EPOCH).ok()? };
        // A day beyond the end of its month comes out as one of the next.
        (i64::from(date.day()) == day).then_some(date)
    }

    /// Days since 1970-01-01.
    #[must_use]
    pub const fn days(self) -> i32 {
        self.days
    }

    /// The year; 0 is 1 BC.
    #[must_use]
    pub fn year(self) -> i32 {
        self.year_month_day().0
    }

    /// The month, 1 to 12.
    #[must_use]
    pub fn month(self) -> u8 {
        self.year_month_day().1
    }

    /// The day of the month, from 1.
    #[must_use]
    pub fn day(self) -> u8 {
        self.year_month_day().2
    }

    /// How many days `later` lies after this day; negative where it lies before.
    #[must_use]
    pub const fn days_until(self, later: Self) -> i64 {
        later.days as i64 - self.days as i64
    }

    /// Midnight UTC at which the day begins.
    #[must_use]
    pub const fn midnight(self) -> Timestamp {
        // INVARIANT: 2^31 days are 1.9e20 microseconds, more than fits; saturating keeps the order of days.
        Timestamp { microseconds: (self.days as i64).saturating_mul(MICROSECONDS_PER_DAY) }
    }

    #[expect(
        clippy::cast_possible_truncation,
        reason = "the months and days of a calendar, and years of 2^31 days, fit"
    )]
    fn year_month_day(self) -> (i32, u8, u8) {
        let days = i64::from(self.days) + EPOCH;
        let (era, day_of_era) = (days.div_euclid(DAYS_PER_ERA), days.rem_euclid(DAYS_PER_ERA));
        let year_of_era = (day_of_era - day_of_era / 1_460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
        let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
        let month = (5 * day_of_year + 2) / 153;
        let day = day_of_year - (153 * month + 2) / 5 + 1;
        let (month, next_year) = if month < 10 { (month + 3, 0) } else { (month - 9, 1) };
        ((era * 400 + year_of_era + next_year) as i32, month as u8, day as u8)
    }
}

impl Timestamp {
    /// The point that is `microseconds` microseconds after 1970-01-01T00:00:00Z.
    #[must_use]
    pub const fn from_microseconds(microseconds: i64) -> Self {
        Self { microseconds }
    }

    /// Microseconds since 1970-01-01T00:00:00Z.
    #[must_use]
    pub const fn microseconds(self) -> i64 {
        self.microseconds
    }

    /// The day in UTC.
    #[must_use]
    #[expect(clippy::cast_possible_truncation, reason = "2^63 microseconds are 106,751,991 days")]
    pub const fn date(self) -> Date {
        Date { days: self.microseconds.div_euclid(MICROSECONDS_PER_DAY) as i32 }
    }
}

impl fmt::Display for Date {
    /// ISO 8601: `2024-02-29`. Years beyond 0 to 9999 carry a sign.
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (year, month, day) = self.year_month_day();
        match year {
            0..=9999 => write!(out, "{year:04}")?,
            _ => write!(out, "{year:+05}")?,
        }
        write!(out, "-{month:02}-{day:02}")
    }
}

impl fmt::Display for Timestamp {
    /// ISO 8601 in UTC: `2024-02-29T13:45:00Z`, with a fraction of six digits where it is not zero.
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let of_day = self.microseconds.rem_euclid(MICROSECONDS_PER_DAY);
        let (seconds, fraction) = (of_day / MICROSECONDS_PER_SECOND, of_day % MICROSECONDS_PER_SECOND);
        write!(out, "{}T{:02}:{:02}:{:02}", self.date(), seconds / 3_600, seconds / 60 % 60, seconds % 60)?;
        if fraction != 0 {
            write!(out, ".{fraction:06}")?;
        }
        out.write_str("Z")
    }
}

impl FromStr for Date {
    type Err = ParseTimeError;

    /// Reads `2024-02-29`, and nothing else.
    fn from_str(text: &str) -> Result<Self, ParseTimeError> {
        let mut parts = text.split('-');
        let date =
            (|| Self::from_ymd(digits(parts.next()?, 4)?, digits(parts.next()?, 2)?, digits(parts.next()?, 2)?))();
        date.filter(|_| parts.next().is_none()).ok_or(ParseTimeError)
    }
}

impl FromStr for Timestamp {
    type Err = ParseTimeError;

    /// Reads what field maps read with `str_to_datetime`: a date; `T`, `t` or a space; `HH:MM`, `HH:MM:SS`, or that with a fraction behind
    /// `.` or `,`; `Z`, `z`,
    /// `±HH:MM`, `±HHMM` or `±HH`. Digits of a fraction beyond microseconds are cut off.
    fn from_str(text: &str) -> Result<Self, ParseTimeError> {
        point(text).ok_or(ParseTimeError)
    }
}

fn point(text: &str) -> Option<Timestamp> {
    let (date, rest) = text.split_at_checked(10)?;
    let date: Date = date.parse().ok().filter(|date: &Date| date.year() > 0)?;
    let rest = rest.strip_prefix(['T', 't', ' '])?;
    let (time, offset) = rest.split_at_checked(rest.find(['Z', 'z', '+', '-'])?)?;
    let (time, fraction) = time.split_once(['.', ',']).map_or((time, None), |(time, fraction)| (time, Some(fraction)));
    let mut parts = time.split(':');
    let (hour, minute): (i64, i64) = (digits(parts.next()?, 2)?, digits(parts.next()?, 2)?);
    // Only seconds have fractions.
    let second = match (parts.next(), fraction) {
        (Some(second), _) => digits(second, 2)?,
        (None, None) => 0,
        (None, Some(_)) => return None,
    };
    if hour > 23 || minute > 59 || second > 59 || parts.next().is_some() {
        return None;
    }
    let fraction = match fraction {
        None => 0,
        Some(fraction) if fraction.is_empty() || !fraction.bytes().all(|byte| byte.is_ascii_digit()) => return None,
        Some(fraction) => digits(&format!("{:0<6}", fraction.get(..fraction.len().min(6))?), 6)?,
    };
    let seconds = (hour * 60 + minute - offset_minutes(offset)?) * 60 + second;
    Some(Timestamp { microseconds: date.midnight().microseconds + seconds * MICROSECONDS_PER_SECOND + fraction })
}

/// How many minutes a time is ahead of UTC.
fn offset_minutes(offset: &str) -> Option<i64> {
    if matches!(offset, "Z" | "z") {
        return Some(0);
    }
    let (sign, offset) = offset.split_at_checked(1)?;
    let (hours, minutes) = offset.split_at_checked(2)?;
    let hours: i64 = digits(hours, 2).filter(|hours| *hours < 24)?;
    let minutes = match minutes.strip_prefix(':') {
        None if minutes.is_empty() => 0,
        None => digits(minutes, 2)?,
        Some(minutes) => digits(minutes, 2)?,
    };
    let minutes = Some(hours * 60 + minutes).filter(|_| minutes < 60)?;
    Some(if sign == "-" { -minutes } else { minutes })
}

impl fmt::Display for ParseTimeError {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("not an ISO 8601 date or timestamp")
    }
}

impl Error for ParseTimeError {}

/// Exactly this many ASCII digits, as a number.
fn digits<T: FromStr>(text: &str, count: usize) -> Option<T> {
    (text.len() == count && text.bytes().all(|byte| byte.is_ascii_digit())).then(|| text.parse().ok())?
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn days_are_counted_from_1970() {
        for (text, days) in [
            ("1970-01-01", 0),
            ("1969-12-31", -1),
            ("2000-02-29", 11_016),
            ("2024-12-31", 20_088),
            ("0000-03-01", -719_468),
            ("9999-12-31", 2_932_896),
        ] {
            let date: Date = text.parse().unwrap();
            assert_eq!((date.days(), date.to_string().as_str()), (days, text));
        }
    }

    #[test]
    fn days_that_do_not_exist_are_refused() {
        for text in ["2023-02-29", "1900-02-29", "2024-13-01", "2024-00-01", "2024-04-31", "2024-01-00", "24-01-01"] {
            assert_eq!(text.parse::<Date>(), Err(ParseTimeError), "{text}");
        }
        for text in ["2024-1-01", "+024-01-01", "2024-01-01-", "", "2024-01-01T00:00:00Z"] {
            assert_eq!(text.parse::<Date>(), Err(ParseTimeError), "{text}");
        }
    }

    #[test]
    fn the_ends_of_the_range_have_a_name() {
        assert_eq!(Date::from_days(i32::MIN).to_string(), "-5877641-06-23");
        assert_eq!(Date::from_days(i32::MAX).to_string(), "+5881580-07-11");
        assert_eq!(Date::from_days(-719_529).to_string(), "-0001-12-31");
        assert!(Date::from_days(i32::MAX - 1).midnight() <= Date::from_days(i32::MAX).midnight());
        assert_eq!(Date::from_days(i32::MIN).days_until(Date::from_days(i32::MAX)), (1 << 32) - 1);
    }

    #[test]
    fn timestamps_read_as_they_are_written() {
        for text in ["1970-01-01T00:00:00Z", "1969-12-31T23:59:59.999999Z", "2024-02-29T13:45:06.000120Z"] {
            assert_eq!(text.parse::<Timestamp>().unwrap().to_string(), text);
        }
        assert_eq!("1970-01-01T00:00:00.5Z".parse(), Ok(Timestamp::from_microseconds(500_000)));
        assert_eq!("1969-12-31T23:00:00Z".parse::<Timestamp>().unwrap().date(), Date::from_days(-1));
        for text in [
            "2024-02-29T13:45:00+00:00",
            "2024-02-29t15:45:00.0000009+02:00",
            "2024-02-29 11:15-0230",
            "2024-02-29T13:45z",
            "2024-02-29T14:45:00,000+01",
        ] {
            assert_eq!(text.parse::<Timestamp>().unwrap().to_string(), "2024-02-29T13:45:00Z", "{text}");
        }
        for text in [
            "2024-02-29T24:00:00Z",
            "2024-02-29T13:45.5Z",
            "2024-02-29T13:45:00",
            "2024-02-29T13:45:00.Z",
            "2024-02-29T13:45:60Z",
            "2024-02-29T13:45:00:00Z",
            "2024-02-29T13:45:00+24:00",
            "2024-02-29T13:45:00+02:60",
            "2024-02-29T13:45:00+2",
            "2024-02-29T13:45:00+02:000",
            "2024-02-29T13:45:00Z ",
            "0000-02-29T13:45:00Z",
            "2024-02-29",
            "2024-02-2é",
            "",
        ] {
            assert_eq!(text.parse::<Timestamp>(), Err(ParseTimeError), "{text}");
        }
    }

    proptest! {
        #[test]
        fn every_day_comes_back_from_its_parts(days: i32) {
            let date = Date::from_days(days);
            prop_assert_eq!(Date::from_ymd(date.year(), date.month(), date.day()), Some(date));
        }
    }
}
