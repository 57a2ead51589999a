//! Clients that leave while the server works for them, and clients that only wait.

use std::fs;
use std::time::Instant;

use serde_json::json;

use crate::connection::{Connection, PATIENCE};
use crate::server::{Server, Transport};
use jurat_tests::guest;
use jurat_tests::site::Site;
use jurat_tests::unsigned::guest_rules;

/// The rule goes on as long as there are records.
const NEVER_SUSPENDED: &str = "suspend_after: 4000000000\nsuspend_after_fuel: 1000000000000000000\n";

/// A site with one rule, which uses up its fuel on every record whose `n` is not 0.
fn endless() -> Site {
    let site = Site::empty();
    let rules = guest_rules(&site, "endless_loop");
    let components = guest::built().display().to_string();
    let danger = format!("danger:\n  unsigned_directory: true\n  component_directory: \"{components}\"\n");
    site.write(
        "local-config.yaml",
        format!("business_config_uri: \"{rules}\"\nbatch_max_workers: 1\n{NEVER_SUSPENDED}{danger}"),
    );
    site
}

/// Asks for a batch of that many records.
fn ask(connection: &mut Connection, records: usize, n: u32) {
    let records: Vec<_> = (0..records).map(|id| json!({"id": id, "entity_type": "loan", "n": n})).collect();
    let params = json!({"entities": records, "id_fields": ["id"], "ruleset_name": "main"});
    connection.ask("batch_validate", &params.to_string());
}

#[test]
fn the_work_for_a_client_ends_when_it_leaves_and_others_are_answered_meanwhile() {
    let site = endless();
    for transport in [Transport::Tcp, Transport::Unix] {
        let mut server = Server::start_for_operators(&site, transport);
        let (mut leaving, mut staying) = (server.connect(), server.reconnect());
        for _ in 0..4 {
            ask(&mut leaving, 20_000, 1);
        }
        while staying.result("status", "{}")["in_flight"].as_u64().unwrap() < 4 {
            std::thread::yield_now();
        }
        let harmless = json!({"entity_type": "loan", "entity_data": {"id": 1, "n": 0}, "ruleset_name": "main"});
        assert_eq!(staying.result("validate", &harmless.to_string())[0]["status"], "PASS");
        drop(leaving);
        server.says_times("client_gone", 4);
        while staying.result("status", "{}")["in_flight"] != 0 {
            std::thread::yield_now();
        }
    }
}

#[test]
fn a_client_that_leaves_with_more_requests_than_are_worked_on_is_missed() {
    let site = endless();
    let config = fs::read_to_string(site.path("local-config.yaml")).unwrap();
    site.write("local-config.yaml", format!("{config}server: {{max_in_flight: 2}}\n"));
    let mut server = Server::start_for_operators(&site, Transport::Tcp);
    let (mut leaving, mut staying) = (server.connect(), server.reconnect());
    for _ in 0..5 {
        ask(&mut leaving, 20_000, 1);
    }
    while staying.result("status", "{}")["in_flight"].as_u64().unwrap() < 2 {
        std::thread::yield_now();
    }
    drop(leaving);
    server.says_times("client_gone", 2);
    while staying.result("status", "{}")["in_flight"] != 0 {
        std::thread::yield_now();
    }
}

#[test]
fn a_client_that_only_waits_is_no_client_that_has_left() {
    let site = endless();
    let mut server = Server::start(&site, Transport::Tcp);
    let mut connection = server.connect();
    ask(&mut connection, 100, 1);
    connection.finish();
    let answer = connection.answer().outcome().unwrap();
    assert_eq!(answer.matches(r#""code":"fuel""#).count(), 100);
    assert!(connection.line().is_none());
}

#[test]
fn threads_that_waited_for_calls_end_although_timers_wake_them() {
    /// Fewer than a connection may have under way: of one that has all, the server does not notice at once that it is gone.
    const CALLS: usize = 12;
    const CLIENTS: usize = 4;
    let site = endless();
    let mut server = Server::start(&site, Transport::Tcp);
    let mut staying = server.connect();
    let mut leaving: Vec<_> = (0..CLIENTS).map(|_| server.reconnect()).collect();
    for connection in &mut leaving {
        (0..CALLS).for_each(|_| ask(connection, 20_000, 1));
    }
    while server.threads("jurat-call") < CLIENTS * CALLS {
        staying.is_served();
    }
    drop(leaving);
    // The tenant has two checks of its pin a second, each on a thread that they keep for a while.
    let begun = Instant::now();
    while server.threads("jurat-call") > 10 {
        assert!(begun.elapsed() < PATIENCE, "{} threads stay", server.threads("jurat-call"));
        std::thread::yield_now();
    }
    staying.is_served();
}
