//! How long a signature is valid.

use std::fmt;
use std::str::FromStr;

use jiff::SignedDuration;

/// The longest lifetime.
const MOST_DAYS: i64 = 3_650;

/// A lifetime, as in `90d`, `12h` or `30m`.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) struct Lifetime(SignedDuration);

impl Lifetime {
    /// The duration.
    pub(crate) fn duration(self) -> SignedDuration {
        self.0
    }
}

impl fmt::Display for Lifetime {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let minutes = self.0.as_mins();
        match (minutes % 60, minutes % (24 * 60)) {
            (_, 0) => write!(out, "{}d", minutes / (24 * 60)),
            (0, _) => write!(out, "{}h", minutes / 60),
            _ => write!(out, "{minutes}m"),
        }
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
        let seconds = i64::from(number) * seconds;
        match seconds {
            0 => Err("the lifetime is zero"),
            _ if seconds > MOST_DAYS * 86_400 => Err("longer than the limit of ten years, `3650d`"),
            _ => Ok(Self(SignedDuration::from_secs(seconds))),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_lifetime_is_a_number_with_a_unit() {
        let hours = |text: &str| text.parse::<Lifetime>().unwrap().duration().as_hours();
        assert_eq!((hours("90d"), hours("12h"), hours("60m"), hours("3650d")), (2160, 12, 1, 87_600));
        for text in ["", "d", "90", "-1d", "0d", "1.5h", "9é", "99999999999d", "3651d", "4294967295d"] {
            assert!(text.parse::<Lifetime>().is_err(), "{text}");
        }
    }

    #[test]
    fn a_lifetime_is_shown_as_it_is_written() {
        for text in ["90d", "12h", "30m", "1d", "90m"] {
            assert_eq!(text.parse::<Lifetime>().unwrap().to_string(), text);
        }
        assert_eq!("48h".parse::<Lifetime>().unwrap().to_string(), "2d");
    }
}
