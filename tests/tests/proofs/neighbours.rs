//! Harmless calls beside as many hostile batches as a server with default settings admits.

use std::sync::atomic::Ordering;
use std::thread;
use std::time::Duration;

use jurat_tests::connection::Connection;
use jurat_tests::proof::Size;
use jurat_tests::server::{Server, Transport};
use jurat_tests::site::Site;
use jurat_tests::skip;
use jurat_tests::unsigned::{guest_rules, tenant};
use serde_json::{Value, json};

use crate::hostile_batch::{GUEST, HostileBatch, IN_FLIGHT, Tally};
use crate::latencies::Latencies;
use crate::run::{Run, until};

/// The tenant that makes harmless calls.
const OWN: &str = "own";
/// A tenant that does not.
const OTHER: &str = "other";
/// A batch is answered when all of them are: the fuel of several thousand calls, on one processor.
const LONGEST_BATCH: Duration = Duration::from_secs(600);
/// More than a call may have that the server takes for a small one.
const BATCH: usize = 20;
/// As many as such a call may have.
const SMALL_CALL: usize = 16;
/// The fewest with which it is hostile.
const SMALLEST_CALL: usize = 2;

/// What goes on beside the harmless calls.
struct Beside {
    title: &'static str,
    /// The tenant, and the records of each batch.
    batches: Option<(&'static str, usize)>,
}

const SCENES: [Beside; 6] = [
    Beside { title: "alone", batches: None },
    Beside { title: "own tenant's batches", batches: Some((OWN, BATCH)) },
    Beside { title: "another tenant's batches", batches: Some((OTHER, BATCH)) },
    Beside { title: "own tenant's calls of 16 records", batches: Some((OWN, SMALL_CALL)) },
    Beside { title: "another tenant's calls of 16 records", batches: Some((OTHER, SMALL_CALL)) },
    Beside { title: "own tenant's calls of 2 records", batches: Some((OWN, SMALLEST_CALL)) },
];

#[test]
fn harmless_calls_are_answered_beside_all_the_hostile_batches_that_are_admitted() {
    let site = site();
    println!("\nOne-record calls, in milliseconds. The aim is a p99 of at most 100 ms.\n");
    println!(
        "| server on      | beside                               |   calls |      p50 |      p99 |      max | overloaded | batches |"
    );
    println!(
        "|----------------|--------------------------------------|--------:|---------:|---------:|---------:|-----------:|--------:|"
    );
    let mut server = Server::start_for_operators(&site, Transport::Tcp);
    measure("all processors", &mut server);
    drop(server);
    match Server::start_on_one_processor(&site, Transport::Tcp) {
        Some(mut server) => measure("one processor", &mut server),
        None => skip::not_tried("one processor: `taskset -c 0` does not work here"),
    }
}

/// Two tenants with the same rule, and nothing else in the settings.
fn site() -> Site {
    let site = Site::empty();
    let rules = guest_rules(&site, GUEST);
    let tenants = [OWN, OTHER].map(|name| tenant(name, &rules, "")).concat();
    site.write("local-config.yaml", format!("tenants:\n{tenants}"));
    site
}

fn measure(processors: &str, server: &mut Server) {
    for scene in &SCENES {
        let (latencies, batches) = scene.run(server);
        println!("| {processors:<14} | {:<36} | {latencies} | {batches:>7} |", scene.title);
        assert!(latencies.judged() > 0, "every call was overloaded");
    }
    let panics: Vec<_> = server.log().into_iter().filter(|line| line.contains("panicked")).collect();
    assert!(panics.is_empty(), "{panics:#?}");
}

impl Beside {
    /// Makes the calls. Gives their times, and the number of batches that were answered in the end.
    fn run(&self, server: &mut Server) -> (Latencies, usize) {
        let size = Size::of_this_run();
        let (calls, connections) = (size.pick(200, 3_000), size.pick(2, 8));
        let (run, tally) = (Run::default(), Tally::default());
        let batch = self.batches.map(|(tenant, records)| HostileBatch::new(tenant, records));
        let mut client = server.connect();
        let latencies = thread::scope(|scope| {
            let _part = run.part();
            if let Some(batch) = &batch {
                for _ in 0..connections {
                    let connection = server.reconnect_within(LONGEST_BATCH);
                    let (run, tally) = (&run, &tally);
                    scope.spawn(move || batch.keep_under_way(connection, run, tally));
                }
                until("all batches are under way", || {
                    let in_flight = client.result("status", "{}")["in_flight"].as_u64();
                    (in_flight >= Some(connections * IN_FLIGHT as u64)).then_some(())
                });
            }
            let mut latencies = Latencies::default();
            while latencies.count() < calls && !run.is_over() {
                harmless_call(&mut client, &mut latencies);
            }
            run.end();
            latencies
        });
        assert_eq!(tally.overloaded.into_inner(), 0, "there is memory for all of them");
        (latencies, tally.answered.load(Ordering::Relaxed))
    }
}

fn harmless_call(client: &mut Connection, latencies: &mut Latencies) {
    let record = json!({"id": 1, "n": 0});
    let params = json!({"entity_type": "loan", "entity_data": record, "ruleset_name": "main", "tenant": OWN});
    if let Some(result) = latencies.validate(client, &params.to_string()) {
        let rules: Vec<Value> = serde_json::from_str(&result).unwrap();
        let verdicts: Vec<_> = rules.iter().map(|rule| (&rule["rule_id"], &rule["status"])).collect();
        assert_eq!(verdicts, [(&"guest".into(), &"PASS".into())], "{result}");
    }
}
