//! Hostile text in everything that comes back: it stays text, on its line.

use jurat_tests::http::{Response, get, post, request};
use jurat_tests::server::Server;
use jurat_tests::site::Site;
use rustix::process::Signal;
use serde_json::{Value, json};

/// A line feed, an escape of terminals, HTML, marks that turn text around, the end of a line for JavaScript, and a mark of no width.
const HOSTILE: &str = "a\nb\r\u{1b}[2J\u{9b}31m<script>\u{202e}\u{2066}\u{2028}\u{feff}\u{0}\u{7f}\"\\";

/// The body is JSON on one line, with control characters escaped, which no browser takes for a page.
#[track_caller]
fn is_harmless(response: &Response) {
    let text = response.text();
    assert!(!text.trim_end_matches('\n').contains(|character: char| character < ' '), "{text:?}");
    let media_type = response.header("content-type").unwrap();
    assert!(media_type.starts_with("application/") && media_type.ends_with("json"), "{media_type}");
    assert_eq!(response.header("x-content-type-options"), Some("nosniff"));
}

#[test]
fn hostile_text_in_a_problem_is_escaped() {
    let site = Site::configured("data_roots: [data]\n");
    let server = Server::serve(&site, &[]);
    let mut http = server.http();
    let validate = |key: &str, value: &Value| {
        let mut body = json!({"entity_type": "loan", "entity_data": {"id": "x"}, "ruleset_name": "quick"});
        body[key] = value.clone();
        post("/api/v1/validate", body.to_string())
    };
    for text in [
        validate("entity_type", &json!(HOSTILE)),
        validate("ruleset_name", &json!(HOSTILE)),
        validate("tenant", &json!(HOSTILE)),
        validate("now", &json!(HOSTILE)),
        validate("compatibility", &json!(HOSTILE)),
        validate(HOSTILE, &json!(1)),
        validate("entity_data", &json!({"$schema": HOSTILE})),
        validate("entity_data", &json!(HOSTILE)),
        validate("associated", &json!(HOSTILE)),
        post(
            "/api/v1/batch-file",
            json!({"file_uri": HOSTILE, "entity_types": ["loan"], "id_fields": ["id"], "ruleset_name": "quick"})
                .to_string(),
        ),
        // A text cannot have half of a surrogate pair.
        post("/api/v1/validate", r#"{"entity_type":"\ud800","entity_data":{},"ruleset_name":"quick"}"#),
        post("/api/v1/validate", r#"{"entity_type":"loan","entity_data":{"$schema":"\udfff"},"ruleset_name":"quick"}"#),
        get("/api/v1/discover-rulesets?tenant=%1b%5b2J%0a%e2%80%ae%3cscript%3e"),
        get("/api/v1/discover-rulesets?%1b%5b2J%0a%e2%80%ae=1"),
        get("/%1b%5b2J%0a%3cscript%3e"),
        request(
            "POST",
            "/api/v1/validate",
            &["Content-Type: application/json", "Content-Encoding: <script>\u{202e}\u{9b}"],
            "{}",
        ),
        request("GET", "/api/v1/discover-rulesets", &["Origin: http://<script>\u{202e}\u{9b}"], ""),
    ] {
        let response = http.ask(&text);
        assert!(response.status() >= 400, "{}", response.text());
        is_harmless(&response);
        response.head.is_guarded();
    }
}

#[test]
fn hostile_text_in_a_result_is_escaped() {
    let site = Site::configured("");
    let server = Server::serve(&site, &[]);
    let mut http = server.http();
    let record = json!({"$schema": "https://schemas.example.com/loan/v1.0.0", "id": HOSTILE, "status": HOSTILE, "loan_number": HOSTILE,
        "financial": {"principal_amount": HOSTILE, HOSTILE: 1}});
    let one = json!({"entity_type": "loan", "entity_data": record, "ruleset_name": "thorough"});
    let response = http.ask(post("/api/v1/validate", one.to_string()));
    response.result();
    is_harmless(&response);
    let batch = json!({"entities": [record], "id_fields": ["id"], "ruleset_name": "thorough"});
    let response = http.ask(post("/api/v1/batch", batch.to_string()));
    // The text itself comes back, escaped.
    assert_eq!(response.result()[0]["entity_id"], HOSTILE);
    is_harmless(&response);
    let lines = http.ask(request(
        "POST",
        "/api/v1/batch?ruleset_name=thorough",
        &["Content-Type: application/x-ndjson"],
        format!("{record}\n"),
    ));
    assert_eq!((lines.lines().len(), lines.text().lines().count()), (2, 2));
    // A text cannot have half of a surrogate pair. That costs only its record.
    let broken = r#"{"entities":[{"id":"\ud800"},{"id":"x","$schema":"https://schemas.example.com/loan/v1.0.0"}],"id_fields":["id"],"ruleset_name":"quick"}"#;
    let result = http.ask(post("/api/v1/batch", broken)).result();
    assert!(result[0]["error"]["code"].is_string() && result[1]["results"].is_array(), "{result}");
}

#[test]
fn hostile_text_in_the_log_stays_on_its_line() {
    for format in ["text", "json"] {
        let site = Site::configured("");
        let mut server = Server::serve(&site, &["--log-format", format]);
        let mut http = server.http();
        http.ask(get("/%1b%5b2J%0afake=1%e2%80%ae%c2%9b%3cscript%3e")).is_problem(404, "unknown_path");
        let body = json!({"entity_type": HOSTILE, "entity_data": {"id": "very secret"}, "ruleset_name": HOSTILE, "tenant": HOSTILE});
        http.ask(post("/api/v1/validate", body.to_string())).is_problem(404, "unknown_tenant");
        http.ask(request("X'Y|Z", "/health", &[], "")).is_problem(405, "method_not_allowed");
        drop(http);
        server.signal(Signal::TERM);
        let (status, log) = server.ended();
        assert_eq!(status.code(), Some(0));
        for line in &log {
            let is_plain = |character: char| {
                !character.is_control() && !"\u{202e}\u{2066}\u{2028}\u{feff}\u{9b}".contains(character)
            };
            assert!(line.chars().all(is_plain), "{format}: {line:?}");
            assert!(!line.contains("very secret"), "{line}");
            assert!(format == "text" || serde_json::from_str::<Value>(line).is_ok(), "{line}");
            assert!(!line.starts_with("fake") && !line.starts_with('b'), "{line}");
        }
        let requests = log.iter().filter(|line| line.contains("unknown_path") || line.contains("unknown_tenant"));
        assert_eq!(requests.count(), 2, "{format}: {log:#?}");
    }
}
