//! Rules and records that want to do harm, and hosts that fail.

use std::num::{NonZeroU32, NonZeroUsize};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use jurat_engine::extract::ChunkLimits;
use jurat_engine::{JudgeError, JudgedWindow, RecordSource, judge_windows};
use jurat_model::{Bytes, Finding, Status};
use serde_json::{Value, json};

use crate::fixture::{Fixture, SCHEMAS, obedient, request, workers};
use crate::scripted::Say;

fn one_rule() -> Fixture {
    Fixture::new(&obedient(&[("a", 0)], [vec![json!("a")], vec![json!("a")]]))
}

fn record(id: usize, word: &str) -> String {
    json!({ "id": id, "$schema": SCHEMAS[0], "a": word }).to_string() + "\n"
}

#[test]
fn findings_beyond_a_hundred_are_counted() {
    let answer = one_rule().judge(&request(), 1, &record(1, "many")).unwrap();
    let result = &answer.records[0].results[0];
    let words: Vec<&str> = result.message.split("; ").collect();
    assert_eq!(words.len(), 101);
    assert!(words[..100].iter().all(|word| *word == "{a} is told to many"));
    assert_eq!(words[100], "and 50 more");
    assert_eq!(result.fields.len(), 1);
}

#[test]
fn what_a_rule_says_of_one_record_is_bounded() {
    let answer = one_rule().judge(&request(), 1, &record(1, "long")).unwrap();
    let result = &answer.records[0].results[0];
    assert!(result.message.len() <= 8 << 10, "{}", result.message.len());
    assert!(result.message.ends_with("; and 5 more"), "{}", result.message);

    let spec = obedient(&[("a", 0)], [vec![json!("a")], vec![json!("a")]]);
    let wordy = Fixture::scripted(&spec, |_| {
        Box::new(|_, row| {
            let params = (0..64).map(|key| (format!("{row}-{key}"), "x".repeat(1_000))).collect();
            let finding = Finding { row, code: None, message: String::new(), inputs: vec![0; 256], params };
            Say::Verdict(Status::Fail, vec![finding; 100])
        })
    });
    let answer = wordy.judge(&request(), 1, &record(1, "x").repeat(3)).unwrap();
    for record in &answer.records {
        let result = &record.results[0];
        assert_eq!((result.params.len(), result.fields.len(), result.message.as_str()), (64, 1, "; and 99 more"));
    }
}

#[test]
fn every_part_of_a_finding_counts_against_the_bytes_that_are_kept() {
    // Of each, two findings fit into 64 KiB, and three do not.
    const BYTES: usize = 30 << 10;
    let finding = |row| Finding { row, code: None, message: String::new(), inputs: Vec::new(), params: Vec::new() };
    let pair = size_of::<(String, String)>();
    type Part = fn(usize, usize, Finding) -> Finding;
    let parts: [(&str, Part); 5] = [
        ("code", |bytes, _, finding| Finding { code: Some("c".repeat(bytes)), ..finding }),
        ("inputs", |bytes, _, finding| Finding { inputs: vec![0; bytes / size_of::<u32>()], ..finding }),
        ("key", |bytes, _, finding| Finding { params: vec![("k".repeat(bytes), String::new())], ..finding }),
        ("value", |bytes, _, finding| Finding { params: vec![(String::new(), "v".repeat(bytes))], ..finding }),
        ("pairs", |bytes, pair, finding| Finding { params: vec![Default::default(); bytes / pair], ..finding }),
    ];
    let spec = obedient(&[("a", 0)], [vec![json!("a")], vec![json!("a")]]);
    for (name, part) in parts {
        let fixture = Fixture::scripted(&spec, move |_| {
            Box::new(move |_, row| Say::Verdict(Status::Fail, vec![part(BYTES, pair, finding(row)); 9]))
        });
        let answer = fixture.judge(&request(), 1, &record(1, "x")).unwrap();
        let message = answer.records[0].results[0].message.as_str();
        assert!(message.ends_with("; and 7 more"), "{name}: {message}");
    }
}

#[test]
fn ids_and_values_of_any_length_are_cut() {
    let long = "é".repeat(100_000);
    let text = json!({ "id": long, "$schema": SCHEMAS[0], "a": "fail" }).to_string()
        + &json!({ "id": 2, "$schema": SCHEMAS[0], "a": [long] }).to_string()
        + &json!({ "id": 3, "$schema": format!("{}/{long}", SCHEMAS[0]) }).to_string();
    let mut request = request();
    request = request.with_chunk(ChunkLimits { bytes: Bytes::mebi(1), ..ChunkLimits::default() });
    let answer = one_rule().judge(&request, 1, &text.replace("}{", "}\n{")).unwrap();
    assert_eq!(answer.records[0].entity_id, "é".repeat(128));
    let field = &answer.records[1].results[0].fields[0];
    assert!(field.value.as_ref().unwrap().len() <= 256);
    assert!(answer.records[1].results[0].message.len() < 400);
    assert!(answer.records[2].error.as_ref().unwrap().message.len() < 1_000);
}

#[test]
fn a_panic_on_a_worker_fails_its_request_and_no_other() {
    let fixture = one_rule();
    let workers = workers(2);
    for threads_are_alive in 0..5 {
        let text: String = (0..5_000).map(|id| record(id, if id == 2_500 { "panic" } else { "pass" })).collect();
        let failed = fixture.judge_on(&workers, &request(), &text);
        assert!(matches!(failed, Err(JudgeError::Worker)), "{threads_are_alive}");
        let answer = fixture.judge_on(&workers, &request(), &record(1, "warn")).unwrap();
        assert_eq!(answer.summary.warned, 1);
    }
}

#[test]
fn a_host_failure_is_an_indeterminate_error_of_the_records_in_the_call() {
    let fixture = one_rule();
    let mut request = request();
    request = request.with_rows(2);
    let words = ["pass", "pass", "pass", "host", "fail"];
    let text: String = words.into_iter().enumerate().map(|(id, word)| record(id, word)).collect();
    let answer = fixture.judge(&request, 2, &text).unwrap();
    let found = answer.records.iter().map(|record| (record.results[0].status, record.results[0].indeterminate));
    let found: Vec<_> = found.collect();
    let failed = (Status::Error, true);
    assert_eq!(found, [(Status::Pass, false), (Status::Pass, false), failed, failed, (Status::Fail, false)]);
    assert_eq!(answer.records[2].results[0].code.as_deref(), Some("host"));
    assert_eq!((answer.summary.host_failures, answer.summary.failed), (2, 3));
}

#[test]
fn a_row_without_an_answer_is_an_error_and_not_a_pass() {
    let text = record(1, "fail") + &record(2, "silence") + &record(3, "pass");
    let answer = one_rule().judge(&request(), 1, &text).unwrap();
    let codes: Vec<_> = answer.records.iter().map(|record| record.results[0].code.as_deref()).collect();
    assert_eq!(codes, [None, Some("host"), Some("host")]);
    assert_eq!(answer.summary.host_failures, 2);
}

#[test]
fn a_suspended_rule_is_not_run_on_later_windows() {
    let fixture = one_rule();
    let text: String = (0..50_000).map(|id| record(id, "trap")).collect();
    let answer = fixture.judge(&request(), 1, &text).unwrap();
    let codes = answer.records.iter().filter_map(|record| record.results[0].code.as_deref());
    assert_eq!(codes.filter(|code| *code == "trap").count(), 1_000);
    // Those that were under way when the first one was collated were run.
    assert!(fixture.watch.calls.load(Ordering::Relaxed) <= 5, "{:?}", fixture.watch);
}

#[test]
fn only_windows_that_are_under_way_are_rendered_again_when_a_rule_is_suspended() {
    // A hundred windows, at most three of them under way at a time, with a guilty record each.
    let text: Arc<[u8]> = (0..1_000)
        .map(|id| record(id, if id % 10 == 0 { "trap" } else { "pass" }))
        .collect::<String>()
        .into_bytes()
        .into();
    for (suspend_after, errors, again) in [(1, 1_000, 0..=3), (1_000, 100, 0..=0)] {
        let (fixture, rendered, workers) = (one_rule(), Arc::new(AtomicUsize::new(0)), workers(1));
        let request = request().with_suspend_after(NonZeroU32::new(suspend_after).unwrap()).with_rows(10);
        let (queue, counted) = (workers.queue(NonZeroUsize::MAX), Arc::clone(&rendered));
        let render = move |_: &JudgedWindow<'_>| {
            counted.fetch_add(1, Ordering::Relaxed);
        };
        let source = RecordSource::text(Arc::clone(&text));
        let judged = judge_windows(&fixture.release, &queue, &request, source, render, &mut |()| Ok(()));
        assert_eq!(judged.unwrap().rules["a"].error, errors);
        let rendered = rendered.load(Ordering::Relaxed);
        assert!(again.contains(&(rendered - 100)), "{rendered}");
    }
}

#[test]
fn as_many_records_are_judged_together_as_the_results_of_those_before_suggest() {
    let fixture = one_rule();
    let judged = |words: [&str; 2]| {
        let request = request();
        let request = request.clone().with_chunk(ChunkLimits { results: Bytes::new(8_000), ..request.chunk() });
        let text: String = (0..20_480).map(|id| record(id, words[usize::from(id >= 2_048)])).collect();
        let source = RecordSource::text(Arc::from(text.as_bytes()));
        let (workers, before) = (workers(1), fixture.watch.rows.load(Ordering::Relaxed));
        let calls = fixture.watch.calls.load(Ordering::Relaxed);
        let queue = workers.queue(NonZeroUsize::MAX);
        let judged = judge_windows(&fixture.release, &queue, &request, source, |_| 0_u64, &mut |_| Ok(()));
        assert_eq!(judged.unwrap().records, 20_480);
        let rows = fixture.watch.rows.load(Ordering::Relaxed) - before;
        (rows, fixture.watch.calls.load(Ordering::Relaxed) - calls)
    };
    // One window is halved until its results have enough memory. The others are not judged as a whole first.
    let (rows, calls) = judged(["fail", "fail"]);
    assert!((20_481..20_480 + 3 * 1_024).contains(&rows) && calls > 200, "{rows} rows in {calls} calls");
    // Results of records that pass take none, so that soon whole windows are judged again.
    let (rows, calls) = judged(["fail", "pass"]);
    assert!(rows < 20_480 + 3 * 1_024 && calls < 200, "{rows} rows in {calls} calls");
}

#[test]
fn the_only_rule_is_suspended_in_the_middle_of_a_later_window() {
    // The first window has too few guilty records. No other rule gives a reason to look again at the second one.
    let text: String = (0..3_000).map(|id| record(id, if id < 500 { "fail" } else { "trap" })).collect();
    for threads in [1, 2] {
        let answer = one_rule().judge(&request(), threads, &text).unwrap();
        let codes: Vec<_> = answer.records.iter().map(|record| record.results[0].code.as_deref()).collect();
        assert!(codes[500..1_500].iter().all(|code| *code == Some("trap")));
        assert!(codes[1_500..].iter().all(|code| *code == Some("suspended")));
    }
}

#[test]
fn hostile_text_is_handed_on_as_it_is_and_never_read_as_a_template() {
    let hostile = "\u{1b}[31m</td><script>{a}{{=cmd|' /C calc'!A0";
    let text = json!({ "id": hostile, "$schema": SCHEMAS[0], "a": "fail" }).to_string();
    let answer = one_rule().judge(&request(), 1, &text).unwrap();
    assert_eq!(answer.records[0].entity_id, hostile);
    let refused = json!({ "id": 1, "$schema": SCHEMAS[0], "a": { hostile: 1 } }).to_string();
    let answer = one_rule().judge(&request(), 1, &refused).unwrap();
    let value: Value = serde_json::from_str(answer.records[0].results[0].fields[0].value.as_ref().unwrap()).unwrap();
    assert_eq!(value, json!({ hostile: 1 }));
}
