//! The log: a line for each request, with what was asked and how it ended.

use jurat_tests::http::{Http, Response, get, post, request};
use jurat_tests::server::Server;
use jurat_tests::site::Site;
use serde_json::{Value, json};

use crate::loans::{all, lines, one};

/// The response to a request, and its line in the log.
#[track_caller]
fn logged(server: &Server, http: &mut Http, text: &[u8]) -> (Response, Value) {
    let response = http.ask(text);
    let line = server.says(response.header("jurat-correlation-id").unwrap());
    let line: Value = serde_json::from_str(&line).unwrap();
    // The fields are in an object of their own, or beside the others.
    let fields = if line["fields"].is_object() { line["fields"].clone() } else { line };
    assert_eq!(fields["bytes_out"], response.body.len(), "{fields}");
    assert!(fields["duration_ms"].is_number() && fields["connection"].is_u64(), "{fields}");
    assert_eq!(fields["status"], response.status(), "{fields}");
    assert!(fields["peer"].as_str().unwrap().starts_with("127.0.0.1:"), "{fields}");
    (response, fields)
}

#[test]
fn a_line_says_what_was_asked_and_how_it_ended() {
    let site = Site::configured("");
    let server = Server::serve(&site, &["--log-format", "json"]);
    let mut http = server.http();
    let typed = ["Content-Type: application/x-ndjson"];
    let as_lines = ["Content-Type: application/json", "Accept: application/x-ndjson"];
    let (all, lines) = (all().to_string(), lines());
    for (text, method, length, records, ruleset) in [
        (post("/api/v1/validate", one()), "POST /api/v1/validate", one().len(), json!(1), json!("quick")),
        (post("/api/v1/batch", &all), "POST /api/v1/batch", all.len(), json!(12), json!("thorough")),
        (
            request("POST", "/api/v1/batch", &as_lines, &all),
            "POST /api/v1/batch",
            all.len(),
            json!(12),
            json!("thorough"),
        ),
        (
            request("POST", "/api/v1/batch?ruleset_name=quick", &typed, &lines),
            "POST /api/v1/batch",
            lines.len(),
            json!(12),
            json!("quick"),
        ),
        (get("/api/v1/discover-rulesets"), "GET /api/v1/discover-rulesets", 0, Value::Null, Value::Null),
    ] {
        let (response, fields) = logged(&server, &mut http, &text);
        assert_eq!(response.status(), 200, "{method}");
        let found =
            [&fields["method"], &fields["outcome"], &fields["bytes_in"], &fields["records"], &fields["ruleset"]];
        assert_eq!(found, [&json!(method), &json!("ok"), &json!(length), &records, &ruleset], "{fields}");
        assert!(fields["kind"].is_null(), "{fields}");
    }
    for (text, kind) in [
        (get("/nothing"), "unknown_path"),
        (request("PUT", "/health", &[], ""), "method_not_allowed"),
        (post("/api/v1/validate", "{"), "parse_error"),
        (request("GET", "/api/v1/discover-rulesets", &["Origin: null"], ""), "origin_refused"),
        (request("POST", "/api/v1/batch?ruleset_name=none", &typed, &lines), "unknown_ruleset"),
    ] {
        let (_, fields) = logged(&server, &mut http, &text);
        assert_eq!([&fields["outcome"], &fields["kind"]], [&json!("error"), &json!(kind)], "{fields}");
    }
    // Nothing of the records is in it.
    assert!(!server.log().iter().any(|line| line.contains("LOAN-1001") || line.contains("CLIENT-7")));
}
