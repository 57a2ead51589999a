//! Clients that leave while the server works for them, and clients that do not read.

use std::io::Read;
use std::thread;
use std::time::{Duration, Instant};

use jurat_tests::connection::PATIENCE;
use jurat_tests::guest;
use jurat_tests::http::{Http, get, post, request};
use jurat_tests::http2::{END_STREAM, Http2, Kind};
use jurat_tests::server::{OPERATOR_TOKEN, Server};
use jurat_tests::site::Site;
use jurat_tests::two_tenants::bearer;
use jurat_tests::unsigned::guest_rules;
use rustix::net::sockopt::set_socket_recv_buffer_size;
use serde_json::{Value, json};

use crate::loans::poor;

/// A site with one rule, which uses up its fuel on every record whose `n` is not 0, and is never suspended.
fn endless(more: &str) -> Site {
    let site = Site::empty();
    let rules = guest_rules(&site, "endless_loop");
    let components = guest::built().display().to_string();
    site.write(
        "local-config.yaml",
        format!(
            "business_config_uri: \"{rules}\"\nbatch_max_workers: 1\nsuspend_after: 4000000000\n\
             suspend_after_fuel: 1000000000000000000\ndanger:\n  unsigned_directory: true\n  component_directory: \"{components}\"\n{more}"
        ),
    );
    site
}

/// Records on which the rule works for minutes.
fn hard() -> Vec<Value> {
    (0..20_000).map(|id| json!({"id": id, "entity_type": "loan", "n": 1})).collect()
}

/// The calls that the server works on, as operators see it.
struct Calls(Http);

impl Calls {
    fn of(server: &Server) -> Self {
        Self(Http::connect(&server.operators_address))
    }

    /// Waits until it works on that many.
    #[track_caller]
    fn are(&mut self, expected: u64) {
        let (began, status) = (Instant::now(), request("GET", "/api/v1/status", &[&bearer(OPERATOR_TOKEN)], ""));
        loop {
            let found = self.0.ask(&status).result()["in_flight"].as_u64().unwrap();
            if found == expected {
                return;
            }
            assert!(began.elapsed() < PATIENCE, "{found} calls, not {expected}");
        }
    }
}

#[test]
fn the_work_for_a_client_ends_when_it_leaves() {
    let site = endless("");
    let server = Server::serve(&site, &["--operator-port", "0"]);
    let mut calls = Calls::of(&server);
    let batch = json!({"entities": hard(), "id_fields": ["id"], "ruleset_name": "main"}).to_string();
    let lines: String = hard().iter().map(|record| format!("{record}\n")).collect();
    let as_lines = ["Content-Type: application/json", "Accept: application/x-ndjson"];
    let mut clients = 0;
    for text in [
        post("/api/v1/batch", &batch),
        request("POST", "/api/v1/batch", &as_lines, &batch),
        request("POST", "/api/v1/batch?ruleset_name=main", &["Content-Type: application/x-ndjson"], &lines),
    ] {
        let mut leaving = server.http();
        leaving.send(text);
        calls.are(1);
        drop(leaving);
        clients += 1;
        server.says_times("client_gone", clients);
        calls.are(0);
    }
    let mut leaving = Http2::connect(&server.address);
    let stream =
        leaving.open("POST", "/api/v1/batch?ruleset_name=main", &[("content-type", "application/x-ndjson")], 0);
    leaving.send(Kind::Data, END_STREAM, stream, &lines.as_bytes()[..16_000]);
    calls.are(1);
    leaving.send(Kind::Reset, 0, stream, &8_u32.to_be_bytes());
    server.says_times("client_gone", clients + 1);
    calls.are(0);
    // The connection itself goes on.
    assert_eq!(leaving.get("/health").status, 200);
}

#[test]
fn a_request_that_takes_too_long_is_answered_and_its_work_ends() {
    let site = endless("api: {request_timeout_ms: 1000}\n");
    let server = Server::serve(&site, &["--operator-port", "0"]);
    let mut calls = Calls::of(&server);
    let batch = json!({"entities": hard(), "id_fields": ["id"], "ruleset_name": "main"}).to_string();
    let mut http = server.http();
    http.send(post("/api/v1/batch", &batch));
    calls.are(1);
    http.response().is_problem(503, "request_timeout");
    calls.are(0);
}

#[test]
fn a_client_that_reads_no_responses_of_its_many_requests_is_closed() {
    let site = Site::configured("server: {write_timeout_ms: 500}\n");
    let server = Server::serve(&site, &[]);
    server.http().is_served();
    let idle = server.resident();
    let mut unread = server.http();
    let flood = get("/api/v1/discover-rulesets").repeat(1_000);
    let error = loop {
        if let Err(error) = unread.try_send(&flood) {
            break error;
        }
    };
    assert!(jurat_tests::http::is_end(&error), "the connection stays: {error}");
    assert!(server.resident() < idle + (16 << 10), "{idle} KiB at first, {} KiB now", server.resident());
}

#[test]
fn a_client_that_does_not_read_is_closed_and_takes_no_more_than_its_budget() {
    /// In KiB: windows under way, what waits for the client, and what the allocator keeps.
    const ALLOWANCE: u64 = 96 << 10;
    const LIMIT: Duration = Duration::from_millis(700);
    let site = Site::configured("server: {write_timeout_ms: 700}\nchunk: {results: 1 MiB}\n");
    let server = Server::serve(&site, &[]);
    server.http().is_served();
    let idle = server.resident();
    let record = poor("L-1").to_string();
    let lines = format!("{record}\n").repeat(100_000);
    for closed in 1..=2 {
        let began = Instant::now();
        let mut unread = server.http();
        // The server stops reading when its results are not read. It closes the connection then.
        let sent = unread.try_send(request(
            "POST",
            "/api/v1/batch?ruleset_name=thorough",
            &["Content-Type: application/x-ndjson"],
            &lines,
        ));
        server.says_times("client_gone", closed);
        assert!(began.elapsed() >= LIMIT, "{:?} {sent:?}", began.elapsed());
    }
    assert!(server.peak() < idle + ALLOWANCE, "{idle} KiB at first, {} KiB at most", server.peak());
    // A long response that is not streamed.
    let records = vec![poor("L-1"); 5_000];
    let mut unread = server.http();
    unread.send(post(
        "/api/v1/batch",
        json!({"entities": records, "id_fields": ["id"], "ruleset_name": "thorough"}).to_string(),
    ));
    server.says_times("client_gone", 3);
    server.http().is_served();
}

/// Reads pieces of this length, with pauses, as long as it goes on and something comes.
fn read_in_pieces(http: &Http, piece: usize, goes_on: impl Fn() -> bool) {
    const PAUSE: Duration = Duration::from_millis(50);
    let (mut socket, mut buffer) = (http.socket(), vec![0; piece]);
    // The pause makes the client slow.
    while goes_on() && socket.read(&mut buffer).is_ok_and(|count| count > 0) {
        thread::sleep(PAUSE);
    }
}

#[test]
fn a_client_that_reads_a_little_at_a_time_must_take_enough_of_it() {
    const LIMIT: Duration = Duration::from_secs(1);
    /// More than sockets hold: what is behind it is sent only if the client has read enough in time.
    const LONG: usize = 8 << 20;
    let site = Site::configured("server: {write_timeout_ms: 1000}\n");
    let server = Server::serve(&site, &[]);
    let records = vec![poor("L-1"); 10_000];
    let batch = json!({"entities": records, "id_fields": ["id"], "ruleset_name": "thorough"}).to_string();
    let headers = ["Content-Type: application/json", "Connection: close"];
    let ask = || {
        let mut http = server.http();
        set_socket_recv_buffer_size(http.socket(), 64 << 10).unwrap();
        http.send(request("POST", "/api/v1/batch", &headers, &batch));
        http
    };
    let closed = || server.log().iter().filter(|line| line.contains("client_gone")).count();

    // 20 KiB a second.
    let (slow, began) = (ask(), Instant::now());
    read_in_pieces(&slow, 1 << 10, || closed() == 0 && began.elapsed() < PATIENCE);
    assert!(closed() == 1 && began.elapsed() >= LIMIT, "{:?}", began.elapsed());

    // Up to 2.5 MiB a second. The system says only now and then that a socket has room, so the server would not notice 256 KiB in time.
    let (patient, began) = (ask(), Instant::now());
    read_in_pieces(&patient, 128 << 10, || began.elapsed() < 3 * LIMIT);
    let mut rest = Vec::new();
    patient.socket().read_to_end(&mut rest).unwrap();
    assert!(rest.len() > LONG && rest.ends_with(b"]"), "only {} bytes came behind", rest.len());
    assert_eq!(closed(), 1);
}
