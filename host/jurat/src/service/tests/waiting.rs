//! Which threads wait.

use std::sync::Mutex;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::thread;
use std::time::{Duration, Instant};

use jurat_disk::reserve_memory;
use jurat_model::Blame;
use tokio::runtime::Builder;

use super::site::{LOAN, LOANS, QUICK, Site};
use crate::observe::{Call, CallGuard};
use crate::{CallError, CallErrorKind, Held, RecordResult, Reload, Settings};

fn assert_shared<T: Clone + Send + Sync + 'static>(_: &T) {}

#[test]
fn a_handle_can_go_anywhere() {
    let service = Site::new().open();
    assert_shared(&service);
    assert_shared(&service.asynchronous());
    thread::scope(|scope| {
        for _ in 0..8 {
            scope.spawn(|| {
                for _ in 0..50 {
                    assert_eq!(service.validate(LOANS, LOAN, QUICK).unwrap().entity_id, "L-1");
                }
            });
        }
    });
    assert_eq!(service.status().in_flight, 0);
}

#[test]
fn asynchronous_calls_leave_their_thread_to_others() {
    let site = Site::new();
    let service = site.open().asynchronous();
    let runtime = Builder::new_current_thread().build().unwrap();
    runtime.block_on(async {
        // A call that waits for something that only another task of the same thread will do.
        let (sender, receiver) = std::sync::mpsc::channel();
        let waiting = service.run(move |service| {
            receiver.recv().unwrap();
            service.validate(LOANS, LOAN, QUICK)
        });
        let (result, ()) = tokio::join!(waiting, async move { sender.send(()).unwrap() });
        assert_eq!(result.unwrap().unwrap().entity_id, "L-1");

        assert_eq!(service.validate(LOANS, LOAN, QUICK).await.unwrap().entity_id, "L-1");
        assert_eq!(service.batch_validate("[]", &["id"], QUICK).await.unwrap(), []);
        assert_eq!(service.discover_rules(LOANS, LOAN, QUICK).await.unwrap().len(), 1);
        assert_eq!(service.discover_rulesets().await.unwrap().len(), 1);
        assert_eq!(service.reload_logic().await.unwrap(), Reload::Unchanged);
        assert_eq!(service.cache_age().unwrap(), Duration::ZERO);
        assert_eq!(service.status().in_flight, 0);
        service.close().await.unwrap();
        assert!(matches!(service.validate(LOANS, LOAN, QUICK).await, Err(CallError::Closed)));
    });
}

#[test]
fn a_record_is_judged_without_a_thread_that_waits() {
    let site = Site::new();
    // The only thread for calls waits until the record has been judged.
    let service = site.builder(site.settings()).with_waiting_calls(1).open().unwrap().asynchronous();
    let runtime = Builder::new_current_thread().build().unwrap();
    runtime.block_on(async {
        let (go, wait) = channel::<()>();
        let blocked = service.run(move |_| wait.recv().is_err());
        let judged = async {
            let request = service.blocking().request("quick").unwrap().with_entity_type(LOANS);
            let where_and_what =
                |result: Result<RecordResult, _>| (thread::current().name().map(str::to_owned), result.unwrap());
            let (worker, result) = service.judge_one(request, LOAN.into(), where_and_what).await.unwrap();
            assert_eq!((worker.as_deref(), result.entity_id.as_str()), (Some("jurat-0"), "L-1"));
            assert_eq!(service.validate(LOANS, LOAN, QUICK).await.unwrap().entity_id, "L-1");
            drop(go);
        };
        assert!(tokio::join!(blocked, judged).0.unwrap());
    });
}

#[test]
fn a_record_that_nobody_waits_for_is_cancelled() {
    let service = Site::new().open().asynchronous();
    let runtime = Builder::new_current_thread().build().unwrap();
    let request = || service.blocking().request("quick").unwrap().with_entity_type(LOANS);
    // The only worker is busy until the call of the record has been dropped.
    let (go, wait) = channel::<()>();
    let (sender, made) = channel();
    runtime.block_on(async {
        let tasks = tokio::task::LocalSet::new();
        let (first, second) = (service.clone(), service.clone());
        let (busy, record) = (request(), request());
        let busy = tasks.spawn_local(async move { first.judge_one(busy, LOAN.into(), move |_| wait.recv()).await });
        let dropped = tasks.spawn_local(async move {
            let make = move |result: Result<RecordResult, CallError>| sender.send(result.unwrap_err().kind());
            second.judge_one(record, LOAN.into(), make).await
        });
        tasks.run_until(tokio::task::yield_now()).await;
        dropped.abort();
        tasks.run_until(tokio::task::yield_now()).await;
        drop(go);
        tasks.run_until(busy).await.unwrap().unwrap().unwrap_err();
    });
    assert_eq!(made.recv().unwrap(), CallErrorKind::Cancelled);
    // What is made of a result is a part of the call, and its panic is its own.
    let broken = runtime.block_on(service.judge_one(request(), LOAN.into(), |_| assert_eq!(1, 2)));
    assert!(matches!(broken, Err(CallError::BrokenOff)));
    assert!(runtime.block_on(service.validate(LOANS, LOAN, QUICK)).is_ok());
    assert_eq!(service.status().in_flight, 0);
}

#[test]
fn blocking_calls_work_on_the_thread_of_a_runtime() {
    let site = Site::new();
    let runtime = Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
    runtime.block_on(async {
        let service = site.open();
        assert!(service.validate(LOANS, LOAN, QUICK).is_ok());
        service.reload_logic().unwrap();
        assert_eq!(
            service.read_data("file:///nowhere/at/all", &reserve_memory::unlimited()).unwrap_err().blame(),
            Blame::Caller
        );
        service.close();
        drop(service);
    });
}

#[test]
fn a_call_that_panics_costs_only_itself() {
    let service = Site::new().open().asynchronous();
    let runtime = Builder::new_current_thread().build().unwrap();
    let broken = runtime.block_on(service.run(|_| assert_eq!(1, 2)));
    assert!(matches!(broken, Err(CallError::BrokenOff)));
    assert!(service.blocking().validate(LOANS, LOAN, QUICK).is_ok());
}

#[test]
fn calls_wait_for_what_goes_on_however_many_of_them_there_are() {
    let site = Site::new();
    std::fs::write(site.path("loans.json"), format!("[{LOAN}]")).unwrap();
    std::fs::write(site.path("coordination.yaml"), "enabled: false").unwrap();
    let settings = site.with(|tenant| {
        tenant.data.roots = crate::settings::DataRoots::Listed(vec![site.path("")]);
        let config = crate::settings::Location::File(site.path("coordination.yaml"));
        tenant.coordination = Some(crate::settings::CoordinationSource { config, hosts: Vec::new() });
    });
    let service = site.builder(settings).with_waiting_calls(2).open().unwrap().asynchronous();
    let runtime = Builder::new_current_thread().build().unwrap();
    runtime.block_on(async {
        // Tasks of this thread only: each has begun before the first of them goes on.
        let tasks = tokio::task::LocalSet::new();
        let uri = site.path("loans.json").display().to_string();
        let calls: Vec<_> = (0..40)
            .map(|call| {
                let (service, uri) = (service.clone(), uri.clone());
                tasks.spawn_local(async move {
                    match call % 2 {
                        0 => drop(service.batch_file_validate(&uri, &[LOANS], &["id"], QUICK).await.unwrap()),
                        _ => drop(service.reload_logic().await.unwrap()),
                    }
                })
            })
            .collect();
        tasks.await;
        for call in calls {
            call.await.unwrap();
        }
    });
}

/// Holds calls until there is nobody who could let them go on.
struct Gate {
    held: Sender<()>,
    until: Mutex<Receiver<()>>,
}

impl CallGuard for Gate {
    fn admit(&self, _: &Call) -> Result<(), Held> {
        self.held.send(()).unwrap();
        let _ = self.until.lock().unwrap().recv();
        Ok(())
    }
}

#[test]
fn a_revocation_takes_effect_while_calls_have_all_threads_for_calls() {
    let site = Site::new();
    let settings = Settings { poll: Duration::from_millis(20), ..site.settings() };
    let ((held, holds), (go, until)) = (channel(), channel());
    let gate = Gate { held, until: Mutex::new(until) };
    let service = site.builder(settings).with_guard(gate).with_waiting_calls(1).open().unwrap();
    let runtime = Builder::new_multi_thread().worker_threads(1).build().unwrap();
    let calls: Vec<_> = (0..3)
        .map(|_| {
            let service = service.asynchronous();
            runtime.spawn(async move { service.run(|service| service.validate(LOANS, LOAN, QUICK)).await })
        })
        .collect();
    holds.recv().unwrap();
    site.revoke();
    let patience = Instant::now() + Duration::from_secs(60);
    while service.identity().is_ok() {
        assert!(Instant::now() < patience, "{:?}", service.status());
        thread::yield_now();
    }
    drop(go);
    for call in calls {
        let _ = runtime.block_on(call).unwrap();
    }
}
