//! Wrong requests: each gets an error that says what is wrong, and the next one is served.

use std::fmt::Write as _;

use serde_json::{Value, json};

use crate::connection::{Answer, Connection, request};
use crate::server::{Server, Transport};
use crate::sites::{DATA, configured};

/// A method, with parameters that are in order.
fn methods() -> Vec<(&'static str, Value)> {
    let loan = json!({"$schema": "https://schemas.example.com/loan/v1.0.0", "id": "L-1"});
    vec![
        ("validate", json!({"entity_type": "loan", "entity_data": loan, "ruleset_name": "quick"})),
        ("batch_validate", json!({"entities": [loan], "id_fields": ["id"], "ruleset_name": "quick"})),
        (
            "batch_file_validate",
            json!({"file_uri": "loans.json", "entity_types": ["loan"], "id_fields": ["id"], "ruleset_name": "quick"}),
        ),
        ("discover_rules", json!({"entity_type": "loan", "entity_data": loan, "ruleset_name": "quick"})),
    ]
}

/// Runs a test over every transport.
fn everywhere(settings: &str, test: impl Fn(&mut Connection)) {
    let site = configured(&format!("{DATA}{settings}"));
    for transport in Transport::ALL {
        let mut server = Server::start(&site, transport);
        let mut connection = server.connect();
        test(&mut connection);
        connection.is_served();
    }
}

/// The line is answered with this code and kind, under this id.
#[track_caller]
fn refuses(connection: &mut Connection, line: impl AsRef<[u8]>, id: &str, code: i32, kind: &str) -> String {
    connection.send([line.as_ref(), b"\n"].concat());
    let answer = connection.answer();
    let shown = String::from_utf8_lossy(line.as_ref()).chars().take(200).collect::<String>();
    assert_eq!(answer.id.get(), id, "{shown}");
    let refused = answer.outcome().err().unwrap_or_else(|| panic!("it is answered: {shown}"));
    assert_eq!((refused.code, refused.kind()), (code, kind), "{shown}: {}", refused.message);
    assert!(refused.message.len() < 1_000, "it repeats too much: {}", refused.message);
    refused.message
}

#[test]
fn parameters_that_are_missing_null_or_of_the_wrong_kind_are_named() {
    everywhere("", |connection| {
        for (method, params) in methods() {
            connection.result(method, &params.to_string());
            for (name, value) in params.as_object().unwrap() {
                let with = |value: Option<Value>| {
                    let mut params = params.clone();
                    match value {
                        Some(value) => params[name] = value,
                        None => _ = params.as_object_mut().unwrap().remove(name),
                    }
                    params.to_string()
                };
                for missing in [None, Some(Value::Null)] {
                    let message = connection.refused(method, &with(missing), -32602, "missing_parameter");
                    assert!(message.contains(&format!("`{name}`")), "{message}");
                }
                let wrong =
                    [json!(true), json!(7), json!(-0.5), json!("text"), json!([]), json!([7]), json!([[]]), json!({})];
                for wrong in wrong.into_iter().filter(|wrong| !can_stand_in(method, name, wrong, value)) {
                    let message = connection.refused(method, &with(Some(wrong)), -32602, "wrong_parameter");
                    assert!(message.contains(&format!("`{name}`")), "{message}");
                }
            }
            let mut unknown = params.clone();
            unknown["ruleset_nam"] = json!("quick");
            let message = connection.refused(method, &unknown.to_string(), -32602, "unknown_parameter");
            assert!(message.contains("`ruleset_nam`") && message.contains("`ruleset_name`"), "{message}");
            let none = connection.refused(method, "{}", -32602, "missing_parameter");
            let positions = connection.refused(method, "[1,2,3]", -32602, "parameters_by_name");
            for name in params.as_object().unwrap().keys() {
                assert!(none.contains(name) && positions.contains(name), "{none}; {positions}");
            }
            connection.refused(method, "7", -32602, "parameters_by_name");
        }
    });
}

/// Whether a value could replace another one.
fn can_stand_in(method: &str, name: &str, value: &Value, other: &Value) -> bool {
    match value {
        // Any list may be empty but that of the id fields; what is in a list of records is not a matter of parameters.
        Value::Array(list) if other.is_array() => name == "entities" || (list.is_empty() && name != "id_fields"),
        // What says the schema may be a record, or the URL alone.
        Value::String(_) => other.is_string() || (method, name) == ("discover_rules", "entity_data"),
        // An object of entity types may be empty, as a list of them may.
        Value::Object(_) => other.is_object() || name == "entity_types",
        _ => false,
    }
}

#[test]
fn enormous_parameters_get_short_errors() {
    let long = "x".repeat(4 << 20);
    everywhere("", |connection| {
        for (method, params) in methods() {
            for (name, value) in params.as_object().unwrap() {
                let mut params = params.clone();
                params[name] = match value {
                    Value::String(_) => json!(long),
                    Value::Array(_) if name == "entities" => json!([{"id": long, "entity_type": "loan"}]),
                    Value::Array(_) => json!([long]),
                    _ => json!({"entity_type": long, "$schema": long}),
                };
                if let Err(refused) = connection.call(method, &params.to_string()) {
                    assert!(refused.message.len() < 1_000, "{method} {name}: {}", refused.message);
                    assert!(refused.code == -32000 || refused.code == -32602, "{method} {name}: {refused:?}");
                }
            }
        }
        let many = format!("{{{}\"entity_type\":1}}", "\"x\":1,".repeat(200_000));
        connection.refused("validate", &many, -32602, "unknown_parameter");
        let texts = json!({"entities": [], "id_fields": vec!["id"; 100_000], "ruleset_name": "quick"}).to_string();
        connection.refused("batch_validate", &texts, -32602, "wrong_parameter");
    });
}

#[test]
fn an_unknown_name_gets_an_error_with_the_nearest_one() {
    everywhere("", |connection| {
        let message = connection.refused("validat", "{}", -32601, "unknown_method");
        assert!(message.contains("not found") && message.contains("`validate`"), "{message}");
        for (method, params) in methods() {
            let mut unknown = params.clone();
            unknown["ruleset_name"] = json!("quik");
            let message = connection.refused(method, &unknown.to_string(), -32000, "unknown_ruleset");
            assert!(message.contains("`quick`"), "{message}");
            let mut unknown = params;
            if unknown.get("entity_type").is_some() {
                unknown["entity_type"] = json!("lone");
                let message = connection.refused(method, &unknown.to_string(), -32000, "unknown_entity_type");
                assert!(message.contains("`loan`"), "{message}");
            }
            unknown["tenant"] = json!("nobody");
            connection.refused(method, &unknown.to_string(), -32000, "unknown_tenant");
        }
        for id_fields in [vec!["a..b"], vec![""], vec!["id"; 33]] {
            let params = json!({"entities": [], "id_fields": id_fields, "ruleset_name": "quick"}).to_string();
            connection.refused("batch_validate", &params, -32000, "id_fields");
        }
        let now = |now: &str| format!(r#"{{"entities":[],"id_fields":["id"],"ruleset_name":"quick","now":{now}}}"#);
        connection.result("batch_validate", &now("\"2026-01-31T12:00:00Z\""));
        for wrong in ["\"yesterday\"", "\"2026-01-31\"", "0", "{}"] {
            connection.refused("batch_validate", &now(wrong), -32602, "wrong_parameter");
        }
        let twice = r#"{"entities":[],"entities":[],"id_fields":["id"],"ruleset_name":"quick"}"#;
        connection.refused("batch_validate", twice, -32602, "unknown_parameter");
        let related = r#"{"entities":[],"id_fields":["id"],"ruleset_name":"quick","associated":{"a":{},"a":{}}}"#;
        connection.refused("batch_validate", related, -32602, "wrong_parameter");
    });
}

#[test]
fn a_line_that_is_not_json_gets_an_error_and_closes_a_socket() {
    let deep = |open: &str| open.repeat(200_000).into_bytes();
    let lines: [Vec<u8>; 14] = [
        b"{".into(),
        b"nonsense".into(),
        b"{\"jsonrpc\":\"2.0\",}".into(),
        b"{\"id\":01}".into(),
        b"\xff\xfe".into(),
        b"{\"jsonrpc\":\"2.0\",\"id\":\"\xc3\x28\"}".into(),
        b"\x00".into(),
        b"{\"a\":1}{\"b\":2}".into(),
        b"'single'".into(),
        b"NaN".into(),
        b"GET / HTTP/1.1".into(),
        deep("["),
        deep("{\"a\":"),
        deep("[{\"params\":"),
    ];
    let site = configured(DATA);
    for transport in Transport::ALL {
        let mut server = Server::start(&site, transport);
        let mut connection = server.connect();
        for line in &lines {
            refuses(&mut connection, line, "null", -32700, "parse_error");
            if transport != Transport::Stdio {
                connection.is_at_end();
                connection = server.reconnect();
            }
        }
        connection.is_served();
    }
}

#[test]
fn a_post_of_a_web_page_reloads_nothing() {
    let site = configured(DATA);
    let mut server = Server::start(&site, Transport::Tcp);
    let call = request("1", "reload_logic", "{}");
    for body in [format!("{call}\n"), format!("[{call}]"), format!("\n{call}\n{call}\n")] {
        let mut browser = server.connect();
        browser.send(format!(
            "POST / HTTP/1.1\r\nHost: {}\r\nOrigin: https://example.com\r\nContent-Type: text/plain\r\nContent-Length: {}\r\n\r\n{body}",
            server.address,
            body.len(),
        ));
        let refused = browser.answer().outcome().unwrap_err();
        assert_eq!((refused.code, refused.kind()), (-32700, "parse_error"));
        browser.is_at_end();
    }
    server.connect().is_served();
    server.signal(rustix::process::Signal::TERM);
    let (status, log) = server.ended();
    assert_eq!(status.code(), Some(0));
    assert!(!log.iter().any(|line| line.contains("reload_logic")), "{log:#?}");
}

#[test]
fn a_line_that_is_not_a_request_gets_an_error_that_says_why() {
    everywhere("", |connection| {
        for line in [
            "1",
            "\"text\"",
            "null",
            "true",
            "[]",
            "{}",
            "{\"id\":{}}",
            "{\"id\":[1],\"jsonrpc\":\"2.0\",\"method\":\"health\"}",
        ] {
            refuses(connection, line, "null", -32600, "invalid_request");
        }
        for line in [
            r#"{"id":7,"method":"health"}"#,
            r#"{"jsonrpc":"1.0","id":7,"method":"health"}"#,
            r#"{"jsonrpc":2.0,"id":7,"method":"health"}"#,
            r#"{"jsonrpc":"2.0","id":7}"#,
            r#"{"jsonrpc":"2.0","id":7,"method":5}"#,
            r#"{"jsonrpc":"2.0","id":7,"method":null}"#,
            r#"{"jsonrpc":"2.0","id":7,"method":"health","method":"health"}"#,
        ] {
            refuses(connection, line, "7", -32600, "invalid_request");
        }
        refuses(connection, r#"{"jsonrpc":"2.0","id":7,"id":8,"method":"health"}"#, "null", -32600, "invalid_request");
        // Deep where that is allowed.
        let params =
            |data: &str| format!(r#"{{"entity_type":"loan","entity_data":{{"a":{data}}},"ruleset_name":"quick"}}"#);
        connection.refused(
            "validate",
            &params(&format!("{}{}", "[".repeat(100), "]".repeat(100))),
            -32000,
            "json_depth",
        );
    });
}

#[test]
fn a_line_that_is_too_long_gets_an_error_and_the_next_one_is_served() {
    everywhere("server: {max_message: 64 KiB}\n", |connection| {
        let params = |length: usize| json!({"token": "x".repeat(length)}).to_string();
        let fits = (64 << 10) - request("1", "authenticate", &params(0)).len();
        connection.send(request("1", "authenticate", &params(fits)) + "\n");
        assert!(connection.answer().outcome().is_ok());
        let message =
            refuses(connection, request("1", "authenticate", &params(fits + 1)), "null", -32600, "message_too_large");
        assert!(message.contains("65536") && message.contains("server.max_message"), "{message}");
        refuses(connection, " ".repeat(10 << 20), "null", -32600, "message_too_large");
    });
}

#[test]
fn ids_of_every_legal_kind_come_back_as_they_were_sent() {
    let long = format!("\"{}\"", "ä".repeat(1_000));
    everywhere("", |connection| {
        for id in [
            "0",
            "-1",
            "1.50",
            "1e400",
            "-0.0",
            "123456789012345678901234567890",
            r#""""#,
            r#""a b""#,
            r#""\u00e4\n\"""#,
            r#""ä""#,
            r#""7""#,
            "null",
            &long,
        ] {
            connection.send(request(id, "health", "{}") + "\n");
            let answer = connection.answer();
            assert_eq!(answer.id.get(), id);
            assert!(answer.outcome().is_ok());
        }
    });
}

#[test]
fn notifications_and_blank_lines_get_no_answer() {
    everywhere("", |connection| {
        connection.send("\n \r\n\t\n");
        connection.send("{\"jsonrpc\":\"2.0\",\"method\":\"health\"}\r\n");
        connection.send("{\"jsonrpc\":\"2.0\",\"method\":\"no_such_method\",\"params\":[]}\n");
        connection.send("[{\"jsonrpc\":\"2.0\",\"method\":\"health\"},{\"jsonrpc\":\"2.0\",\"method\":\"version\"}]\n");
        // The next answer is that to the next request: `is_served` checks its id.
    });
}

#[test]
fn an_array_of_requests_is_answered_with_an_array() {
    everywhere("", |connection| {
        let line = r#"[{"jsonrpc":"2.0","id":1,"method":"health"},{"jsonrpc":"2.0","method":"health"},7,{"jsonrpc":"2.0","id":"b","method":"nope"},{"jsonrpc":"2.0","id":1,"method":"version"}]"#;
        connection.send(format!("{line}\n"));
        let answers: Vec<Answer> = parse_batch(&connection.line().unwrap());
        let told: Vec<_> = answers
            .into_iter()
            .map(|answer| (answer.id.get().to_owned(), answer.outcome().err().map(|refused| refused.code)))
            .collect();
        let told: Vec<_> = told.iter().map(|(id, code)| (id.as_str(), *code)).collect();
        assert_eq!(told, [("1", None), ("null", Some(-32600)), ("\"b\"", Some(-32601)), ("1", None)]);

        let mut most = String::from("[");
        for id in 0..1_000 {
            let comma = if id > 0 { "," } else { "" };
            let _ = write!(most, "{comma}{}", request(&id.to_string(), "health", "{}"));
        }
        connection.send(format!("{most}]\n"));
        assert_eq!(parse_batch(&connection.line().unwrap()).len(), 1_000);
        refuses(connection, format!("{most},{}]", request("0", "health", "{}")), "null", -32600, "batch_too_long");
    });
}

fn parse_batch(line: &str) -> Vec<Answer> {
    let values: Vec<Value> = serde_json::from_str(line).unwrap();
    values.iter().map(|value| Answer::parse(&value.to_string())).collect()
}
