//! Requests that are written in unusual ways, and bytes that are no requests.

use jurat_tests::http::{Http, chunk, expecting, get, post, request};
use jurat_tests::server::Server;
use jurat_tests::site::Site;

use crate::loans::one;

const HEAD: &str = "POST /api/v1/validate HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n";

fn server() -> (Site, Server) {
    let site = Site::configured("api: {header_timeout_ms: 300, idle_timeout_ms: 300}\n");
    let server = Server::serve(&site, &[]);
    (site, server)
}

/// The statuses of all responses until the connection is closed.
fn statuses(server: &Server, bytes: impl AsRef<[u8]>) -> Vec<u16> {
    let mut http = server.http();
    http.send(bytes);
    std::iter::from_fn(|| http.try_response().map(|response| response.status())).collect()
}

/// A request whose body has two ends, and the request that one of them would hide.
fn smuggling(headers: &str) -> Vec<u8> {
    let body = [chunk(one()), b"0\r\n\r\n".to_vec()].concat();
    [format!("{HEAD}{headers}\r\n").as_bytes(), &body, &get("/health")].concat()
}

#[test]
fn a_body_with_two_ends_hides_no_request() {
    let (_site, server) = server();
    // Chunks decide, and the connection ends, as RFC 9112 demands in section 6.1.
    for headers in [
        "Transfer-Encoding: chunked\r\nContent-Length: 4\r\n",
        "Content-Length: 4\r\nTransfer-Encoding: chunked\r\n",
        "Content-Length: 4\r\nTransfer-Encoding: Chunked\r\n",
    ] {
        assert_eq!(statuses(&server, smuggling(headers)), [200], "{headers}");
    }
    for headers in [
        "Content-Length: 4\r\nContent-Length: 5\r\n",
        "Content-Length: 4, 5\r\n",
        "Transfer-Encoding: xchunked\r\n",
        "Transfer-Encoding: chunked, identity\r\n",
        "Transfer-Encoding: identity\r\nContent-Length: 4\r\n",
        "Transfer-Encoding: gzip, chunked, x\r\n",
        "Transfer-Encoding : chunked\r\n",
        "Transfer-Encoding:\u{b}chunked\r\n",
        "Transfer-Encoding: \r\n chunked\r\n",
        "Content-Length: +4\r\n",
        "Content-Length: -4\r\n",
        "Content-Length: 0x4\r\n",
        "Content-Length: 4 4\r\n",
        "Content-Length: \r\n",
        "Content-Length: 18446744073709551616\r\n",
        "Content-Length : 4\r\n",
        " Content-Length: 4\r\n",
    ] {
        assert_eq!(statuses(&server, smuggling(headers)), [400], "{headers}");
    }
    server.http().is_served();
}

#[test]
fn a_body_in_broken_chunks_is_refused_and_hides_no_request() {
    let (_site, server) = server();
    let length = one().len();
    for body in [
        format!("{length:x}\n{}\n0\n\n", one()),
        format!("{length:x}x\r\n{}\r\n0\r\n\r\n", one()),
        format!("-1\r\n{}\r\n0\r\n\r\n", one()),
        format!("ffffffffffffffff1\r\n{}\r\n0\r\n\r\n", one()),
        format!("{length:x}\r\n{}xx0\r\n\r\n", one()),
        format!("{length:x} 5\r\n{}\r\n0\r\n\r\n", one()),
    ] {
        let text = format!("{HEAD}Transfer-Encoding: chunked\r\n\r\n{body}");
        let mut http = server.http();
        http.send([text.as_bytes(), &get("/health")].concat());
        http.response().is_problem(400, "invalid_request");
        http.is_closed();
    }
    // Extensions of chunks and trailers have no meaning, and do no harm.
    let body = format!("{length:x};a=b\r\n{}\r\n0\r\nContent-Length: 1\r\nX: y\r\n\r\n", one());
    let mut http = server.http();
    http.ask(format!("{HEAD}Transfer-Encoding: chunked\r\n\r\n{body}")).result();
    http.is_served();
}

#[test]
fn lines_and_characters_that_are_no_http_are_refused() {
    let (_site, server) = server();
    for text in [
        "GET /health HTTP/1.1\r\nHost: localhost\r\nX: a\r\n b\r\n\r\n",
        "GET /health HTTP/1.1\r\nHost: localhost\r\nX : a\r\n\r\n",
        "GET /health HTTP/1.1\r\nHost: localhost\r\nX: a\rb\r\n\r\n",
        "GET /health HTTP/1.1\r\nHost: localhost\r\nX: a\0b\r\n\r\n",
        "GET /health HTTP/1.1\r\nHost: localhost\r\nX\0: ab\r\n\r\n",
        "GET /health HTTP/1.1\r\nHost: localhost\r\nno colon\r\n\r\n",
        "GET /health HTTP/1.1\r\nHost: localhost\r\n: nameless\r\n\r\n",
        "GET /hea\0lth HTTP/1.1\r\nHost: localhost\r\n\r\n",
        "GET /hea\u{1b}[2Jlth HTTP/1.1\r\nHost: localhost\r\n\r\n",
        "GET /health HTTP/1.1 x\r\nHost: localhost\r\n\r\n",
        "GET /health HTTP/1.2\r\nHost: localhost\r\n\r\n",
        "GET /health HTTP/3.0\r\nHost: localhost\r\n\r\n",
        "GET /health\r\n\r\n",
        "G\0T /health HTTP/1.1\r\nHost: localhost\r\n\r\n",
        "\u{1b}[2J\r\n\r\n",
        "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"health\"}\n",
    ] {
        let found = statuses(&server, text);
        assert_eq!(found, [400], "{text:?}");
    }
    // The beginning of TLS.
    let hello = [&[0x16, 3, 1, 0, 200, 1, 0, 0, 196, 3, 3][..], &[7; 194]].concat();
    assert_eq!(statuses(&server, hello), [400]);
    server.http().is_served();
}

#[test]
fn a_line_feed_alone_ends_a_line_as_the_rfc_permits() {
    let (_site, server) = server();
    assert_eq!(statuses(&server, "GET /health HTTP/1.1\nHost: localhost\n\n"), [200]);
}

#[test]
fn a_path_is_only_what_it_is() {
    let (_site, server) = server();
    let mut http = server.http();
    for path in [
        "//api/v1/validate",
        "/api//v1/validate",
        "/api/v1/validate/",
        "/api/v1/validate//",
        "/api/v1/%76alidate",
        "/api/v1%2fvalidate",
        "/api/v1/validate%2f",
        "/api/v1/validate%00",
        "/api/v1/x/../validate",
        "/api/v1/./validate",
        "/api/v1/%2e%2e/v1/validate",
        "/api/v1/validate;x=1",
        "/API/V1/VALIDATE",
        "/health/",
        "//health",
        "/health;x",
        "/%68ealth",
        "/",
        "*",
    ] {
        let method = if path == "*" { "OPTIONS" } else { "POST" };
        let text = format!("{method} {path} HTTP/1.1\r\nHost: localhost\r\nContent-Length: 0\r\n\r\n");
        http.ask(text).is_problem(404, "unknown_path");
    }
    // No tunnel is opened.
    let mut tunnel = server.http();
    let response = tunnel.ask("CONNECT localhost:443 HTTP/1.1\r\nHost: localhost:443\r\n\r\n");
    assert!([400, 404, 405].contains(&response.status()), "{response:?}");
    // A query does not change the path.
    http.ask(post("/api/v1/validate?", one())).result();
    http.ask(post("/api/v1/validate?x=/../", one())).is_problem(400, "unknown_parameter");
}

#[test]
fn requests_in_a_row_are_answered_in_their_order() {
    let (_site, server) = server();
    let mut http = server.http();
    http.send(
        [post("/api/v1/validate", one()), get("/nothing"), get("/health"), post("/api/v1/validate", one())].concat(),
    );
    http.response().result();
    http.response().is_problem(404, "unknown_path");
    assert_eq!(http.response().text(), "ok");
    http.response().result();
    http.is_served();
}

#[test]
fn http_1_0_is_served_and_its_connection_ends() {
    let (_site, server) = server();
    let mut http = server.http();
    let body = one();
    http.send(format!(
        "POST /api/v1/validate HTTP/1.0\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: {}\r\n\r\n{body}",
        body.len()
    ));
    http.response().result();
    http.is_closed();
    // A stream has no chunks there: it ends with the connection.
    let line = crate::loans::loans()[0].to_string();
    let mut http = server.http();
    let response = http.ask(format!(
        "POST /api/v1/batch?ruleset_name=quick HTTP/1.0\r\nHost: localhost\r\nContent-Type: application/x-ndjson\r\nContent-Length: {}\r\n\r\n{line}",
        line.len()
    ));
    assert_eq!((response.header("transfer-encoding"), response.lines().len()), (None, 2));
    assert_eq!(response.lines()[1]["summary"]["records"], 1);
    // It has no chunks in requests either, and names its host like others.
    let chunked = "POST /api/v1/validate HTTP/1.0\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n";
    assert_eq!(statuses(&server, chunked), [400]);
    server.http().ask("GET /api/v1/discover-rulesets HTTP/1.0\r\n\r\n").is_problem(400, "ambiguous_request");
}

#[test]
fn a_client_that_waits_before_it_sends_its_body_is_told_to_go_on_or_why_not() {
    let (_site, server) = server();
    let body = one();
    let mut http = server.http();
    http.begin("/api/v1/validate", &body);
    http.ask(&body).result();
    // What is refused by its headers is refused at once.
    for (text, status, code) in [
        (expecting("/api/v1/validate", 100 << 20), 413, "message_too_large"),
        (expecting("/nothing", 10), 404, "unknown_path"),
        (expecting("/api/v1/validate", 10).replace("application/json", "text/xml"), 415, "unsupported_media_type"),
    ] {
        let mut http = server.http();
        http.ask(text).is_problem(status, code);
        http.is_closed();
    }
}

#[test]
fn a_body_that_breaks_off_is_a_problem() {
    let (_site, server) = server();
    let half: String = one().chars().take(40).collect();
    for (headers, body) in [
        (format!("Content-Length: {}\r\n", one().len()), half.clone()),
        ("Transfer-Encoding: chunked\r\n".to_owned(), format!("28\r\n{half}\r\n")),
        ("Transfer-Encoding: chunked\r\n".to_owned(), format!("ff\r\n{half}")),
    ] {
        let mut http: Http = server.http();
        http.send(format!("{HEAD}{headers}\r\n{body}"));
        http.finish();
        http.response().is_problem(400, "invalid_request");
        http.is_closed();
    }
    server.http().is_served();
}

#[test]
fn an_offer_of_another_protocol_is_not_taken() {
    let (_site, server) = server();
    for headers in [
        "Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMAAABkAAQAAP__\r\n",
        "Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: x\r\n",
    ] {
        let mut http = server.http();
        let response = http.ask(format!("GET /api/v1/discover-rulesets HTTP/1.1\r\nHost: localhost\r\n{headers}\r\n"));
        response.result();
        assert_eq!(response.header("upgrade"), None);
        http.is_served();
    }
}

#[test]
fn a_client_does_not_choose_its_correlation_id() {
    let (_site, server) = server();
    let mut http = server.http();
    let mut seen = Vec::new();
    for _ in 0..3 {
        let response = http.ask(request("GET", "/nothing", &["Jurat-Correlation-Id: mine", "X-Request-Id: mine"], ""));
        response.is_problem(404, "unknown_path");
        seen.push(response.header("jurat-correlation-id").unwrap().to_owned());
        server.says(&format!("correlation_id=\"{}\"", seen.last().unwrap()));
    }
    seen.dedup();
    assert!(seen.len() == 3 && !seen.contains(&"mine".to_owned()), "{seen:?}");
}
