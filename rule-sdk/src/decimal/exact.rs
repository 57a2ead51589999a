//! From a number as JSON writes it to a decimal: exactly, or not at all.

/// The greatest magnitude without the point: 96 bits.
const MAX_UNITS: u128 = (1 << 96) - 1;
const MAX_SCALE: i64 = 28;

/// The decimal that a number is, as its digits without the point and its places. An exponent moves the point, and zeroes behind the point are kept: `1.50` has two places, `1e3` none, `1.5e-3` four. None
/// if the text is not a number, or if it takes more than 28 places or 96 bits. The time is linear in the length of the text.
pub(super) fn read(text: &str) -> Option<(i128, u32)> {
    let bytes = text.as_bytes();
    let (is_negative, bytes) = match bytes {
        [b'-', rest @ ..] => (true, rest),
        _ => (false, bytes),
    };
    let (whole, rest) = digits(bytes)?;
    let (fraction, rest) = match rest {
        [b'.', rest @ ..] => digits(rest)?,
        _ => (&[][..], rest),
    };
    let exponent = match rest {
        [] => 0,
        [b'e' | b'E', rest @ ..] => exponent(rest)?,
        _ => return None,
    };
    if matches!(whole, [b'0', _, ..]) {
        return None;
    }

    let places = i64::try_from(fraction.len()).ok()?.saturating_sub(exponent);
    let scale = u32::try_from(places.max(0)).ok().filter(|_| places <= MAX_SCALE)?;
    let mut units: u128 = 0;
    for digit in whole.iter().chain(fraction) {
        units = Some(units * 10 + u128::from(digit - b'0')).filter(|units| *units <= MAX_UNITS)?;
    }
    // The exponent may move the point beyond the last digit.
    for _ in places..0 {
        if units == 0 {
            break;
        }
        units = Some(units * 10).filter(|units| *units <= MAX_UNITS)?;
    }
    let units = i128::try_from(units).ok()?;
    Some((if is_negative { -units } else { units }, scale))
}

/// The digits at the beginning, at least one, and the rest.
fn digits(bytes: &[u8]) -> Option<(&[u8], &[u8])> {
    let count = bytes.iter().take_while(|byte| byte.is_ascii_digit()).count();
    bytes.split_at_checked(count).filter(|(digits, _)| !digits.is_empty())
}

/// An exponent, or the end of the range where it lies beyond: both are out of reach.
fn exponent(bytes: &[u8]) -> Option<i64> {
    let (is_negative, bytes) = match bytes {
        [b'-', rest @ ..] => (true, rest),
        [b'+', rest @ ..] => (false, rest),
        _ => (false, bytes),
    };
    let (digits, rest) = digits(bytes)?;
    let append = |sum: i64, digit: &u8| sum.saturating_mul(10).saturating_add(i64::from(digit - b'0'));
    let exponent = digits.iter().fold(0, append);
    rest.is_empty().then_some(if is_negative { -exponent } else { exponent })
}
