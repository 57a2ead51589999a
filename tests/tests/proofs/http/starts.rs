//! How long a server takes from its start to `/ready`, with everything in its cache.

use std::time::Instant;

use jurat_tests::http::get;
use jurat_tests::proof::Size;
use jurat_tests::server::Server;
use jurat_tests::site::{CONFIG, Site};
use rustix::process::Signal;

/// What a server logs that must run the test vectors of its release: the cache does not say that they hold.
const TESTED: &str = "the test vectors hold";

pub(super) fn run(size: Size) {
    let site = Site::signed();
    site.write("local-config.yaml", format!("{CONFIG}state_dir: state\nlogic_cache_dir: cache\n"));
    let first = start(&site);
    assert!(first.is_tested, "{first:?}");
    let mut times = Vec::new();
    for _ in 0..size.pick(1, 5) {
        let start = start(&site);
        assert!(!start.is_tested, "{start:?}");
        times.push(start.milliseconds);
    }
    times.sort_by(f64::total_cmp);
    println!("\n| from the start to `/ready` | milliseconds |");
    println!("|----------------------------|-------------:|");
    println!("| without a cache            | {:>12.1} |", first.milliseconds);
    println!("| median of {} with a cache   | {:>12.1} |", times.len(), times[times.len() / 2]);
}

#[derive(Debug)]
struct Start {
    milliseconds: f64,
    is_tested: bool,
}

fn start(site: &Site) -> Start {
    let began = Instant::now();
    let mut server = Server::serve(site, &[]);
    assert_eq!(server.http().ask(get("/ready")).status(), 200);
    let milliseconds = began.elapsed().as_secs_f64() * 1e3;
    server.signal(Signal::TERM);
    let (status, log) = server.ended();
    assert_eq!(status.code(), Some(0), "{log:#?}");
    Start { milliseconds, is_tested: log.iter().any(|line| line.contains(TESTED)) }
}
