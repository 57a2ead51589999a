//! Dates, times and durations of RFC 3339.

/// `2024-02-29`
pub(super) fn is_date(text: &str) -> bool {
    let [y0, y1, y2, y3, b'-', m0, m1, b'-', d0, d1] = *text.as_bytes() else { return false };
    let (Some(century), Some(year), Some(month), Some(day)) = (two(y0, y1), two(y2, y3), two(m0, m1), two(d0, d1))
    else {
        return false;
    };
    let year = century * 100 + year;
    let days = match month {
        2 if year.is_multiple_of(4) && (!year.is_multiple_of(100) || year.is_multiple_of(400)) => 29,
        2 => 28,
        4 | 6 | 9 | 11 => 30,
        1..=12 => 31,
        _ => 0,
    };
    (1..=days).contains(&day)
}

/// `23:59:60.5Z`, `12:00:00+01:00`. A leap second ends a day of UTC.
pub(super) fn is_time(text: &str) -> bool {
    let [h0, h1, b':', m0, m1, b':', s0, s1, ref rest @ ..] = *text.as_bytes() else { return false };
    let (Some(hour), Some(minute), Some(second)) = (two(h0, h1), two(m0, m1), two(s0, s1)) else { return false };
    let rest = match rest {
        [b'.', fraction @ ..] => {
            let digits = fraction.iter().take_while(|byte| byte.is_ascii_digit()).count();
            if digits == 0 {
                return false;
            }
            fraction.get(digits..).unwrap_or_default()
        }
        _ => rest,
    };
    let offset = match *rest {
        [b'Z' | b'z'] => 0,
        [sign @ (b'+' | b'-'), h0, h1, b':', m0, m1] => match (two(h0, h1), two(m0, m1)) {
            (Some(hours @ 0..=23), Some(minutes @ 0..=59)) => {
                let offset = i32::from(hours) * 60 + i32::from(minutes);
                if sign == b'+' { offset } else { -offset }
            }
            _ => return false,
        },
        _ => return false,
    };
    let of_day = i32::from(hour) * 60 + i32::from(minute);
    let is_last = (of_day - offset).rem_euclid(24 * 60) == 24 * 60 - 1;
    hour <= 23 && minute <= 59 && (second <= 59 || second == 60 && is_last)
}

/// A date, `T`, and a time.
pub(super) fn is_date_time(text: &str) -> bool {
    let Some((date, rest)) = text.split_at_checked(10) else { return false };
    is_date(date) && rest.strip_prefix(['T', 't']).is_some_and(is_time)
}

/// `P3Y6M4DT12H30M5S` or `P4W`: units in their order, at least one, and none left out between two.
pub(super) fn is_duration(text: &str) -> bool {
    let Some(text) = text.strip_prefix('P') else { return false };
    if let Some(weeks) = text.strip_suffix('W') {
        return is_number(weeks);
    }
    match text.split_once('T') {
        None => has_units(text, "YMD"),
        Some((date, time)) => (date.is_empty() || has_units(date, "YMD")) && has_units(time, "HMS"),
    }
}

/// Whether a text consists of numbers, each with its unit, in the order of the units and without a gap.
fn has_units(text: &str, units: &str) -> bool {
    let mut left: Option<&str> = None;
    let mut rest = text;
    while let Some(end) = rest.find(|letter: char| !letter.is_ascii_digit()) {
        let (number, behind) = rest.split_at(end);
        let mut letters = behind.chars();
        let Some(unit) = letters.next() else { return false };
        let expected = left.unwrap_or(units);
        let place = expected.find(unit).filter(|place| left.is_none() || *place == 0);
        let Some(place) = place.filter(|_| is_number(number)) else { return false };
        left = expected.get(place + 1..);
        rest = letters.as_str();
    }
    rest.is_empty() && left.is_some()
}

fn is_number(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit())
}

fn two(tens: u8, ones: u8) -> Option<u16> {
    let digit = |byte: u8| byte.is_ascii_digit().then(|| u16::from(byte - b'0'));
    Some(digit(tens)? * 10 + digit(ones)?)
}
