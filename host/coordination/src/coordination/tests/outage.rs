//! A service that is down: the costs, the recovery, and stale answers.

use super::*;
use crate::breaker::BreakerSettings;

fn texts(count: u32) -> Vec<String> {
    (0..count).map(|number| number.to_string()).collect()
}

fn records(texts: &[String]) -> Vec<Wanted<'_>> {
    texts.iter().map(|text| wanted(text, &["parent"])).collect()
}

#[test]
fn a_service_that_never_answers_costs_a_thousand_records_one_deadline() {
    let world = World::new(config(), |_, _| (3_600 * SECOND, Err(unwell())));
    let (start, texts) = (world.now(), texts(1_000));
    let supplied = world.supply(&records(&texts)).concat();
    assert!(world.now() - start <= 10 * SECOND + 2 * MILLI);
    let count = |expected| supplied.iter().filter(|supplied| code(supplied) == expected).count();
    // Those with a permit have waited; the others were never sent, and their failures say so.
    assert_eq!((count("coordination_timeout"), count("coordination_breaker_open")), (8, 992));
    let status = world.client.status();
    assert_eq!((status.requests, status.breaker), (8, BreakerState::Open));
    assert_eq!(status.failures["coordination_breaker_open"], 992);
}

#[test]
fn without_a_breaker_each_permit_costs_a_deadline_again_and_again() {
    let world = World::new(Config { breaker: None, ..config() }, |_, _| (3_600 * SECOND, Err(unwell())));
    let (start, texts) = (world.now(), texts(100));
    let supplied = world.supply(&records(&texts)).concat();
    assert!(supplied.iter().all(|supplied| code(supplied) == "coordination_timeout"));
    // 100 records with 8 permits.
    let took = world.now() - start;
    assert!((12 * 5 * SECOND..13 * (10 * SECOND + 5 * MILLI)).contains(&took), "{took:?}");
    assert_eq!(world.client.status().breaker, BreakerState::Off);
}

#[test]
fn only_what_another_moment_may_bring_is_an_outage() {
    let expected = [
        (FetchFailureKind::Timeout, UnavailableCause::Outage),
        (FetchFailureKind::Unavailable, UnavailableCause::Outage),
        (FetchFailureKind::Throttled, UnavailableCause::Outage),
        (FetchFailureKind::Refused, UnavailableCause::Failure),
        (FetchFailureKind::Oversized, UnavailableCause::Failure),
        (FetchFailureKind::Malformed, UnavailableCause::Failure),
    ];
    for (kind, expected) in expected {
        let world = World::new(config(), move |_, _| (MILLI, Err(FetchFailure::new(kind, "no"))));
        assert_eq!(cause(&world.one("{}")), expected, "{kind:?}");
    }
    let answers = [
        ("{}", UnavailableCause::NoEntity),
        (r#"{"parent":null}"#, UnavailableCause::NoEntity),
        (r#"{"parent":7}"#, UnavailableCause::Failure),
        ("[]", UnavailableCause::Failure),
    ];
    for (says, expected) in answers {
        let world = World::new(config(), move |_, _| (MILLI, Ok(says.to_owned())));
        assert_eq!(cause(&world.one("{}")), expected, "{says}");
    }
    let world = World::new(config(), |_, _| (MILLI, Err(unwell())));
    (0..2).for_each(|_| _ = world.one("{}"));
    let supplied = world.one("{}");
    assert_eq!((code(&supplied), cause(&supplied)), ("coordination_breaker_open", UnavailableCause::Outage));
}

#[test]
fn one_record_finds_out_that_the_service_is_back() {
    let world = World::new(config(), |number, body| match number {
        0..5 => (MILLI, Err(unwell())),
        _ => (SECOND, Ok(echo(body))),
    });
    let codes = [(); 3].map(|()| code(&world.one("{}")));
    // The second record used the failures up; the third one was not asked about.
    assert_eq!(codes, ["coordination_unavailable", "coordination_unavailable", "coordination_breaker_open"]);
    assert_eq!(world.requests(), 5);
    world.pass(59 * SECOND);
    assert_eq!(code(&world.one("{}")), "coordination_breaker_open");
    world.pass(SECOND);
    assert_eq!(world.client.status().breaker, BreakerState::HalfOpen);
    let texts = texts(10);
    let supplied = world.supply(&records(&texts)).concat();
    let answered = supplied.iter().filter(|supplied| matches!(supplied, Supplied::Entity { .. })).count();
    assert_eq!((answered, world.requests()), (1, 6), "a single probe");
    assert_eq!(world.client.status().breaker, BreakerState::Closed);
    assert!(matches!(world.one("{}"), Supplied::Entity { .. }));
}

#[test]
fn a_service_that_is_busy_or_disagrees_is_alive() {
    let failures = [
        FetchFailure::passing(FetchFailureKind::Throttled, "busy", Again::After(Duration::ZERO)),
        FetchFailure::new(FetchFailureKind::Refused, "no"),
        FetchFailure::new(FetchFailureKind::Oversized, "no"),
    ];
    for failure in failures {
        let world = World::new(config(), move |_, _| (MILLI, Err(failure.clone())));
        (0..10).for_each(|_| _ = world.one("{}"));
        assert_eq!(world.client.status().breaker, BreakerState::Closed);
    }
}

/// One good answer, then nothing but failures of one kind.
fn failing(config: Config, kind: FetchFailureKind) -> World {
    World::new(config, move |number, body| match number {
        0 => (MILLI, Ok(echo(body))),
        _ => (MILLI, Err(FetchFailure::passing(kind, "down", Again::Yes))),
    })
}

#[test]
fn a_stale_answer_is_used_and_marked_while_the_service_is_down() {
    let config = Config { cache: fresh_for(10, 60), breaker: None, ..config() };
    let world = failing(config, FetchFailureKind::Unavailable);
    assert_eq!(world.one("{}"), entity(r#"{"of":{}}"#));
    world.pass(9 * SECOND);
    assert_eq!((world.one("{}"), world.requests()), (cached(r#"{"of":{}}"#), 1));
    world.pass(2 * SECOND);
    assert_eq!((world.one("{}"), world.requests()), (stale(r#"{"of":{}}"#), 4));
    assert_eq!(code(&world.one(r#"{"other":1}"#)), "coordination_unavailable");
    world.pass(50 * SECOND);
    assert_eq!(world.one("{}"), stale(r#"{"of":{}}"#), "61 s are less than 70 s");
    world.pass(10 * SECOND);
    assert_eq!(code(&world.one("{}")), "coordination_unavailable");
    let status = world.client.status();
    assert_eq!((status.cache_hits, status.cache_stale, status.cache_entries), (1, 2, 1));
}

#[test]
fn a_stale_answer_is_used_while_the_breaker_is_open() {
    let breaker = Some(BreakerSettings { failures: 1, open: Duration::from_secs(60) });
    let world = failing(Config { cache: fresh_for(0, 60), breaker, ..config() }, FetchFailureKind::Timeout);
    assert_eq!(world.one("{}"), entity(r#"{"of":{}}"#));
    assert_eq!((world.one("{}"), world.client.status().breaker), (stale(r#"{"of":{}}"#), BreakerState::Open));
    assert_eq!((world.one("{}"), world.requests()), (stale(r#"{"of":{}}"#), 2));
}

#[test]
fn no_stale_answer_is_used_if_the_service_refuses() {
    for kind in [FetchFailureKind::Refused, FetchFailureKind::Oversized, FetchFailureKind::Malformed] {
        let world = failing(Config { cache: fresh_for(0, 60), ..config() }, kind);
        assert_eq!(world.one("{}"), entity(r#"{"of":{}}"#));
        assert_eq!(code(&world.one("{}")), kind.code());
    }
}
