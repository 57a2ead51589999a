//! Clients that send requests at the times of a schedule, whether or not the responses to others are late; or as fast as they can.

use std::thread;
use std::time::{Duration, Instant};

use jurat_tests::http::Response;
use jurat_tests::server::Server;

use crate::latencies::Latencies;

/// Sends a request that often in a second, for a time, from a number of connections; without a rate, as often as they can, each
/// behind the response to the one before. Checks each response.
///
/// Gives how long they took, each from the moment when its request should have been sent: a server that is late once is late for all
/// requests that are due meanwhile.
pub(super) fn send(
    server: &Server,
    clients: u32,
    rate: Option<f64>,
    length: Duration,
    request: &[u8],
    check: fn(&Response),
) -> Latencies {
    let interval = rate.map(|rate| Duration::from_secs_f64(f64::from(clients) / rate));
    let first = |number| interval.unwrap_or_default() * number / clients;
    let connections: Vec<_> = (0..clients).map(|number| (server.http(), first(number))).collect();
    let begun = Instant::now();
    thread::scope(|scope| {
        let clients = connections.into_iter().map(|(mut http, first)| {
            scope.spawn(move || {
                let mut latencies = Latencies::default();
                let mut due = first;
                while due < length {
                    // The pause is the schedule.
                    thread::sleep(due.saturating_sub(begun.elapsed()));
                    let response = http.ask(request);
                    latencies.add(begun.elapsed() - due);
                    check(&response);
                    due = interval.map_or_else(|| begun.elapsed(), |interval| due + interval);
                }
                latencies
            })
        });
        let clients: Vec<_> = clients.collect();
        let mut all = Latencies::default();
        clients.into_iter().for_each(|client| all.extend(client.join().unwrap()));
        all
    })
}
