//! Sealed WASI: a stock toolchain's component runs where it is granted, and sees nothing.

use std::num::NonZeroU64;
use std::time::Duration;

use jurat_model::{Bytes, Fault, Limits, Run, Status};
use jurat_sandbox::{Policy, Refusal, SandboxedComponent, SealedWasi};
use jurat_test_kit::guest;
use jurat_test_kit::load::{Terms, load, sandbox};
use jurat_test_kit::rows::{Outcome, PASS, RUN, RUN_BY_RECORD, judge};
use jurat_trust::Wasi;

/// The example that is built for `wasm32-wasip2`.
const GUEST: &str = "stock_wasi";

/// The committed component, and the one that has just been built where that target is installed.
fn stock() -> Vec<Vec<u8>> {
    let name = format!("{GUEST}.wasm");
    let committed = std::fs::read(guest::package().join("fixtures/sealed").join(&name)).unwrap();
    let fresh = std::fs::read(guest::built().join("wasip2").join(&name)).ok();
    std::iter::once(committed).chain(fresh).collect()
}

fn terms(asked: Wasi, granted: SealedWasi) -> Terms {
    // Printing a mebibyte takes more than the default fuel.
    let fuel = NonZeroU64::new(50_000_000).unwrap();
    let limits = Limits { fuel, memory: Bytes::mebi(4), deadline: Duration::from_secs(60), ..Limits::DEFAULT };
    Terms { policy: Policy { limits, sealed_wasi: granted }, wasi: asked, ..Terms::default() }
}

fn granted(component: Vec<u8>) -> SandboxedComponent {
    load(sandbox(), component, &terms(Wasi::Sealed, SealedWasi::Granted)).unwrap()
}

fn refusal(component: Vec<u8>, terms: &Terms) -> Refusal {
    load(sandbox(), component, terms).expect_err("it is refused").reason
}

#[test]
fn it_is_refused_where_the_release_does_not_ask_for_it() {
    for component in stock() {
        for host in [SealedWasi::Refused, SealedWasi::Granted] {
            let refusal = refusal(component.clone(), &terms(Wasi::None, host));
            let Refusal::Imports { imports, .. } = &refusal else { panic!("{refusal:?}") };
            assert!(imports.len() > 5 && imports.iter().all(|import| import.starts_with("wasi:")), "{imports:?}");
        }
    }
}

#[test]
fn it_is_refused_where_the_host_does_not_grant_it() {
    for component in stock() {
        let refusal = refusal(component, &terms(Wasi::Sealed, SealedWasi::Refused));
        assert!(matches!(refusal, Refusal::WasiNotGranted), "{refusal:?}");
    }
}

#[test]
fn the_grant_does_not_open_the_network_or_the_future() {
    let terms = terms(Wasi::Sealed, SealedWasi::Granted);
    let sockets = refusal(guest::text("imports_sockets"), &terms);
    let Refusal::Imports { imports, .. } = &sockets else { panic!("{sockets:?}") };
    assert_eq!(*imports, ["wasi:sockets/tcp@0.2.6", "wasi:http/outgoing-handler@0.2.6"]);
    let future = refusal(guest::text("imports_future_wasi"), &terms);
    assert!(matches!(future, Refusal::Bind(_)), "{future:?}");
}

#[test]
fn it_sees_nothing_but_the_time_of_the_run() {
    for component in stock() {
        let component = granted(component);
        let (outcomes, _) = judge(&component, &RUN, &[1]);
        let [Outcome::Verdict(Status::Fail, messages)] = outcomes.as_slice() else { panic!("{outcomes:?}") };
        let expected = "now 1794000000000000, waited 0, input 0, files 0, written false, variables 0, \
                        arguments 0, ";
        assert!(messages[0].starts_with(expected), "{}", messages[0]);
        assert!(!std::path::Path::new("/tmp/written-by-a-rule").exists());
        let (later, _) = judge(&component, &Run { now: 5, ..RUN }, &[1]);
        let [Outcome::Verdict(Status::Fail, messages)] = later.as_slice() else { panic!("{later:?}") };
        assert!(messages[0].starts_with("now 5, waited 0"), "{}", messages[0]);
    }
}

#[test]
fn it_gives_the_same_verdicts_twice() {
    for component in stock() {
        let (first, second) = (granted(component.clone()), granted(component));
        // One row that hashes: Rust gives each further hash table of an instance another order, which is state from row to row.
        let rows = [0, 1, 8, 0];
        let (expected, usage) = judge(&first, &RUN, &rows);
        for component in [&first, &second] {
            let (outcomes, again) = judge(component, &RUN, &rows);
            assert_eq!((outcomes, again.fuel), (expected.clone(), usage.fuel));
            assert_eq!(judge(component, &RUN_BY_RECORD, &rows).0, expected);
        }
    }
}

#[test]
fn it_cannot_sleep_exit_flood_or_hoard() {
    for component in stock() {
        let component = granted(component);
        let guilty = |n| match judge(&component, &RUN, &[0, n, 0]).0.as_slice() {
            [first, Outcome::Guilty(fault), last] if *first == PASS && *last == PASS => *fault,
            other => panic!("{n}: {other:?}"),
        };
        assert_eq!(guilty(2), Fault::Trap, "sleeps");
        assert_eq!(guilty(3), Fault::Trap, "exits");
        assert_eq!(guilty(4), Fault::Fuel, "prints without end");
        assert_eq!(guilty(7), Fault::Fuel, "asks without end");
        // Output is dropped, input is at its end.
        assert_eq!(judge(&component, &RUN, &[5, 6, 8]).0, [PASS, PASS, PASS]);
    }
}
