//! Related entities that are fetched: what is asked for, when, and that it is judged like what was given.

use std::collections::BTreeMap;
use std::io;
use std::num::NonZeroUsize;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, Weak};

use jiff::Timestamp;
use jurat_engine::extract::ChunkLimits;
use jurat_engine::{Associated, JudgeError, Request, Supplied, Supplier, Wanted, WindowObserver, judge};
use jurat_model::{Bytes, Cancellation, Isolation, Status};
use proptest::prelude::*;
use serde_json::{Value, json};

use crate::fixture::{Fixture, ReleaseSpec, request, workers};
use crate::supplier::{Answer, Answers, Asked, Scripted, entity};

/// Loans are judged with their parents and children, deals with their parents alone, notes with nothing but themselves.
pub(crate) fn spec() -> ReleaseSpec {
    let release = json!({
        "rules": [
            { "id": "strict", "inputs": ["strict:text", "parent.limit:decimal!"], "on": [1], "message": "{parent.limit}" },
            { "id": "lenient", "inputs": ["lenient:text", "children.all:json", "parent.limit:decimal", "parent.since:text"],
              "on": [1, 2], "message": "{children.all} {parent.limit}" },
            { "id": "deal", "entity": "deal", "inputs": ["parent.limit:decimal!"], "component": 1 },
            { "id": "note", "entity": "note", "inputs": ["note:text"], "component": 1 }
        ],
        "field_maps": {
            "loan.json": { "strict": { "physical_path": "strict" }, "lenient": { "physical_path": "lenient" } },
            "parent.json": { "limit": { "physical_path": "limit" } }
        },
        "rulesets": {
            // The rule for deals is in the list of loans, but is not run on them and reads nothing.
            "main": { "loan": [{ "lenient": ["strict"] }, "deal"], "deal": ["deal"], "note": ["note"] },
            "notes": { "note": ["note"] }
        },
        "defaults": { "loan": "loan.json", "deal": "loan.json", "note": "loan.json", "facility": "parent.json" }
    });
    serde_json::from_value(release).unwrap()
}

pub(crate) const PARENT: &str = r#"{"entity_type":"facility","limit":1.50}"#;

pub(crate) fn with(supplier: impl Supplier + 'static) -> Request {
    request().with_supplier(Arc::new(supplier))
}

fn loans(count: usize) -> Arc<[u8]> {
    Arc::from("{\"entity_type\":\"loan\"}\n".repeat(count).as_bytes())
}

/// Counts the calls, and cancels the request during the first one.
#[derive(Clone, Debug, Default)]
struct Cancelling(Counting, Cancellation);

impl Supplier for Cancelling {
    fn supply(&self, wanted: &[Wanted<'_>]) -> Vec<Vec<Supplied>> {
        self.1.cancel();
        self.0.supply(wanted)
    }
}

#[test]
fn a_cancelled_request_asks_for_nothing_more() {
    let supplier = Cancelling::default();
    let (counting, cancellation) = (supplier.0.clone(), supplier.1.clone());
    let fixture = Fixture::new(&spec());
    let request = with(supplier).with_cancellation(cancellation);
    let (workers, mut results) = (workers(2), 0);
    let mut sink = |_| {
        results += 1;
        Ok(())
    };
    // One window, for which one call would not suffice.
    let judged = judge(&fixture.release, &workers.queue(NonZeroUsize::MIN), &request, loans(1_000), &mut sink);
    assert!(matches!(judged, Err(JudgeError::Cancelled)), "{judged:?}");
    assert_eq!((counting.0.load(Ordering::SeqCst), results), (1, 0));
}

/// Counts the calls, and answers all of them well.
#[derive(Clone, Debug, Default)]
struct Counting(Arc<AtomicU64>);

impl Supplier for Counting {
    fn supply(&self, wanted: &[Wanted<'_>]) -> Vec<Vec<Supplied>> {
        self.0.fetch_add(1, Ordering::SeqCst);
        wanted.iter().map(|wanted| vec![entity(PARENT); wanted.terms.len()]).collect()
    }
}

#[test]
fn each_window_is_asked_for_once_and_only_for_what_it_lacks() {
    let loan = |id: &str| format!(r#"{{"id":"{id}", "entity_type":"loan" , "n":1.00}}"#);
    let deal = r#"{"id":"D","entity_type":"deal"}"#.to_owned();
    let note = r#"{"id":"N","entity_type":"note"}"#.to_owned();
    let lines = [
        // One window: all kinds.
        &[loan("L"), note.clone(), deal.clone(), loan("children given"), loan("all given")][..],
        // One that needs nothing, and one that cannot be judged.
        &[
            note.clone(),
            loan("all given"),
            "{\"id\":".to_owned(),
            r#"{"entity_type":"house"}"#.to_owned(),
            note.clone(),
        ],
        std::slice::from_ref(&deal),
    ];
    let given = json!({
        "children given": { "children": [], "uncle": null },
        "all given": { "parent": null, "children": [] }
    });
    let supplier = Arc::new(Scripted::new(Answers::new()));
    let mut request = request();
    request = request.with_supplier(Arc::clone(&supplier) as _);
    request = request.with_associated(Arc::new(Associated::parse(given.to_string().as_bytes()).unwrap()));
    request = request.with_rows(5);
    let answer = Fixture::new(&spec()).judge(&request, 2, &lines.concat().join("\n")).unwrap();
    assert_eq!((answer.summary.records, answer.summary.unreadable), (11, 2));

    let asked = |entity_type: &str, record: &str, terms: &[&str]| Asked {
        entity_type: entity_type.to_owned(),
        record: record.to_owned(),
        terms: terms.iter().map(|term| (*term).to_owned()).collect(),
    };
    assert_eq!(
        supplier.asked(),
        [
            vec![
                asked("loan", &loan("L"), &["children", "parent"]),
                asked("deal", &deal, &["parent"]),
                asked("loan", &loan("children given"), &["parent"]),
            ],
            vec![asked("deal", &deal, &["parent"])],
        ]
    );
}

#[test]
fn nothing_is_asked_for_where_no_rule_reads_a_related_entity() {
    let supplier = Counting::default();
    let request =
        Request::new("notes", Timestamp::UNIX_EPOCH).with_supplier(Arc::new(supplier.clone())).with_entity_type("note");
    let answer = Fixture::new(&spec()).judge(&request, 1, "{}\n{}").unwrap();
    assert_eq!((answer.summary.rules["note"].pass, supplier.0.load(Ordering::SeqCst)), (2, 0));
}

#[test]
fn nothing_is_asked_for_of_a_request_that_is_refused() {
    let supplier = Counting::default();
    let request = with(supplier.clone()).with_expected(["laon"]);
    let refused = Fixture::new(&spec()).judge(&request, 1, r#"{"entity_type":"loan"}"#).unwrap_err();
    assert!(matches!(&refused, JudgeError::Route(error) if error.code() == "unknown_entity_type"), "{refused}");
    assert_eq!(supplier.0.load(Ordering::SeqCst), 0);
}

#[test]
fn no_more_is_fetched_than_for_the_windows_under_way() {
    for threads in [1, 2] {
        let supplier = Counting::default();
        let fixture = Fixture::new(&spec());
        let mut request = with(supplier.clone());
        request = request.with_rows(10);
        let (mut taken, mut most) = (0, 0);
        let judged =
            judge(&fixture.release, &workers(threads).queue(NonZeroUsize::MAX), &request, loans(1_000), &mut |_| {
                most = (supplier.0.load(Ordering::SeqCst) - taken / 10).max(most);
                taken += 1;
                Ok(())
            });
        assert_eq!((judged.unwrap().records, supplier.0.load(Ordering::SeqCst)), (1_000, 100));
        assert!(most <= 2 * threads as u64 + 1, "{most} windows were fetched for {threads} threads");
    }
}

/// Answers with texts of a MiB that make no sense: one for all records, or one for each.
#[derive(Debug)]
struct Heavy {
    shared: Option<Arc<str>>,
    calls: AtomicU64,
}

impl Supplier for Heavy {
    fn supply(&self, wanted: &[Wanted<'_>]) -> Vec<Vec<Supplied>> {
        self.calls.fetch_add(1, Ordering::SeqCst);
        let text = || self.shared.clone().unwrap_or_else(|| Arc::from("x".repeat(1 << 20)));
        let heavy = || vec![entity("[]"), Supplied::Entity { text: text(), is_cached: false, is_stale: false }];
        wanted.iter().map(|_| heavy()).collect()
    }
}

#[test]
fn fewer_windows_are_fetched_ahead_where_they_bring_much() {
    let fixture = Fixture::new(&spec());
    // Of windows with 40 MiB each no third one is fetched before the first has been handed over; what is shared counts once.
    for (shared, records, expected) in [(None, 160, 2), (Some(Arc::from("x".repeat(1 << 20))), 400, 9)] {
        let heavy = Arc::new(Heavy { shared, calls: AtomicU64::new(0) });
        let mut request = request().with_supplier(Arc::clone(&heavy) as _);
        request = request.with_rows(40);
        let (mut taken, mut most) = (0, 0);
        let judged =
            judge(&fixture.release, &workers(4).queue(NonZeroUsize::MAX), &request, loans(records), &mut |_| {
                most = (heavy.calls.load(Ordering::SeqCst) - taken / 40).max(most);
                taken += 1;
                Ok(())
            });
        assert_eq!((judged.unwrap().rules["strict"].norun, most), (records as u64, expected));
    }
}

#[test]
fn what_was_fetched_counts_no_more_once_its_window_has_been_observed() {
    struct Idle;
    impl WindowObserver for Idle {}
    // Together they bring more than may be under way.
    let heavy = Heavy { shared: None, calls: AtomicU64::new(0) };
    let request = with(heavy).with_observer(Arc::new(Idle)).with_rows(40);
    let workers = workers(2);
    let judged =
        judge(&Fixture::new(&spec()).release, &workers.queue(NonZeroUsize::MAX), &request, loans(160), &mut |_| Ok(()));
    assert_eq!(judged.unwrap().rules["strict"].norun, 160);
}

/// Answers with texts of 256 KiB that tell which record they are for, and remembers how much of them is held.
#[derive(Debug, Default)]
struct Remembering(Mutex<Held>);

#[derive(Debug, Default)]
struct Held {
    texts: Vec<Weak<str>>,
    most_bytes: usize,
    most_records: usize,
}

impl Supplier for Remembering {
    fn supply(&self, wanted: &[Wanted<'_>]) -> Vec<Vec<Supplied>> {
        let mut held = self.0.lock().unwrap();
        let answer = |wanted: &Wanted<'_>| {
            let record: Value = serde_json::from_str(wanted.record).unwrap();
            let padding = "x".repeat(256 << 10);
            let text = format!(r#"{{"entity_type":"facility","limit":{},"note":"{padding}"}}"#, record["id"]);
            Arc::<str>::from(text)
        };
        let texts: Vec<Arc<str>> = wanted.iter().map(answer).collect();
        held.texts.retain(|text| text.strong_count() > 0);
        held.texts.extend(texts.iter().map(Arc::downgrade));
        let bytes = held.texts.iter().filter_map(Weak::upgrade).map(|text| text.len()).sum();
        held.most_bytes = held.most_bytes.max(bytes);
        held.most_records = held.most_records.max(wanted.len());
        let heavy = |text| vec![entity("[]"), Supplied::Entity { text, is_cached: false, is_stale: false }];
        texts.into_iter().map(heavy).collect()
    }
}

#[test]
fn no_more_is_held_than_is_said_and_each_record_gets_its_own() {
    const SAID: usize = (64 + 64 / 4) << 20;
    let fixture = Fixture::new(&spec());
    let loan = |id: usize| format!(r#"{{"entity_type":"loan","id":{id},"strict":"fail"}}"#);
    // Every other record needs nothing; windows end somewhere all the same, and nowhere is one lost or taken for another.
    let note = r#"{"entity_type":"note","note":"pass"}"#;
    let lines: Vec<String> = (0..600).flat_map(|id| [loan(id), note.to_owned()]).collect();
    for threads in [1, 4] {
        let remembering = Arc::new(Remembering::default());
        let request = request().with_supplier(Arc::clone(&remembering) as _);
        let answer = fixture.judge(&request, threads, &lines.join("\n")).unwrap();
        let written = answer.timeless();
        let results = written["results"].as_array().unwrap();
        assert_eq!(results.len(), 1_200);
        for (id, pair) in results.chunks(2).enumerate() {
            let strict = &pair[0]["results"][0]["children"][0];
            assert_eq!(
                (&strict["rule_id"], &strict["message"]),
                (&"strict".into(), &id.to_string().into()),
                "{pair:?}"
            );
            assert_eq!(pair[1]["results"][0]["status"], "PASS");
        }
        let held = remembering.0.lock().unwrap();
        assert_eq!(held.most_records, 64);
        // The text around the padding is less than a MiB in all.
        assert!((32 << 20..SAID + (1 << 20)).contains(&held.most_bytes), "{}", held.most_bytes);
    }
}

#[test]
fn each_record_gets_its_own_where_all_of_them_need_something() {
    let fixture = Fixture::new(&spec());
    let lines: Vec<String> =
        (0..400).map(|id| format!(r#"{{"entity_type":"loan","id":{id},"strict":"fail"}}"#)).collect();
    for threads in [1, 3] {
        // They take 256 KiB each, so that windows end within what comes as one.
        let request = with(Remembering::default());
        let answer = fixture.judge(&request, threads, &lines.join("\n")).unwrap();
        assert_eq!(answer.records.len(), 400);
        for (id, record) in answer.records.iter().enumerate() {
            assert_eq!(record.results[0].children[0].message, id.to_string());
        }
    }
}

#[test]
fn each_record_gets_its_own_where_results_may_take_little_memory() {
    let fixture = Fixture::new(&spec());
    let lines: Vec<String> =
        (0..300).map(|id| format!(r#"{{"entity_type":"loan","id":"{id}","strict":"fail"}}"#)).collect();
    let texts = |id: usize| {
        let parent = format!(r#"{{"entity_type":"facility","limit":{id}}}"#);
        BTreeMap::from([("parent".to_owned(), parent), ("children".to_owned(), "[]".to_owned())])
    };
    // Windows are cut and put together again on the way, with what was fetched for them.
    for (rows, results) in [(64, 0), (300, 2_000), (300, 20_000), (1_024, 5_000)] {
        for threads in [1, 3] {
            let all = (0..300).map(|id| (id.to_string(), texts(id))).collect();
            let request = with(Same(all, Mutex::new(0)));
            let chunk = ChunkLimits { rows, results: Bytes::new(results), ..request.chunk() };
            let answer = fixture.judge(&request.with_chunk(chunk), threads, &lines.join("\n")).unwrap();
            assert_eq!(answer.records.len(), 300);
            for (id, record) in answer.records.iter().enumerate() {
                let strict = &record.results[0].children[0];
                assert_eq!((strict.status, &*strict.message), (Status::Fail, &*id.to_string()), "{rows}, {results}");
            }
        }
    }
}

#[test]
fn nothing_more_is_fetched_for_a_caller_that_has_gone() {
    let supplier = Counting::default();
    let mut request = with(supplier.clone());
    request = request.with_rows(1);
    let fixture = Fixture::new(&spec());
    let gone = judge(&fixture.release, &workers(1).queue(NonZeroUsize::MAX), &request, loans(1_000), &mut |_| {
        Err(io::ErrorKind::BrokenPipe.into())
    });
    assert!(matches!(gone, Err(JudgeError::Output(_))));
    assert_eq!(supplier.0.load(Ordering::SeqCst), 3);
}

/// A supplier that knows no more than what could have been given with the request.
#[derive(Debug)]
struct Same(BTreeMap<String, BTreeMap<String, String>>, Mutex<u64>);

impl Supplier for Same {
    fn supply(&self, wanted: &[Wanted<'_>]) -> Vec<Vec<Supplied>> {
        *self.1.lock().unwrap() += wanted.len() as u64;
        let answer = |wanted: &Wanted<'_>| {
            let record: Value = serde_json::from_str(wanted.record).unwrap();
            let known = &self.0[record["id"].as_str().unwrap()];
            wanted.terms.iter().map(|term| entity(&known[*term])).collect()
        };
        wanted.iter().map(answer).collect()
    }
}

fn text() -> impl Strategy<Value = String> {
    let limit = prop::sample::select(vec!["1.50", "\"x\"", "null", "1e999", "{}"]);
    let facility = limit.prop_map(|limit| format!(r#"{{"entity_type": "facility", "limit": {limit}, "since": "s"}}"#));
    let lists =
        prop::sample::select(vec!["[]", "[1, {}]", "[{\"a\":1,\"a\":2}]", "5", "{}", r#"{"entity_type":"house"}"#]);
    prop_oneof![3 => facility, 1 => lists.prop_map(str::to_owned)]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    #[test]
    fn what_is_fetched_is_judged_like_what_was_given(
        related in prop::collection::vec((text(), text(), any::<bool>()), 1..40),
        words in prop::collection::vec(prop::sample::select(vec!["pass", "warn", "fail", "trap"]), 40),
        (rows, threads, isolation) in (1..50u32, 1..4usize, prop::sample::select(vec![Isolation::Chunk, Isolation::Record])),
        some_are_given in any::<bool>(),
    ) {
        let mut lines = Vec::new();
        let (mut all, mut some) = (BTreeMap::new(), BTreeMap::new());
        for (index, (parent, children, is_given)) in related.iter().enumerate() {
            let (id, kind) = (format!("L-{index}"), ["loan", "loan", "deal", "note"][index % 4]);
            lines.push(json!({ "id": id, "entity_type": kind, "strict": words[index], "lenient": "warn" }).to_string());
            let both = BTreeMap::from([("parent".to_owned(), parent.clone()), ("children".to_owned(), children.clone())]);
            if some_are_given && *is_given {
                some.insert(id.clone(), both.clone());
            }
            all.insert(id, both);
        }
        let fixture = Fixture::new(&spec());
        let mut request = request();
        request = request.with_associated(associated(&all));
        let expected = fixture.judge(&request, 1, &lines.join("\n")).unwrap().timeless();

        let supplier = Arc::new(Same(all, Mutex::new(0)));
        let needs = (0..lines.len()).filter(|index| index % 4 < 3 && !some.contains_key(&format!("L-{index}"))).count();
        request = request.with_associated(associated(&some));
        request = request.with_supplier(Arc::clone(&supplier) as _);
        request = request.with_rows(rows);
        request = request.with_isolation(isolation);
        let found = fixture.judge(&request, threads, &lines.join("\n")).unwrap().timeless();
        prop_assert_eq!(blamed_alike(&found), blamed_alike(&expected));
        prop_assert_eq!(*supplier.1.lock().unwrap(), needs as u64);
    }
}

/// Results without the difference between a malformed term of the request and one of the supplier.
fn blamed_alike(results: &Value) -> Value {
    serde_json::from_str(&results.to_string().replace("\"term_malformed\"", "\"input_absent\"")).unwrap()
}

fn associated(texts: &BTreeMap<String, BTreeMap<String, String>>) -> Arc<Associated> {
    let terms = |terms: &BTreeMap<String, String>| {
        let terms: Vec<String> = terms.iter().map(|(term, text)| format!("\"{term}\":{text}")).collect();
        terms.join(",")
    };
    let records: Vec<String> = texts.iter().map(|(id, texts)| format!("\"{id}\":{{{}}}", terms(texts))).collect();
    Arc::new(Associated::parse(format!("{{{}}}", records.join(",")).as_bytes()).unwrap())
}

#[test]
fn stale_answers_are_told_once_for_each_term_and_in_order() {
    let stale = |text: &str| Answer::Stale(text.to_owned());
    let answers = BTreeMap::from([("children".to_owned(), stale("[]")), ("parent".to_owned(), stale(PARENT))]);
    let request = with(Scripted::new([("x".to_owned(), answers)].into()));
    let text = r#"{"entity_type":"loan","ask":"x"}"#;
    let answer = Fixture::new(&spec()).judge(&request, 1, text).unwrap();
    let written = answer.timeless();
    let result = &written["results"][0]["results"][0];
    assert_eq!(result["degraded"], json!(["children", "parent"]));
    assert_eq!(result["children"][0]["degraded"], json!(["parent"]));
    assert_eq!(written["results"][0]["results"][1].get("degraded"), None);
}
