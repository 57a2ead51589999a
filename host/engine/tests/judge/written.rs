//! A record is written byte for byte like its result, by every writer, for every way to the result.

use std::io;
use std::num::{NonZeroU32, NonZeroUsize};
use std::sync::Arc;

use jurat_engine::extract::ChunkLimits;
use jurat_engine::{JudgedRecord, RecordSource, Request};
use jurat_model::{Bytes, Status};
use serde::Serialize;
use serde_json::ser::Formatter;
use serde_json::{Value, json};

use crate::fixture::{Fixture, ReleaseSpec, RuleSpec, SCHEMAS, obedient, request, workers};
use crate::mixed;
use crate::scripted::{self, Say};
use crate::streams::{Pieces, text};
use crate::supplier::{Answer, Answers, Scripted};

/// Escapes what a terminal may obey, and hearts, which it need not.
struct Careful;

impl Formatter for Careful {
    fn write_string_fragment<W: ?Sized + io::Write>(&mut self, out: &mut W, fragment: &str) -> io::Result<()> {
        for character in fragment.chars() {
            if character.is_ascii_graphic() || character == ' ' {
                write!(out, "{character}")?;
            } else {
                write!(out, "\\u{{{:x}}}", u32::from(character))?;
            }
        }
        Ok(())
    }
}

/// What two writers and a reader of values make of it.
fn all_ways(value: &impl Serialize) -> (String, String, Value) {
    let mut careful = Vec::new();
    value.serialize(&mut serde_json::Serializer::with_formatter(&mut careful, Careful)).unwrap();
    (serde_json::to_string(value).unwrap(), String::from_utf8(careful).unwrap(), serde_json::to_value(value).unwrap())
}

/// The JSON of a record, checked against that of its result.
fn checked(record: &JudgedRecord<'_>) -> String {
    let (written, careful, value) = all_ways(record);
    let expected = all_ways(&record.result());
    assert_eq!(written, expected.0);
    assert_eq!(careful, expected.1);
    assert_eq!(value, expected.2);
    assert!(careful.bytes().all(|byte| byte == b' ' || byte.is_ascii_graphic()));
    written
}

/// Judges a text in all ways to write it and all sizes of chunks.
#[track_caller]
fn check(spec: &ReleaseSpec, request: &Request, text: &[u8]) {
    check_fixtures(|| Fixture::new(spec), request, text);
}

#[track_caller]
fn check_fixtures(fixture: impl Fn() -> Fixture, request: &Request, text: &[u8]) {
    // Chunks of fewer than 32 rows are written otherwise than longer ones.
    for rows in [1, 31, 32, 33, 4_096] {
        for threads in [1, 3] {
            let mut request = request.clone();
            // Results have times, which depend on the records that share a call: the same ones, however much memory each form takes.
            request = request.with_chunk(ChunkLimits { rows, results: Bytes::mebi(1_024), ..ChunkLimits::default() });
            let fixture = fixture();
            let results = fixture.judge_bytes(&request, threads, text.to_vec()).unwrap();
            let (workers, input) = (workers(threads), RecordSource::text(text.into()));
            let windows = fixture.windows(&workers.queue(NonZeroUsize::MAX), &request, input, checked);
            let (written, summary) = windows.whole();
            let expected: Vec<_> =
                results.records.iter().map(|result| serde_json::to_string(result).unwrap()).collect();
            assert_eq!(written, expected);
            if summary.rules.values().all(|rule| rule.error == 0) {
                assert_eq!(summary, results.summary);
            }
        }
    }
}

const HOSTILE: &str =
    "\u{0}\u{1b}[31m\u{7f}\u{9b}2J \"quoted\" \\ \r\n\t </script> \u{202e}\u{2066}\u{200b} é漢😀\u{e0001}";

/// The release without the rule of the host, whose calls take as long as they do; scripted ones take the same time always.
fn without_the_host() -> ReleaseSpec {
    let mut spec = mixed::release();
    spec.builtin.clear();
    for list in spec.rulesets.get_mut("main").unwrap().values_mut() {
        list.retain(|rule| *rule != json!("s"));
    }
    spec
}

/// Many that pass, and some of every other sort.
fn records() -> Vec<u8> {
    let mut text = mixed::records(3_000).join(&b'\n');
    for id in 0..300 {
        let word = match id % 50 {
            7 => "fail",
            13 => "trap",
            // It passes, and there is something to say of it.
            21 => "noted",
            _ => "pass",
        };
        let record = json!({"id": id, "$schema": crate::fixture::SCHEMAS[0], "B": "pass", "E": "pass", "d": word});
        text.push(b'\n');
        text.extend(record.to_string().bytes());
    }
    text
}

#[test]
fn records_of_all_sorts_are_written_like_their_results() {
    check(&mixed::release(), &mixed::timeless(), &records());
    check(&without_the_host(), &mixed::timeless().with_timings(true), &records());
}

#[test]
fn suspended_rules_are_written_like_their_results() {
    for suspend_after in [1, 20] {
        let mut request = mixed::timeless().with_timings(true);
        request = request.with_suspend_after(NonZeroU32::new(suspend_after).unwrap());
        check(&without_the_host(), &request, &records());
    }
}

#[test]
fn hostile_evidence_is_written_like_that_of_results() {
    for name in ["loan", HOSTILE] {
        check_fixtures(|| Fixture::new(&mixed::release()).vouched(name, false), &mixed::timeless(), &records());
    }
}

#[test]
fn hostile_descriptions_are_written_like_those_of_results() {
    let hostile: [&[&str]; 6] =
        [&["a"], &["c"], &["g"], &["E", "f"], &["x"], &["a", "B", "c", "d", "E", "f", "g", "x", "y"]];
    for rules in hostile {
        // Each kind of character by itself too: one that is overlooked must not hide behind the others.
        for words in [HOSTILE, "\u{7f}", "é", "\u{202e}", "\"", "\\", "\n"] {
            let mut spec = mixed::release();
            for rule in spec.rules.iter_mut().filter(|rule| rules.contains(&&*rule.id)) {
                rule.description = Some(words.to_owned());
            }
            let mut request = mixed::timeless();
            request = request.with_rows(64);
            let fixture = Fixture::new(&spec);
            let input = RecordSource::text(records().into());
            let windows = fixture.windows(&workers(2).queue(NonZeroUsize::MAX), &request, input, checked);
            assert_eq!(windows.whole().1.records, 3_300);
        }
    }
}

#[test]
fn hostile_names_of_rules_and_types_are_written_like_those_of_results() {
    let mut spec = mixed::release();
    let lists = spec.rulesets.get_mut("main").unwrap();
    lists.get_mut("facility").unwrap().push(json!(HOSTILE));
    lists.insert(HOSTILE.to_owned(), vec![json!("z"), json!("s")]);
    let escaped = |key: char| (!key.is_alphabetic()).then_some('\\').into_iter().chain([key]);
    let map = json!({"z": {"physical_path": HOSTILE.chars().flat_map(escaped).collect::<String>()}});
    spec.field_maps.insert("hostile.json".to_owned(), map);
    spec.defaults.insert(HOSTILE.to_owned(), "hostile.json".to_owned());
    let z = spec.rules[0].clone();
    spec.rules.push(RuleSpec {
        id: "z".to_owned(),
        entity: HOSTILE.to_owned(),
        inputs: vec!["z:text".to_owned()],
        ..z
    });
    let hostile = |id: u32| json!({"id": id, "entity_type": HOSTILE, HOSTILE: if id.is_multiple_of(9) { "fail" } else { "pass" }});
    let more: String = (0..200).map(|id| format!("\n{}", hostile(id))).collect();
    check(&spec, &mixed::timeless(), &[records(), more.into_bytes()].concat());
}

#[test]
fn stale_and_missing_entities_are_written_as_in_results() {
    let parent = |limit: f64| json!({"entity_type": "facility", "limit": limit}).to_string();
    let answers: Answers = [
        ("fresh", Answer::Text(parent(1.5))),
        ("stale", Answer::Stale(parent(2.5))),
        ("gone", Answer::Gone("timeout".to_owned(), "too slow".to_owned())),
        ("off", Answer::Unavailable("disabled".to_owned(), HOSTILE.to_owned())),
    ]
    // With nothing missing: what is missing hides what is stale.
    .map(|(ask, answer)| (ask.to_owned(), [("parent", answer), ("children", Answer::Text("[]".to_owned()))]))
    .map(|(ask, answers)| (ask, answers.map(|(term, answer)| (term.to_owned(), answer)).into()))
    .into();
    // One of the rules runs without what it cannot have; the other one does not, which would give the record away.
    for list in [json!(["lenient"]), json!(["lenient", "strict"]), json!([{"lenient": ["strict"]}, "deal"])] {
        let mut spec = crate::supplied::spec();
        let lists = spec.rulesets.get_mut("main").unwrap();
        lists.insert("loan".to_owned(), list.as_array().unwrap().clone());
        // What one window lacks, another does not: what is the same for a whole chunk must not be said for all of them.
        for asks in
            [&["fresh"][..], &["fresh", "stale"], &["gone", "fresh"], &["off"], &["fresh", "stale", "gone", "off"]]
        {
            let record = |id: usize| json!({"id": id, "entity_type": "loan", "ask": asks[id % 97 % asks.len()]});
            let text: String = (0..400).map(|id| format!("{}\n", record(id))).collect();
            let request = request().with_supplier(Arc::new(Scripted::new(answers.clone())));
            check(&spec, &request, text.as_bytes());
        }
    }
}

#[test]
fn records_that_no_rule_judges_are_written_each_with_its_own_reason() {
    let spec = obedient(&[("A", 0)], [vec![json!("A")], vec![json!("A")]]);
    let says = [json!("norun"), json!(null), json!("norun"), json!(5)];
    let record = |id: usize| json!({"id": id, "$schema": SCHEMAS[0], "A": says[id % 4]}).to_string() + "\n";
    check(&spec, &request(), (0..200).map(record).collect::<String>().as_bytes());
}

#[test]
fn statuses_without_findings_are_written_like_their_results() {
    let spec = obedient(&[("a", 0), ("b", 1), ("c", 0)], [vec![json!("a"), json!({"b": ["c"]})], Vec::new()]);
    let statuses = [Status::Pass, Status::Warn, Status::Fail, Status::Norun, Status::Error];
    // Each rule changes at other records.
    let fixture = || {
        Fixture::scripted(&spec, |rule| {
            let every = ["a", "b", "c"].into_iter().position(|id| id == rule.id).unwrap() * 2 + 1;
            Box::new(move |batch, row| {
                let id: usize = scripted::text(&batch.columns[0], row).unwrap().parse().unwrap();
                Say::Verdict(statuses[id / every % statuses.len()], Vec::new())
            })
        })
    };
    let record = |id: usize| {
        let id = id.to_string();
        json!({"id": id, "$schema": SCHEMAS[0], "a": id, "b": id, "c": id}).to_string() + "\n"
    };
    check_fixtures(fixture, &request(), (0..200).map(record).collect::<String>().as_bytes());
}

#[test]
fn a_list_without_rules_is_written_as_one() {
    let spec = obedient(&[("a", 0)], [Vec::new(), vec![json!("a")]]);
    let record = |id: usize| json!({"id": id, "$schema": SCHEMAS[id % 2]}).to_string() + "\n";
    check(&spec, &request(), (0..200).map(record).collect::<String>().as_bytes());
}

#[test]
fn records_of_streams_are_written_like_their_results() {
    let fixture = Fixture::new(&mixed::release());
    let texts = (0..3).map(|_| text(Pieces::new(records(), 5_000))).collect();
    let workers = workers(2);
    let (written, _) =
        fixture.stream(&workers.queue(NonZeroUsize::MAX), &mixed::timeless(), texts, |input| input, checked).whole();
    assert_eq!(written.len(), 3 * 3_300);
    assert_eq!(written[..3_300], written[3_300..6_600]);
}
