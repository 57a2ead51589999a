//! Records that are not JSON: each costs only itself, and the answer has the request's id.

use serde_json::{Value, json};

use crate::connection::{Answer, Connection};
use crate::server::{Server, Transport};
use crate::sites::{DATA, configured};

/// Members of a record that are not JSON, and the code that their record gets.
fn broken_members() -> Vec<(Vec<u8>, &'static str)> {
    let syntax = [
        r#""x":NaN"#,
        r#""x":Infinity"#,
        r#""x":-Infinity"#,
        r#""x":01"#,
        r#""x":+1"#,
        r#""x":.5"#,
        r#""x":1."#,
        r#""x":0x10"#,
        r#""x":"\ud800""#,
        r#""x":"\ude00\ud83d""#,
        r#""x":"\q""#,
        r#""x":'y'"#,
        r#"'x':1"#,
        r#"x:1"#,
        r#""x":True"#,
        r#""x":None"#,
        r#""x":undefined"#,
        r#""x":1,"#,
        r#""x":,"y":1"#,
        r#""x" 1"#,
        r#""x":[1,]"#,
        r#""x":[1"#,
        r#""x":1]"#,
        r#""x":{"y":[}]}"#,
        r#""x":1 /* so much */"#,
        "\"x\":\"a\tb\"",
        "\"x\":\"a\u{0}b\"",
        "\"x\":1\u{a0}",
        "\"x\":1\u{feff}",
    ];
    let deep = format!(r#""x":{}{}"#, "[".repeat(5_000), "]".repeat(5_000));
    let mut members: Vec<_> = syntax.iter().map(|member| (member.as_bytes().to_vec(), "json_syntax")).collect();
    members.extend([
        (b"\"x\":\"\xff\"".to_vec(), "json_utf8"),
        (b"\"\xc3\x28\":1".to_vec(), "json_utf8"),
        (b"\"x\":\"\xed\xa0\x80\"".to_vec(), "json_utf8"),
        (b"\"x\":\xfe".to_vec(), "json_utf8"),
        (br#""x":1,"x":2"#.to_vec(), "json_duplicate_key"),
        (br#""x":1,"\u0078":2"#.to_vec(), "json_duplicate_key"),
        (br#""x":1e309"#.to_vec(), "json_number"),
        (deep.into_bytes(), "json_depth"),
    ]);
    members
}

fn record(member: &[u8]) -> Vec<u8> {
    [br#"{"entity_type":"loan","id":"BAD","#, member, b"}"].concat()
}

fn line(id: &str, method: &str, before: &str, records: &[u8], behind: &str) -> Vec<u8> {
    let begin = format!(r#"{{"jsonrpc":"2.0","id":{id},"method":"{method}","params":{{{before}"#);
    [begin.as_bytes(), records, behind.as_bytes(), b"}}\n"].concat()
}

#[track_caller]
fn answered(connection: &mut Connection, id: &str, line: &[u8]) -> Answer {
    connection.send(line);
    let answer = connection.answer();
    assert_eq!(answer.id.get(), id, "{} {answer:?}", line.escape_ascii());
    answer
}

#[test]
fn a_broken_record_of_a_batch_is_an_entry_and_the_others_are_judged() {
    let loans = String::from_utf8(jurat_tests::site::sample("loans.ndjson")).unwrap();
    let loan = loans.lines().next().unwrap().as_bytes();
    let site = configured(DATA);
    for transport in Transport::ALL {
        let mut connection = Server::start(&site, transport).connect_and_keep();
        for (index, (member, code)) in broken_members().iter().enumerate() {
            let (id, bad) = (format!("\"r{index}\""), record(member));
            let entities = [b"[", loan, b",", &bad, b", ", loan, b"]"].concat();
            let rest = r#","id_fields":["id"],"ruleset_name":"quick""#;
            let sent = line(&id, "batch_validate", r#""entities":"#, &entities, rest);
            let results = answered(&mut connection.0, &id, &sent).outcome().unwrap();
            let results: Vec<Value> = serde_json::from_str(&results).unwrap();
            assert_eq!(results[0]["entity_id"], "LOAN-1001");
            assert_eq!(results[0]["results"], results.last().unwrap()["results"], "{}", bad.escape_ascii());
            assert_eq!(
                (&results[1]["status"], &results[1]["error"]["code"]),
                (&json!("ERROR"), &json!(code)),
                "{}",
                bad.escape_ascii()
            );
            assert!(results[1]["error"]["offset"].as_u64().unwrap() > loan.len() as u64);
            assert_eq!(results.len(), 3, "{}", bad.escape_ascii());

            let (good, bad) = (item("a", loan), item("b", &bad));
            let items = [b"[".as_slice(), &good, b",", &bad, b",", &good, b"]"].concat();
            let rest = r#","compatibility":"envelopes","ruleset_name":"quick""#;
            let sent = line(&id, "batch_validate", r#""items": "#, &items, rest);
            let results = answered(&mut connection.0, &id, &sent).outcome().unwrap();
            let results: Value = serde_json::from_str(&results).unwrap();
            let items = results["items"].as_array().unwrap();
            let seen: Vec<_> =
                items.iter().map(|item| (item["correlation_id"].as_str().unwrap(), &item["status"])).collect();
            assert_eq!(
                seen,
                [("a", &json!("PASS")), ("b", &json!("ERROR")), ("a", &json!("PASS"))],
                "{}",
                bad.escape_ascii()
            );
            assert_eq!(items[1]["error"]["code"], *code, "{}", bad.escape_ascii());
        }
        connection.0.is_served();
    }
}

fn item(id: &str, record: &[u8]) -> Vec<u8> {
    [format!(r#"{{"correlation_id":"{id}","data":"#).as_bytes(), record, b"}"].concat()
}

#[test]
fn a_single_broken_record_costs_its_call() {
    let site = configured(DATA);
    for transport in Transport::ALL {
        let mut connection = Server::start(&site, transport).connect_and_keep();
        for (member, code) in broken_members() {
            for compatibility in ["lists", "envelopes"] {
                let rest = format!(r#","compatibility":"{compatibility}","entity_type":"loan","ruleset_name":"quick""#);
                let sent = line("7", "validate", r#""entity_data":"#, &record(&member), &rest);
                let refused = answered(&mut connection.0, "7", &sent).outcome().unwrap_err();
                assert_eq!(refused.kind(), code, "{}", sent.escape_ascii());
            }
            // Discovery needs the schema only, and judges nothing.
            let rest = r#","entity_type":"loan","ruleset_name":"quick""#;
            let sent = line("7", "discover_rules", r#""entity_data":"#, &record(&member), rest);
            let kind = answered(&mut connection.0, "7", &sent).outcome().map_err(|refused| refused.kind().to_owned());
            assert!(matches!(kind.as_deref().map_err(|kind| &**kind), Ok(_) | Err("no_schema" | "wrong_parameter")));
        }
        // A record without an end costs its call, and so does a value that is not an object.
        for (value, kind) in [
            (&br#"{"x":"y}"#[..], "wrong_parameter"),
            (b"{\"x\":{\"y\":\"", "wrong_parameter"),
            (b"NaN", "wrong_parameter"),
            (b"'x'", "wrong_parameter"),
            (b"\xff", "wrong_parameter"),
        ] {
            let sent =
                line("7", "validate", r#""entity_type":"loan","ruleset_name":"quick","entity_data":"#, value, "");
            let refused = answered(&mut connection.0, "7", &sent).outcome().unwrap_err();
            assert_eq!(refused.kind(), kind, "{}", sent.escape_ascii());
        }
        connection.0.is_served();
    }
}

#[test]
fn around_records_a_line_that_is_not_json_is_refused() {
    let site = configured(DATA);
    let mut server = Server::start(&site, Transport::Tcp);
    for rest in [r#","ruleset_name":NaN"#, r#","ruleset_name":"quick","now":'x'"#, r#","id_fields":["id",]"#] {
        let mut connection = server.connect();
        let sent = line("7", "batch_validate", r#""entities":"#, b"[{\"x\":NaN}]", rest);
        let refused = answered(&mut connection, "null", &sent).outcome().unwrap_err();
        assert_eq!((refused.code, refused.kind()), (-32700, "parse_error"), "{rest}");
        connection.is_at_end();
    }
}

trait Keep {
    fn connect_and_keep(self) -> (Connection, Server);
}

impl Keep for Server {
    /// A connection, and the server, which ends when it is dropped.
    fn connect_and_keep(mut self) -> (Connection, Server) {
        (self.connect(), self)
    }
}
