//! Numbers on the command line.

use std::num::NonZeroUsize;
use std::ops::RangeInclusive;

/// A parser of whole numbers within a range. What it refuses, it answers with what it expects.
pub(crate) fn whole<T: TryFrom<u64>>(range: RangeInclusive<u64>) -> impl Fn(&str) -> Result<T, String> + Clone {
    move |text| {
        let number = text.parse().ok().filter(|number| range.contains(number));
        number.and_then(|number| T::try_from(number).ok()).ok_or_else(|| match (range.start(), range.end()) {
            (start, &u64::MAX) => format!("expected a whole number of at least {start}"),
            (start, end) => format!("expected a whole number from {start} to {end}"),
        })
    }
}

/// Parses a number of things of which there is at least one.
pub(crate) fn count(text: &str) -> Result<NonZeroUsize, String> {
    let parse = whole::<usize>(1..=u64::MAX);
    parse(text).map(|count| NonZeroUsize::new(count).unwrap_or(NonZeroUsize::MIN))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_number_is_whole_and_within_its_range() {
        let threads = whole::<u16>(1..=1_024);
        assert_eq!(["1", "1024"].map(&threads), [Ok(1), Ok(1_024)]);
        for text in ["", "abc", "0", "-1", "1025", "1.5", "1e3", " 1", "99999999999999999999999"] {
            assert_eq!(threads(text), Err("expected a whole number from 1 to 1024".to_owned()), "{text}");
            assert!(text == "1025" || count(text) == Err("expected a whole number of at least 1".to_owned()), "{text}");
        }
    }
}
