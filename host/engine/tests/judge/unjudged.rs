//! Inputs that are not JSON, records of which none can be judged, and results that come before the input ends.

use std::io::{self, ErrorKind, Read};
use std::num::{NonZeroU64, NonZeroUsize};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use jurat_engine::json::ForeignFormat;
use jurat_engine::{JudgeError, JudgedWindow, RecordSource, Request, judge_windows};

use crate::fixture::{Fixture, request, workers};
use crate::inputs::{brief, line, lines, one_rule};
use crate::streams::{Pieces, text};

/// A producer that writes the next record only after the result of the last one has been handed over.
struct Producer {
    handed_over: Arc<AtomicU64>,
    given: u64,
}

impl Read for Producer {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        if self.handed_over.load(Ordering::SeqCst) < self.given {
            return Err(ErrorKind::WouldBlock.into());
        }
        if self.given == 5 {
            return Ok(0);
        }
        self.given += 1;
        let record = line(1);
        into[..record.len()].copy_from_slice(record.as_bytes());
        Ok(record.len())
    }
}

#[test]
fn results_are_handed_over_while_the_producer_waits_for_them() {
    let (fixture, workers) = (Fixture::new(&one_rule()), workers(1));
    let handed_over = Arc::new(AtomicU64::new(0));
    let mut texts = std::iter::once(text(Producer { handed_over: Arc::clone(&handed_over), given: 0 }));
    let source = RecordSource::texts(&mut texts);
    let count = |window: &JudgedWindow<'_>| vec![window.records().len()];
    let queue = workers.queue(NonZeroUsize::MAX);
    let summary = judge_windows(fixture.serving(), &queue, &request(), source, count, &mut |counts: Vec<usize>| {
        handed_over.fetch_add(counts.into_iter().sum::<usize>() as u64, Ordering::SeqCst);
        Ok(())
    });
    assert_eq!(summary.unwrap().records, 5);
}

#[test]
fn a_text_that_is_not_json_ends_the_request_behind_those_before_it() {
    let csv = b"id,amount\n1,2\n3,4\n".to_vec();
    for rows in [1, 1_024] {
        let (fixture, workers) = (Fixture::new(&one_rule()), workers(2));
        let request = request().with_rows(rows);
        for piece in [1, 7, 1_000] {
            let texts = [lines(5), csv.clone(), lines(5)].map(|bytes| text(Pieces::new(bytes, piece)));
            let queue = workers.queue(NonZeroUsize::MAX);
            let outcome = fixture.stream(&queue, &request, texts.into(), |input| input, brief);
            assert_eq!(outcome.records.len(), 5);
            let found = outcome.end.unwrap_err();
            assert!(matches!(found, JudgeError::NotJson { source_index: 1, format: ForeignFormat::Csv }), "{found:?}");
        }
    }
    let (fixture, workers) = (Fixture::new(&one_rule()), workers(1));
    let found = fixture.judge_these(&workers, &request(), Arc::from(csv)).unwrap_err();
    assert!(matches!(found, JudgeError::NotJson { source_index: 0, .. }), "{found:?}");
}

#[test]
fn a_request_ends_behind_the_first_records_if_it_asks_to_and_none_can_be_judged() {
    let broken = |count: usize| "nonsense\n".repeat(count).into_bytes();
    let limit = NonZeroU64::new(50);
    for (rows, threads) in [(1, 2), (7, 1), (1_024, 2)] {
        let (fixture, workers) = (Fixture::new(&one_rule()), workers(threads));
        let request = request().with_rows(rows).with_unreadable_limit(limit);
        let run = |bytes: Vec<u8>, request: &Request| {
            let texts = vec![text(Pieces::new(bytes, 100))];
            fixture.stream(&workers.queue(NonZeroUsize::MAX), request, texts, |input| input, brief)
        };
        let outcome = run(broken(3_000), &request);
        assert_eq!(outcome.records.len(), 50, "{rows}");
        let found = outcome.end.unwrap_err();
        assert!(matches!(&found, JudgeError::AllUnreadable { records: 50, first } if first.line == 1), "{found:?}");

        for bytes in [broken(49), [broken(49), lines(1), broken(200)].concat()] {
            let count = bytes.iter().filter(|byte| **byte == b'\n').count();
            assert_eq!(run(bytes, &request).whole().0.len(), count);
        }
        let patient = request.clone().with_unreadable_limit(None);
        assert_eq!(run(broken(3_000), &patient).whole().0.len(), 3_000);
    }
}

#[test]
fn id_fields_that_no_record_has_are_named() {
    let (fixture, workers) = (Fixture::new(&one_rule()), workers(2));
    let absent = |fields: &[&str], bytes: Vec<u8>| {
        let request = request().with_rows(3).with_id_fields(fields.iter().copied());
        fixture.judge_these(&workers, &request, bytes.into()).unwrap().summary.absent_id_fields
    };
    let some = [lines(10), br#"{"a": {"b": 1}, "c": null, "d": {}}"#.to_vec()].concat();
    assert_eq!(absent(&["id", "a.b"], some.clone()), Vec::<String>::new());
    assert_eq!(absent(&["c", "id", "d", "e.f", "c"], some), ["c", "d", "e.f"]);
    // Nothing is known of records that cannot be read.
    assert_eq!(absent(&["e"], b"nonsense\n".to_vec()), Vec::<String>::new());
    assert_eq!(absent(&["e"], Vec::new()), Vec::<String>::new());
}
