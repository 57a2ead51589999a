use std::sync::mpsc::{RecvTimeoutError, channel};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use super::*;
use crate::workers::queue::RequestQueue;

mod turns;

fn count(count: usize) -> NonZeroUsize {
    NonZeroUsize::new(count).unwrap()
}

#[test]
fn every_job_runs_and_a_panic_costs_only_its_own() {
    let workers = Workers::start(count(2)).unwrap();
    let queue = workers.queue(count(2));
    let request = queue.request();
    let (sender, receiver) = channel();
    for job in 0..100 {
        let sender = sender.clone();
        request.submit(move |turn| {
            assert!(turn.worker().0 < 2);
            assert!(job % 10 != 3, "job {job} is faulty");
            sender.send(job).unwrap();
        });
    }
    drop(sender);
    let mut done = Vec::new();
    // A job that never runs keeps its sender. The test must then fail, and not wait.
    loop {
        match receiver.recv_timeout(Duration::from_secs(60)) {
            Ok(job) => done.push(job),
            Err(RecvTimeoutError::Disconnected) => break,
            Err(RecvTimeoutError::Timeout) => panic!("only {} of 90 jobs ran", done.len()),
        }
    }
    done.sort_unstable();
    assert_eq!(done, (0..100).filter(|job| job % 10 != 3).collect::<Vec<_>>());
}

/// Keeps one worker busy until everything is submitted, and returns the order in which the jobs then ran.
fn order(submit: impl FnOnce(&Workers, &dyn Fn(&RequestQueue<'_>, &'static str))) -> Vec<&'static str> {
    let workers = Workers::start(count(1)).unwrap();
    let (sender, receiver) = channel();
    let (go, wait) = channel::<()>();
    let first = workers.queue(count(1));
    first.request().submit(move |_| assert!(wait.recv().is_err()));
    submit(&workers, &|request, name| {
        let sender = sender.clone();
        request.submit(move |_| sender.send(name).unwrap());
    });
    drop((go, sender));
    receiver.iter().collect()
}

#[test]
fn queues_take_turns_and_so_do_the_requests_of_a_queue() {
    let done = order(|workers, submit| {
        let (first, second) = (workers.queue(count(1)), workers.queue(count(1)));
        let (batch, single, other) = (first.request(), first.request(), second.request());
        for name in ["batch 1", "batch 2", "batch 3"] {
            submit(&batch, name);
        }
        submit(&single, "single");
        submit(&other, "other 1");
        submit(&other, "other 2");
    });
    assert_eq!(done, ["batch 1", "other 1", "single", "other 2", "batch 2", "batch 3"]);
}

#[test]
fn a_tenant_never_has_more_jobs_running_than_its_limit() {
    let workers = Workers::start(count(3)).unwrap();
    let (busy, free) = (workers.queue(count(2)), workers.queue(count(3)));
    let (started, starts) = channel();
    let (go, wait) = channel::<()>();
    let wait = Arc::new(Mutex::new(wait));
    let request = busy.request();
    for _ in 0..3 {
        let (started, wait) = (started.clone(), Arc::clone(&wait));
        request.submit(move |_| {
            started.send("busy").unwrap();
            let _ = wait.lock().unwrap().recv();
        });
    }
    assert_eq!([starts.recv(), starts.recv()], [Ok("busy"); 2]);
    assert_eq!(busy.load(), QueueLoad { queued: 1, running: 2 });
    // The third worker is idle, and still does not take the third job.
    let (sender, answers) = channel();
    free.request().submit(move |_| sender.send(()).unwrap());
    answers.recv().unwrap();
    assert!(starts.try_recv().is_err());
    drop(go);
    assert_eq!(starts.recv(), Ok("busy"));
    assert_eq!(busy.load().queued, 0);
}

#[test]
fn submitted_jobs_finish_before_the_workers_end_and_none_runs_after_that() {
    let workers = Workers::start(count(2)).unwrap();
    let queue = workers.queue(count(1));
    let (sender, receiver) = channel();
    for job in 0..50 {
        let sender = sender.clone();
        queue.request().submit(move |_| sender.send(job).unwrap());
    }
    drop(workers);
    queue.request().submit(move |_| sender.send(1_000).unwrap());
    assert_eq!(receiver.iter().collect::<Vec<_>>(), (0..50).collect::<Vec<_>>());
}
