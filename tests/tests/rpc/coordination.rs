//! Related entities from a service that works, fails, or is gone.

use std::time::{Duration, Instant};

use jurat_tests::site::Site;
use serde_json::Value;

use crate::connection::Connection;
use crate::coordination_service::{Behavior, CoordinationService, FACILITY};
use crate::server::{Server, Transport, refuses};
use crate::sites;

/// A server whose related entities come from a service, with more lines in tier 3.
fn server(service: &CoordinationService, tier_3: &str) -> (Site, Server, Connection) {
    let site = sites::coordinated(&service.host(), tier_3);
    let mut server = Server::start(&site, Transport::Stdio);
    let connection = server.connect();
    (site, server, connection)
}

/// A loan that only says what `rule_006_v1` asks for.
fn loan(id: &str) -> String {
    format!(
        r#"{{"$schema":"https://schemas.example.com/loan/v1.0.0","id":"{id}","financial":{{"principal_amount":250000.00}}}}"#
    )
}

fn batch(ids: &[&str]) -> String {
    let loans: Vec<_> = ids.iter().map(|id| loan(id)).collect();
    format!(r#"{{"entities":[{}],"id_fields":["id"],"ruleset_name":"related"}}"#, loans.join(","))
}

fn single(id: &str) -> String {
    format!(r#"{{"entity_type":"loan","entity_data":{},"ruleset_name":"related"}}"#, loan(id))
}

/// The status, the code and the message of the only rule.
fn said(connection: &mut Connection, id: &str) -> (String, String, String) {
    told(&connection.result("validate", &single(id))[0])
}

fn told(result: &Value) -> (String, String, String) {
    let text = |member: &str| result[member].as_str().unwrap_or_default().to_owned();
    (text("status"), text("code"), text("message"))
}

#[test]
fn each_failure_is_a_reason_of_its_own_and_touches_no_other_record() {
    let service = CoordinationService::start();
    let failures: &[(&str, Behavior, &str, &str)] = &[
        ("hangs", Behavior::Hangs, "coordination_timeout", "did not answer"),
        ("resets", Behavior::Resets, "coordination_unavailable", "interrupted"),
        ("stops", Behavior::Stops, "coordination_unavailable", "interrupted"),
        ("babbles", Behavior::Babbles, "coordination_unavailable", "interrupted"),
        ("500", Behavior::Status(500, ""), "coordination_unavailable", "status 500"),
        ("503", Behavior::Status(503, "Retry-After: 0\r\n"), "coordination_unavailable", "status 503"),
        ("429", Behavior::Status(429, ""), "coordination_unavailable", "status 429"),
        ("404", Behavior::Status(404, ""), "coordination_refused", "status 404"),
        ("302", Behavior::Status(302, "Location: http://127.0.0.1:1/\r\n"), "coordination_refused", "status 302"),
        ("endless", Behavior::NeverEnds, "coordination_oversized", "more than 65536 bytes"),
        ("garbage", Behavior::Answers("{\"parent\":"), "coordination_malformed", "not JSON"),
        ("list", Behavior::Answers("[]"), "coordination_malformed", "not a JSON object"),
        ("twice", Behavior::Answers(r#"{"parent":{},"parent":{}}"#), "coordination_malformed", "each key once"),
        ("number", Behavior::Answers(r#"{"parent":7}"#), "coordination_malformed", "a number as `parent`"),
        ("missing", Behavior::Answers("{}"), "coordination_term_missing", "no `parent`"),
        ("null", Behavior::Answers(r#"{"parent":null}"#), "coordination_term_missing", "no `parent`"),
        ("nameless", Behavior::Answers(r#"{"parent":{"limit":1}}"#), "term_malformed", "neither a `$schema`"),
        ("limitless", Behavior::Answers(r#"{"parent":{"entity_type":"facility"}}"#), "input_absent", "`parent.limit`"),
    ];
    for (id, behavior, _, _) in failures {
        service.on(id, std::slice::from_ref(behavior));
    }
    let tier_3 = "timeout_ms: 3000\ndeadline_ms: 3000\nretry_attempts: 2\nretry: {base_ms: 1, cap_ms: 1}\n\
                  circuit_breaker_enabled: false\nmax_response: 64 KiB\nconcurrency: 32\n";
    let (_site, _server, mut connection) = server(&service, tier_3);

    // Every failure between two records with which all is well.
    let ids: Vec<&str> = failures.iter().flat_map(|(id, ..)| [*id, "well"]).collect();
    let begun = Instant::now();
    let results = connection.result("batch_validate", &batch(&ids));
    // The deadline is 3 s for all of them; the rest is for a machine with other things to do.
    assert!(begun.elapsed() < Duration::from_secs(20), "{:?}", begun.elapsed());
    let results = results.as_array().unwrap();
    assert_eq!(results.len(), ids.len());
    for (pair, (id, _, code, words)) in results.chunks(2).zip(failures) {
        let (status, found, message) = told(&pair[0]["results"][0]);
        assert_eq!((status.as_str(), found.as_str()), ("NORUN", *code), "{id}: {message}");
        assert!(message.starts_with("not run: ") && message.contains(words), "{id}: {message}");
        assert!(!message.contains(&service.host()), "{id}: {message}");
        assert_eq!(told(&pair[1]["results"][0]).0, "PASS", "beside {id}");
    }

    // Other attempts where they may help, and only there.
    let requests = service.requests();
    let asked = |id: &str| requests.iter().filter(|body| body.contains(&format!("\"id\":\"{id}\""))).count();
    for (id, behavior, ..) in failures {
        let attempts = match behavior {
            Behavior::Hangs => 1,
            Behavior::Resets | Behavior::Stops | Behavior::Babbles | Behavior::Status(429 | 500.., _) => 2,
            _ => 1,
        };
        assert_eq!(asked(id), attempts, "{id}");
    }

    // And when they have passed, all is well again.
    for id in &ids {
        service.on(id, &[Behavior::Answers(FACILITY)]);
    }
    let results = connection.result("batch_validate", &batch(&ids));
    assert!(results.as_array().unwrap().iter().all(|record| record["results"][0]["status"] == "PASS"), "{results}");
}

#[test]
fn a_failure_that_passes_is_not_noticed() {
    let service = CoordinationService::start();
    service.on("L-1", &[Behavior::Status(500, ""), Behavior::Resets, Behavior::Answers(FACILITY)]);
    let (_site, _server, mut connection) = server(&service, "retry: {base_ms: 1, cap_ms: 1}\n");
    assert_eq!(said(&mut connection, "L-1").0, "PASS");
    let status = connection.result("status", "{}");
    let coordination = &status["tenants"][0]["coordination"];
    assert_eq!((&coordination["requests"], &coordination["retries"]), (&3.into(), &2.into()), "{status}");
}

#[test]
fn the_service_is_sent_the_record_as_it_is_and_asked_for_what_rules_declare_and_nothing_else() {
    let service = CoordinationService::start();
    let (_site, _server, mut connection) = server(&service, "");
    let record = r#"{"$schema": "https://schemas.example.com/loan/v2.0.0",  "id": "L-1", "x": [1.0000000000000000000000000001, "\u00e4"], "financial": {"principal_amount": 1000000.0000000000000000000001}}"#;
    let params = format!(r#"{{"entity_type":"loan","entity_data":{record},"ruleset_name":"related"}}"#);
    let result = connection.result("validate", &params);
    assert_eq!(told(&result[0]).1, "principal_above_facility_limit");
    let expected = format!(r#"{{"entity_type":"loan","entity_data":{record},"vocabulary_terms":["parent"]}}"#);
    assert_eq!(service.requests(), [expected]);

    // No rule that reads it, or one that has it already: no request.
    for ruleset in [
        r#""ruleset_name":"thorough""#.to_owned(),
        format!(r#""ruleset_name":"related","associated":{}"#, FACILITY.replace("1000000.00", "2000000")),
    ] {
        let params = format!(r#"{{"entity_type":"loan","entity_data":{record},{ruleset}}}"#);
        connection.result("validate", &params);
    }
    assert_eq!(service.requests().len(), 1);
}

#[test]
fn many_records_are_fetched_at_the_same_time_and_delay_no_other_request() {
    let service = CoordinationService::start();
    let ids: Vec<_> = (0..40).map(|number| format!("L-{number}")).collect();
    for id in &ids {
        service.on(id, &[Behavior::Hangs]);
    }
    let tier_3 = "timeout_ms: 2000\ndeadline_ms: 2000\ncircuit_breaker_enabled: false\nconcurrency: 80\n";
    let (_site, _server, mut connection) = server(&service, tier_3);
    let ids: Vec<_> = ids.iter().map(String::as_str).collect();
    let begun = Instant::now();
    let slow = connection.ask("batch_validate", &batch(&ids));
    service.is_asked(2);
    // One after the other, they would take 80 s.
    connection.ask("validate", &single("well").replace("related", "quick"));
    let first = connection.answer();
    assert_ne!(first.id.get(), slow, "a slow request held up another one");
    let results = connection.answer();
    assert!(begun.elapsed() < Duration::from_secs(20), "{:?}", begun.elapsed());
    let results: Vec<Value> = serde_json::from_str(&results.outcome().unwrap()).unwrap();
    assert_eq!(results.len(), 40);
    for record in &results {
        assert_eq!(told(&record["results"][0]).1, "coordination_timeout", "{record}");
    }
}

#[test]
fn a_service_that_keeps_failing_is_not_asked_until_the_breaker_tries_it_again() {
    let service = CoordinationService::start();
    service.on("L-1", &[Behavior::Status(500, "")]);
    let tier_3 = "retry_attempts: 1\nbreaker: {failures: 2, open_seconds: 1}\n";
    let (_site, _server, mut connection) = server(&service, tier_3);
    for _ in 0..2 {
        assert_eq!(said(&mut connection, "L-1").1, "coordination_unavailable");
    }
    let (status, code, message) = said(&mut connection, "well");
    assert_eq!((status.as_str(), code.as_str()), ("NORUN", "coordination_breaker_open"), "{message}");
    assert_eq!(service.requests().len(), 2);
    assert_eq!(connection.result("status", "{}")["tenants"][0]["coordination"]["breaker"], "open");
    assert_eq!(connection.result("health", "{}")["status"], "degraded");
    // After its second, the next record goes through, and everybody after it.
    let begun = Instant::now();
    while said(&mut connection, "well").0 != "PASS" {
        assert!(begun.elapsed() < Duration::from_secs(30), "it is never tried again");
    }
    assert_eq!(said(&mut connection, "L-2").0, "PASS");
    assert_eq!(connection.result("status", "{}")["tenants"][0]["coordination"]["breaker"], "closed");
    assert_eq!(connection.result("health", "{}")["status"], "ok");
}

#[test]
fn an_older_answer_stands_in_while_the_service_is_down_and_the_result_says_so() {
    let service = CoordinationService::start();
    service.on("L-1", &[Behavior::Answers(FACILITY), Behavior::Status(500, "")]);
    let (_site, _server, mut connection) = server(&service, "retry_attempts: 1\nserve_stale_seconds: 3600\n");
    let fresh = connection.result("validate", &single("L-1"));
    assert!(fresh[0].get("degraded").is_none() && fresh[0]["status"] == "PASS", "{fresh}");
    let stale = connection.result("validate", &single("L-1"));
    assert_eq!((&stale[0]["status"], &stale[0]["degraded"]), (&"PASS".into(), &Value::from(vec!["parent"])));
    assert_eq!(service.requests().len(), 2);
}

#[test]
fn without_the_service_only_those_rules_do_not_run() {
    let host = CoordinationService::start().host();
    let site = sites::coordinated(&host, "retry_attempts: 1\n");
    let mut server = Server::start(&site, Transport::Stdio);
    let mut connection = server.connect();
    assert_eq!(said(&mut connection, "L-1").1, "coordination_unavailable");
    let quick = connection.result("validate", &single("L-1").replace("related", "quick"));
    assert_eq!(quick[1]["rule_id"], "rule_002_v1");
    assert_eq!(quick[1]["status"], "FAIL");

    site.write("coordination.yaml", "enabled: false\n");
    let mut server = Server::start(&site, Transport::Stdio);
    assert_eq!(said(&mut server.connect(), "L-1").1, "coordination_disabled");
}

#[test]
fn records_are_sent_only_where_the_service_team_says() {
    let service = CoordinationService::start();
    let site = sites::coordinated(&service.host(), "");
    let config = std::fs::read_to_string(site.path("local-config.yaml")).unwrap();
    site.write("local-config.yaml", config.replace(&service.host(), "refs.example.com"));
    let refused = refuses(&site, &[], 2, &["coordination.yaml", "coordination_hosts"]);
    assert!(refused.contains(&service.host()), "{refused}");
    assert_eq!(service.requests(), [""; 0]);
}
