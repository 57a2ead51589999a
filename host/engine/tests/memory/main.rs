//! How much memory a request takes, whatever its input: in a process of its own, where nothing else takes any.
#![cfg(target_os = "linux")]
#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::print_stdout,
    reason = "a test that meets the unexpected has failed, and what it measures is of interest"
)]

mod wordy;

use std::fs;
use std::io::{self, Read};
use std::num::NonZeroUsize;
use std::sync::Arc;

use jiff::Timestamp;
use jurat_engine::ruleset::{BusinessConfig, RuleNode, Ruleset};
use jurat_engine::{JudgedWindow, RecordSource, Release, Request, Sample, Workers, judge_windows};
use jurat_trust::publish::{BuiltRelease, DraftFile, ReleaseDraft};
use jurat_trust::{BuiltinCheck, BuiltinRule, FileKind, World, danger};

const MIB: u64 = 1 << 20;

/// Rules of the host alone: the pipeline is what is measured.
fn release() -> Arc<Release> {
    let file = DraftFile {
        path: "business-config.yaml".parse().unwrap(),
        kind: FileKind::BusinessConfig,
        bytes: b"measured".to_vec(),
    };
    let builtin = BuiltinRule {
        id: "s".to_owned(),
        check: BuiltinCheck::JsonSchema,
        description: "follows its schema".to_owned(),
    };
    let map =
        DraftFile { path: "field-maps/loan.json".parse().unwrap(), kind: FileKind::FieldMap, bytes: b"{}".to_vec() };
    let release = BuiltRelease::build(ReleaseDraft {
        name: "measured".parse().unwrap(),
        version: "1.0.0".parse().unwrap(),
        world: World::current(),
        files: vec![file, map],
        components: Vec::new(),
        builtin: vec![builtin],
    });
    let node = RuleNode { rule_id: "s".to_owned(), ..RuleNode::default() };
    let ruleset = Ruleset { rules: [("loan".to_owned(), vec![node])].into(), ..Ruleset::default() };
    let config = BusinessConfig {
        rulesets: [("main".to_owned(), ruleset)].into(),
        default_helpers: [("loan".to_owned(), "loan.json".to_owned())].into(),
        ..BusinessConfig::default()
    };
    Arc::new(Release::new(&danger::assume_verified(&release.unwrap()), config, Vec::new()).unwrap())
}

/// The most memory that this process has had.
fn peak() -> u64 {
    let status = fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).unwrap();
    line.trim().trim_end_matches("kB").trim().parse::<u64>().unwrap() << 10
}

/// A part of a text that repeats itself.
fn repeated(text: &str, bytes: u64) -> Box<dyn Read> {
    struct Repeated(Vec<u8>, usize);
    impl Read for Repeated {
        fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
            let length = (self.0.len() - self.1).min(into.len());
            into[..length].copy_from_slice(&self.0[self.1..][..length]);
            self.1 = (self.1 + length) % self.0.len();
            Ok(length)
        }
    }
    let times = (64 << 10) / text.len() + 1;
    Box::new(Repeated(text.repeat(times).into_bytes(), 0).take(bytes))
}

/// Judges one stream of these parts; gives how many records it has, and how many of them cannot be read.
fn judged(parts: Vec<Box<dyn Read>>, change: impl FnOnce(RecordSource<'_>) -> RecordSource<'_>) -> (u64, u64) {
    let (release, workers) = (release(), Workers::start(NonZeroUsize::new(2).unwrap()).unwrap());
    let mut request = Request::new("main", Timestamp::constant(1_704_067_200, 0));
    request = request.with_entity_type("loan");
    let chain = |all: Box<dyn Read>, part| -> Box<dyn Read> { Box::new(all.chain(part)) };
    let whole = parts.into_iter().fold(Box::new(io::empty()) as Box<dyn Read>, chain);
    let mut texts = std::iter::once(whole).map(|text| -> io::Result<Box<dyn Read>> { Ok(text) });
    let input = change(RecordSource::texts(&mut texts));
    let render = |window: &JudgedWindow<'_>| window.records().len();
    let queue = workers.queue(NonZeroUsize::MAX);
    let summary = judge_windows(&release, &queue, &request, input, render, &mut |_| Ok(())).unwrap();
    (summary.records, summary.unreadable)
}

const RECORD: &str = "{\"id\": 1, \"note\": \"a few words that nobody reads\"}\n";

#[test]
fn memory_does_not_depend_on_the_input() {
    let text = |text: &str| repeated(text, text.len() as u64);
    // What a request takes that is large in nothing.
    let length = RECORD.len() as u64;
    assert_eq!(judged(vec![repeated(RECORD, 50_000 * length)], |input| input), (50_000, 0));
    let begun = peak();

    let line = || vec![text(RECORD), text("{\"note\":\""), repeated("x", 200 * MIB), text("\"}\n"), text(RECORD)];
    assert_eq!(judged(line(), |input| input), (3, 1));
    let after_line = peak() - begun;
    // The same as an element of an array, and as one value.
    let element = || vec![text("[{\"id\":1},{\"note\":\""), repeated("x", 200 * MIB), text("\"},{}]")];
    assert_eq!(judged(element(), |input| input), (3, 1));
    let value = || vec![text("{\n\"note\":\""), repeated("x", 200 * MIB), text("\"}")];
    assert_eq!(judged(value(), |input| input).0, 1);
    // White space, and depth, without end.
    assert_eq!(judged(vec![text(RECORD), repeated(" \n", 200 * MIB), text(RECORD)], |input| input), (2, 0));
    assert_eq!(judged(vec![text(RECORD), repeated("[", 200 * MIB)], |input| input), (2, 1));
    assert_eq!(judged(vec![text("["), repeated("[", 200 * MIB)], |input| input), (1, 1));
    let after_forms = peak() - begun;

    // Many records, of which hardly any is taken.
    let sample = Sample::new(0.000_01).unwrap();
    let (records, _) = judged(vec![repeated(RECORD, 200 * MIB / length * length)], |input| input.sample(sample));
    assert!((10..100).contains(&records), "{records}");
    let after_sample = peak() - begun;
    // All of them.
    let many = 200 * MIB / length;
    assert_eq!(judged(vec![repeated(RECORD, many * length)], |input| input), (many, 0));
    let after_many = peak() - begun;

    let mib = [begun, after_line, after_forms, after_sample, after_many].map(|bytes| bytes / MIB);
    // Five windows of 4 MiB and what comes of them.
    assert!(mib[0] < 100 && mib[4] < 100, "{mib:?} MiB");

    // Of each record, 8 rules say 60 KiB, which would be 480 MiB for a window: results are bounded as a whole.
    let before = peak();
    let rendered = wordy::judged(repeated(RECORD, 3_000 * length));
    assert!(rendered > 8 * 3_000 * (8 << 10), "{rendered} bytes");
    let after_wordy = peak() - before;
    // Five windows of 8 MiB, and as much again while some of them grow.
    assert!(after_wordy < 90 * MIB, "{} MiB", after_wordy / MIB);
    println!("wordy rules: {} MiB more", after_wordy / MIB);
    println!("peak MiB: first {}, then more by {:?}", mib[0], &mib[1..]);
}
