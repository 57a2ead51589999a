//! Chunks, threads and history change how often rules are called, never what comes of a row.

use std::thread;

use jurat_model::{Component, Fault, Limits, NoPause, Worker};
use jurat_sandbox::SandboxedComponent;
use jurat_test_kit::guest;
use jurat_test_kit::load::good;
use jurat_test_kit::random::Random;
use jurat_test_kit::rows::{Outcome, PASS, RUN, RUN_BY_RECORD, judge, judge_in, judge_in_chunks};

const LIMITS: Limits = Limits {
    fuel: match std::num::NonZeroU64::new(100_000) {
        Some(fuel) => fuel,
        None => panic!("not zero"),
    },
    ..Limits::DEFAULT
};

/// Rows of which one in fifty costs between half and twice the limit.
fn rows(random: &mut Random, turns_to_limit: u64) -> Vec<i64> {
    let cost = |random: &mut Random| match random.below(50) {
        0 => turns_to_limit / 2 + random.below(turns_to_limit * 3 / 2),
        _ => random.below(20),
    };
    (0..8_192).map(|_| i64::try_from(cost(random)).unwrap()).collect()
}

fn on_two_threads(component: &SandboxedComponent, rows: &[i64], chunk: usize) -> Vec<Outcome> {
    let (front, back) = rows.split_at(rows.len() / 2 / chunk * chunk);
    thread::scope(|scope| {
        let front = scope.spawn(|| judge_in_chunks(component, Worker(0), &RUN, front, chunk));
        let back = scope.spawn(|| judge_in_chunks(component, Worker(1), &RUN, back, chunk));
        [front.join().unwrap(), back.join().unwrap()].concat()
    })
}

#[test]
fn limits_do_not_scale_with_rows() {
    let component = good(guest::rust("spin"), LIMITS);
    // How far a row can go, so that the others can be spread around it.
    let mut turns_to_limit = 1_000;
    while judge(&component, &RUN, &[i64::try_from(turns_to_limit).unwrap()]).0 == [PASS] {
        turns_to_limit += turns_to_limit / 50;
    }
    let mut random = Random::new(7);
    let mut rows = rows(&mut random, turns_to_limit);
    let expected = judge_in_chunks(&component, Worker(0), &RUN, &rows, 1);
    let guilty = expected.iter().filter(|outcome| **outcome == Outcome::Guilty(Fault::Fuel)).count();
    assert!((60..160).contains(&guilty), "{guilty} rows are above the limit");
    assert_eq!(expected.iter().filter(|outcome| **outcome == PASS).count(), rows.len() - guilty);

    for chunk in [1, 7, 256, 4_096] {
        assert_eq!(judge_in_chunks(&component, Worker(0), &RUN, &rows, chunk), expected, "chunks of {chunk}");
        assert_eq!(on_two_threads(&component, &rows, chunk), expected, "chunks of {chunk} on two threads");
    }
    assert_eq!(judge_in_chunks(&component, Worker(0), &RUN_BY_RECORD, &rows, 256), expected, "record by record");

    let mut order: Vec<usize> = (0..rows.len()).collect();
    random.shuffle(&mut order);
    rows = order.iter().map(|&row| rows[row]).collect();
    let expected: Vec<_> = order.iter().map(|&row| expected[row].clone()).collect();
    for chunk in [7, 256, 4_096] {
        assert_eq!(on_two_threads(&component, &rows, chunk), expected, "shuffled, chunks of {chunk}");
    }
}

#[test]
fn a_used_instance_does_not_let_a_row_through() {
    // The guest's first call on an instance costs more than later ones: a row just too dear on a fresh instance would fit a used one.
    let component = good(guest::text("dear_first_call"), LIMITS);
    let mut n = 1;
    while judge(&component, &RUN, &[n]).0 == [PASS] {
        n += 10;
    }
    let alone = vec![Outcome::Guilty(Fault::Fuel)];
    assert_eq!(judge(&component, &RUN, &[n]).0, alone);
    let mut session = component.session(Worker(0), &RUN);
    assert_eq!(judge_in(&mut *session, &[0]).0, [PASS]);
    assert_eq!(judge_in(&mut *session, &[n]).0, alone);
    assert_eq!(judge(&component, &RUN, &[0, n, 0, n, n]).0[1..2], alone);
}

#[test]
fn the_same_rows_give_the_same_answer_and_use_the_same_fuel() {
    let component = good(guest::rust("spin"), LIMITS);
    let (outcomes, usage) = judge(&component, &RUN, &[17]);
    for _ in 0..100 {
        let (again, usage_again) = judge(&component, &RUN, &[17]);
        assert_eq!((again, usage_again.fuel), (outcomes.clone(), usage.fuel));
    }
}

#[test]
fn what_a_rule_costs_is_learnt_so_that_calls_fit() {
    let component = good(guest::rust("spin"), LIMITS);
    // A tenth of the limit each: no more than ten fit a call.
    let rows = vec![i64::try_from(LIMITS.fuel.get()).unwrap() / 100; 1_000];
    let first = judge(&component, &RUN, &rows);
    let second = judge(&component, &RUN, &rows);
    assert_eq!(first.0, vec![PASS; 1_000]);
    assert_eq!(second.0, first.0);
    assert!(second.1.calls < 600, "{:?}", second.1);
    let fuel_of_good_calls: u64 = judge(&component, &RUN, &rows[..1]).1.fuel * 1_000;
    assert!(second.1.fuel < fuel_of_good_calls * 3 / 2, "hardly any work is thrown away: {:?}", second.1);
}

#[test]
fn both_workers_and_the_reserve_run_the_same_rule_and_no_other_exists() {
    let component = good(guest::rust("spin"), LIMITS);
    for worker in [Worker(0), Worker(1), Worker(2)] {
        assert_eq!(judge_in(&mut *component.session(worker, &RUN), &[1, 2]).0, [PASS, PASS]);
    }
    let mut session = component.session(Worker(3), &RUN);
    assert!(session.evaluate(0, &jurat_test_kit::rows::batch(&[1]), &mut NoPause).is_err());
}
