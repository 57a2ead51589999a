//! Observers and guards.

use std::fs;
use std::num::NonZeroU64;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use jurat_model::Blame;
use tokio::runtime::Builder;

use super::site::{LOAN, LOANS, QUICK, Site};
use crate::observe::{Call, CallGuard, Event, Observer, Operation, Outcome};
use crate::{
    CallContext, CallError, CallErrorKind, Held, JudgedWindow, PinnedBy, RecordSource, RulesetName, Service, Settings,
    host_state,
};

/// Records a line for each event.
#[derive(Default)]
struct Diary(Mutex<Vec<String>>);

impl Diary {
    fn take(&self) -> Vec<String> {
        std::mem::take(&mut self.0.lock().unwrap())
    }
}

impl Observer for Diary {
    fn observe(&self, event: &Event<'_>) {
        let of = |call: &Call| {
            let [ruleset, who] = [call.ruleset(), call.context().principal()].map(|name| name.unwrap_or("-"));
            format!("{} {ruleset} {who}", call.operation())
        };
        let line = match event {
            Event::CallAdmitted(call) => format!("admitted {}", of(call)),
            Event::CallQueued(call) => format!("queued {}", of(call)),
            Event::CallStarted(call) => format!("started {}", of(call)),
            Event::CallEnded(ended) => {
                let kind = ended.outcome.kind().map_or("ok", CallErrorKind::code);
                format!("ended {} {kind} {}", of(ended.call), ended.outcome.records())
            }
            Event::Operator(action) => {
                let who = action.context.and_then(CallContext::principal);
                let error = action.error.map_or("ok", |error| error.kind().code());
                format!("{} {} {:?} {:?} {error}", action.action, who.unwrap_or("-"), action.by, action.reload)
            }
            Event::ReleasePolled(polled) => format!("polled {}", if polled.error.is_some() { "failed" } else { "ok" }),
            Event::ReleasePrepared(prepared) => format!("prepared {}", prepared.release.version),
            Event::ReleaseSwitched(switched) => {
                let version =
                    |identity: Option<&crate::Identity>| identity.map_or("none".into(), |it| it.version.clone());
                format!("switched {} {}", version(switched.from), version(switched.to))
            }
            Event::ReleaseRefused(refused) => format!("refused {:?}", refused.error.blame()),
            Event::Window(judged) => format!("window {}", judged.window.records().count()),
            other => format!("{other:?}"),
        };
        self.0.lock().unwrap().push(line);
    }
}

/// A service with an observer, whose record is empty.
fn watched(site: &Site) -> (Service, Arc<Diary>) {
    let diary = Arc::new(Diary::default());
    let settings = Settings { poll: Duration::from_secs(86_400), ..site.settings() };
    let service = site.builder(settings).with_observer(Arc::clone(&diary)).open().unwrap();
    (service, diary)
}

#[test]
fn the_events_of_a_call_come_in_their_order() {
    let site = Site::new();
    let (service, diary) = watched(&site);
    diary.take();
    let service = service.on_behalf_of(CallContext::new().with_principal("ann"));
    service.validate(LOANS, LOAN, QUICK).unwrap();
    let events = ["admitted", "queued", "started"].map(|what| format!("{what} validate quick ann"));
    let end = ["window 1".to_owned(), "ended validate quick ann ok 1".to_owned()];
    assert_eq!(diary.take(), [&events[..], &end[..]].concat());
    service.discover_rulesets().unwrap();
    assert_eq!(
        diary.take(),
        ["admitted", "started", "ended"].map(|what| match what {
            "ended" => "ended discover_rulesets - ann ok 0".to_owned(),
            what => format!("{what} discover_rulesets - ann"),
        })
    );
}

#[test]
fn the_events_of_a_call_are_the_same_while_nobody_waits_for_it() {
    let site = Site::new();
    let (service, diary) = watched(&site);
    let service = service.on_behalf_of(CallContext::new().with_principal("ann"));
    let runtime = Builder::new_current_thread().build().unwrap();
    let two = format!("{LOAN}\n{LOAN}");
    for (ruleset, text) in [("quick", LOAN), ("quick", &two), ("quick", "[]"), ("quick", "{]"), ("quikc", LOAN)] {
        let ruleset = RulesetName::new(ruleset);
        diary.take();
        let expected = service.validate(LOANS, text, ruleset).map_err(|error| error.kind());
        let events = diary.take();
        let result = runtime.block_on(service.asynchronous().validate(LOANS, text, ruleset));
        assert_eq!(result.is_ok(), expected.is_ok());
        assert_eq!(result.map_err(|error| error.kind()).err(), expected.err());
        assert_eq!(diary.take(), events);
        assert!(events.last().unwrap().starts_with("ended"), "{events:?}");
        assert_eq!(service.status().in_flight, 0);
    }
    service.close();
    runtime.block_on(service.asynchronous().validate(LOANS, LOAN, QUICK)).unwrap_err();
    assert_eq!(diary.take().last().unwrap(), "ended validate quick ann closed 0");
}

#[test]
fn every_call_takes_part_and_ends_once() {
    let site = Site::new();
    fs::write(site.path("loans.json"), format!("[{LOAN}]")).unwrap();
    let settings = site.with(|tenant| {
        tenant.data.roots = crate::settings::DataRoots::Listed(vec![site.path("")]);
    });
    let diary = Arc::new(Diary::default());
    let service = site.builder(settings).with_observer(Arc::clone(&diary)).open().unwrap();
    let (file, reserve) = (site.path("loans.json").display().to_string(), jurat_disk::reserve_memory::unlimited());
    let (request, mut sink) = (service.request("quick").unwrap(), |_| Ok(()));
    let unknown = jurat_trust::Digest::of(b"nothing");
    let calls: [(&str, &dyn Fn() -> bool); 9] = [
        ("validate", &|| service.validate(LOANS, "[]", QUICK).is_ok()),
        ("batch_validate", &|| service.batch_validate("[]", &["id"], QUICK).is_ok()),
        ("batch_file_validate", &|| service.batch_file_validate(&file, &[LOANS], &["id"], QUICK).is_ok()),
        ("read_data", &|| service.read_data(&file, &reserve).is_ok()),
        ("discover_rules", &|| service.discover_rules(LOANS, LOAN, QUICK).is_ok()),
        ("reload_logic", &|| service.reload_logic().is_ok()),
        ("pin", &|| service.pin(&unknown, PinnedBy::Library, None).is_ok()),
        ("rollback", &|| service.rollback(PinnedBy::Library, None).is_ok()),
        ("unpin", &|| service.unpin().is_ok()),
    ];
    for (name, call) in calls {
        diary.take();
        let is_ok = call();
        let events = diary.take();
        let count = |what: &str| events.iter().filter(|event| event.starts_with(&format!("{what} {name} "))).count();
        assert_eq!((count("admitted"), count("ended")), (1, 1), "{events:?}");
        assert!(count("started") <= 1, "{events:?}");
        let end = events.iter().find(|event| event.starts_with("ended")).unwrap();
        assert_eq!(end.contains(" ok "), is_ok, "{events:?}");
    }
    diary.take();
    service.judge(&request, LOAN.as_bytes().into(), &mut sink).unwrap();
    assert_eq!(diary.take().len(), 5);
    service.close();
    assert_eq!(diary.take(), ["close - None Some(Unchanged) ok"]);
    service.validate(LOANS, LOAN, QUICK).unwrap_err();
    assert_eq!(diary.take(), ["ended validate quick - closed 0"]);
}

#[test]
fn what_observers_count_agrees_with_what_callers_get() {
    #[derive(Default)]
    struct Counts(Mutex<(u64, u64, u64)>);
    impl Observer for Counts {
        fn observe(&self, event: &Event<'_>) {
            if let Event::CallEnded(ended) = event {
                let mut counts = self.0.lock().unwrap();
                counts.0 += 1;
                counts.2 += ended.outcome.summary().map_or(0, |summary| summary.failed);
            }
            if let Event::Window(judged) = event {
                self.0.lock().unwrap().1 += judged.window.records().count() as u64;
            }
        }
    }
    let site = Site::new();
    let (first, second) = (Arc::new(Counts::default()), Arc::new(Counts::default()));
    let builder = site.builder(site.settings()).with_observer(Arc::clone(&first));
    let service = builder.with_observer(Arc::clone(&second)).open().unwrap();
    let (mut calls, mut records, mut failed) = (0, 0, 0);
    for count in [0, 1, 3_000] {
        let text = format!("[{}]", vec![LOAN; count].join(","));
        let request = service.request("quick").unwrap();
        let summary = service.judge_list(&request, &text, &mut |_| Ok(())).unwrap();
        (calls, records, failed) = (calls + 1, records + summary.records, failed + summary.failed);
    }
    assert_eq!((records, failed > 0), (3_001, true));
    for counts in [first, second] {
        assert_eq!(*counts.0.lock().unwrap(), (calls, records, failed));
    }
}

#[test]
fn an_observer_that_panics_changes_no_answer_and_costs_the_others_nothing() {
    struct Broken;
    impl Observer for Broken {
        fn observe(&self, _: &Event<'_>) {
            std::panic::resume_unwind(Box::new("broken"));
        }
    }
    let site = Site::new();
    let diary = Arc::new(Diary::default());
    let builder = site.builder(site.settings()).with_observer(Broken);
    let service = builder.with_observer(Arc::clone(&diary)).open().unwrap();
    diary.take();
    let result = service.validate(LOANS, LOAN, QUICK).unwrap();
    assert_eq!(result.results[0].status, jurat_model::Status::Fail);
    assert_eq!(diary.take().len(), 5);
    assert_eq!(service.status().in_flight, 0);
}

#[test]
fn changes_of_releases_and_their_operators_are_observed() {
    let site = Site::new();
    let (service, diary) = watched(&site);
    assert_eq!(diary.take(), ["polled ok", "prepared 1.0.0", "switched none 1.0.0"]);
    site.publish("1.1.0", &["quick"]);
    let service = service.on_behalf_of(CallContext::new().with_principal("ann"));
    service.reload_logic().unwrap();
    let call = ["admitted reload_logic - ann", "started reload_logic - ann"];
    let ended = ["ended reload_logic - ann ok 0", "reload_logic ann None Some(Switched) ok"];
    assert_eq!(diary.take(), [&call[..], &["polled ok", "prepared 1.1.0", "switched 1.0.0 1.1.0"], &ended].concat());
    service.rollback(PinnedBy::Library, None).unwrap();
    let events = diary.take();
    assert!(events.contains(&"switched 1.1.0 1.0.0".to_owned()), "{events:?}");
    assert_eq!(events.last().unwrap(), "rollback ann Some(Library) Some(Switched) ok");
    service.unpin().unwrap();
    site.revoke();
    service.reload_logic().unwrap_err();
    let events = diary.take();
    assert!(events.contains(&"polled failed".to_owned()), "{events:?}");
    assert!(events.contains(&"refused Publisher".to_owned()), "{events:?}");
    assert!(events.contains(&"switched 1.1.0 none".to_owned()), "{events:?}");
    assert_eq!(events.last().unwrap(), "reload_logic ann None None reload");
}

#[test]
fn a_pin_of_another_process_is_told_and_that_of_this_one_only_once() {
    let site = Site::new();
    let state = site.path("state");
    let diary = Arc::new(Diary::default());
    let settings = Settings { state: Some(state), poll: Duration::from_secs(86_400), ..site.settings() };
    let service = site.builder(settings.clone()).with_observer(Arc::clone(&diary)).open().unwrap();
    let manifest = service.identity().unwrap().manifest;
    let state = host_state(&settings, None).unwrap();
    state.pin(&manifest.to_string(), site.now(), Some("from outside".to_owned())).unwrap();
    // A time after which the test fails, not one that it waits for.
    let patience = std::time::Instant::now() + Duration::from_secs(60);
    let mut events = Vec::new();
    while !events.iter().any(|event: &String| event.starts_with("pin")) {
        assert!(std::time::Instant::now() < patience, "{events:?}");
        events.extend(diary.take());
        std::thread::yield_now();
    }
    service.unpin().unwrap();
    service.reload_logic().unwrap();
    events.extend(diary.take());
    let is_action = |event: &&String| event.starts_with("pin") || event.starts_with("unpin");
    let actions: Vec<_> = events.iter().filter(is_action).collect();
    assert_eq!(actions, ["pin - Some(Cli) Some(Unchanged) ok", "unpin - None Some(Unchanged) ok"]);
}

/// Holds back the calls of one principal at admission, those of another before the answer.
struct Gate {
    most: NonZeroU64,
    answers: Mutex<Vec<String>>,
}

impl CallGuard for Gate {
    fn admit(&self, call: &Call) -> Result<(), Held> {
        match call.context().principal() {
            Some("stopped") => Err(Held::new("quota_exceeded", Blame::Caller, "there were enough calls for today")),
            Some("broken") => std::panic::resume_unwind(Box::new("broken")),
            _ => Ok(()),
        }
    }

    fn before_answer(&self, call: &Call, outcome: &Outcome<'_>) -> Result<(), Held> {
        let kind = outcome.kind().map_or("ok", CallErrorKind::code);
        self.answers.lock().unwrap().push(format!("{} {kind} {}", call.operation(), outcome.records()));
        if outcome.records() > self.most.get() {
            return Err(Held::new("store_full", Blame::Host, "the decisions cannot be stored"));
        }
        Ok(())
    }
}

#[test]
fn a_guard_holds_calls_back_at_admission_and_before_the_answer() {
    let site = Site::new();
    let gate = Arc::new(Gate { most: NonZeroU64::MIN, answers: Mutex::default() });
    let diary = Arc::new(Diary::default());
    let builder = site.builder(site.settings()).with_guard(Arc::clone(&gate)).with_observer(Arc::clone(&diary));
    let service = builder.open().unwrap();
    let of = |name: &str| service.on_behalf_of(CallContext::new().with_principal(name));
    diary.take();

    let error = of("stopped").validate(LOANS, LOAN, QUICK).unwrap_err();
    assert!(matches!(&error, CallError::Held(held) if held.code() == "quota_exceeded"));
    assert_eq!((error.kind(), error.blame()), (CallErrorKind::Held, Blame::Caller));
    assert_eq!(error.to_string(), "there were enough calls for today");
    assert_eq!(diary.take(), ["ended validate quick stopped held 0"]);
    assert!(gate.answers.lock().unwrap().is_empty());
    for error in [of("stopped").reload_logic().unwrap_err(), of("stopped").discover_rulesets().unwrap_err()] {
        assert!(matches!(error, CallError::Held(_)));
    }

    // Nothing leaves that a guard should have seen.
    let error = of("broken").validate(LOANS, LOAN, QUICK).unwrap_err();
    assert!(matches!(&error, CallError::Held(held) if held.code() == "guard_failed"));

    diary.take();
    assert!(of("ann").validate(LOANS, LOAN, QUICK).is_ok());
    let error = of("ann").batch_validate(&format!("[{LOAN},{LOAN}]"), &["id"], QUICK).unwrap_err();
    assert_eq!((error.kind(), error.blame()), (CallErrorKind::Held, Blame::Host));
    assert_eq!(diary.take().last().unwrap(), "ended batch_validate quick ann held 2");
    // Also where there is no answer but an error.
    of("ann").validate(LOANS, LOAN, RulesetName::new("quikc")).unwrap_err();
    // And where no thread would wait for the answer.
    let runtime = Builder::new_current_thread().build().unwrap();
    runtime.block_on(of("ann").asynchronous().validate(LOANS, LOAN, QUICK)).unwrap();
    let error = runtime.block_on(of("stopped").asynchronous().validate(LOANS, LOAN, QUICK)).unwrap_err();
    assert!(matches!(error, CallError::Held(_)));
    let answers = ["validate ok 1", "batch_validate ok 2", "validate unknown_ruleset 0", "validate ok 1"];
    assert_eq!(*gate.answers.lock().unwrap(), answers);
    assert_eq!(service.status().in_flight, 0);
}

#[test]
fn a_call_that_panics_has_ended() {
    let site = Site::new();
    let (service, diary) = watched(&site);
    diary.take();
    let request = service.request("quick").unwrap();
    let broken = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
        service.judge(&request, LOAN.as_bytes().into(), &mut |_| std::panic::resume_unwind(Box::new("broken")))
    }));
    assert!(broken.is_err());
    assert_eq!(diary.take().last().unwrap(), "ended judge quick - internal 0");
    assert_eq!(service.status().in_flight, 0);
}

#[test]
fn operations_have_the_names_of_their_methods() {
    assert_eq!([Operation::Validate, Operation::ReloadLogic].map(Operation::name), ["validate", "reload_logic"]);
    assert!(Operation::Judge.judges() && !Operation::ReadData.judges());
}

#[test]
fn gauges_rise_and_fall_with_calls() {
    let service = Site::new().open();
    let request = service.request("quick").unwrap();
    let watched = service.clone();
    let during = move |_: &JudgedWindow<'_>| {
        let gauges = watched.gauges();
        let [tenant] = &*gauges.tenants else { panic!("{gauges:?}") };
        assert_eq!((gauges.in_flight, gauges.busy_workers), (1, 1));
        assert_eq!((tenant.queued_windows, tenant.running_windows), (0, 1));
    };
    let loan = RecordSource::text(LOAN.as_bytes().into());
    service.judge_windows(&request, loan, during, &mut |()| Ok(())).unwrap();
    let gauges = service.gauges();
    assert_eq!((gauges.in_flight, gauges.waiting, gauges.workers), (0, 0, 1));
    assert_eq!(
        gauges.tenants.iter().map(|tenant| (&*tenant.name, tenant.fetching)).collect::<Vec<_>>(),
        [("default", 0)]
    );
}
