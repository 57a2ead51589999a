//! One record, judged while the caller waits or goes on.

use std::num::NonZeroUsize;
use std::sync::mpsc::{Receiver, channel};
use std::sync::{Arc, Mutex};
use std::thread;

use bytes::Bytes;
use jurat_engine::{JudgeError, JudgedOne, Request, Supplied, Supplier, TenantQueue, Wanted, judge_one, submit_one};
use jurat_model::{Cancellation, Status};
use serde_json::json;

use crate::fixture::{Answer, Fixture, ReleaseSpec, RuleSpec, SCHEMAS, obedient, request, workers};
use crate::mixed;
use crate::scripted::{Say, Script};

/// Judges a record while this thread goes on, and waits for the answer in the end.
fn submitted(fixture: &Fixture, queue: &TenantQueue, request: &Request, text: &str) -> JudgedOne {
    let (sender, answer) = channel();
    let text = Bytes::copy_from_slice(text.as_bytes());
    submit_one(fixture.serving(), queue, request, text, move |judged| sender.send(judged).unwrap());
    answer.recv().unwrap()
}

/// An answer as that of a call for any number of records.
fn answer(judged: JudgedOne) -> Answer {
    let (result, summary) = judged.unwrap().unwrap();
    Answer { records: vec![result], summary }
}

#[test]
fn what_is_said_of_one_record_is_what_is_said_of_a_text_with_it() {
    let fixture = Fixture::new(&mixed::release());
    let (workers, request) = (workers(2), mixed::timeless());
    let queue = workers.queue(NonZeroUsize::MAX);
    for record in mixed::records(2_000) {
        let expected = fixture.judge_these(&workers, &request, Arc::from(&*record)).unwrap().timeless();
        let waited = judge_one(fixture.serving(), &queue, &request, record.clone().into());
        assert_eq!(answer(waited).timeless(), expected);
        if let Ok(text) = str::from_utf8(&record) {
            assert_eq!(answer(submitted(&fixture, &queue, &request, text)).timeless(), expected, "{text}");
        }
    }
}

#[test]
fn nothing_is_judged_of_a_text_that_is_not_one_record() {
    let fixture = Fixture::new(&mixed::release());
    let (workers, request) = (workers(1), request());
    let queue = workers.queue(NonZeroUsize::MAX);
    let record = json!({"id": 1, "$schema": SCHEMAS[0]}).to_string();
    for text in ["", " \n", "[]", &format!("{record}\n{record}"), &format!("[{record},{record}]")] {
        assert!(matches!(submitted(&fixture, &queue, &request, text), Ok(None)), "{text}");
    }
    assert_eq!(fixture.watch.calls.load(std::sync::atomic::Ordering::Relaxed), 0);
    assert!(matches!(submitted(&fixture, &queue, &request, &format!("[{record}]")), Ok(Some(_))));
}

#[test]
fn what_cannot_be_served_is_told_at_once_on_the_thread_of_the_caller() {
    let fixture = Fixture::new(&mixed::release());
    let workers = workers(1);
    let queue = workers.queue(NonZeroUsize::MAX);
    let cancelled = Cancellation::new();
    cancelled.cancel();
    let requests = [request().with_entity_type("laon"), request().with_cancellation(cancelled)];
    let told = Arc::new(Mutex::new(Vec::new()));
    for request in requests {
        let (told, caller) = (Arc::clone(&told), thread::current().id());
        submit_one(fixture.serving(), &queue, &request, Bytes::from_static(b"{}"), move |judged| {
            assert_eq!(thread::current().id(), caller);
            told.lock().unwrap().push(judged.unwrap_err());
        });
    }
    let told = told.lock().unwrap();
    assert!(matches!(&told[..], [JudgeError::Route(_), JudgeError::Cancelled]), "{told:?}");
}

/// A release whose only rule says where it runs, after it may go on.
fn gated(go: Receiver<()>) -> (Fixture, Receiver<Option<String>>) {
    let (sender, threads) = channel();
    let gate = Arc::new((Mutex::new(go), sender));
    let fixture = Fixture::scripted(&obedient(&[("a", 0)], [vec![json!("a")], Vec::new()]), move |_| -> Script {
        let gate = Arc::clone(&gate);
        Box::new(move |_, _| {
            let _ = gate.0.lock().unwrap().recv();
            gate.1.send(thread::current().name().map(str::to_owned)).unwrap();
            Say::Verdict(Status::Pass, Vec::new())
        })
    });
    (fixture, threads)
}

fn record() -> Bytes {
    json!({"id": 1, "$schema": SCHEMAS[0]}).to_string().into()
}

#[test]
fn the_caller_goes_on_and_the_worker_that_has_judged_the_record_tells_the_answer() {
    let (go, wait) = channel();
    let (fixture, threads) = gated(wait);
    let workers = workers(1);
    let (sender, answers) = channel();
    let done = move |judged: JudgedOne| {
        sender.send((judged.is_ok(), thread::current().name().map(str::to_owned))).unwrap();
    };
    submit_one(fixture.serving(), &workers.queue(NonZeroUsize::MAX), &request(), record(), done);
    // Only a caller that goes on lets the rule end.
    assert!(answers.try_recv().is_err());
    go.send(()).unwrap();
    let (is_ok, worker) = answers.recv().unwrap();
    assert!(is_ok && worker.as_deref().is_some_and(|name| name.starts_with("jurat-")), "{worker:?}");
    assert_eq!(threads.recv().unwrap(), worker);
}

#[test]
fn a_cancelled_record_has_no_answer_but_that() {
    let (go, wait) = channel();
    let (fixture, _threads) = gated(wait);
    let workers = workers(1);
    let cancellation = Cancellation::new();
    let request = request().with_cancellation(cancellation.clone());
    let (sender, answer) = channel();
    let done = move |judged| sender.send(judged).unwrap();
    submit_one(fixture.serving(), &workers.queue(NonZeroUsize::MAX), &request, record(), done);
    cancellation.cancel();
    drop(go);
    assert!(matches!(answer.recv().unwrap(), Err(JudgeError::Cancelled)));
}

#[test]
fn a_panic_costs_only_its_own_record() {
    let fixture = Fixture::scripted(&obedient(&[("a", 0)], [vec![json!("a")], Vec::new()]), |_| -> Script {
        Box::new(|_, _| std::panic::resume_unwind(Box::new("broken")))
    });
    let workers = workers(1);
    let queue = workers.queue(NonZeroUsize::MAX);
    let text = String::from_utf8(record().to_vec()).unwrap();
    assert!(matches!(submitted(&fixture, &queue, &request(), &text), Err(JudgeError::Worker)));
    assert!(matches!(judge_one(fixture.serving(), &queue, &request(), record()), Err(JudgeError::Worker)));
    // Neither does that of a caller.
    let (sender, called) = channel::<()>();
    submit_one(fixture.serving(), &queue, &request(), record(), move |_| {
        let _sender = sender;
        std::panic::resume_unwind(Box::new("broken"));
    });
    assert!(called.recv().is_err());
    let sound = Fixture::new(&mixed::release());
    assert!(matches!(submitted(&sound, &queue, &request(), &text), Ok(Some(_))));
}

#[test]
fn the_last_owner_of_the_workers_may_go_on_one_of_them() {
    let fixture = Fixture::new(&mixed::release());
    let workers = workers(2);
    let queue = workers.queue(NonZeroUsize::MAX);
    let (sender, ended) = channel();
    submit_one(fixture.serving(), &queue, &request(), record(), move |judged| {
        drop(workers);
        sender.send(judged.is_ok()).unwrap();
    });
    assert!(ended.recv().unwrap());
}

/// Gives every term the same entity.
#[derive(Debug)]
struct OneParent;

impl Supplier for OneParent {
    fn supply(&self, wanted: &[Wanted<'_>]) -> Vec<Vec<Supplied>> {
        let text = r#"{"entity_type": "facility", "limit": 7}"#.into();
        let parent = Supplied::Entity { text, is_cached: false, is_stale: false };
        wanted.iter().map(|wanted| vec![parent.clone(); wanted.terms.len()]).collect()
    }
}

#[test]
fn a_caller_knows_whether_related_entities_are_fetched_for_a_record() {
    let mut spec = obedient(&[("a", 0)], [vec![json!("a")], Vec::new()]);
    let reads_parent =
        RuleSpec { inputs: vec!["parent.limit:decimal".to_owned()], on: Vec::new(), ..spec.rules[0].clone() };
    let related = ReleaseSpec { rules: vec![reads_parent], ..spec.clone() };
    spec.rules.truncate(1);
    let (alone, related) = (Fixture::new(&spec), Fixture::new(&related));
    let supplied = request().with_supplier(Arc::new(OneParent));
    assert!(!request().waits_for_supplier(&related.serving()));
    assert!(!supplied.waits_for_supplier(&alone.serving()));
    assert!(supplied.waits_for_supplier(&related.serving()));
    let workers = workers(1);
    let queue = workers.queue(NonZeroUsize::MAX);
    let text = String::from_utf8(record().to_vec()).unwrap();
    let expected = related.judge_on(&workers, &supplied, &text).unwrap().timeless();
    assert_eq!(answer(judge_one(related.serving(), &queue, &supplied, record())).timeless(), expected);
}
