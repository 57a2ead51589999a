//! A hundred thousand records of all sorts: what is said of each is what is said of it alone, to the byte, however they come.

use std::num::{NonZeroU32, NonZeroU64, NonZeroUsize};
use std::sync::{Arc, OnceLock};

use jurat_engine::extract::ChunkLimits;
use jurat_engine::results::RecordResult;
use jurat_engine::{JudgedRecord, RecordSource, Request};
use jurat_model::{Bytes, Isolation, Suspension};
use serde_json::Value;

use crate::fixture::{Fixture, forget, workers};
use crate::mixed::{self, counted};
use crate::streams::{Pieces, Random, text};

const RECORDS: usize = 100_000;

struct World {
    records: Vec<Vec<u8>>,
    alone: Vec<RecordResult>,
}

/// The records, with what is said of each of them alone: made once for all tests.
fn world() -> &'static World {
    static WORLD: OnceLock<World> = OnceLock::new();
    WORLD.get_or_init(|| {
        let (fixture, records) = (Fixture::new(&mixed::release()), mixed::records(RECORDS));
        let alone = mixed::alone(&fixture, &mixed::timeless(), &records);
        World { records, alone }
    })
}

/// What must come out, record by record.
struct Expected {
    /// The texts that are judged, one after the other.
    texts: Vec<Arc<[u8]>>,
    written: Vec<String>,
    summary: Value,
}

impl World {
    /// The records in an order, and the number of texts.
    fn expected(&self, order: &[usize], suspension: Suspension, texts: usize) -> Expected {
        let mut results = mixed::suspended(&self.alone, order, &suspension);
        let each = order.len().div_ceil(texts);
        let texts = order.chunks(each).zip(results.chunks_mut(each));
        let texts = texts.map(|(order, results)| mixed::lines(&self.records, order, results).into()).collect();
        let written = results.iter().map(|result| serde_json::to_string(result).unwrap()).collect();
        Expected { texts, written, summary: counted(&results) }
    }

    #[track_caller]
    fn check(&self, expected: &Expected, request: &Request, threads: usize, piece: Option<usize>) {
        // One of its own: sessions are counted by worker.
        let (fixture, workers) = (Fixture::new(&mixed::release()), workers(threads));
        let queue = workers.queue(NonZeroUsize::MAX);
        let outcome = match (piece, &*expected.texts) {
            (None, [whole]) => fixture.windows(&queue, request, RecordSource::text(Arc::clone(whole)), written),
            _ => {
                let piece = piece.unwrap_or(usize::MAX >> 1);
                let texts = expected.texts.iter().map(|bytes| text(Pieces::new(Arc::clone(bytes), piece)));
                fixture.stream(&queue, request, texts.collect(), |input| input, written)
            }
        };
        let (written, summary) = outcome.whole();
        assert_eq!(written.len(), expected.written.len());
        for (index, (found, expected)) in written.iter().zip(&expected.written).enumerate() {
            assert_eq!(found, expected, "record {index}");
        }
        let mut summary = serde_json::to_value(&summary).unwrap();
        forget(&mut summary, "usage");
        forget(&mut summary, "limits");
        forget(&mut summary, "never_ran");
        assert_eq!(summary, expected.summary);
    }
}

fn written(record: &JudgedRecord<'_>) -> String {
    serde_json::to_string(record).unwrap()
}

fn request(rows: u32, isolation: Isolation, suspension: Suspension) -> Request {
    let mut request = mixed::timeless();
    request = request.with_rows(rows);
    request = request.with_isolation(isolation);
    request = request.with_suspension(suspension);
    request
}

fn in_order() -> Vec<usize> {
    (0..RECORDS).collect()
}

fn shuffled() -> Vec<usize> {
    let mut order = in_order();
    Random(7).shuffle(&mut order);
    order
}

const NEVER: Suspension = Suspension::NEVER;

fn after(records: u32) -> Suspension {
    Suspension { records: NonZeroU32::new(records).unwrap(), ..NEVER }
}

fn after_fuel(fuel: u64) -> Suspension {
    Suspension { fuel: NonZeroU64::new(fuel).unwrap(), ..NEVER }
}

#[test]
fn the_records_are_of_all_sorts() {
    let World { alone, .. } = world();
    let codes: std::collections::BTreeSet<_> =
        alone.iter().filter_map(|result| result.error.as_ref()).map(|error| error.kind.code()).collect();
    assert!(codes.len() >= 9, "{codes:?}");
    let summary = counted(alone);
    for count in ["unreadable", "failed", "warned"] {
        assert!(summary[count].as_u64().unwrap() > 400, "{summary:#}");
    }
    assert!(summary["not_run"].as_u64().unwrap() > 0);
    assert_eq!(summary["rules"].as_object().unwrap().len(), 11);
}

#[test]
fn whole_texts_are_judged_like_single_records() {
    let expected = world().expected(&in_order(), NEVER, 1);
    for (rows, isolation, threads) in [
        (1, Isolation::Chunk, 2),
        (2, Isolation::Record, 2),
        (7, Isolation::Chunk, 1),
        (64, Isolation::Record, 2),
        (1_024, Isolation::Chunk, 5),
        (4_096, Isolation::Record, 1),
    ] {
        world().check(&expected, &request(rows, isolation, NEVER), threads, None);
    }
}

#[test]
fn texts_that_come_in_pieces_are_judged_like_single_records() {
    let expected = world().expected(&shuffled(), NEVER, 1);
    for (rows, piece, threads) in [(7, 100, 5), (1_024, 100 << 10, 2), (4_096, 7_777, 1)] {
        world().check(&expected, &request(rows, Isolation::Chunk, NEVER), threads, Some(piece));
    }
}

#[test]
fn many_texts_are_judged_like_single_records() {
    for (texts, rows, piece, threads) in [(3, 4_096, 1_000, 2), (1_000, 64, 100 << 10, 5), (10_000, 1_024, 64, 2)] {
        let expected = world().expected(&shuffled(), NEVER, texts);
        world().check(&expected, &request(rows, Isolation::Record, NEVER), threads, Some(piece));
    }
}

#[test]
fn chunks_of_few_bytes_say_the_same() {
    let expected = world().expected(&in_order(), after(100), 1);
    for (bytes, rows) in [(600, 1_024), (20_000, 4_096)] {
        let mut request = request(rows, Isolation::Chunk, after(100));
        request = request.with_chunk(ChunkLimits { rows, bytes: Bytes::new(bytes), ..ChunkLimits::default() });
        world().check(&expected, &request, 2, None);
    }
}

#[test]
fn results_that_may_take_little_memory_are_the_same() {
    for (results, suspension, order) in
        [(0, NEVER, in_order()), (2_000, after(37), shuffled()), (50_000, after_fuel(17_001), in_order())]
    {
        let expected = world().expected(&order, suspension, 1);
        for (rows, isolation, threads, piece) in [
            (64, Isolation::Record, 2, Some(10_000)),
            (1_024, Isolation::Chunk, 5, None),
            (4_096, Isolation::Chunk, 1, None),
        ] {
            let request = request(rows, isolation, suspension);
            let chunk = ChunkLimits { results: Bytes::new(results), ..request.chunk() };
            world().check(&expected, &request.with_chunk(chunk), threads, piece);
        }
    }
}

#[test]
fn rules_are_suspended_behind_the_same_records() {
    for (suspension, order) in [
        (after(1), shuffled()),
        (after(37), in_order()),
        (after(400), shuffled()),
        (after_fuel(1), in_order()),
        (after_fuel(17_001), shuffled()),
        (after_fuel(170_000), in_order()),
    ] {
        let expected = world().expected(&order, suspension, 1);
        assert!(expected.written.iter().any(|written| written.contains(r#""code":"suspended""#)), "{suspension:?}");
        for (rows, isolation, threads, piece) in [
            (7, Isolation::Record, 2, Some(10_000)),
            (64, Isolation::Chunk, 5, None),
            (1_024, Isolation::Chunk, 2, Some(100 << 10)),
            (4_096, Isolation::Record, 5, None),
        ] {
            world().check(&expected, &request(rows, isolation, suspension), threads, piece);
        }
    }
}

#[test]
fn pieces_of_one_byte_make_no_difference() {
    let order: Vec<usize> = (0..3_000).collect();
    for texts in [1, 500] {
        let expected = world().expected(&order, after(5), texts);
        for (rows, threads) in [(1, 2), (64, 2), (4_096, 1)] {
            world().check(&expected, &request(rows, Isolation::Chunk, after(5)), threads, Some(1));
        }
    }
}
