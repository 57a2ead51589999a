//! Rules beside rules: what one leaves behind, takes away or uses up must not reach another.

use std::num::NonZeroU32;
use std::process::Command;
use std::sync::Barrier;
use std::thread;
use std::time::Duration;

use jurat_model::{Component, Fault, Limits, NoPause, Suspension, Worker};
use jurat_sandbox::{Allocation, Refusal, Sandbox, Settings};
use jurat_test_kit::guest;
use jurat_test_kit::load::{Terms, good, load, settings};
use jurat_test_kit::rows::{Outcome, PASS, RUN, RUN_BY_RECORD, judge, judge_in};

use crate::child;

fn open(settings: Settings) -> Sandbox {
    Sandbox::open(settings).unwrap()
}

#[test]
fn an_instance_sees_only_zeroes_where_another_has_written() {
    // One slot for instances, so that both guests must use the same.
    for instances in [1, 3] {
        let sandbox = open(Settings { instances, ..settings() });
        assert_eq!(*sandbox.allocation(), Allocation::Pooled);
        let writer = load(&sandbox, guest::text("memory_pattern"), &Terms::default()).unwrap();
        let reader = load(&sandbox, guest::text("memory_scan"), &Terms::default()).unwrap();
        for turn in 0..20 {
            assert_eq!(judge(&writer, &RUN, &[0]).0, [PASS], "writing, turn {turn}");
            assert_eq!(judge(&reader, &RUN, &[0]).0, [PASS], "reading, turn {turn}");
            assert_eq!(judge(&reader, &RUN_BY_RECORD, &[0, 0]).0, [PASS, PASS], "reading again, turn {turn}");
        }
    }
}

#[test]
fn a_scan_of_memory_finds_what_is_there() {
    let reader = good(guest::text("memory_scan"), Limits::DEFAULT);
    for n in [1, 2, 3] {
        assert_eq!(judge(&reader, &RUN, &[n]).0, [Outcome::Guilty(Fault::Trap)], "{n}");
        assert_eq!(judge(&reader, &RUN, &[0]).0, [PASS], "nothing is left of {n}");
    }
}

#[test]
fn a_thread_without_a_free_slot_waits_for_one() {
    let sandbox = open(Settings { instances: 1, wait: Duration::from_secs(60), ..settings() });
    let component = load(&sandbox, guest::rust("spin"), &Terms::default()).unwrap();
    let barrier = Barrier::new(2);
    thread::scope(|scope| {
        for worker in [Worker(0), Worker(1)] {
            let (component, barrier) = (&component, &barrier);
            scope.spawn(move || {
                barrier.wait();
                for _ in 0..200 {
                    assert_eq!(judge_in(&mut *component.session(worker, &RUN), &[100, 0]).0, [PASS, PASS]);
                }
            });
        }
    });
}

#[test]
fn waiting_for_a_slot_has_an_end() {
    let sandbox = open(Settings { instances: 1, wait: Duration::ZERO, ..settings() });
    let component = load(&sandbox, guest::rust("spin"), &Terms::default()).unwrap();
    let mut first = component.session(Worker(0), &RUN);
    assert_eq!(judge_in(&mut *first, &[0]).0, [PASS]);
    let mut second = component.session(Worker(1), &RUN);
    assert!(
        second.evaluate(0, &jurat_test_kit::rows::batch(&[0]), &mut NoPause).is_err(),
        "the first still has the only slot"
    );
    let refused = load(&sandbox, guest::rust("endless_loop"), &Terms::default()).unwrap_err().reason;
    assert!(matches!(refused, Refusal::Host(_)), "the component is not to blame: {refused:?}");
    drop(first);
    assert_eq!(judge_in(&mut *second, &[0]).0, [PASS]);
}

#[test]
fn a_component_of_many_instances_takes_no_slot_of_another() {
    let sandbox = open(Settings { instances: 8, wait: Duration::ZERO, ..settings() });
    let module = "(module (table 8 funcref))";
    let greedy = guest::with_module(guest::described(&[guest::declaration()]), module);
    let greedy = load(&sandbox, guest::with_instances(greedy, 4), &Terms::default()).unwrap();
    let modest = load(&sandbox, guest::rust("spin"), &Terms::default()).unwrap();
    let sessions: Vec<_> = (0..7)
        .map(|_| {
            let mut session = greedy.session(Worker(0), &RUN);
            assert_eq!(judge_in(&mut *session, &[0]).0, [PASS]);
            session
        })
        .collect();
    assert_eq!(judge(&modest, &RUN, &[0]).0, [PASS]);
    drop(sessions);
}

#[test]
fn a_sandbox_without_memory_for_its_slots_works_and_says_so() {
    let sandbox = open(Settings { instances: 1_000_000_000, ..settings() });
    let Allocation::OnDemand { reason } = sandbox.allocation() else { panic!("{:?}", sandbox.allocation()) };
    assert!(!reason.is_empty());
    let component = load(&sandbox, guest::rust("traps_on_a_row"), &Terms::default()).unwrap();
    let pooled = good(guest::rust("traps_on_a_row"), Limits::DEFAULT);
    let rows = [0, 1, 0, 0, 1];
    assert_eq!(judge(&component, &RUN, &rows).0, judge(&pooled, &RUN, &rows).0);
}

#[test]
fn ten_thousand_instances_leave_nothing_behind() {
    let child = Command::new(child::path()).args(["instances", "10000"]).output().unwrap();
    assert!(child.status.success(), "{}", String::from_utf8_lossy(&child.stderr));
    let output = String::from_utf8(child.stdout).unwrap();
    let sizes: Vec<u64> = output.split_whitespace().map(|size| size.parse().unwrap()).collect();
    let [before, after] = sizes[..] else { panic!("{output}") };
    // A hundred bytes for each instance would be a megabyte.
    assert!(after < before + 1_024, "{before} KiB before, {after} KiB after");
}

#[test]
fn a_loop_on_one_thread_does_not_hold_up_another() {
    let looping = good(guest::rust("endless_loop"), Limits::DEFAULT);
    let honest = good(guest::rust("spin"), Limits::DEFAULT);
    let suspension = Suspension { records: NonZeroU32::new(3).unwrap(), ..Suspension::NEVER };
    let run = jurat_model::Run { suspension, ..RUN };
    thread::scope(|scope| {
        let attack = scope.spawn(|| judge(&looping, &run, &[1; 4]).0);
        for _ in 0..100 {
            assert_eq!(judge_in(&mut *honest.session(Worker(1), &RUN), &[1]).0, [PASS]);
        }
        assert_eq!(attack.join().unwrap()[3], Outcome::Suspended);
    });
}
