//! Files that are cut, that break off, that have nothing in them, and files of which only a part is wanted.

use std::io::{self, ErrorKind, Read};
use std::num::{NonZeroU32, NonZeroUsize};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use jurat_engine::extract::ChunkLimits;
use jurat_engine::{
    JudgeError, JudgedRecord, JudgedWindow, QueueLoad, RecordSource, Sample, TenantQueue, judge_windows,
};
use jurat_model::Bytes;
use serde_json::json;

use crate::fixture::{Fixture, ReleaseSpec, SCHEMAS, obedient, request, workers};
use crate::streams::{Pieces, Steps, Text, text};

pub(crate) fn one_rule() -> ReleaseSpec {
    obedient(&[("a", 0)], [vec![json!("a")], vec![json!("a")]])
}

pub(crate) fn line(id: usize) -> String {
    json!({"id": id, "$schema": SCHEMAS[0]}).to_string() + "\n"
}

pub(crate) fn lines(count: usize) -> Vec<u8> {
    (0..count).map(line).collect::<String>().into_bytes()
}

/// The id and the code of the error of each record.
pub(crate) fn brief(record: &JudgedRecord<'_>) -> (usize, String, Option<&'static str>) {
    let result = record.result();
    (record.source(), result.entity_id, result.error.map(|error| error.kind.code()))
}

type Brief = (usize, String, Option<&'static str>);

/// Judges texts with few records to a chunk, and with many.
fn judged(texts: impl Fn() -> Vec<Text>) -> Vec<Brief> {
    let mut found: Option<Vec<Brief>> = None;
    for (rows, threads) in [(1, 2), (3, 1), (1_024, 2)] {
        let fixture = Fixture::new(&one_rule());
        let mut request = request();
        request = request.with_rows(rows);
        let workers = workers(threads);
        let queue = workers.queue(NonZeroUsize::MAX);
        let (records, summary) = fixture.stream(&queue, &request, texts(), |input| input, brief).whole();
        assert_eq!(summary.records, records.len() as u64);
        match &found {
            None => found = Some(records),
            Some(found) => assert_eq!(*found, records, "{rows} rows"),
        }
    }
    found.unwrap()
}

/// The same of texts of which one cannot be read to its end.
fn broken(texts: impl Fn() -> Vec<Text>) -> (Vec<Brief>, (usize, u64, ErrorKind)) {
    let mut found = None;
    for (rows, threads) in [(1, 2), (3, 1), (1_024, 2)] {
        let fixture = Fixture::new(&one_rule());
        let mut request = request();
        request = request.with_rows(rows);
        let workers = workers(threads);
        let queue = workers.queue(NonZeroUsize::MAX);
        let broken = fixture.stream(&queue, &request, texts(), |input| input, brief).broken();
        assert!(found.as_ref().is_none_or(|found| *found == broken), "{rows} rows: {found:?}, {broken:?}");
        found = Some(broken);
    }
    found.unwrap()
}

fn ids(records: &[Brief]) -> Vec<(usize, &str)> {
    records.iter().map(|(source, id, _)| (*source, id.as_str())).collect()
}

#[test]
fn a_last_line_that_is_cut_is_an_entry_and_spoils_nothing() {
    for cut in 1..line(9).len() - 1 {
        let bytes = [lines(3), line(9).into_bytes()[..cut].to_vec()].concat();
        let records = judged(|| vec![text(Pieces::new(bytes.clone(), 10))]);
        assert_eq!(records.len(), 4, "{cut}");
        assert!(records[..3].iter().all(|(_, _, code)| code.is_none()));
        assert_eq!(records[3].2, Some("json_syntax"), "{cut}");
    }
    // A line feed is not a part of the record.
    let bytes = [lines(3), line(9).trim_end().as_bytes().to_vec()].concat();
    let records = judged(|| vec![text(Pieces::new(bytes.clone(), 10))]);
    assert_eq!(ids(&records), [(0, "0"), (0, "1"), (0, "2"), (0, "9")]);
}

#[test]
fn a_record_that_is_ten_thousand_levels_deep_is_an_entry_in_all_forms() {
    let deep = |open: &str, close: &str| {
        format!(r#"{{"id":5,"$schema":"{}","note":{}{}}}"#, SCHEMAS[0], open.repeat(10_000), close.repeat(10_000))
    };
    for deep in [deep("[", "]"), deep(r#"{"a":"#, "}").replace(":}", ":0}")] {
        let bytes = format!("{}{deep}\n{}", line(1), line(2)).into_bytes();
        let records = judged(|| vec![text(Pieces::new(bytes.clone(), 5_000))]);
        assert_eq!(records.len(), 3);
        assert_eq!([records[0].2, records[1].2, records[2].2], [None, Some("json_depth"), None]);
        let bytes = format!("[{},{deep},{}]", line(1), line(2)).into_bytes();
        let records = judged(|| vec![text(Pieces::new(bytes.clone(), 5_000))]);
        assert_eq!(records[0].2, None);
        assert!(records[1].2.is_some(), "{records:?}");
    }
}

#[test]
fn four_thousand_rows_of_long_texts_are_judged() {
    let spec = obedient(&[("a", 0), ("b", 1)], [vec![json!({"a": ["b"]})], Vec::new()]);
    let word = "x".repeat(10_000);
    let record = |id: usize| {
        json!({"id": id, "$schema": SCHEMAS[0], "a": if id % 1_000 == 7 { "fail" } else { &*word }}).to_string() + "\n"
    };
    let bytes: Arc<[u8]> = (0..4_096).map(record).collect::<String>().into_bytes().into();
    for (rows, chunk) in [(4_096, Bytes::mebi(64)), (4_096, Bytes::kibi(128)), (4_096, Bytes::kibi(11))] {
        let fixture = Fixture::new(&spec);
        let mut request = request();
        request = request.with_chunk(ChunkLimits { rows, bytes: chunk, ..ChunkLimits::default() });
        let workers = workers(2);
        let queue = workers.queue(NonZeroUsize::MAX);
        let whole = fixture.windows(&queue, &request, RecordSource::text(Arc::clone(&bytes)), brief).whole();
        let pieces = vec![text(Pieces::new(Arc::clone(&bytes), 64 << 10))];
        let pieces = fixture.stream(&queue, &request, pieces, |input| input, brief).whole();
        assert_eq!(whole.0, pieces.0);
        for summary in [whole.1, pieces.1] {
            assert_eq!((summary.records, summary.failed, summary.unreadable), (4_096, 5, 0), "{chunk}");
        }
    }
}

#[test]
fn a_reader_that_fails_leaves_what_it_gave_before_whole() {
    let failure = || Err(io::Error::from(ErrorKind::ConnectionReset));
    let whole = lines(10).len() as u64;
    // Between two records, within one, and before the first byte.
    for (before, within) in [(10, 0), (10, 7), (0, 0), (0, 7), (3, 1)] {
        let first = [lines(before), line(99).into_bytes()[..within].to_vec()].concat();
        let read = first.len() as u64;
        let (records, end) = broken(|| {
            let steps = Steps::new(
                [Ok(first[..first.len() / 2].to_vec()), Ok(first[first.len() / 2..].to_vec()), failure()]
                    .into_iter()
                    .filter(|step| step.as_ref().map_or(true, |bytes| !bytes.is_empty())),
            );
            vec![text(Pieces::new(lines(10), 1_000)), text(steps), text(Pieces::new(lines(10), 1_000))]
        });
        assert_eq!(records.len(), 10 + before, "{before}, {within}: {records:?}");
        assert!(records.iter().all(|(_, _, code)| code.is_none()));
        assert_eq!(end, (1, read, ErrorKind::ConnectionReset));
        assert!(whole > 0);
    }
}

#[test]
fn a_reader_that_fails_far_behind_says_how_far_it_came() {
    let bytes = lines(50_000);
    let length = bytes.len() as u64;
    let (records, end) = broken(|| {
        let read = Pieces::new(bytes.clone(), 10_000).chain(Steps::new([Err(ErrorKind::PermissionDenied.into())]));
        vec![text(read)]
    });
    assert_eq!((records.len(), end), (50_000, (0, length, ErrorKind::PermissionDenied)));
}

#[test]
fn a_reader_that_was_interrupted_or_would_block_is_asked_again() {
    let record = line(1).into_bytes();
    let (first, rest) = record.split_at(10);
    for kind in [ErrorKind::Interrupted, ErrorKind::WouldBlock] {
        let again = || Err(io::Error::from(kind));
        let records = judged(|| {
            let steps = [again(), Ok(first.to_vec()), again(), again(), Ok(rest.to_vec()), again(), Ok(record.clone())];
            vec![text(Steps::new(steps))]
        });
        assert_eq!(ids(&records), [(0, "1"), (0, "1")], "{kind:?}");
    }
}

#[test]
fn a_text_that_cannot_be_opened_ends_the_request_behind_those_before_it() {
    let opened = Arc::new(AtomicU64::new(0));
    let fixture = Fixture::new(&one_rule());
    for rows in [1, 2, 1_024] {
        opened.store(0, Ordering::SeqCst);
        let mut request = request();
        request = request.with_rows(rows);
        let counter = Arc::clone(&opened);
        let mut texts = (0..5).map(|index| -> Text {
            counter.fetch_add(1, Ordering::SeqCst);
            if index == 2 { Err(ErrorKind::NotFound.into()) } else { text(Pieces::new(lines(5), 100)) }
        });
        let workers = workers(2);
        let outcome =
            fixture.windows(&workers.queue(NonZeroUsize::MAX), &request, RecordSource::texts(&mut texts), brief);
        let (records, end) = outcome.broken();
        assert_eq!(records.len(), 10);
        assert_eq!(end, (2, 0, ErrorKind::NotFound));
        assert_eq!(opened.load(Ordering::SeqCst), 3);
    }
}

#[test]
fn texts_without_records_have_none_and_are_still_counted() {
    let empty: [&[u8]; 8] = [b"", b"\n\n", b"\xef\xbb\xbf", b"\xef\xbb\xbf \t\r\n", b"[]", b" [ ] ", b"", b"\n"];
    let records = judged(|| {
        let mut texts: Vec<Text> = empty.iter().map(|bytes| text(Pieces::new(bytes.to_vec(), 1))).collect();
        texts.insert(4, text(Pieces::new(lines(2), 3)));
        texts.push(text(Pieces::new(lines(1), 3)));
        texts
    });
    assert_eq!(ids(&records), [(4, "0"), (4, "1"), (9, "0")]);
    assert_eq!(judged(Vec::new), []);
    let (workers, fixture) = (workers(1), Fixture::new(&one_rule()));
    for bytes in empty {
        let answer = fixture.judge_these(&workers, &request(), Arc::from(bytes)).unwrap();
        assert_eq!((answer.records.len(), answer.summary.records), (0, 0));
    }
}

#[test]
fn every_text_has_its_own_form_and_its_own_mark() {
    let record = |id: usize| line(id).trim_end().to_owned();
    let texts = [
        format!("\u{feff}{}", record(1)),
        format!("[{},{}]", record(2), record(3)),
        record(4).replace(',', ",\n"),
        format!("{}\n{}", record(5), record(6)),
        format!("\u{feff}[{}]\n", record(7)),
    ];
    for piece in [1, 2, 5, 1_000] {
        let records =
            judged(|| texts.iter().map(|bytes| text(Pieces::new(bytes.clone().into_bytes(), piece))).collect());
        let expected = [(0, "1"), (1, "2"), (1, "3"), (2, "4"), (3, "5"), (3, "6"), (4, "7")];
        assert_eq!(ids(&records), expected, "{piece}");
    }
}

/// Counts the bytes that are read.
struct Counted<R>(R, Arc<AtomicU64>);

impl<R: Read> Read for Counted<R> {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        let read = self.0.read(into)?;
        self.1.fetch_add(read as u64, Ordering::SeqCst);
        Ok(read)
    }
}

#[test]
fn a_limit_ends_the_request_and_nothing_behind_it_is_read() {
    let fixture = Fixture::new(&one_rule());
    for rows in [1, 10, 1_024] {
        let mut request = request();
        request = request.with_rows(rows);
        for (limit, expected, opened) in [
            (0, 0, 0),
            (1, 1, 1),
            (99, 99, 1),
            (100, 100, 1),
            (101, 101, 2),
            (250, 250, 3),
            (300, 300, 3),
            (301, 300, 3),
            (u64::MAX, 300, 3),
        ] {
            let (read, begun) = (Arc::new(AtomicU64::new(0)), Arc::new(AtomicU64::new(0)));
            let (counter, beginnings) = (Arc::clone(&read), Arc::clone(&begun));
            let mut texts = (0..3).map(move |_| -> Text {
                beginnings.fetch_add(1, Ordering::SeqCst);
                text(Counted(Pieces::new(lines(100), 50), Arc::clone(&counter)))
            });
            let workers = workers(2);
            let input = RecordSource::texts(&mut texts).limit(limit);
            let outcome = fixture.windows(&workers.queue(NonZeroUsize::MAX), &request, input, brief);
            let (records, summary) = outcome.whole();
            assert_eq!((records.len(), summary.records), (expected, expected as u64), "{limit}, {rows} rows");
            let expected: Vec<_> = (0..expected).map(|id| (id / 100, (id % 100).to_string())).collect();
            assert_eq!(records.into_iter().map(|(source, id, _)| (source, id)).collect::<Vec<_>>(), expected);
            assert_eq!(begun.load(Ordering::SeqCst), opened, "{limit}, {rows} rows");
            if limit == 1 {
                // The record, and no more than one piece behind it.
                assert!(read.load(Ordering::SeqCst) <= 60 + 50);
            }
            let whole = RecordSource::text(Arc::from(lines(300))).limit(limit);
            let (records, _) = fixture.windows(&workers.queue(NonZeroUsize::MAX), &request, whole, brief).whole();
            assert_eq!(records.len() as u64, limit.min(300));
        }
    }
}

#[test]
fn a_limit_counts_what_is_taken_and_not_what_is_met() {
    let fixture = Fixture::new(&one_rule());
    let sample = Sample::new(0.25).unwrap();
    let judged = |limit: Option<u64>| {
        let workers = workers(2);
        let input = RecordSource::text(Arc::from(lines(4_000))).sample(sample);
        let input = limit.into_iter().fold(input, RecordSource::limit);
        fixture.windows(&workers.queue(NonZeroUsize::MAX), &request(), input, brief).whole().0
    };
    let all = judged(None);
    assert!((800..1_200).contains(&all.len()), "{}", all.len());
    for limit in [1, 17, all.len() - 1, all.len(), all.len() + 1] {
        assert_eq!(judged(Some(limit as u64)), all[..limit.min(all.len())]);
    }
    // Broken records count like others.
    let input = RecordSource::text(Arc::from(*b"x\ny\nz")).limit(2);
    assert_eq!(fixture.windows(&workers(1).queue(NonZeroUsize::MIN), &request(), input, brief).whole().1.unreadable, 2);
}

#[test]
fn a_failure_behind_the_limit_is_never_met() {
    let fixture = Fixture::new(&one_rule());
    let first = lines(10);
    let texts = || {
        vec![
            text(Pieces::new(first.clone(), 10_000).chain(Steps::new([Err(ErrorKind::ConnectionReset.into())]))),
            Err(ErrorKind::NotFound.into()),
        ]
    };
    let workers = workers(1);
    let queue = workers.queue(NonZeroUsize::MIN);
    let (records, _) = fixture.stream(&queue, &request(), texts(), |input| input.limit(10), brief).whole();
    assert_eq!(records.len(), 10);
    let (records, end) = fixture.stream(&queue, &request(), texts(), |input| input.limit(11), brief).broken();
    assert_eq!((records.len(), end), (10, (0, first.len() as u64, ErrorKind::ConnectionReset)));
}

#[test]
fn a_sink_that_fails_is_given_nothing_more_and_the_input_is_let_go_of() {
    let fixture = Fixture::new(&one_rule());
    let mut request = request();
    request = request.with_rows(10);
    let read = Arc::new(AtomicU64::new(0));
    let workers = workers(2);
    for most in [0, 1, 37] {
        let mut texts = std::iter::once(text(Counted(Pieces::new(lines(100_000), 1_000), Arc::clone(&read))));
        let mut taken = 0;
        let failed = judge_windows(
            &fixture.release,
            &workers.queue(NonZeroUsize::MAX),
            &request,
            RecordSource::texts(&mut texts),
            |window: &JudgedWindow<'_>| window.records().len(),
            &mut |count| {
                // Fewer where the reader had to wait.
                assert!((1..=10).contains(&count));
                if taken == most {
                    return Err(ErrorKind::StorageFull.into());
                }
                taken += 1;
                Ok(())
            },
        );
        assert!(matches!(failed, Err(JudgeError::Output(error)) if error.kind() == ErrorKind::StorageFull));
        assert_eq!(taken, most);
        // No more than the windows under way were read.
        assert!(read.swap(0, Ordering::SeqCst) < 200_000);
    }
}

#[test]
fn a_failure_of_the_sink_counts_more_than_one_of_the_input() {
    let fixture = Fixture::new(&one_rule());
    let mut texts =
        [text(Pieces::new(lines(5), 10)), Err(ErrorKind::NotFound.into())].into_iter().map(|text: Text| text);
    let failed = judge_windows(
        &fixture.release,
        &workers(1).queue(NonZeroUsize::MIN),
        &request(),
        RecordSource::texts(&mut texts),
        |_: &JudgedWindow<'_>| (),
        &mut |()| Err(ErrorKind::BrokenPipe.into()),
    );
    assert!(matches!(failed, Err(JudgeError::Output(error)) if error.kind() == ErrorKind::BrokenPipe));
}

#[test]
fn what_render_breaks_is_its_own_request_alone() {
    let fixture = Fixture::new(&one_rule());
    let mut request = request();
    request = request.with_rows(10);
    let workers = workers(2);
    let queue = workers.queue(NonZeroUsize::MAX);
    for _ in 0..10 {
        let mut taken = 0;
        let failed = judge_windows(
            &fixture.release,
            &queue,
            &request,
            RecordSource::text(Arc::from(lines(1_000))),
            |window: &JudgedWindow<'_>| {
                let has_it = window.records().any(|record| record.result().entity_id == "500");
                assert!(!has_it, "a bug of the renderer");
            },
            &mut |()| {
                taken += 1;
                Ok(())
            },
        );
        assert!(matches!(failed, Err(JudgeError::Worker)));
        assert_eq!(taken, 50);
        let (records, _) =
            fixture.windows(&queue, &request, RecordSource::text(Arc::from(lines(1_000))), brief).whole();
        assert_eq!(records.len(), 1_000);
    }
}

#[test]
fn what_render_breaks_when_a_window_is_rendered_again_is_its_own_request_alone() {
    let fixture = Fixture::new(&one_rule());
    let mut request = request();
    request = request.with_rows(10);
    // The second window is rendered before it is known that the rule is suspended within it.
    request = request.with_suspend_after(NonZeroU32::new(15).unwrap());
    let guilty = |id: usize| json!({"id": id, "$schema": SCHEMAS[0], "a": "trap"}).to_string() + "\n";
    let text: String = (0..50).map(guilty).collect();
    let workers = workers(1);
    let queue = workers.queue(NonZeroUsize::MAX);
    let mut taken = 0;
    let failed = judge_windows(
        &fixture.release,
        &queue,
        &request,
        RecordSource::text(Arc::from(text.as_bytes())),
        |window: &JudgedWindow<'_>| {
            let is_suspended =
                |record: JudgedRecord<'_>| record.result().results[0].code.as_deref() == Some("suspended");
            assert!(!window.records().any(is_suspended), "a bug of the renderer");
        },
        &mut |()| {
            taken += 1;
            Ok(())
        },
    );
    assert!(matches!(failed, Err(JudgeError::Worker)));
    assert_eq!(taken, 1);
    let (records, _) = fixture.windows(&queue, &request, RecordSource::text(Arc::from(text.as_bytes())), brief).whole();
    assert_eq!(records.len(), 50);
}

#[test]
fn only_whole_windows_are_rendered_when_the_caller_no_longer_waits() {
    let fixture = Fixture::new(&one_rule());
    let mut request = request();
    request = request.with_rows(10);
    let others = Arc::new(AtomicU64::new(0));
    for _ in 0..50 {
        let (workers, count) = (workers(2), Arc::clone(&others));
        let gone = judge_windows(
            &fixture.release,
            &workers.queue(NonZeroUsize::MAX),
            &request,
            RecordSource::text(Arc::from(lines(1_000))),
            move |window: &JudgedWindow<'_>| {
                let is_whole =
                    window.records().len() == 10 && window.records().all(|it| it.result().results.len() == 1);
                count.fetch_add(u64::from(!is_whole), Ordering::SeqCst);
            },
            &mut |()| Err(ErrorKind::BrokenPipe.into()),
        );
        assert!(matches!(gone, Err(JudgeError::Output(_))));
    }
    assert_eq!(others.load(Ordering::SeqCst), 0);
}

/// A record at a time; each but the first comes when no worker has one any more.
struct Patient {
    left: usize,
    queue: Arc<TenantQueue>,
    taken: Arc<AtomicU64>,
}

impl Read for Patient {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        const ALL: usize = 6;
        let given = ALL - self.left;
        while self.queue.load() != (QueueLoad { queued: 0, running: 0 }) {
            std::thread::yield_now();
        }
        // All but the last of them were finished before this read began.
        let taken = usize::try_from(self.taken.load(Ordering::SeqCst)).unwrap();
        assert!(taken + 1 >= given, "{taken} of {given} were handed over");
        if self.left == 0 {
            return Ok(0);
        }
        self.left -= 1;
        Read::read(&mut line(given).as_bytes(), into)
    }
}

#[test]
fn what_is_judged_is_handed_over_before_more_is_read() {
    let fixture = Fixture::new(&one_rule());
    let mut request = request();
    request = request.with_rows(1);
    let workers = workers(1);
    let (queue, taken) = (Arc::new(workers.queue(NonZeroUsize::MAX)), Arc::new(AtomicU64::new(0)));
    let patient = Patient { left: 6, queue: Arc::clone(&queue), taken: Arc::clone(&taken) };
    let mut texts = std::iter::once(text(patient));
    let input = RecordSource::texts(&mut texts);
    let summary = judge_windows(&fixture.release, &queue, &request, input, |_| (), &mut |()| {
        taken.fetch_add(1, Ordering::SeqCst);
        Ok(())
    });
    assert_eq!(summary.unwrap().records, 6);
}
