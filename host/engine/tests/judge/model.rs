//! What obedient rules must say, worked out record by record: no chunks, no columns, no threads.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use crate::fixture::{Answer, SCHEMAS, is_required};

/// For each record the results of its tree, without their words.
pub(crate) fn expected(trees: &[Vec<Value>; 2], records: &[Value], suspend_after: u32) -> Vec<Value> {
    let mut guilty = BTreeMap::new();
    let judged = records.iter().map(|record| {
        let tree = SCHEMAS.iter().position(|url| record["$schema"] == *url).unwrap();
        Value::Array(trees[tree].iter().map(|node| judge(node, record, true, suspend_after, &mut guilty)).collect())
    });
    judged.collect()
}

/// The same of what the engine has said.
pub(crate) fn found(answer: &Answer) -> Vec<Value> {
    let timeless = answer.timeless();
    timeless["results"].as_array().unwrap().iter().map(|record| plain(&record["results"])).collect()
}

fn judge(node: &Value, record: &Value, may_run: bool, suspend_after: u32, guilty: &mut BTreeMap<String, u32>) -> Value {
    let (id, children) = match node {
        Value::String(id) => (id, &[][..]),
        node => node.as_object().unwrap().iter().map(|(id, nodes)| (id, &**nodes.as_array().unwrap())).next().unwrap(),
    };
    let failures = guilty.entry(id.clone()).or_default();
    let (status, code) = match &record[id] {
        _ if !may_run => ("NORUN", "parent"),
        Value::Null if is_required(id) => ("NORUN", "input_absent"),
        Value::Null | Value::String(_) if *failures >= suspend_after => ("ERROR", "suspended"),
        Value::Null => ("PASS", ""),
        Value::String(word) => match word.as_str() {
            "pass" => ("PASS", ""),
            "warn" => ("WARN", ""),
            "fail" => ("FAIL", ""),
            "norun" => ("NORUN", ""),
            "error" => ("ERROR", ""),
            fault => {
                *failures += 1;
                ("ERROR", fault)
            }
        },
        _ => ("ERROR", "input_kind"),
    };
    let lets_run = matches!(status, "PASS" | "WARN");
    let children = children.iter().map(|node| judge(node, record, lets_run, suspend_after, guilty));
    json!({ "rule": id, "status": status, "code": code, "children": children.collect::<Vec<_>>() })
}

fn plain(results: &Value) -> Value {
    let plain = |result: &Value| {
        let code = result["code"].as_str().unwrap_or_default();
        json!({ "rule": result["rule_id"], "status": result["status"], "code": code, "children": plain(&result["children"]) })
    };
    results.as_array().unwrap().iter().map(plain).collect()
}
