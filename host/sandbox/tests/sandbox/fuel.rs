//! What fuel bounds: the work of guilty records together, that of the search for them, and that of the host for a rule.

use std::num::NonZeroU64;

use jurat_model::{Component, Fault, GuiltyRow, Limits, NoPause, Run, Suspension, Worker};
use jurat_sandbox::{Policy, SandboxedComponent, SealedWasi};
use jurat_test_kit::guest;
use jurat_test_kit::load::{Terms, good, load, sandbox};
use jurat_test_kit::rows::{Outcome, PASS, RUN, RUN_BY_RECORD, batch, judge};
use jurat_trust::Wasi;

const FUEL: u64 = 100_000;
const LIMITS: Limits = Limits { fuel: NonZeroU64::new(FUEL).unwrap(), ..Limits::DEFAULT };

fn guilty(component: &SandboxedComponent, run: &Run, rows: &[i64]) -> Vec<GuiltyRow> {
    component.session(Worker(0), run).evaluate(0, &batch(rows), &mut NoPause).unwrap().guilty
}

#[test]
fn the_search_for_guilty_rows_is_given_up_when_it_has_wasted_too_much() {
    let component = good(guest::text("dear_together"), LIMITS);
    for rows in [2, 32, 1_024] {
        let alone = judge(&component, &RUN, &[0]).1.fuel;
        let (outcomes, usage) = judge(&component, &RUN, &vec![0; rows]);
        assert_eq!(outcomes, vec![PASS; rows]);
        // Calls that find nothing out: 16 times the fuel of one, and the one that exceeds that.
        assert!(usage.fuel <= 17 * FUEL + alone * rows as u64, "{rows} rows: {usage:?}");
    }
}

#[test]
fn a_guilty_row_has_used_the_same_fuel_wherever_it_stands() {
    let component = good(guest::rust("traps_on_a_row"), Limits::DEFAULT);
    let [alone] = *guilty(&component, &RUN, &[1]) else { panic!("one row") };
    assert!(alone.fuel > 0 && alone.fault == Fault::Trap, "{alone:?}");
    for run in [RUN, RUN_BY_RECORD] {
        let rows = [0, 1, 0, 0, 1, 1, 0];
        let expected = [1, 4, 5].map(|row| GuiltyRow { row, ..alone });
        assert_eq!(guilty(&component, &run, &rows), expected, "{run:?}");
    }
}

#[test]
fn a_rule_is_suspended_when_its_guilty_rows_have_used_up_their_fuel() {
    let component = good(guest::rust("endless_loop"), LIMITS);
    let [one] = *guilty(&component, &RUN, &[1]) else { panic!("one row") };
    for (fuel, last) in [(1, 0), (one.fuel, 0), (one.fuel + 1, 2), (2 * one.fuel, 2), (2 * one.fuel + 1, 3)] {
        let suspension = Suspension { fuel: fuel.try_into().unwrap(), ..Suspension::NEVER };
        let (outcomes, _) = judge(&component, &Run { suspension, ..RUN }, &[1, 0, 1, 1, 0, 1]);
        for (row, outcome) in outcomes.into_iter().enumerate() {
            let expected = match row {
                _ if row > last => Outcome::Suspended,
                1 => PASS,
                _ => Outcome::Guilty(Fault::Fuel),
            };
            assert_eq!(outcome, expected, "row {row} with {fuel} units");
        }
    }
}

#[test]
fn calls_of_the_host_and_what_they_print_cost_fuel() {
    let stock = std::fs::read(guest::package().join("fixtures/sealed/stock_wasi.wasm")).unwrap();
    let sealed = |limits| {
        let policy = Policy { limits, sealed_wasi: SealedWasi::Granted };
        load(sandbox(), stock.clone(), &Terms { policy, wasi: Wasi::Sealed, ..Terms::default() }).unwrap()
    };
    let component = sealed(Limits { fuel: NonZeroU64::new(50_000_000).unwrap(), ..Limits::DEFAULT });
    let fuel = |n| judge(&component, &RUN, &[n]).1.fuel;
    let (nothing, a_lot) = (fuel(0), fuel(5));
    // A mebibyte, in pieces of 4 KiB.
    assert!(a_lot - nothing > (1 << 20) + 256 * 2_000, "{nothing} {a_lot}");

    let exact = sealed(Limits { fuel: a_lot.try_into().unwrap(), ..Limits::DEFAULT });
    assert_eq!(judge(&exact, &RUN, &[5]).0, [PASS]);
    let short = sealed(Limits { fuel: (a_lot - 1).try_into().unwrap(), ..Limits::DEFAULT });
    assert_eq!(judge(&short, &RUN, &[0, 5, 0]).0, [PASS, Outcome::Guilty(Fault::Fuel), PASS]);
}
