//! What is too long is refused, and what is as long as it may be is not.

use jurat_tests::http::{Response, chunk, get, post, request};
use jurat_tests::server::Server;
use jurat_tests::site::Site;
use serde_json::{Value, json};

use crate::loans::{lines, loans, one, poor};

const STREAM: &str = "/api/v1/batch?ruleset_name=quick";

fn server(settings: &str) -> (Site, Server) {
    let site = Site::configured(settings);
    let server = Server::serve(&site, &[]);
    (site, server)
}

/// A body of JSON of this length.
fn padded(length: usize) -> String {
    let body = one();
    let rest = length - body.len();
    body + &" ".repeat(rest)
}

/// The same without a length.
fn in_chunks(path: &str, content_type: &str, body: &str) -> Vec<u8> {
    let mut text = format!(
        "POST {path} HTTP/1.1\r\nHost: localhost\r\nContent-Type: {content_type}\r\nTransfer-Encoding: chunked\r\n\r\n"
    )
    .into_bytes();
    body.as_bytes().chunks(500).for_each(|part| text.extend(chunk(part)));
    text.extend(b"0\r\n\r\n");
    text
}

#[test]
fn headers_beyond_their_number_are_refused() {
    let (_site, server) = server("api: {max_headers: 20}\n");
    let with = |count: usize| request("GET", "/health", &vec!["X: y"; count - 1], "");
    assert_eq!(server.http().ask(with(20)).status(), 200);
    let mut http = server.http();
    assert_eq!(http.ask(with(21)).status(), 431);
    http.is_closed();
}

#[test]
fn headers_beyond_their_length_are_refused() {
    for (settings, inside, beyond) in [
        ("", 16_384, 16_385),
        ("api: {max_header_bytes: 8 KiB}\n", 8_192, 10_000),
        ("api: {max_header_bytes: 64 KiB}\n", 65_536, 65_537),
    ] {
        let (_site, server) = server(settings);
        let of_length = |length: usize| {
            let rest = length - request("GET", "/health", &["X: "], "").len();
            request("GET", "/health", &[&format!("X: {}", "y".repeat(rest))], "")
        };
        assert_eq!(server.http().ask(of_length(inside)).status(), 200, "{settings}");
        assert_eq!(server.http().ask(of_length(10_000.min(inside))).status(), 200, "{settings}");
        let mut http = server.http();
        // The server may close the connection before it has all.
        let _ = http.try_send(of_length(beyond));
        assert_eq!(http.response().status(), 431, "{settings}");
        http.is_closed();
        // Headers that have no end are not waited for.
        let mut http = server.http();
        let _ = http.try_send([b"GET / HTTP/1.1\r\nX: ", &vec![b'y'; 2 * beyond][..]].concat());
        assert_eq!(http.response().status(), 431, "{settings}");
        http.is_closed();
    }
}

#[test]
fn a_request_line_beyond_its_length_is_refused() {
    let (_site, server) = server("");
    let path = |length: usize| format!("/{}", "x".repeat(length));
    let detail = server.http().ask(get(&path(8_000))).is_problem(404, "unknown_path");
    assert!(detail.len() < 300, "{detail}");
    let query = format!("/api/v1/discover-rulesets?tenant={}", "x".repeat(8_000));
    server.http().ask(get(&query)).is_problem(404, "unknown_tenant");
    let mut http = server.http();
    let _ = http.try_send(get(&path(17_000)));
    let status = http.response().status();
    assert!([414, 431].contains(&status), "{status}");
    http.is_closed();
}

#[test]
fn a_body_beyond_its_length_is_refused() {
    let (_site, server) = server("api: {max_body: 4 KiB}\n");
    let mut http = server.http();
    http.ask(post("/api/v1/validate", padded(4_096))).result();
    http.ask(in_chunks("/api/v1/validate", "application/json", &padded(4_096))).result();
    let detail = http.ask(post("/api/v1/validate", padded(4_097))).is_problem(413, "message_too_large");
    assert!(detail.contains("`api.max_body`"), "{detail}");
    server
        .http()
        .ask(in_chunks("/api/v1/validate", "application/json", &padded(4_097)))
        .is_problem(413, "message_too_large");
    // The server does not wait for what it refuses.
    let mut http = server.http();
    http.send("POST /api/v1/validate HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: 99999999999\r\n\r\n{");
    http.response().is_problem(413, "message_too_large");
    http.is_closed();
    server.http().is_served();
}

#[test]
fn a_stream_beyond_its_length_is_refused_or_ends_with_an_error() {
    let (_site, server) = server("api: {max_stream: 16 KiB, max_body: 4 KiB}\n");
    let all = lines();
    let fill = |length: usize| {
        let mut text = all.clone();
        text.push_str(&"\n".repeat(length - all.len()));
        text
    };
    let ask = |body: &str| server.http().ask(in_chunks(STREAM, "application/x-ndjson", body));
    assert_eq!(ask(&fill(16_384)).lines().last().unwrap()["summary"]["records"], 12);
    let typed = ["Content-Type: application/x-ndjson"];
    let response = server.http().ask(request("POST", STREAM, &typed, fill(16_384)));
    assert_eq!(response.lines().last().unwrap()["summary"]["records"], 12);

    let response = server.http().ask(request("POST", STREAM, &typed, fill(16_385)));
    let detail = response.is_problem(413, "message_too_large");
    assert!(detail.contains("`api.max_stream`"), "{detail}");
    // Without a length, it is seen when results have left already, or before.
    let response: Response = ask(&fill(16_385));
    match response.status() {
        413 => _ = response.is_problem(413, "message_too_large"),
        _ => {
            let lines = response.lines();
            assert_eq!(lines.last().unwrap()["error"]["code"], "message_too_large", "{lines:?}");
            assert!(lines.iter().all(|line| line.get("summary").is_none()));
        }
    }
}

#[test]
fn a_request_with_too_much_besides_its_records_is_refused() {
    let (_site, server) = server("api: {max_parameters: 1 KiB}\n");
    let mut http = server.http();
    let record = json!({"id": "x".repeat(5_000)}).to_string();
    let of_length = |length: usize| {
        let body = format!(r#"{{"entity_type":"loan","entity_data":{record},"ruleset_name":"quick"}}"#);
        let rest = length - (body.len() - record.len());
        body + &" ".repeat(rest)
    };
    http.ask(post("/api/v1/validate", of_length(1_024))).result();
    let detail = http.ask(post("/api/v1/validate", of_length(1_025))).is_problem(413, "parameters_too_large");
    assert!(detail.contains("`api.max_parameters`"), "{detail}");
    // What is hidden in related entities counts, too.
    let body = json!({"entities": [], "id_fields": ["id"], "ruleset_name": "quick", "associated": {"a": {"b": "x".repeat(2_000)}}});
    http.ask(post("/api/v1/batch", body.to_string())).is_problem(413, "parameters_too_large");
}

#[test]
fn more_records_than_a_request_may_have_are_refused_unless_they_are_streamed() {
    let (_site, server) = server("api: {max_records: 12}\n");
    let mut http = server.http();
    let batch = |count: usize| {
        let records: Vec<Value> = (0..count).map(|number| poor(&format!("L-{number}"))).collect();
        json!({"entities": records, "id_fields": ["id"], "ruleset_name": "quick"}).to_string()
    };
    let as_lines = ["Content-Type: application/json", "Accept: application/x-ndjson"];
    assert_eq!(http.ask(post("/api/v1/batch", batch(12))).result().as_array().unwrap().len(), 12);
    assert_eq!(http.ask(request("POST", "/api/v1/batch", &as_lines, batch(12))).lines().len(), 13);
    for count in [13, 3_000] {
        let detail = http.ask(post("/api/v1/batch", batch(count))).is_problem(413, "too_many_records");
        assert!(detail.contains("`api.max_records`"), "{detail}");
        http.ask(request("POST", "/api/v1/batch", &as_lines, batch(count))).is_problem(413, "too_many_records");
    }
    let lines: String = (0..3_000).map(|_| format!("{}\n", loans()[0])).collect();
    let response = http.ask(request("POST", STREAM, &["Content-Type: application/x-ndjson"], lines));
    assert_eq!(response.lines().last().unwrap()["summary"]["records"], 3_000);
}

#[test]
fn compressed_bodies_are_refused() {
    let (_site, server) = server("");
    // 1,032 zero bytes for each byte: what a decompressor would make of a short body.
    let gzip = [&[0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 3][..], &[0; 100]].concat();
    for (path, content_type) in [("/api/v1/validate", "application/json"), (STREAM, "application/x-ndjson")] {
        for encoding in ["gzip", "x-gzip", "deflate", "br", "zstd", "gzip, gzip", "GZIP"] {
            let (content_type, encoding) =
                (format!("Content-Type: {content_type}"), format!("Content-Encoding: {encoding}"));
            let headers = [content_type.as_str(), encoding.as_str()];
            server.http().ask(request("POST", path, &headers, &gzip)).is_problem(415, "unsupported_media_type");
        }
    }
}
