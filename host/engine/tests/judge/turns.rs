//! Windows that give way to others, and windows that nobody waits for any more.

use std::io::{self, Read};
use std::num::NonZeroUsize;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::channel;
use std::thread;
use std::time::Duration;

use jurat_engine::{JudgeError, JudgedWindow, RecordSource, Request, Workers, judge_windows};
use jurat_model::{Blame, Cancellation, Status};
use serde_json::json;

use crate::fixture::{Answer, Fixture, SCHEMAS, obedient, request, workers};
use crate::mixed;
use crate::scripted::{Say, Script};

/// Workers whose windows give way at every record and every call, if others wait.
fn yielding(threads: usize) -> Workers {
    Workers::start_with_slice(NonZeroUsize::new(threads).unwrap(), Duration::ZERO).unwrap()
}

#[test]
fn results_are_the_same_while_all_windows_give_way_to_each_other_everywhere() {
    let fixture = Fixture::new(&mixed::release());
    let text: Arc<[u8]> = mixed::records(300).join(&b'\n').into();
    let judged = |request: &Request, workers: &Workers| {
        fixture.judge_these(workers, request, Arc::clone(&text)).unwrap().timeless()
    };
    for rows in [5, 64, 1_024] {
        let request = mixed::timeless().with_rows(rows);
        let expected = judged(&request, &workers(1));
        for threads in 1..=3 {
            let workers = yielding(threads);
            thread::scope(|scope| {
                let others: Vec<_> = (0..3).map(|_| scope.spawn(|| judged(&request, &workers))).collect();
                for other in others {
                    assert!(other.join().unwrap() == expected, "{rows} rows on {threads} threads");
                }
            });
        }
    }
}

/// Records for a fixture of [`counting`].
fn text(records: usize) -> String {
    (0..records).map(|id| json!({"id": id, "$schema": SCHEMAS[0]}).to_string() + "\n").collect()
}

/// A release with one rule that calls `call` with every record.
fn counting(call: impl Fn() + Send + Sync + 'static) -> Fixture {
    let call = Arc::new(call);
    Fixture::scripted(&obedient(&[("a", 0)], [vec![json!("a")], Vec::new()]), move |_| -> Script {
        let call = Arc::clone(&call);
        Box::new(move |_, _| {
            call();
            Say::Verdict(Status::Pass, Vec::new())
        })
    })
}

#[test]
fn a_window_gives_way_before_all_of_it_is_rendered() {
    const PARTS: usize = 8;
    let workers = yielding(1);
    let [long, other] = [(); 2].map(|()| Arc::new(workers.queue(NonZeroUsize::MAX)));
    let (parts, seen) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicUsize::new(PARTS)));
    let (begun, begins) = channel();
    let render = {
        let (parts, other, begun) = (Arc::clone(&parts), Arc::clone(&other), std::sync::Mutex::new(begun));
        move |_: &JudgedWindow<'_>| {
            if parts.fetch_add(1, Ordering::SeqCst) == 0 {
                begun.lock().unwrap().send(()).unwrap();
                while other.load().queued == 0 {
                    thread::yield_now();
                }
            }
        }
    };
    let (rendered, least) = (Arc::clone(&parts), Arc::clone(&seen));
    let waiting = counting(move || {
        least.fetch_min(rendered.load(Ordering::SeqCst), Ordering::SeqCst);
    });
    let (fixture, request) = (counting(|| {}), request());
    let judged = |fixture: &Fixture, queue, records, render: Box<dyn Fn(&JudgedWindow<'_>) + Send + Sync>| {
        let source = RecordSource::text(text(records).into_bytes().into());
        judge_windows(&fixture.release, queue, &request, source, render, &mut |()| Ok(())).unwrap().records
    };
    thread::scope(|scope| {
        let first = scope.spawn(|| judged(&fixture, &long, 1_000, Box::new(render)));
        begins.recv().unwrap();
        // Too many records for the reserve.
        assert_eq!(judged(&waiting, &other, 100, Box::new(|_| ())), 100);
        assert_eq!(first.join().unwrap(), 1_000);
    });
    assert_eq!(parts.load(Ordering::SeqCst), PARTS);
    assert!(seen.load(Ordering::SeqCst) < PARTS, "all of it was rendered before the other window began");
}

/// Judges records of which the one with the number `last` cancels the request, and returns how many were judged.
fn cancelled_at(last: usize, threads: usize, records: usize) -> (Result<Answer, JudgeError>, usize) {
    let (cancellation, calls) = (Cancellation::new(), Arc::new(AtomicUsize::new(0)));
    let (cancel, counted) = (cancellation.clone(), Arc::clone(&calls));
    let fixture = counting(move || {
        if counted.fetch_add(1, Ordering::SeqCst) + 1 == last {
            cancel.cancel();
        }
    });
    let request = request().with_cancellation(cancellation.child());
    let judged = fixture.judge_on(&workers(threads), &request, &text(records));
    (judged, calls.load(Ordering::SeqCst))
}

#[test]
fn a_cancelled_request_ends_behind_the_call_in_progress() {
    for (last, records) in [(1, 5_000), (700, 1_000), (3_000, 5_000)] {
        let (judged, calls) = cancelled_at(last, 1, records);
        assert!(matches!(judged, Err(JudgeError::Cancelled)), "{judged:?}");
        assert_eq!(calls, last, "in the middle of a window");
        let (judged, calls) = cancelled_at(last, 3, records);
        assert!(matches!(judged, Err(JudgeError::Cancelled)), "{judged:?}");
        assert!((last..last + 3).contains(&calls), "{calls} calls, {last} before it was cancelled");
    }
    assert_eq!(JudgeError::Cancelled.blame(), Blame::Caller);
}

#[test]
fn a_request_that_is_cancelled_before_it_begins_calls_no_rule() {
    let fixture = counting(|| panic!("nobody waits for it"));
    let cancellation = Cancellation::new();
    cancellation.cancel();
    let request = request().with_cancellation(cancellation);
    let judged = fixture.judge_on(&workers(2), &request, &text(10));
    assert!(matches!(judged, Err(JudgeError::Cancelled)));
}

#[test]
fn a_request_that_is_cancelled_before_it_begins_reads_nothing() {
    let cancellation = Cancellation::new();
    cancellation.cancel();
    let request = request().with_cancellation(cancellation);
    let mut texts = std::iter::from_fn(|| -> Option<io::Result<Box<dyn Read>>> { panic!("nobody waits for it") });
    let (fixture, workers) = (counting(|| {}), workers(1));
    let (queue, input) = (workers.queue(NonZeroUsize::MAX), RecordSource::texts(&mut texts));
    let judged = judge_windows(&fixture.release, &queue, &request, input, |_| (), &mut |()| Ok(()));
    assert!(matches!(judged, Err(JudgeError::Cancelled)));
}

#[test]
fn a_request_that_is_cancelled_while_it_waits_calls_no_rule() {
    let (begun, begins) = channel();
    let (go, wait) = channel::<()>();
    let (begun, wait) = (std::sync::Mutex::new(begun), std::sync::Mutex::new(wait));
    let slow = counting(move || {
        begun.lock().unwrap().send(()).unwrap();
        assert!(wait.lock().unwrap().recv().is_err());
    });
    let never = counting(|| panic!("nobody waits for it"));
    let (workers, cancellation) = (workers(1), Cancellation::new());
    let queue = workers.queue(NonZeroUsize::MIN);
    let cancelled = request().with_cancellation(cancellation.clone());
    thread::scope(|scope| {
        let first = scope.spawn(|| slow.judge_on(&workers, &request(), &text(1)));
        begins.recv().unwrap();
        // Too many records for the reserve.
        let waiting = scope.spawn(|| {
            let text = RecordSource::text(text(100).into_bytes().into());
            judge_windows(&never.release, &queue, &cancelled, text, |_| (), &mut |()| Ok(()))
        });
        while queue.load().queued == 0 {
            thread::yield_now();
        }
        cancellation.cancel();
        drop(go);
        assert!(matches!(waiting.join().unwrap(), Err(JudgeError::Cancelled)));
        assert_eq!(first.join().unwrap().unwrap().records.len(), 1);
    });
}

#[test]
fn a_request_that_was_answered_cannot_be_cancelled_any_more() {
    let fixture = counting(|| {});
    let cancellation = Cancellation::new();
    let request = request().with_cancellation(cancellation.clone());
    let answer = fixture.judge_on(&workers(2), &request, &text(3_000)).unwrap();
    cancellation.cancel();
    assert_eq!(answer.records.len(), 3_000);
}

#[test]
fn a_call_of_few_records_is_answered_while_batches_have_all_workers() {
    let is_over = Arc::new(std::sync::atomic::AtomicBool::new(false));
    let (calls, over) = (Arc::new(AtomicUsize::new(0)), Arc::clone(&is_over));
    let counted = Arc::clone(&calls);
    // A call that takes long: it gives way to nobody.
    let slow = counting(move || {
        counted.fetch_add(1, Ordering::SeqCst);
        while !over.load(Ordering::SeqCst) {
            thread::yield_now();
        }
    });
    let quick = counting(|| {});
    for threads in [1, 2] {
        let workers = workers(threads);
        is_over.store(false, Ordering::SeqCst);
        calls.store(0, Ordering::SeqCst);
        thread::scope(|scope| {
            let batches: Vec<_> =
                (0..4).map(|_| scope.spawn(|| slow.judge_on(&workers, &request(), &text(100)).unwrap())).collect();
            while calls.load(Ordering::SeqCst) < threads {
                thread::yield_now();
            }
            for _ in 0..20 {
                assert_eq!(quick.judge_on(&workers, &request(), &text(16)).unwrap().records.len(), 16);
            }
            assert_eq!(calls.load(Ordering::SeqCst), threads, "all workers are still busy");
            is_over.store(true, Ordering::SeqCst);
            batches.into_iter().for_each(|batch| assert_eq!(batch.join().unwrap().records.len(), 100));
        });
    }
}
