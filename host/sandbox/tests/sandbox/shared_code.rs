//! Tenants that load the same component share its machine code, and nothing else.

use std::sync::Barrier;
use std::thread;

use jurat_model::{Component, Fault, Limits, Worker};
use jurat_sandbox::{CodeOrigin, Compiler, Policy, Refusal, Sandbox, SandboxedComponent, SealedWasi};
use jurat_test_kit::guest;
use jurat_test_kit::load::{Terms, load, settings};
use jurat_test_kit::rows::{Outcome, PASS, RUN, judge, judge_in};
use jurat_trust::Wasi;

use crate::child;

fn open() -> Sandbox {
    Sandbox::open(settings()).unwrap()
}

fn take(sandbox: &Sandbox, limits: Limits) -> SandboxedComponent {
    load(sandbox, guest::rust("spin"), &Terms::new(limits)).unwrap()
}

#[test]
fn a_component_that_is_loaded_already_is_not_compiled_once_more() {
    let sandbox = open();
    let first = take(&sandbox, Limits::DEFAULT);
    let second = take(&sandbox, Limits::DEFAULT);
    assert_eq!((first.origin(), second.origin(), sandbox.compiled()), (CodeOrigin::Compiled, CodeOrigin::Shared, 1));
    drop(first);
    let third = take(&sandbox, Limits::DEFAULT);
    assert_eq!((third.origin(), sandbox.compiled()), (CodeOrigin::Shared, 1), "the second still has it");
    assert_eq!(judge(&third, &RUN, &[0]).0, [PASS]);
}

#[test]
fn machine_code_that_no_component_uses_is_forgotten() {
    let sandbox = open();
    for count in 1..4 {
        let component = take(&sandbox, Limits::DEFAULT);
        assert_eq!((component.origin(), sandbox.compiled()), (CodeOrigin::Compiled, count));
    }
}

#[test]
fn another_component_is_another_one() {
    let sandbox = open();
    let one = take(&sandbox, Limits::DEFAULT);
    let other = load(&sandbox, guest::rust("endless_loop"), &Terms::default()).unwrap();
    assert_eq!((one.origin(), other.origin(), sandbox.compiled()), (CodeOrigin::Compiled, CodeOrigin::Compiled, 2));
}

#[test]
fn loads_of_one_component_at_once_wait_for_one_compilation() {
    const LOADERS: usize = 8;
    let sandbox = open();
    let barrier = Barrier::new(LOADERS);
    let loaded: Vec<_> = thread::scope(|scope| {
        let load = || {
            barrier.wait();
            take(&sandbox, Limits::DEFAULT)
        };
        let loaders: Vec<_> = (0..LOADERS).map(|_| scope.spawn(load)).collect();
        loaders.into_iter().map(|loader| loader.join().unwrap()).collect()
    });
    let compiled = loaded.iter().filter(|component| component.origin() == CodeOrigin::Compiled).count();
    assert_eq!((compiled, sandbox.compiled()), (1, 1));
    assert!(loaded.iter().all(|component| judge(component, &RUN, &[0, 3]).0 == [PASS, PASS]));
}

#[test]
fn a_compilation_that_fails_is_tried_by_the_next_one() {
    let compiler = Compiler::Child { program: child::path(), arguments: vec!["print-garbage".into()] };
    let sandbox = Sandbox::open(settings().with_compiler(compiler)).unwrap();
    thread::scope(|scope| {
        for _ in 0..3 {
            scope.spawn(|| {
                let refused = load(&sandbox, guest::rust("spin"), &Terms::default()).unwrap_err().reason;
                assert!(matches!(refused, Refusal::Compile(_)), "{refused:?}");
            });
        }
    });
    assert_eq!(sandbox.compiled(), 3);
}

#[test]
fn each_one_keeps_its_own_limits() {
    let sandbox = open();
    let rich = take(&sandbox, Limits::DEFAULT);
    let poor = take(&sandbox, Limits { fuel: 200_000.try_into().unwrap(), ..Limits::DEFAULT });
    assert_eq!((rich.origin(), poor.origin()), (CodeOrigin::Compiled, CodeOrigin::Shared));
    assert_ne!(rich.limits(), poor.limits());
    let row = [100_000];
    for _ in 0..3 {
        assert_eq!(judge(&rich, &RUN, &row).0, [PASS]);
        assert_eq!(judge(&poor, &RUN, &row).0, [Outcome::Guilty(Fault::Fuel)]);
    }
}

#[test]
fn what_one_spends_changes_neither_the_calls_nor_the_fuel_of_the_other() {
    let sandbox = open();
    let alone = judge(&take(&open(), Limits::DEFAULT), &RUN, &[1; 64]).1;
    let (spender, saver) = (take(&sandbox, Limits::DEFAULT), take(&sandbox, Limits::DEFAULT));
    // What rows have cost decides how many are called at once.
    let _ = judge(&spender, &RUN, &[200_000; 8]);
    let beside = judge(&saver, &RUN, &[1; 64]).1;
    assert_eq!((beside.calls, beside.fuel), (alone.calls, alone.fuel));
}

#[test]
fn one_faults_and_the_other_does_not() {
    let sandbox = open();
    let barrier = Barrier::new(2);
    let terms = Terms::default();
    let (guilty, innocent) = (
        load(&sandbox, guest::rust("traps_on_a_row"), &terms).unwrap(),
        load(&sandbox, guest::rust("traps_on_a_row"), &terms).unwrap(),
    );
    assert_eq!(innocent.origin(), CodeOrigin::Shared);
    thread::scope(|scope| {
        for (component, worker, row, expected) in
            [(&guilty, Worker(0), 1, Outcome::Guilty(Fault::Trap)), (&innocent, Worker(1), 0, PASS)]
        {
            let barrier = &barrier;
            scope.spawn(move || {
                barrier.wait();
                for _ in 0..200 {
                    let (outcomes, _) = judge_in(&mut *component.session(worker, &RUN), &[row, 0]);
                    assert_eq!(outcomes, [expected.clone(), PASS]);
                }
            });
        }
    });
}

#[test]
fn nothing_that_one_has_written_is_seen_by_the_other() {
    // One slot for instances, so that both use the same, and machine code that it is warm for.
    let sandbox = Sandbox::open(jurat_sandbox::Settings { instances: 1, ..settings() }).unwrap();
    let load = || load(&sandbox, guest::rust("global_state"), &Terms::default()).unwrap();
    let (one, other) = (load(), load());
    assert_eq!(other.origin(), CodeOrigin::Shared);
    let expected = judge(&one, &RUN, &[0, 0, 0]).0;
    for _ in 0..10 {
        assert_eq!(judge(&other, &RUN, &[0, 0, 0]).0, expected);
        assert_eq!(judge(&one, &RUN, &[0, 0, 0]).0, expected);
    }
}

#[test]
fn what_one_may_have_is_not_granted_to_the_other() {
    let sandbox = open();
    let component = std::fs::read(guest::package().join("fixtures/sealed/stock_wasi.wasm")).unwrap();
    let limits = Limits { memory: jurat_model::Bytes::mebi(4), ..Limits::DEFAULT };
    let terms = |sealed_wasi| Terms { policy: Policy { limits, sealed_wasi }, wasi: Wasi::Sealed, ..Terms::default() };
    let _granted = load(&sandbox, component.clone(), &terms(SealedWasi::Granted)).unwrap();
    let refused = load(&sandbox, component, &terms(SealedWasi::Refused)).unwrap_err().reason;
    assert!(matches!(refused, Refusal::WasiNotGranted), "{refused:?}");

    let spin = take(&sandbox, Limits::DEFAULT);
    let rules = vec![jurat_model::Declaration { id: "another".to_owned(), ..guest::declaration() }];
    let refused = load(&sandbox, guest::rust("spin"), &Terms::default().with_rules(rules)).unwrap_err().reason;
    assert!(matches!(refused, Refusal::Manifest(_)), "{refused:?}");
    assert_eq!(judge(&spin, &RUN, &[0]).0, [PASS]);
}
