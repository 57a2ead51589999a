//! Clients from other machines: over TLS, with a token in each request.

use jurat_tests::http::{Http, get, post, request};
use jurat_tests::http2::{END_STREAM, Http2};
use jurat_tests::server::{Server, refuses_command};
use jurat_tests::site::Site;
use jurat_tests::tls;
use rustix::process::Signal;

use crate::loans::one;

const TOKEN: &str = "correct-horse-battery-staple";

/// A request to judge a loan, with this line of headers.
fn authorized(line: &str) -> Vec<u8> {
    request("POST", "/api/v1/validate", &["Content-Type: application/json", line], one())
}

#[test]
fn a_client_with_the_token_is_served_over_tls_and_no_other() {
    let site = Site::configured(&format!("server: {{token_file: token, {}}}\n", tls::SETTINGS));
    let certificate = tls::certify(&site);
    site.write("token", TOKEN);
    let mut server = Server::serve(&site, &["--host", "0.0.0.0", "--allow-remote"]);
    let address = server.address.replace("0.0.0.0", "127.0.0.1");

    let mut http = tls::http(&address, &certificate);
    for scheme in ["Bearer", "bearer", "BEARER"] {
        let response = http.ask(authorized(&format!("Authorization: {scheme} {TOKEN}")));
        response.result();
        // Over TLS, browsers are told to stay there.
        assert_eq!(response.header("strict-transport-security"), Some("max-age=63072000"));
    }
    for (line, code) in [
        ("X: y", "authentication_needed"),
        ("Authorization: Bearer no-such-token-at-all", "authentication_failed"),
        ("Authorization: Bearer ", "authentication_needed"),
        ("Authorization: Bearer correct-horse-battery-stapl", "authentication_failed"),
        ("Authorization: Bearer correct-horse-battery-staplee", "authentication_failed"),
        ("Authorization: Bearer CORRECT-HORSE-BATTERY-STAPLE", "authentication_failed"),
        ("Authorization: Basic Y29ycmVjdDpob3JzZQ==", "authentication_needed"),
        ("Authorization: correct-horse-battery-staple", "authentication_needed"),
        ("Authorization: Bearer correct-horse-battery-staple\r\nAuthorization: Bearer x", "authentication_needed"),
    ] {
        let response = http.ask(authorized(line));
        assert_eq!(response.json()["code"], code, "{line}");
        let detail = response.is_problem(401, code);
        assert_eq!(response.header("www-authenticate"), Some("Bearer"), "{line}");
        assert_eq!(response.header("strict-transport-security"), Some("max-age=63072000"));
        assert!(!detail.contains("horse"), "{detail}");
    }
    // Nor does it learn which paths and methods there are.
    for text in [get("/nothing"), get("/api/v1/validate"), request("DELETE", "/api/v1/batch", &[], "")] {
        http.ask(text).is_problem(401, "authentication_needed");
    }
    // The token of one request is not that of the next.
    http.ask(get("/api/v1/discover-rulesets")).is_problem(401, "authentication_needed");
    for (path, word) in [("/health", "ok"), ("/ready", "ready")] {
        assert_eq!(http.ask(get(path)).text(), word);
    }
    let (stream, _, _) = tls::connect(&address, &certificate, &["h2"]);
    let mut http2 = Http2::over_tls(stream);
    assert_eq!(http2.get("/health").status, 200);
    assert_eq!(http2.get("/api/v1/discover-rulesets").status, 401);
    let shown = format!("Bearer {TOKEN}");
    let stream = http2.open("GET", "/api/v1/discover-rulesets", &[("authorization", &shown)], END_STREAM);
    assert_eq!(http2.response(stream).status, 200);
    assert_eq!(http2.get("/api/v1/discover-rulesets").status, 401);
    drop(http2);
    // A client without TLS gets no answer.
    let mut plain = Http::connect(&address);
    plain.send(authorized(&format!("Authorization: Bearer {TOKEN}")));
    plain.closes_after(std::time::Duration::ZERO, std::time::Instant::now());

    drop(http);
    server.signal(Signal::TERM);
    let (status, log) = server.ended();
    assert_eq!(status.code(), Some(0));
    assert!(!log.iter().any(|line| line.contains("horse") || line.contains("no-such-token")), "{log:#?}");
}

#[test]
fn without_tls_browsers_are_not_told_to_use_it() {
    let site = Site::configured("");
    let server = Server::serve(&site, &[]);
    for text in [post("/api/v1/validate", one()), get("/nothing"), get("/health")] {
        assert_eq!(server.http().ask(text).header("strict-transport-security"), None);
    }
}

#[test]
fn clients_that_show_nothing_do_not_keep_out_one_that_shows_the_token() {
    let site = Site::configured("server: {token_file: token, max_connections: 1}\n");
    site.write("token", TOKEN);
    let server = Server::serve(&site, &[]);
    let mut silent: Vec<Http> = (0..100).map(|_| server.http()).collect();
    let mut asking: Vec<Http> = (0..10).map(|_| server.http()).collect();
    for http in &mut asking {
        http.ask(get("/health"));
    }
    let mut known = server.http();
    known.ask(authorized(&format!("Authorization: Bearer {TOKEN}"))).result();
    // There are places for 64 that have shown nothing; the oldest are closed first.
    silent[0].is_closed();
    // Another one with the token is one too many.
    let response = server.http().ask(authorized(&format!("Authorization: Bearer {TOKEN}")));
    response.is_problem(503, "too_many_connections");
}

#[test]
fn other_machines_need_permission_a_certificate_and_a_token() {
    let open = ["--port", "0", "--host", "0.0.0.0"];
    let allowed = ["--port", "0", "--host", "0.0.0.0", "--allow-remote"];
    let site = Site::configured("");
    refuses_command(&site, "serve", &open, 2, &["`--allow-remote`", "`server.tls`", "`server.token_file`"]);
    refuses_command(&site, "serve", &allowed, 2, &["`server.tls`", "`server.token_file`"]);

    let site = Site::configured("server: {token_file: token}\n");
    site.write("token", TOKEN);
    refuses_command(&site, "serve", &allowed, 2, &["`server.tls`"]);

    let site = Site::configured(&format!("server: {{{}}}\n", tls::SETTINGS));
    let _ = tls::certify(&site);
    refuses_command(&site, "serve", &allowed, 2, &["`server.token_file`"]);
    site.write("token", TOKEN);
    let rpc_too = [&open[..], &["--rpc-port", "0"]].concat();
    refuses_command(&site, "serve", &rpc_too, 2, &["`--allow-remote`"]);
}
