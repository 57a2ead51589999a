//! One tenant's hostile batch beside another's single records.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use jurat::{EntityType, JudgedWindow, RecordSource, RulesetName, Service};
use jurat_tests::site::{Site, sample};

use super::{hostile, loans, open, timeless};

/// Above both, something is wrong on any machine. What is aimed at is three times as long as idle.
const MOST_TIMES: f64 = 50.0;
const MOST: Duration = Duration::from_millis(250);

/// How long calls with one record take: in the middle, and all but one in a hundred.
#[derive(Clone, Copy, Debug)]
struct Latency {
    p50: Duration,
    p99: Duration,
}

impl fmt::Display for Latency {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "p50 {:?}, p99 {:?}", self.p50, self.p99)
    }
}

/// Makes calls with one record, one after the other, and at least `count`.
fn measured(service: &Service, record: &str, count: usize, is_enough: impl Fn() -> bool) -> Latency {
    let mut times = Vec::new();
    while times.len() < count || !is_enough() {
        let begun = Instant::now();
        let result = service.validate(EntityType::new("loan"), record, RulesetName::new("thorough")).unwrap();
        times.push(begun.elapsed());
        assert_eq!(result.results.len(), 4);
    }
    times.sort_unstable();
    Latency { p50: times[times.len() / 2], p99: times[times.len() * 99 / 100] }
}

#[test]
fn single_records_are_judged_beside_a_hostile_batch() {
    let site = Site::empty();
    let service = open(&site, 2, &[loans(), hostile(&site, "endless_loop", "")]);
    let (ours, theirs) = (service.tenant("loans").unwrap(), service.tenant("endless_loop").unwrap());
    let record = String::from_utf8(sample("loans.ndjson")).unwrap().lines().next().unwrap().to_owned();
    measured(&ours, &record, 200, || true);
    let idle = measured(&ours, &record, 2_000, || true);

    let (is_over, batches) = (Arc::new(AtomicBool::new(false)), Arc::new(AtomicUsize::new(0)));
    let beside = thread::scope(|scope| {
        let (over, finished) = (Arc::clone(&is_over), Arc::clone(&batches));
        let hostile = scope.spawn(move || {
            let lines: String =
                (0..100).map(|id| format!("{{\"id\":{id},\"entity_type\":\"loan\",\"n\":1}}\n")).collect();
            let text: Arc<[u8]> = lines.into_bytes().into();
            while !over.load(Ordering::SeqCst) {
                let request = timeless(&theirs, "main");
                let render = |window: &JudgedWindow<'_>| window.records().len();
                let summary =
                    theirs.judge_windows(&request, RecordSource::text(Arc::clone(&text)), render, &mut |_| Ok(()));
                assert_eq!(summary.unwrap().rules["guest"].error, 100);
                finished.fetch_add(1, Ordering::SeqCst);
            }
        });
        // From its first batch to its fourth.
        while batches.load(Ordering::SeqCst) == 0 {
            thread::yield_now();
        }
        let beside = measured(&ours, &record, 2_000, || batches.load(Ordering::SeqCst) >= 4);
        is_over.store(true, Ordering::SeqCst);
        hostile.join().unwrap();
        beside
    });
    let times = beside.p99.as_secs_f64() / idle.p99.as_secs_f64();
    println!("idle: {idle}; beside a hostile batch: {beside}; ratio of p99 {times:.2}");
    assert!(times <= MOST_TIMES || beside.p99 <= MOST, "{idle}; {beside}");
}
