//! Hostile batches beside single records, of another tenant and of the same.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use jurat::{
    CallError, CallErrorKind, Cancellation, EntityType, JudgedWindow, RecordSource, RulesetName, Service, Summary,
};
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

/// A rule that is never suspended goes on as long as there are records.
const NEVER_SUSPENDED: &str = "    suspend_after: 4000000000\n    suspend_after_fuel: 1000000000000000000\n";

/// Records on each of which `endless_loop` uses up its fuel: more than anybody waits for.
fn hostile_records() -> Arc<[u8]> {
    let lines: String = (0..20_000).map(|id| format!("{{\"id\":{id},\"entity_type\":\"loan\",\"n\":1}}\n")).collect();
    lines.into_bytes().into()
}

/// Judges hostile records.
fn hostile_batch(service: &Service, text: &Arc<[u8]>) -> Result<Summary, CallError> {
    let request = timeless(service, "main");
    service.judge_windows(&request, RecordSource::text(Arc::clone(text)), |_| (), &mut |()| Ok(()))
}

#[test]
fn harmless_calls_are_answered_while_many_hostile_batches_run() {
    const BATCHES: usize = 40;
    const CALLS: usize = 200;
    let site = Site::empty();
    let service = open(&site, 2, &[loans(), hostile(&site, "endless_loop", NEVER_SUSPENDED)]);
    let (loans, hostile) = (service.tenant("loans").unwrap(), service.tenant("endless_loop").unwrap());
    let loan = String::from_utf8(sample("loans.ndjson")).unwrap().lines().next().unwrap().to_owned();
    let call = |service: &Service, record: &str, ruleset| {
        service.validate(EntityType::new("loan"), record, RulesetName::new(ruleset)).unwrap()
    };
    let (cancellation, text) = (Cancellation::new(), hostile_records());
    thread::scope(|scope| {
        let batches: Vec<_> = (0..BATCHES)
            .map(|_| {
                let (service, text) = (hostile.with_cancellation(cancellation.clone()), Arc::clone(&text));
                scope.spawn(move || hostile_batch(&service, &text))
            })
            .collect();
        let load = || service.gauges().tenants.iter().map(|tenant| tenant.queued_windows).sum::<usize>();
        while load() < BATCHES - 2 {
            thread::yield_now();
        }
        for (name, service, record, ruleset) in
            [("another tenant", &loans, &*loan, "thorough"), ("the same tenant", &hostile, r#"{"id":1,"n":0}"#, "main")]
        {
            let mut times = Vec::new();
            for _ in 0..CALLS {
                let begun = Instant::now();
                let result = call(service, record, ruleset);
                times.push(begun.elapsed());
                assert!(result.error.is_none() && !result.results.is_empty());
            }
            times.sort_unstable();
            let (p50, p99) = (times[CALLS / 2], times[CALLS * 99 / 100]);
            println!("{name}, beside {BATCHES} hostile batches: p50 {p50:?}, p99 {p99:?}, most {:?}", times[CALLS - 1]);
        }
        // All of them were still running.
        cancellation.cancel();
        for batch in batches {
            assert_eq!(batch.join().unwrap().map_err(|error| error.kind()), Err(CallErrorKind::Cancelled));
        }
    });
    // Nothing burns on.
    while service.gauges().busy_workers > 0 {
        thread::yield_now();
    }
}

#[test]
fn a_call_whose_future_is_dropped_ends() {
    let site = Site::empty();
    let service = open(&site, 1, &[hostile(&site, "endless_loop", NEVER_SUSPENDED)]);
    let text = hostile_records();
    let (ended, end) = std::sync::mpsc::channel();
    let calls = service.asynchronous();
    let mut call = Box::pin(calls.run(move |service| {
        let judged = hostile_batch(service, &text);
        ended.send(judged.map_err(|error| error.kind())).unwrap();
    }));
    let mut context = std::task::Context::from_waker(std::task::Waker::noop());
    assert!(call.as_mut().poll(&mut context).is_pending());
    while service.gauges().busy_workers == 0 {
        thread::yield_now();
    }
    drop(call);
    assert_eq!(end.recv().unwrap().unwrap_err(), CallErrorKind::Cancelled);
}
