//! Web pages: only those of the server itself, or of a listed origin, may have browsers call it.

use jurat_tests::http::{Response, get, request};
use jurat_tests::server::{Server, refuses_command};
use jurat_tests::site::Site;

use crate::loans::one;

const PATH: &str = "/api/v1/validate";
const LISTED: &str = "api: {origins: [\"https://app.example.com\", \"http://localhost:3000\"]}\n";

fn server(settings: &str) -> (Site, Server) {
    let site = Site::configured(settings);
    let server = Server::serve(&site, &[]);
    (site, server)
}

/// The response to a call for a page of this origin.
fn call(server: &Server, origin: &str) -> Response {
    let headers = ["Content-Type: application/json", &format!("Origin: {origin}")];
    server.http().ask(request("POST", PATH, &headers, one()))
}

/// What a browser asks before it calls.
fn preflight(server: &Server, origin: &str) -> Response {
    let origin = format!("Origin: {origin}");
    let headers = [
        origin.as_str(),
        "Access-Control-Request-Method: POST",
        "Access-Control-Request-Headers: content-type,authorization",
    ];
    server.http().ask(request("OPTIONS", PATH, &headers, ""))
}

/// The headers by which a response is shared with pages.
fn sharing(response: &Response) -> Vec<&str> {
    let names = response.head.headers.iter().map(|(name, _)| &**name);
    names.filter(|name| name.starts_with("access-control-")).collect()
}

#[test]
fn pages_of_others_are_refused() {
    for settings in ["", LISTED] {
        let (_site, server) = server(settings);
        for origin in [
            "https://evil.example",
            "null",
            "",
            "https://app.example.com.evil.example",
            "http://app.example.com",
            "https://app.example.com:8443",
            "https://localhost.evil.example",
            "http://localhost:1",
            "file://",
            "localhost",
            "javascript:alert(1)",
            "https://app.example.com\u{e9}",
        ] {
            let response = call(&server, origin);
            response.is_problem(403, "origin_refused");
            assert!(!response.head.headers.iter().any(|(_, value)| value.contains("evil")), "{response:?}");
            preflight(&server, origin).is_problem(403, "origin_refused");
        }
        let twice = ["Content-Type: application/json", "Origin: http://localhost", "Origin: http://localhost"];
        server.http().ask(request("POST", PATH, &twice, one())).is_problem(400, "ambiguous_request");
        // Reading is refused as well as writing.
        let headers = ["Origin: https://evil.example"];
        server.http().ask(request("GET", "/api/v1/discover-rulesets", &headers, "")).is_problem(403, "origin_refused");
        server.http().ask(request("GET", "/nothing", &headers, "")).is_problem(403, "origin_refused");
    }
}

#[test]
fn pages_of_the_server_itself_and_programs_are_served() {
    let (_site, server) = server("");
    let response = call(&server, "http://localhost");
    response.result();
    assert_eq!(sharing(&response), [""; 0]);
    let own = |host: &str, origin: &str| {
        server.http().ask(format!("GET /api/v1/discover-rulesets HTTP/1.1\r\nHost: {host}\r\nOrigin: {origin}\r\n\r\n"))
    };
    own("localhost:8080", "http://localhost:8080").result();
    own("127.0.0.1:80", "http://127.0.0.1").result();
    own("localhost:8080", "http://localhost").is_problem(403, "origin_refused");
    own("localhost", "http://127.0.0.1").is_problem(403, "origin_refused");
    server.http().ask(get("/api/v1/discover-rulesets")).result();
}

#[test]
fn pages_of_listed_origins_may_read_responses_and_problems() {
    let (_site, server) = server(LISTED);
    for origin in ["https://app.example.com", "http://localhost:3000"] {
        let response = call(&server, origin);
        response.result();
        assert_eq!(response.header("access-control-allow-origin"), Some(origin));
        assert_eq!(response.header("access-control-expose-headers"), Some("jurat-correlation-id"));
        assert_eq!(response.header("access-control-allow-credentials"), None);
        assert!(response.header("vary").unwrap().contains("origin"), "{response:?}");
        let headers = ["Content-Type: text/plain", &format!("Origin: {origin}")];
        let problem = server.http().ask(request("POST", PATH, &headers, one()));
        problem.is_problem(415, "unsupported_media_type");
        assert_eq!(problem.header("access-control-allow-origin"), Some(origin));

        let response = preflight(&server, origin);
        assert_eq!((response.status(), response.text()), (200, ""));
        response.head.is_guarded();
        assert_eq!(response.header("access-control-allow-origin"), Some(origin));
        assert_eq!(response.header("access-control-allow-methods"), Some("GET,POST"));
        assert_eq!(response.header("access-control-allow-headers"), Some("accept,authorization,content-type"));
    }
}

#[test]
fn a_browser_asks_before_it_calls_without_showing_a_token() {
    let site = Site::configured(&format!("{LISTED}server: {{token_file: token}}\n"));
    site.write("token", "correct-horse-battery-staple");
    let server = Server::serve(&site, &[]);
    assert_eq!(preflight(&server, "https://app.example.com").status(), 200);
    let refused = call(&server, "https://app.example.com");
    refused.is_problem(401, "authentication_needed");
    assert_eq!(refused.header("access-control-allow-origin"), Some("https://app.example.com"));
}

#[test]
fn credentials_are_sent_to_listed_origins_only_if_the_settings_say_so() {
    let (_site, server) = server("api: {origins: [\"https://app.example.com\"], credentials: true}\n");
    let response = call(&server, "https://app.example.com");
    assert_eq!(response.header("access-control-allow-credentials"), Some("true"));
    assert_eq!(response.header("access-control-allow-origin"), Some("https://app.example.com"));
    let refused = call(&server, "https://evil.example");
    refused.is_problem(403, "origin_refused");
    assert_eq!(sharing(&refused), [""; 0]);
}

#[test]
fn all_pages_may_call_in_development_only() {
    let site = Site::configured("api: {origins: [\"*\"]}\n");
    refuses_command(&site, "serve", &["--port", "0"], 2, &["api.origins[0]", "any web page could call this server"]);
    let site = Site::configured("environment: development\napi: {origins: [\"*\"], credentials: true}\n");
    refuses_command(&site, "serve", &["--port", "0"], 2, &["api.credentials"]);

    let (_site, server) = server("environment: development\napi: {origins: [\"*\"]}\n");
    for origin in ["https://any.example", "null"] {
        let response = call(&server, origin);
        response.result();
        assert_eq!(response.header("access-control-allow-origin"), Some("*"));
        assert_eq!(preflight(&server, origin).header("access-control-allow-origin"), Some("*"));
    }
}
