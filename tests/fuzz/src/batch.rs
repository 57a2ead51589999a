//! A file of records is judged the same whether it comes whole, in pieces, or in chunks of any size, and what is written of a record is
//! what its result is.

use std::io::{self, Read};
use std::iter;
use std::num::NonZeroUsize;
use std::sync::{Arc, LazyLock};

use jiff::Timestamp;
use jurat_engine::json::Position;
use jurat_engine::results::RecordOutcome;
use jurat_engine::ruleset::{BusinessConfig, RuleNode, Ruleset};
use jurat_engine::{
    Footprint, JudgeError, JudgedRecord, JudgedWindow, RecordSource, Release, Request, Workers, judge_windows,
};
use jurat_model::Bytes;
use jurat_trust::publish::{BuiltRelease, DraftFile, ReleaseDraft};
use jurat_trust::{BuiltinCheck, BuiltinRule, FileKind, World, danger};
use serde_json::Value;

use crate::Answer;

const MAX_RECORD: Bytes = Bytes::kibi(1);

/// A release without components: a schema, two types of records, and a rule of the host for one of them.
static RELEASE: LazyLock<Arc<Release>> = LazyLock::new(|| {
    const SCHEMA: &str = r#"{"$id":"https://schemas.example.com/loan/v1.0.0","required":["a"],"properties":{"a":{"maximum":5},"b":{"type":"string"}}}"#;
    let file = |path: &str, kind, bytes: &str| DraftFile {
        path: path.parse().expect("a path"),
        kind,
        bytes: bytes.as_bytes().to_vec(),
    };
    let files = vec![
        file("business-config.yaml", FileKind::BusinessConfig, "{}"),
        file("field-maps/any.json", FileKind::FieldMap, "{}"),
        file("schemas/loan.json", FileKind::Schema, SCHEMA),
    ];
    let builtin = BuiltinRule { id: "s".to_owned(), check: BuiltinCheck::JsonSchema, description: "fits".to_owned() };
    let built = BuiltRelease::build(ReleaseDraft {
        name: "fuzz".parse().expect("a name"),
        version: "1.0.0".parse().expect("a version"),
        world: World::current(),
        files,
        components: Vec::new(),
        builtin: vec![builtin],
    });
    let node = |id: &str, children| RuleNode { rule_id: id.to_owned(), must_run: false, children };
    let loan = vec![node("s", vec![node("nobody", Vec::new())])];
    let rules = [("loan", loan.clone()), ("https://schemas.example.com/loan/v1.0.0", loan), ("note", Vec::new())];
    let rules = rules.map(|(key, nodes)| (key.to_owned(), nodes)).into();
    let map = |key: &str| (key.to_owned(), "any.json".to_owned());
    let config = BusinessConfig {
        rulesets: [("main".to_owned(), Ruleset { rules, ..Ruleset::default() })].into(),
        schema_to_helper_mapping: [map("https://schemas.example.com/loan/v1.0.0")].into(),
        default_helpers: [map("loan"), map("note")].into(),
        ..BusinessConfig::default()
    };
    let verified = danger::assume_verified(&built.expect("a sound release"));
    Arc::new(Release::new(&verified, config, Vec::new()).expect("a sound release"))
});

static WORKERS: LazyLock<Workers> = LazyLock::new(|| Workers::start(NonZeroUsize::MIN).expect("a thread"));

/// What must not depend on the pieces. The words of an error may: a character can be cut in two.
#[derive(Debug, PartialEq)]
struct Seen {
    at: Position,
    text: Option<Vec<u8>>,
    outcome: RecordOutcome,
    result: Value,
}

impl Footprint for Seen {
    fn footprint(&self) -> usize {
        self.text.footprint()
    }
}

fn see(record: &JudgedRecord<'_>) -> Seen {
    let written = serde_json::to_string(record).expect("JSON");
    assert_eq!(written, serde_json::to_string(&record.result()).expect("JSON"));
    let mut result: Value = serde_json::from_str(&written).expect("JSON");
    if let Some(error) = result.get_mut("error") {
        error["message"] = Value::Null;
    }
    assert_eq!(record.outcome() == RecordOutcome::Unreadable, result.get("error").is_some());
    Seen { at: record.at(), text: record.text().map(<[u8]>::to_vec), outcome: record.outcome(), result }
}

/// What became of the records; none if the text is not JSON at all.
fn judged(input: RecordSource<'_>, rows: u32) -> Option<Vec<Seen>> {
    let mut request = Request::new("main", Timestamp::UNIX_EPOCH);
    request = request.with_timings(false);
    request = request.with_max_record(MAX_RECORD);
    request = request.with_rows(rows);
    let render = |window: &JudgedWindow<'_>| window.records().map(|record| see(&record)).collect::<Vec<_>>();
    let mut all = Vec::new();
    let summary = judge_windows(&*RELEASE, &WORKERS.queue(NonZeroUsize::MIN), &request, input, render, &mut |seen| {
        all.extend(seen);
        Ok(())
    });
    let summary = match summary {
        Ok(summary) => summary,
        Err(JudgeError::NotJson { .. }) => return None,
        Err(error) => panic!("a memory does not fail: {error}"),
    };
    let count = |outcome| all.iter().filter(|seen| seen.outcome == outcome).count() as u64;
    assert_eq!(summary.records, all.len() as u64);
    assert_eq!(summary.unreadable, count(RecordOutcome::Unreadable));
    assert_eq!(summary.failed, count(RecordOutcome::Failed));
    assert_eq!(summary.not_run, count(RecordOutcome::NotRun));
    Some(all)
}

/// Gives some bytes at a time, and waits in vain before each of them.
struct Pieces(Arc<[u8]>, usize, usize, bool);

impl Read for Pieces {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        let Self(bytes, start, most, has_waited) = self;
        *has_waited = !*has_waited;
        if *has_waited {
            return Err(io::ErrorKind::WouldBlock.into());
        }
        let most = (*most).min(into.len());
        let read = Read::read(&mut &bytes[*start..], &mut into[..most])?;
        *start += read;
        Ok(read)
    }
}

/// Checks these bytes.
///
/// # Panics
/// When anything but the bytes decides what is said of them.
pub fn check(bytes: &[u8]) -> Answer {
    let bytes: Arc<[u8]> = bytes.into();
    let whole = judged(RecordSource::text(Arc::clone(&bytes)), 1_024);
    for (piece, rows) in [(5, 1), (100, 3), (64 << 10, 40)] {
        let pieces = Pieces(Arc::clone(&bytes), 0, piece, false);
        let mut texts = iter::once(pieces).map(|pieces| -> io::Result<Box<dyn Read>> { Ok(Box::new(pieces)) });
        assert_eq!(judged(RecordSource::texts(&mut texts), rows), whole, "pieces of {piece} bytes, {rows} rows");
    }
    let is_read = |seen: &Seen| seen.outcome != RecordOutcome::Unreadable;
    if whole.is_some_and(|all| all.iter().all(is_read)) { Answer::Read } else { Answer::Refused }
}
