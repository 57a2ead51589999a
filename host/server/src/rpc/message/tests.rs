use super::*;
use crate::rpc::request::{MAX_ID, MAX_PARAMETERS, Parameters};

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
