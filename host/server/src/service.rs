//! The handler of a server: it makes calls on the service and writes their results.

use std::io::Read;
use std::iter;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use jurat::settings::Compatibility;
use jurat::{
    AsyncService, CallError, EntityType, PinnedBy, RecordResult, RecordSource, Reload, Request, ReserveMemory,
    RuleResult, RulesetName, Service,
};
use jurat_model::CallContext;
use serde::Serialize;
use serde::ser::{SerializeMap, Serializer};
use serde_json::json;

use crate::batch::{LineSender, Wanted, judge, judge_lines};
use crate::budget::{Allowance, Hold};
use crate::call::{Call, IdFields, Judging, Operation, StreamCall, StreamRecords};
use crate::envelopes::{self, Numbering};
use crate::error::RequestError;
use crate::handler::{Handler, Handling, Streaming};
use crate::output::Output;
use crate::selection::{Selected, Selection};

/// Makes calls on a service.
#[derive(Debug)]
pub(crate) struct ServiceHandler {
    service: AsyncService,
    /// The name under which a pin records where it was made.
    by: PinnedBy,
}

impl ServiceHandler {
    pub(crate) fn new(service: AsyncService, by: PinnedBy) -> Self {
        Self { service, by }
    }
}

impl Handler for ServiceHandler {
    fn handle(&self, call: Call, context: CallContext, files: Arc<Allowance>, output: Output) -> Handling {
        let service = self.service.on_behalf_of(context).with_cancellation(output.cancellation().clone());
        Box::pin(handle(service, self.by, files, call, output))
    }

    fn stream(&self, call: StreamCall, context: CallContext, memory: Arc<Allowance>, lines: LineSender) -> Streaming {
        Box::pin(stream(self.service.on_behalf_of(context), call, memory, lines))
    }

    fn is_serving(&self) -> bool {
        self.service.blocking().is_serving()
    }
}

async fn stream(
    service: AsyncService,
    call: StreamCall,
    memory: Arc<Allowance>,
    lines: LineSender,
) -> Result<u64, RequestError> {
    let StreamCall { tenant, entity_types, id_fields, judging, records } = call;
    let service = match &tenant {
        Some(name) => service.tenant(name)?,
        None => service,
    };
    let made = service.run(move |service| {
        let wanted = Wanted::of(&judging, || Numbering::Lines);
        let request = with_id_fields(request(service, judging)?, id_fields).with_expected(entity_types);
        let to = (&memory, &lines);
        match records {
            StreamRecords::Whole(text) => judge_lines(service, &request, RecordSource::bytes(text), wanted, to),
            StreamRecords::Arriving(arrival) => {
                let mut texts = iter::once(Ok(Box::new(arrival) as Box<dyn Read>));
                judge_lines(service, &request, RecordSource::texts(&mut texts), wanted, to)
            }
        }
    });
    made.await?
}

async fn handle(
    service: AsyncService,
    by: PinnedBy,
    files: Arc<Allowance>,
    call: Call,
    mut output: Output,
) -> Result<Output, RequestError> {
    let service = match &call.tenant {
        Some(name) => service.tenant(name)?,
        None => service,
    };
    match call.operation {
        // These do not wait, and are answered even where all threads for calls are busy.
        Operation::Version => output.value(&json!({"name": "jurat", "version": env!("CARGO_PKG_VERSION")}))?,
        Operation::Health => output.value(&json!({"status": service.blocking().status().health}))?,
        Operation::HealthReport => output.value(&service.blocking().status().health_report())?,
        Operation::Status => output.value(&service.blocking().status())?,
        Operation::CacheAge => {
            output.value(&json!({"cache_age": service.blocking().cache_age()?.as_secs_f64()}))?;
        }
        Operation::Validate { record, entity_type, judging } => {
            let (compatibility, selection) = (judging.compatibility, judging.selection.clone());
            let ruleset = judging.ruleset.clone();
            let request = request(service.blocking(), judging)?.with_entity_type(entity_type);
            let answer = move |result| answer_one(result, compatibility, (&ruleset, &selection), output);
            let made = service.judge_one(request, record, answer);
            return made.await?;
        }
        operation => {
            let made = service.run(move |service| {
                let made = perform(service, by, &files, operation, &mut output);
                if made.is_err() {
                    // A call that was cancelled fails because its client is gone.
                    output.check()?;
                }
                made.map(|()| output)
            });
            return made.await?;
        }
    }
    Ok(output)
}

/// Writes the result of one record, on the thread that has judged it.
fn answer_one(
    result: Result<RecordResult, CallError>,
    compatibility: Compatibility,
    (ruleset, selection): (&str, &Selection),
    mut output: Output,
) -> Result<Output, RequestError> {
    // A call that was cancelled fails because its client is gone.
    output.check()?;
    let mut result = result?;
    output.records = Some(1);
    let status = envelopes::worst(&result.results);
    selection.prune(&mut result.results);
    if compatibility == Compatibility::Envelopes {
        output.value(&envelopes::of_result(ruleset, status, (&result, selection)))?;
        return Ok(output);
    }
    let (now, release) = (result.now.as_deref(), result.release.as_deref());
    let now = now.filter(|_| selection.has("now"));
    let release = release.filter(|_| selection.has("release"));
    let rules = result.results.iter().map(|rule| Selected(rule, selection));
    let unsigned = result.unsigned;
    output.value(&rules.map(|rule| TopRule { rule, now, unsigned, release }).collect::<Vec<_>>())?;
    Ok(output)
}

/// Makes a call that may block.
fn perform(
    service: &Service,
    by: PinnedBy,
    files: &Allowance,
    operation: Operation,
    output: &mut Output,
) -> Result<(), RequestError> {
    // The client may have gone while the call waited for a thread.
    output.check()?;
    match operation {
        Operation::ValidateBatch { records, id_fields, judging } => {
            let wanted = Wanted::of(&judging, || Numbering::Items);
            let request = with_id_fields(request(service, judging)?, id_fields);
            judge(service, &request, RecordSource::bytes(records), wanted, output)
        }
        Operation::ValidateFile { uri, entity_types, id_fields, judging } => {
            let wanted = Wanted::of(&judging, || Numbering::of_file(&uri));
            let request = with_id_fields(request(service, judging)?, id_fields).with_expected(entity_types);
            let held = Held::of(files);
            let text = service.read_data(&uri, &held.reserve_memory())?;
            held.shrink_to(text.len() as u64);
            judge(service, &request, RecordSource::text(text), wanted, output)
        }
        Operation::DiscoverRules { entity_type, record_or_schema, ruleset } => {
            let rules =
                service.discover_rules(EntityType::new(&entity_type), &record_or_schema, RulesetName::new(&ruleset))?;
            output.value(&Keyed(rules.iter().map(|rule| (&*rule.rule_id, rule)).collect()))
        }
        Operation::DiscoverRulesets => {
            let rulesets = service.discover_rulesets()?;
            output.value(&Keyed(rulesets.iter().map(|ruleset| (&*ruleset.name, ruleset)).collect()))
        }
        Operation::Reload => {
            let message = match service.reload_logic()? {
                Reload::Unchanged => "the release that serves is still the newest",
                Reload::Switched => "another release serves from now on",
            };
            output.value(&Done { status: "ok", message })
        }
        Operation::Pin { manifest, reason } => {
            let message = match service.pin(&manifest, by, reason.as_deref())? {
                Reload::Unchanged => "the release already serves; it is pinned now",
                Reload::Switched => "the release serves from now on; it is pinned",
            };
            output.value(&Done { status: "ok", message })
        }
        Operation::Rollback { reason } => {
            service.rollback(by, reason.as_deref())?;
            output.value(&Done { status: "ok", message: "the previous release serves from now on; it is pinned" })
        }
        Operation::Unpin => {
            let message = match service.unpin()? {
                Reload::Unchanged => "no release is pinned; the one that serves is the newest",
                Reload::Switched => "no release is pinned; the newest one serves from now on",
            };
            output.value(&Done { status: "ok", message })
        }
        // `handle` answers these.
        Operation::Authenticate { .. }
        | Operation::Validate { .. }
        | Operation::Version
        | Operation::Health
        | Operation::HealthReport
        | Operation::Status
        | Operation::CacheAge
        | Operation::Limits
        | Operation::ResetLimits { .. } => {
            Err(RequestError::bug("a call that needs no thread of its own has reached one"))
        }
    }
}

fn request(service: &Service, judging: Judging) -> Result<Request, RequestError> {
    let Judging { ruleset, associated, now, compatibility: _, selection: _, max_records: _, quota: _ } = judging;
    let mut request = service.request(ruleset)?;
    if let Some(associated) = associated {
        request = request.with_associated(associated);
    }
    if let Some(now) = now {
        request = request.with_now(now);
    }
    Ok(request)
}

fn with_id_fields(request: Request, fields: IdFields) -> Request {
    match fields {
        IdFields::OfAll(fields) => request.with_id_fields(fields),
        IdFields::By(fields) => request.with_id_fields_by(fields),
    }
}

/// The memory for a file, which grows while the file is read.
struct Held(Arc<Mutex<Hold>>);

impl Held {
    fn of(files: &Allowance) -> Self {
        Self(Arc::new(Mutex::new(files.hold())))
    }

    /// The reader of the file asks it for memory before it reads a part.
    fn reserve_memory(&self) -> ReserveMemory {
        let held = Self(Arc::clone(&self.0));
        Arc::new(move |bytes| held.hold().grow(bytes).is_ok())
    }

    fn shrink_to(&self, bytes: u64) {
        self.hold().shrink_to(bytes);
    }

    fn hold(&self) -> MutexGuard<'_, Hold> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The result of a call without a result of its own.
#[derive(Serialize)]
struct Done {
    status: &'static str,
    message: &'static str,
}

/// The result of a rule at the top of a ruleset, where no result of a record surrounds it: it also says what that would say.
#[derive(Serialize)]
struct TopRule<'a, E> {
    #[serde(flatten)]
    rule: Selected<'a, RuleResult>,
    #[serde(skip_serializing_if = "Option::is_none")]
    now: Option<&'a str>,
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    unsigned: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    release: Option<&'a E>,
}

/// A list that is written as an object, in its order.
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
    use crate::budget::{Budget, OWN};

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
            mistakes: Vec::new(),
            indeterminate: false,
            unavailable: false,
            degraded: Vec::new(),
            component: Some("6b8c".into()),
            execution_time_ms: Some(0.5),
            children: Vec::new(),
        };
        let everything = Selection::default();
        let of_rule = r#""rule_id":"a","description":"","status":"PASS","message":"","component":"6b8c","execution_time_ms":0.5,"children":[]"#;
        let release = serde_json::value::to_raw_value(&json!({"name": "loan"})).unwrap();
        let signed = TopRule {
            rule: Selected(&rule, &everything),
            now: Some("2026-01-31T12:00:00Z"),
            unsigned: false,
            release: Some(&release),
        };
        let expected = format!(r#"{{{of_rule},"now":"2026-01-31T12:00:00Z","release":{{"name":"loan"}}}}"#);
        assert_eq!(serde_json::to_string(&signed).unwrap(), expected);
        let unsigned = TopRule { now: None, unsigned: true, release: None, ..signed };
        assert_eq!(serde_json::to_string(&unsigned).unwrap(), format!(r#"{{{of_rule},"unsigned":true}}"#));
    }

    #[test]
    fn a_file_takes_memory_before_it_is_read_and_gives_back_what_it_does_not_need() {
        let budget = Budget::new(8 * OWN);
        let client = Allowance::new(&budget, 4 * OWN);
        let held = Held::of(&client);
        let room = held.reserve_memory();
        assert!(room(2 * OWN) && room(2 * OWN));
        // Others need the rest of what all clients have.
        assert!(!room(1));
        drop(room);
        held.shrink_to(OWN);
        assert_eq!(budget.left(), 7 * OWN);
        drop(held);
        assert_eq!(budget.left(), 8 * OWN);
    }
}
