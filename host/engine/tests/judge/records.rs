//! What can be seen of a record where it was judged, and what is counted of all of them.

use std::num::{NonZeroU32, NonZeroUsize};
use std::sync::Arc;

use jurat_engine::json::Position;
use jurat_engine::results::RecordOutcome;
use jurat_engine::{Footprint, JudgedRecord, RecordSource, Sample};
use jurat_model::{Limits, Status};
use serde_json::json;

use crate::fixture::{Fixture, ReleaseSpec, SCHEMAS, forget, obedient, request, workers};
use crate::mixed::{self, counted};
use crate::scripted::Say;
use crate::streams::{Pieces, text};

/// All that can be seen of a record.
#[derive(Clone, Debug, PartialEq)]
struct Seen {
    source: usize,
    at: Position,
    text: Option<Vec<u8>>,
    outcome: RecordOutcome,
    ids: Vec<(String, Option<String>)>,
}

impl Footprint for Seen {
    fn footprint(&self) -> usize {
        self.text.footprint() + self.ids.footprint()
    }
}

fn see(record: &JudgedRecord<'_>) -> Seen {
    assert_eq!(record.outcome(), outcome(&serde_json::to_value(record.result()).unwrap()));
    Seen {
        source: record.source(),
        at: record.at(),
        text: record.text().map(<[u8]>::to_vec),
        outcome: record.outcome(),
        ids: record.ids().into_iter().map(|(name, value)| (name.to_owned(), value)).collect(),
    }
}

/// The outcome of a record, from its result.
fn outcome(result: &serde_json::Value) -> RecordOutcome {
    fn statuses(results: &serde_json::Value, found: &mut Vec<String>) {
        for rule in results.as_array().unwrap() {
            found.push(rule["status"].as_str().unwrap().to_owned());
            statuses(&rule["children"], found);
        }
    }
    let mut found = Vec::new();
    statuses(&result["results"], &mut found);
    let has = |status: &str| found.iter().any(|found| found == status);
    if result.get("error").is_some() {
        RecordOutcome::Unreadable
    } else if has("FAIL") || has("ERROR") {
        RecordOutcome::Failed
    } else if has("WARN") {
        RecordOutcome::Warned
    } else if has("PASS") {
        RecordOutcome::Passed
    } else {
        RecordOutcome::NotRun
    }
}

#[test]
fn a_record_is_where_it_lies_in_its_text() {
    let fixture = Fixture::new(&mixed::release());
    let mut request = mixed::timeless();
    request = request.with_id_fields(["id", "$schema", "note.x"]);
    let records = mixed::records(2_000);
    // Texts of four forms: lines, lines with a mark and blank lines, an array, and an array on many lines.
    let mut texts = Vec::new();
    let mut expected = Vec::new();
    for (source, records) in records.chunks(500).enumerate() {
        let (open, between, close): (&[u8], &[u8], &[u8]) = [
            (&b""[..], &b"\n"[..], &b""[..]),
            (b"\xef\xbb\xbf\n ", b"\r\n\n\t", b"\n\n"),
            (b" [", b",", b"]"),
            (b"[\n\n", b" ,\n ", b"\n]\n"),
        ][source];
        let mut text = open.to_vec();
        for (index, record) in records.iter().enumerate() {
            if index > 0 {
                text.extend_from_slice(between);
            }
            expected.push((source, text.len() as u64, record.clone()));
            text.extend_from_slice(record);
        }
        text.extend_from_slice(close);
        texts.push(text);
    }
    for (rows, piece, threads) in [(1, 3, 1), (7, 1_000, 3), (4_096, 64 << 10, 2)] {
        request = request.with_rows(rows);
        let workers = workers(threads);
        let streams = texts.iter().map(|bytes| text(Pieces::new(bytes.clone(), piece))).collect();
        let (seen, _) =
            fixture.stream(&workers.queue(NonZeroUsize::MAX), &request, streams, |input| input, see).whole();
        assert_eq!(seen.len(), expected.len());
        for (seen, (source, offset, record)) in seen.iter().zip(&expected) {
            let before = &texts[*source][..usize::try_from(*offset).unwrap()];
            let line = 1 + before.iter().filter(|byte| **byte == b'\n').count() as u64;
            let column = 1 + before.iter().rev().take_while(|byte| **byte != b'\n').count() as u64;
            assert_eq!(seen.source, *source);
            assert_eq!((seen.at.offset, seen.at.line), (*offset, line), "{seen:?}");
            assert_eq!(seen.at.column, column, "{seen:?}");
            match &seen.text {
                Some(text) => assert_eq!(text, record),
                // Too long to be kept.
                None => assert!(record.len() > 2_048, "{seen:?}"),
            }
            assert_eq!(seen.text.is_some(), record.len() <= 2_048);
            check_ids(&seen.ids, record);
        }
    }
}

#[track_caller]
fn check_ids(ids: &[(String, Option<String>)], record: &[u8]) {
    let names: Vec<_> = ids.iter().map(|(name, _)| name.as_str()).collect();
    assert_eq!(names, ["id", "$schema", "note.x"]);
    let Ok(value) = serde_json::from_slice::<serde_json::Value>(record) else { return };
    // Too long, too deep, or with a key twice.
    if record.len() > 2_048 || value["note"].is_array() || record.windows(7).any(|part| part == br#""\u0042"#) {
        return assert!(ids.iter().all(|(_, value)| value.is_none()), "{ids:?}");
    }
    for (index, name) in ["id", "$schema"].into_iter().enumerate() {
        let expected = match &value[name] {
            serde_json::Value::String(text) => Some(text.clone()),
            serde_json::Value::Number(number) => Some(number.to_string()),
            _ => None,
        };
        assert_eq!(ids[index].1, expected, "{value}");
    }
}

#[test]
fn ids_are_what_the_record_writes() {
    let fixture = Fixture::new(&obedient(&[("a", 0)], [vec![json!("a")], Vec::new()]));
    let mut request = request();
    request = request.with_id_fields(["id", "part.no", "z", "z"]);
    request = request.with_entity_type("loan");
    let schema = format!(r#""$schema":"{}""#, SCHEMAS[0]);
    let long = "é".repeat(300);
    for (record, expected) in [
        (r#""id":"a\u0062\n","part":{"no":1.50}"#, [Some("ab\n"), Some("1.50"), None, None]),
        (r#""id":null,"part":{"no":true},"z":1e2"#, [None, Some("true"), Some("1e2"), Some("1e2")]),
        (r#""id":{"x":1},"part":[1],"z":"""#, [None, None, Some(""), Some("")]),
        (&format!(r#""id":"{long}""#), [Some(&*long), None, None, None]),
    ] {
        let text = format!("{{{record},{schema}}}");
        let (workers, input) = (workers(1), RecordSource::text(Arc::from(text.as_bytes())));
        let (seen, _) = fixture.windows(&workers.queue(NonZeroUsize::MIN), &request, input, see).whole();
        let ids: Vec<_> = seen[0].ids.iter().map(|(_, value)| value.as_deref()).collect();
        assert_eq!(ids, expected, "{text}");
    }
}

#[test]
fn the_summary_counts_what_the_results_say() {
    for suspend_after in [1, 5, u32::MAX] {
        for (rows, threads) in [(1, 1), (3, 2), (64, 5), (4_096, 2)] {
            let fixture = Fixture::new(&mixed::release());
            let mut request = mixed::timeless();
            request = request.with_rows(rows);
            request = request.with_suspend_after(NonZeroU32::new(suspend_after).unwrap());
            let text = mixed::records(4_000).join(&b'\n');
            let answer = fixture.judge_bytes(&request, threads, text).unwrap();
            for (rule, counts) in &answer.summary.rules {
                let is_ours = !["s", "nobody"].contains(&&**rule);
                assert_eq!(counts.limits, is_ours.then_some(Limits::DEFAULT), "{rule}");
                let [all, sum] = [Status::Pass, Status::Warn, Status::Fail, Status::Norun, Status::Error]
                    .map(|status| counts.count(status))
                    .iter()
                    .fold([0, 0], |[all, sum], count| [all + 1, sum + count]);
                assert_eq!(all, 5);
                assert!(sum > 0);
            }
            let mut summary = serde_json::to_value(&answer.summary).unwrap();
            forget(&mut summary, "usage");
            forget(&mut summary, "limits");
            forget(&mut summary, "never_ran");
            assert_eq!(summary, counted(&answer.records), "{suspend_after}, {rows} rows, {threads} threads");
        }
    }
}

#[test]
fn failures_of_the_host_are_counted_and_uncertain() {
    let spec = obedient(&[("a", 0), ("b", 0)], [vec![json!({"a": ["b"]})], vec![json!("b")]]);
    for (rows, failures) in [(10, 20), (50, 50), (1_000, 100)] {
        let record = |id: u32| {
            let word = if id == 33 || id == 99 { "host" } else { "pass" };
            json!({"id": id, "$schema": SCHEMAS[0], "a": word}).to_string() + "\n"
        };
        let mut request = request();
        request = request.with_rows(rows);
        let answer = Fixture::new(&spec).judge(&request, 2, &(0..100).map(record).collect::<String>()).unwrap();
        let mut summary = serde_json::to_value(&answer.summary).unwrap();
        forget(&mut summary, "usage");
        forget(&mut summary, "limits");
        forget(&mut summary, "never_ran");
        assert_eq!(summary, counted(&answer.records));
        let failures = if rows == 50 { 100 } else { failures };
        assert_eq!((answer.summary.host_failures, answer.summary.rules["a"].indeterminate), (failures, failures));
    }
}

#[test]
fn limits_and_what_was_used_are_written_side_by_side() {
    let spec = obedient(&[("a", 0)], [vec![json!("a"), json!("s"), json!("nobody")], Vec::new()]);
    let fixture = Fixture::new(&ReleaseSpec { builtin: vec!["s".to_owned()], ..spec });
    let record = json!({"id": 1, "$schema": SCHEMAS[0]}).to_string();
    let answer = fixture.judge(&request(), 1, &record).unwrap();
    let summary = serde_json::to_value(&answer.summary).unwrap();
    let Limits { fuel, memory, reply, .. } = Limits::DEFAULT;
    let limits =
        json!({"fuel": fuel.get(), "fuel_schedule": 2, "memory_bytes": memory.get(), "reply_bytes": reply.get()});
    assert_eq!(summary["rules"]["a"]["limits"], limits);
    let usage = json!({"calls": 1, "fuel": 0, "peak_fuel": 0, "peak_fuel_records": 0, "peak_memory_bytes": 0, "peak_reply_bytes": 0, "elapsed_ms": 1.0});
    assert_eq!(summary["rules"]["a"]["usage"], usage);
    for rule in ["s", "nobody"] {
        assert!(summary["rules"][rule].get("limits").is_none());
        assert_eq!(summary["rules"][rule]["usage"]["calls"], 0);
    }
}

#[test]
fn usage_is_summed_and_its_peak_kept_over_windows_and_lists() {
    use jurat_model::{Finding, columns::Batch};
    // Lists of both schemas call the rule; a call takes a millisecond for each row.
    let fixture = Fixture::scripted(&obedient(&[("a", 0)], [vec![json!("a")], vec![json!("a")]]), |_| {
        Box::new(|_: &Batch<'_>, _| Say::Verdict(Status::Pass, Vec::<Finding>::new()))
    });
    let text: String = (0..1_000).map(|id| json!({"id": id, "$schema": SCHEMAS[id % 2]}).to_string() + "\n").collect();
    let mut request = request();
    request = request.with_rows(100);
    let usage = fixture.judge(&request, 2, &text).unwrap().summary.rules["a"].usage;
    assert_eq!((usage.calls, usage.elapsed.as_millis()), (20, 1_000));
}

#[test]
fn what_cannot_be_kept_has_a_position_and_no_text() {
    let fixture = Fixture::new(&obedient(&[("a", 0)], [vec![json!("a")], Vec::new()]));
    let mut request = request();
    request = request.with_max_record(jurat_model::Bytes::new(100));
    let sound = json!({"id": 1, "$schema": SCHEMAS[0]}).to_string();
    let bytes = format!("{sound}\n{{\"id\":\"{}\"}}\n{sound}\n[{sound}", "x".repeat(500_000));
    let workers = workers(1);
    for piece in [10, 1 << 20] {
        let texts = vec![text(Pieces::new(bytes.clone().into_bytes(), piece))];
        let (seen, summary) =
            fixture.stream(&workers.queue(NonZeroUsize::MIN), &request, texts, |input| input, see).whole();
        assert_eq!(seen[1].text, None);
        assert_eq!((seen[1].at.offset, seen[1].at.line), (sound.len() as u64 + 1, 2));
        assert_eq!(seen[1].outcome, RecordOutcome::Unreadable);
        assert_eq!(seen[2].at.line, 3);
        assert_eq!(seen[3].text.as_deref(), Some(format!("[{sound}").as_bytes()));
        assert_eq!((summary.records, summary.unreadable), (4, 2));
    }
    // If an array never closes, the end of its last record is unknown.
    let bytes = format!("[{sound},{}", sound.get(..20).unwrap());
    let texts = vec![text(Pieces::new(bytes.into_bytes(), 7))];
    let (seen, _) = fixture.stream(&workers.queue(NonZeroUsize::MIN), &request, texts, |input| input, see).whole();
    assert_eq!((seen.len(), seen[1].text.as_ref(), seen[1].at.offset), (2, None, sound.len() as u64 + 2));
}

#[test]
fn a_sample_knows_records_by_their_number_and_not_by_how_they_come() {
    let fixture = Fixture::new(&mixed::release());
    let records = mixed::records(6_000);
    let whole: Arc<[u8]> = records.join(&b'\n').into();
    for share in [0.001, 0.3, 1.0] {
        let sample = Sample::new(share).unwrap();
        let mut found: Option<Vec<Option<Vec<u8>>>> = None;
        for (rows, threads, pieces) in
            [(1, 1, None), (64, 2, Some((1, 100))), (4_096, 2, Some((600, 5_000))), (7, 1, Some((2, 1)))]
        {
            let mut request = mixed::timeless();
            request = request.with_rows(rows);
            let workers = workers(threads);
            let queue = workers.queue(NonZeroUsize::MAX);
            let keep = |record: &JudgedRecord<'_>| record.text().map(<[u8]>::to_vec);
            let outcome = match pieces {
                None => fixture.windows(&queue, &request, RecordSource::text(Arc::clone(&whole)).sample(sample), keep),
                Some((each, piece)) => {
                    let texts = records.chunks(each).map(|part| text(Pieces::new(part.join(&b'\n'), piece))).collect();
                    fixture.stream(&queue, &request, texts, |input| input.sample(sample), keep)
                }
            };
            let (texts, summary) = outcome.whole();
            assert_eq!(summary.records, texts.len() as u64);
            match &found {
                None => found = Some(texts),
                Some(found) => assert!(*found == texts, "{share}, {rows} rows, {pieces:?}"),
            }
        }
        let count = found.unwrap().len();
        let expected = 6_000.0 * share;
        #[expect(clippy::cast_precision_loss, reason = "a few thousand")]
        let is_about = (count as f64 - expected).abs() <= 5.0 * (expected * (1.0 - share)).sqrt() + 1e-9;
        assert!(is_about, "{count} of 6,000 for {share}");
    }
}

#[test]
fn a_sample_is_the_same_in_every_version_and_part_of_every_larger_one() {
    let fixture = Fixture::new(&obedient(&[("a", 0)], [vec![json!("a")], Vec::new()]));
    let text: String = (0..100).map(|id| json!({"id": id, "$schema": SCHEMAS[0]}).to_string() + "\n").collect();
    let taken = |share: f64| -> Vec<usize> {
        let input = RecordSource::text(Arc::from(text.as_bytes())).sample(Sample::new(share).unwrap());
        let id = |record: &JudgedRecord<'_>| record.result().entity_id.parse().unwrap();
        fixture.windows(&workers(1).queue(NonZeroUsize::MIN), &request(), input, id).whole().0
    };
    let small = taken(0.1);
    assert_eq!(small, [2, 32, 33, 41, 42, 43, 53, 94, 95]);
    for share in [0.2, 0.5, 0.9, 1.0] {
        let large = taken(share);
        assert!(small.iter().all(|id| large.contains(id)), "{share}: {large:?}");
    }
}

#[test]
fn a_share_lies_above_nothing_and_is_at_most_everything() {
    for share in [0.0, -0.1, 1.000_001, f64::NAN, f64::INFINITY, f64::NEG_INFINITY] {
        assert_eq!(Sample::new(share), None, "{share}");
    }
    for share in [f64::MIN_POSITIVE, 1e-9, 0.5, 1.0] {
        assert!(Sample::new(share).is_some(), "{share}");
    }
}
