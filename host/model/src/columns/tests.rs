use proptest::prelude::*;

use super::*;
use crate::Kind;

#[derive(Clone, Debug)]
enum Cell {
    Decimal(Option<(i128, u8)>),
    Text(Option<String>),
    Boolean(Option<bool>),
}

fn column(cells: &[Cell]) -> Column<'static> {
    let kind = match cells.first() {
        Some(Cell::Decimal(_)) => Kind::Decimal,
        Some(Cell::Boolean(_)) => Kind::Boolean,
        _ => Kind::Text,
    };
    let mut builder = ColumnBuilder::new(kind, cells.len());
    for cell in cells {
        match cell {
            Cell::Decimal(Some((units, scale))) => builder.push_decimal(*units, *scale),
            Cell::Text(Some(text)) => builder.push_text(text).unwrap(),
            Cell::Boolean(Some(value)) => builder.push_boolean(*value),
            Cell::Decimal(None) | Cell::Text(None) | Cell::Boolean(None) => builder.push_absent(),
        }
    }
    assert_eq!(builder.rows(), cells.len());
    builder.finish()
}

/// Reads a row back, whatever the layout.
fn read(column: &Column<'_>, row: u32) -> Cell {
    let is_present = column.is_present(row);
    let index = row as usize;
    match &column.values {
        Values::Decimals(Decimals { units, high, scales }) => Cell::Decimal(is_present.then(|| {
            let units = match high {
                Some(high) => (i128::from(high[index]) << 64) | i128::from(units[index].cast_unsigned()),
                None => i128::from(units[index]),
            };
            (units, scales[index])
        })),
        Values::Texts(texts) => Cell::Text(is_present.then(|| String::from_utf8(texts.row(row).to_vec()).unwrap())),
        Values::Booleans(values) => Cell::Boolean(is_present.then(|| values[index] == 1)),
        other => panic!("{other:?}"),
    }
}

fn cells() -> impl Strategy<Value = Vec<Cell>> {
    let small = (any::<i64>().prop_map(i128::from), 0..=28u8);
    let wide = ((-(1i128 << 96) + 1)..(1i128 << 96), 0..=28u8);
    prop_oneof![
        prop::collection::vec(prop::option::of(small.clone()).prop_map(Cell::Decimal), 1..40),
        prop::collection::vec(prop::option::of(prop_oneof![small, wide]).prop_map(Cell::Decimal), 1..40),
        prop::collection::vec(prop::option::of(".{0,5}").prop_map(Cell::Text), 1..40),
        prop::collection::vec(prop::option::of(any::<bool>()).prop_map(Cell::Boolean), 1..40),
    ]
}

proptest! {
    #[test]
    fn rows_read_back_from_any_slice_and_selection(cells in cells(), cut in any::<(prop::sample::Index, prop::sample::Index)>()) {
        let column = column(&cells);
        let rows = u32::try_from(cells.len()).unwrap();
        let (a, b) = (cut.0.index(cells.len() + 1), cut.1.index(cells.len() + 1));
        let range = u32::try_from(a.min(b)).unwrap()..u32::try_from(a.max(b)).unwrap();

        let slice = column.slice(range.clone());
        let rows_of_slice: Vec<u32> = range.collect();
        let selection = column.select(&rows_of_slice);
        for (index, &row) in rows_of_slice.iter().enumerate() {
            let index = u32::try_from(index).unwrap();
            let expected = format!("{:?}", cells[row as usize]);
            prop_assert_eq!(format!("{:?}", read(&slice, index)), expected.clone());
            prop_assert_eq!(format!("{:?}", read(&selection, index)), expected);
        }
        for row in 0..rows {
            prop_assert_eq!(format!("{:?}", read(&column, row)), format!("{:?}", cells[row as usize]));
        }
    }
}

#[test]
fn a_column_without_gaps_has_no_bitmap() {
    assert_eq!(column(&[Cell::Boolean(Some(true))]).present, None);
    assert_eq!(column(&[Cell::Boolean(Some(true)), Cell::Boolean(None)]).present.as_deref(), Some(&[1u8][..]));
}

#[test]
fn small_decimals_have_no_high_half() {
    let column = column(&[Cell::Decimal(Some((-1, 2))), Cell::Decimal(Some((i128::from(i64::MIN), 0)))]);
    let Values::Decimals(decimals) = &column.values else { panic!("not decimals") };
    assert_eq!(decimals.high, None);
}

#[test]
fn a_value_of_another_kind_is_absent() {
    let mut builder = ColumnBuilder::new(Kind::Integer, 2);
    builder.push_boolean(true);
    builder.push_integer(7);
    let column = builder.finish();
    assert!(!column.is_present(0));
    assert!(column.is_present(1));
}
