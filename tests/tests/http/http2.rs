//! HTTP/2: what it is good for, and what it is abused for.

use std::time::{Duration, Instant};

use jurat_tests::http::{get, post};
use jurat_tests::http2::{END_HEADERS, END_STREAM, Http2, Kind, frame, literal, request};
use jurat_tests::results::without_times;
use jurat_tests::server::Server;
use jurat_tests::site::Site;
use jurat_tests::tls;
use rustix::process::Signal;
use serde_json::{Value, json};

use crate::loans::{all, one, poor};

/// The code of a stream that may be tried again (RFC 9113, section 7).
const REFUSED_STREAM: u32 = 7;
/// What a connection may add to the memory of the server, in KiB.
const LITTLE: u64 = 16 << 10;
const JSON: (&str, &str) = ("content-type", "application/json");

fn server(settings: &str) -> (Site, Server) {
    let site = Site::configured(settings);
    let server = Server::serve(&site, &[]);
    (site, server)
}

fn code(response: &jurat_tests::http2::Response) -> Value {
    serde_json::from_slice::<Value>(&response.body).unwrap()["code"].clone()
}

#[test]
fn calls_have_the_same_results_as_over_http_1() {
    let (_site, server) = server("");
    let (mut old, mut new) = (server.http(), Http2::connect(&server.address));
    for (path, body) in [("/api/v1/validate", one()), ("/api/v1/batch", all().to_string())] {
        let expected = old.ask(post(path, &body));
        let found = new.post(path, body.as_bytes());
        assert_eq!(found.status, 200);
        assert!(without_times(std::str::from_utf8(&found.body).unwrap()) == without_times(expected.text()), "{path}");
    }
    assert_eq!(new.get("/api/v1/discover-rulesets").body, old.ask(get("/api/v1/discover-rulesets")).body);
    assert_eq!(new.get("/health").body, b"ok");
    let response = new.get("/nothing");
    assert_eq!((response.status, code(&response)), (404, "unknown_path".into()));
    let response = new.post("/api/v1/validate", b"{");
    assert_eq!((response.status, code(&response)), (400, "parse_error".into()));
}

/// Some clients throw a response away if its stream is reset, even behind its end.
#[test]
fn a_refusal_does_not_reset_the_stream_of_a_body_that_still_comes() {
    let (_site, server) = server("");
    let mut http2 = Http2::connect(&server.address);
    let open = http2.open("POST", "/api/v1/validate", &[("content-type", "text/plain")], 0);
    assert_eq!(http2.response(open).status, 415);
    http2.send(Kind::Data, 0, open, &[b'x'; 1000]);
    http2.send(Kind::Ping, 0, 0, b"is it ok");
    while let Some(frame) = http2.frame() {
        assert!(frame.kind != Kind::Reset as u8 || frame.stream != open, "{frame:?}");
        if frame.kind == Kind::Ping as u8 && frame.payload == b"is it ok" {
            break;
        }
        http2.acknowledge(&frame);
    }
    http2.send(Kind::Data, END_STREAM, open, &[b'x'; 1000]);
    assert_eq!(http2.get("/health").status, 200);
}

#[test]
fn requests_side_by_side_do_not_wait_for_each_other() {
    let (_site, server) = server("");
    let mut http2 = Http2::connect(&server.address);
    let slow = http2.open("POST", "/api/v1/validate", &[JSON], 0);
    for _ in 0..100 {
        assert_eq!(http2.get("/api/v1/discover-rulesets").status, 200);
    }
    http2.send(Kind::Data, END_STREAM, slow, one().as_bytes());
    assert_eq!(http2.response(slow).status, 200);
}

#[test]
fn over_tls_client_and_server_agree_on_the_protocol() {
    let site = Site::configured(&format!("server: {{{}}}\n", tls::SETTINGS));
    let certificate = tls::certify(&site);
    let server = Server::serve(&site, &[]);
    for (offered, agreed) in [(&["h2", "http/1.1"][..], Some("h2")), (&["http/1.1"], Some("http/1.1")), (&[], None)] {
        let (stream, socket, protocol) = tls::connect(&server.address, &certificate, offered);
        assert_eq!(protocol.as_deref(), agreed, "{offered:?}");
        if agreed == Some("h2") {
            let mut http2 = Http2::over_tls(stream);
            assert_eq!(http2.post("/api/v1/validate", one().as_bytes()).status, 200);
        } else {
            jurat_tests::http::Http::over(stream, socket).is_served();
        }
    }
}

#[test]
fn streams_that_are_opened_and_reset_end_the_connection() {
    let (_site, server) = server("");
    let idle = server.resident();
    let mut http2 = Http2::connect(&server.address);
    let cancel = 8_u32.to_be_bytes();
    for _ in 0..100 {
        let mut batch = Vec::new();
        for _ in 0..100 {
            let stream = http2.next_stream();
            batch.extend(frame(Kind::Headers, END_HEADERS, stream, &request("POST", "/api/v1/validate", &[JSON])));
            batch.extend(frame(Kind::Reset, 0, stream, &cancel));
        }
        if http2.try_write(&batch).is_err() {
            break;
        }
    }
    http2.closed();
    server.http().is_served();
    assert!(server.resident() < idle + LITTLE, "{idle} KiB at first, {} KiB now", server.resident());
}

#[test]
fn a_flood_of_what_must_be_answered_ends_where_the_client_does_not_read() {
    let (_site, server) = server("server: {write_timeout_ms: 500}\n");
    let idle = server.resident();
    for (kind, payload) in [(Kind::Settings, &[][..]), (Kind::Ping, &[7; 8])] {
        let mut http2 = Http2::connect(&server.address);
        // A request that has no end, so that the connection is not idle.
        http2.open("POST", "/api/v1/validate", &[JSON], 0);
        let flood = frame(kind, 0, 0, payload).repeat(1_000);
        http2.flood(&flood);
        server.http().is_served();
    }
    assert!(server.resident() < idle + LITTLE, "{idle} KiB at first, {} KiB now", server.resident());
}

#[test]
fn headers_without_an_end_end_the_connection() {
    let (_site, server) = server("");
    let idle = server.resident();
    for size in [1, 10_000] {
        let mut http2 = Http2::connect(&server.address);
        let stream = http2.next_stream();
        http2.send(Kind::Headers, 0, stream, &request("GET", "/health", &[]));
        let more = literal("x", &"y".repeat(size));
        let flood = frame(Kind::Continuation, 0, stream, &more).repeat(10);
        http2.flood(&flood);
        server.http().is_served();
    }
    assert!(server.resident() < idle + LITTLE, "{idle} KiB at first, {} KiB now", server.resident());
}

#[test]
fn headers_that_are_too_long_are_refused_and_those_within_the_limit_are_not() {
    let (_site, server) = server("api: {max_header_bytes: 16 KiB}\n");
    let mut http2 = Http2::connect(&server.address);
    // Each header counts with 32 bytes more than its name and its value have; the four of every request have 180.
    for (length, is_accepted) in [(10_000, true), (16_000, true), (16_384 - 180 - 32, false)] {
        let stream = http2.open("GET", "/health", &[("x", &"y".repeat(length))], END_STREAM);
        let response = http2.response(stream);
        assert_eq!(response.status == 200, is_accepted, "{length}: {response:?}");
    }
    assert_eq!(http2.get("/health").status, 200);
}

#[test]
fn more_headers_than_the_limit_are_refused() {
    let (_site, server) = server("api: {max_headers: 20}\n");
    let mut http2 = Http2::connect(&server.address);
    for (count, status) in [(20, 200), (21, 431), (300, 431)] {
        let stream = http2.open("GET", "/health", &vec![("x", "y"); count], END_STREAM);
        assert_eq!(http2.response(stream).status, status, "{count}");
    }
}

#[test]
fn streams_beyond_the_limit_are_refused_and_the_others_are_served() {
    let (_site, server) = server("server: {max_in_flight: 2}\n");
    let mut http2 = Http2::connect(&server.address);
    let [first, second, third] = [(); 3].map(|()| http2.open("POST", "/api/v1/validate", &[JSON], 0));
    assert_eq!(http2.response(third).reset, Some(REFUSED_STREAM));
    for stream in [first, second] {
        http2.send(Kind::Data, END_STREAM, stream, one().as_bytes());
        assert_eq!(http2.response(stream).status, 200);
    }
    assert_eq!(http2.post("/api/v1/validate", one().as_bytes()).status, 200);
}

#[test]
fn no_tunnel_is_opened() {
    let (_site, server) = server("");
    for extra in [&[][..], &[(":scheme", "http"), (":path", "/api/v1/validate"), (":protocol", "websocket")]] {
        let mut http2 = Http2::connect(&server.address);
        let stream = http2.next_stream();
        let headers = [&[(":method", "CONNECT"), (":authority", "localhost")], extra].concat();
        let block: Vec<u8> = headers.iter().flat_map(|(name, value)| literal(name, value)).collect();
        http2.send(Kind::Headers, END_HEADERS, stream, &block);
        let response = http2.response(stream);
        assert!(response.reset.is_some() || [400, 404, 405].contains(&response.status), "{response:?}");
    }
    server.http().is_served();
}

#[test]
fn a_client_that_gives_room_byte_by_byte_is_closed() {
    const LIMIT: Duration = Duration::from_millis(600);
    let (_site, server) = server("server: {write_timeout_ms: 600}\n");
    let mut http2 = Http2::with_window(&server.address, 0);
    let batch = json!({"entities": vec![poor("L-1"); 500], "id_fields": ["id"], "ruleset_name": "thorough"});
    let stream = http2.open("POST", "/api/v1/batch", &[JSON], 0);
    for part in batch.to_string().as_bytes().chunks(16_000) {
        http2.send(Kind::Data, 0, stream, part);
    }
    http2.send(Kind::Data, END_STREAM, stream, &[]);
    let one = frame(Kind::WindowUpdate, 0, stream, &1_u32.to_be_bytes());
    let mut began = None;
    while let Some(next) = http2.frame() {
        if next.stream == stream && [Kind::Headers as u8, Kind::Data as u8].contains(&next.kind) {
            let began = *began.get_or_insert_with(Instant::now);
            assert!(began.elapsed() < LIMIT + Duration::from_secs(8), "it goes on");
            // The server may have closed the connection.
            let _ = http2.try_write(&one);
        }
    }
    assert!(began.unwrap().elapsed() > LIMIT / 2, "{began:?}");
    server.says("client_gone");
}

#[test]
fn a_client_that_gives_no_room_for_its_response_is_closed() {
    const LIMIT: Duration = Duration::from_millis(600);
    let (_site, server) = server("server: {write_timeout_ms: 600}\n");
    let began = Instant::now();
    let mut http2 = Http2::with_window(&server.address, 0);
    http2.open("GET", "/api/v1/discover-rulesets", &[], END_STREAM);
    http2.closes_after(LIMIT, began);
    server.says("client_gone");
    // One that gives little room, and more once it has read that, gets everything.
    let mut patient = Http2::with_window(&server.address, 100);
    assert_eq!(patient.get("/api/v1/discover-rulesets").body, server.http().ask(get("/api/v1/discover-rulesets")).body);
}

#[test]
fn a_server_that_stops_waits_until_the_client_has_made_room_for_its_response() {
    let (_site, mut server) = server("");
    let whole = server.http().ask(get("/api/v1/discover-rulesets")).body;
    let mut http2 = Http2::with_window(&server.address, 100);
    let stream = http2.open("GET", "/api/v1/discover-rulesets", &[], END_STREAM);
    let first = loop {
        let next = http2.frame().unwrap();
        if next.kind == Kind::Data as u8 {
            break next;
        }
        http2.acknowledge(&next);
    };
    server.signal(Signal::TERM);
    // It has handed everything to the HTTP library, and sent a part of it.
    let said = server.says("the server stops");
    assert!(said.contains("in_flight=1"), "{said}");
    http2.acknowledge(&first);
    let rest = http2.response(stream).body;
    assert_eq!([first.payload, rest].concat(), whole);
    assert_eq!(server.ended().0.code(), Some(0));
}
