//! JSON numbers, compared exactly: as they are written, however long they are.

use std::cmp::Ordering;
use std::hash::{Hash, Hasher};

mod short;

pub(crate) use short::ShortNumber;

/// The longest exponent that is computed with, in digits.
pub(super) const MAX_EXPONENT_DIGITS: usize = 30;

/// A JSON number as it is written. `1`, `1.0` and `10e-1` are equal.
///
/// An exponent of more than 30 digits counts as one of 30 nines.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Number<'a> {
    is_negative: bool,
    /// The digits before and behind the point.
    whole: &'a [u8],
    fraction: &'a [u8],
    /// The range of the digits from the first to the last that is not 0; empty for 0.
    first: usize,
    end: usize,
    /// The number is `0.ddd`, with the digits of the range, times ten to the power of this.
    magnitude: i128,
}

/// A number that others can be multiples of.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) struct Divisor {
    /// Not 0, and no multiple of ten.
    digits: u64,
    /// The same without the factors 2 and 5.
    coprime: u64,
    exponent: i128,
}

impl<'a> Number<'a> {
    /// Reads a token that has been found valid.
    pub(crate) fn of(token: &'a str) -> Self {
        let bytes = token.as_bytes();
        let (is_negative, bytes) = match bytes {
            [b'-', rest @ ..] => (true, rest),
            _ => (false, bytes),
        };
        let (digits, exponent) = match bytes.iter().position(|byte| matches!(byte, b'e' | b'E')) {
            None => (bytes, 0),
            Some(at) => {
                let (digits, rest) = bytes.split_at_checked(at).unwrap_or((bytes, &[]));
                (digits, exponent(rest.get(1..).unwrap_or_default()))
            }
        };
        let (whole, fraction) = match digits.iter().position(|byte| *byte == b'.') {
            None => (digits, &[][..]),
            Some(at) => {
                let (whole, rest) = digits.split_at_checked(at).unwrap_or((digits, &[]));
                (whole, rest.get(1..).unwrap_or_default())
            }
        };
        let count = whole.len() + fraction.len();
        let mut number = Self { is_negative, whole, fraction, first: 0, end: 0, magnitude: 0 };
        let is_digit = |at: &usize| number.digit(*at) != b'0';
        let Some(first) = (0..count).find(is_digit) else { return Self { is_negative: false, ..number } };
        let end = (first..count).rev().find(is_digit).map_or(count, |last| last + 1);
        (number.first, number.end) = (first, end);
        // INVARIANT: lengths are below 2^64 and the exponent has at most 30 digits: nothing overflows.
        number.magnitude = widened(whole.len()) - widened(first) + exponent;
        number
    }

    /// Whether the token's exponent is too long to be computed with.
    pub(super) fn has_long_exponent(token: &str) -> bool {
        let exponent = token.split_once(['e', 'E']).map_or("", |(_, exponent)| exponent);
        exponent.trim_start_matches(['+', '-']).trim_start_matches('0').len() > MAX_EXPONENT_DIGITS
    }

    /// Whether it is whole.
    pub(crate) fn is_whole(&self) -> bool {
        self.magnitude >= widened(self.end - self.first)
    }

    /// The number, if it is whole and not negative; the highest that there is for a larger one.
    pub(crate) fn as_count(&self) -> Option<u64> {
        if self.is_negative || !self.is_whole() {
            return None;
        }
        let ten = |value: u64, digit: u8| value.saturating_mul(10).saturating_add(u64::from(digit - b'0'));
        let value = self.digits().fold(0, ten);
        let zeros = self.magnitude - widened(self.end - self.first);
        // No more than twenty zeros fit, unless the number is 0.
        let zeros = if value == 0 { 0 } else { zeros.min(20) };
        Some((0..zeros).fold(value, |value, _| ten(value, b'0')))
    }

    /// The number as a divisor; none if it is not above 0, or has more digits than fit 64 bits.
    pub(crate) fn as_divisor(&self) -> Option<Divisor> {
        if self.is_negative || self.first == self.end {
            return None;
        }
        let ten = |value: u64, digit: u8| value.checked_mul(10)?.checked_add(u64::from(digit - b'0'));
        let digits = self.digits().try_fold(0, ten)?;
        let without = |mut digits: u64, factor: u64| {
            while digits.is_multiple_of(factor) {
                digits /= factor;
            }
            digits
        };
        Some(Divisor { digits, coprime: without(without(digits, 2), 5), exponent: self.exponent() })
    }

    /// Whether it is a multiple of the divisor, 0 included. The time is linear in the length of the number.
    pub(crate) fn is_multiple_of(&self, divisor: &Divisor) -> bool {
        if self.first == self.end {
            return true;
        }
        // No digits end in 0. So a power of ten that is missing here cannot be among them.
        let Ok(power) = u128::try_from(self.exponent() - divisor.exponent) else { return false };
        // No 64 bits have more than 63 factors 2 or 27 factors 5: such a power of ten has all of them.
        let (digits, power) = match u32::try_from(power) {
            Ok(power @ ..64) => (divisor.digits, power),
            _ => (divisor.coprime, 0),
        };
        let modulus = u128::from(digits);
        let mut rest = 0_u128;
        let mut part = 0_u128;
        let mut scale = 1_u128;
        // A division for each 18 digits. INVARIANT: the rest is below 2^64 and the scale at most 10^18.
        for digit in self.digits() {
            part = part * 10 + u128::from(digit - b'0');
            scale *= 10;
            if scale == 1_000_000_000_000_000_000 {
                rest = (rest * scale + part) % modulus;
                (part, scale) = (0, 1);
            }
        }
        rest = (rest * scale + part) % modulus;
        (rest * power_of_ten(power, modulus)).is_multiple_of(modulus)
    }

    /// The power of ten of its last digit.
    fn exponent(&self) -> i128 {
        self.magnitude - widened(self.end - self.first)
    }

    fn digits(&self) -> impl Iterator<Item = u8> {
        let split = self.whole.len();
        let whole = self.whole.get(self.first.min(split)..self.end.min(split)).unwrap_or_default();
        let fraction = self.fraction.get(self.first.saturating_sub(split)..self.end.saturating_sub(split));
        whole.iter().chain(fraction.unwrap_or_default()).copied()
    }

    fn digit(&self, at: usize) -> u8 {
        let digit = self.whole.get(at).or_else(|| self.fraction.get(at - self.whole.len()));
        digit.copied().unwrap_or(b'0')
    }

    /// -1, 0 or 1.
    fn sign(&self) -> i8 {
        match (self.first == self.end, self.is_negative) {
            (true, _) => 0,
            (_, true) => -1,
            _ => 1,
        }
    }
}

impl Ord for Number<'_> {
    fn cmp(&self, other: &Self) -> Ordering {
        let by_sign = self.sign().cmp(&other.sign());
        if by_sign.is_ne() || self.sign() == 0 {
            return by_sign;
        }
        let by_size = self.magnitude.cmp(&other.magnitude).then_with(|| self.digits().cmp(other.digits()));
        if self.is_negative { by_size.reverse() } else { by_size }
    }
}

impl PartialOrd for Number<'_> {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl PartialEq for Number<'_> {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other).is_eq()
    }
}

impl Eq for Number<'_> {}

impl Hash for Number<'_> {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.sign().hash(state);
        self.magnitude.hash(state);
        self.digits().for_each(|digit| state.write_u8(digit));
        state.write_u8(0);
    }
}

/// Reads what follows the `e`.
fn exponent(text: &[u8]) -> i128 {
    let (is_negative, digits) = match text {
        [b'-', rest @ ..] => (true, rest),
        [b'+', rest @ ..] => (false, rest),
        _ => (false, text),
    };
    let first = digits.iter().position(|digit| *digit != b'0').unwrap_or(digits.len());
    let digits = digits.get(first..).unwrap_or_default();
    let size = if digits.len() > MAX_EXPONENT_DIGITS {
        10_i128.pow(30) - 1
    } else {
        digits.iter().fold(0, |value, digit| value * 10 + i128::from(digit.wrapping_sub(b'0')))
    };
    if is_negative { -size } else { size }
}

/// Ten to a power below 64, modulo at most 2^64.
fn power_of_ten(power: u32, modulus: u128) -> u128 {
    // The highest power that fits 128 bits.
    const FIT: u32 = 38;
    let first = 10_u128.pow(power.min(FIT)) % modulus;
    let second = 10_u128.pow(power.saturating_sub(FIT)) % modulus;
    first * second % modulus
}

fn widened(length: usize) -> i128 {
    i128::try_from(length).unwrap_or(i128::MAX)
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;
    use std::time::{Duration, Instant};

    use proptest::prelude::*;

    use super::*;

    #[test]
    fn numbers_are_compared_as_what_they_mean() {
        let rising = [
            "-1e999999999999",
            "-1e400",
            "-18446744073709551616",
            "-10",
            "-1.0000000000000000000000001",
            "-1",
            "-0.5",
            "-1e-400",
            "0",
            "1e-999999999999",
            "1e-400",
            "0.1",
            "0.10000000000000000000000000000000000001",
            "0.5",
            "0.99",
            "1",
            "1.5",
            "9007199254740992",
            "9007199254740993",
            "9007199254740993.5",
            "18446744073709551615",
            "1e20",
            "100000000000000000000.1",
            "1e400",
            "12e399999",
            "1e400001",
        ];
        for (left, low) in rising.iter().enumerate() {
            for (right, high) in rising.iter().enumerate() {
                assert_eq!(Number::of(low).cmp(&Number::of(high)), left.cmp(&right), "{low} {high}");
            }
        }
    }

    #[test]
    fn numbers_are_equal_however_they_are_written() {
        for equal in [
            &["0", "-0", "0.0", "-0.00", "0e7", "0e-99999999999999999999999999999999999999"][..],
            &["1", "1.0", "10e-1", "0.1e1", "1e0", "1E+00", "1000000000000000000000000000000e-30"],
            &["-25", "-2.5e1", "-250E-1", "-0.025e+3"],
            &["1e40", "10000000000000000000000000000000000000000", "0.01e42"],
        ] {
            let distinct: HashSet<Number<'_>> = equal.iter().map(|number| Number::of(number)).collect();
            assert_eq!(distinct.len(), 1, "{equal:?}");
        }
    }

    #[test]
    fn whole_numbers_are_counts_if_they_are_not_negative() {
        for (number, whole, count) in [
            ("0", true, Some(0)),
            ("-0.0", true, Some(0)),
            ("3.0", true, Some(3)),
            ("12e1", true, Some(120)),
            ("120e-1", true, Some(12)),
            ("-3", true, None),
            ("1.5", false, None),
            ("15e-1", false, None),
            ("1e-999999999", false, None),
            ("18446744073709551615", true, Some(u64::MAX)),
            ("18446744073709551616", true, Some(u64::MAX)),
            ("1e999999999", true, Some(u64::MAX)),
        ] {
            assert_eq!((Number::of(number).is_whole(), Number::of(number).as_count()), (whole, count), "{number}");
        }
    }

    fn is_multiple(number: &str, divisor: &str) -> bool {
        Number::of(number).is_multiple_of(&Number::of(divisor).as_divisor().unwrap())
    }

    #[test]
    fn multiples_are_exact() {
        for (number, divisor, expected) in [
            ("0", "7", true),
            ("0.3", "0.1", true),
            ("1.1", "0.1", true),
            ("19.99", "0.01", true),
            ("19.999", "0.01", false),
            ("4.35", "0.01", true),
            ("-4.5", "1.5", true),
            ("9007199254740993", "2", false),
            ("9007199254740994", "2", true),
            ("1e308", "0.123456789", false),
            ("123456789e300", "0.123456789", true),
            ("5e-324", "5e-324", true),
            ("1e999999999", "7", false),
            ("7e999999999", "7", true),
            ("1e-999999999", "0.1", false),
            ("0.0075", "0.0001", true),
            ("18446744073709551615", "18446744073709551615", true),
            ("340282366920938463463374607431768211455", "18446744073709551615", true),
            ("340282366920938463463374607431768211456", "18446744073709551615", false),
        ] {
            assert_eq!(is_multiple(number, divisor), expected, "{number} {divisor}");
        }
        for divisor in ["0", "-0.0", "-1", "18446744073709551616.5"] {
            assert_eq!(Number::of(divisor).as_divisor(), None, "{divisor}");
        }
    }

    #[test]
    fn a_million_digits_take_milliseconds() {
        let long = "7".repeat(1 << 20);
        for number in [long.clone(), format!("0.{long}"), format!("1e{long}"), format!("1e-{long}")] {
            let start = Instant::now();
            is_multiple(&number, "0.7");
            Number::of(&number).is_whole();
            assert!(Number::of(&number) == Number::of(&number));
            // A bound for a machine under load; alone it takes about four.
            assert!(start.elapsed() < Duration::from_millis(500), "{:?}", start.elapsed());
        }
    }

    fn plain(value: i64, places: u32) -> String {
        let scale = 10_u64.pow(places);
        let sign = if value < 0 { "-" } else { "" };
        let (whole, rest) = (value.unsigned_abs() / scale, value.unsigned_abs() % scale);
        if places == 0 {
            format!("{sign}{whole}")
        } else {
            format!("{sign}{whole}.{rest:0width$}", width = places as usize)
        }
    }

    proptest! {
        #[test]
        fn decimals_are_compared_and_divided_like_integers(
            left in any::<i64>(), right in prop_oneof![any::<i64>(), -1000_i64..1000], places in 0_u32..18, shift in 0_i32..9,
        ) {
            let (first, second) = (plain(left, places), plain(right, places));
            prop_assert_eq!(Number::of(&first).cmp(&Number::of(&second)), left.cmp(&right));
            let shifted = format!("{}e{}", plain(right, places), -shift);
            let (wide_left, wide_right) = (i128::from(left) * 10_i128.pow(shift.unsigned_abs()), i128::from(right));
            prop_assert_eq!(Number::of(&first).cmp(&Number::of(&shifted)), wide_left.cmp(&wide_right));
            if right > 0 {
                prop_assert_eq!(is_multiple(&first, &second), left % right == 0);
                prop_assert_eq!(is_multiple(&first, &shifted), wide_left % wide_right == 0);
            }
        }
    }
}
