use jiff::civil;
use jiff::tz::{Offset, TimeZone};
use proptest::prelude::*;

use super::*;

#[test]
fn every_day_of_the_calendar_follows_the_one_before() {
    let mut day = civil::date(1, 1, 1);
    let mut expected = date("\"0001-01-01\"").unwrap();
    while let Ok(next) = day.tomorrow() {
        assert_eq!(date(&format!("\"{day}\"")), Some(expected), "{day}");
        (day, expected) = (next, expected + 1);
    }
    assert_eq!(day, civil::date(9999, 12, 31));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(5_000))]

    #[test]
    fn a_date_is_read_where_jiff_reads_one(text in "[012][0-9]{3}-[01][0-9]-[0-3][0-9]") {
        let expected = text.parse::<civil::Date>().ok().filter(|day| day.year() > 0);
        let days = expected.map(|day| (day - civil::date(1970, 1, 1)).get_days());
        prop_assert_eq!(date(&format!("\"{text}\"")), days);
    }

    #[test]
    fn a_timestamp_is_the_point_in_time_that_jiff_says(
        microseconds in -62_135_000_000_000_000i64..253_402_200_000_000_000,
        minutes in -23 * 60..=23 * 60i32,
    ) {
        let point = jiff::Timestamp::from_microsecond(microseconds).unwrap();
        prop_assert_eq!(timestamp(&format!("\"{point}\"")), Some(microseconds));
        let offset = Offset::from_seconds(minutes * 60).unwrap();
        let local = point.to_zoned(TimeZone::fixed(offset)).datetime();
        if (1..=9999).contains(&local.year()) {
            let sign = if minutes < 0 { '-' } else { '+' };
            let text = format!("\"{local}{sign}{:02}:{:02}\"", minutes.abs() / 60, minutes.abs() % 60);
            prop_assert_eq!(timestamp(&text), Some(microseconds), "{}", text);
        }
    }
}
