//! Which rows are to blame, and how many calls it takes to find out.

use std::collections::BTreeSet;
use std::num::NonZeroU32;
use std::sync::OnceLock;

use jurat_model::{Fault, Isolation, Limits, Run, Suspension};
use jurat_sandbox::SandboxedComponent;
use jurat_test_kit::guest;
use jurat_test_kit::load::good;
use jurat_test_kit::rows::{Outcome, PASS, RUN, judge};
use proptest::prelude::*;

fn traps() -> &'static SandboxedComponent {
    static COMPONENT: OnceLock<SandboxedComponent> = OnceLock::new();
    COMPONENT.get_or_init(|| good(guest::rust("traps_on_a_row"), Limits::DEFAULT))
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 200, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn halving_finds_exactly_the_guilty_rows(
        count in 1..300usize,
        chunk in 1..300usize,
        guilty in prop::collection::btree_set(0..300usize, 0..40),
        by_record in any::<bool>(),
    ) {
        let isolation = if by_record { Isolation::Record } else { Isolation::Chunk };
        let rows: Vec<i64> = (0..count).map(|row| i64::from(guilty.contains(&row))).collect();
        let mut found = BTreeSet::new();
        let mut calls = 0;
        for (index, rows) in rows.chunks(chunk).enumerate() {
            let (outcomes, usage) = judge(traps(), &Run { isolation, ..RUN }, rows);
            calls += usage.calls;
            for (row, outcome) in outcomes.iter().enumerate() {
                match outcome {
                    Outcome::Guilty(Fault::Trap) => _ = found.insert(index * chunk + row),
                    other => prop_assert_eq!(other, &PASS),
                }
            }
        }
        prop_assert_eq!(found, guilty.into_iter().filter(|&row| row < count).collect::<BTreeSet<_>>());
        prop_assert!(calls < 2 * count as u64 + 1, "{} calls for {} rows", calls, count);
    }

    #[test]
    fn a_rule_is_suspended_after_the_same_row_whatever_the_calls_held(
        count in 1..200usize,
        guilty in prop::collection::btree_set(0..200usize, 0..40),
        suspend_after in 1..20u32,
        by_record in any::<bool>(),
    ) {
        let isolation = if by_record { Isolation::Record } else { Isolation::Chunk };
        let rows: Vec<i64> = (0..count).map(|row| i64::from(guilty.contains(&row))).collect();
        let records = NonZeroU32::new(suspend_after).unwrap();
        let run = Run { isolation, suspension: Suspension { records, ..Suspension::NEVER }, ..RUN };
        let last = guilty.iter().copied().filter(|&row| row < count).nth(suspend_after as usize - 1);
        let (outcomes, _) = judge(traps(), &run, &rows);
        for (row, outcome) in outcomes.iter().enumerate() {
            let expected = match last {
                Some(last) if row > last => Outcome::Suspended,
                _ if guilty.contains(&row) => Outcome::Guilty(Fault::Trap),
                _ => PASS,
            };
            prop_assert_eq!(outcome, &expected, "row {}", row);
        }
    }
}

#[test]
fn a_batch_without_guilt_is_one_call() {
    let (outcomes, usage) = judge(traps(), &RUN, &[0; 4_096]);
    assert_eq!(outcomes, vec![PASS; 4_096]);
    assert_eq!(usage.calls, 1);
}

#[test]
fn a_batch_without_rows_is_not_a_call() {
    let (outcomes, usage) = judge(traps(), &RUN, &[]);
    assert_eq!((outcomes.len(), usage.calls), (0, 0));
}

#[test]
fn a_rule_that_keeps_state_is_judged_on_what_it_does_alone() {
    // It gives up at the third row of an instance, so no row is guilty, and every request begins at zero.
    let component = good(guest::rust("global_state"), Limits::DEFAULT);
    for _ in 0..3 {
        let (outcomes, _) = judge(&component, &Run { isolation: Isolation::Record, ..RUN }, &[1; 8]);
        let first = Outcome::Verdict(jurat_model::Status::Pass, vec!["0 before".to_owned()]);
        assert_eq!(outcomes, vec![first; 8]);
        let (outcomes, _) = judge(&component, &RUN, &[1; 8]);
        assert!(outcomes.iter().all(|outcome| matches!(outcome, Outcome::Verdict(..))), "{outcomes:?}");
    }
}

#[test]
fn a_row_that_faults_on_a_used_instance_is_tried_on_a_fresh_one() {
    // It traps in the third call of an instance, and `n` is how many turns of a loop each row takes: half of the fuel, so that a call
    // holds one row once that is known.
    const FIELDS: &str = r#"(memory (export "memory") 4)
        (global $calls (mut i32) (i32.const 0))
        (func (export "jurat:rule/rules@0.1.0#evaluate") (param i32 i32 i32 i32) (result i32)
          (local $turns i64)
          (global.set $calls (i32.add (global.get $calls) (i32.const 1)))
          (if (i32.gt_u (global.get $calls) (i32.const 2)) (then unreachable))
          (local.set $turns (call $sum (local.get 1) (local.get 2)))
          (loop $again
            (br_if $again (i64.gt_s (local.tee $turns (i64.sub (local.get $turns) (i64.const 1))) (i64.const 0))))
          (call $pass (local.get 1)))"#;
    let component = good(guest::of(FIELDS), Limits { fuel: 100_000.try_into().unwrap(), ..Limits::DEFAULT });
    let turns = |fuel: u64| {
        let (few, many) = (judge(&component, &RUN, &[100]).1.fuel, judge(&component, &RUN, &[200]).1.fuel);
        i64::try_from(fuel * 100 / (many - few)).unwrap()
    };
    let rows = [turns(50_000); 8];
    let (outcomes, usage) = judge(&component, &RUN, &rows);
    assert_eq!((outcomes, usage.calls > 8), (vec![PASS; 8], true), "{usage:?}");
    let (outcomes, usage) = judge(&component, &RUN, &rows);
    assert_eq!((outcomes, usage.calls), (vec![PASS; 8], 8 + 3), "each third call is made twice: {usage:?}");
}

#[test]
fn an_instance_ends_with_its_session() {
    let component = good(guest::rust("global_state"), Limits::DEFAULT);
    let message = |rows: &[i64]| match judge(&component, &RUN, rows).0.remove(0) {
        Outcome::Verdict(_, messages) => messages,
        other => panic!("{other:?}"),
    };
    assert_eq!(message(&[0, 0, 0]), ["0 before"]);
    assert_eq!(message(&[0]), ["0 before"]);
}
