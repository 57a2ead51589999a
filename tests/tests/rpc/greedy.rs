//! Clients that take as much as they can.

use std::sync::mpsc::channel;
use std::thread;
use std::time::Instant;

use serde_json::json;

use crate::connection::{Answer, Connection, PATIENCE, request};
use crate::server::{Server, Transport};
use crate::sites::{DATA, configured};

/// The sample loans, `times` times: about 1.5 KB of answer for each loan.
fn batch(times: usize) -> String {
    let loans = String::from_utf8(jurat_tests::site::sample("loans.ndjson")).unwrap();
    let loans: Vec<_> = loans.lines().collect();
    let records = vec![loans.join(","); times].join(",");
    format!(r#"{{"entities":[{records}],"id_fields":["id"],"ruleset_name":"thorough"}}"#)
}

#[test]
fn a_client_that_never_reads_is_closed_and_all_others_are_served() {
    let site = configured("server: {write_timeout_ms: 500, max_in_flight: 4}\n");
    for transport in [Transport::Tcp, Transport::Unix] {
        let mut server = Server::start(&site, transport);
        let mut other = server.connect();
        other.is_served();
        let before = server.sockets();
        let mut greedy = server.connect();
        let line = request("1", "batch_validate", &batch(20)) + "\n";
        // The connection is closed before there is an end to what could be sent.
        let begun = Instant::now();
        while greedy.try_send(&line).is_ok() {
            other.is_served();
            assert!(begun.elapsed() < PATIENCE, "the connection stays open");
        }
        other.is_served();
        drop(greedy);
        while server.sockets() > before {
            other.is_served();
            assert!(begun.elapsed() < PATIENCE, "something of the connection stays");
        }
    }
}

#[test]
fn a_server_ends_when_its_only_client_stops_reading() {
    let site = configured("");
    let mut server = Server::start(&site, Transport::Stdio);
    let (reader, mut writer) = server.connect().split();
    drop(reader);
    let begun = Instant::now();
    while writer.try_send(request("1", "health", "{}") + "\n").is_ok() {
        assert!(begun.elapsed() < PATIENCE, "the connection stays open");
    }
    let (status, log) = server.ended();
    assert_eq!(status.code(), Some(4), "{log:#?}");
}

#[test]
fn unread_answers_take_no_more_memory_than_the_limit() {
    let site = configured("server: {max_message: 8 MiB, max_reply: 16 MiB, max_buffered: 16 MiB}\n");
    let mut server = Server::start(&site, Transport::Tcp);
    let line = request("1", "batch_validate", &batch(500)) + "\n";
    let deaf: Vec<_> = (0..12)
        .map(|_| {
            let mut client = server.connect();
            client.send(&line);
            client
        })
        .collect();
    // All answers are made, or too much.
    server.says_times("jurat::request", deaf.len());
    assert!(server.resident() < 300 << 10, "{} KiB", server.resident());
    server.connect().is_served();
    drop(deaf);
}

#[test]
fn memory_for_requests_is_shared_and_a_request_that_gets_none_is_refused() {
    let site = configured("server: {max_message: 8 MiB, max_buffered: 8 MiB}\n");
    for transport in [Transport::Tcp, Transport::Unix] {
        let mut server = Server::start(&site, transport);
        let mut other = server.connect();
        let clients = [server.connect(), server.connect()];
        let (sender, told) = channel();
        let half = format!("{{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"health\",\"more\":\"{}", "x".repeat(6 << 20));
        let mut writers = Vec::new();
        for (number, client) in clients.into_iter().enumerate() {
            let (mut reader, mut writer) = client.split();
            let sender = sender.clone();
            thread::spawn(move || {
                while let Some(line) = reader.line() {
                    // The receiver is gone once the test is over.
                    let _ = sender.send((number, line));
                }
            });
            writer.send(&half);
            writers.push(writer);
        }
        // The memory is not enough for both, so at least one is refused, in the middle of its line.
        let failure =
            |line: &str| Answer::parse(line).outcome().err().map(|refused| (refused.code, refused.kind().to_owned()));
        let (_, line) = told.recv_timeout(PATIENCE).unwrap();
        let overloaded = Some((-32000, "overloaded".to_owned()));
        assert_eq!(failure(&line), overloaded);
        other.is_served();
        writers.iter_mut().for_each(|writer| writer.send("\"}\n"));
        let (_, line) = told.recv_timeout(PATIENCE).unwrap();
        let second = failure(&line);
        assert!(second.is_none() || second == overloaded, "{second:?}");
        // One after the other, the memory is enough for each.
        for (number, writer) in writers.iter_mut().enumerate() {
            writer.send(format!("{half}\"}}\n"));
            let (served, line) = told.recv_timeout(PATIENCE).unwrap();
            assert_eq!((served, failure(&line)), (number, None));
        }
        assert!(server.resident() < 400 << 10, "{} KiB", server.resident());
    }
}

#[test]
fn an_answer_that_would_be_too_long_is_not_made() {
    let site = configured(&format!("{DATA}server: {{max_reply: 64 KiB}}\n"));
    for transport in Transport::ALL {
        let mut server = Server::start(&site, transport);
        let mut connection = server.connect();
        let message = connection.refused("batch_validate", &batch(20), -32000, "reply_too_large");
        assert!(message.contains("65536") && message.contains("server.max_reply"), "{message}");
        assert_eq!(connection.result("batch_validate", &batch(1)).as_array().unwrap().len(), 12);
    }
}

#[test]
fn one_client_may_have_the_longest_answer_and_half_of_the_memory_for_files() {
    const LONGEST: usize = 4 << 20;
    let site = configured(&format!(
        "{DATA}max_file: 8 MiB\nserver: {{max_message: 4 MiB, max_reply: 4 MiB, max_buffered: 20 MiB}}\n"
    ));
    let loans = String::from_utf8(jurat_tests::site::sample("loans.json")).unwrap();
    for (name, length) in [("longest.json", LONGEST), ("longer.json", LONGEST * 3 / 2)] {
        site.write(format!("data/{name}"), loans.clone() + &" ".repeat(length - loans.len()));
    }
    let file = |name: &str| {
        json!({"file_uri": name, "entity_types": [], "id_fields": ["id"], "ruleset_name": "quick"}).to_string()
    };
    for transport in Transport::ALL {
        let mut server = Server::start(&site, transport);
        let mut connection = server.connect();
        assert_eq!(connection.result("batch_file_validate", &file("longest.json")).as_array().unwrap().len(), 12);
        // While it is read it takes its length twice.
        let message = connection.refused("batch_file_validate", &file("longer.json"), -32000, "overloaded");
        assert!(message.contains("or raise `server.max_buffered`"), "{message}");
        // While windows of records wait for those before them, and are added to the answer, it must have enough memory.
        let length = connection.result("batch_validate", &batch(1)).to_string().len();
        let times = LONGEST * 97 / 100 / length;
        assert_eq!(connection.result("batch_validate", &batch(times)).as_array().unwrap().len(), 12 * times);
    }
}

#[test]
fn a_client_that_disconnects_in_the_middle_leaves_nothing_behind() {
    let site = configured("");
    for transport in [Transport::Tcp, Transport::Unix] {
        let mut server = Server::start(&site, transport);
        let mut other = server.connect();
        other.is_served();
        let before = server.sockets();
        let line = request("1", "batch_validate", &batch(20)) + "\n";
        for number in 0..40 {
            let mut client: Connection = server.connect();
            client.send(&line);
            client.send(&line.as_bytes()[..number * line.len() / 40]);
        }
        let begun = Instant::now();
        while server.sockets() > before {
            other.is_served();
            assert!(begun.elapsed() < PATIENCE, "something of the connections stays");
        }
    }
}
