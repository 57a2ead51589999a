//! Clients that ask for much and read nothing: what a server holds for them, and what is left when they are gone.

use std::thread;
use std::time::Instant;

use crate::connection::{PATIENCE, request};
use crate::server::{Server, Transport};
use crate::sites::configured;

const CLIENTS: usize = 40;
const IN_FLIGHT: usize = 4;
/// In KiB: `max_buffered` for requests, and that with `max_reply` for responses.
const BUDGETS: u64 = (32 + 32 + 32) << 10;
/// In KiB: the rest, for 40 connections, 160 threads of calls, the results of 34 windows that are under way at most, and what the
/// allocator adds.
const ALLOWANCE: u64 = (6 + 7 + 34 + 32) << 10;
/// In KiB: what the allocator keeps of small blocks, such as the texts of mistakes, which are most of the results of windows. Lines and
/// responses that are long go back to the system.
const KEPT: u64 = 160 << 10;

#[test]
fn slow_readers_take_no_more_than_the_budgets_and_leave_nothing_behind() {
    let site = configured(&format!(
        "chunk: {{results: 1 MiB}}\nserver: {{max_message: 4 MiB, max_reply: 32 MiB, max_buffered: 32 MiB, max_in_flight: {IN_FLIGHT}}}\n"
    ));
    let mut server = Server::start(&site, Transport::Unix);
    let mut keeper = server.connect();
    keeper.is_served();
    let (idle, sockets) = (server.resident(), server.sockets());

    // A call alone, and calls in an array: each response has some 5 MB.
    let call = |records: usize| {
        let loan = r#"{"$schema":"https://schemas.example.com/loan/v1.0.0","id":"L"}"#;
        let records = vec![loan; records].join(",");
        let params = format!(r#"{{"entities":[{records}],"id_fields":["id"],"ruleset_name":"thorough"}}"#);
        request("1", "batch_validate", &params)
    };
    let lines = [call(2_000) + "\n", format!("[{}]\n", vec![call(250); 8].join(","))];
    let mut clients: Vec<_> = (0..CLIENTS).map(|_| server.reconnect()).collect();
    thread::scope(|scope| {
        for (client, lines) in clients.iter_mut().zip(lines.iter().cycle()) {
            scope.spawn(|| client.send(lines.repeat(IN_FLIGHT)));
        }
    });
    // The responses have used up their memory.
    server.says_times("overloaded", 2 * CLIENTS);
    let peak = server.peak();
    assert!(peak < idle + BUDGETS + ALLOWANCE, "{idle} KiB at first, {peak} KiB at most");

    drop(clients);
    let begun = Instant::now();
    while server.sockets() > sockets || server.resident() > idle + KEPT {
        keeper.is_served();
        assert!(begun.elapsed() < PATIENCE, "{idle} KiB at first, {} KiB now", server.resident());
    }
}
