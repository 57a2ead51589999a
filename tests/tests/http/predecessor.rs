//! The calls of the predecessor's HTTP service work as they are: `tests/cases/rest`.

use std::fs;

use jurat_tests::guest;
use jurat_tests::http::request;
use jurat_tests::results::is_shown;
use jurat_tests::server::Server;
use jurat_tests::site::Site;
use serde_json::Value;

#[test]
fn its_calls_come_out_as_shown() {
    let text = fs::read(guest::package().join("cases/rest/calls.json")).unwrap();
    let cases: Vec<Value> = serde_json::from_slice(&text).unwrap();
    let site = Site::configured("data_roots: [data]\n");
    let server = Server::serve(&site, &[]);
    let mut client = server.http();
    for case in &cases {
        let text = |member: &str| case[member].as_str().unwrap();
        let body = case.get("body").map(Value::to_string).unwrap_or_default();
        let headers: &[&str] = if body.is_empty() { &[] } else { &["Content-Type: application/json"] };
        let response = client.ask(request(text("method"), text("path"), headers, body));
        assert_eq!(case["status"], response.status(), "{}: {}", text("name"), response.text());
        assert!(is_shown(&case["shows"], &response.json()), "{}: {}", text("name"), response.text());
    }
    assert_eq!(cases.len(), 11);
    assert_eq!(client.ask(request("GET", "/health", &[], "")).status(), 200);
}
