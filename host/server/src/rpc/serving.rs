//! Calls and their results: the one place where the protocol meets the service.

use std::io;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use jurat::{AsyncService, Input, JudgedWindow, PinnedBy, Reload, Request, Room, RuleResult, Service};
use serde::Serialize;
use serde::ser::{SerializeMap, Serializer};
use serde_json::json;

use super::budget::{Budget, Charge};
use super::call::{Asked, Call, Judging};
use super::failure::Failure;
use super::output::Output;
use super::work::{Answer, Answers};

/// By which way somebody holds on to a release.
const BY: PinnedBy = PinnedBy::Rpc;

/// Answers calls with a service.
#[derive(Debug)]
pub(crate) struct Serving {
    service: AsyncService,
    /// The memory for what is judged.
    budget: Arc<Budget>,
}

impl Serving {
    pub(crate) fn new(service: AsyncService, budget: Arc<Budget>) -> Self {
        Self { service, budget }
    }
}

impl Answers for Serving {
    fn answer(&self, call: Call, output: Output) -> Answer {
        Box::pin(answer(self.service.clone(), Arc::clone(&self.budget), call, output))
    }
}

async fn answer(service: AsyncService, budget: Arc<Budget>, call: Call, mut output: Output) -> Result<Output, Failure> {
    let service = match &call.tenant {
        Some(name) => service.tenant(name)?,
        None => service,
    };
    match call.asked {
        // These wait for nothing, and are answered also where everything else is busy.
        Asked::Version => output.value(&json!({"name": "jurat", "version": env!("CARGO_PKG_VERSION")}))?,
        Asked::Health => output.value(&json!({"status": service.blocking().status().health}))?,
        Asked::Status => output.value(&service.blocking().status())?,
        Asked::CacheAge => {
            output.value(&json!({"cache_age": service.blocking().cache_age()?.as_secs_f64()}))?;
        }
        asked => {
            let made = service.run(move |service| {
                let made = perform(service, &budget, asked, &mut output);
                made.map(|()| output)
            });
            return made.await?;
        }
    }
    Ok(output)
}

/// Makes a call that may take its time.
fn perform(service: &Service, budget: &Arc<Budget>, asked: Asked, output: &mut Output) -> Result<(), Failure> {
    // It may have waited for a thread for so long that nobody waits for it any more.
    output.check()?;
    match asked {
        Asked::Validate { record, entity_type, judging } => {
            let request = Request { entity_type: Some(entity_type), ..request(service, judging)? };
            let result = service.judge_one(&request, &record)?;
            output.records = Some(1);
            let rules = result.results.iter();
            let (now, unsigned, release) = (result.now.as_deref(), result.unsigned, result.release.as_deref());
            output.value(&rules.map(|rule| TopRule { rule, now, unsigned, release }).collect::<Vec<_>>())
        }
        Asked::Batch { records, id_fields, judging } => {
            let request = Request { id_fields, ..request(service, judging)? };
            judge(service, &request, records, output)
        }
        Asked::File { uri, entity_types, id_fields, judging } => {
            let request = Request { id_fields, expected: entity_types, ..request(service, judging)? };
            let held = Held::of(budget);
            let text = service.read_data(&uri, &held.room())?;
            held.shrink_to(text.len() as u64);
            judge(service, &request, text, output)
        }
        Asked::Rules { entity_type, record_or_schema, ruleset } => {
            let rules = service.discover_rules(&entity_type, &record_or_schema, &ruleset)?;
            output.value(&Keyed(rules.iter().map(|rule| (&*rule.rule_id, rule)).collect()))
        }
        Asked::Rulesets => {
            let rulesets = service.discover_rulesets()?;
            output.value(&Keyed(rulesets.iter().map(|ruleset| (&*ruleset.name, ruleset)).collect()))
        }
        Asked::Reload => {
            let message = match service.reload_logic()? {
                Reload::Unchanged => "the release that serves is still the newest",
                Reload::Switched => "another release serves from now on",
            };
            output.value(&Done { status: "ok", message })
        }
        Asked::Pin { manifest, reason } => {
            let message = match service.pin(&manifest, BY, reason.as_deref())? {
                Reload::Unchanged => "the release serves already, and is held on to",
                Reload::Switched => "the release serves from now on, and is held on to",
            };
            output.value(&Done { status: "ok", message })
        }
        Asked::Rollback { reason } => {
            service.rollback(BY, reason.as_deref())?;
            output.value(&Done { status: "ok", message: "the release before serves from now on, and is held on to" })
        }
        Asked::Unpin => {
            let message = match service.unpin()? {
                Reload::Unchanged => "no release is held on to; the one that serves is the newest",
                Reload::Switched => "no release is held on to; the newest one serves from now on",
            };
            output.value(&Done { status: "ok", message })
        }
        // They have been answered without waiting.
        Asked::Authenticate { .. } | Asked::Version | Asked::Health | Asked::Status | Asked::CacheAge => {
            Err(Failure::internal())
        }
    }
}

/// Judges many records. Their results become text on the threads that judge, so that this one has only to put it together.
fn judge(service: &Service, request: &Request, text: Arc<[u8]>, output: &mut Output) -> Result<(), Failure> {
    output.text("[")?;
    let mut is_first = true;
    let judged = service.judge_windows(request, Input::text(text), results, &mut |results| {
        let separator = if is_first { "" } else { "," };
        is_first = false;
        // The output itself keeps the reason.
        let written = output.text(separator).and_then(|()| output.text(&results?));
        written.map_err(|_| io::Error::other("the answer grows no further"))
    });
    if output.has_failed() {
        return Err(output.failure());
    }
    output.records = Some(judged?.records);
    output.text("]")
}

/// The results of a window, with commas between them.
fn results(window: &JudgedWindow<'_>) -> Result<String, Failure> {
    let mut results = Vec::new();
    for record in window.records() {
        if !results.is_empty() {
            results.push(b',');
        }
        serde_json::to_writer(&mut results, &record).map_err(|_| Failure::internal())?;
    }
    String::from_utf8(results).map_err(|_| Failure::internal())
}

fn request(service: &Service, judging: Judging) -> Result<Request, Failure> {
    let Judging { ruleset, associated, now } = judging;
    let mut request = Request { associated, ..service.request(ruleset)? };
    if let Some(now) = now {
        request.run.now = now.as_microsecond();
    }
    Ok(request)
}

/// Memory for a file, taken while it is read.
struct Held(Arc<Mutex<Charge>>);

impl Held {
    fn of(budget: &Arc<Budget>) -> Self {
        Self(Arc::new(Mutex::new(budget.charge())))
    }

    /// What whoever reads the file asks before each part of it.
    fn room(&self) -> Room {
        let held = Self(Arc::clone(&self.0));
        Arc::new(move |bytes| held.charge().grow(bytes).is_ok())
    }

    fn shrink_to(&self, bytes: u64) {
        self.charge().shrink_to(bytes);
    }

    fn charge(&self) -> MutexGuard<'_, Charge> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// What is said of a call that has no other result.
#[derive(Serialize)]
struct Done {
    status: &'static str,
    message: &'static str,
}

/// A rule's result where no record's stands around it: what that would say is said by each.
#[derive(Serialize)]
struct TopRule<'a, E> {
    #[serde(flatten)]
    rule: &'a RuleResult,
    #[serde(skip_serializing_if = "Option::is_none")]
    now: Option<&'a str>,
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    unsigned: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    release: Option<&'a E>,
}

/// A list as an object, in its order.
struct Keyed<'a, T>(Vec<(&'a str, &'a T)>);

impl<T: Serialize> Serialize for Keyed<'_, T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(Some(self.0.len()))?;
        for (key, value) in &self.0 {
            map.serialize_entry(key, value)?;
        }
        map.end()
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use jurat::Status;

    use super::*;

    #[test]
    fn a_rule_alone_says_what_its_record_would_say() {
        let rule = RuleResult {
            rule_id: "a".into(),
            description: "".into(),
            status: Status::Pass,
            message: String::new(),
            code: None,
            params: BTreeMap::new(),
            fields: Vec::new(),
            indeterminate: false,
            degraded: Vec::new(),
            component: Some("6b8c".into()),
            execution_time_ms: Some(0.5),
            children: Vec::new(),
        };
        let of_rule = r#""rule_id":"a","description":"","status":"PASS","message":"","component":"6b8c","execution_time_ms":0.5,"children":[]"#;
        let release = serde_json::value::to_raw_value(&json!({"name": "loan"})).unwrap();
        let signed =
            TopRule { rule: &rule, now: Some("2026-01-31T12:00:00Z"), unsigned: false, release: Some(&release) };
        let expected = format!(r#"{{{of_rule},"now":"2026-01-31T12:00:00Z","release":{{"name":"loan"}}}}"#);
        assert_eq!(serde_json::to_string(&signed).unwrap(), expected);
        let unsigned = TopRule { now: None, unsigned: true, release: None, ..signed };
        assert_eq!(serde_json::to_string(&unsigned).unwrap(), format!(r#"{{{of_rule},"unsigned":true}}"#));
    }

    #[test]
    fn a_file_takes_memory_before_it_is_read_and_gives_back_what_it_does_not_need() {
        let budget = Budget::new(100);
        let held = Held::of(&budget);
        let room = held.room();
        assert!(room(40) && room(40));
        assert!(!room(40));
        drop(room);
        held.shrink_to(35);
        assert_eq!(budget.left(), 65);
        drop(held);
        assert_eq!(budget.left(), 100);
    }
}
