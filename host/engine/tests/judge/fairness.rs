//! The order of service: tenants take turns, and so do the requests of each.

use std::num::NonZeroUsize;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Mutex};
use std::thread;

use jurat_engine::{JudgeError, JudgedWindow, RecordSource, Request, TenantQueue, Workers, judge_windows};
use serde_json::json;

use crate::fixture::{Fixture, SCHEMAS, obedient, request, workers};

const ONE: NonZeroUsize = NonZeroUsize::MIN;

fn fixture() -> Fixture {
    Fixture::new(&obedient(&[("a", 0)], [vec![json!("a")], Vec::new()]))
}

fn lines(count: usize) -> Arc<[u8]> {
    let line = |id: usize| json!({"id": id, "$schema": SCHEMAS[0]}).to_string() + "\n";
    (0..count).map(line).collect::<String>().into_bytes().into()
}

fn by_one() -> Request {
    let mut request = request();
    request = request.with_rows(1);
    request
}

/// Judges `windows` windows of one record each; `render` is called with the number of the window.
fn judge(
    fixture: &Fixture,
    queue: &TenantQueue,
    windows: usize,
    render: impl Fn(usize) + Send + Sync + 'static,
) -> Result<usize, JudgeError> {
    let render = move |window: &JudgedWindow<'_>| {
        for record in window.records() {
            render(record.result().entity_id.parse().unwrap());
        }
    };
    let mut count = 0;
    judge_windows(&fixture.release, queue, &by_one(), RecordSource::text(lines(windows)), render, &mut |()| {
        count += 1;
        Ok(())
    })?;
    Ok(count)
}

/// Holds workers up until it is opened.
struct Gate {
    arrived: Mutex<Sender<()>>,
    arrivals: Receiver<()>,
    open: Option<Sender<()>>,
    opened: Arc<Mutex<Receiver<()>>>,
}

impl Gate {
    fn new() -> Self {
        let (arrived, arrivals) = channel();
        let (open, opened) = channel();
        Self { arrived: Mutex::new(arrived), arrivals, open: Some(open), opened: Arc::new(Mutex::new(opened)) }
    }

    /// Something that says that it is there, and waits.
    fn wait(&self) -> impl Fn() + Send + Sync + use<> {
        let arrived = Mutex::new(self.arrived.lock().unwrap().clone());
        let opened = Arc::clone(&self.opened);
        move || {
            arrived.lock().unwrap().send(()).unwrap();
            let _ = opened.lock().unwrap().recv();
        }
    }

    fn wait_for_arrivals(&self, count: usize) {
        (0..count).for_each(|_| self.arrivals.recv().unwrap());
    }

    fn open(&mut self) {
        self.open = None;
    }
}

#[test]
fn a_tenant_with_endless_work_does_not_keep_others_from_being_served() {
    let fixture = fixture();
    let workers = workers(1);
    let (busy, other) = (workers.queue(NonZeroUsize::MAX), workers.queue(NonZeroUsize::MAX));
    let (is_over, count) = (Arc::new(AtomicBool::new(false)), Arc::new(AtomicUsize::new(0)));
    thread::scope(|scope| {
        let (fixture, is_over_for_busy, windows) = (&fixture, Arc::clone(&is_over), Arc::clone(&count));
        let endless = scope.spawn(move || {
            while !is_over_for_busy.load(Ordering::SeqCst) {
                let windows = Arc::clone(&windows);
                let counted = judge(fixture, &busy, 1_000, move |_| {
                    windows.fetch_add(1, Ordering::SeqCst);
                });
                assert_eq!(counted.unwrap(), 1_000);
            }
        });
        let mut served = 0;
        // Both go on, whichever is ahead.
        while served < 200 || count.load(Ordering::SeqCst) < 2_000 {
            served += judge(fixture, &other, 1, |_| {}).unwrap();
        }
        is_over.store(true, Ordering::SeqCst);
        endless.join().unwrap();
    });
}

/// Lets requests of at most two windows come one after the other while the only worker is held up, and tells in which order their
/// windows are then done.
fn order(requests: &[(usize, &'static str, usize)], most: &[usize]) -> Vec<&'static str> {
    let fixture = fixture();
    let workers = workers(1);
    let queues: Vec<TenantQueue> = most.iter().map(|most| workers.queue(NonZeroUsize::new(*most).unwrap())).collect();
    let first = workers.queue(ONE);
    let mut gate = Gate::new();
    let done = Arc::new(Mutex::new(Vec::new()));
    thread::scope(|scope| {
        let (fixture, wait) = (&fixture, gate.wait());
        scope.spawn(move || judge(fixture, &first, 1, move |_| wait()).unwrap());
        gate.wait_for_arrivals(1);
        for &(queue, name, windows) in requests {
            let (queue, done) = (queues[queue].clone(), Arc::clone(&done));
            let (read, is_read) = channel();
            scope.spawn(move || {
                // The end of a text is met once all of its windows have been handed in: they are fewer than may be under way.
                let mut texts = std::iter::once_with(|| crate::streams::text(Told(lines(windows), 0, read)));
                let render = move |window: &JudgedWindow<'_>| {
                    window.records().for_each(|_| done.lock().unwrap().push(name));
                };
                judge_windows(
                    &fixture.release,
                    &queue,
                    &by_one(),
                    RecordSource::texts(&mut texts),
                    render,
                    &mut |()| Ok(()),
                )
                .unwrap();
            });
            is_read.recv().unwrap();
        }
        gate.open();
    });
    // A worker may still be letting go of its own.
    let done = done.lock().unwrap();
    done.clone()
}

/// Tells when it is dropped, which a text is at its end.
struct Told(Arc<[u8]>, usize, Sender<()>);

impl std::io::Read for Told {
    fn read(&mut self, into: &mut [u8]) -> std::io::Result<usize> {
        let read = std::io::Read::read(&mut &self.0[self.1..], into)?;
        self.1 += read;
        Ok(read)
    }
}

impl Drop for Told {
    fn drop(&mut self) {
        let _ = self.2.send(());
    }
}

#[test]
fn tenants_take_turns_and_so_do_the_requests_of_a_tenant() {
    let done = order(&[(0, "batch", 2), (0, "single", 1), (1, "other", 2)], &[1, 1]);
    assert_eq!(done, ["batch", "other", "single", "other", "batch"]);
}

#[test]
fn a_tenant_with_many_requests_has_no_more_turns_than_one_with_one() {
    let mut requests: Vec<_> = (0..8).map(|_| (0, "many", 2)).collect();
    requests.push((1, "one", 2));
    let done = order(&requests, &[1, 1]);
    let of_one: Vec<_> = done.iter().enumerate().filter(|(_, name)| **name == "one").map(|(index, _)| index).collect();
    assert_eq!((done.len(), &*of_one), (18, &[1, 3][..]), "{done:?}");
}

/// How many windows of a queue are in work at the same time, at most, with that number of workers.
fn at_a_time(threads: usize, most: usize) -> usize {
    let fixture = fixture();
    let workers = workers(threads);
    let queue = workers.queue(NonZeroUsize::new(most).unwrap());
    let mut gate = Gate::new();
    let (now, most_at_once) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicUsize::new(0)));
    thread::scope(|scope| {
        for _ in 0..3 {
            let (fixture, queue, wait) = (&fixture, queue.clone(), gate.wait());
            let (now, most_at_once) = (Arc::clone(&now), Arc::clone(&most_at_once));
            scope.spawn(move || {
                let judged = judge(fixture, &queue, 20, move |_| {
                    most_at_once.fetch_max(now.fetch_add(1, Ordering::SeqCst) + 1, Ordering::SeqCst);
                    wait();
                    now.fetch_sub(1, Ordering::SeqCst);
                });
                assert_eq!(judged.unwrap(), 20);
            });
        }
        gate.wait_for_arrivals(most.min(threads));
        // Other tenants are served meanwhile, if a worker is left.
        if most < threads {
            assert_eq!(judge(&fixture, &workers.queue(ONE), 30, |_| {}).unwrap(), 30);
        }
        gate.open();
    });
    most_at_once.load(Ordering::SeqCst)
}

#[test]
fn a_tenant_has_as_many_windows_in_work_as_its_limit_and_not_one_more() {
    for (threads, most) in [(1, 1), (2, 1), (3, 2), (5, 1), (5, 4), (3, 3), (2, 100)] {
        assert_eq!(at_a_time(threads, most), most.min(threads), "{most} of {threads}");
    }
}

#[test]
fn clones_of_a_queue_are_the_same_queue() {
    let fixture = fixture();
    let workers = workers(2);
    let queue = workers.queue(ONE);
    let mut gate = Gate::new();
    let is_open = Arc::new(AtomicBool::new(false));
    thread::scope(|scope| {
        let (fixture, clone, wait) = (&fixture, queue.clone(), gate.wait());
        scope.spawn(move || judge(fixture, &clone, 1, move |_| wait()).unwrap());
        gate.wait_for_arrivals(1);
        let (original, open) = (queue.clone(), Arc::clone(&is_open));
        let second = scope.spawn(move || {
            judge(fixture, &original, 1, move |_| assert!(open.load(Ordering::SeqCst))).unwrap();
        });
        // The second worker is free, and serves others.
        assert_eq!(judge(fixture, &workers.queue(ONE), 100, |_| {}).unwrap(), 100);
        is_open.store(true, Ordering::SeqCst);
        gate.open();
        second.join().unwrap();
    });
}

#[test]
fn queues_come_and_go() {
    let fixture = fixture();
    let workers = workers(2);
    for _ in 0..10_000 {
        drop(workers.queue(NonZeroUsize::MAX));
    }
    for round in 0..300 {
        let queue = workers.queue(NonZeroUsize::new(1 + round % 3).unwrap());
        assert_eq!(judge(&fixture, &queue, round % 7, |_| {}).unwrap(), round % 7);
    }
    // One whose caller has gone while its windows are under way.
    for _ in 0..300 {
        let queue = workers.queue(ONE);
        let render = |_: &JudgedWindow<'_>| ();
        let gone =
            judge_windows(&fixture.release, &queue, &by_one(), RecordSource::text(lines(50)), render, &mut |()| {
                Err(std::io::ErrorKind::BrokenPipe.into())
            });
        assert!(matches!(gone, Err(JudgeError::Output(_))));
    }
    assert_eq!(judge(&fixture, &workers.queue(ONE), 100, |_| {}).unwrap(), 100);
}

#[test]
fn a_queue_outlives_its_workers_and_then_says_so() {
    let fixture = fixture();
    let workers = workers(2);
    let queue = workers.queue(ONE);
    assert_eq!(judge(&fixture, &queue, 3, |_| {}).unwrap(), 3);
    drop(workers);
    assert!(matches!(judge(&fixture, &queue, 3, |_| {}), Err(JudgeError::Worker)));
    assert_eq!(judge(&fixture, &queue.clone(), 0, |_| {}).unwrap(), 0);
}

#[test]
fn requests_under_way_are_finished_before_the_workers_end() {
    let fixture = fixture();
    let workers = workers(2);
    let queue = workers.queue(ONE);
    let mut gate = Gate::new();
    thread::scope(|scope| {
        let (fixture, wait) = (&fixture, gate.wait());
        // All of its windows are handed in.
        let request = scope.spawn(move || judge(fixture, &queue, 1, move |_| wait()));
        gate.wait_for_arrivals(1);
        let ending = scope.spawn(move || drop(workers));
        gate.open();
        assert_eq!(request.join().unwrap().unwrap(), 1);
        ending.join().unwrap();
    });
}

#[test]
fn many_requests_on_many_queues_all_end() {
    let fixture = fixture();
    let workers: Workers = workers(3);
    let queues: Vec<_> = (1..=4).map(|most| workers.queue(NonZeroUsize::new(most).unwrap())).collect();
    thread::scope(|scope| {
        for thread in 0..12 {
            let (fixture, queue) = (&fixture, &queues[thread % queues.len()]);
            scope.spawn(move || {
                for round in 0..100 {
                    let windows = (thread * 31 + round) % 9;
                    assert_eq!(judge(fixture, queue, windows, |_| {}).unwrap(), windows);
                }
            });
        }
    });
}
