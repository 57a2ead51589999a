//! Calls and results of both generations of validation-lib.

use serde_json::{Value, json};

use crate::connection::Connection;
use crate::server::{Server, Transport};
use crate::sites::{DATA, configured};

fn loans() -> Vec<Value> {
    serde_json::from_slice(&jurat_tests::site::sample("loans.json")).unwrap()
}

/// The result of a call.
#[track_caller]
fn result(connection: &mut Connection, method: &str, params: &Value) -> Value {
    connection.result(method, &params.to_string())
}

/// The keys of an object, in their order.
fn keys(object: &Value) -> Vec<&str> {
    object.as_object().unwrap().keys().map(String::as_str).collect()
}

#[test]
fn a_request_or_a_setting_chooses_the_generation() {
    for (setting, default, other) in [
        ("", "lists", "envelopes"),
        ("server: {compatibility: lists}\n", "lists", "envelopes"),
        ("server: {compatibility: envelopes}\n", "envelopes", "lists"),
    ] {
        let site = configured(&format!("{DATA}{setting}"));
        let mut server = Server::start(&site, Transport::Stdio);
        let mut connection = server.connect();
        let mut params = json!({"entity_type": "loan", "entity_data": loans()[0], "ruleset_name": "quick"});
        for (own, shape) in [(Value::Null, default), (json!(default), default), (json!(other), other)] {
            params["compatibility"] = own;
            let result = result(&mut connection, "validate", &params);
            assert_eq!(result.is_array(), shape == "lists", "{setting}{result}");
        }
    }
}

#[test]
fn a_record_has_an_envelope() {
    let site = configured(DATA);
    let mut server = Server::start(&site, Transport::Stdio);
    let mut connection = server.connect();
    let loans = loans();
    let mut worst = Vec::new();
    for loan in &loans {
        let params = json!({"entity_type": "loan", "entity_data": loan, "ruleset_name": "thorough"});
        let list = result(&mut connection, "validate", &params);
        let mut params = params;
        params["compatibility"] = json!("envelopes");
        let envelope = result(&mut connection, "validate", &params);
        assert_eq!(keys(&envelope), ["entity_type", "release", "results", "ruleset", "status"]);
        assert_eq!((&envelope["entity_type"], &envelope["ruleset"]), (&json!("loan"), &json!("thorough")));
        assert_eq!(envelope["release"]["name"], "loan");
        assert_eq!(statuses(&envelope["results"]), statuses(&list));
        assert!(envelope["results"][0].get("release").is_none(), "the envelope says it");
        worst.push(envelope["status"].as_str().unwrap().to_owned());
        let rank = |status: &&str| ["PASS", "NORUN", "WARN", "FAIL", "ERROR"].iter().position(|one| one == status);
        let all = statuses(&list);
        assert_eq!(all.iter().map(String::as_str).max_by_key(rank), Some(&*worst[worst.len() - 1]));
    }
    assert!(worst.contains(&"PASS".to_owned()) && worst.contains(&"WARN".to_owned()), "{worst:?}");
    let broken = json!({"entity_type": "loan", "entity_data": {"$schema": 7}, "ruleset_name": "quick", "compatibility": "envelopes"});
    connection.refused("validate", &broken.to_string(), -32000, "schema_not_text");
}

/// The statuses of rules and of those below them.
fn statuses(results: &Value) -> Vec<String> {
    let mut all = Vec::new();
    for rule in results.as_array().unwrap() {
        all.push(rule["status"].as_str().unwrap().to_owned());
        all.extend(statuses(&rule["children"]));
    }
    all
}

#[test]
fn a_batch_has_items_with_the_ids_of_their_senders() {
    let site = configured(DATA);
    let loans = loans();
    let items = json!([
        {"correlation_id": "row-1", "data": loans[0]},
        {"data": loans[1], "correlation_id": 17.50},
        {"data": loans[0]},
        loans[1],
        {"correlation_id": null, "data": loans[0]},
        {"correlation_id": {"file": "a", "row": [2]}, "data": {"id": "no type"}},
        {"correlation_id": "row-7", "data": [1]},
        {"correlation_id": "row-8", "data": "<Loan/>"},
        7,
    ]);
    // Numbers keep their digits: 17.50 is not 17.5.
    let items = items.to_string().replace("17.5,", "17.50,").replace("17.5}", "17.50}");
    let expected = [
        ("\"row-1\"", "PASS", Value::Null),
        ("17.50", "WARN", Value::Null),
        ("\"item-3\"", "PASS", Value::Null),
        ("\"item-4\"", "WARN", Value::Null),
        ("\"item-5\"", "PASS", Value::Null),
        (r#"{"file":"a","row":[2]}"#, "ERROR", json!("no_entity_type")),
        ("\"row-7\"", "ERROR", json!("json_not_object")),
        ("\"row-8\"", "ERROR", json!("json_not_object")),
        ("\"item-9\"", "ERROR", json!("json_not_object")),
    ];
    let mut server = Server::start(&site, Transport::Stdio);
    let mut connection = server.connect();
    let params = format!(r#"{{"items":{items},"ruleset_name":"quick","compatibility":"envelopes"}}"#);
    let text = connection.call("batch_validate", &params).unwrap();
    let result: Value = serde_json::from_str(&text).unwrap();
    assert_eq!(keys(&result), ["items", "ruleset", "status"]);
    assert_eq!((&result["status"], &result["ruleset"]), (&json!("COMPLETED"), &json!("quick")));
    assert!(text.starts_with(r#"{"status":"COMPLETED","ruleset":"quick","items":[{"correlation_id":"row-1","status":"PASS","entity_type":"loan","ruleset":"quick","results":[{"#), "{text:.300}");
    let items = result["items"].as_array().unwrap();
    assert_eq!(items.len(), expected.len());
    for (item, (id, status, code)) in items.iter().zip(&expected) {
        assert!(text.contains(&format!(r#"{{"correlation_id":{id},"status":"{status}","#)), "{id} {status} {text}");
        assert_eq!(item["status"], *status);
        if code.is_null() {
            assert_eq!(keys(item), ["correlation_id", "entity_type", "release", "results", "ruleset", "status"]);
            assert_eq!(item["results"].as_array().unwrap().len(), 3);
        } else {
            assert_eq!((&item["error"]["code"], &item["error_message"]), (code, &item["error"]["message"]));
            assert_eq!((&item["entity_type"], &item["results"]), (&Value::Null, &json!([])));
        }
    }
    let none = json!({"items": [], "ruleset_name": "quick", "compatibility": "envelopes"});
    assert_eq!(
        self::result(&mut connection, "batch_validate", &none),
        json!({"status": "COMPLETED", "ruleset": "quick", "items": []})
    );
}

#[test]
fn related_entities_of_items_are_found_by_the_records_own_ids() {
    let site = configured(DATA);
    let mut server = Server::start(&site, Transport::Stdio);
    let mut connection = server.connect();
    let facility = json!({"$schema": "https://schemas.example.com/facility/v1.0.0", "id": "FAC-1", "financial": {"limit_amount": 1}});
    let params = json!({
        "items": [{"correlation_id": "a", "data": loans()[0]}], "ruleset_name": "related", "compatibility": "envelopes",
        "associated": {"LOAN-1001": {"parent": facility}},
    });
    let by_id = result(&mut connection, "batch_validate", &params);
    assert_eq!(by_id["items"][0]["status"], "FAIL", "{by_id}");
    let mut params = params;
    params["id_fields"] = json!(["loan_number"]);
    let by_number = result(&mut connection, "batch_validate", &params);
    assert_eq!(by_number["items"][0]["status"], "NORUN", "{by_number}");
}

#[test]
fn a_file_of_items_needs_neither_types_nor_fields() {
    let site = configured(DATA);
    let loans = loans();
    let lines = [
        json!({"correlation_id": "row-1", "data": loans[0]}).to_string(),
        String::new(),
        loans[1].to_string(),
        "{\"correlation_id\":\"row-4\",\"data\":{\"id\":NaN}}".to_owned(),
        "{\"correlation_id\":\"row-5\",".to_owned(),
    ]
    .join("\n");
    site.write("data/loans.jsonl", &lines);
    site.write("data/one.json", json!({"data": loans[0]}).to_string());
    let mut server = Server::start(&site, Transport::Stdio);
    let mut connection = server.connect();
    let mut ids = |file: &str| {
        let params = json!({"file_uri": file, "ruleset_name": "quick", "compatibility": "envelopes"});
        let result = result(&mut connection, "batch_file_validate", &params);
        assert_eq!(result["status"], "COMPLETED");
        let items = result["items"].as_array().unwrap().clone();
        let id =
            |item: &Value| format!("{} {}", item["correlation_id"].as_str().unwrap(), item["status"].as_str().unwrap());
        items.iter().map(id).collect::<Vec<_>>()
    };
    assert_eq!(ids("loans.jsonl"), ["row-1 PASS", "line-3 WARN", "row-4 ERROR", "line-5 ERROR"]);
    assert_eq!(ids("one.json"), ["item-1 PASS"]);
    let count = loans.len();
    let all = ids("loans.json");
    assert_eq!((all.len(), &*all[0]), (count, "item-1 PASS"));
}

#[test]
fn a_parameter_of_the_other_generation_is_refused_with_its_name() {
    let site = configured(DATA);
    let mut server = Server::start(&site, Transport::Stdio);
    let mut connection = server.connect();
    for (params, message) in [
        (
            json!({"items": [], "ruleset_name": "quick"}),
            "unknown parameter `items`; the method has it with `compatibility` = `envelopes`",
        ),
        (
            json!({"entities": [], "ruleset_name": "quick", "compatibility": "envelopes"}),
            "unknown parameter `entities`; the method has it with `compatibility` = `lists`",
        ),
        (
            json!({"entities": [], "plugin_name": "x", "id_fields": ["id"], "ruleset_name": "quick"}),
            "unknown parameter `plugin_name`",
        ),
    ] {
        assert_eq!(connection.refused("batch_validate", &params.to_string(), -32602, "unknown_parameter"), message);
    }
    for (compatibility, message) in [
        (json!("envelope"), "`compatibility` must be one of `lists`, `envelopes`, not `envelope`"),
        (json!(2), "`compatibility` must be a text, not a number"),
    ] {
        let params =
            json!({"entities": [], "id_fields": ["id"], "ruleset_name": "quick", "compatibility": compatibility});
        assert_eq!(connection.refused("batch_validate", &params.to_string(), -32602, "wrong_parameter"), message);
    }
}

#[test]
fn types_and_fields_may_be_given_by_schema_or_by_type() {
    let schema = |version: &str| format!("https://schemas.example.com/loan/{version}");
    let site = configured(DATA);
    let mut server = Server::start(&site, Transport::Stdio);
    let mut connection = server.connect();
    let all = loans();
    let (v1, v2) = (&all[0], &all[1]);
    let mut untyped = v1.clone();
    untyped.as_object_mut().unwrap().remove("$schema");
    let mut own = untyped.clone();
    own["entity_type"] = json!("loan");
    // The same schema.
    let mut first = v1.clone();
    first["$schema"] = json!(format!("{}#", schema("v1.0.0")));
    site.write("data/mixed.json", json!([first, v2, untyped, own]).to_string());
    let mut ids = |entity_types: Value, id_fields: Value| {
        let params = json!({
            "file_uri": "mixed.json", "entity_types": entity_types, "id_fields": id_fields, "ruleset_name": "quick",
        });
        let result = result(&mut connection, "batch_file_validate", &params);
        let id = |entry: &Value| {
            format!("{} {}", entry["entity_id"].as_str().unwrap(), entry["error"]["code"].as_str().unwrap_or("ok"))
        };
        result.as_array().unwrap().iter().map(id).collect::<Vec<_>>()
    };
    // As a service in Clojure sends them.
    assert_eq!(
        ids(json!({schema("v1.0.0"): "loan"}), json!({schema("v1.0.0"): "loan_number"})),
        ["LN-1001 ok", "unknown ok", "unknown ok", "unknown ok"]
    );
    assert_eq!(
        ids(
            json!({schema("v1.0.0"): ["loan"], "facility": "facility"}),
            json!({schema("v2.0.0"): ["reference_number"], "loan": ["loan_number", "id"]}),
        ),
        ["LN-1001-LOAN-1001 ok", "LN-1002 ok", "unknown no_entity_type", "LN-1001-LOAN-1001 ok"]
    );
    // The only expected type is that of records that name none.
    assert_eq!(
        ids(json!({"loan": []}), json!({"loan": ["id"]})),
        ["LOAN-1001 ok", "LOAN-1002 ok", "LOAN-1001 ok", "LOAN-1001 ok"]
    );
    assert_eq!(ids(json!({}), json!(["id"]))[2], "LOAN-1001 no_entity_type");
    for (entity_types, id_fields, name) in [
        (json!(["loan"]), json!({}), "id_fields"),
        (json!(["loan"]), json!({"loan": []}), "id_fields"),
        (json!(["loan"]), json!({"loan": 7}), "id_fields"),
        (json!(["loan"]), json!({"loan": [7]}), "id_fields"),
        (json!(["loan"]), json!({"loan": {"id": "id"}}), "id_fields"),
        (json!({"loan": 7}), json!(["id"]), "entity_types"),
        (json!({schema("v1.0.0"): []}), json!(["id"]), "entity_types"),
    ] {
        let params = json!({
            "file_uri": "mixed.json", "entity_types": entity_types, "id_fields": id_fields, "ruleset_name": "quick",
        });
        let message = connection.refused("batch_file_validate", &params.to_string(), -32602, "wrong_parameter");
        assert!(message.contains(&format!("`{name}`")), "{message}");
    }
    let twice = r#"{"entities":[],"id_fields":{"loan":"id","loan":"id"},"ruleset_name":"quick"}"#;
    connection.refused("batch_validate", twice, -32602, "wrong_parameter");
    let many: serde_json::Map<_, _> = (0..600).map(|number| (number.to_string(), json!("id"))).collect();
    let many = json!({"entities": [], "id_fields": many, "ruleset_name": "quick"});
    connection.refused("batch_validate", &many.to_string(), -32602, "wrong_parameter");
}
