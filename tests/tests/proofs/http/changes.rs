//! Many clients while releases are exchanged and the coordination service fails, and then while the server stops.

use std::net::TcpStream;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use std::time::Duration;

use jurat_tests::http::post;
use jurat_tests::operator::Operator;
use jurat_tests::proof::Size;
use jurat_tests::server::{Logging, Server};
use jurat_tests::site::Site;
use rustix::process::Signal;

use super::clients::Traffic;
use super::outages::Outages;
use crate::leftovers;
use crate::loans::Loans;
use crate::publications::{ALL_KINDS, Kind, Newest, Publications};
use crate::run::{Run, until};
use crate::samples::Samples;
use crate::scene::Scene;

/// What a short run publishes.
const FEW_KINDS: [Kind; 3] = [Kind::Good, Kind::Broken, Kind::Good];
/// The responses of each client before the server is told to stop.
const BEFORE_SIGNAL: usize = 20;
/// How much the memory may grow after the first fifth of the run, in KiB. By then all clients have come. Each release that is exchanged
/// still adds to what the allocator keeps for each thread: about 20 MiB, until it levels off after a minute. A hundred bytes that
/// stay behind with each of 300,000 requests would be beyond the limit.
const GROWTH: u64 = 32 << 10;

pub(super) fn run(size: Size) {
    let clients = size.pick(8, 64);
    let (outages, site) = (Outages::start(), Site::empty());
    let more = outages.configure(&site);
    let scene = Scene::new(site, "", &more);
    let server = Server::serve_with(&scene.site, &["--operator-port", "0"], Logging::Warnings);
    let operator = || Operator::over_http(&server);
    let mut keeper = operator();
    let newest = Newest::default();
    let loans = Loans::new(&newest, |params| server.http().ask(post("/api/v1/validate", params)).result());
    let start = server.usage();

    let order = size.pick(&FEW_KINDS[..], &ALL_KINDS[..]);
    let mut publications = Publications::new(&scene.publisher, &server, [operator(), operator()], &newest, order);
    let (run, changes, traffic) = (Run::default(), Run::default(), Traffic::default());
    let (samples, failures) = thread::scope(|scope| {
        let _part = run.part();
        for client in traffic.clients(clients, &server, &loans, &outages) {
            scope.spawn(|| client.call_until_over(&run));
        }
        let publishing = scope.spawn(|| publications.publish_until_over(&changes));
        let failing = scope.spawn(|| outages.fail_until_over(&changes, operator()));
        let samples = Samples::until(Duration::from_secs(size.pick(3, 30)), &server, &run);
        changes.end();
        publishing.join().unwrap();
        let failures = failing.join().unwrap();
        run.end();
        (samples, failures)
    });
    let publications = publications.finish();
    let end = leftovers::are_gone(&server, &mut keeper, start);

    let count = |count: &AtomicUsize| count.load(Ordering::Relaxed);
    println!(
        "\n{clients} clients: {} right, {} not run for want of an entity",
        count(&traffic.answered),
        count(&traffic.not_run)
    );
    println!("the coordination service failed {failures} times; {publications}");
    println!("{}", samples.against(start, end));
    assert!(count(&traffic.not_run) > 0, "the service has not failed");
    assert!(leftovers::has_returned(start, end), "{start:?} at the start, and when everybody has left {end:?}");
    let (early, late) = samples.growth();
    println!("memory: {early} KiB after a fifth of the run, {late} KiB at its end");
    assert!(late < early + GROWTH, "that is {GROWTH} KiB more, or still more");

    let traffic = Traffic::default();
    stop(server, clients, &loans, &outages, &traffic);
    let stops = size.pick(1, 10);
    for _ in 1..stops {
        let server = Server::serve_with(&scene.site, &[], Logging::Warnings);
        stop(server, clients, &loans, &outages, &traffic);
    }
    assert_eq!(traffic.lost(), 0, "requests that were sent before the signal have no response");
    println!("{stops} stops with {clients} connections each: {}", traffic.endings());
}

/// Stops a server while all clients call.
fn stop(mut server: Server, clients: usize, loans: &Loans<'_>, outages: &Outages, traffic: &Traffic) {
    let run = Run::default();
    traffic.begins();
    thread::scope(|scope| {
        let _part = run.part();
        for client in traffic.clients(clients, &server, loans, outages) {
            let run = &run;
            scope.spawn(move || client.call_until_over(run));
        }
        let before = traffic.answered.load(Ordering::Relaxed);
        until("all clients are answered", || {
            let answered = traffic.answered.load(Ordering::Relaxed) - before;
            (answered > clients * BEFORE_SIGNAL || run.is_over()).then_some(())
        });
        traffic.stops();
        server.signal(Signal::TERM);
    });
    until("connections are refused", || TcpStream::connect(&server.address).is_err().then_some(()));
    // With another code it would have aborted requests.
    let (status, log) = server.ended();
    assert_eq!(status.code(), Some(0), "{log:#?}");
    let panics: Vec<_> = log.iter().filter(|line| line.contains("panicked")).collect();
    assert!(panics.is_empty(), "{panics:#?}");
}
