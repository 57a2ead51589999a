//! Where a server listens, and where it refuses to.

use std::fs::{self, File};
use std::net::TcpListener;
use std::os::unix::fs::{FileTypeExt, PermissionsExt};
use std::os::unix::net::UnixListener;

use jurat_tests::program;
use rustix::process::Signal;

use crate::connection::{Answer, Connection, request};
use crate::server::{Server, Transport, refuses};
use crate::sites::configured;

#[test]
fn a_port_that_is_taken_is_an_error() {
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = taken.local_addr().unwrap().port().to_string();
    refuses(&configured(""), &["--port", &port], 4, &[&port, "cannot be listened on"]);
}

#[test]
fn wrong_arguments_are_usage() {
    let site = configured("");
    for arguments in [
        &["--port", "70000"][..],
        &["--port", "x"],
        &["--port", "0", "--unix", "socket"],
        &["--host", "127.0.0.1"],
        &["--allow-remote"],
        &["--log-format", "xml"],
    ] {
        refuses(&site, arguments, 2, &[]);
    }
}

#[test]
fn a_unix_socket_is_for_its_user_and_goes_with_the_server() {
    let site = configured("");
    let mut server = Server::start(&site, Transport::Unix);
    let metadata = fs::symlink_metadata(site.path("socket")).unwrap();
    assert!(metadata.file_type().is_socket());
    assert_eq!(metadata.permissions().mode() & 0o777, 0o600);
    server.connect().is_served();
    server.signal(Signal::TERM);
    assert_eq!(server.ended().0.code(), Some(0));
    assert!(!site.path("socket").exists());
}

#[test]
fn a_socket_that_a_dead_server_has_left_is_replaced() {
    let site = configured("");
    let mut server = Server::start(&site, Transport::Unix);
    server.signal(Signal::KILL);
    server.ended();
    assert!(site.path("socket").exists());
    Server::start(&site, Transport::Unix).connect().is_served();
}

#[test]
fn a_socket_of_a_living_server_is_left_alone() {
    let site = configured("");
    let mut server = Server::start(&site, Transport::Unix);
    refuses(&site, &["--unix", "socket"], 4, &["socket", "a server is listening there"]);
    server.connect().is_served();
    let _other = UnixListener::bind(site.path("other")).unwrap();
    refuses(&site, &["--unix", "other"], 4, &["other"]);
    assert!(site.path("other").exists());
}

#[test]
fn a_file_that_is_not_a_socket_is_left_alone() {
    let site = configured("");
    site.write("file", "precious");
    refuses(&site, &["--unix", "file"], 4, &["file", "not a socket"]);
    assert_eq!(fs::read(site.path("file")).unwrap(), b"precious");
    refuses(&site, &["--unix", "data"], 4, &["data", "not a socket"]);
    refuses(&site, &["--unix", "none/socket"], 4, &["none/socket"]);
    let long = "x".repeat(200);
    refuses(&site, &["--unix", &long], 4, &[&long]);
}

#[test]
fn a_client_beyond_the_limit_is_rejected_and_the_others_are_served() {
    let site = configured("server: {max_connections: 2}\n");
    for transport in [Transport::Tcp, Transport::Unix] {
        let mut server = Server::start(&site, transport);
        let mut clients = [server.connect(), server.connect()];
        clients.iter_mut().for_each(Connection::is_served);
        let mut third = server.connect();
        let refused = third.answer().outcome().unwrap_err();
        assert_eq!((refused.code, refused.kind()), (-32000, "too_many_connections"));
        third.is_at_end();
        clients.iter_mut().for_each(Connection::is_served);
        // A permit is free as soon as the server notices that a client is gone.
        drop(clients);
        loop {
            let mut next = server.connect();
            next.send("{\"jsonrpc\":\"2.0\",\"id\":7,\"method\":\"health\"}\n");
            if next.answer().outcome().is_ok() {
                break;
            }
        }
    }
}

#[test]
fn other_machines_need_permission_a_certificate_and_a_token() {
    let site = configured("");
    for host in ["0.0.0.0", "::"] {
        let refused =
            refuses(&site, &["--port", "0", "--host", host], 2, &["--allow-remote", "server.tls", "server.token"]);
        assert!(refused.contains(host), "{refused}");
        let refused =
            refuses(&site, &["--port", "0", "--host", host, "--allow-remote"], 2, &["server.tls", "server.token"]);
        assert!(!refused.contains("--allow-remote"), "{refused}");
        site.write("token", "0123456789abcdef\n");
        let token = ["--port", "0", "--host", host, "--allow-remote", "--set", "server.token_file=token"];
        let refused = refuses(&site, &token, 2, &["server.tls"]);
        assert!(!refused.contains("server.token"), "{refused}");
    }
}

#[test]
fn standard_input_and_output_may_be_files() {
    let site = configured("");
    site.write("requests", ["health", "version"].map(|method| request("7", method, "{}") + "\n").concat());
    let (requests, answers) = (site.path("requests"), site.path("answers"));
    let mut server = program::command(&site.path(""), &["rpc", "--config", "local-config.yaml"]);
    server.stdin(File::open(requests).unwrap()).stdout(File::create(&answers).unwrap());
    assert_eq!(server.status().unwrap().code(), Some(0));
    let answers = fs::read_to_string(answers).unwrap();
    let is_result = |line| Answer::parse(line).outcome().is_ok();
    assert_eq!(answers.lines().map(is_result).collect::<Vec<_>>(), [true, true]);
}
