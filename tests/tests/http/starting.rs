//! Where the server listens, and when it refuses to start.

use std::net::TcpListener;

use jurat_tests::http::Http;
use jurat_tests::server::{Server, refuses_command};
use jurat_tests::site::Site;
use jurat_tests::skip;

#[test]
fn a_port_that_is_taken_is_an_error() {
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = taken.local_addr().unwrap().port().to_string();
    let site = Site::configured("");
    refuses_command(&site, "serve", &["--port", &port], 4, &[&port, "cannot be listened on"]);
    refuses_command(&site, "serve", &["--port", "0", "--rpc-port", &port], 4, &[&port, "cannot be listened on"]);
}

#[test]
fn wrong_arguments_and_settings_are_usage() {
    let site = Site::configured("");
    for arguments in [
        &["--port", "70000"][..],
        &["--port", "x"],
        &["--rpc-port", "-1"],
        &["--log-format", "xml"],
        &["--unix", "socket"],
        &["--set", "api.nothing=1"],
        &["--set", "api.max_body=0"],
        &["--set", "api.max_concurrent=0"],
        &["--set", "api.header_timeout_ms=0"],
        &["--set", "api.max_header_bytes=4 KiB"],
        &["--set", "api.max_header_bytes=2 MiB"],
        &["--set", "api.hosts=http://localhost"],
        &["--set", "api.hosts=*"],
        &["--set", "api.origins=app.example.com"],
        &["--set", "api.origins=https://app.example.com/path"],
        &["--set", "environment=staging"],
    ] {
        refuses_command(&site, "serve", arguments, 2, &[]);
    }
}

#[test]
fn the_server_listens_where_it_is_told_to() {
    let site = Site::configured("");
    if TcpListener::bind("[::1]:0").is_err() {
        return skip::not_tried("this machine has no address of IPv6");
    }
    let server = Server::serve(&site, &["--host", "::1"]);
    assert!(server.address.starts_with("[::1]:"), "{}", server.address);
    let mut http = Http::connect(&server.address);
    http.is_served();
    let own = format!("GET /api/v1/discover-rulesets HTTP/1.1\r\nHost: {}\r\n\r\n", server.address);
    http.ask(own).result();
}
