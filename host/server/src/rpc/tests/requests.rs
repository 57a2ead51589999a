//! Methods and parameters, from the line to the answer.

use super::*;
use crate::methods::{METHODS, Method};

/// Parameters with which each method is content.
fn parameters(method: &str) -> Value {
    match method {
        "validate" | "discover_rules" => json!({"entity_type": "loan", "entity_data": {}, "ruleset_name": "echo"}),
        "batch_validate" => json!({"entities": [], "id_fields": ["id"], "ruleset_name": "quick"}),
        "batch_file_validate" => {
            json!({"file_uri": "f", "entity_types": ["loan"], "id_fields": ["id"], "ruleset_name": "quick"})
        }
        "authenticate" => json!({"token": "t"}),
        "pin" => json!({"manifest": "5f".repeat(32)}),
        _ => json!({}),
    }
}

fn request(method: &str, params: &Value) -> String {
    json!({"jsonrpc": "2.0", "id": 1, "method": method, "params": params}).to_string()
}

#[tokio::test]
async fn every_method_wants_what_it_requires_and_nothing_else() {
    let (mut client, _ended) = Stage::new(open()).sole(1 << 20);
    for Method { signature: method, .. } in &METHODS {
        let good = parameters(method.method);
        let answer = client.ask(request(method.method, &good)).await;
        assert!(answer.get("result").is_some(), "{answer}");

        for name in method.required {
            let mut missing = good.clone();
            missing.as_object_mut().unwrap().remove(*name);
            let answer = client.ask(request(method.method, &missing)).await;
            assert_eq!(error(&answer), (-32602, "missing_parameter"), "{answer}");
            assert_eq!(answer["error"]["message"], format!("missing parameter `{name}`"));

            let mut null = good.clone();
            null[*name] = Value::Null;
            assert_eq!(client.ask(request(method.method, &null)).await["error"]["message"], answer["error"]["message"]);
        }
        for name in method.required.iter().chain(method.optional) {
            for wrong in [json!(17), json!(true), json!([1]), json!({"a": 1})] {
                // A record is an object, and so are related entities.
                if wrong.is_object() && ["entity_data", "associated"].contains(name) {
                    continue;
                }
                if wrong.is_array() && *name == "entities" {
                    continue;
                }
                let mut params = good.clone();
                params[*name] = wrong;
                let answer = client.ask(request(method.method, &params)).await;
                assert_eq!(error(&answer), (-32602, "wrong_parameter"), "{} {params}: {answer}", method.method);
                assert!(answer["error"]["message"].as_str().unwrap().contains(&format!("`{name}`")), "{answer}");
            }
        }
        for name in method.optional {
            let mut null = good.clone();
            null[*name] = Value::Null;
            assert!(client.ask(request(method.method, &null)).await.get("result").is_some(), "{name}");
        }

        let mut unknown = good.clone();
        unknown["tenannt"] = json!(1);
        let answer = client.ask(request(method.method, &unknown)).await;
        assert_eq!(error(&answer), (-32602, "unknown_parameter"), "{answer}");
        assert!(answer["error"]["message"].as_str().unwrap().starts_with("unknown parameter `tenannt`"), "{answer}");
        unknown["tenannt"] = Value::Null;
        assert!(client.ask(request(method.method, &unknown)).await.get("result").is_some());

        for by_position in [json!(["loan"]), json!("loan"), json!(3)] {
            let answer = client.ask(request(method.method, &by_position)).await;
            assert_eq!(error(&answer), (-32602, "parameters_by_name"), "{answer}");
            for name in method.required {
                assert!(answer["error"]["message"].as_str().unwrap().contains(&format!("`{name}`")), "{answer}");
            }
        }
    }
}

#[tokio::test]
async fn errors_say_what_is_meant() {
    let (mut client, _ended) = Stage::new(open()).sole(1 << 20);
    let validate = |params: &str| format!(r#"{{"jsonrpc":"2.0","id":1,"method":"validate","params":{params}}}"#);
    let batch = |ids: &str| {
        let params = format!(r#"{{"entities":[],"ruleset_name":"q","id_fields":{ids}}}"#);
        format!(r#"{{"jsonrpc":"2.0","id":1,"method":"batch_validate","params":{params}}}"#)
    };
    let cases = [
        (
            r#"{"jsonrpc":"2.0","id":1,"method":"validat"}"#.into(),
            -32601,
            "method `validat` not found, did you mean `validate`?",
        ),
        (r#"{"jsonrpc":"2.0","id":1,"method":""}"#.into(), -32601, "method `` not found"),
        (validate("{}"), -32602, "missing parameters `entity_type`, `entity_data`, `ruleset_name`"),
        (
            validate(r#"{"entity_type":"a","entity_data":{},"rulset_name":"q"}"#),
            -32602,
            "unknown parameter `rulset_name`, did you mean `ruleset_name`?",
        ),
        (validate(r#"{"entity_type":"a","entity_type":"b"}"#), -32602, "parameter `entity_type` is given twice"),
        (
            validate(r#"{"entity_type":"a","entity_data":"{}","ruleset_name":"q"}"#),
            -32602,
            "`entity_data` must be an object, not a text",
        ),
        (
            validate(r#"{"entity_type":"\ud800","entity_data":{},"ruleset_name":"q"}"#),
            -32602,
            "`entity_type` must be a text, and something inside of it is wrong",
        ),
        (
            validate(r#"{"entity_type":"a","entity_data":{},"ruleset_name":"q","now":"yesterday"}"#),
            -32602,
            "`now` must be a time as in `2026-01-31T12:00:00Z`, not `yesterday`",
        ),
        (batch("[]"), -32602, "`id_fields` must hold at least one text"),
        (batch(r#"["a",1]"#), -32602, "`id_fields` must be an array of texts, not an array"),
    ];
    for (line, code, message) in cases {
        let line: String = line;
        let answer = client.ask(&line).await;
        assert_eq!((&answer["error"]["code"], &answer["error"]["message"]), (&json!(code), &json!(message)), "{line}");
    }
}

#[tokio::test]
async fn enormous_parameters_get_short_errors() {
    let (mut client, _ended) = Stage::new(open()).sole(1 << 20);
    let huge = "x".repeat(3 << 20);
    let params = json!({"entity_type": "a", "entity_data": {}, "ruleset_name": "echo", huge.clone(): 1});
    let mut answers = vec![
        client.ask(request("validate", &params)).await,
        client.ask(request(&huge, &json!({}))).await,
        client
            .ask(request(
                "validate",
                &json!({"entity_type": "a", "entity_data": {}, "ruleset_name": "echo", "now": huge}),
            ))
            .await,
    ];
    let many = vec!["i"; 100_000];
    let params = json!({"entities": [], "id_fields": many, "ruleset_name": "echo"});
    answers.push(client.ask(request("batch_validate", &params)).await);
    for answer in answers {
        assert!(answer["error"]["message"].as_str().unwrap().len() < 300, "{answer}");
    }
}

#[tokio::test]
async fn records_travel_as_text() {
    let (mut client, _ended) = Stage::new(open()).sole(1 << 20);
    let record = r#"{"amount":1234567890123456789012345.678, "x" : 1e400,"é":"\u00e9"}"#;
    let line = format!(
        r#"{{"jsonrpc":"2.0","id":1.50,"method":"validate","params":{{"entity_type":"loan","entity_data":{record},"ruleset_name":"echo"}}}}"#
    );
    client.send(&line).await;
    assert_eq!(client.line().await.unwrap(), format!(r#"{{"jsonrpc":"2.0","id":1.50,"result":{record}}}"#));
}

#[tokio::test]
async fn notifications_are_made_and_never_answered() {
    let stage = Stage::new(open());
    let (mut client, _ended) = stage.sole(1 << 20);
    let notification = |ruleset: &str| {
        json!({"jsonrpc": "2.0", "method": "validate",
            "params": {"entity_type": "a", "entity_data": {}, "ruleset_name": ruleset}})
    };
    for line in [
        notification("gate"),
        notification("panic"),
        notification("unheard-of"),
        json!({"jsonrpc": "2.0", "method": "unheard-of"}),
        json!({"jsonrpc": "2.0", "method": "validate", "params": [1]}),
        json!([notification("echo"), notification("echo")]),
    ] {
        client.send(line.to_string()).await;
    }
    assert_eq!(client.ask(script(1, "echo", "a")).await["id"], 1);
    // The one that waits was made as well: it takes what the gate gives.
    stage.gate.add_permits(1);
    client.end().await;
    assert_eq!(client.line().await, None);
    assert_eq!(stage.gate.available_permits(), 0);
}

#[tokio::test]
async fn an_array_is_answered_with_an_array() {
    let (mut client, _ended) = Stage::new(open()).sole(1 << 20);
    let line =
        format!(r#"[{}, 1, {{"jsonrpc":"2.0","method":"version"}}, {}]"#, script(1, "echo", "a"), script(2, "x", "a"));
    let answer = client.ask(line).await;
    let answers = answer.as_array().unwrap();
    assert_eq!(answers.len(), 3);
    assert_eq!(answers[0], json!({"jsonrpc": "2.0", "id": 1, "result": {"id": 1}}));
    assert_eq!((&answers[1]["id"], error(&answers[1])), (&Value::Null, (-32600, "invalid_request")));
    assert_eq!((&answers[2]["id"], error(&answers[2])), (&json!(2), (-32000, "unknown_ruleset")));
    assert_eq!(error(&client.ask("[]").await), (-32600, "invalid_request"));
}

#[tokio::test]
async fn a_panic_costs_one_request() {
    let (mut client, _ended) = Stage::new(open()).sole(1 << 20);
    let answer = client.ask(script(1, "panic", "a")).await;
    assert_eq!((&answer["id"], error(&answer)), (&json!(1), (-32000, "internal")));
    let line = format!("[{},{}]", script(2, "panic", "a"), script(3, "echo", "a"));
    let answers = client.ask(line).await;
    assert_eq!((error(&answers[0]), &answers[1]["result"]), ((-32000, "internal"), &json!({"id": 3})));
}
