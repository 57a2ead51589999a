//! Everything that is refused has a status, a stable code, and nothing of the inside of the server.

use jurat_tests::http::{Http, get, post, request};
use jurat_tests::http2::{END_STREAM, Http2, Kind};
use jurat_tests::server::Server;
use jurat_tests::site::Site;
use serde_json::{Value, json};

use crate::loans::{all, loans, one, poor};

const VALIDATE: &str = "/api/v1/validate";

/// A request that judges this record.
fn of_record(record: &str) -> String {
    format!(r#"{{"entity_type":"loan","entity_data":{record},"ruleset_name":"quick"}}"#)
}

#[test]
fn what_is_wrong_with_a_body_has_a_code() {
    let site = Site::configured("max_record: 4 KiB\n");
    let server = Server::serve(&site, &[]);
    let mut http = server.http();
    let long = of_record(&json!({"id": "x".repeat(5000)}).to_string());
    for (body, status, code) in [
        ("", 400, "parse_error"),
        ("nonsense", 400, "parse_error"),
        ("{", 400, "parse_error"),
        ("{\"entity_type\":}", 400, "parse_error"),
        ("{} {}", 400, "parse_error"),
        ("\u{feff}{}", 400, "parse_error"),
        ("[]", 400, "parameters_by_name"),
        ("7", 400, "parameters_by_name"),
        ("null", 400, "missing_parameter"),
        ("{}", 400, "missing_parameter"),
        (r#"{"entity_type":"loan","entity_type":"loan"}"#, 400, "unknown_parameter"),
        (r#"{"entity_tipe":"loan"}"#, 400, "unknown_parameter"),
        (r#"{"entity_type":7,"entity_data":{},"ruleset_name":"quick"}"#, 400, "wrong_parameter"),
        (r#"{"entity_type":"loan","entity_data":[],"ruleset_name":"quick"}"#, 400, "wrong_parameter"),
        (r#"{"entity_type":"loan","entity_data":{"id":"#, 400, "wrong_parameter"),
        (r#"{"entity_type":"loan","entity_data":{},"ruleset_name":"none"}"#, 404, "unknown_ruleset"),
        (r#"{"entity_type":"loan","entity_data":{},"ruleset_name":"quick","tenant":"none"}"#, 404, "unknown_tenant"),
        (r#"{"entity_type":"ship","entity_data":{},"ruleset_name":"quick"}"#, 422, "unknown_entity_type"),
        (&of_record(r#"{"$schema":7}"#), 422, "schema_not_text"),
        (&of_record(r#"{"$schema":"https://x.example/loan/v9.0.0"}"#), 422, "unknown_schema"),
        (&of_record("{]}"), 422, "json_syntax"),
        (&of_record(r#"{"id":1,"id":2}"#), 422, "json_duplicate_key"),
        (&of_record(&format!("{}1{}", r#"{"a":"#.repeat(200), "}".repeat(200))), 422, "json_depth"),
        (&long, 413, "record_too_large"),
    ] {
        let response = http.ask(post(VALIDATE, body));
        assert_eq!(response.json()["code"], code, "{body:.200}: {}", response.text());
        response.is_problem(status, code);
    }
    http.is_served();
}

#[test]
fn brackets_without_end_cost_only_their_request() {
    let site = Site::configured("api: {max_parameters: 1 MiB}\n");
    let server = Server::serve(&site, &[]);
    let mut http = server.http();
    let deep = |open: &str, close: &str| format!("{}{}", open.repeat(100_000), close.repeat(100_000));
    for (name, value, status) in [
        ("associated", deep("[", "]"), 400),
        // What no rule reads is not parsed.
        ("associated", deep("{\"a\":", "}").replace(":}", ":1}"), 200),
        ("entity_data", deep("{\"a\":", "}").replace(":}", ":1}"), 422),
        ("entity_type", deep("[", "]"), 400),
        ("unknown", deep("[", "]"), 400),
        ("associated", "[".repeat(200_000), 400),
    ] {
        let mut members = vec![("entity_type", "\"loan\""), ("entity_data", "{}"), ("ruleset_name", "\"quick\"")];
        members.retain(|(known, _)| *known != name);
        members.push((name, &value));
        let members: Vec<_> = members.iter().map(|(name, value)| format!("\"{name}\":{value}")).collect();
        let response = http.ask(post(VALIDATE, format!("{{{}}}", members.join(","))));
        assert_eq!(response.status(), status, "{name}: {}", response.text());
    }
    http.is_served();
}

#[test]
fn a_problem_of_a_record_says_where_it_is() {
    let site = Site::configured("");
    let server = Server::serve(&site, &[]);
    let response = server.http().ask(post(VALIDATE, of_record("{\"id\":1,\n]}")));
    response.is_problem(422, "json_syntax");
    let problem = response.json();
    assert_eq!(problem["line"], 2, "{problem}");
    assert!(problem["offset"].is_u64(), "{problem}");
}

#[test]
fn paths_and_methods_that_are_not_there_are_refused() {
    let site = Site::configured("");
    let server = Server::serve(&site, &[]);
    let mut http = server.http();
    let detail = http.ask(get("/api/v1/validat")).is_problem(404, "unknown_path");
    assert!(detail.contains("/api/v1/validate"), "{detail}");
    for (method, path, allowed) in [
        ("GET", VALIDATE, "POST"),
        ("PUT", "/api/v1/batch", "POST"),
        ("DELETE", "/api/v1/batch-file", "POST"),
        ("OPTIONS", VALIDATE, "POST"),
        ("X-Y", "/api/v1/discover-rules", "POST"),
        ("POST", "/api/v1/discover-rulesets", "GET,HEAD"),
        ("POST", "/health", "GET,HEAD"),
        ("TRACE", "/ready", "GET,HEAD"),
    ] {
        let response = http.ask(request(method, path, &[], ""));
        response.is_problem(405, "method_not_allowed");
        assert_eq!(response.header("allow"), Some(allowed), "{method} {path}");
    }
    // A response to HEAD has no body, whatever else it has.
    for (path, status) in
        [("/health", "200"), ("/api/v1/discover-rulesets", "200"), (VALIDATE, "405"), ("/nothing", "404")]
    {
        let mut http = server.http();
        http.send(format!("HEAD {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"));
        let head = http.head().unwrap();
        assert_eq!(head.status.to_string(), status, "{path}");
        head.is_guarded();
        http.is_closed();
    }
}

#[test]
fn bodies_of_other_types_are_refused() {
    let site = Site::configured("");
    let server = Server::serve(&site, &[]);
    let mut http = server.http();
    for headers in [
        &[][..],
        &["Content-Type: text/plain"],
        &["Content-Type: application/x-www-form-urlencoded"],
        &["Content-Type: multipart/form-data; boundary=x"],
        &["Content-Type: application/json; charset=utf-16"],
        &["Content-Type: application/x-ndjson"],
        &["Content-Type: application/json", "Content-Type: application/json"],
        &["Content-Type: application/json\u{1}"],
        &["Content-Type: application/json", "Content-Encoding: gzip"],
        &["Content-Type: application/json", "Content-Encoding: br"],
        &["Content-Type: application/json", "Content-Encoding: identity, gzip"],
    ] {
        let is_broken = headers.iter().any(|header| header.contains('\u{1}'));
        let response = server.http().ask(request("POST", VALIDATE, headers, one()));
        if is_broken {
            assert_eq!(response.status(), 400);
        } else {
            response.is_problem(415, "unsupported_media_type");
        }
    }
    for content_type in ["application/json", "Application/JSON;charset=UTF-8", "application/json; charset=\"utf-8\""] {
        http.ask(request("POST", VALIDATE, &[&format!("Content-Type: {content_type}")], one())).result();
    }
    http.ask(request("POST", VALIDATE, &["Content-Type: application/json", "Content-Encoding: identity"], one()))
        .result();
}

#[test]
fn files_outside_of_the_roots_are_refused() {
    let site = Site::configured("data_roots: [data]\n");
    site.write("secret.json", "[]");
    let server = Server::serve(&site, &[]);
    let mut http = server.http();
    for (uri, status, code) in [
        ("../secret.json", 403, "data_refused"),
        ("file:///etc/passwd", 403, "data_refused"),
        ("https://files.example/loans.json", 403, "data_refused"),
        ("none.json", 404, "data_not_found"),
    ] {
        let body = json!({"file_uri": uri, "entity_types": ["loan"], "id_fields": ["id"], "ruleset_name": "quick"});
        http.ask(post("/api/v1/batch-file", body.to_string())).is_problem(status, code);
    }
    // Without roots, a server does not read its working directory.
    let site = Site::configured("");
    let server = Server::serve(&site, &[]);
    let body =
        json!({"file_uri": "data/loans.json", "entity_types": ["loan"], "id_fields": ["id"], "ruleset_name": "quick"});
    server.http().ask(post("/api/v1/batch-file", body.to_string())).is_problem(403, "data_refused");
}

#[test]
fn responses_and_requests_that_need_too_much_memory_are_refused() {
    let site = Site::configured("server: {max_reply: 16 KiB}\n");
    let server = Server::serve(&site, &[]);
    let many: Vec<Value> = (0..100).map(|number| poor(&format!("L-{number}"))).collect();
    let batch = json!({"entities": many, "id_fields": ["id"], "ruleset_name": "quick"});
    server.http().ask(post("/api/v1/batch", batch.to_string())).is_problem(413, "reply_too_large");
    let few = json!({"entities": [loans()[0]], "id_fields": ["id"], "ruleset_name": "quick"});
    server.http().ask(post("/api/v1/batch", few.to_string())).result();

    let site = Site::configured("server: {max_message: 1 MiB, max_buffered: 1 MiB}\n");
    let server = Server::serve(&site, &[]);
    let mut http: Http = server.http();
    let padded = |length: usize| all().to_string() + &" ".repeat(length);
    let response = http.ask(post("/api/v1/batch", padded(3 << 20)));
    response.is_problem(503, "overloaded");
    assert_eq!(response.header("retry-after"), Some("1"));
    server.http().is_served();
}

#[test]
fn hostile_headers_do_not_end_the_stream_of_another_request() {
    let site = Site::configured("");
    let server = Server::serve(&site, &[]);
    let mut http2 = Http2::connect(&server.address);
    let good = http2.open("POST", VALIDATE, &[("content-type", "application/json")], 0);
    let bad = http2.open("POST", VALIDATE, &[("content-type", "text/xml")], END_STREAM);
    assert_eq!(http2.response(bad).status, 415);
    http2.send(Kind::Data, END_STREAM, good, one().as_bytes());
    assert_eq!(http2.response(good).status, 200);
}
