//! How a server ends: what has begun is answered, nothing else is, and no client waits for ever.

use std::net::TcpStream;
use std::time::Instant;

use jurat_tests::connection::{Connection, PATIENCE};
use jurat_tests::http::{Http, check_problem, chunk, get, post};
use jurat_tests::http2::{END_STREAM, Http2, Kind};
use jurat_tests::server::Server;
use jurat_tests::site::Site;
use rustix::process::Signal;
use serde_json::Value;

use crate::loans::{loans, one};

/// A server with a request under way, whose body the test still has to send.
struct Busy {
    server: Server,
    http: Http,
    _site: Site,
}

impl Busy {
    fn start(settings: &str, arguments: &[&str]) -> Self {
        let site = Site::configured(settings);
        let server = Server::serve(&site, arguments);
        let mut http = server.http();
        http.begin("/api/v1/validate", &one());
        Self { server, http, _site: site }
    }

    /// The client is told that the request was aborted, and so is the log.
    #[track_caller]
    fn is_aborted(&mut self, log: &[String]) {
        self.http.response().is_problem(503, "stopping");
        self.http.is_closed();
        assert!(log.iter().any(|line| line.contains("kind=\"stopping\"")), "{log:#?}");
    }

    /// The request is answered, and its connection is closed.
    #[track_caller]
    fn is_answered(&mut self) {
        self.http.ask(one()).result();
        self.http.is_closed();
    }
}

/// A stream of records, whose first result has come.
fn begun_stream(server: &Server) -> Http {
    let mut stream = server.http();
    stream.send("POST /api/v1/batch?ruleset_name=quick HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/x-ndjson\r\nTransfer-Encoding: chunked\r\n\r\n");
    stream.send(chunk(format!("{}\n", loans()[0])));
    assert_eq!(stream.head().unwrap().status, 200);
    stream.chunk().unwrap();
    stream
}

/// Nobody is let in any more.
#[track_caller]
fn refuses_connections(address: &str) {
    let began = Instant::now();
    while TcpStream::connect(address).is_ok() {
        assert!(began.elapsed() < PATIENCE, "others are let in");
    }
}

#[test]
fn a_signal_lets_the_server_finish_what_it_has_begun_and_begin_nothing() {
    for signal in [Signal::TERM, Signal::INT] {
        let mut busy = Busy::start("", &[]);
        let mut idle = busy.server.http();
        idle.is_served();
        let mut http2 = Http2::connect(&busy.server.address);
        assert_eq!(http2.get("/health").status, 200);
        busy.server.signal(signal);
        let line = busy.server.says("the server stops");
        assert!(line.contains("in_flight=1"), "{line}");
        // Idle connections are closed at once.
        idle.is_closed();
        assert_eq!(http2.closed(), Some(0));
        refuses_connections(&busy.server.address);
        busy.is_answered();
        let (status, log) = busy.server.ended();
        assert_eq!(status.code(), Some(0), "{signal:?}: {log:#?}");
    }
}

#[test]
fn streams_of_records_and_of_http_2_are_finished_too() {
    let site = Site::configured("");
    let mut server = Server::serve(&site, &[]);
    let mut stream = begun_stream(&server);
    let mut http2 = Http2::connect(&server.address);
    let open = http2.open("POST", "/api/v1/validate", &[("content-type", "application/json")], 0);
    // The server has seen the headers when it answers what came behind them.
    assert_eq!(http2.get("/health").status, 200);

    server.signal(Signal::TERM);
    server.says("in_flight=2");
    refuses_connections(&server.address);
    http2.send(Kind::Data, END_STREAM, open, one().as_bytes());
    assert_eq!(http2.response(open).status, 200);
    stream.send(chunk(format!("{}\n", loans()[1])));
    stream.send("0\r\n\r\n");
    assert!(String::from_utf8(stream.chunk().unwrap()).unwrap().contains("LOAN-1002"));
    let last: Value = serde_json::from_slice(&stream.chunk().unwrap()).unwrap();
    assert_eq!(last["summary"]["records"], 2);
    assert_eq!(stream.chunk(), None);
    stream.is_closed();
    let (status, log) = server.ended();
    assert_eq!(status.code(), Some(0), "{log:#?}");
}

#[test]
fn a_request_that_arrives_while_the_server_stops_is_told_so() {
    let site = Site::configured("");
    let mut server = Server::serve(&site, &[]);
    let text = post("/api/v1/validate", one());
    let (begun, rest) = text.split_at(40);
    let mut http = server.http();
    http.send(begun);
    let mut http2 = Http2::connect(&server.address);
    let json = [("content-type", "application/json")];
    let open = http2.open("POST", "/api/v1/validate", &json, 0);
    // The server has seen what came before.
    assert_eq!(http2.get("/health").status, 200);
    server.http().is_served();
    server.signal(Signal::TERM);
    server.says("the server stops");

    // A connection that has begun its first request is read on.
    http.send(rest);
    let response = http.response();
    response.is_problem(503, "stopping");
    assert_eq!((response.header("retry-after"), response.header("connection")), (Some("1"), Some("close")));
    http.is_closed();

    // Over HTTP/2, the server accepts streams until the client has answered a ping.
    while http2.frame().unwrap().kind != Kind::GoAway as u8 {}
    let late = http2.post("/api/v1/validate", one().as_bytes());
    let problem: Value = serde_json::from_slice(&late.body).unwrap();
    assert_eq!(late.status, 503, "{problem}");
    check_problem(&problem, 503, "stopping");
    http2.send(Kind::Data, END_STREAM, open, one().as_bytes());
    assert_eq!(http2.response(open).status, 200);
    let (status, log) = server.ended();
    assert_eq!(status.code(), Some(0), "{log:#?}");
}

#[test]
fn before_it_stops_the_server_says_so_and_serves_on() {
    let site = Site::configured("api: {drain_delay_ms: 3000}\n");
    let mut server = Server::serve(&site, &[]);
    let mut kept = server.http();
    kept.is_served();
    server.signal(Signal::TERM);
    server.says("the server will stop");
    let began = Instant::now();
    let response = loop {
        let response = server.http().ask(get("/ready"));
        if response.status() != 200 {
            break response;
        }
        assert!(began.elapsed() < PATIENCE, "it says that it is ready");
    };
    assert_eq!((response.status(), response.text(), response.header("retry-after")), (503, "stopping", Some("1")));
    assert_eq!(server.http().ask(get("/health")).text(), "ok");
    server.http().ask(post("/api/v1/validate", one())).result();
    kept.ask(post("/api/v1/validate", one())).result();
    kept.is_closed();
    let (status, log) = server.ended();
    assert_eq!(status.code(), Some(0), "{log:#?}");
}

#[test]
fn a_second_signal_ends_the_server_at_once() {
    for (settings, said) in [("", "the server stops"), ("api: {drain_delay_ms: 60000}\n", "the server will stop")] {
        let mut busy = Busy::start(settings, &[]);
        busy.server.signal(Signal::TERM);
        busy.server.says(said);
        busy.server.signal(Signal::INT);
        busy.server.says("the server ends at once");
        let (status, log) = busy.server.ended();
        assert_eq!(status.code(), Some(4), "{settings}: {log:#?}");
        assert!(log.iter().any(|line| line.contains("1 requests were aborted")), "{log:#?}");
        busy.is_aborted(&log);
    }
}

#[test]
fn a_second_signal_aborts_nothing_where_nothing_is_worked_on() {
    for _ in 0..6 {
        let site = Site::configured("api: {drain_delay_ms: 60000}\n");
        let mut server = Server::serve(&site, &[]);
        server.http().is_served();
        server.signal(Signal::TERM);
        server.says("the server will stop");
        server.signal(Signal::TERM);
        let (status, log) = server.ended();
        assert_eq!(status.code(), Some(0), "{log:#?}");
    }
}

#[test]
fn a_request_that_outlasts_the_limit_is_broken_off() {
    let mut busy = Busy::start("server: {drain_ms: 200}\n", &[]);
    busy.server.signal(Signal::TERM);
    busy.server.says("reason=\"`server.drain_ms` is over\"");
    let (status, log) = busy.server.ended();
    assert_eq!(status.code(), Some(4), "{log:#?}");
    busy.is_aborted(&log);
}

#[test]
fn a_stream_that_outlasts_the_limit_ends_with_the_reason() {
    let site = Site::configured("server: {drain_ms: 200}\n");
    let mut server = Server::serve(&site, &[]);
    let mut stream = begun_stream(&server);
    server.signal(Signal::TERM);
    let last: Value = serde_json::from_slice(&stream.chunk().unwrap()).unwrap();
    assert_eq!(last["error"]["code"], "stopping", "{last}");
    assert_eq!(stream.chunk(), None);
    let (status, log) = server.ended();
    assert_eq!(status.code(), Some(4), "{log:#?}");
    assert!(log.iter().any(|line| line.contains("kind=\"stopping\"")), "{log:#?}");
}

#[test]
fn json_rpc_is_served_beside_http_and_both_end_together() {
    let mut busy = Busy::start("", &["--rpc-port", "0"]);
    let rpc_address = busy.server.rpc_address.clone();
    let mut rpc = Connection::tcp(&rpc_address);
    rpc.is_served();
    assert_ne!(rpc_address, busy.server.address);
    busy.server.signal(Signal::TERM);
    busy.server.says("the server stops");
    rpc.is_at_end();
    refuses_connections(&rpc_address);
    refuses_connections(&busy.server.address);
    busy.is_answered();
    let (status, log) = busy.server.ended();
    assert_eq!(status.code(), Some(0), "{log:#?}");
}
