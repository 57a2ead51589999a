//! Records that arrive line by line, and results that leave line by line.

use jurat_tests::http::{Http, Response, check_problem, chunk, post, request};
use jurat_tests::results::without_times;
use jurat_tests::server::Server;
use jurat_tests::site::Site;
use serde_json::{Value, json};

use crate::loans::{all, lines, loans, poor};

const NDJSON: &str = "application/x-ndjson";
const TYPE: &str = "Content-Type: application/x-ndjson";
const PATH: &str = "/api/v1/batch?ruleset_name=thorough&id_fields=id";

/// The lines of results, and the summary behind them.
#[track_caller]
fn split(response: &Response) -> (Vec<&str>, Value) {
    let mut lines: Vec<_> = response.is_ok(NDJSON).text().lines().collect();
    let last: Value = serde_json::from_str(lines.pop().unwrap()).unwrap();
    assert!(last["summary"].is_object(), "{last}");
    (lines, last["summary"].clone())
}

/// Begins a stream whose body has no known length.
fn begin(http: &mut Http, path: &str) {
    http.send(format!("POST {path} HTTP/1.1\r\nHost: localhost\r\n{TYPE}\r\nTransfer-Encoding: chunked\r\n\r\n"));
}

#[test]
fn records_of_an_array_or_of_lines_give_the_same_results_in_an_array_or_in_lines() {
    let site = Site::configured("");
    let server = Server::serve(&site, &[]);
    let mut http = server.http();
    let list = http.ask(post("/api/v1/batch", all().to_string()));
    let list = without_times(list.is_ok("application/json").text());

    let headers = ["Content-Type: application/json", "Accept: application/x-ndjson"];
    let from_array = http.ask(request("POST", "/api/v1/batch", &headers, all().to_string()));
    let from_lines = http.ask(request("POST", PATH, &[TYPE], lines()));
    for response in [from_array, from_lines] {
        let (lines, summary) = split(&response);
        assert!(without_times(&format!("[{}]", lines.join(","))) == list, "other results: {:.1000}", lines.join(","));
        assert_eq!(summary["records"], 12);
    }
    // Who prefers an array gets one.
    for accept in ["*/*", "application/json, application/x-ndjson;q=0.5", "text/html"] {
        let headers = ["Content-Type: application/json", &format!("Accept: {accept}")];
        http.ask(request("POST", "/api/v1/batch", &headers, all().to_string())).is_ok("application/json");
    }
}

#[test]
fn lines_may_be_envelopes() {
    let site = Site::configured("");
    let server = Server::serve(&site, &[]);
    let items: String =
        loans().iter().map(|loan| format!("{}\n", json!({"correlation_id": loan["id"], "data": loan}))).collect();
    let response = server.http().ask(request("POST", &format!("{PATH}&compatibility=envelopes"), &[TYPE], items));
    let (lines, _) = split(&response);
    let first: Value = serde_json::from_str(lines[0]).unwrap();
    assert_eq!((lines.len(), &first["status"]), (12, &json!("PASS")), "{first}");
    assert_eq!(first["correlation_id"], "LOAN-1001");
}

#[test]
fn the_query_may_have_other_id_fields_for_each_type() {
    let site = Site::configured("");
    let server = Server::serve(&site, &[]);
    let path = "/api/v1/batch?ruleset_name=quick&fields=&id_fields=%7B%22loan%22%3A%5B%22client_id%22%5D%7D";
    let response = server.http().ask(request("POST", path, &[TYPE], lines()));
    let first: Value = serde_json::from_str(split(&response).0[0]).unwrap();
    assert_eq!(first["entity_id"], loans()[0]["client_id"], "{first}");
    // An empty list of members leaves what always stays.
    assert!(first.get("release").is_none() && first["results"][0].get("message").is_none(), "{first}");
}

#[test]
fn results_leave_before_the_last_record_has_arrived() {
    let site = Site::configured("");
    let server = Server::serve(&site, &[]);
    let mut http = server.http();
    begin(&mut http, PATH);
    http.send(chunk(format!("{}\n", loans()[0])));
    let head = http.head().unwrap();
    assert_eq!((head.status, head.header("content-type")), (200, Some(NDJSON)));
    let first: Value = serde_json::from_slice(&http.chunk().unwrap()).unwrap();
    assert_eq!(first["entity_id"], "LOAN-1001");
    // The last line need not end.
    http.send(chunk(loans()[1].to_string()));
    http.send("0\r\n\r\n");
    let second: Value = serde_json::from_slice(&http.chunk().unwrap()).unwrap();
    assert_eq!(second["entity_id"], "LOAN-1002");
    let last: Value = serde_json::from_slice(&http.chunk().unwrap()).unwrap();
    assert_eq!(last["summary"]["records"], 2);
    assert_eq!(http.chunk(), None);
    http.is_served();
}

#[test]
fn a_stream_whose_body_breaks_off_ends_with_an_error_and_without_a_summary() {
    let site = Site::configured("api: {body_timeout_ms: 2000}\n");
    let server = Server::serve(&site, &[]);
    // The client closes its side in the middle of the body, or sends what is no chunk, or sends nothing for too long.
    for (broken, status, code) in [
        (None, 400, "invalid_request"),
        (Some("zz\r\n"), 400, "invalid_request"),
        (Some(""), 408, "incomplete_message"),
    ] {
        let mut http = server.http();
        begin(&mut http, PATH);
        http.send(chunk(format!("{}\n", loans()[0])));
        assert_eq!(http.head().unwrap().status, 200);
        let first = http.chunk().unwrap();
        assert!(String::from_utf8(first).unwrap().contains("LOAN-1001"));
        match broken {
            None => http.finish(),
            Some(text) => http.send(text),
        }
        let Some(Some(last)) = http.try_chunk() else { panic!("{broken:?}: the stream has no last line") };
        let last: Value = serde_json::from_slice(&last).unwrap();
        check_problem(&last["error"], status, code);
        assert!(last.get("summary").is_none(), "{last}");
        server.says(&format!("outcome=\"error\" kind=\"{code}\""));
    }
    server.http().is_served();
}

#[test]
fn broken_lines_spoil_only_themselves() {
    let site = Site::configured("max_record: 4 KiB\n");
    let server = Server::serve(&site, &[]);
    let mut long = poor("L-long");
    let rest = 4096 - long.to_string().len() - r#","text":"""#.len();
    long["text"] = "x".repeat(rest).into();
    let fits = long.to_string();
    assert_eq!(fits.len(), 4096);
    long["text"] = "x".repeat(rest + 1).into();
    let body = format!("{}\nnonsense\n{long}\n{fits}\n[1]\n\n{}\n", poor("L-1"), poor("L-2"));
    let response = server.http().ask(request("POST", PATH, &[TYPE], body));
    let (lines, summary) = split(&response);
    let codes: Vec<_> =
        lines.iter().map(|line| serde_json::from_str::<Value>(line).unwrap()["error"]["code"].clone()).collect();
    assert_eq!(codes[0], Value::Null, "{lines:#?}");
    assert_eq!(codes[2], "record_too_large");
    assert_eq!((&codes[3], &codes[5]), (&Value::Null, &Value::Null));
    assert!(codes[1].is_string() && codes[4].is_string(), "{codes:?}");
    assert_eq!(summary["records"], 6);
}

#[test]
fn what_is_wrong_before_the_first_line_is_a_problem_and_no_stream() {
    let site = Site::configured("");
    let server = Server::serve(&site, &[]);
    let mut http = server.http();
    for (path, status, code) in [
        ("/api/v1/batch", 400, "missing_parameter"),
        ("/api/v1/batch?ruleset_name=none", 404, "unknown_ruleset"),
        ("/api/v1/batch?ruleset_name=quick&tenant=nobody", 404, "unknown_tenant"),
        ("/api/v1/batch?ruleset_name=quick&now=today", 400, "wrong_parameter"),
        ("/api/v1/batch?ruleset_name=quick&entities=1", 400, "unknown_parameter"),
        ("/api/v1/batch?ruleset_name=quick&compatibility=x", 400, "wrong_parameter"),
        ("/api/v1/batch?ruleset_name=quick&ruleset_name=thorough", 400, "wrong_parameter"),
    ] {
        let response = http.ask(request("POST", path, &[TYPE], lines()));
        response.is_problem(status, code);
    }
    // Nothing is a stream without records.
    let (lines, summary) = (http.ask(request("POST", PATH, &[TYPE], "")), 0);
    let (lines, found) = split(&lines);
    assert_eq!((lines.len(), &found["records"]), (0, &json!(summary)));
}
