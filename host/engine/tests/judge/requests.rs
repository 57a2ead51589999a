//! Requests as a whole: what they refuse, what they hold, what they leave behind.

use std::io;
use std::num::{NonZeroU32, NonZeroUsize};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::channel;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use jiff::Timestamp;
use jurat_engine::extract::ChunkLimits;
use jurat_engine::{Associated, JudgeError, Request, Supplier, judge};
use jurat_model::{Blame, Bytes, Finding, Status, Suspension};
use serde_json::{Value, json};

use crate::fixture::{Fixture, ReleaseSpec, SCHEMAS, obedient, request, workers};
use crate::model;
use crate::scripted::{Say, obey, text};
use crate::supplier::{Answers, Scripted};

fn one_rule() -> ReleaseSpec {
    obedient(&[("a", 0)], [vec![json!("a")], vec![json!("a")]])
}

fn records(count: usize) -> String {
    (0..count).map(|id| json!({ "id": id, "$schema": SCHEMAS[0] }).to_string() + "\n").collect()
}

/// What is said of a request that cannot be served.
fn refusal(change: impl FnOnce(Request) -> Request) -> String {
    let request = change(request());
    let mut results = 0;
    let fixture = Fixture::new(&one_rule());
    let text = Arc::from(records(3).as_bytes());
    let refused = judge(&fixture.release, &workers(1).queue(NonZeroUsize::MAX), &request, text, &mut |_| {
        results += 1;
        Ok(())
    });
    assert_eq!(results, 0);
    let error = refused.unwrap_err();
    assert_eq!(error.blame(), Blame::Caller);
    error.to_string()
}

#[test]
fn a_request_that_names_nothing_that_is_there_is_refused_as_a_whole() {
    let mian = refusal(|_| Request::new("mian", Timestamp::UNIX_EPOCH));
    assert_eq!(mian, "there is no ruleset `mian`, did you mean `main`?");
    let laon = refusal(|request| request.with_entity_type("laon"));
    assert_eq!(laon, "the release knows no entity type `laon`, did you mean `loan`?");
    let laon = refusal(|request| request.with_expected(["loan", "laon"]));
    assert_eq!(laon, "the release knows no entity type `laon`, did you mean `loan`?");
    for (field, why) in [
        (
            "a..b",
            "nothing before, between or behind its dots: write the keys that lead to the value, with dots between them",
        ),
        ("a.0", "`0` may be a key or an index: write `\\0` for a key, or an index in brackets, as in `list[0]`"),
        ("a[]", "`[]` comes with lists in a later version: until then a path leads to one element, as in `list[0]`"),
        ("$.id", "this is JSONPath: write `a.b` for `$.a.b`, or `\\$` if a key begins with that character"),
    ] {
        let expected = format!("`{field}` is not a path to an id field: {why}");
        assert_eq!(refusal(|request| request.with_id_fields(["id", field])), expected);
    }
    let long = refusal(|request| request.with_id_fields(["id".to_owned(), "a.".repeat(1 << 20) + "a"]));
    assert!(long.ends_with(" is too long for a path to an id field: at most 1024 bytes") && long.len() < 500, "{long}");
    let many = refusal(|request| request.with_id_fields(["id"; 33]));
    assert_eq!(many, "an entity id is made of at most 32 fields");
}

#[test]
fn a_request_says_what_was_set_and_the_defaults_of_the_rest() {
    let plain = request();
    assert_eq!((plain.ruleset(), plain.entity_type(), plain.expected().len()), ("main", None, 0));
    assert_eq!((plain.id_fields(), plain.timings()), (&["id".to_owned()][..], true));
    assert_eq!((plain.chunk(), plain.max_record()), (ChunkLimits::default(), Bytes::mebi(1)));
    assert_eq!((plain.max_findings().get(), plain.run().suspension), (100, Suspension::DEFAULT));
    assert!(plain.associated().is_none() && plain.supplier().is_none() && plain.observer().is_none());

    let associated = Arc::new(Associated::parse(br#"{"1":{"parent":{}}}"#).unwrap());
    let supplier: Arc<dyn Supplier> = Arc::new(Scripted::new(Answers::new()));
    let chunk = ChunkLimits { rows: 7, bytes: Bytes::new(8), results: Bytes::new(9) };
    let set = request()
        .with_entity_type("loan")
        .with_expected(["loan", "deal"])
        .with_id_fields(["number", "part.no"])
        .with_chunk(chunk)
        .with_max_record(Bytes::new(10))
        .with_max_findings(NonZeroU32::MIN)
        .with_associated(Arc::clone(&associated))
        .with_supplier(Arc::clone(&supplier))
        .with_timings(false);
    assert_eq!((set.entity_type(), set.timings()), (Some("loan"), false));
    assert_eq!(
        (set.expected(), set.id_fields()),
        (&["loan", "deal"].map(String::from)[..], &["number", "part.no"].map(String::from)[..])
    );
    assert_eq!((set.chunk(), set.max_record(), set.max_findings()), (chunk, Bytes::new(10), NonZeroU32::MIN));
    assert!(set.associated().is_some_and(|given| Arc::ptr_eq(given, &associated)));
    assert!(set.supplier().is_some_and(|given| Arc::ptr_eq(given, &supplier)));
}

#[test]
fn a_sink_that_fails_ends_the_request_and_no_other() {
    let fixture = Fixture::new(&one_rule());
    let workers = workers(2);
    let mut taken = 0;
    let failed = judge(
        &fixture.release,
        &workers.queue(NonZeroUsize::MAX),
        &request(),
        Arc::from(records(10_000).as_bytes()),
        &mut |_| {
            if taken == 1_500 {
                return Err(io::ErrorKind::BrokenPipe.into());
            }
            taken += 1;
            Ok(())
        },
    );
    assert!(matches!(failed, Err(JudgeError::Output(error)) if error.kind() == io::ErrorKind::BrokenPipe));
    assert_eq!(taken, 1_500);
    assert_eq!(fixture.judge_on(&workers, &request(), &records(10)).unwrap().records.len(), 10);
}

#[test]
fn nothing_is_judged_for_a_caller_that_has_gone() {
    // The first window may be done before the second one is handed to the worker. Then nothing is seen, and it is tried anew.
    let calls = (0..100).find_map(|_| calls_for_a_caller_that_leaves_in_the_second_window());
    assert_eq!(calls, Some([2, 1]));
}

/// How often two rules were called; none if the caller has left before the second window began.
fn calls_for_a_caller_that_leaves_in_the_second_window() -> Option<[u64; 2]> {
    let tree = vec![json!("a"), json!("b")];
    let spec = obedient(&[("a", 0), ("b", 0)], [tree.clone(), tree]);
    let (begun, has_begun) = channel();
    let (go_on, may_go_on) = channel::<()>();
    let gate = Arc::new(Mutex::new((begun, may_go_on)));
    let calls = Arc::new([AtomicU64::new(0), AtomicU64::new(0)]);
    let fixture = Fixture::scripted(&spec, |rule| {
        let (gate, calls, rule) = (Arc::clone(&gate), Arc::clone(&calls), usize::from(rule.id == "b"));
        Box::new(move |_, row| {
            let is_second = row == 0 && calls[rule].fetch_add(1, Ordering::SeqCst) == 1;
            if is_second && rule == 0 {
                // The second window waits in its first rule until the caller has gone.
                let gate = gate.lock().unwrap();
                gate.0.send(()).unwrap();
                let _ = gate.1.recv_timeout(Duration::from_secs(30));
            }
            Say::Verdict(Status::Pass, Vec::new())
        })
    });
    let workers = workers(1);
    let mut seen = false;
    let gone = judge(
        &fixture.release,
        &workers.queue(NonZeroUsize::MAX),
        &request().with_rows(10),
        Arc::from(records(1_000).as_bytes()),
        &mut |_| {
            seen = has_begun.recv_timeout(Duration::from_secs(1)).is_ok();
            Err(io::ErrorKind::BrokenPipe.into())
        },
    );
    assert!(matches!(gone, Err(JudgeError::Output(_))));
    drop(go_on);
    drop(workers);
    seen.then(|| calls.each_ref().map(|calls| calls.load(Ordering::SeqCst)))
}

#[test]
fn no_more_than_a_few_windows_are_held_however_long_the_input_is() {
    const RECORDS: u64 = 200_000;
    for threads in [1, 2] {
        let fixture = Fixture::new(&one_rule());
        let (mut taken, mut most) = (0, 0);
        let text = Arc::from(records(200_000).as_bytes());
        let summary =
            judge(&fixture.release, &workers(threads).queue(NonZeroUsize::MAX), &request(), text, &mut |_| {
                taken += 1;
                most = fixture.watch.rows.load(Ordering::Relaxed).saturating_sub(taken).max(most);
                Ok(())
            });
        assert_eq!((taken, summary.unwrap().records), (RECORDS, RECORDS));
        // Two windows for each worker and one more are under way; one is being handed over.
        let bound = (2 * threads as u64 + 2) * 1_024;
        assert!(most <= bound, "{most} records were held by {threads} threads");
    }
}

#[test]
fn windows_of_long_records_are_shorter() {
    let fixture = Fixture::new(&one_rule());
    let note = "x".repeat(1 << 20);
    let record = json!({ "id": 1, "$schema": SCHEMAS[0], "note": note }).to_string() + "\n";
    let mut request = request();
    request = request.with_max_record(jurat_model::Bytes::mebi(2));
    let answer = fixture.judge(&request, 1, &record.repeat(40)).unwrap();
    assert_eq!(answer.summary.rules["a"].pass, 40);
    let calls = fixture.watch.calls.load(Ordering::Relaxed);
    assert!((9..=11).contains(&calls), "{calls}");
}

#[test]
fn the_rules_of_a_component_share_a_session_as_far_as_the_hierarchy_allows() {
    // `a` and `c` are of one component, `b` and `d` of another; `c` waits for `b`, so that its component comes up twice.
    let tree = vec![json!("a"), json!({ "b": ["c"] }), json!("d")];
    let spec = obedient(&[("a", 0), ("b", 1), ("c", 0), ("d", 1)], [tree.clone(), tree]);
    let fixture = Fixture::new(&spec);
    let answer = fixture.judge(&request(), 1, &records(100)).unwrap();
    assert_eq!(answer.summary.rules.values().map(|rule| rule.pass).sum::<u64>(), 400);
    assert_eq!(fixture.watch.sessions.load(Ordering::Relaxed), 3);
    assert_eq!(fixture.watch.calls.load(Ordering::Relaxed), 4);
}

#[test]
fn rules_wait_for_each_other_on_twenty_five_levels() {
    let ids: Vec<String> = (0..25).map(|level| format!("r{level:02}")).collect();
    let rules: Vec<(&str, usize)> = ids.iter().enumerate().map(|(level, id)| (id.as_str(), level % 3)).collect();
    let tree = ids.iter().rev().fold(Vec::new(), |children: Vec<Value>, id| vec![json!({ id: children })]);
    let trees = [tree, Vec::new()];
    // Every record fails on a level of its own, the last one on none.
    let records = (0..=25).map(|level| {
        let id = format!("r{level:02}");
        let word = ["fail", "trap", "norun"][level % 3];
        json!({ "id": level, "$schema": SCHEMAS[0], id: word })
    });
    let records: Vec<Value> = records.collect();
    let text: String = records.iter().map(|record| format!("{record}\n")).collect();
    let fixture = Fixture::new(&obedient(&rules, trees.clone()));
    for rows in [1, 4, 1_024] {
        let mut request = request();
        request = request.with_rows(rows);
        let answer = fixture.judge(&request, 2, &text).unwrap();
        assert_eq!(model::found(&answer), model::expected(&trees, &records, 1_000));
    }
}

#[test]
fn times_are_those_of_the_call_shared_among_its_records() {
    // A scripted call takes a millisecond for each row.
    let fixture = Fixture::new(&obedient(&[("A", 0)], [vec![json!("A")], Vec::new()]));
    let text = json!({ "$schema": SCHEMAS[0], "A": "pass" }).to_string()
        + "\n"
        + &json!({ "$schema": SCHEMAS[0] }).to_string()
        + "\n"
        + &json!({ "$schema": SCHEMAS[0], "A": "warn" }).to_string();
    let answer = fixture.judge(&request(), 1, &text).unwrap();
    let times: Vec<f64> = answer.records.iter().map(|record| record.results[0].execution_time_ms.unwrap()).collect();
    assert_eq!(times, [1.0, 0.0, 1.0]);
    assert_eq!(answer.summary.rules["A"].usage.calls, 1);
}

#[test]
fn a_rule_can_read_its_columns_whatever_else_is_in_the_chunk() {
    let spec = obedient(&[("a", 0), ("b", 0)], [vec![json!("a"), json!("b")], vec![json!("b")]]);
    let template = Finding { row: 0, code: None, message: String::new(), inputs: Vec::new(), params: Vec::new() };
    let fixture = Fixture::scripted(&spec, |_| {
        let template = template.clone();
        Box::new(move |batch, row| {
            assert_eq!(batch.columns.len(), 1);
            obey(text(&batch.columns[0], row).unwrap_or("pass"), &template)
        })
    });
    let record = |id: usize| json!({ "$schema": SCHEMAS[id % 2], "a": "warn", "b": "fail" }).to_string() + "\n";
    let answer = fixture.judge(&request(), 1, &(0..9).map(record).collect::<String>()).unwrap();
    assert_eq!((answer.summary.rules["a"].warn, answer.summary.rules["b"].fail), (5, 9));
}
