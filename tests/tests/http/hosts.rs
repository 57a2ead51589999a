//! For which host a request is: it must say so once and clearly, and the host must be this server.

use jurat_tests::http::Response;
use jurat_tests::http2::{END_HEADERS, END_STREAM, Http2, Kind, literal};
use jurat_tests::server::Server;
use jurat_tests::site::Site;

const PATH: &str = "/api/v1/discover-rulesets";

fn server(hosts: &str) -> (Site, Server) {
    let site = Site::configured(&format!("api: {{hosts: [{hosts}]}}\n"));
    let server = Server::serve(&site, &[]);
    (site, server)
}

/// The response to a request with this target and these lines of headers.
fn ask(server: &Server, target: &str, headers: &str) -> Response {
    server.http().ask(format!("GET {target} HTTP/1.1\r\n{headers}\r\n"))
}

#[test]
fn the_server_is_known_by_its_own_names_and_addresses() {
    let (_site, server) = server("");
    for host in [
        "localhost",
        "LocalHost",
        "localhost:1",
        "127.0.0.1",
        "127.0.0.1:8080",
        "127.9.8.7",
        "[::1]",
        "[::1]:8080",
        "[::ffff:127.0.0.1]",
        // No page can give an address another address.
        "10.0.0.1",
        "[fd00::2]:8080",
    ] {
        ask(&server, PATH, &format!("Host: {host}\r\n")).result();
    }
    ask(&server, &format!("http://localhost:7{PATH}"), "Host: localhost:7\r\n").result();
}

#[test]
fn a_foreign_host_is_refused() {
    let (_site, server) = server("");
    for host in [
        "evil.example",
        "localhost.evil.example",
        "evil-localhost",
        "127.1",
        "2130706433",
        "0x7f.0.0.1",
        "localhost.",
        "localhost,evil.example",
    ] {
        let detail = ask(&server, PATH, &format!("Host: {host}\r\n")).is_problem(400, "host_not_trusted");
        assert!(detail.contains("`api.hosts`"), "{detail}");
    }
    ask(&server, &format!("http://evil.example{PATH}"), "Host: evil.example\r\n").is_problem(400, "host_not_trusted");
    // A path that does not exist is none of its business either.
    ask(&server, "/nothing", "Host: evil.example\r\n").is_problem(400, "host_not_trusted");
    ask(&server, "/api/v1/validate", "Host: evil.example\r\n").is_problem(400, "host_not_trusted");
}

#[test]
fn a_host_that_is_not_clear_is_refused() {
    let (_site, server) = server("");
    for headers in [
        "",
        "Host: localhost\r\nHost: localhost\r\n",
        "Host: localhost\r\nhost: evil.example\r\n",
        "Host: user@localhost\r\n",
        "Host: evil.example@localhost\r\n",
        "Host: \r\n",
        "Host: [::1\r\n",
        "Host: localhost:port\r\n",
        "Host: localhost:99999\r\n",
        "Host: local host\r\n",
        "Host: localhost/x\r\n",
        "Host: http://localhost\r\n",
    ] {
        let response = ask(&server, PATH, headers);
        assert_eq!(response.status(), 400, "{headers}{}", response.text());
        response.is_problem(400, "ambiguous_request");
    }
    for (target, headers) in [
        ("http://evil.example", "Host: localhost\r\n"),
        ("http://localhost", "Host: evil.example\r\n"),
        ("http://localhost:1", "Host: localhost:2\r\n"),
        ("http://user@localhost", "Host: localhost\r\n"),
        // HTTP/1.1 demands the header in any case.
        ("http://localhost", ""),
    ] {
        let response = ask(&server, &format!("{target}{PATH}"), headers);
        assert_eq!(response.status(), 400, "{target} {headers}{}", response.text());
        response.is_problem(400, "ambiguous_request");
    }
}

#[test]
fn listed_hosts_are_known_with_their_ports_and_all_below_a_domain() {
    let (_site, server) = server(r#"rules.example.com, "api.example.com:8443", "*.example.org", "[fd00::1]""#);
    for host in [
        "rules.example.com",
        "RULES.example.com:81",
        "api.example.com:8443",
        "a.example.org",
        "a.b.example.org:9",
        "[fd00::1]:5",
    ] {
        ask(&server, PATH, &format!("Host: {host}\r\n")).result();
    }
    for host in [
        "example.com",
        "a.rules.example.com",
        "api.example.com",
        "api.example.com:443",
        "example.org",
        "evil-example.org",
        "a.example.org.evil.example",
    ] {
        ask(&server, PATH, &format!("Host: {host}\r\n")).is_problem(400, "host_not_trusted");
    }
}

#[test]
fn over_http_2_the_same_holds_for_the_authority() {
    let (_site, server) = server("rules.example.com");
    for (authority, header, status) in [
        (Some("localhost"), None, 200),
        (Some("rules.example.com"), None, 200),
        (None, Some("localhost"), 200),
        (Some("localhost"), Some("localhost"), 200),
        (Some("evil.example"), None, 400),
        (None, Some("evil.example"), 400),
        (None, None, 400),
        (Some("localhost"), Some("evil.example"), 400),
        (Some("user@localhost"), None, 400),
        (None, Some("user@localhost"), 400),
    ] {
        let mut http2 = Http2::connect(&server.address);
        let stream = http2.next_stream();
        let mut block: Vec<u8> = [(":method", "GET"), (":scheme", "http"), (":path", PATH)]
            .iter()
            .flat_map(|(name, value)| literal(name, value))
            .collect();
        block.extend(authority.iter().flat_map(|value| literal(":authority", value)));
        block.extend(header.iter().flat_map(|value| literal("host", value)));
        http2.send(Kind::Headers, END_HEADERS | END_STREAM, stream, &block);
        let response = http2.response(stream);
        // The library resets a stream whose headers it does not accept.
        let is_refused = response.status == 400 || response.reset.is_some();
        assert!(
            if status == 200 { response.status == 200 } else { is_refused },
            "{authority:?} {header:?}: {}",
            response.status
        );
    }
}
