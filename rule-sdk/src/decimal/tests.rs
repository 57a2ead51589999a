use proptest::prelude::*;

use super::*;

#[test]
fn a_text_is_read_exactly_or_not_at_all() {
    for (text, written) in [
        ("0", "0"),
        ("-0.00", "0.00"),
        ("1.50", "1.50"),
        ("-12", "-12"),
        ("1e3", "1000"),
        ("1.5E+1", "15"),
        ("15e-1", "1.5"),
        ("1.50e-2", "0.0150"),
        ("0e999999999999999999999", "0"),
        ("79228162514264337593543950335", "79228162514264337593543950335"),
        ("-7.9228162514264337593543950335", "-7.9228162514264337593543950335"),
        ("0.0000000000000000000000000001", "0.0000000000000000000000000001"),
    ] {
        assert_eq!(text.parse::<Decimal>().map(|decimal| decimal.to_string()).as_deref(), Ok(written), "{text}");
    }
    for text in [
        "",
        "-",
        "+1",
        ".5",
        "1.",
        "01",
        "1e",
        "1e+",
        "1_000",
        "1,5",
        " 1",
        "1 ",
        "0x1",
        "NaN",
        "\"1\"",
        "٣",
        "79228162514264337593543950336",
        "0.00000000000000000000000000001",
        "1.00000000000000000000000000000",
        "0.1000000000000000055511151231257827021181583404541015625",
        "1.4210854715202004e-14",
        "1e29",
        "1e999999999999999999999",
        "1e-999999999999999999999",
    ] {
        assert_eq!(text.parse::<Decimal>(), Err(ParseDecimalError), "{text}");
    }
}

#[test]
fn it_computes_as_the_decimal_inside() {
    let (a, b) = (Decimal::new(150, 2), Decimal::from(-4));
    assert_eq!([a + b, a - b, a * b, b % a].map(|value| value.to_string()), ["-2.50", "5.50", "-6.00", "-1.00"]);
    let (borrowed, other) = (&b, &a);
    assert_eq!(borrowed / other * a, b);
    assert_eq!([a, b].iter().sum::<Decimal>(), [a, b].into_iter().sum());
    let mut sum = a;
    sum += b;
    assert_eq!((sum, -sum, sum.abs()), (Decimal::new(-25, 1), Decimal::new(25, 1), Decimal::new(25, 1)));
    assert_eq!(Decimal::MAX.checked_add(Decimal::ONE), None);
    assert_eq!(Decimal::ONE.checked_div(Decimal::ZERO), None);
    assert_eq!(i64::try_from(a).ok(), Some(1));
    assert_eq!(
        (a.scale(), a.mantissa(), a.round(), a.round_dp(1).to_string()),
        (2, 150, Decimal::TWO, "1.5".to_owned())
    );
    assert_eq!(format!("{a} {a:?} {:.1}", a), "1.50 1.50 1.5");
    assert_eq!(Decimal::from(rust_decimal::Decimal::from(a)), a);
}

proptest! {
    #[test]
    fn what_is_written_is_read_again(units in -(1i128 << 96) + 1..1i128 << 96, scale in 0..=28u32) {
        let decimal = Decimal::from_i128_with_scale(units, scale);
        let read: Decimal = decimal.to_string().parse().unwrap();
        prop_assert_eq!((read.mantissa(), read.scale()), (units, scale));
        prop_assert_eq!(format!("{units}e-{scale}").parse(), Ok(decimal));
    }

    #[test]
    fn any_text_gets_an_answer(text in "[-+0-9.eE_]{0,40}") {
        let _ = text.parse::<Decimal>();
    }
}
