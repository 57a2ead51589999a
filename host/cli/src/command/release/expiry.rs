//! How long a signature is good for.

use std::str::FromStr;
use std::time::Duration;

use jiff::Timestamp;

/// A time from now on, as in `90d`, `12h` or `30m`.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) struct Lifetime(Duration);

impl Lifetime {
    /// When it ends; none if that is beyond all calendars.
    pub(super) fn from(self, now: Timestamp) -> Option<Timestamp> {
        now.checked_add(self.0).ok()
    }
}

impl FromStr for Lifetime {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        const EXPECTED: &str = "write a number of days, hours or minutes, as in `90d`, `12h` or `30m`";
        let (number, unit) = text.split_at_checked(text.len().saturating_sub(1)).ok_or(EXPECTED)?;
        let seconds = match unit {
            "d" => 86_400,
            "h" => 3_600,
            "m" => 60,
            _ => return Err(EXPECTED),
        };
        let number: u32 = number.parse().map_err(|_| EXPECTED)?;
        if number == 0 {
            return Err("it would have expired at once");
        }
        Ok(Self(Duration::from_secs(u64::from(number) * seconds)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_lifetime_is_a_number_with_a_unit() {
        let now: Timestamp = "2026-01-01T00:00:00Z".parse().unwrap();
        let ends = |text: &str| text.parse::<Lifetime>().unwrap().from(now).unwrap().to_string();
        assert_eq!(ends("90d"), "2026-04-01T00:00:00Z");
        assert_eq!(ends("12h"), "2026-01-01T12:00:00Z");
        assert_eq!(ends("30m"), "2026-01-01T00:30:00Z");
        for text in ["", "d", "90", "-1d", "0d", "1.5h", "9é", "99999999999d"] {
            assert!(text.parse::<Lifetime>().is_err(), "{text}");
        }
        assert_eq!("4294967295d".parse::<Lifetime>().unwrap().from(now), None);
    }
}
