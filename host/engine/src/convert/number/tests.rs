use proptest::prelude::*;
use rust_decimal::Decimal;

use super::*;
use crate::excerpt::Excerpt;
use crate::rounding::RoundingMode;

/// The digits and the scale of a literal, by moving the point through its text.
fn by_text(literal: &str) -> Option<(i128, u8)> {
    let (mantissa, exponent) = literal.split_once(['e', 'E']).unwrap_or((literal, "0"));
    let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
    let exponent: i32 = exponent.parse().unwrap();
    let mut scale = i32::try_from(fraction.len()).unwrap() - exponent;
    let mut digits = format!("{whole}{fraction}");
    while scale < 0 {
        digits.push('0');
        scale += 1;
    }
    let units: i128 = match digits.trim_start_matches(['-', '0']) {
        "" => 0,
        significant if significant.len() > 30 => return None,
        _ => digits.parse().unwrap(),
    };
    (units.unsigned_abs() <= MAX_UNITS && scale <= 28).then(|| (units, u8::try_from(scale).unwrap()))
}

fn literal() -> impl Strategy<Value = String> {
    let plain = r"-?(0|[1-9][0-9]{0,31})(\.[0-9]{1,31})?";
    let zeroes = r"-?(0|[1-9]0{0,31})(\.0{0,30}[0-9])?";
    let edge = r"-?7922816251426433759354395033[3-7]";
    let exponent = prop_oneof![Just(String::new()), r"[eE][+-]?[0-9]{1,2}"];
    (prop_oneof![plain, zeroes, edge, r"-?[0-9]\.[0-9]{1,6}"], exponent)
        .prop_map(|(literal, exponent)| format!("{literal}{exponent}"))
}

/// What rounding gives, by comparing texts: slow, and plain.
fn rounded_by_text(literal: &str, rounding: Rounding) -> Option<(i128, u8)> {
    let (mantissa, exponent) = literal.split_once(['e', 'E']).unwrap_or((literal, "0"));
    let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
    let exponent: i64 = exponent.parse().unwrap();
    let is_negative = whole.starts_with('-');
    let mut scale = i64::try_from(fraction.len()).unwrap() - exponent;
    let places = i64::from(rounding.places);
    if scale <= places {
        return by_text(literal);
    }
    // Zeroes before the digits, so that there are more of them than places.
    let digits = format!("{}{}{fraction}", "0".repeat(200), whole.trim_start_matches('-'));
    let (mut kept, mut cut) = (digits, String::new());
    while scale > places {
        cut.insert(0, kept.pop().unwrap());
        scale -= 1;
    }
    let half = format!("5{}", "0".repeat(cut.len() - 1));
    let is_exact = cut.bytes().all(|digit| digit == b'0');
    let is_odd = kept.ends_with(['1', '3', '5', '7', '9']);
    let goes_up = match rounding.mode {
        _ if is_exact => false,
        RoundingMode::HalfEven => cut > half || (cut == half && is_odd),
        RoundingMode::HalfUp => cut >= half,
        RoundingMode::HalfDown => cut > half,
        RoundingMode::Up => true,
        RoundingMode::Down => false,
        RoundingMode::Ceiling => !is_negative,
        RoundingMode::Floor => is_negative,
    };
    let kept = kept.trim_start_matches('0');
    let magnitude: u128 = if kept.is_empty() { 0 } else { kept.get(..38.min(kept.len())).unwrap().parse().unwrap() };
    let magnitude = magnitude + u128::from(goes_up);
    if kept.len() > 38 || magnitude > MAX_UNITS {
        return None;
    }
    let units = i128::try_from(magnitude).unwrap();
    Some((if is_negative { -units } else { units }, rounding.places))
}

#[test]
fn every_mode_rounds_as_its_name_says() {
    // The table of `java.math.RoundingMode`.
    let cases: [(&str, [i128; 7]); 10] = [
        ("5.5", [6, 6, 5, 6, 5, 6, 5]),
        ("2.5", [2, 3, 2, 3, 2, 3, 2]),
        ("1.6", [2, 2, 2, 2, 1, 2, 1]),
        ("1.1", [1, 1, 1, 2, 1, 2, 1]),
        ("1.0", [1, 1, 1, 1, 1, 1, 1]),
        ("-1.0", [-1, -1, -1, -1, -1, -1, -1]),
        ("-1.1", [-1, -1, -1, -2, -1, -1, -2]),
        ("-1.6", [-2, -2, -2, -2, -1, -1, -2]),
        ("-2.5", [-2, -3, -2, -3, -2, -2, -3]),
        ("-5.5", [-6, -6, -5, -6, -5, -5, -6]),
    ];
    for (literal, expected) in cases {
        let rounded = RoundingMode::ALL.map(|mode| rounded_decimal(literal, Rounding { places: 0, mode }).unwrap());
        assert_eq!(rounded, expected.map(|units| (units, 0)), "{literal}");
    }
}

#[test]
fn rounding_is_exact_and_ends_at_once_whatever_the_length() {
    let half_even = |places| Rounding { places, mode: RoundingMode::HalfEven };
    let million = "9".repeat(1_000_000);
    let zeroes = "0".repeat(1_000_000);
    let cases = [
        ("1.50".to_owned(), half_even(10), Some((150, 2))),
        ("1.4210854715202004e-14".to_owned(), half_even(10), Some((0, 10))),
        ("-1.4210854715202004e-14".to_owned(), half_even(10), Some((0, 10))),
        ("0.1000000000000000055511151231257827021181583404541015625".to_owned(), half_even(2), Some((10, 2))),
        ("1e-999999999".to_owned(), half_even(2), Some((0, 2))),
        ("1e-999999999".to_owned(), Rounding { places: 2, mode: RoundingMode::Up }, Some((1, 2))),
        ("-1e-99999999999999999999999".to_owned(), Rounding { places: 2, mode: RoundingMode::Up }, Some((-1, 2))),
        ("0e-99999999999999999999999".to_owned(), Rounding { places: 2, mode: RoundingMode::Up }, Some((0, 2))),
        (format!("0.5{zeroes}1"), half_even(0), Some((1, 0))),
        (format!("0.5{zeroes}"), half_even(0), Some((0, 0))),
        (format!("0.{million}"), half_even(2), Some((100, 2))),
        (format!("0.{million}"), Rounding { places: 2, mode: RoundingMode::Down }, Some((99, 2))),
        (format!("0.{zeroes}1"), Rounding { places: 28, mode: RoundingMode::Ceiling }, Some((1, 28))),
        (format!("{million}.5"), half_even(0), None),
        (format!("{million}e-999999"), half_even(0), Some((10, 0))),
        (format!("1{zeroes}.5e-1000000"), half_even(0), Some((1, 0))),
        ("79228162514264337593543950335.4".to_owned(), half_even(0), Some((79_228_162_514_264_337_593_543_950_335, 0))),
        ("79228162514264337593543950335.6".to_owned(), half_even(0), None),
    ];
    for (literal, rounding, expected) in cases {
        assert_eq!(rounded_decimal(&literal, rounding), expected, "{} {rounding:?}", Excerpt::of(&literal));
    }
}

fn rounding() -> impl Strategy<Value = Rounding> {
    (0..=28u8, prop::sample::select(RoundingMode::ALL.to_vec())).prop_map(|(places, mode)| Rounding { places, mode })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(5_000))]

    #[test]
    fn moving_the_point_through_the_text_gives_the_same_decimal(literal in literal()) {
        prop_assert_eq!(decimal(&literal), by_text(&literal));
    }

    #[test]
    fn rounding_the_text_gives_the_same_decimal(literal in literal(), rounding in rounding()) {
        prop_assert_eq!(rounded_decimal(&literal, rounding), rounded_by_text(&literal, rounding));
    }

    #[test]
    fn a_limit_is_named_exactly_where_there_is_no_decimal(
        literal in literal(), rounding in prop::option::of(rounding()),
    ) {
        let value = rounding.map_or_else(|| decimal(&literal), |rounding| rounded_decimal(&literal, rounding));
        prop_assert_eq!(decimal_limit(&literal, rounding).is_none(), value.is_some());
    }

    #[test]
    fn rust_decimal_reads_the_same_decimal(literal in r"-?(0|[1-9][0-9]{0,14})(\.[0-9]{1,13})?") {
        let expected = Decimal::from_str_exact(&literal).unwrap();
        let (units, scale) = decimal(&literal).unwrap();
        prop_assert_eq!((units, u32::from(scale)), (expected.mantissa(), expected.scale()));
    }

    #[test]
    fn an_integer_is_a_decimal_without_a_fraction(literal in literal()) {
        let whole = by_text(&literal).and_then(|(units, scale)| {
            let power = 10i128.pow(scale.into());
            (units % power == 0).then(|| i64::try_from(units / power).ok()).flatten()
        });
        // A number that is not a decimal may still be an integer, as zeroes behind the point do not matter here.
        if by_text(&literal).is_some() {
            prop_assert_eq!(integer(&literal), whole);
        }
    }

    #[test]
    fn integers_are_read_back(value in any::<i64>(), zeroes in 0..40usize) {
        prop_assert_eq!(integer(&value.to_string()), Some(value));
        prop_assert_eq!(integer(&format!("{value}.{}", "0".repeat(zeroes + 1))), Some(value));
        prop_assert_eq!(integer(&format!("{value}{}e-{zeroes}", "0".repeat(zeroes))), Some(value));
    }

    #[test]
    fn numbers_are_read_back(value in any::<f64>().prop_filter("JSON has no others", |value| value.is_finite())) {
        prop_assert_eq!(number(&value.to_string()).map(f64::to_bits), Some(value.to_bits()));
        prop_assert_eq!(number(&format!("{value:e}")).map(f64::to_bits), Some(value.to_bits()));
    }

    #[test]
    fn no_exponent_is_too_large(digits in "[0-9]{1,3}", exponent in "[+-]?[0-9]{1,40}") {
        let literal = format!("{digits}e{exponent}");
        let _ = (decimal(&literal), integer(&literal), number(&literal));
    }
}
