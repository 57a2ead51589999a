use std::sync::atomic::Ordering;
use std::time::Duration;

use jurat_model::{Bytes, Status};
use jurat_yaml::Problems;

use super::*;

mod scripted;

use scripted::{Scripted, release};

/// The text of a vector of one loan.
fn vector(name: &str, ruleset: &str, n: i64, expect: &str) -> String {
    format!(
        r#"{{"name": "{name}", "ruleset": "{ruleset}", "entity_type": "loan", "record": {{"n": {n}}}, "expect": {expect}}}"#
    )
}

fn list(vectors: &[String]) -> Vec<Vector> {
    parse("v.json", format!("[{}]", vectors.join(",\n")).as_bytes()).unwrap()
}

/// The report on vectors, with rules that run out of time this often.
fn outcome(late: u32, vectors: &[String]) -> Report {
    let (_, release) = release(&Scripted::new(late), &[]);
    run(&release, &list(vectors), &VectorLimits::DEFAULT).unwrap()
}

#[track_caller]
fn fails(vectors: &[String], expected: &[&str]) {
    let report = outcome(0, vectors);
    let found: Vec<_> = report.failures.iter().map(ToString::to_string).collect();
    assert_eq!(found, expected);
    assert_eq!((report.run, report.is_momentary()), (vectors.len(), false));
}

fn refusals(text: &[u8]) -> Vec<String> {
    parse("v.json", text).unwrap_err().iter().map(ToString::to_string).collect()
}

#[test]
fn vectors_that_hold_say_how_many_they_are() {
    let pass = [("fine", 0, "PASS"), ("odd", 1, "FAIL"), ("much", 2, "WARN")];
    let pass = pass.map(|(name, n, status)| vector(name, "plain", n, &format!(r#"{{"plain": "{status}"}}"#)));
    let report = outcome(0, &pass);
    assert!(report.holds() && !report.is_momentary());
    assert_eq!(report.to_string(), "3 test vectors hold");
    assert_eq!(outcome(0, &[]).to_string(), "0 test vectors hold");
}

#[test]
fn each_failure_says_what_was_expected_and_what_to_do() {
    fails(
        &[vector("a", "plain", 1, r#"{"plain": "PASS"}"#)],
        &[
            "v.json: [0].expect.plain: `a`: rule `plain`: PASS is expected, but it says FAIL (code `odd`: 1 is odd); correct \
           the rule or the vector",
        ],
    );
    fails(
        &[vector("a", "plain", 0, r#"{"plian": "PASS"}"#)],
        &[
            "v.json: [0].expect.plian: `a`: rule `plian`: no ruleset lists a rule of that name that the release has, did you \
           mean `plain`?",
        ],
    );
    fails(
        &[vector("a", "ghost", 0, r#"{"ghost": "NORUN"}"#)],
        &["v.json: [0].expect.ghost: `a`: rule `ghost`: no ruleset lists a rule of that name that the release has"],
    );
    fails(
        &[vector("a", "plain", 0, r#"{"limit": "PASS"}"#)],
        &["v.json: [0].expect.limit: `a`: rule `limit`: the ruleset does not list it for this record; name another \
           ruleset, or do not expect it"],
    );
    fails(
        &[vector("a", "plaine", 0, r#"{"plain": "PASS"}"#)],
        &["v.json: [0].record: `a`: the record cannot be judged: there is no ruleset `plaine`, did you mean `plain`?"],
    );
    fails(
        &[r#"{"name": "a", "ruleset": "plain", "record": {"n": 1}, "expect": {"plain": "PASS"}}"#.to_owned()],
        &["v.json: [0].record: `a`: the record cannot be judged: the entity type is not known: give it \
           with the call, or give the record a `$schema` or an `entity_type` (code `no_entity_type`)"],
    );
}

#[test]
fn rules_that_are_not_named_may_say_anything() {
    assert!(outcome(0, &[vector("a", "late", 1, r#"{"late": "PASS"}"#)]).holds());
}

#[test]
fn a_rule_that_reads_the_time_needs_a_vector_that_says_it() {
    let vector = |now: &str, status: &str| {
        format!(
            r#"{{"name": "a", "ruleset": "timed", "entity_type": "loan", {now} "record": {{"n": 1}}, "expect": {{"timed": "{status}"}}}}"#
        )
    };
    let [failure] = &*outcome(0, &[vector("", "PASS")]).failures else { panic!("one failure") };
    assert_eq!(failure.reason, FailureReason::TimeNeeded);
    assert!(outcome(0, &[vector(r#""now": "2026-01-31T12:00:00Z","#, "PASS")]).holds());
    assert!(outcome(0, &[vector(r#""now": "1926-01-31T12:00:00Z","#, "FAIL")]).holds());
}

#[test]
fn a_rule_that_keeps_something_from_record_to_record_is_caught() {
    // Its status is always the same, but not its words.
    let counts = |name| vector(name, "counts", 0, r#"{"counts": "PASS"}"#);
    let report = outcome(0, &["a", "b", "c"].map(counts));
    assert!((1..=3).contains(&report.failures.len()), "{report:?}");
    for failure in &report.failures {
        let FailureReason::Unsteady { alone, among: Some(among) } = &failure.reason else { panic!("{failure}") };
        assert_eq!(alone.message, "0 before");
        assert_ne!(alone, among);
    }
    // One vector is enough: its record is judged beside itself.
    fails(
        &[vector("a", "flips", 0, r#"{"flips": "PASS"}"#)],
        &[
            "v.json: [0].expect.flips: `a`: rule `flips`: of this record alone it says PASS, among others FAIL (another \
           one); a rule must not keep anything from one record to the next",
        ],
    );
    // No vector expects anything of it.
    let both = r#"{"plain": "PASS"}"#;
    assert!(outcome(0, &[vector("a", "late", 0, both), vector("b", "late", 0, both)]).holds());
}

#[test]
fn what_ran_out_of_time_is_tried_again_and_told_apart() {
    let vectors = [vector("a", "late", 9, r#"{"late": "PASS", "plain": "WARN"}"#)];
    assert!(outcome(1, &vectors).holds());
    let report = outcome(u32::MAX, &vectors);
    assert!(report.is_momentary() && !report.holds());
    let lines: Vec<_> = report.failures.iter().map(ToString::to_string).collect();
    assert_eq!(lines.len(), 2);
    assert!(lines[0].contains("rule `late`: it has no verdict, twice in a row: ERROR (code `deadline`"), "{lines:?}");
    assert!(lines[1].contains("rule `plain`: it has no verdict, twice in a row: NORUN (code `parent`"), "{lines:?}");
    // In time alone, but not among others.
    let report = outcome(0, &[vector("a", "late", 8, r#"{"late": "PASS"}"#)]);
    assert!(report.is_momentary(), "{report}");
    assert!(outcome(0, &[vector("a", "late", 8, r#"{"plain": "WARN"}"#)]).holds());
    // A wrong verdict beside it is still one.
    let wrong = vector("b", "plain", 0, r#"{"plain": "FAIL"}"#);
    assert!(!outcome(u32::MAX, &[vectors[0].clone(), wrong]).is_momentary());
}

#[test]
fn related_entities_belong_to_the_record_that_they_come_with() {
    let vector = |name: &str, id: &str, limit: Option<u32>, status: &str| {
        let associated = limit.map_or_else(String::new, |limit| {
            format!(r#""associated": {{"parent": {{"entity_type": "loan", "limit": {limit}}}}},"#)
        });
        format!(
            r#"{{"name": "{name}", "ruleset": "limit", "entity_type": "loan", "record": {{{id} "n": 5}}, {associated} "expect": {{"limit": "{status}"}}}}"#
        )
    };
    // The same id with another entity, with none, no id at all, and one that cannot be given anything.
    let long = format!(r#""id": "{}","#, "x".repeat(300));
    let vectors = [
        vector("a", r#""id": "L-1","#, Some(5), "PASS"),
        vector("b", r#""id": "L-1","#, Some(4), "FAIL"),
        vector("c", r#""id": "L-1","#, None, "NORUN"),
        vector("d", r#""id": "L\"2","#, Some(7), "PASS"),
        vector("e", "", Some(1), "FAIL"),
        vector("f", "", Some(9), "PASS"),
        vector("g", "", None, "NORUN"),
        vector("h", &long, Some(2), "FAIL"),
        vector("i", r#""id": "unknown","#, Some(2), "FAIL"),
        vector("j", r#""id": 7,"#, Some(2), "FAIL"),
    ];
    let report = outcome(0, &vectors);
    assert!(report.holds(), "{report}");
}

#[test]
fn failures_beyond_a_hundred_are_counted() {
    let vectors: Vec<_> = (0..102).map(|n| vector(&n.to_string(), "plain", 0, r#"{"plain": "FAIL"}"#)).collect();
    let report = outcome(0, &vectors);
    assert_eq!((report.failures.len(), report.more, report.failed()), (100, 2, 102));
    assert!(report.to_string().ends_with("; and 101 more"), "{report}");
    assert_eq!(outcome(0, &vectors[..100]).more, 0);
}

#[test]
fn each_limit_holds_and_is_not_exceeded_just_inside_it() {
    let component = Scripted::new(0);
    let text = format!("[{}]", ["a", "b", "c"].map(|name| vector(name, "late", 0, r#"{"late": "PASS"}"#)).join(","));
    let (verified, release) = release(&component, &[("v.json", &text)]);
    let check = |limits: VectorLimits| check_release(&verified, &release, &limits);
    let fits = VectorLimits { vectors: 3, bytes: Bytes::new(text.len() as u64), verdicts: 6, ..VectorLimits::DEFAULT };
    assert!(check(fits).unwrap().holds());

    let refused = check(VectorLimits { vectors: 2, ..fits }).unwrap_err();
    assert!(matches!(refused, VectorsError::TooMany { found: 3, limit: 2 }), "{refused}");
    let refused = check(VectorLimits { bytes: Bytes::new(text.len() as u64 - 1), ..fits }).unwrap_err();
    assert!(matches!(refused, VectorsError::TooLong { .. }), "{refused}");
    let refused = check(VectorLimits { verdicts: 5, ..fits }).unwrap_err();
    assert!(matches!(refused, VectorsError::TooManyVerdicts { limit: 5 }), "{refused}");
    let calls = component.calls.load(Ordering::Relaxed);
    let refused = check(VectorLimits { time: Duration::ZERO, ..fits }).unwrap_err();
    assert!(matches!(refused, VectorsError::TooSlow { .. }), "{refused}");
    assert_eq!(component.calls.load(Ordering::Relaxed), calls, "nothing is begun when there is no time");
}

#[test]
fn the_vectors_of_a_release_are_named_after_it() {
    let fine = vector("a", "plain", 0, r#"{"plain": "PASS"}"#);
    let files = [("a.json", &*format!("[{fine}]")), ("b.json", "[{}]"), ("c.json", "{}")];
    let (verified, _) = release(&Scripted::new(0), &files);
    let VectorsError::Unreadable(problems) = of(&verified, &VectorLimits::DEFAULT).unwrap_err() else { panic!() };
    let lines: Vec<_> = problems.iter().map(ToString::to_string).collect();
    assert_eq!(
        lines,
        [
            "loan: b.json:1:2: [0]: it is not a test vector: missing field `name`",
            "loan: c.json: it is not a list of test vectors: write `[`, objects, and `]`",
        ]
    );
    let (verified, release) = release(&Scripted::new(0), &files[..1]);
    assert_eq!(check_release(&verified, &release, &VectorLimits::DEFAULT).unwrap().run, 1);
}

#[test]
fn everything_that_is_wrong_with_a_file_of_vectors_is_said_with_its_position() {
    let text = r#"[
  {"name": "a", "ruleset": "plain", "record": {}, "now": "noon", "expect": {"plain": "PASSED"}},
  {"name": "a", "ruleset": "plain", "record": 5, "associated": [], "expect": {}},
  {"name": "", "ruleset": "plain", "record": {}, "expect": {"plain": "PASS"}}
]"#;
    assert_eq!(
        refusals(text.as_bytes()),
        [
            "v.json: [0].now: `noon` is not a time like `2026-01-31T12:00:00Z`",
            "v.json: [0].expect.plain: `PASSED` is not a status, did you mean `PASS`?",
            "v.json: [1].name: another vector of this file is called `a`",
            "v.json: [1].record: an object is expected",
            "v.json: [1].associated: an object is expected",
            "v.json: [1].expect: it expects nothing: name a rule, and what it must say",
            "v.json: [2].name: a name is expected",
        ]
    );
    let fine = vector("ä", "plain", 0, r#"{"plain": "PASS"}"#);
    for (text, reason) in [
        (
            format!("[{fine}, {{\"name\": \"b\", \"name\": \"c\"}}]"),
            "v.json:1:123: [1]: the key `name` for the second time",
        ),
        (
            format!("[\n{}]", fine.replace("\"n\": 0", "\"x\": [{\"n\": 0, \"\\u006e\": 1}]")),
            "v.json:2:84: [0]: the key `n`",
        ),
        (format!("[{fine}"), "v.json:1:"),
        (format!("[{fine}] x"), "v.json:1:"),
        (format!("[{fine},]"), "v.json:1:"),
        (format!("[{}]", fine.replace('}', ", \"more\": 1}")), "v.json:1:"),
        ("[5, null]".to_owned(), "v.json:1:2: [0]: it is not a test vector: invalid type"),
        (String::new(), "v.json: it is not a list of test vectors"),
        ("\u{feff}[]".to_owned(), "v.json: it is not a list of test vectors"),
    ] {
        let refused = refusals(text.as_bytes());
        assert!(refused[0].starts_with(reason), "{text}: {refused:?}");
    }
    assert!(refusals(b"[\"\xff\"]")[0].contains("UTF-8"));
    assert_eq!(parse("v.json", b" [] ").unwrap().len(), 0);
}

#[test]
fn a_hostile_file_of_vectors_costs_little() {
    let nested = |levels: usize| {
        let record = format!("{}0{}", "{\"a\":".repeat(levels), "}".repeat(levels));
        format!(
            "[{{\"name\": \"a\", \"ruleset\": \"plain\", \"record\": {record}, \"expect\": {{\"plain\": \"PASS\"}}}}]"
        )
    };
    assert!(parse("v.json", nested(63).as_bytes()).is_ok());
    assert!(refusals(nested(64).as_bytes())[0].contains("more than 64 arrays and objects inside of each other"));
    assert!(parse("v.json", nested(1_000_000).as_bytes()).is_err());
    assert!(parse("v.json", "[".repeat(1 << 20).as_bytes()).is_err());

    let many = |count: usize| {
        let all: Vec<_> = (0..count).map(|n| vector(&n.to_string(), "plain", 0, r#"{"plain": "PASS"}"#)).collect();
        format!("[{}]", all.join(","))
    };
    assert_eq!(parse("v.json", many(10_000).as_bytes()).unwrap().len(), 10_000);
    assert!(refusals(many(10_001).as_bytes())[0].contains("[10000]: it is one more than the 10000 vectors"));
    assert_eq!(refusals(format!("[{}5]", "5,".repeat(1 << 20)).as_bytes()).len(), 100);

    let padded = |bytes: usize| format!("[{}]", " ".repeat(bytes - 2));
    assert!(parse("v.json", padded(16 << 20).as_bytes()).is_ok());
    assert_eq!(refusals(padded((16 << 20) + 1).as_bytes()), ["v.json: it has more than 16 MiB"]);
    let long = vector("a", "plain", 0, r#"{"plain": "PASS"}"#).replace("loan", &"x".repeat(4 << 20));
    assert!(refusals(format!("[{long}]").as_bytes())[0].contains("4194304 bytes"));
}

#[test]
fn two_releases_differ_where_status_or_code_do() {
    let component = Scripted::new(0);
    let (_, old) = release(&component, &[]);
    let vectors = list(&[
        vector("same", "plain", 0, r#"{"plain": "PASS"}"#),
        vector("late", "late", 9, r#"{"late": "PASS"}"#),
        vector("nowhere", "plane", 9, r#"{"late": "PASS"}"#),
    ]);
    let judged = judge(&old, &vectors, &VectorLimits::DEFAULT).unwrap();
    assert_eq!((judged.len(), judged.is_empty()), (3, false));
    assert_eq!(judged.get(&vectors[0], "plain").map(|verdict| verdict.status), Some(Status::Pass));
    assert!(judged.get(&vectors[2], "late").is_none());
    assert_eq!(differences(&judged, &judged), []);

    let (_, new) = release(&Scripted::new(u32::MAX), &[]);
    let changed = judge(&new, &vectors, &VectorLimits::DEFAULT).unwrap();
    let found: Vec<_> = differences(&judged, &changed)
        .into_iter()
        .map(|Difference { file, vector, rule, old, new }| {
            let new = new.unwrap();
            (file, vector, rule, old.status, new.status, new.code.unwrap())
        })
        .collect();
    let expected =
        |rule: &str, old, new, code: &str| ("v.json".into(), "late".into(), rule.into(), old, new, code.into());
    assert_eq!(
        found,
        [
            expected("late", Status::Pass, Status::Error, "deadline"),
            expected("plain", Status::Warn, Status::Norun, "parent"),
        ]
    );
    // What is gone is a difference, what is new is none.
    let nothing = Verdicts::default();
    assert!(differences(&nothing, &judged).is_empty());
    assert!(differences(&judged, &nothing).iter().all(|difference| difference.new.is_none()));
}

#[test]
fn a_problem_of_a_failure_is_worded_alike() {
    let report = outcome(0, &[vector("a", "plain", 1, r#"{"plain": "PASS"}"#)]);
    let problems = Problems::from(jurat_yaml::Problem::from(&report.failures[0]));
    assert_eq!(problems.to_string(), report.failures[0].to_string());
}
