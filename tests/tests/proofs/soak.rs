//! A server with everything at once: hostile batches, clients that do not read or that break off, one release after the other, and
//! compilers that are killed.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use std::time::Duration;

use jurat_tests::operator::Operator;
use jurat_tests::proof::Size;
use jurat_tests::server::{Server, Transport};
use jurat_tests::site::{Site, sample};
use jurat_tests::unsigned::{guest_rules, tenant};

mod harmless_client;
mod rough_clients;

use harmless_client::HarmlessClient;
use rough_clients::{Broken, break_off, read_slowly};

use crate::hostile_batch::{GUEST, HostileBatch, Tally};
use crate::leftovers;
use crate::publications::{ALL_KINDS, Newest, Publications};
use crate::run::Run;
use crate::samples::Samples;
use crate::scene::Scene;

/// A tenant whose rule uses up its fuel.
const HOSTILE: &str = "hostile";
/// The records of its batches.
const BATCH: usize = 20;

#[test]
fn a_server_survives_everything_at_once() {
    let size = Size::of_this_run();
    let scene = scene();
    let mut server = Server::start_for_operators(&scene.site, Transport::Tcp);
    let mut keeper = server.connect();
    let newest = Newest::default();
    let mut client = HarmlessClient::new(server.reconnect(), &newest);
    let batch = HostileBatch::new(HOSTILE, BATCH);
    keeper.result("batch_validate", batch.params());
    let start = server.usage();

    let (run, tally) = (Run::default(), Tally::default());
    let (slow, broken) = (AtomicUsize::new(0), Broken::default());
    let operators = [(); 2].map(|()| Operator::Rpc(server.reconnect()));
    let mut publications = Publications::new(&scene.publisher, &server, operators, &newest, &ALL_KINDS);
    let samples = thread::scope(|scope| {
        let _part = run.part();
        for _ in 0..size.pick(1, 4) {
            let connection = server.reconnect();
            scope.spawn(|| batch.keep_under_way(connection, &run, &tally));
        }
        for number in 0..4 {
            let (server, run, slow) = (&server, &run, &slow);
            scope.spawn(move || read_slowly(server, number % 2 == 0, run, slow));
        }
        for seed in 0..2 {
            let (server, run, broken, batch) = (&server, &run, &broken, &batch);
            scope.spawn(move || break_off(server, batch, seed, run, broken));
        }
        scope.spawn(|| client.call_until_over(&run));
        scope.spawn(|| publications.publish_until_over(&run));
        let samples = Samples::until(size.pick(Duration::from_secs(8), Duration::from_secs(600)), &server, &run);
        run.end();
        samples
    });
    let publications = publications.finish();
    client.call();
    let end = leftovers::are_gone(&server, &mut Operator::Rpc(keeper), start);

    println!("\n|           |   calls | p50 [ms] | p99 [ms] | max [ms] | overloaded |");
    println!("|-----------|--------:|---------:|---------:|---------:|-----------:|");
    println!("| harmless  | {} |\n", client.latencies());
    let count = |count: &AtomicUsize| count.load(Ordering::Relaxed);
    println!("hostile batches: {} right, {} overloaded", count(&tally.answered), count(&tally.overloaded));
    println!("{publications}");
    println!("slow readers closed: {}; {broken}", count(&slow));
    println!("{}", samples.against(start, end));
    assert!(client.latencies().judged() > 0 && count(&tally.answered) > 0);
    let panics: Vec<_> = server.log().into_iter().filter(|line| line.contains("panicked")).collect();
    assert!(panics.is_empty(), "{panics:#?}");
    assert!(leftovers::has_returned(start, end), "{start:?} at the start, and when everybody has left {end:?}");
}

/// A server with the tenant that is published, one that is hostile, and a file of many loans.
fn scene() -> Scene {
    let site = Site::empty();
    let loans = String::from_utf8(sample("loans.ndjson")).unwrap();
    site.write("data/many.ndjson", loans.repeat(rough_clients::REPETITIONS));
    let hostile = tenant(HOSTILE, &guest_rules(&site, GUEST), "");
    Scene::new(site, "server: {write_timeout_ms: 2000}\n", &format!("    data_roots: [data]\n{hostile}"))
}
