//! The log of requests: one line each, and nothing of the records in them.

use std::process::Stdio;

use jurat_tests::program;
use serde_json::Value;

use crate::connection::Connection;
use crate::server::{Server, Transport};
use crate::sites::configured;

#[test]
fn every_request_has_a_log_line_with_its_correlation_id() {
    let site = configured("");
    let mut server = Server::start_with(&site, Transport::Stdio, &["--log-format", "json"]);
    let mut connection = server.connect();
    connection.is_served();
    let secret = r#"{"entity_type":"loan","entity_data":{"$schema":5,"id":"very secret"},"ruleset_name":"quick"}"#;
    let refused = connection.call("validate", secret).unwrap_err();
    connection.send("nonsense \u{1b}[2J\n");
    let unread = connection.answer().outcome().unwrap_err();
    connection.call("no\\nsuch\\u001b[2Jmethod", "{}").unwrap_err();
    connection.finish();
    connection.is_at_end();
    let (status, log) = server.ended();
    assert_eq!(status.code(), Some(0));
    assert!(!log.iter().any(|line| line.contains("very secret") || line.contains("nonsense")), "{log:#?}");

    let lines: Vec<Value> = log.iter().map(|line| serde_json::from_str(line).unwrap()).collect();
    let requests: Vec<&Value> = lines.iter().filter(|line| line.to_string().contains("correlation_id")).collect();
    assert_eq!(requests.len(), 4, "{log:#?}");
    let says = |line: &Value, name: &str, value: &str| line.to_string().contains(&format!("\"{name}\":\"{value}\""));
    assert!(says(requests[0], "method", "health") && says(requests[0], "outcome", "ok"), "{}", requests[0]);
    for (refused, line) in [(&refused, requests[1]), (&unread, requests[2])] {
        let correlation = refused.data["correlation_id"].as_str().unwrap();
        assert!(says(line, "correlation_id", correlation) && says(line, "kind", refused.kind()), "{line}");
    }
    assert!(says(requests[1], "ruleset", "quick"), "{}", requests[1]);
    assert!(!log.iter().any(|line| line.contains('\u{1b}')), "{log:#?}");
}

#[test]
fn requests_are_served_while_the_log_is_not_read() {
    const REQUESTS: u64 = 20_000;
    let site = configured("");
    let mut command = program::command(&site.path(""), &["rpc", "--config", "local-config.yaml"]);
    let mut server = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let unread = server.stderr.take();
    let mut connection = Connection::new(server.stdout.take().unwrap(), server.stdin.take().unwrap());
    for _ in 0..REQUESTS {
        connection.is_served();
    }
    connection.finish();
    connection.is_at_end();
    drop(unread);
    assert_eq!(server.wait().unwrap().code(), Some(0));
}

#[test]
fn standard_output_holds_answers_and_nothing_else() {
    for format in ["text", "json"] {
        let site = configured("");
        let mut server = Server::start_with(&site, Transport::Stdio, &["--log-format", format]);
        let mut connection = server.connect();
        connection.call("nothing", "{}").unwrap_err();
        connection.is_served();
        connection.finish();
        connection.is_at_end();
        assert_eq!(server.ended().0.code(), Some(0));
    }
}
