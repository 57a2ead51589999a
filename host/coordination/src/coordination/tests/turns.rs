//! Many records and many calls at a time: no outcome suffers, and no call waits for hundreds of others.

use super::*;

fn texts(call: &str, count: usize) -> Vec<String> {
    (0..count).map(|number| format!(r#"{{"id":"{call}-{number}"}}"#)).collect()
}

fn records(texts: &[String]) -> Vec<Wanted<'_>> {
    texts.iter().map(|text| wanted(text, &["parent"])).collect()
}

/// A service that is up, and slow.
fn slow() -> World {
    World::new(config(), |_, body| (200 * MILLI, Ok(echo(body))))
}

#[test]
fn every_record_of_a_large_batch_is_answered_by_a_service_that_is_slow_but_well() {
    let (world, texts) = (slow(), texts("L", 1_024));
    let start = world.now();
    for (text, supplied) in texts.iter().zip(world.supply(&records(&texts)).concat()) {
        assert_eq!(supplied, entity(&format!(r#"{{"of":{text}}}"#)));
    }
    // 128 rounds with 8 permits, far more than the deadline of each.
    let took = world.now() - start;
    assert!((128 * 200 * MILLI..128 * 203 * MILLI).contains(&took), "{took:?}");
}

#[test]
fn how_records_are_handed_over_changes_nothing() {
    let texts = texts("L", 200);
    let records = records(&texts);
    let whole = slow().supply(&records);
    for size in [1, 7, 64] {
        let world = slow();
        let parts: Vec<_> = records.chunks(size).flat_map(|part| world.supply(part)).collect();
        assert_eq!(parts, whole, "{size}");
    }
}

#[test]
fn a_single_record_waits_behind_a_few_of_a_batch_and_not_behind_all_of_it() {
    for batches in 1..=3 {
        let world = slow();
        let texts: Vec<Vec<String>> = (0..batches).map(|batch| texts(&format!("B{batch}"), 500)).collect();
        let batches: Vec<Vec<Wanted<'_>>> = texts.iter().map(|texts| records(texts)).collect();
        let begun: Vec<Call> = batches.iter().map(|batch| world.begin(batch)).collect();
        for _ in 0..3 {
            world.pass(SECOND);
            let start = world.now();
            assert!(matches!(world.one(r#"{"id":"single"}"#), Supplied::Entity { .. }));
            // At most one round of others before its own.
            let took = world.now() - start;
            assert!(took <= 3 * 200 * MILLI, "{took:?} beside {} batches", batches.len());
        }
        for (call, batch) in begun.into_iter().zip(&batches) {
            assert!(call.missing > 0);
            assert_eq!(world.finish(call, batch).len(), 500);
        }
    }
}

#[test]
fn a_request_that_breaks_off_costs_only_its_own_record() {
    let world = World::new(config(), |number, body| {
        assert!(number >= 20, "on purpose");
        (MILLI, Ok(echo(body)))
    });
    let texts = texts("L", 100);
    let supplied = world.supply(&records(&texts)).concat();
    let gone: Vec<_> = supplied.iter().filter(|supplied| matches!(supplied, Supplied::Unavailable { .. })).collect();
    assert_eq!((gone.len(), reason(gone[0])), (20, "the request to the coordination service was given up"));
}

#[test]
fn no_caller_waits_for_a_runtime_that_has_ended() {
    let World { runtime, client, .. } = slow();
    let (texts, start) = (texts("L", 100), std::time::Instant::now());
    let (before, fetcher) = (records(&texts[..50]), client.fetcher.clone().unwrap());
    // One call was begun before, and one asks only now.
    let call = client.begin(&fetcher, &before);
    drop(runtime);
    let before = call.wait().into_iter().map(|outcome| outcome.unwrap_err().kind.code());
    let after = client.supply(&records(&texts[50..])).concat();
    let codes: Vec<_> = before.chain(after.iter().map(code)).collect();
    assert_eq!(codes, ["coordination_unavailable"; 100]);
    assert!(start.elapsed() < 60 * SECOND);
}
