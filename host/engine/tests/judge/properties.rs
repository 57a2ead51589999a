//! The same verdicts, however a request is cut up.

use std::collections::BTreeMap;
use std::num::NonZeroU32;

use jurat_engine::Request;
use jurat_model::Isolation;
use proptest::prelude::*;
use serde_json::{Value, json};

use crate::fixture::{Fixture, ReleaseSpec, SCHEMAS, obedient, request, workers};
use crate::model;

const RULES: [&str; 7] = ["a", "B", "c", "d", "E", "f", "g"];
const WORDS: [&str; 8] = ["pass", "warn", "fail", "norun", "error", "trap", "fuel", "deadline"];

/// A release whose rules lie in any components and wait for each other in any way.
#[derive(Clone, Debug)]
struct World {
    components: Vec<usize>,
    trees: [Vec<Value>; 2],
}

impl World {
    fn release(&self) -> ReleaseSpec {
        let rules: Vec<_> = RULES.into_iter().zip(self.components.iter().copied()).collect();
        obedient(&rules, self.trees.clone())
    }
}

fn world() -> impl Strategy<Value = World> {
    let components = prop::collection::vec(0..3usize, RULES.len());
    (components, tree(), tree()).prop_map(|(components, one, other)| World { components, trees: [one, other] })
}

/// Some of the rules, each below one before it or at the top.
fn tree() -> impl Strategy<Value = Vec<Value>> {
    let parents = prop::collection::vec(prop::option::weighted(0.6, any::<prop::sample::Index>()), RULES.len());
    (Just(RULES.to_vec()).prop_shuffle(), parents, 1..=RULES.len()).prop_map(|(rules, parents, count)| {
        let mut children: Vec<Vec<usize>> = vec![Vec::new(); count];
        let mut top = Vec::new();
        for (index, parent) in parents.iter().enumerate().take(count) {
            match parent {
                Some(parent) if index > 0 => children[parent.index(index)].push(index),
                _ => top.push(index),
            }
        }
        fn node(index: usize, rules: &[&str], children: &[Vec<usize>]) -> Value {
            json!({ rules[index]: children[index].iter().map(|&child| node(child, rules, children)).collect::<Vec<_>>() })
        }
        top.into_iter().map(|index| node(index, &rules, &children)).collect()
    })
}

/// What each rule is told; mostly nothing, and sometimes something that is not a word at all.
fn records(most: usize) -> impl Strategy<Value = Vec<Value>> {
    let word = prop_oneof![
        4 => Just(json!("pass")),
        6 => prop::sample::select(&WORDS[..]).prop_map(|word| json!(word)),
        2 => Just(Value::Null),
        1 => Just(json!(5)),
    ];
    let record = (prop::collection::vec(word, RULES.len()), prop::sample::select(&SCHEMAS[..]));
    prop::collection::vec(record, 0..most).prop_map(|records| {
        let numbered = records.into_iter().enumerate().map(|(id, (words, schema))| {
            let mut record: serde_json::Map<_, _> = RULES.into_iter().map(str::to_owned).zip(words).collect();
            record.insert("id".to_owned(), id.into());
            record.insert("$schema".to_owned(), schema.into());
            Value::Object(record)
        });
        numbered.collect()
    })
}

/// A way to cut a request up.
fn manner() -> impl Strategy<Value = (Request, usize)> {
    let rows = prop_oneof![1..=8u32, 9..=4_096u32];
    let isolation = prop::sample::select(vec![Isolation::Chunk, Isolation::Record]);
    (rows, isolation, 1..=4usize).prop_map(|(rows, isolation, threads)| {
        let mut request = request();
        request = request.with_rows(rows);
        request = request.with_isolation(isolation);
        (request, threads)
    })
}

fn lines(records: &[Value]) -> String {
    records.iter().map(|record| format!("{record}\n")).collect()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(150))]

    #[test]
    fn verdicts_do_not_depend_on_chunks_isolation_or_threads(
        (world, records, suspend_after) in (world(), records(60), 1..8u32),
        (mut request, threads) in manner(),
    ) {
        request = request.with_suspend_after(NonZeroU32::new(suspend_after).unwrap());
        let fixture = Fixture::new(&world.release());
        let text = lines(&records);
        let answer = fixture.judge(&request, threads, &text).unwrap();
        prop_assert_eq!(model::found(&answer), model::expected(&world.trees, &records, suspend_after));

        request = request.with_rows(1);
        request = request.with_isolation(Isolation::Chunk);
        prop_assert_eq!(answer.timeless(), fixture.judge(&request, 1, &text).unwrap().timeless());
    }

    #[test]
    fn the_verdict_on_a_record_does_not_depend_on_the_order(
        world in world(),
        (records, shuffled) in records(60).prop_flat_map(|records| (Just(records.clone()), Just(records).prop_shuffle())),
        (request, threads) in manner(),
    ) {
        let fixture = Fixture::new(&world.release());
        let by_id = |records: &[Value]| -> BTreeMap<String, Value> {
            let answer = fixture.judge(&request, threads, &lines(records)).unwrap().timeless();
            let results = answer["results"].as_array().unwrap().iter();
            results.map(|record| (record["entity_id"].to_string(), record.clone())).collect()
        };
        let in_order = by_id(&records);
        prop_assert_eq!(in_order.len(), records.len());
        prop_assert_eq!(in_order, by_id(&shuffled));
    }
}

#[test]
fn a_rule_is_suspended_behind_the_same_record_in_all_chunks_and_on_all_threads() {
    // Every third record is guilty, in two groups whose rows alternate irregularly; `c` waits for a rule that gets suspended.
    let trees = [vec![json!({ "a": ["c"] })], vec![json!("c"), json!("a")]];
    let record = |id: u32| {
        let word = |every: u32| if id.is_multiple_of(every) { "trap" } else { "pass" };
        json!({ "id": id, "$schema": SCHEMAS[usize::from(id % 7 < 3)], "a": word(3), "c": word(4) })
    };
    let records: Vec<Value> = (0..5_000).map(record).collect();
    let text = lines(&records);
    let fixture = Fixture::new(&obedient(&[("a", 0), ("c", 1)], trees.clone()));
    for suspend_after in [1, 999, 5_000] {
        let expected = model::expected(&trees, &records, suspend_after);
        for threads in [1, 4] {
            let workers = workers(threads);
            for rows in [1, 7, 1_000, 4_096] {
                let mut request = request();
                request = request.with_suspend_after(NonZeroU32::new(suspend_after).unwrap());
                request = request.with_rows(rows);
                let answer = fixture.judge_on(&workers, &request, &text).unwrap();
                assert!(model::found(&answer) == expected, "{suspend_after}, {threads} threads, {rows} rows");
            }
        }
    }
}
