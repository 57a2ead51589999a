//! Results that leave out what a client does not want, and bodies that are compressed.

use std::io::Write;

use flate2::Compression;
use flate2::write::GzEncoder;
use jurat_tests::http::{post, request};
use jurat_tests::server::Server;
use jurat_tests::site::Site;
use serde_json::{Value, json};

use crate::loans::{all, lines, loans};

fn gzip(text: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::best());
    encoder.write_all(text).unwrap();
    encoder.finish().unwrap()
}

/// A body with more members.
fn with(mut body: Value, more: &Value) -> String {
    body.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    body.to_string()
}

/// The names of the members of all rules.
fn members(rules: &Value, found: &mut Vec<String>) {
    for rule in rules.as_array().unwrap() {
        found.extend(rule.as_object().unwrap().keys().cloned());
        members(&rule["children"], found);
    }
    found.sort();
    found.dedup();
}

/// Without it, the results of a few records would look like those of all.
#[test]
fn a_client_that_wants_few_results_is_told_that_records_were_lost() {
    let site = Site::configured("data_roots: [data]\n");
    let broken = format!("[{},{} {}", loans()[0], loans()[1], loans()[2]);
    site.write("data/broken.json", &broken);
    let server = Server::serve(&site, &[]);
    let mut client = server.http();
    let file = json!({"file_uri": "broken.json", "entity_types": ["loan"], "id_fields": ["id"], "ruleset_name": "quick", "only": ["WARN"]});
    let results = client.ask(post("/api/v1/batch-file", file.to_string())).result();
    let errors: Vec<_> = results.as_array().unwrap().iter().map(|record| &record["error"]["code"]).collect();
    assert_eq!(errors, ["records_lost"], "{results}");
    let typed = ["Content-Type: application/x-ndjson"];
    let response = client.ask(request("POST", "/api/v1/batch?ruleset_name=quick&only=WARN", &typed, broken));
    assert!(response.text().contains("records_lost"), "{}", response.text());
}

#[test]
fn a_client_gets_the_results_that_it_wants() {
    let site = Site::configured("");
    let server = Server::serve(&site, &[]);
    let mut client = server.http();
    let every = client.ask(post("/api/v1/batch", all().to_string())).json();
    let few = client.ask(post("/api/v1/batch", with(all(), &json!({"only": ["FAIL", "ERROR"]})))).json();
    let fails = |record: &&Value| {
        fn any(rules: &Value) -> bool {
            let is_bad = |rule: &Value| ["FAIL", "ERROR"].contains(&rule["status"].as_str().unwrap());
            rules.as_array().unwrap().iter().any(|rule| is_bad(rule) || any(&rule["children"]))
        }
        record["status"] == "ERROR" || any(&record["results"])
    };
    let expected: Vec<_> = every.as_array().unwrap().iter().filter(fails).map(|record| &record["entity_id"]).collect();
    let found: Vec<_> = few.as_array().unwrap().iter().map(|record| &record["entity_id"]).collect();
    assert!(found == expected && !found.is_empty() && found.len() < 12, "{found:?} {expected:?}");

    let named = client.ask(post("/api/v1/batch", with(all(), &json!({"fields": ["code", "message"]})))).json();
    let mut names = Vec::new();
    named.as_array().unwrap().iter().for_each(|record| members(&record["results"], &mut names));
    assert_eq!(names, ["children", "code", "message", "rule_id", "status"]);
    assert!(named[0].get("release").is_none() && named[0].get("entity_type").is_none(), "{}", named[0]);

    // The same for one record, as an envelope, whose status is that of all rules.
    let one = json!({"entity_type": "loan", "entity_data": loans()[2], "ruleset_name": "quick", "compatibility": "envelopes"});
    let whole = client.ask(post("/api/v1/validate", one.to_string())).json();
    let none = client.ask(post("/api/v1/validate", with(one, &json!({"only": [], "fields": []})))).json();
    assert_eq!(none, json!({"status": whole["status"], "results": []}));
    assert_ne!(whole["results"], json!([]));
}

#[test]
fn what_a_client_wants_must_exist() {
    let site = Site::configured("");
    let server = Server::serve(&site, &[]);
    let mut client = server.http();
    for (more, advice) in [
        (json!({"only": ["FAILED"]}), "did you mean `FAIL`?"),
        (json!({"fields": ["mesage"]}), "did you mean `message`?"),
        (json!({"only": "FAIL"}), "`only` must be an array of texts, not a text"),
    ] {
        let refused = client.ask(post("/api/v1/batch", with(all(), &more)));
        assert_eq!((refused.status(), refused.json()["code"].as_str()), (400, Some("wrong_parameter")));
        assert!(refused.text().contains(advice), "{}", refused.text());
    }
}

#[test]
fn bodies_may_be_compressed_where_the_settings_say_so() {
    const JSON: &str = "Content-Type: application/json";
    const GZIP: &str = "Content-Encoding: gzip";
    let body = all().to_string();
    let site = Site::configured("api: {compressed_requests: true, max_body: 64 KiB, max_stream: 64 KiB}\n");
    let server = Server::serve(&site, &[]);
    let mut client = server.http();
    let judged = client.ask(request("POST", "/api/v1/batch", &[JSON, GZIP], gzip(body.as_bytes())));
    assert_eq!(judged.json().as_array().unwrap().len(), 12);
    let path = "/api/v1/batch?ruleset_name=quick";
    let lines = gzip(lines().as_bytes());
    let judged = client.ask(request("POST", path, &["Content-Type: application/x-ndjson", GZIP], &lines));
    assert_eq!(judged.text().lines().count(), 13);

    // The limits hold for what comes out.
    for (length, status) in [(65_536, 400), (65_537, 413)] {
        let bomb = gzip(" ".repeat(length).as_bytes());
        assert!(bomb.len() < 1_000);
        let refused = server.http().ask(request("POST", "/api/v1/batch", &[JSON, GZIP], bomb));
        assert_eq!(refused.status(), status, "{}", refused.text());
    }
    for (coding, body) in [("br", body.as_bytes()), ("gzip, gzip", body.as_bytes())] {
        let refused =
            server.http().ask(request("POST", "/api/v1/batch", &[JSON, &format!("Content-Encoding: {coding}")], body));
        assert_eq!(refused.status(), 415, "{}", refused.text());
    }
    let broken = server.http().ask(request("POST", "/api/v1/batch", &[JSON, GZIP], "not compressed"));
    assert_eq!((broken.status(), broken.json()["code"].as_str()), (400, Some("invalid_request")));
}
