//! What an observer is given: every window once, as it was answered, and what the rules were given for it.

use std::num::{NonZeroU32, NonZeroUsize};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use jurat_engine::{
    Associated, CallTiming, ChunkTiming, EntitySource, FetchTiming, JudgeError, JudgedRule, JudgedWindow, RecordSource,
    RelatedEntity, Request, Supplied, Supplier, UnavailableCause, Wanted, WindowObserver, judge_windows,
};
use jurat_model::{CallContext, Limits};
use serde_json::json;

use crate::fixture::{Fixture, ReleaseSpec, SCHEMAS, obedient, request, workers};
use crate::mixed;

/// Keeps what it is given.
#[derive(Default)]
struct Recorder {
    windows: Mutex<Vec<Vec<Seen>>>,
    fetches: AtomicUsize,
    chunks: AtomicUsize,
    calls: AtomicUsize,
}

/// A record, by its index among the texts and its offset, and its result as it is written.
type Seen = ((usize, u64), String);

fn see(window: &JudgedWindow<'_>) -> Vec<Seen> {
    let seen = window.records().map(|record| {
        let written = serde_json::to_string(&record).unwrap();
        assert_eq!(written, serde_json::to_string(&record.result()).unwrap());
        ((record.source(), record.at().offset), written)
    });
    seen.collect()
}

impl WindowObserver for Recorder {
    fn window(&self, window: &JudgedWindow<'_>) {
        self.windows.lock().unwrap().push(see(window));
    }

    fn fetched(&self, _: &CallContext, _: &FetchTiming) {
        self.fetches.fetch_add(1, Ordering::Relaxed);
    }

    fn chunk(&self, _: &CallContext, timing: &ChunkTiming<'_>) {
        assert!(timing.records > 0 && timing.entity_type == "loan");
        self.chunks.fetch_add(1, Ordering::Relaxed);
    }

    fn called(&self, _: &CallContext, timing: &CallTiming<'_>) {
        assert!(timing.records > 0 && timing.usage.calls > 0 && timing.component.is_some(), "{timing:?}");
        self.calls.fetch_add(1, Ordering::Relaxed);
    }
}

/// Judges a text, and returns what was handed over, part by part.
fn judged(fixture: &Fixture, request: &Request, threads: usize, text: &[u8]) -> Vec<Vec<Seen>> {
    let workers = workers(threads);
    let mut windows = Vec::new();
    let (queue, source) = (workers.queue(NonZeroUsize::MAX), RecordSource::text(text.into()));
    judge_windows(fixture.serving(), &queue, request, source, see, &mut |window| {
        windows.push(window);
        Ok(())
    })
    .unwrap();
    windows
}

#[test]
fn every_window_is_observed_once_as_it_was_answered() {
    let text = mixed::records(5_000).join(&b'\n');
    for suspend_after in [1, 20, 300, u32::MAX] {
        for (rows, threads) in [(1, 2), (7, 1), (64, 3), (1_024, 2), (4_096, 4)] {
            let (fixture, recorder) = (Fixture::new(&mixed::release()), Arc::new(Recorder::default()));
            let plain = mixed::timeless().with_rows(rows).with_suspend_after(NonZeroU32::new(suspend_after).unwrap());
            let request = plain.clone().with_observer(Arc::clone(&recorder) as _);
            let answered = judged(&fixture, &request, threads, &text).concat();
            let mut observed = std::mem::take(&mut *recorder.windows.lock().unwrap());
            observed.sort();
            assert!(observed.concat() == answered, "{suspend_after} guilty records, {rows} rows, {threads} threads");
            // The observer has changed nothing.
            assert!(judged(&Fixture::new(&mixed::release()), &plain, threads, &text).concat() == answered);
        }
    }
}

#[test]
fn a_request_without_records_is_observed_as_nothing() {
    let (fixture, recorder) = (Fixture::new(&mixed::release()), Arc::new(Recorder::default()));
    assert!(judged(&fixture, &request().with_observer(Arc::clone(&recorder) as _), 2, b" \n").is_empty());
    assert!(recorder.windows.lock().unwrap().is_empty());
}

#[test]
fn an_observer_hears_of_the_beginning_once_and_before_everything_else() {
    #[derive(Default)]
    struct Heard(Mutex<Vec<&'static str>>);
    impl WindowObserver for Heard {
        fn started(&self, call: &CallContext) {
            assert_eq!(call.principal(), Some("clerk"));
            self.0.lock().unwrap().push("started");
        }

        fn window(&self, _: &JudgedWindow<'_>) {
            self.0.lock().unwrap().push("window");
        }
    }
    let heard = |records: usize| {
        let (fixture, heard) = (Fixture::new(&mixed::release()), Arc::new(Heard::default()));
        let request = mixed::timeless().with_rows(10).with_context(sampled(false));
        let text = mixed::records(records).join(&b'\n');
        judged(&fixture, &request.with_observer(Arc::clone(&heard) as _), 2, &text);
        let heard = heard.0.lock().unwrap();
        heard.clone()
    };
    assert_eq!(heard(35), ["started", "window", "window", "window", "window"]);
    assert!(heard(0).is_empty());
}

#[test]
fn windows_that_were_handed_over_are_observed_although_the_output_fails() {
    let (fixture, recorder) = (Fixture::new(&mixed::release()), Arc::new(Recorder::default()));
    let request = mixed::timeless().with_rows(10).with_observer(Arc::clone(&recorder) as _);
    let source = RecordSource::text(mixed::records(2_000).join(&b'\n').into());
    let workers = workers(2);
    let (queue, mut answered) = (workers.queue(NonZeroUsize::MAX), Vec::new());
    let failed = judge_windows(fixture.serving(), &queue, &request, source, see, &mut |window| {
        answered.push(window);
        if answered.len() < 30 { Ok(()) } else { Err(std::io::ErrorKind::BrokenPipe.into()) }
    });
    assert!(matches!(failed, Err(JudgeError::Output(_))) && answered.len() == 30);
    let mut observed = std::mem::take(&mut *recorder.windows.lock().unwrap());
    observed.sort();
    assert_eq!(observed, answered);
}

#[test]
fn a_panic_of_an_observer_is_its_own() {
    struct Faulty;
    impl WindowObserver for Faulty {
        fn window(&self, _: &JudgedWindow<'_>) {
            panic!("the observer is faulty");
        }

        fn called(&self, _: &CallContext, _: &CallTiming<'_>) {
            panic!("the observer is faulty here too");
        }
    }
    let text = mixed::records(500).join(&b'\n');
    for rows in [1, 50, 1_024] {
        let plain = mixed::timeless().with_rows(rows);
        let request = plain.clone().with_observer(Arc::new(Faulty)).with_context(sampled(true));
        let fixture = Fixture::new(&mixed::release());
        assert_eq!(judged(&fixture, &request, 2, &text), judged(&fixture, &plain, 2, &text));
    }
}

#[test]
fn windows_that_are_observed_count_among_those_under_way() {
    #[derive(Default)]
    struct Slow {
        opened: AtomicUsize,
        observed: AtomicUsize,
        most: AtomicUsize,
    }
    impl WindowObserver for Slow {
        fn window(&self, _: &JudgedWindow<'_>) {
            for _ in 0..100 {
                std::thread::yield_now();
            }
            let under_way = self.opened.load(Ordering::SeqCst) - self.observed.load(Ordering::SeqCst);
            self.most.fetch_max(under_way, Ordering::SeqCst);
            self.observed.fetch_add(1, Ordering::SeqCst);
        }
    }
    for threads in [1, 2, 4] {
        let (fixture, slow) = (Fixture::new(&mixed::release()), Arc::new(Slow::default()));
        let opened = Arc::clone(&slow);
        let mut texts = mixed::records(3_000).into_iter().map(|record| {
            opened.opened.fetch_add(1, Ordering::SeqCst);
            let text: Box<dyn std::io::Read> = Box::new(std::io::Cursor::new(record));
            Ok(text)
        });
        let request = mixed::timeless().with_observer(Arc::clone(&slow) as _);
        let (workers, mut windows) = (workers(threads), 0);
        let (queue, source) = (workers.queue(NonZeroUsize::MAX), RecordSource::texts(&mut texts));
        judge_windows(fixture.serving(), &queue, &request, source, |_| (), &mut |()| {
            windows += 1;
            Ok(())
        })
        .unwrap();
        assert_eq!(slow.observed.load(Ordering::SeqCst), windows);
        // A text that is empty is opened and gives no window.
        let empty = slow.opened.load(Ordering::SeqCst) - windows;
        let most = slow.most.load(Ordering::SeqCst);
        assert!(most <= threads * 2 + 2 + empty, "{most} windows were under way");
    }
}

fn sampled(is_sampled: bool) -> CallContext {
    let trace = format!("00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-0{}", u8::from(is_sampled));
    CallContext::new().with_principal("clerk").with_trace(trace.parse().unwrap())
}

#[test]
fn steps_are_timed_for_sampled_requests_only() {
    let spec = related_spec();
    let text = (0..300).map(|id| loan(&id.to_string()) + "\n").collect::<String>();
    for (context, is_timed) in [(CallContext::new(), false), (sampled(false), false), (sampled(true), true)] {
        let recorder = Arc::new(Recorder::default());
        let request = request().with_rows(100).with_supplier(Arc::new(Hints)).with_context(context);
        let request = request.with_observer(Arc::clone(&recorder) as _);
        judged(&Fixture::new(&spec), &request, 2, text.as_bytes());
        let counts = [&recorder.fetches, &recorder.chunks, &recorder.calls].map(|count| count.load(Ordering::Relaxed));
        // Each window asks about 64 records and then the rest, and has one chunk and one rule.
        assert_eq!(counts, if is_timed { [6, 3, 3] } else { [0; 3] });
    }
}

/// A rule that reads three related entities.
fn related_spec() -> ReleaseSpec {
    let mut spec = obedient(&[("a", 0)], [vec![json!("a")], Vec::new()]);
    spec.rules[0]
        .inputs
        .extend(["given.limit", "kept.limit", "new.limit", "none.limit"].map(|input| format!("{input}:decimal")));
    spec.rules[0].inputs.push("now:timestamp!".to_owned());
    spec.field_maps.insert("facility.json".to_owned(), json!({"limit": {"physical_path": "terms.limit"}}));
    spec.defaults.insert("facility".to_owned(), "facility.json".to_owned());
    spec
}

fn loan(id: &str) -> String {
    json!({"id": id, "$schema": SCHEMAS[0], "a": "warn"}).to_string()
}

/// Supplies what the names of terms say.
#[derive(Debug)]
struct Hints;

impl Supplier for Hints {
    fn supply(&self, wanted: &[Wanted<'_>]) -> Vec<Vec<Supplied>> {
        let entity = |limit: &str| Arc::from(format!(r#"{{"entity_type":"facility","terms":{{"limit":{limit}}}}}"#));
        let answer = |term: &&str| match *term {
            "kept" => Supplied::Entity { text: entity("1.10"), is_cached: true, is_stale: true },
            "new" => Supplied::Entity { text: entity("2"), is_cached: false, is_stale: false },
            _ => Supplied::Unavailable {
                code: "disabled",
                reason: Arc::from("nobody knows"),
                cause: UnavailableCause::Failure,
            },
        };
        wanted.iter().map(|wanted| wanted.terms.iter().map(answer).collect()).collect()
    }
}

#[test]
fn an_observer_is_lent_what_the_rules_were_given() {
    #[derive(Default)]
    struct Reader(Mutex<Vec<String>>);
    impl WindowObserver for Reader {
        fn window(&self, window: &JudgedWindow<'_>) {
            assert_eq!(window.call().principal(), Some("clerk"));
            assert_eq!((window.ruleset(), window.run().now), ("main", request().run().now));
            assert_eq!(window.evidence().map(|evidence| evidence.manifest()), Some(window.manifest()));
            for record in window.records() {
                let text = str::from_utf8(record.text().unwrap()).unwrap();
                let mut said = vec![format!("{} {:?} {text}", record.entity_id(), record.entity_type())];
                for rule in record.rules() {
                    let inputs = rule.inputs().map(|input| {
                        format!("{} {} {}", input.input, input.pointer.unwrap_or("-"), input.token.unwrap_or("-"))
                    });
                    let usage = rule.usage();
                    assert_eq!((usage.limits, usage.records, usage.usage.calls), (Some(&Limits::DEFAULT), 1, 1));
                    assert_eq!(rule.limits(), Some(&Limits::DEFAULT));
                    said.push(format!("{} {} {:?}", rule.rule_id(), rule.status(), inputs.collect::<Vec<_>>()));
                }
                said.extend(record.related().map(|related| match related {
                    RelatedEntity::Available { term, text, source, is_stale } => {
                        format!("{term} {source:?} {is_stale} {text}")
                    }
                    RelatedEntity::Unavailable { term, code } => format!("{term} {code}"),
                }));
                said.extend(record.error().map(|error| error.kind.code().to_owned()));
                self.0.lock().unwrap().push(said.join("\n"));
            }
        }
    }
    let reader = Arc::new(Reader::default());
    let given = json!({"L": {"given": {"entity_type": "facility", "terms": {"limit": 90_000}}}}).to_string();
    let request = request()
        .with_associated(Associated::parse(given.as_bytes()).unwrap())
        .with_supplier(Arc::new(Hints))
        .with_context(sampled(false))
        .with_observer(Arc::clone(&reader) as _);
    let fixture = Fixture::new(&related_spec()).vouched("loan", false);
    judged(&fixture, &request, 1, format!("{}\nnonsense", loan("L")).as_bytes());
    let facility = |limit: &str| format!(r#"{{"entity_type":"facility","terms":{{"limit":{limit}}}}}"#);
    let expected = [
        [
            format!("L Some(\"loan\") {}", loan("L")),
            concat!(
                r#"a WARN ["a /a \"warn\"", "given.limit /terms/limit 90000", "kept.limit /terms/limit 1.10", "#,
                r#""new.limit /terms/limit 2", "none.limit - -", "now - \"2024-01-01T00:00:00Z\""]"#
            )
            .to_owned(),
            format!("given {:?} false {}", EntitySource::Request, facility("90000")),
            format!("kept {:?} true {}", EntitySource::Cache, facility("1.10")),
            format!("new {:?} false {}", EntitySource::Service, facility("2")),
            "none disabled".to_owned(),
        ]
        .join("\n"),
        "unknown None nonsense\njson_syntax".to_owned(),
    ];
    assert_eq!(*reader.0.lock().unwrap(), expected);
}

/// What is seen of the records of a text while it is judged.
fn seen(fixture: &Fixture, text: &str, see: fn(&JudgedWindow<'_>) -> Vec<String>) -> Vec<String> {
    let (workers, mut seen) = (workers(1), Vec::new());
    let (queue, source) = (workers.queue(NonZeroUsize::MAX), RecordSource::text(Arc::from(text.as_bytes())));
    judge_windows(fixture.serving(), &queue, &request(), source, see, &mut |part| {
        seen.extend(part);
        Ok(())
    })
    .unwrap();
    seen
}

#[test]
fn usage_is_told_of_every_rule_that_was_called_and_of_no_other() {
    let trees = [vec![json!({"a": ["b"]}), json!("nobody")], vec![json!("c")]];
    let fixture = Fixture::new(&obedient(&[("a", 0), ("b", 1), ("c", 0)], trees));
    let used = |words: [&str; 3]| {
        let record = |(word, schema): (_, usize)| json!({"$schema": SCHEMAS[schema], "a": word}).to_string() + "\n";
        let text: String = words.into_iter().zip([0, 0, 1]).map(record).collect();
        seen(&fixture, &text, |window| {
            window.usage().map(|usage| format!("{} {}", usage.rule_id, usage.records)).collect()
        })
    };
    assert_eq!(used(["pass", "fail", "pass"]), ["a 2", "b 1", "c 1"]);
    assert_eq!(used(["fail", "fail", "pass"]), ["a 2", "c 1"]);
}

#[test]
fn a_rule_is_seen_with_its_place_its_component_and_its_certainty() {
    let trees = [vec![json!("a"), json!({"b": [{"c": ["d"]}]}), json!("nobody")], Vec::new()];
    let fixture = Fixture::new(&obedient(&[("a", 0), ("b", 1), ("c", 0), ("d", 1)], trees));
    let text = json!({"$schema": SCHEMAS[0], "a": "trap", "b": "pass", "c": "deadline"}).to_string();
    let rules = seen(&fixture, &text, |window| {
        let rules = window.records().flat_map(|record| record.rules().collect::<Vec<_>>());
        let line = |rule: JudgedRule<'_>| {
            let certainty = ["certain", "uncertain"][usize::from(rule.is_indeterminate())];
            let said = format!("{} {} {certainty}", rule.rule_id(), rule.status());
            let (place, limits) = ((rule.index(), rule.parent()), rule.limits());
            format!("{place:?} {said} {:?} {:?}", rule.component(), limits.is_some())
        };
        rules.map(line).collect()
    });
    let expected = [
        r#"(0, None) a ERROR certain Some("digest of component 0") true"#,
        r#"(1, None) b PASS certain Some("digest of component 1") true"#,
        r#"(2, Some(1)) c ERROR uncertain Some("digest of component 0") true"#,
        r#"(3, Some(2)) d NORUN certain Some("digest of component 1") true"#,
        r#"(4, None) nobody NORUN certain None false"#,
    ];
    assert_eq!(rules, expected);
}
