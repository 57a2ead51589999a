//! A server with everything at once: hostile batches, clients that do not read or that break off, one release after the other, and
//! compilers that are killed.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use jurat_tests::cdn::Cdn;
use jurat_tests::connection::{Connection, PATIENCE};
use jurat_tests::process::Usage;
use jurat_tests::proof::Size;
use jurat_tests::publisher::Publisher;
use jurat_tests::server::{Server, Transport};
use jurat_tests::site::{Site, sample};
use jurat_tests::unsigned::{guest_rules, tenant};

mod harmless_client;
mod publications;
mod rough_clients;
mod samples;

use harmless_client::HarmlessClient;
use publications::{Newest, Publications};
use rough_clients::{Broken, break_off, read_slowly};
use samples::Samples;

use crate::hostile_batch::{GUEST, HostileBatch, Tally};
use crate::run::{Run, until};

/// The tenant whose releases come from the CDN.
const LOANS: &str = "loans";
/// The same tenant, in the repository.
const PUBLISHED: &str = "demo";
/// A tenant whose rule uses up its fuel.
const HOSTILE: &str = "hostile";
/// The records of its batches.
const BATCH: usize = 20;
/// The most descriptors that may be there in the end beside those at the start: idle connections to the CDN.
const DESCRIPTORS_LEFT: usize = 8;
/// The same for threads. Of those that judge, 32 are kept beside the workers. A few wait for calls.
const THREADS_LEFT: usize = 32 + 8;

#[test]
fn a_server_survives_everything_at_once() {
    let size = Size::of_this_run();
    let scene = Scene::new();
    let mut server = Server::start(&scene.site, Transport::Tcp);
    let mut keeper = server.connect();
    let newest = Newest::default();
    let mut client = HarmlessClient::new(server.reconnect(), &newest);
    let batch = HostileBatch::new(HOSTILE, BATCH);
    keeper.result("batch_validate", batch.params());
    let start = server.usage();

    let (run, tally) = (Run::default(), Tally::default());
    let (slow, broken) = (AtomicUsize::new(0), Broken::default());
    let mut publications = Publications::new(&scene.publisher, &server, &newest);
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
    let end = left_alone(&server, &mut keeper, start);

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
    assert!(has_returned(start, end), "{start:?} at the start, and when everybody has left {end:?}");
}

/// A repository behind a CDN, and the directory of a server that polls it.
struct Scene {
    site: Site,
    publisher: Publisher,
    /// Its requests end with it.
    _cdn: Cdn,
}

impl Scene {
    fn new() -> Self {
        let publisher = Publisher::of_today("soak", &[PUBLISHED]);
        publisher.release(PUBLISHED, 1);
        let cdn = Cdn::serve(publisher.served());
        let site = Site::empty();
        site.write("root.json", publisher.root());
        site.write("authority.pem", cdn.authority());
        let loans = String::from_utf8(sample("loans.ndjson")).unwrap();
        site.write("data/many.ndjson", loans.repeat(rough_clients::REPETITIONS));
        let hostile = tenant(HOSTILE, &guest_rules(&site, GUEST), "");
        let url = cdn.url();
        site.write(
            "local-config.yaml",
            format!(
                "poll_seconds: 1\nstate_dir: state\nlogic_cache_dir: cache\nhttp: {{authorities: [authority.pem]}}\nserver: \
                 {{write_timeout_ms: 2000}}\ntenants:\n  {LOANS}:\n    business_config_uri: {url}\n    trust: {{release: \
                 t/{PUBLISHED}/main/loan.json}}\n    data_roots: [data]\n{hostile}"
            ),
        );
        Self { site, publisher, _cdn: cdn }
    }
}

/// Waits until nothing is left of those who have left, or for as long as a test waits. Gives what the server takes then.
fn left_alone(server: &Server, keeper: &mut Connection, start: Usage) -> Usage {
    until("no call is under way", || (keeper.result("status", "{}")["in_flight"] == 0).then_some(()));
    assert_eq!(keeper.result("status", "{}")["health"], "ok");
    let deadline = Instant::now() + PATIENCE;
    loop {
        let usage = server.usage();
        if has_returned(start, usage) || Instant::now() > deadline {
            return usage;
        }
        thread::sleep(Duration::from_millis(100));
    }
}

/// Whether a server takes about what it took at the start. Memory that was used stays with the allocator.
fn has_returned(start: Usage, end: Usage) -> bool {
    end.threads <= start.threads + THREADS_LEFT && end.descriptors <= start.descriptors + DESCRIPTORS_LEFT
}
