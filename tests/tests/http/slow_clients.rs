//! Clients that send slowly, or nothing: each is closed in time, and does not keep others waiting.

use std::io::ErrorKind;
use std::thread;
use std::time::{Duration, Instant};

use jurat_tests::http::{Http, get, post, socket};
use jurat_tests::http2::{Http2, PREFACE};
use jurat_tests::server::Server;
use jurat_tests::site::Site;
use jurat_tests::tls;

use crate::loans::one;

const HEADERS: Duration = Duration::from_millis(400);
const IDLE: Duration = Duration::from_millis(700);
const BODY: Duration = Duration::from_millis(500);
const SETTINGS: &str = "api: {header_timeout_ms: 400, idle_timeout_ms: 700, body_timeout_ms: 500}\n";

fn server() -> (Site, Server) {
    let site = Site::configured(SETTINGS);
    let server = Server::serve(&site, &[]);
    (site, server)
}

/// Sends one byte after the other, with pauses, until the server closes the connection.
fn drip(http: &mut Http, text: &str) {
    let mut bytes = text.bytes().cycle();
    http.socket().set_read_timeout(Some(Duration::from_millis(50))).unwrap();
    loop {
        let byte = [bytes.next().unwrap()];
        // The pause is the wait for an end of the connection.
        let mut seen = [0];
        match http.socket().peek(&mut seen) {
            Err(error) if error.kind() == ErrorKind::WouldBlock => {}
            Ok(_) | Err(_) => break,
        }
        if http.try_send(byte).is_err() {
            break;
        }
    }
    http.socket().set_read_timeout(Some(jurat_tests::connection::PATIENCE)).unwrap();
}

#[test]
fn a_client_that_sends_nothing_is_closed() {
    let (_site, server) = server();
    let began = Instant::now();
    let mut silent = server.http();
    server.http().is_served();
    assert_eq!(silent.closes_after(HEADERS, began), "");
}

#[test]
fn a_client_that_stops_in_its_headers_is_closed() {
    let (_site, server) = server();
    for part in [
        "GE",
        "GET /api/v1/disc",
        "GET / HTTP/1.1\r\nHost: localhost\r\nAccept",
        "GET / HTTP/1.1\r\nHost: localhost\r\n",
    ] {
        let began = Instant::now();
        let mut slow = server.http();
        slow.send(part);
        server.http().is_served();
        assert_eq!(slow.closes_after(HEADERS, began), "", "{part}");
    }
}

#[test]
fn a_client_that_sends_its_headers_byte_by_byte_is_closed() {
    let (_site, server) = server();
    let began = Instant::now();
    let mut slow = server.http();
    slow.send("GET /health HTTP/1.1\r\nHost: localhost\r\nX: ");
    thread::scope(|scope| {
        scope.spawn(|| drip(&mut slow, "abc"));
        server.http().is_served();
    });
    slow.closes_after(HEADERS, began);
}

#[test]
fn a_connection_that_waits_for_its_next_request_is_closed_later_than_one_that_has_begun_it() {
    let (_site, server) = server();
    let mut idle = server.http();
    idle.is_served();
    let began = Instant::now();
    assert_eq!(idle.closes_after(IDLE - Duration::from_millis(50), began), "");

    // A second request has the time of headers from its first byte on.
    let mut slow = server.http();
    slow.is_served();
    let began = Instant::now();
    slow.send("GET / HT");
    assert_eq!(slow.closes_after(HEADERS - Duration::from_millis(50), began), "");

    // Within their time, both are served.
    let mut patient = server.http();
    for part in get("/health").chunks(20) {
        patient.send(part);
    }
    assert_eq!(patient.response().text(), "ok");
    patient.is_served();
}

#[test]
fn a_client_that_sends_its_body_byte_by_byte_is_told_so_and_closed() {
    let (_site, server) = server();
    let began = Instant::now();
    let mut slow = server.http();
    slow.send("POST /api/v1/validate HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: 1000\r\n\r\n");
    thread::scope(|scope| {
        scope.spawn(|| drip(&mut slow, " "));
        server.http().is_served();
    });
    slow.response().is_problem(408, "incomplete_message");
    slow.closes_after(BODY, began);

    // A body in parts that arrives in time is read.
    let mut patient = server.http();
    let body = one();
    patient.send(format!("POST /api/v1/validate HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: {}\r\n\r\n", body.len()));
    body.as_bytes().chunks(30).for_each(|part| patient.send(part));
    patient.response().result();
}

/// Sends pieces of this length, with pauses, until all is sent or the server says something.
fn send_in_pieces(http: &mut Http, text: &[u8], piece: usize) {
    http.socket().set_read_timeout(Some(Duration::from_millis(100))).unwrap();
    for piece in text.chunks(piece) {
        // The pause is the wait for a response.
        match http.socket().peek(&mut [0]) {
            Err(error) if error.kind() == ErrorKind::WouldBlock => http.send(piece),
            Ok(_) | Err(_) => break,
        }
    }
    http.socket().set_read_timeout(Some(jurat_tests::connection::PATIENCE)).unwrap();
}

#[test]
fn a_body_must_keep_its_pace_after_its_first_mebibyte() {
    /// What must arrive at a pace.
    const REST: usize = 640 << 10;
    /// How long the first MiB may take. Each 64 KiB behind it may take another second.
    const FIRST: Duration = Duration::from_secs(2);
    let site = Site::configured("api: {body_timeout_ms: 2000, max_parameters: 4 MiB}\n");
    let server = Server::serve(&site, &[]);
    let body = one();
    let body = body.clone() + &" ".repeat((1 << 20) + REST - body.len());
    let text = post("/api/v1/validate", &body);
    let (first, rest) = text.split_at(text.len() - REST);
    let send = |piece: usize| {
        let (mut http, began) = (server.http(), Instant::now());
        http.send(first);
        send_in_pieces(&mut http, rest, piece);
        let response = http.response();
        (http, began, response)
    };
    thread::scope(|scope| {
        // Ten pieces a second: 40 KiB, which is too slow from the third second on, or 160 KiB.
        let slow = scope.spawn(|| send(4 << 10));
        let (_, began, response) = send(16 << 10);
        response.result();
        assert!(began.elapsed() > FIRST, "{:?}: that needs no pace", began.elapsed());
        let (mut http, began, response) = slow.join().unwrap();
        response.is_problem(408, "incomplete_message");
        http.closes_after(FIRST, began);
    });
}

#[test]
fn a_client_that_begins_http_2_and_sends_nothing_more_is_closed() {
    let (_site, server) = server();
    let began = Instant::now();
    let mut whole = Http2::connect(&server.address);
    let mut half = server.http();
    half.send(&PREFACE[..10]);
    server.http().is_served();
    assert_eq!(half.closes_after(HEADERS, began), "");
    whole.closes_after(HEADERS, began);
}

#[test]
fn a_connection_of_http_2_waits_for_its_next_request_as_long_as_others() {
    let (_site, server) = server();
    let mut idle = Http2::connect(&server.address);
    assert_eq!(idle.get("/api/v1/discover-rulesets").status, 200);
    let began = Instant::now();
    assert_eq!(idle.get("/health").status, 200);
    idle.closes_after(IDLE - Duration::from_millis(50), began);
}

#[test]
fn a_body_over_http_2_that_does_not_arrive_is_answered() {
    let (_site, server) = server();
    let mut slow = Http2::connect(&server.address);
    let stream = slow.open("POST", "/api/v1/validate", &[("content-type", "application/json")], 0);
    let response = slow.response(stream);
    assert_eq!(response.status, 408, "{response:?}");
    // Other streams of the connection go on.
    assert_eq!(slow.get("/api/v1/discover-rulesets").status, 200);
}

#[test]
fn a_body_that_nobody_reads_is_not_waited_for() {
    let (_site, server) = server();
    for path in ["/health", "/nothing"] {
        let began = Instant::now();
        let mut slow = server.http();
        slow.send(format!("GET {path} HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1000000\r\n\r\n"));
        slow.response();
        slow.closes_after(Duration::ZERO, began);
    }
}

#[test]
fn a_client_that_does_not_agree_on_tls_or_sends_nothing_afterwards_is_closed() {
    const HANDSHAKE: Duration = Duration::from_millis(500);
    let site = Site::configured(&format!("{SETTINGS}server: {{handshake_timeout_ms: 500, {}}}\n", tls::SETTINGS));
    let certificate = tls::certify(&site);
    let server = Server::serve(&site, &[]);
    let began = Instant::now();
    let mut silent = server.http();
    let mut half = server.http();
    half.send([0x16, 3, 1, 2, 0, 1, 0]);
    tls::http(&server.address, &certificate).is_served();
    silent.closes_after(HANDSHAKE, began);
    half.closes_after(HANDSHAKE, began);

    let began = Instant::now();
    let mut agreed = tls::http(&server.address, &certificate);
    assert_eq!(agreed.closes_after(HEADERS, began), "");
    // A client that speaks no TLS is told so in TLS, or gets nothing.
    let mut plain = Http::over(socket(&server.address), socket(&server.address));
    plain.send(get("/health"));
    assert!(!plain.closes_after(Duration::ZERO, Instant::now()).contains("HTTP"));
}
