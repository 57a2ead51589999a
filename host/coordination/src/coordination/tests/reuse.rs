//! Shared requests: flights, the cache, bulk requests; and what survives a new configuration.

use std::num::NonZeroU32;

use super::*;

#[test]
fn equal_records_share_one_request_within_a_call_and_across_calls() {
    let world = World::new(config(), |_, body| (SECOND, Ok(echo(body))));
    let same = [wanted("1", &["parent"]), wanted("2", &["parent"]), wanted("1", &["parent"])];
    let other = [wanted("1", &["parent"]), wanted("1", &["parent", "all_children"])];
    let (first, second) = (world.begin(&same), world.begin(&other));
    let (first, second) = (world.finish(first, &same), world.finish(second, &other));
    assert_eq!(first.concat(), [entity(r#"{"of":1}"#), entity(r#"{"of":2}"#), entity(r#"{"of":1}"#)]);
    assert_eq!(second.concat(), [(); 3].map(|()| entity(r#"{"of":1}"#)));
    assert_eq!((world.requests(), world.client.status().shared), (3, 2));
}

#[test]
fn a_failure_is_shared_and_no_waiter_retries_by_itself() {
    let world = World::new(Config { breaker: None, ..config() }, |_, _| (MILLI, Err(unwell())));
    let same = [(); 50].map(|()| wanted("1", &["parent"]));
    let supplied = world.supply(&same).concat();
    assert!(supplied.iter().all(|supplied| code(supplied) == "coordination_unavailable"));
    assert_eq!(world.requests(), 3);
}

#[test]
fn a_caller_that_gives_up_does_not_end_the_flight() {
    let world = World::new(config(), |_, body| (SECOND, Ok(echo(body))));
    let same = [wanted("1", &["parent"])];
    let (first, second) = (world.begin(&same), world.begin(&same));
    drop(first);
    assert_eq!(world.finish(second, &same).concat(), [entity(r#"{"of":1}"#)]);
    assert_eq!(world.requests(), 1);
}

#[test]
fn without_a_cache_every_call_asks_and_with_one_it_does_for_a_while() {
    let world = World::new(config(), |_, body| (MILLI, Ok(echo(body))));
    (0..3).for_each(|_| _ = world.one("{}"));
    assert_eq!((world.requests(), world.client.status().cache_entries), (3, 0));
    let world = World::new(Config { cache: fresh_for(60, 0), ..config() }, |_, body| (MILLI, Ok(echo(body))));
    (0..3).for_each(|_| _ = world.one("{}"));
    let status = world.client.status();
    assert_eq!((world.requests(), status.cache_hits, status.cache_misses), (1, 2, 1));
    world.pass(60 * SECOND);
    assert_eq!((world.one("{}"), world.requests()), (entity(r#"{"of":{}}"#), 2));
}

#[test]
fn an_absent_entity_is_cached_and_a_malformed_answer_is_not() {
    for (says, code_of, requests) in [
        ("{}", "coordination_term_missing", 1),
        (r#"{"parent":1}"#, "coordination_malformed", 2),
        ("[]", "coordination_malformed", 2),
    ] {
        let world =
            World::new(Config { cache: fresh_for(60, 0), ..config() }, move |_, _| (MILLI, Ok(says.to_owned())));
        let codes = [(); 2].map(|()| code(&world.one("{}")));
        assert_eq!((codes, world.requests()), ([code_of; 2], requests), "{says}");
    }
}

#[test]
fn a_bulk_request_has_at_most_the_configured_number_of_records() {
    let config = Config { bulk: NonZeroUsize::new(4), ..config() };
    let world = World::new(config, |_, body| (MILLI, Ok(echo_all(body))));
    let texts: Vec<String> = (0..9).map(|number| number.to_string()).collect();
    let mut records: Vec<Wanted<'_>> = texts.iter().map(|text| wanted(text, &["parent"])).collect();
    records.push(wanted("3", &["parent"]));
    let supplied = world.supply(&records).concat();
    for (record, supplied) in records.iter().zip(supplied) {
        assert_eq!(supplied, entity(&format!(r#"{{"of":{}}}"#, record.record)));
    }
    let heard = world.heard.lock().unwrap();
    let sizes: Vec<_> =
        heard.requests.iter().map(|(_, to, body)| (*to, echo_all(body).matches("parent").count())).collect();
    assert_eq!(sizes, [(Endpoint::Bulk, 4), (Endpoint::Bulk, 4), (Endpoint::Bulk, 1)]);
}

#[test]
fn a_bulk_request_has_a_limit_of_bytes() {
    let question = message::question(&wanted("\"\"", &["parent"])).unwrap().len();
    for (padding, requests) in [(BULK_BYTES / 2 - question, 1), (BULK_BYTES / 2 - question + 1, 2), (BULK_BYTES, 2)] {
        let config = Config { bulk: NonZeroUsize::new(4), ..config() };
        let world = World::new(config, |_, body| (MILLI, Ok(echo_all(body))));
        let texts = ["a", "b"].map(|letter| format!("\"{}\"", letter.repeat(padding)));
        let supplied = world.supply(&[wanted(&texts[0], &["parent"]), wanted(&texts[1], &["parent"])]).concat();
        assert!(supplied.iter().all(|supplied| matches!(supplied, Supplied::Entity { .. })));
        assert_eq!(world.requests(), requests, "{padding}");
    }
}

#[test]
fn a_record_that_is_not_json_is_not_sent() {
    let world = World::new(config(), |_, body| (MILLI, Ok(echo(body))));
    let records = [wanted("{} {}", &["parent"]), wanted("{}", &["parent"]), wanted("{} {}", &["parent"])];
    let supplied = world.supply(&records).concat();
    assert_eq!([code(&supplied[0]), code(&supplied[2])], ["coordination_malformed"; 2]);
    assert_eq!((&supplied[1], world.requests()), (&entity(r#"{"of":{}}"#), 1));
}

#[test]
fn what_is_known_of_a_service_survives_a_new_configuration_unless_it_is_another_service() {
    let config = Config { cache: fresh_for(60, 0), ..config() };
    let world =
        World::new(config.clone(), |number, body| (MILLI, if number == 0 { Ok(echo(body)) } else { Err(unwell()) }));
    world.one("{}");
    (0..2).for_each(|_| _ = world.one(r#"{"other":1}"#));
    assert_eq!(world.client.status().breaker, BreakerState::Open);
    let again = Config { concurrency: NonZeroU32::MIN, ..config.clone() };
    let again = world.client.reconfigured(again).status();
    assert_eq!((again.breaker, again.cache_entries, again.requests), (BreakerState::Open, 1, 6));
    let other = Config { base_url: Some("http://refs.example.com/v2".parse().unwrap()), ..config.clone() };
    let other = world.client.reconfigured(other).status();
    assert_eq!((other.breaker, other.cache_entries, other.requests), (BreakerState::Closed, 0, 6));
    let off = world.client.reconfigured(Config { base_url: None, ..config.clone() });
    assert_eq!((off.status().enabled, off.status().breaker), (false, BreakerState::Off));
    assert_eq!(off.reconfigured(config).status().breaker, BreakerState::Closed);
}

#[test]
fn a_service_that_is_switched_off_says_so() {
    let runtime = Builder::new_current_thread().build().unwrap();
    let client = Coordination::new(Config::default(), lasting(), runtime.handle().clone(), None);
    let supplied = client.supply(&[wanted("{}", &["parent", "all_children"])]).concat();
    assert_eq!([code(&supplied[0]), code(&supplied[1])], ["coordination_disabled"; 2]);
    assert_eq!(cause(&supplied[0]), UnavailableCause::Failure);
    let status = serde_json::to_value(client.status()).unwrap();
    assert_eq!(
        (&status["enabled"], &status["base_url"], &status["breaker"]),
        (&false.into(), &().into(), &"off".into())
    );
    assert_eq!(status["failures"]["coordination_disabled"], 1);
    assert_eq!(status["failures"].as_object().unwrap().len(), 8, "every code is there");
}
