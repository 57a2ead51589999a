use proptest::prelude::*;

use super::*;
use crate::parameters::values::{MAX_PARAMETERS, Parameters};
use crate::rpc::request::MAX_ID;

/// The id and the outcome of each request in a line; an error of the whole line is alone.
fn check(line: &str, expected: &[(Option<&str>, Result<&str, ErrorKind>)]) {
    let found = match Message::parse(line.as_bytes()) {
        Ok(Message::One(request)) => vec![request],
        Ok(Message::Batch(requests)) => requests,
        Err(failure) => vec![Request { id: None, call: Err(failure) }],
    };
    let found: Vec<_> = found
        .iter()
        .map(|request| {
            let call = request.call.as_ref().map(|(method, _)| &**method).map_err(|failure| failure.kind);
            (request.id, call)
        })
        .collect();
    assert_eq!(found, expected, "{line}");
}

#[test]
fn ids_come_back_as_they_were_sent() {
    for id in [
        "1",
        "-0",
        "1.50",
        "1e400",
        "123456789012345678901234567890",
        "null",
        "\"\"",
        r#""a\u0062\n\ud800""#,
        "\"é😀\"",
    ] {
        check(&format!(r#"{{"jsonrpc":"2.0","id":{id},"method":"m"}}"#), &[(Some(id), Ok("m"))]);
        check(&format!(r#" {{"method":"m" , "id" : {id} , "jsonrpc":"2.0"}} "#), &[(Some(id), Ok("m"))]);
    }
}

#[test]
fn json_that_is_not_a_request_is_told_apart_from_text_that_is_not_json() {
    use ErrorKind::{InvalidRequest, ParseError};
    let long = format!("\"{}\"", "x".repeat(MAX_ID));
    let cases: Vec<(String, Option<&str>, ErrorKind)> = vec![
        (r#"{"jsonrpc":"2.0","id":{},"method":"m"}"#.into(), None, InvalidRequest),
        (r#"{"jsonrpc":"2.0","id":[1],"method":"m"}"#.into(), None, InvalidRequest),
        (r#"{"jsonrpc":"2.0","id":true,"method":"m"}"#.into(), None, InvalidRequest),
        (format!(r#"{{"jsonrpc":"2.0","id":{long},"method":"m"}}"#), None, InvalidRequest),
        (r#"{"jsonrpc":"2.0","id":1,"id":2,"method":"m"}"#.into(), None, InvalidRequest),
        (r#"{"jsonrpc":"2.0","id":1,"\u0069d":1,"method":"m"}"#.into(), None, InvalidRequest),
        (r#"{"jsonrpc":"2.0","id":1,"method":"m","method":"m"}"#.into(), Some("1"), InvalidRequest),
        (r#"{"jsonrpc":"2.0","id":1,"method":"m","params":{},"params":{}}"#.into(), Some("1"), InvalidRequest),
        (r#"{"jsonrpc":"2.0","jsonrpc":"2.0","id":1,"method":"m"}"#.into(), Some("1"), InvalidRequest),
        (r#"{"jsonrpc":"1.0","id":1,"method":"m"}"#.into(), Some("1"), InvalidRequest),
        (r#"{"jsonrpc":2.0,"id":1,"method":"m"}"#.into(), Some("1"), InvalidRequest),
        (r#"{"id":1,"method":"m"}"#.into(), Some("1"), InvalidRequest),
        (r#"{"jsonrpc":"2.0","id":1}"#.into(), Some("1"), InvalidRequest),
        (r#"{"jsonrpc":"2.0","id":1,"method":1}"#.into(), Some("1"), InvalidRequest),
        (r#"{"jsonrpc":"2.0","id":1,"method":null}"#.into(), Some("1"), InvalidRequest),
        (r#"{"jsonrpc":"2.0","id":1,"method":"\ud800"}"#.into(), Some("1"), InvalidRequest),
        ("{}".into(), None, InvalidRequest),
        ("[]".into(), None, InvalidRequest),
        ("1".into(), None, InvalidRequest),
        ("1e400".into(), None, InvalidRequest),
        ("null".into(), None, InvalidRequest),
        ("\"text\"".into(), None, InvalidRequest),
        ("x".into(), None, ParseError),
        ("{".into(), None, ParseError),
        ("[".into(), None, ParseError),
        (r#"{"jsonrpc":"2.0","id":1,"method":"m"} x"#.into(), None, ParseError),
        (r#"{"jsonrpc":"2.0","id":01,"method":"m"}"#.into(), None, ParseError),
        ("[".repeat(1 << 20), None, ParseError),
        (format!("{}{}", "[".repeat(1 << 18), "]".repeat(1 << 18)), None, InvalidRequest),
    ];
    for (line, id, kind) in cases {
        check(&line, &[(id, Err(kind))]);
    }
}

#[test]
fn a_line_must_be_utf_8() {
    let failure = Message::parse(b"{\"a\":\"\xff\"}").unwrap_err();
    assert_eq!(
        (failure.kind, failure.message.as_str()),
        (ErrorKind::ParseError, "the line is not UTF-8 from byte 6 on")
    );
}

#[test]
fn unknown_members_are_ignored() {
    check(r#"{"jsonrpc":"2.0","x":[1e999],"x":{},"id":1,"method":"m"}"#, &[(Some("1"), Ok("m"))]);
    check(r#"{"jsonrpc":"2\u002e0","\u0069d":1,"method":"\u006d"}"#, &[(Some("1"), Ok("m"))]);
}

#[test]
fn parameters_are_an_object_or_something_else() {
    let kind = |params: &str| {
        let line = format!(r#"{{"jsonrpc":"2.0","id":1,"method":"m","params":{params}}}"#);
        match Message::parse(line.as_bytes()).unwrap() {
            Message::One(Request { call: Ok((_, parameters)), .. }) => match parameters {
                Parameters::ByName { members, is_cut } => format!("{} {is_cut}", members.len()),
                Parameters::ByPosition => "array".to_owned(),
                Parameters::Other => "other".to_owned(),
            },
            other => format!("{other:?}"),
        }
    };
    assert_eq!(kind("{}"), "0 false");
    assert_eq!(kind("null"), "0 false");
    assert_eq!(kind(r#"{"a":1e999,"b":{"c":[1]}}"#), "2 false");
    assert_eq!(kind("[1,2]"), "array");
    for other in ["1", "-1.5", "true", "\"x\""] {
        assert_eq!(kind(other), "other");
    }
    let many = format!("{{{}\"x\":1}}", r#""a":1,"#.repeat(100_000));
    assert_eq!(kind(&many), format!("{} true", MAX_PARAMETERS + 1));
}

#[test]
fn an_array_may_hold_elements_that_are_not_requests() {
    check(
        r#"[1, {"jsonrpc":"2.0","id":7,"method":"m"}, [], {"jsonrpc":"2.0","method":"n"}, null]"#,
        &[
            (None, Err(ErrorKind::InvalidRequest)),
            (Some("7"), Ok("m")),
            (None, Err(ErrorKind::InvalidRequest)),
            (None, Ok("n")),
            (None, Err(ErrorKind::InvalidRequest)),
        ],
    );
}

#[test]
fn an_array_has_a_limit() {
    let batch = |length: usize| format!("[{}]", vec![r#"{"jsonrpc":"2.0","method":"m"}"#; length].join(","));
    assert!(matches!(Message::parse(batch(MAX_BATCH).as_bytes()), Ok(Message::Batch(all)) if all.len() == MAX_BATCH));
    let failure = Message::parse(batch(MAX_BATCH + 1).as_bytes()).unwrap_err();
    assert_eq!(failure.kind, ErrorKind::BatchTooLong);
    assert_eq!(failure.message.as_str(), "1001 requests in one array; at most 1000 are accepted");
}

/// The text that a parameter has in the only request of a line.
fn parameter<'a>(line: &'a [u8], name: &str) -> Result<&'a [u8], ErrorKind> {
    match Message::parse(line) {
        Ok(Message::One(Request { id: Some("1"), call: Ok((_, Parameters::ByName { members, .. })) })) => {
            Ok(members.iter().find(|(key, _)| key == name).unwrap().1.bytes())
        }
        Ok(Message::One(Request { id: Some("1"), call: Err(failure) })) => Err(failure.kind),
        Err(failure) => Err(failure.kind),
        other => panic!("{other:?}"),
    }
}

/// A request with records between two other parameters, or behind them.
fn requests_with(name: &str, records: &[u8]) -> [Vec<u8>; 3] {
    let begin = format!(r#"{{"jsonrpc":"2.0","id":1,"method":"m","params":{{"a":[1],"{name}": "#);
    [r#" , "b":"]"}}"#, r#"}}"#, " }\t, \"x\":{}}"].map(|end| [begin.as_bytes(), records, end.as_bytes()].concat())
}

#[test]
fn records_may_be_anything_whose_end_can_be_told() {
    let cases: [&[u8]; 28] = [
        br#"{"x":NaN,"y":-Infinity,"z":Infinity}"#,
        br#"{"x":01,"y":+1,"z":.5,"w":0x10,"v":1e999}"#,
        br#"{"x":"\ud800","y":"\q"}"#,
        b"{\"x\":\"\xff\xfe\xed\xa0\x80\"}",
        b"{\"\xff\":\xff}",
        b"{\"x\":\"a\tb\0c\"}",
        br#"{'x':'y'}"#,
        br#"{"x":1,}"#,
        br#"{,}"#,
        br#"{"x" 1}"#,
        br#"{x:True,y:None,z:undefined}"#,
        br#"{"x":1,"x":2}"#,
        br#"{"x":[1}"#,
        br#"{"x":1]}"#,
        br#"{"x":{1]}}"#,
        br#"{"x":"}","y":"\"}"}"#,
        br#"{"x":1 /* a comment */}"#,
        br#"[{"x":NaN},{"x":1}]"#,
        br#"[{"x":1,},{"x":1}}, {"x":[1}]"#,
        br#"[{"x":1]},{"x":1}]"#,
        br#"[{"x":{"y":1},{"x":1}]"#,
        br#"[NaN, 'a', ]"#,
        b"[\xff]",
        b"[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]",
        b"NaN",
        b"'a'",
        b"01",
        br#""\ud800""#,
    ];
    for records in cases {
        for name in ["entities", "items", "entity_data", "entity\\u005fdata"] {
            for line in requests_with(name, records) {
                let found = parameter(&line, &name.replace("\\u005f", "_"));
                assert_eq!(found, Ok(records), "{}", line.escape_ascii());
            }
        }
        for line in requests_with("other", records) {
            let is_json = serde_json::from_slice::<&RawValue>(records).is_ok();
            let expected = if is_json { Ok(records) } else { Err(ErrorKind::ParseError) };
            assert_eq!(parameter(&line, "other"), expected, "{}", line.escape_ascii());
        }
    }
}

#[test]
fn records_without_an_end_cost_their_request_alone() {
    for records in [r#"{"x":"y}"#, r#"{"x":{"y":"#, r#"[{"x":"a\"}]"#, r#"[{"x":{"y":[1,2"#] {
        for line in requests_with("entity_data", records.as_bytes()) {
            assert_eq!(parameter(&line, "entity_data"), Err(ErrorKind::WrongParameter), "{}", line.escape_ascii());
        }
    }
    let deep = "[".repeat(2_000_000);
    let [line, ..] = requests_with("entities", deep.as_bytes());
    assert_eq!(parameter(&line, "entities"), Err(ErrorKind::WrongParameter));
}

#[test]
fn around_records_a_line_must_be_json() {
    let request = |inside: &str, behind: &str| {
        format!(r#"{{"jsonrpc":"2.0","id":1,"method":"m","params":{{"entity_data":{{"x":NaN}}{inside}}}{behind}}}"#)
    };
    for line in [
        request(r#","b":NaN"#, ""),
        request("", r#","b":NaN"#),
        request(r#","b":"\q""#, ""),
        request("", r#","id":01"#),
        request(r#","b":'x'"#, ""),
        request(r#","b":{"entity_data":NaN}"#, ""),
        request("", r#","entity_data":NaN"#),
    ] {
        assert_eq!(parameter(line.as_bytes(), "entity_data"), Err(ErrorKind::ParseError), "{line}");
    }
    // Nothing is wrong with the record, so the line is.
    let line = r#"{"jsonrpc":"2.0","id":1,"method":"m","params":{"entity_data":{"x":1} x}}"#;
    assert_eq!(parameter(line.as_bytes(), "entity_data"), Err(ErrorKind::ParseError));
}

#[test]
fn a_record_whose_last_brackets_are_missing_costs_its_request_alone() {
    for record in [r#"{"x":1"#, r#"{"x":{"y":[1]"#, r#"{"x":[1"#, r#"{"x":{"y":[1]},"z":1"#, "[{},{}", "{"] {
        for end in ["}}", " } } "] {
            let line = format!(r#"{{"jsonrpc":"2.0","id":1,"method":"m","params":{{"a":1,"entity_data":{record}{end}"#);
            let found = parameter(line.as_bytes(), "entity_data");
            assert!(found == Err(ErrorKind::WrongParameter) || found == Ok(record.as_bytes()), "{line} {found:?}");
        }
    }
}

#[test]
fn in_an_array_a_broken_record_costs_no_other_request() {
    let request = |id: u8, record: &str| {
        format!(r#"{{"jsonrpc":"2.0","id":{id},"method":"m","params":{{"entity_data":{record}}}}}"#)
    };
    let broken = [r#"{"x":NaN}"#, r#"{"x":[1}"#, r#"{"x":1]}"#, "{,}", r#"{"x":{]}}"#];
    for record in broken {
        let line = format!("[{},{} ]", request(1, record), request(2, "{}"));
        check(&line, &[(Some("1"), Ok("m")), (Some("2"), Ok("m"))]);
    }
    let line = format!("[{},{}]", request(1, "{}"), request(2, r#"{"x":"}"#));
    check(&line, &[(None, Err(ErrorKind::ParseError))]);
}

#[test]
fn looking_for_ends_takes_no_longer_than_the_line_is_long() {
    // Each of these would have the whole line searched.
    let request = r#"{"jsonrpc":"2.0","id":1,"method":"m","params":{"items":[{"x":{]}}"#;
    let line = format!("[{}]", vec![request; 900].join(","));
    check(&line, &[(None, Err(ErrorKind::ParseError))]);
    let mut reader = Reader::new(line.as_bytes());
    let read = requests(&mut reader).map(|(requests, _)| requests.len());
    assert!(matches!(read, Err(Broken::Records(_))), "{read:?}");
}

/// A value of JSON, as text.
fn json() -> impl Strategy<Value = String> {
    let leaf = prop_oneof![
        Just("null".to_owned()),
        any::<bool>().prop_map(|value| value.to_string()),
        any::<f64>().prop_filter("JSON has no others", |value| value.is_finite()).prop_map(|value| value.to_string()),
        "[\\[\\]{},:\"\\\\a-c\u{e9} ]{0,6}".prop_map(|text| serde_json::Value::String(text).to_string()),
    ];
    leaf.prop_recursive(4, 24, 4, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(|all| format!("[{}]", all.join(" ,"))),
            prop::collection::vec(("[a-c\\]}]{0,3}", inner), 0..4).prop_map(|all| {
                let members: Vec<_> = all.iter().map(|(key, value)| format!("\"{key}\": {value}")).collect();
                format!("{{{} }}", members.join(","))
            }),
        ]
    })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 2_000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn records_that_are_json_are_found_as_json_would_find_them(records in json()) {
        for line in requests_with("entities", records.as_bytes()) {
            prop_assert_eq!(parameter(&line, "entities"), Ok(records.as_bytes()));
        }
    }

    #[test]
    fn what_is_between_brackets_and_strings_makes_no_difference(records in json(), damage in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..4)) {
        let mut damaged = format!("[{records}]").into_bytes();
        for (index, byte) in damage {
            let at = index.index(damaged.len());
            // Neither a line nor the structure is broken.
            let structure = |byte: u8| b"\"\\[]{}\n".contains(&byte);
            if !structure(byte) && !structure(damaged[at]) {
                damaged[at] = byte;
            }
        }
        // A backslash before another byte still escapes only that byte.
        for line in requests_with("items", &damaged) {
            prop_assert_eq!(parameter(&line, "items"), Ok(damaged.as_slice()), "{}", line.escape_ascii());
        }
    }

    #[test]
    fn a_line_of_json_is_never_called_another(line in json(), pieces in prop::collection::vec(("[\\[\\]{},:\"a]{1,3}", any::<prop::sample::Index>()), 0..3)) {
        let mut line = format!(r#"{{"jsonrpc":"2.0","id":1,"method":"m","params":{{"entity_data":{line},"a":1}}}}"#);
        let is_json = |line: &str| serde_json::from_str::<&RawValue>(line).is_ok();
        prop_assert!(is_json(&line) && Message::parse(line.as_bytes()).is_ok());
        for (piece, index) in pieces {
            let at = line.floor_char_boundary(index.index(line.len() + 1));
            line.insert_str(at, &piece);
        }
        let refused = matches!(Message::parse(line.as_bytes()), Err(failure) if failure.kind == ErrorKind::ParseError);
        prop_assert!(!(refused && is_json(&line)), "{}", line);
    }

    #[test]
    fn bytes_are_read_or_refused(pieces in prop::collection::vec(prop_oneof![
        Just(r#"{"jsonrpc":"2.0","id":1,"method":"m","params":"#.as_bytes().to_vec()),
        Just(br#"{"entity_data":"#.to_vec()), Just(br#""items":["#.to_vec()), Just(br#","entities":"#.to_vec()),
        Just(b"[".to_vec()), Just(b"}".to_vec()), Just(b"]".to_vec()), Just(b"\"".to_vec()), Just(b",".to_vec()),
        prop::collection::vec(any::<u8>(), 0..4),
    ], 0..12)) {
        let line = pieces.concat();
        let parsed = Message::parse(&line);
        // Without records, all of it is JSON.
        let holds_records = [&b"ent"[..], b"items", b"\\u"].iter().any(|name| line.windows(name.len()).any(|part| part == *name));
        prop_assert!(holds_records || parsed.is_err() || serde_json::from_slice::<&RawValue>(&line).is_ok());
    }
}
