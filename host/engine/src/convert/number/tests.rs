use proptest::prelude::*;
use rust_decimal::Decimal;

use super::*;

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

proptest! {
    #![proptest_config(ProptestConfig::with_cases(5_000))]

    #[test]
    fn moving_the_point_through_the_text_gives_the_same_decimal(literal in literal()) {
        prop_assert_eq!(decimal(&literal), by_text(&literal));
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
