//! Records of all sorts behind each other, and what must be said of each of them: what is said when it is the only one, and what
//! suspension makes of that, worked out record by record.

use std::collections::BTreeMap;
use std::sync::Arc;

use jurat_engine::Request;
use jurat_engine::results::{RecordResult, RuleResult};
use jurat_model::{Bytes, Guilt, Status, Suspension};
use serde_json::{Value, json};

use crate::fixture::{Fixture, ReleaseSpec, RuleSpec, SCHEMAS, obedient, request, workers};
use crate::scripted::fuel_of;
use crate::streams::Random;

const RULES: [(&str, usize); 7] = [("a", 0), ("B", 1), ("c", 0), ("d", 1), ("E", 2), ("f", 0), ("g", 2)];
/// The longest record.
const MAX_RECORD: usize = 2_048;

/// Two schemas with trees of their own, and records without one that say their type; rules of four components, of the host, of
/// neither, and for other records.
pub(crate) fn release() -> ReleaseSpec {
    let first = vec![json!({"a": [{"B": ["c", "nobody"]}, "d"]}), json!("s"), json!({"E": ["f"]}), json!("g")];
    let second = vec![json!("g"), json!({"f": [{"a": ["x"]}]}), json!({"c": ["B"]})];
    let mut spec = obedient(&RULES, [first, second]);
    for id in ["x", "y"] {
        let rule = spec.rules[0].clone();
        let (message, inputs) = (format!("{id} says {{{id}}}"), vec![format!("{id}:text")]);
        let entity = "facility".to_owned();
        spec.rules.push(RuleSpec { id: id.to_owned(), component: 3, entity, inputs, message, ..rule });
    }
    spec.field_maps
        .insert("facility.json".to_owned(), json!({"x": {"physical_path": "x"}, "y": {"physical_path": "y"}}));
    spec.defaults.insert("facility".to_owned(), "facility.json".to_owned());
    let lists = spec.rulesets.get_mut("main").unwrap();
    lists.insert("facility".to_owned(), vec![json!({"x": ["y"]}), json!("s")]);
    let schema = json!({"$id": SCHEMAS[0], "properties": {"g": {"enum": ["pass", "warn", "fail", "trap", "fuel"]}}});
    ReleaseSpec { builtin: vec!["s".to_owned()], schemas: vec![schema], ..spec }
}

/// A request whose results are the same to the byte whenever it is made.
pub(crate) fn timeless() -> Request {
    request().with_timings(false).with_max_record(Bytes::new(MAX_RECORD as u64))
}

/// Records, of which about one in four does not simply pass. None of them has a line feed or an open bracket in it.
pub(crate) fn records(count: usize) -> Vec<Vec<u8>> {
    let mut random = Random(count as u64);
    (0..count).map(|id| record(id, &mut random)).collect()
}

fn record(id: usize, random: &mut Random) -> Vec<u8> {
    if random.below(6) == 0 {
        return odd(id, random);
    }
    let (mut record, rules) = if random.below(4) == 0 {
        (json!({"id": id, "entity_type": "facility"}), &["x", "y"][..])
    } else {
        let schema = SCHEMAS[usize::from(random.below(3) == 0)];
        (
            json!({"id": format!("L-{id}"), "$schema": schema, "B": "pass", "E": "pass"}),
            &["a", "B", "c", "d", "E", "f", "g"][..],
        )
    };
    if random.below(4) == 0 {
        for rule in rules {
            match random.below(13) {
                0 => record[rule] = json!("fail"),
                1 => record[rule] = json!("warn"),
                2 => record[rule] = json!(["trap", "fuel", "deadline", "output"][random.below(4)]),
                3 => record[rule] = json!("twice"),
                4 => record[rule] = Value::Null,
                5 => record[rule] = json!(id),
                6 => record[rule] = json!(["norun", "error"][random.below(2)]),
                7 => record[rule] = json!("noted"),
                _ => {}
            }
        }
    }
    record.to_string().into_bytes()
}

/// A record that cannot be judged, or has something in it that is seldom there.
fn odd(id: usize, random: &mut Random) -> Vec<u8> {
    let sound = json!({"id": id, "$schema": SCHEMAS[0], "B": "warn"}).to_string();
    let with = |member: &str| format!("{},{member}}}", sound.strip_suffix('}').unwrap()).into_bytes();
    match random.below(15) {
        0 => with(r#""\u0042":"pass""#),
        1 => with(r#""note":-1e999"#),
        2 => with(&format!(r#""note":{}{}"#, "[".repeat(100), "]".repeat(100))),
        3 => [&with("")[..sound.len() - 1], b",\"note\":\"\xff\"}"].concat(),
        4 => with(&format!(r#""note":"{}""#, "x".repeat(MAX_RECORD))),
        5 => with("\"note\" 1"),
        6 => b"nonsense".to_vec(),
        7 => json!({"id": id, "$schema": 5}).to_string().into_bytes(),
        8 => json!({"id": id, "$schema": format!("{}/unheard-of", SCHEMAS[0])}).to_string().into_bytes(),
        9 => json!({"id": id, "entity_type": "unheard of"}).to_string().into_bytes(),
        10 => b"{}".to_vec(),
        11 => with(r#""note":"]}[{\"\\ \u0000 \u001b[31m é 漢","g":"\u202e"#).into_iter().chain(*b"\"}").collect(),
        13 => {
            json!({"id": id, "$schema": SCHEMAS[1], "c": "norun", "f": "norun", "g": "norun"}).to_string().into_bytes()
        }
        12 => {
            json!({"id": ["none"], "$schema": SCHEMAS[1], "c": "fail", "g": "é\u{202e}\u{7f}"}).to_string().into_bytes()
        }
        _ => json!({"id": "é\u{202e}".repeat(90), "$schema": SCHEMAS[0], "a": "\u{1b}[31m", "B": "twice", "g": "fail"})
            .to_string()
            .into_bytes(),
    }
}

/// What is said of each record in a call of its own.
pub(crate) fn alone(fixture: &Fixture, request: &Request, records: &[Vec<u8>]) -> Vec<RecordResult> {
    let workers = workers(1);
    let one = |record: &Vec<u8>| {
        let answer = fixture.judge_these(&workers, request, Arc::from(&**record)).unwrap();
        let [result] = <[_; 1]>::try_from(answer.records).unwrap();
        result
    };
    records.iter().map(one).collect()
}

/// What suspension makes of it if the records come in this order.
pub(crate) fn suspended(alone: &[RecordResult], order: &[usize], suspension: &Suspension) -> Vec<RecordResult> {
    let mut guilty = BTreeMap::new();
    let judged = order.iter().map(|&record| {
        let mut result = alone[record].clone();
        result.results.iter_mut().for_each(|rule| suspend(rule, None, suspension, &mut guilty));
        result
    });
    judged.collect()
}

fn suspend(
    rule: &mut RuleResult,
    parent: Option<(&Arc<str>, Status)>,
    suspension: &Suspension,
    guilty: &mut BTreeMap<Arc<str>, Guilt>,
) {
    const FAULTS: [&str; 4] = ["trap", "fuel", "deadline", "output"];
    let code = rule.code.clone().unwrap_or_default();
    let guilt = guilty.entry(Arc::clone(&rule.rule_id)).or_default();
    match parent {
        Some((parent, status)) if !matches!(status, Status::Pass | Status::Warn) => {
            let message = format!("not run: its parent `{parent}` is {status}");
            without_a_call(rule, (Status::Norun, "parent"), message);
        }
        _ if ["input_absent", "input_kind", "other_entity_type", "unknown_rule"].contains(&&*code) => {}
        _ if rule.component.is_none() => {}
        _ if suspension.is_due(guilt) => {
            let Suspension { records, fuel } = suspension;
            let message = format!(
                "not run: in this request, the rule has failed on {records} records, or used {fuel} units of fuel on those \
                 that it failed on"
            );
            without_a_call(rule, (Status::Error, "suspended"), message);
            rule.indeterminate = true;
        }
        _ if FAULTS.contains(&&*code) => guilt.add(fuel_of(&code)),
        _ => {}
    }
    let RuleResult { rule_id, status, children, .. } = rule;
    children.iter_mut().for_each(|child| suspend(child, Some((rule_id, *status)), suspension, guilty));
}

fn without_a_call(rule: &mut RuleResult, (status, code): (Status, &str), message: String) {
    let (rule_id, description, component) = (&rule.rule_id, &rule.description, &rule.component);
    *rule = RuleResult {
        rule_id: Arc::clone(rule_id),
        description: Arc::clone(description),
        component: component.clone(),
        status,
        message,
        code: Some(code.to_owned()),
        children: std::mem::take(&mut rule.children),
        params: BTreeMap::new(),
        fields: Vec::new(),
        mistakes: Vec::new(),
        indeterminate: false,
        unavailable: false,
        degraded: Vec::new(),
        execution_time_ms: None,
    };
}

/// Puts records into a text, and tells where in it each result's trouble is then.
pub(crate) fn lines(records: &[Vec<u8>], order: &[usize], results: &mut [RecordResult]) -> Vec<u8> {
    let mut text = Vec::new();
    for (line, (&record, result)) in (0..).zip(order.iter().zip(results)) {
        if let Some(error) = &mut result.error {
            error.line += line;
            error.offset += text.len() as u64;
        }
        text.extend_from_slice(&records[record]);
        text.push(b'\n');
    }
    text
}

/// The summary of these results, as JSON, without what calls used.
pub(crate) fn counted(results: &[RecordResult]) -> Value {
    let mut counts = BTreeMap::new();
    let [mut unreadable, mut failed, mut warned, mut not_run, mut host_failures, mut with_norun] = [0; 6];
    for result in results {
        let mut said = Vec::new();
        result.results.iter().for_each(|rule| count(rule, &mut counts, &mut said));
        host_failures += said.iter().filter(|(_, code)| *code == Some("host")).count();
        with_norun += usize::from(said.iter().any(|(status, _)| *status == Status::Norun));
        let has = |wanted: &[Status]| said.iter().any(|(status, _)| wanted.contains(status));
        if result.error.is_some() {
            unreadable += 1;
        } else if has(&[Status::Fail, Status::Error]) {
            failed += 1;
        } else if has(&[Status::Warn]) {
            warned += 1;
        } else if !has(&[Status::Pass]) {
            not_run += 1;
        }
    }
    json!({
        "records": results.len(), "unreadable": unreadable, "failed": failed, "warned": warned, "not_run": not_run,
        "with_norun": with_norun, "with_unavailable": 0, "host_failures": host_failures, "rules": counts,
    })
}

fn count<'r>(
    rule: &'r RuleResult,
    counts: &mut BTreeMap<String, BTreeMap<&'static str, u64>>,
    said: &mut Vec<(Status, Option<&'r str>)>,
) {
    const NAMES: [&str; 6] = ["pass", "warn", "fail", "norun", "error", "indeterminate"];
    let of_rule = counts.entry(rule.rule_id.to_string()).or_insert_with(|| NAMES.map(|name| (name, 0)).into());
    let name = NAMES.into_iter().find(|name| name.eq_ignore_ascii_case(rule.status.name())).unwrap();
    *of_rule.get_mut(name).unwrap() += 1;
    *of_rule.get_mut("indeterminate").unwrap() += u64::from(rule.indeterminate);
    said.push((rule.status, rule.code.as_deref()));
    rule.children.iter().for_each(|child| count(child, counts, said));
}
