//! What only operators may call.

use std::io::{Read, Write};
use std::os::unix::fs::PermissionsExt;
use std::os::unix::net::UnixStream;

use jurat_tests::http::{Http, get, request};
use jurat_tests::server::{Server, refuses_command};
use jurat_tests::site::Site;
use serde_json::Value;

const TOKEN: &str = "correct-horse-battery-staple";
const CALLS: [(&str, &str); 5] =
    [("GET", "status"), ("POST", "reload"), ("POST", "pin"), ("POST", "rollback"), ("POST", "unpin")];

/// A request of an operator over TCP.
fn asks(method: &str, call: &str, token: Option<&str>, body: &str) -> Vec<u8> {
    let token = token.map(|token| format!("Authorization: Bearer {token}"));
    let headers: Vec<_> = ["Content-Type: application/json"].into_iter().chain(token.as_deref()).collect();
    request(method, &format!("/api/v1/{call}"), &headers, if method == "GET" { "" } else { body })
}

/// A response that came over a Unix socket: its status and its body.
fn over_unix(site: &Site, method: &str, call: &str) -> (u16, Value) {
    over_unix_path(site, method, &format!("/api/v1/{call}"))
}

fn over_unix_path(site: &Site, method: &str, path: &str) -> (u16, Value) {
    let mut stream = UnixStream::connect(site.path("operators")).unwrap();
    let request = request(method, path, &["Connection: close"], "");
    stream.write_all(&request).unwrap();
    let mut response = String::new();
    stream.read_to_string(&mut response).unwrap();
    let (head, body) = response.split_once("\r\n\r\n").unwrap();
    (head.split(' ').nth(1).unwrap().parse().unwrap(), serde_json::from_str(body).unwrap())
}

#[test]
fn operators_decide_over_a_unix_socket_which_release_serves() {
    let site = Site::configured("state_dir: state\n");
    let server = Server::serve(&site, &["--operator-unix", "operators"]);
    let mode = std::fs::metadata(site.path("operators")).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o600);

    let (status, said) = over_unix(&site, "GET", "status");
    assert_eq!((status, said["health"].as_str()), (200, Some("ok")), "{said}");
    let manifest = said["tenants"][0]["release"]["manifest"].as_str().unwrap().to_owned();
    let (status, said) = over_unix(&site, "POST", "reload");
    assert_eq!((status, said["status"].as_str()), (200, Some("ok")), "{said}");
    // There is no earlier release.
    let (status, said) = over_unix(&site, "POST", "rollback");
    assert_eq!((status, said["code"].as_str()), (409, Some("pin")), "{said}");
    let (status, said) = over_unix(&site, "POST", "unpin");
    assert_eq!(status, 200, "{said}");
    assert_eq!(manifest.len(), 64);

    let (status, said) = over_unix_path(&site, "GET", "/health/details");
    assert_eq!((status, said["status"].as_str()), (200, Some("healthy")), "{said}");
    let checks: Vec<_> =
        said["checks"].as_array().unwrap().iter().map(|check| check["name"].as_str().unwrap()).collect();
    assert_eq!(checks, ["serving", "release", "update", "trust"]);
    // A release that is revoked no longer serves, and there is no other.
    site.revoke(&manifest);
    over_unix(&site, "POST", "reload");
    let (_, said) = over_unix_path(&site, "GET", "/health/details");
    assert_eq!(said["status"].as_str(), Some("unhealthy"), "{said}");
    let failed = said["checks"].as_array().unwrap().iter().filter(|check| check["reasons"] != serde_json::json!([]));
    let failed: Vec<_> = failed.map(|check| (check["name"].as_str().unwrap(), check["critical"] == true)).collect();
    assert_eq!(failed, [("serving", true), ("release", false), ("update", false)], "{said}");

    // Clients that nobody has authenticated may do none of this.
    let mut client = server.http();
    for (method, call) in CALLS {
        let body = format!(r#"{{"manifest":"{manifest}"}}"#);
        let refused = client.ask(asks(method, call, None, if call == "pin" { &body } else { "{}" }));
        assert_eq!((refused.status(), refused.json()["code"].as_str()), (403, Some("forbidden")), "{call}");
    }
    client.ask(get("/health/details")).is_problem(404, "unknown_path");
}

#[test]
fn operators_show_their_token_on_their_port() {
    let site = Site::configured("state_dir: state\nserver: {auth: none, operator_token_file: token}\n");
    site.write("token", TOKEN);
    let server = Server::serve(&site, &["--operator-port", "0"]);
    let mut operator = Http::connect(&server.operators_address);
    for (method, call) in CALLS {
        for token in [None, Some("correct-horse-battery-stapl"), Some("")] {
            let refused = operator.ask(asks(method, call, token, "{}"));
            assert_eq!(refused.status(), 401, "{call} {token:?}: {}", refused.text());
            assert_eq!(refused.header("www-authenticate"), Some("Bearer"));
        }
    }
    assert_eq!(operator.ask(get("/health/details")).status(), 401);
    let status = operator.ask(asks("GET", "status", Some(TOKEN), ""));
    let manifest = status.json()["tenants"][0]["release"]["manifest"].as_str().unwrap().to_owned();
    let pin = format!(r#"{{"manifest":"{manifest}","reason":"a test"}}"#);
    assert_eq!(operator.ask(asks("POST", "pin", Some(TOKEN), &pin)).status(), 200);
    let status = operator.ask(asks("GET", "status", Some(TOKEN), "")).json();
    let pin = &status["tenants"][0]["pin"];
    assert_eq!((&pin["by"], &pin["reason"]), (&"http".into(), &"a test".into()), "{status}");
    assert_eq!(operator.ask(asks("POST", "unpin", Some(TOKEN), "")).status(), 200);

    // Probes and pages need no token.
    assert_eq!(operator.ask(get("/ready")).status(), 200);
    assert_eq!(operator.ask(get("/openapi.json")).json()["paths"]["/api/v1/pin"]["post"]["operationId"], "pin");
    // Where nobody is authenticated, a token changes nothing.
    let mut client = server.http();
    assert!(client.ask(get("/openapi.json")).json()["paths"].get("/health/details").is_none());
    assert_eq!(client.ask(asks("GET", "status", Some(TOKEN), "")).status(), 403);
}

#[test]
fn there_is_no_port_for_operators_without_a_token() {
    let site = Site::configured("");
    refuses_command(&site, "serve", &["--port", "0", "--operator-port", "0"], 2, &["server.operator_token_file"]);
}
