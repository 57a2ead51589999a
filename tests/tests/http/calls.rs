//! Each call gives what it gives over JSON-RPC, to the byte.

use jurat_tests::http::{Http, get, post, request};
use jurat_tests::results::without_times;
use jurat_tests::server::{Server, Transport};
use jurat_tests::site::Site;
use serde_json::{Value, json};

use crate::loans::{all, loans};

const JSON: &str = "application/json";
const DATA: &str = "data_roots: [data]\n";

/// The same call over both protocols.
struct Both {
    http: Http,
    rpc: jurat_tests::connection::Connection,
    _servers: [Server; 2],
    _site: Site,
}

impl Both {
    fn start(settings: &str) -> Self {
        let site = Site::configured(&format!("{DATA}{settings}"));
        let http_server = Server::serve(&site, &[]);
        let mut rpc_server = Server::start(&site, Transport::Tcp);
        let (http, rpc) = (http_server.http(), rpc_server.connect());
        Self { http, rpc, _servers: [http_server, rpc_server], _site: site }
    }

    /// Makes a call, and gives its result.
    #[track_caller]
    fn agree(&mut self, path: &str, method: &str, params: &Value) -> Value {
        let response = self.http.ask(post(&format!("/api/v1/{path}"), params.to_string()));
        let text = response.is_ok(JSON).text();
        let expected = self.rpc.call(method, &params.to_string()).unwrap();
        assert!(without_times(text) == without_times(&expected), "{path}: {text:.1000}\n\n{expected:.1000}");
        response.json()
    }
}

#[test]
fn every_call_gives_what_it_gives_over_json_rpc() {
    let mut both = Both::start("");
    let one = json!({"entity_type": "loan", "entity_data": loans()[0], "ruleset_name": "quick", "now": "2026-01-31T12:00:00Z"});
    let results = both.agree("validate", "validate", &one);
    assert_eq!((results[0]["rule_id"].as_str(), results[0]["status"].as_str()), (Some("rule_001_v1"), Some("PASS")));

    let results = both.agree("batch", "batch_validate", &all());
    assert_eq!(results.as_array().unwrap().len(), 12);

    // None at all, and so many that they are read and judged in parts.
    let none = json!({"entities": [], "id_fields": ["id"], "ruleset_name": "quick"});
    assert_eq!(both.agree("batch", "batch_validate", &none), json!([]));
    let many: Vec<Value> = (0..300).flat_map(|_| loans()).collect();
    let many = json!({"entities": many, "id_fields": ["id"], "ruleset_name": "thorough"});
    assert_eq!(both.agree("batch", "batch_validate", &many).as_array().unwrap().len(), 3_600);

    let file =
        json!({"file_uri": "loans.json", "entity_types": ["loan"], "id_fields": ["id"], "ruleset_name": "thorough"});
    let results = both.agree("batch-file", "batch_file_validate", &file);
    assert_eq!(results.as_array().unwrap().len(), 12);

    let discover = json!({"entity_type": "loan", "entity_data": loans()[0], "ruleset_name": "quick"});
    let rules = both.agree("discover-rules", "discover_rules", &discover);
    assert_eq!(rules.as_object().unwrap().len(), 3);

    let response = both.http.ask(get("/api/v1/discover-rulesets"));
    let expected = both.rpc.call("discover_rulesets", "{}").unwrap();
    assert_eq!(response.is_ok(JSON).text(), expected);
    assert!(response.json()["quick"].is_object(), "{}", response.text());
}

#[test]
fn a_request_or_a_setting_chooses_the_generation() {
    for (setting, default) in [("lists", true), ("envelopes", false)] {
        let mut both = Both::start(&format!("server: {{compatibility: {setting}}}\n"));
        for (choice, is_list) in [(Value::Null, default), (json!("lists"), true), (json!("envelopes"), false)] {
            let mut one = json!({"entity_type": "loan", "entity_data": loans()[0], "ruleset_name": "quick"});
            one["compatibility"] = choice.clone();
            let result = both.agree("validate", "validate", &one);
            assert_eq!(result.is_array(), is_list, "{setting} {choice}");

            let records = if is_list { "entities" } else { "items" };
            let mut batch = json!({"id_fields": ["id"], "ruleset_name": "quick", "compatibility": choice});
            batch[records] = if is_list { loans().into() } else { loans().iter().map(item).collect() };
            let result = both.agree("batch", "batch_validate", &batch);
            assert_eq!(result["items"].is_array(), !is_list, "{setting} {choice}");

            let file = json!({"file_uri": "loans.json", "entity_types": ["loan"], "id_fields": ["id"],
                "ruleset_name": "quick", "compatibility": choice});
            let result = both.agree("batch-file", "batch_file_validate", &file);
            assert_eq!(result["items"].is_array(), !is_list, "{setting} {choice}");
        }
    }
}

/// A record as a request with envelopes has it.
fn item(record: &Value) -> Value {
    json!({"correlation_id": record["id"], "data": record})
}

#[test]
fn load_balancers_get_one_word_without_a_host_or_a_token() {
    let site = Site::configured("server: {token_file: token}\n");
    site.write("token", "correct-horse-battery-staple");
    let server = Server::serve(&site, &[]);
    let mut http = server.http();
    for (path, word) in [("/health", "ok"), ("/ready", "ready")] {
        for text in [get(path), format!("GET {path} HTTP/1.1\r\nHost: 10.1.2.3\r\n\r\n").into_bytes()] {
            let response = http.ask(text);
            assert_eq!(response.is_ok("text/plain; charset=utf-8").text(), word);
        }
        let response = Http::connect(&server.address).ask(format!("GET {path} HTTP/1.0\r\n\r\n"));
        assert_eq!((response.status(), response.text()), (200, word));
    }
    // Probes come every few seconds, so the log does not have them.
    http.ask(get("/api/v1/discover-rulesets")).is_problem(401, "authentication_needed");
    server.says("authentication_needed");
    assert!(!server.log().iter().any(|line| line.contains("/health") || line.contains("/ready")));
}

#[test]
fn parameters_of_a_query_are_read_like_those_of_a_body() {
    let mut both = Both::start("");
    let response = both.http.ask(get("/api/v1/discover-rulesets?tenant=default"));
    assert!(response.result()["quick"].is_object());
    for (query, status, code) in [
        ("tenant=nobody", 404, "unknown_tenant"),
        ("tenant=a&tenant=b", 400, "wrong_parameter"),
        ("tennant=default", 400, "unknown_parameter"),
        ("%00=1", 400, "unknown_parameter"),
    ] {
        both.http.ask(get(&format!("/api/v1/discover-rulesets?{query}"))).is_problem(status, code);
    }
    // The other calls have their parameters in the body only.
    let response = both.http.ask(request(
        "POST",
        "/api/v1/validate?ruleset_name=quick",
        &["Content-Type: application/json"],
        "{}",
    ));
    response.is_problem(400, "unknown_parameter");
}
