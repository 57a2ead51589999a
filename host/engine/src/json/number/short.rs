//! Numbers of few digits, which machine arithmetic compares and divides.

use std::cmp::Ordering;

use super::{Divisor, Number};

/// The most digits before and behind the point together.
const DIGITS: u32 = 18;

/// The longest token that is read without looking at its parts: so many digits, or fewer and a point.
const TOKEN: usize = 18;

/// A number of at most 18 digits: `mantissa` divided by ten to the power of `places`, which are as few as possible. Each value has one
/// form, however it is written.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub(crate) struct ShortNumber {
    mantissa: i64,
    places: u32,
}

impl ShortNumber {
    /// Reads a token that has been found valid; none if the number has more digits, or the exponent is large.
    #[inline]
    pub(crate) fn of(token: &str) -> Option<Self> {
        Self::plain(token).or_else(|| Self::any(&Number::of(token)))
    }

    /// Reads a token of few digits without an exponent; none for others.
    #[inline]
    pub(crate) fn plain(token: &str) -> Option<Self> {
        let (is_negative, digits) = match token.as_bytes() {
            [b'-', rest @ ..] => (true, rest),
            digits => (false, digits),
        };
        if digits.len() > TOKEN {
            return None;
        }
        let (mut mantissa, mut places, mut is_behind) = (0_i64, 0, 0);
        for byte in digits {
            match byte {
                b'0'..=b'9' => {
                    mantissa = mantissa * 10 + i64::from(byte - b'0');
                    places += is_behind;
                }
                b'.' => is_behind = 1,
                _ => return None,
            }
        }
        Some(Self::new(if is_negative { -mantissa } else { mantissa }, places))
    }

    #[cold]
    fn any(number: &Number<'_>) -> Option<Self> {
        if number.end - number.first > DIGITS as usize {
            return None;
        }
        let digits = number.digits().fold(0, |value, digit| value * 10 + i64::from(digit - b'0'));
        let exponent = number.exponent();
        let (mantissa, places) = match u32::try_from(-exponent) {
            Ok(places) if places <= DIGITS => (digits, places),
            Ok(_) => return if digits == 0 { Some(Self::new(0, 0)) } else { None },
            Err(_) => (digits.checked_mul(10_i64.checked_pow(u32::try_from(exponent).ok()?)?)?, 0),
        };
        let is_short = mantissa < 10_i64.pow(DIGITS);
        is_short.then(|| Self::new(if number.is_negative { -mantissa } else { mantissa }, places))
    }

    fn new(mut mantissa: i64, mut places: u32) -> Self {
        while places > 0 && mantissa % 10 == 0 {
            (mantissa, places) = (mantissa / 10, places - 1);
        }
        Self { mantissa, places }
    }

    /// Compares the values. (The order that is derived is none of the values.)
    #[inline]
    pub(crate) fn compare(self, other: Self) -> Ordering {
        if self.places == other.places {
            return self.mantissa.cmp(&other.mantissa);
        }
        // INVARIANT: below 10^36.
        let widened = |number: Self, places| i128::from(number.mantissa) * i128::from(10_i64.pow(places));
        widened(self, other.places).cmp(&widened(other, self.places))
    }

    /// Whether it is a multiple of the divisor, 0 included; none if that takes larger numbers.
    #[inline]
    pub(crate) fn is_multiple_of(self, divisor: &Divisor) -> Option<bool> {
        let mut value = self.mantissa.unsigned_abs();
        let shift = i64::try_from(-i128::from(self.places) - divisor.exponent).ok()?;
        let power = u32::try_from(shift.unsigned_abs()).ok().filter(|power| *power <= DIGITS)?;
        if shift < 0 {
            let ten = 10_u64.pow(power);
            if !value.is_multiple_of(ten) {
                return Some(false);
            }
            value /= ten;
        } else if shift > 0 {
            value = value.checked_mul(10_u64.pow(power))?;
        }
        Some(value.is_multiple_of(divisor.digits))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// Numbers as people and hostile people write them.
    fn token() -> impl Strategy<Value = String> {
        "-?(0|[1-9][0-9]{0,20})(\\.[0-9]{1,20})?([eE][+-]?[0-9]{1,2})?"
    }

    #[test]
    fn each_value_has_one_form() {
        for equal in [
            &["1", "1.0", "1.000000000000000000000000", "10e-1", "0.1E1"][..],
            &["0", "-0", "0.0", "0e7", "0e99999", "0e-99999", "-0.00000000000000000000000"],
            &["-2.5", "-25e-1", "-0.25e+1", "-2.50000000000000000000000"],
            &["999999999999999999", "999999999999999999.0", "99999999999999999.9e1"],
            &["0.000000000000000001", "1e-18"],
        ] {
            let first = ShortNumber::of(equal[0]).unwrap();
            assert!(equal.iter().all(|number| ShortNumber::of(number) == Some(first)), "{equal:?}");
        }
        for long in
            ["1000000000000000000", "1e18", "1e-19", "1234567890123456789", "0.1234567890123456789", "1e999999999"]
        {
            assert_eq!(ShortNumber::of(long), None, "{long}");
        }
    }

    proptest! {
        #[test]
        fn short_numbers_are_compared_and_divided_like_all_others(left in token(), right in token()) {
            let exact = (Number::of(&left), Number::of(&right));
            if let (Some(short), Some(other)) = (ShortNumber::of(&left), ShortNumber::of(&right)) {
                prop_assert_eq!(short.compare(other), exact.0.cmp(&exact.1));
                prop_assert_eq!(short == other, exact.0 == exact.1);
            }
            if let (Some(short), Some(divisor)) = (ShortNumber::of(&left), exact.1.as_divisor())
                && let Some(is_multiple) = short.is_multiple_of(&divisor)
            {
                prop_assert_eq!(is_multiple, exact.0.is_multiple_of(&divisor));
            }
            // Whether a number is short depends on its value alone.
            let spelt = format!("{left}{}", if left.contains(['e', 'E']) { "" } else { "e0" });
            prop_assert_eq!(ShortNumber::of(&spelt), ShortNumber::of(&left));
        }
    }
}
