use jurat_model::{Input, Kind};

use super::*;
use crate::json::Position;

const FILE: &str = r#"{
  "schema": {"physical_path": "$schema"},
  "status": {"physical_path": "status", "to_logical": null, "description": "of the loan"},
  "maturity": {"physical_path": "dates.maturity_date", "to_logical": "str_to_date", "to_physical": "date_to_str"},
  "dates": {"physical_path": "dates"},
  "last\u005fmodified": {"to_physical": "datetime_to_str", "to_logical": "str_to_datetime", "physical_path": "dates.m"}
}
"#;

fn refusal(file: &str) -> String {
    FieldMap::parse(file.as_bytes()).unwrap_err().to_string()
}

fn input(name: &str, kind: Kind) -> Input {
    Input { name: name.to_owned(), of: None, kind, required: true }
}

#[test]
fn a_file_becomes_a_map() {
    let map = FieldMap::parse(FILE.as_bytes()).unwrap();
    let fields: Vec<(&str, String, Option<Conversion>)> =
        map.fields().map(|(name, field)| (name, field.path.to_string(), field.conversion)).collect();
    let expected = [
        ("dates", "dates", None),
        ("last_modified", "dates.m", Some(Conversion::StrToDatetime)),
        ("maturity", "dates.maturity_date", Some(Conversion::StrToDate)),
        ("schema", "$schema", None),
        ("status", "status", None),
    ];
    assert_eq!(fields, expected.map(|(name, path, conversion)| (name, path.to_owned(), conversion)));
    assert_eq!(map.field("maturity").unwrap().path.pointer(), "/dates/maturity_date");
    assert_eq!(map.field("Maturity"), None);
    assert_eq!(FieldMap::parse(b"{}").unwrap(), FieldMap::default());
}

#[test]
fn a_file_that_is_not_a_map_is_refused() {
    assert_eq!(refusal(""), "expected a value, found the end of the text at line 1, column 1");
    assert_eq!(refusal("\n []"), "an array where an object was expected at line 2, column 2");
    let twice = "{\"a\": {\"physical_path\": \"a\"},\n \"\\u0061\": {\"physical_path\": \"b\"}}";
    assert_eq!(refusal(twice), "the key `a` for the second time in one object at line 2, column 2");
    let twice = r#"{"a": {"physical_path": "a", "physical_path": "b"}}"#;
    assert_eq!(refusal(twice), "the key `physical_path` for the second time in one object at line 1, column 30");
}

#[test]
fn a_wrong_entry_is_refused_with_its_position_and_the_reason() {
    let cases = [
        (r#""": {"physical_path": "a"}"#, "1:2 / an empty name"),
        (r#""now": {"physical_path": "a"}"#, "1:2 /now `now` is the time of the run and cannot be a field"),
        (r#""a": "b""#, "1:7 /a expected an object"),
        (r#""a/b": {}"#, "1:2 /a~1b `physical_path` is missing"),
        (r#""a": {"physical_path": 1}"#, "1:25 /a/physical_path expected a string"),
        (
            r#""a": {"physical_path": "b..c"}"#,
            "1:25 /a/physical_path `b..c` is not a path: nothing before, between or behind its dots: write the keys that lead \
             to the value, with dots between them",
        ),
        (
            r#""a": {"physical_path": "b.0"}"#,
            "1:25 /a/physical_path `b.0` is not a path: `0` may be a key or an index: write `\\0` for a key, or an index in \
             brackets, as in `list[0]` (in JSON, each backslash is written `\\\\`)",
        ),
        (
            r#""a": {"physical_path": "b[].c"}"#,
            "1:25 /a/physical_path `b[].c` is not a path: `[]` comes with lists in a later version: until then a path leads to \
             one element, as in `list[0]`",
        ),
        (r#""a": {"physical_path": "b", "round": 10}"#, "1:39 /a/round expected an object with `places` and `mode`"),
        (r#""a": {"physical_path": "b", "round": {"mode": "up"}}"#, "1:30 /a/round `places` is missing"),
        (r#""a": {"physical_path": "b", "round": {"places": 0}}"#, "1:30 /a/round `mode` is missing"),
        (
            r#""a": {"physical_path": "b", "round": {"places": 29, "mode": "up"}}"#,
            "1:50 /a/round/places expected a whole number from 0 to 28",
        ),
        (
            r#""a": {"physical_path": "b", "round": {"places": -1, "mode": "up"}}"#,
            "1:50 /a/round/places expected a whole number from 0 to 28",
        ),
        (
            r#""a": {"physical_path": "b", "round": {"places": 2.0, "mode": "up"}}"#,
            "1:50 /a/round/places expected a whole number from 0 to 28",
        ),
        (
            r#""a": {"physical_path": "b", "round": {"places": 2, "mode": "half_evn"}}"#,
            "1:61 /a/round/mode unknown mode `half_evn`; did you mean `half_even`?",
        ),
        (
            r#""a": {"physical_path": "b", "round": {"places": 2, "mode": "bankers"}}"#,
            "1:61 /a/round/mode unknown mode `bankers`; known are `half_even`, `half_up`, `half_down`, `up`, `down`, `ceiling`, \
             `floor`",
        ),
        (r#""a": {"physical_path": "b", "round": {"places": 2, "mode": 1}}"#, "1:61 /a/round/mode expected a string"),
        (
            r#""a": {"physical_path": "b", "round": {"places": 2, "mode": "up", "plcaes": 3}}"#,
            "1:67 /a/round/plcaes unknown member; did you mean `places`?",
        ),
        (
            r#""a": {"physical_path": "b", "to_logical": "str_to_date", "round": {"places": 2, "mode": "up"}}"#,
            "1:2 /a `round` is for numbers, and `to_logical` reads a text: remove one of them",
        ),
        (
            r#""a": {"physical_path": "b", "to_logicl": null}"#,
            "1:30 /a/to_logicl unknown member; did you mean `to_logical`?",
        ),
        (
            r#""a": {"physical_path": "b", "x": null}"#,
            "1:30 /a/x unknown member; known are `physical_path`, `to_logical`, `to_physical`, `round`, \
             `description`",
        ),
        (
            r#""a": {"physical_path": "b", "to_logical": "str_to_dat"}"#,
            "1:44 /a/to_logical unknown conversion `str_to_dat`; did you mean `str_to_date`?",
        ),
        (
            r#""a": {"physical_path": "b", "to_logical": "upper"}"#,
            "1:44 /a/to_logical unknown conversion `upper`; known are `str_to_date`, `str_to_datetime`",
        ),
        (
            r#""a": {"physical_path": "b", "to_physical": "str_to_date"}"#,
            "1:45 /a/to_physical unknown conversion `str_to_date`; known are `date_to_str`, `datetime_to_str`",
        ),
        (r#""a": {"physical_path": "b", "to_logical": 1}"#, "1:44 /a/to_logical expected a string"),
    ];
    for (entry, expected) in cases {
        let error = FieldMap::parse(format!("{{{entry}}}").as_bytes()).unwrap_err();
        let FieldMapError::Entries(errors) = error else { panic!("{error}") };
        let shown: Vec<String> = errors
            .iter()
            .map(|error| format!("{}:{} {} {}", error.at.line, error.at.column, error.pointer, error.problem))
            .collect();
        assert_eq!(shown, [expected], "{entry}");
    }
}

#[test]
fn all_wrong_entries_are_told_at_once() {
    let file = "{\"a\": 1,\n\"ok\": {\"physical_path\": \"x\"},\n\"b\": {}}";
    let FieldMapError::Entries(errors) = FieldMap::parse(file.as_bytes()).unwrap_err() else { panic!("other error") };
    let positions: Vec<Position> = errors.iter().map(|error| error.at).collect();
    assert_eq!(positions.iter().map(|at| (at.line, at.column)).collect::<Vec<_>>(), [(1, 7), (3, 1)]);
    assert_eq!(
        refusal(file),
        "line 1, column 7: `/a`: expected an object; line 3, column 1: `/b`: `physical_path` is missing"
    );
}

#[test]
fn only_decimals_read_a_field_that_is_rounded() {
    let file = r#"{"a": {"physical_path": "a", "round": {"places": 28, "mode": "half_even"}}}"#;
    let map = FieldMap::parse(file.as_bytes()).unwrap();
    for kind in Kind::ALL {
        let fits = matches!(kind, Kind::Decimal | Kind::Text | Kind::Json);
        assert_eq!(map.check(&input("a", kind)).is_ok(), fits, "{kind}");
    }
    assert_eq!(
        map.check(&input("a", Kind::Number)).unwrap_err().to_string(),
        "the field has `round`, so only inputs of the kind `decimal` can read its numbers, not `number`; `text` and `json` read it as \
         it is written"
    );
}

#[test]
fn kinds_must_fit_conversions() {
    let map = FieldMap::parse(FILE.as_bytes()).unwrap();
    for kind in Kind::ALL {
        let fits = |name: &str| map.check(&input(name, kind)).is_ok();
        assert_eq!(fits("status"), !matches!(kind, Kind::Date | Kind::Timestamp), "{kind}");
        assert_eq!(fits("maturity"), kind == Kind::Date, "{kind}");
        assert_eq!(fits("last_modified"), kind == Kind::Timestamp, "{kind}");
        assert_eq!(fits("now"), kind == Kind::Timestamp, "{kind}");
        assert!(fits("unheard_of"), "{kind}");
    }
    let message = |name: &str, kind| map.check(&input(name, kind)).unwrap_err().to_string();
    assert_eq!(
        message("status", Kind::Date),
        "an input of the kind `date` needs a field with `to_logical` = `str_to_date`"
    );
    assert_eq!(
        message("maturity", Kind::Text),
        "the field is converted with `str_to_date`, so an input of the kind `text` cannot read it"
    );
}
