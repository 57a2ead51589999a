//! The wall-clock back-stop: it ends what the fuel should have ended, and is never a verdict.

use std::num::NonZeroU64;
use std::time::Duration;

use jurat_model::{Component, Fault, Limits, Status};
use jurat_test_kit::guest;
use jurat_test_kit::load::good;
use jurat_test_kit::rows::{Outcome, PASS, RUN, batch, judge, judge_in};

const LIMITS: Limits = Limits { fuel: NonZeroU64::MAX, deadline: Duration::from_millis(100), ..Limits::DEFAULT };

#[test]
fn a_call_past_its_deadline_is_tried_once_more_and_never_halved() {
    let component = good(guest::rust("endless_loop"), LIMITS);
    let mut session = component.session(jurat_model::Worker(0), &RUN);
    let evaluation = session.evaluate(0, &batch(&[0, 0, 1, 0]), &mut jurat_model::NoPause).unwrap();
    assert_eq!(evaluation.usage.calls, 2);
    let guilty: Vec<_> = evaluation.guilty.iter().map(|guilty| (guilty.row, guilty.fault)).collect();
    assert_eq!(guilty, [0, 1, 2, 3].map(|row| (row, Fault::Deadline)), "nothing is known about any row of the call");
    assert_eq!(evaluation.verdicts.statuses, [Status::Error; 4]);
    assert!(evaluation.guilty.iter().all(|guilty| guilty.fault.is_indeterminate()));
    // They share what the call has used.
    let shares: u64 = evaluation.guilty.iter().map(|guilty| guilty.fuel).sum();
    assert!(shares > 0 && shares <= evaluation.usage.fuel, "{shares} of {:?}", evaluation.usage);
    // The session can go on.
    assert_eq!(judge_in(&mut *session, &[0]).0, [PASS]);
}

#[test]
fn the_same_loop_with_less_fuel_never_meets_the_deadline() {
    let component = good(guest::rust("endless_loop"), Limits { fuel: Limits::DEFAULT.fuel, ..Limits::DEFAULT });
    let (outcomes, _) = judge(&component, &RUN, &[0, 1]);
    assert_eq!(outcomes, [PASS, Outcome::Guilty(Fault::Fuel)]);
    assert!(!Fault::Fuel.is_indeterminate());
}

#[test]
fn a_call_within_its_deadline_gets_its_verdicts() {
    let component = good(guest::rust("endless_loop"), Limits { deadline: Duration::from_secs(60), ..LIMITS });
    assert_eq!(judge(&component, &RUN, &[0, 0]).0, [PASS, PASS]);
}
