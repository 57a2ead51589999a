//! How a server ends: what has begun is finished, nothing else is, and no client waits for ever.

use std::net::TcpStream;
use std::time::Instant;

use jurat_tests::site::Site;
use rustix::process::Signal;
use serde_json::Value;

use crate::connection::{Connection, PATIENCE, request};
use crate::coordination_service::{Behavior, CoordinationService};
use crate::server::{Server, Transport};
use crate::sites;

/// A server with a request under way, which ends when the test releases it.
struct Busy {
    service: CoordinationService,
    server: Server,
    connection: Connection,
    _site: Site,
}

impl Busy {
    fn start(transport: Transport, settings: &str) -> Self {
        let service = CoordinationService::start();
        service.on("L-1", &[Behavior::Waits]);
        let site = sites::coordinated(&service.host(), "timeout_ms: 60000\n");
        let config = std::fs::read_to_string(site.path("local-config.yaml")).unwrap();
        site.write("local-config.yaml", config + settings);
        let mut server = Server::start(&site, transport);
        let mut connection = server.connect();
        let loan =
            r#"{"$schema":"https://schemas.example.com/loan/v1.0.0","id":"L-1","financial":{"principal_amount":1}}"#;
        let params = format!(r#"{{"entity_type":"loan","entity_data":{loan},"ruleset_name":"related"}}"#);
        connection.send(request("\"busy\"", "validate", &params) + "\n");
        service.is_asked(1);
        Self { service, server, connection, _site: site }
    }

    /// The request is answered, and the connection is closed.
    #[track_caller]
    fn is_answered(&mut self) {
        let answer = self.connection.answer();
        assert_eq!(answer.id.get(), "\"busy\"");
        let results: Value = serde_json::from_str(&answer.outcome().unwrap()).unwrap();
        assert_eq!(results[0]["status"], "PASS");
        self.connection.is_at_end();
    }
}

#[test]
fn a_signal_lets_the_server_finish_what_it_has_begun() {
    for transport in Transport::ALL {
        for signal in [Signal::TERM, Signal::INT] {
            let mut busy = Busy::start(transport, "");
            busy.server.signal(signal);
            // What stops, why, and what it is still doing.
            let line = busy.server.says("the server stops");
            let name = if signal == Signal::TERM { "SIGTERM" } else { "SIGINT" };
            assert!(line.contains(&format!("signal=\"{name}\"")) && line.contains("in_flight=1"), "{line}");
            busy.service.release();
            busy.is_answered();
            let (status, log) = busy.server.ended();
            assert_eq!(status.code(), Some(0), "{transport:?} {signal:?}: {log:#?}");
        }
    }
}

#[test]
fn the_end_of_input_lets_the_server_finish_what_it_has_begun() {
    let mut busy = Busy::start(Transport::Stdio, "");
    busy.connection.finish();
    busy.service.release();
    busy.is_answered();
    let (status, log) = busy.server.ended();
    assert_eq!(status.code(), Some(0), "{log:#?}");
}

#[test]
fn the_end_of_one_of_many_clients_is_not_the_end_of_the_server() {
    for transport in [Transport::Tcp, Transport::Unix] {
        let mut busy = Busy::start(transport, "");
        busy.connection.finish();
        busy.service.release();
        busy.is_answered();
        busy.server.connect().is_served();
    }
}

#[test]
fn a_second_signal_ends_the_server_at_once() {
    for transport in Transport::ALL {
        let mut busy = Busy::start(transport, "");
        busy.server.signal(Signal::TERM);
        busy.server.signal(Signal::INT);
        busy.server.says("the server ends at once");
        let (status, log) = busy.server.ended();
        assert_eq!(status.code(), Some(4), "{transport:?}: {log:#?}");
        assert!(log.iter().any(|line| line.contains("1 requests were aborted")), "{log:#?}");
        busy.connection.is_at_end();
    }
}

#[test]
fn a_request_that_outlasts_the_limit_is_broken_off() {
    let mut busy = Busy::start(Transport::Tcp, "server: {drain_ms: 200}\n");
    busy.server.signal(Signal::TERM);
    busy.server.says("reason=\"`server.drain_ms` is over\"");
    let (status, log) = busy.server.ended();
    assert_eq!(status.code(), Some(4), "{log:#?}");
}

#[test]
fn no_connection_is_accepted_after_the_signal() {
    let mut busy = Busy::start(Transport::Tcp, "");
    busy.server.connect().is_served();
    let mut idle = busy.server.connect();
    idle.is_served();
    busy.server.signal(Signal::TERM);
    // An idle connection is closed at once.
    idle.is_at_end();
    let begun = Instant::now();
    while TcpStream::connect(&busy.server.address).is_ok() {
        assert!(begun.elapsed() < PATIENCE, "others are let in");
    }
    busy.service.release();
    busy.is_answered();
    assert_eq!(busy.server.ended().0.code(), Some(0));
}

#[test]
fn half_a_line_at_the_end_is_answered_like_a_line() {
    for transport in Transport::ALL {
        let site = sites::configured("");
        let mut server = Server::start(&site, transport);
        let mut connection = server.connect();
        connection.send("{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"hea");
        connection.finish();
        let answer = connection.answer();
        assert_eq!(answer.id.get(), "null");
        assert_eq!(answer.outcome().unwrap_err().code, -32700);
        connection.is_at_end();

        let connections = if transport == Transport::Stdio { 0 } else { 1 };
        (0..connections).for_each(|_| server.connect().is_served());
    }
}
