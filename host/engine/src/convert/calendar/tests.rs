use jiff::civil::{self, ISOWeekDate, Weekday};
use jiff::tz::{Offset, TimeZone};
use proptest::prelude::*;

use super::*;

#[test]
fn every_day_of_the_calendar_follows_the_one_before() {
    let mut day = civil::date(1, 1, 1);
    let mut expected = date("\"0001-01-01\"").unwrap();
    while let Ok(next) = day.tomorrow() {
        for text in forms(day) {
            assert_eq!(date(&format!("\"{text}\"")), Some(expected), "{text}");
        }
        (day, expected) = (next, expected + 1);
    }
    assert_eq!(day, civil::date(9999, 12, 31));
}

/// The forms in which ISO 8601 writes a day.
fn forms(day: civil::Date) -> Vec<String> {
    let (year, month, of_month, of_year) = (day.year(), day.month(), day.day(), day.day_of_year());
    let week = day.iso_week_date();
    let (weeks, number, of_week) = (week.year(), week.week(), week.weekday().to_monday_one_offset());
    let mut forms = vec![
        format!("{year:04}-{month:02}-{of_month:02}"),
        format!("{year:04}{month:02}{of_month:02}"),
        format!("{year:04}-{of_year:03}"),
        format!("{year:04}{of_year:03}"),
        format!("{weeks:04}-W{number:02}-{of_week}"),
        format!("{weeks:04}W{number:02}{of_week}"),
    ];
    if week.weekday() == Weekday::Monday {
        forms.extend([format!("{weeks:04}-W{number:02}"), format!("{weeks:04}W{number:02}")]);
    }
    forms
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
    fn a_day_of_a_week_is_read_where_jiff_has_one(year in 1..=9999i16, week in 0..=60i8, day in 0..=9i8) {
        let weekday = Weekday::from_monday_one_offset(day).ok();
        let expected = weekday.and_then(|weekday| ISOWeekDate::new(year, week, weekday).ok()).map(ISOWeekDate::date);
        let expected = expected.filter(|day| (1..=9999).contains(&day.year()));
        let days = expected.map(|day| (day - civil::date(1970, 1, 1)).get_days());
        for text in [format!("{year:04}-W{week:02}-{day}"), format!("{year:04}W{week:02}{day}")] {
            prop_assert_eq!(date(&format!("\"{text}\"")), days, "{}", text);
        }
    }

    #[test]
    fn a_day_of_a_year_is_read_where_the_year_has_it(year in 1..=9999i16, day in 0..=999i16) {
        let first = civil::date(year, 1, 1);
        let expected = (1..=first.days_in_year()).contains(&day).then(|| (first - civil::date(1970, 1, 1)).get_days() + i32::from(day) - 1);
        for text in [format!("{year:04}-{day:03}"), format!("{year:04}{day:03}")] {
            prop_assert_eq!(date(&format!("\"{text}\"")), expected, "{}", text);
        }
    }

    #[test]
    fn nothing_but_the_forms_of_a_date_is_one(text in "[0-2]{3}[0-9][-W0-5]{2,4}[-W0-9]{0,3}") {
        let days = date(&format!("\"{text}\""));
        let day = days.map(|days| civil::date(1970, 1, 1) + jiff::Span::new().days(days));
        prop_assert!(day.is_none_or(|day| forms(day).contains(&text)), "{} {:?}", text, day);
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
