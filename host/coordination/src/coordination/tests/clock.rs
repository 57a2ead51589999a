//! Attempts, pauses, time-outs and deadlines.

use std::num::NonZeroU32;

use super::*;
use crate::breaker::BreakerSettings;

#[test]
fn a_request_is_repeated_with_pauses_below_the_bounds_and_each_time_is_told() {
    let world = World::new(config(), |_, _| (MILLI, Err(unwell())));
    let supplied = world.one("{}");
    assert_eq!((code(&supplied), reason(&supplied)), ("coordination_unavailable", "unwell, the last of 3 attempts"));
    let sent = world.sent();
    let retries = world.retries.lock().unwrap();
    assert_eq!((sent.len(), retries.len()), (3, 2));
    for (number, bound) in [(0, 500), (1, 1_000)] {
        let (delay, pause) = (retries[number].delay, sent[number + 1] - sent[number]);
        assert!(delay < Duration::from_millis(bound), "{delay:?}");
        // Timers have a resolution of a millisecond, and the answer took one.
        assert!((delay..=delay + 3 * MILLI).contains(&pause), "{delay:?} {pause:?}");
        assert_eq!(
            (retries[number].attempt as usize, retries[number].attempts, retries[number].records),
            (number + 1, 3, 1)
        );
        assert_eq!(retries[number].code, "coordination_unavailable");
    }
    let status = world.client.status();
    assert_eq!((status.requests, status.retries, status.in_flight), (3, 2, 0));
    assert_eq!(status.failures["coordination_unavailable"], 1);
}

#[test]
fn an_attempt_that_succeeds_is_the_last() {
    let world = World::new(config(), |number, body| (MILLI, if number < 2 { Err(unwell()) } else { Ok(echo(body)) }));
    assert_eq!(world.one(r#"{"id":1}"#), entity(r#"{"of":{"id":1}}"#));
    assert_eq!((world.requests(), world.client.status().failures["coordination_unavailable"]), (3, 0));
}

#[test]
fn what_will_not_pass_is_not_tried_again() {
    for kind in [FetchFailureKind::Refused, FetchFailureKind::Oversized] {
        let world = World::new(config(), move |_, _| (MILLI, Err(FetchFailure::new(kind, "no"))));
        let supplied = world.one("{}");
        assert_eq!((code(&supplied), reason(&supplied), world.requests()), (kind.code(), "no", 1));
    }
    let world = World::new(config(), |_, _| (MILLI, Ok("<html>".into())));
    assert_eq!((code(&world.one("{}")), world.requests()), ("coordination_malformed", 1));
    let config = Config { retry: tries(NonZeroU32::MIN), ..config() };
    let world = World::new(config, |_, _| (MILLI, Err(unwell())));
    assert_eq!((reason(&world.one("{}")), world.requests()), ("unwell", 1));
}

/// A service that asks for a pause, once.
fn busy(wait: Duration) -> World {
    World::new(config(), move |number, body| match number {
        0 => (Duration::ZERO, Err(FetchFailure::passing(FetchFailureKind::Throttled, "busy", Again::After(wait)))),
        _ => (Duration::ZERO, Ok(echo(body))),
    })
}

#[test]
fn a_service_is_left_alone_for_as_long_as_it_says() {
    let world = busy(2 * SECOND);
    assert_eq!(world.one("{}"), entity(r#"{"of":{}}"#));
    let sent = world.sent();
    assert!((2 * SECOND..2 * SECOND + 5 * MILLI).contains(&(sent[1] - sent[0])));
}

#[test]
fn an_attempt_that_cannot_end_in_time_is_not_made() {
    let world = busy(Duration::from_millis(9_490));
    assert_eq!(world.one("{}"), entity(r#"{"of":{}}"#));
    // A tenth of the time-out has to be left.
    for wait in [Duration::from_millis(9_510), 10 * SECOND, Duration::from_secs(u64::MAX), Duration::MAX] {
        let world = busy(wait);
        let start = world.now();
        let supplied = world.one("{}");
        assert_eq!((code(&supplied), reason(&supplied)), ("coordination_unavailable", "busy"));
        assert!(world.now() - start < 10 * MILLI && world.requests() == 1);
    }
}

#[test]
fn an_attempt_ends_at_its_time_out() {
    let retry = tries(NonZeroU32::MIN);
    for (millis, expected) in [(4_999, Ok(())), (5_001, Err("coordination_timeout"))] {
        let takes = Duration::from_millis(millis);
        let world = World::new(Config { retry, ..config() }, move |_, body| (takes, Ok(echo(body))));
        let supplied = world.one("{}");
        match expected {
            Ok(()) => assert_eq!(supplied, entity(r#"{"of":{}}"#)),
            Err(expected) => {
                assert_eq!(code(&supplied), expected);
                assert_eq!(reason(&supplied), "the coordination service did not answer within 5000 ms");
            }
        }
    }
}

#[test]
fn a_record_is_over_at_its_deadline_whatever_is_left_to_try() {
    let world = World::new(Config { retry: tries(NonZeroU32::new(20).unwrap()), ..config() }, |_, _| {
        (3_600 * SECOND, Err(unwell()))
    });
    let start = world.now();
    assert_eq!(code(&world.one("{}")), "coordination_timeout");
    let took = world.now() - start;
    assert!((5 * SECOND..=10 * SECOND + 2 * MILLI).contains(&took), "{took:?}");
    assert_eq!(world.requests(), 2);
}

#[test]
fn an_attempt_has_the_time_that_is_left_and_the_words_are_true() {
    let world = World::new(config(), |number, _| match number {
        0 => (4 * SECOND, Err(unwell())),
        _ => (3_600 * SECOND, Err(unwell())),
    });
    let Supplied::Unavailable { reason, .. } = world.one("{}") else { panic!("there is no answer") };
    let sent = world.sent();
    let left = 10 * SECOND - (sent[1] - sent[0]);
    assert_eq!((sent.len(), left > 5 * SECOND), (2, true));
    assert_eq!(&*reason, "the coordination service did not answer within 5000 ms, the last of 2 attempts");
}

#[test]
fn waiting_for_a_permit_does_not_count_and_says_nothing_about_the_service() {
    let breaker = Some(BreakerSettings { failures: 1, open: 60 * SECOND });
    let config = Config { concurrency: NonZeroU32::MIN, breaker, ..config() };
    let world = World::new(config, |_, body| (4 * SECOND, Ok(echo(body))));
    let texts: Vec<String> = (0..10).map(|number| number.to_string()).collect();
    let records: Vec<Wanted<'_>> = texts.iter().map(|text| wanted(text, &["parent"])).collect();
    let start = world.now();
    // The last one waits 36 s for its permit, and then has all of its 10 s.
    for (text, supplied) in texts.iter().zip(world.supply(&records).concat()) {
        assert_eq!(supplied, entity(&format!(r#"{{"of":{text}}}"#)));
    }
    assert!(world.now() - start >= 40 * SECOND);
    assert_eq!(world.client.status().breaker, BreakerState::Closed);
}

#[test]
fn each_change_of_the_breaker_is_reported_once() {
    let breaker = Some(BreakerSettings { failures: 2, open: 60 * SECOND });
    let config = Config { retry: tries(NonZeroU32::MIN), breaker, ..config() };
    let says = |number, body: &[u8]| (MILLI, if number < 3 { Err(unwell()) } else { Ok(echo(body)) });
    let world = World::new(config, says);
    let ask = |record: &str, seconds: u32| {
        world.one(record);
        world.pass(seconds * SECOND);
    };
    // Two failures open it; a probe fails, and then one does not.
    for (record, seconds) in [("1", 0), ("2", 30), ("3", 30), ("4", 60), ("5", 0), ("6", 0)] {
        ask(record, seconds);
    }
    let changes: Vec<_> = world.changes.lock().unwrap().iter().map(|change| (change.from, change.to)).collect();
    let (closed, open, half) = (BreakerState::Closed, BreakerState::Open, BreakerState::HalfOpen);
    assert_eq!(changes, [(closed, open), (open, half), (half, open), (open, half), (half, closed)]);
}

#[test]
fn no_more_requests_are_under_way_than_configured() {
    for (calls, records, at_once) in [(1, 3_u32, 3), (1, 50, 4), (2, 50, 7), (3, 50, 7)] {
        let config = Config { concurrency: NonZeroU32::new(7).unwrap(), ..config() };
        let world = World::new(config, |_, body| (SECOND, Ok(echo(body))));
        let texts: Vec<Vec<String>> =
            (0..calls).map(|call| (0..records).map(|number| format!("[{call},{number}]")).collect()).collect();
        let records: Vec<Vec<Wanted<'_>>> =
            texts.iter().map(|texts| texts.iter().map(|text| wanted(text, &["parent"])).collect()).collect();
        let begun: Vec<Call> = records.iter().map(|records| world.begin(records)).collect();
        for ((texts, records), call) in texts.iter().zip(&records).zip(begun) {
            for (text, supplied) in texts.iter().zip(world.finish(call, records).concat()) {
                assert_eq!(supplied, entity(&format!(r#"{{"of":{text}}}"#)));
            }
        }
        assert_eq!(world.heard.lock().unwrap().most_at_once, at_once, "{calls} calls");
    }
}

#[test]
fn a_callback_that_panics_costs_no_answer() {
    let says = |number, body: &[u8]| (MILLI, if number == 0 { Err(unwell()) } else { Ok(echo(body)) });
    let world = World::telling(config(), says, Arc::new(|_| panic!("on purpose")));
    assert_eq!(world.one("{}"), entity(r#"{"of":{}}"#));
}
