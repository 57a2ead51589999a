//! Numbers of all three kinds.

use crate::rounding::{MAX_PLACES, Remainder, Rounding};

/// The most places after the point that a decimal may have.
pub const MAX_SCALE: u8 = MAX_PLACES;

/// The greatest magnitude of a decimal without its point: 96 bits.
pub const MAX_UNITS: u128 = (1 << 96) - 1;

/// The integer that a number token is, whatever way it is written: `5`, `5.0` and `50e-1` alike.
#[must_use]
#[inline]
pub fn integer(token: &str) -> Option<i64> {
    let literal = Literal::read(token)?;
    let (digits, exponent) = match literal.short() {
        Some((digits, 0)) => return Some(literal.signed(digits)),
        _ => literal.significant()?,
    };
    if digits == 0 {
        return Some(0);
    }
    let shift = u32::try_from(exponent).ok().filter(|&shift| shift < 20)?;
    let magnitude = digits.checked_mul(10u128.checked_pow(shift)?)?;
    let value = i128::try_from(magnitude).ok()?;
    i64::try_from(if literal.is_negative { -value } else { value }).ok()
}

/// The float nearest to a number token; none if that would be infinite.
#[must_use]
#[inline]
pub fn number(token: &str) -> Option<f64> {
    match token.as_bytes().first()? {
        b'-' | b'0'..=b'9' => token.parse().ok().filter(|value: &f64| value.is_finite()),
        _ => None,
    }
}

/// The decimal that a number token is, as an integer and the places after its point.
///
/// An exponent moves the point; zeroes behind the point are kept: `1.50` is (150, 2), `1e3` is (1000, 0), `1.5e-3` is
/// (15, 4). None if that takes more than [`MAX_SCALE`] places or a magnitude above [`MAX_UNITS`], even where the value could be
/// written shorter: a record that writes 29 places means them.
#[must_use]
#[inline]
pub fn decimal(token: &str) -> Option<(i128, u8)> {
    let literal = Literal::read(token)?;
    if let Some((digits, scale @ 0..=28)) = literal.short() {
        return Some((literal.signed(digits).into(), u8::try_from(scale).ok()?));
    }
    let places = literal.places();
    let scale = u8::try_from(places.max(0)).ok().filter(|&scale| scale <= MAX_SCALE)?;
    let (digits, exponent) = literal.significant()?;
    if digits == 0 {
        return Some((0, scale));
    }
    // INVARIANT: the significant digits end at or before the last place, so this never falls below zero.
    let shift = u32::try_from(exponent.saturating_add(scale.into())).ok().filter(|&shift| shift < 39)?;
    let magnitude = digits.checked_mul(10u128.checked_pow(shift)?).filter(|&units| units <= MAX_UNITS)?;
    let units = i128::try_from(magnitude).ok()?;
    Some((if literal.is_negative { -units } else { units }, scale))
}

/// The decimal that a number token is, rounded to the given places if it has more. It is exact, however long the token is, and takes no
/// longer than the token is long.
///
/// None if the magnitude is above [`MAX_UNITS`].
#[must_use]
pub fn rounded_decimal(token: &str, rounding: Rounding) -> Option<(i128, u8)> {
    let literal = Literal::read(token)?;
    let Rounding { places, mode } = rounding;
    if literal.places() <= i64::from(places) {
        return decimal(token);
    }
    let mut digits = literal.whole.iter().chain(literal.fraction).map(|digit| digit & 0x0f);
    // How many digits stay. Less than none if zeroes would have to come before the first one.
    let whole = i64::try_from(literal.whole.len()).unwrap_or(i64::MAX);
    let kept = whole.saturating_add(literal.exponent).saturating_add(places.into());
    let mut magnitude: u128 = 0;
    for digit in digits.by_ref().take(usize::try_from(kept).unwrap_or(0)) {
        magnitude = magnitude * 10 + u128::from(digit);
        if magnitude > MAX_UNITS {
            return None;
        }
    }
    let first = if kept < 0 { 0 } else { digits.next().unwrap_or(0) };
    let has_more = digits.any(|digit| digit != 0);
    let remainder = match (first, has_more) {
        (0, false) => None,
        (5, false) => Some(Remainder::Half),
        (0..=4, _) => Some(Remainder::BelowHalf),
        _ => Some(Remainder::AboveHalf),
    };
    let goes_up = remainder.is_some_and(|remainder| mode.goes_up(literal.is_negative, magnitude % 2 == 1, remainder));
    let magnitude = Some(magnitude + u128::from(goes_up)).filter(|&units| units <= MAX_UNITS)?;
    let units = i128::try_from(magnitude).ok()?;
    Some((if literal.is_negative { -units } else { units }, places))
}

/// A limit of decimals.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Limit {
    /// So many places after the point, more than [`MAX_SCALE`].
    Places(i64),
    /// A magnitude above [`MAX_UNITS`].
    Digits,
}

/// The limit that a number token does not keep; none if it is not a number, or if it keeps all.
pub(super) fn decimal_limit(token: &str, rounding: Option<Rounding>) -> Option<Limit> {
    if !token.starts_with(|first: char| first == '-' || first.is_ascii_digit()) {
        return None;
    }
    let places = Literal::read(token)?.places();
    let value = rounding.map_or_else(|| decimal(token), |rounding| rounded_decimal(token, rounding));
    match value {
        Some(_) => None,
        None if rounding.is_none() && places > i64::from(MAX_SCALE) => Some(Limit::Places(places)),
        None => Some(Limit::Digits),
    }
}

/// A number token, taken apart.
struct Literal<'a> {
    is_negative: bool,
    whole: &'a [u8],
    fraction: &'a [u8],
    exponent: i64,
}

impl<'a> Literal<'a> {
    #[inline]
    fn read(token: &'a str) -> Option<Self> {
        let bytes = token.as_bytes();
        let (is_negative, bytes) = match bytes {
            [b'-', rest @ ..] => (true, rest),
            _ => (false, bytes),
        };
        let (whole, rest) = split_digits(bytes)?;
        if whole.is_empty() {
            return None;
        }
        let (fraction, rest) = match rest {
            [b'.', rest @ ..] => split_digits(rest)?,
            _ => (rest.get(..0)?, rest),
        };
        let exponent = match rest {
            [b'e' | b'E', rest @ ..] => exponent(rest),
            _ => 0,
        };
        Some(Self { is_negative, whole, fraction, exponent })
    }

    /// All digits as one number, and how many of them lie behind the point; none if there are more than 18 or an exponent.
    #[inline]
    fn short(&self) -> Option<(i64, usize)> {
        if self.exponent != 0 || self.whole.len() + self.fraction.len() > 18 {
            return None;
        }
        let append = |sum: i64, digit: &u8| sum.wrapping_mul(10).wrapping_add(i64::from(digit & 0x0f));
        let digits = self.fraction.iter().fold(self.whole.iter().fold(0, append), append);
        Some((digits, self.fraction.len()))
    }

    /// How many places behind the point the last digit lies; less than none if the exponent moves it before the point.
    fn places(&self) -> i64 {
        i64::try_from(self.fraction.len()).unwrap_or(i64::MAX).saturating_sub(self.exponent)
    }

    /// The digits without zeroes at either end, and the power of ten by which they count; none if there are more than 38.
    fn significant(&self) -> Option<(u128, i64)> {
        let mut digits: u128 = 0;
        let mut zeroes: u32 = 0;
        for digit in self.whole.iter().chain(self.fraction).map(|digit| digit & 0x0f) {
            if digit == 0 {
                zeroes = zeroes.saturating_add(1);
                continue;
            }
            if digits != 0 {
                digits = digits.checked_mul(10u128.checked_pow(zeroes)?)?;
            }
            digits = digits.checked_mul(10)?.checked_add(digit.into())?;
            zeroes = 0;
        }
        Some((digits, i64::from(zeroes).saturating_sub(self.places())))
    }

    #[inline]
    fn signed(&self, digits: i64) -> i64 {
        if self.is_negative { -digits } else { digits }
    }
}

#[inline]
fn split_digits(bytes: &[u8]) -> Option<(&[u8], &[u8])> {
    bytes.split_at_checked(bytes.iter().take_while(|byte| byte.is_ascii_digit()).count())
}

/// An exponent, or the largest there is where it is larger: both are far out of reach.
fn exponent(bytes: &[u8]) -> i64 {
    let (is_negative, digits) = match bytes {
        [b'-', rest @ ..] => (true, rest),
        [b'+', rest @ ..] => (false, rest),
        _ => (false, bytes),
    };
    let append = |sum: i64, digit: &u8| sum.saturating_mul(10).saturating_add(i64::from(digit & 0x0f));
    let exponent = digits.iter().fold(0, append);
    if is_negative { -exponent } else { exponent }
}

#[cfg(test)]
mod tests;
