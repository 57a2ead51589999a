//! New connections to a service that fails again and again.

use std::num::NonZeroU32;
use std::sync::atomic::{AtomicUsize, Ordering};

use jurat_http::HttpError;

use super::http::Setup;
use super::server::Does;
use super::*;
use crate::breaker::BreakerSettings;

/// One attempt for each record.
fn once(breaker: Option<BreakerSettings>) -> Config {
    Config { retry: tries(NonZeroU32::MIN), breaker, ..config() }
}

/// Asks about some records, one after another.
fn ask(world: &World, records: u32) {
    (0..records).for_each(|number| _ = world.one(&number.to_string()));
}

#[test]
fn connections_are_made_anew_each_time_the_breaker_opens() {
    let breaker = Some(BreakerSettings { failures: 3, open: 60 * SECOND });
    let says = |number, body: &[u8]| (MILLI, if number < 4 { Err(unwell()) } else { Ok(echo(body)) });
    let world = World::new(once(breaker), says);
    ask(&world, 2);
    assert!(world.renewals().is_empty());
    ask(&world, 2);
    assert_eq!((world.renewals(), world.requests()), (vec![3], 3));
    // A probe fails, and then one does not.
    world.pass(60 * SECOND);
    ask(&world, 1);
    assert_eq!(world.renewals(), [3, 4]);
    world.pass(60 * SECOND);
    ask(&world, 20);
    assert_eq!((world.renewals(), world.requests()), (vec![3, 4], 24));
}

#[test]
fn connections_are_made_anew_between_the_attempts_for_a_record() {
    let breaker = Some(BreakerSettings { failures: 2, open: Duration::ZERO });
    let says = |number, body: &[u8]| (MILLI, if number < 2 { Err(unwell()) } else { Ok(echo(body)) });
    let world = World::new(Config { breaker, ..config() }, says);
    assert_eq!(world.one("{}"), entity(r#"{"of":{}}"#));
    assert_eq!((world.renewals(), world.requests()), (vec![2], 3));
}

#[test]
fn without_a_breaker_they_are_made_anew_after_ten_failures_in_a_row() {
    // One success after nine failures, and then none.
    let says = |number, body: &[u8]| match number {
        9 => (MILLI, Ok(echo(body))),
        number if number % 2 == 0 => (MILLI, Err(unwell())),
        _ => (3_600 * SECOND, Err(unwell())),
    };
    let world = World::new(once(None), says);
    ask(&world, 19);
    assert!(world.renewals().is_empty());
    ask(&world, 20);
    assert_eq!((world.renewals(), world.requests()), (vec![20, 30], 39));
}

#[test]
fn connections_last_while_the_service_lives() {
    let busy = FetchFailure::passing(FetchFailureKind::Throttled, "busy", Again::After(Duration::ZERO));
    let refused = FetchFailure::new(FetchFailureKind::Refused, "no");
    for failure in [None, Some(busy), Some(refused)] {
        for breaker in [None, Some(BreakerSettings { failures: 1, open: SECOND })] {
            let failure = failure.clone();
            let world =
                World::new(once(breaker), move |_, body| (MILLI, failure.clone().map_or_else(|| Ok(echo(body)), Err)));
            ask(&world, 50);
            assert_eq!((world.renewals(), world.requests()), (vec![], 50));
        }
    }
}

#[test]
fn what_ends_early_for_its_record_says_nothing_about_connections() {
    let breaker = Some(BreakerSettings { failures: 1, open: SECOND });
    let config = Config { deadline: SECOND, ..once(breaker) };
    let world = World::new(config, |_, _| (3_600 * SECOND, Err(unwell())));
    ask(&world, 30);
    assert_eq!((world.renewals(), world.requests()), (vec![], 30));
}

#[test]
fn no_record_waits_for_new_connections_beyond_its_deadline() {
    let breaker = Some(BreakerSettings { failures: 1, open: 60 * SECOND });
    let world = World::new(once(breaker), |_, _| (SECOND, Err(unwell())));
    world.heard.lock().unwrap().renewal_takes = 3_600 * SECOND;
    let start = world.now();
    assert_eq!(reason(&world.one("{}")), "unwell");
    let took = world.now() - start;
    assert!((10 * SECOND..10 * SECOND + 5 * MILLI).contains(&took), "{took:?}");
    assert_eq!(world.renewals(), [1]);
}

/// A client of a real server whose breaker opens after two failures, and is over at once; and how often its session was made anew.
fn connected(
    setup: &Setup,
    make: impl Fn() -> Result<jurat_http::Client, HttpError> + Send + Sync + 'static,
) -> (Coordination, Arc<AtomicUsize>) {
    let made: Arc<AtomicUsize> = Arc::default();
    let count = Arc::clone(&made);
    let session = Session::new(http_client(), move || {
        count.fetch_add(1, Ordering::SeqCst);
        make()
    });
    let breaker = Some(BreakerSettings { failures: 2, open: Duration::ZERO });
    let config = Config { retry: tries(NonZeroU32::MIN), breaker, ..setup.config() };
    (Coordination::new(config, session, setup.runtime.handle().clone(), None), made)
}

/// Whether the service has an answer for a record.
fn is_answered(client: &Coordination) -> bool {
    let supplied = client.supply(&[wanted("{}", &["parent"])]).concat();
    matches!(*supplied, [Supplied::Entity { .. }])
}

fn fails() -> Does {
    Does::Answers(500, "", String::new())
}

#[test]
fn a_server_that_fails_again_and_again_gets_a_new_connection() {
    let setup = Setup::new([Does::Echoes, fails(), fails(), Does::Echoes]);
    let (client, made) = connected(&setup, || Ok(http_client()));
    assert_eq!([(); 2].map(|()| is_answered(&client)), [true, false]);
    assert_eq!(made.load(Ordering::SeqCst), 0);
    assert_eq!([(); 5].map(|()| is_answered(&client)), [false, true, true, true, true]);
    assert_eq!(made.load(Ordering::SeqCst), 1);
    // A new configuration does not bring the old connections back.
    let again = client.reconfigured(setup.config());
    assert_eq!((is_answered(&again), made.load(Ordering::SeqCst)), (true, 1));
    let connections: Vec<_> = setup.server.received().iter().map(|received| received.connection).collect();
    let (before, after) = connections.split_at(3);
    assert!(after.iter().all(|connection| !before.contains(connection)), "{connections:?}");
}

#[test]
fn connections_stay_if_no_others_can_be_made() {
    let makers: [fn() -> Result<jurat_http::Client, HttpError>; 2] =
        [|| Err(HttpError::Proxy), || panic!("on purpose")];
    for make in makers {
        let setup = Setup::new([fails(), fails(), Does::Echoes]);
        let (client, made) = connected(&setup, make);
        assert_eq!([(); 4].map(|()| is_answered(&client)), [false, false, true, true]);
        assert_eq!(made.load(Ordering::SeqCst), 1);
    }
}
