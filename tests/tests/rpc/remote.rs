//! Clients from other machines: over TLS, with a token.

use jurat_tests::site::Site;
use jurat_tests::tls::{self, Turns};
use rustls::pki_types::CertificateDer;

use crate::connection::{Connection, request};
use crate::server::{Server, Transport};
use crate::sites::{DATA, configured};

const TOKEN: &str = "correct-horse-battery-staple";

fn connect(port: &str, trusted: &CertificateDer<'static>) -> Connection {
    let stream = Turns::new(tls::connect(&format!("127.0.0.1:{port}"), trusted, &[]).0);
    Connection::new(stream.clone(), stream)
}

/// A server for other machines, and its certificate.
fn remote() -> (Site, Server, String, CertificateDer<'static>) {
    let site = configured(&format!("{DATA}server: {{token_file: token, {}}}\n", tls::SETTINGS));
    let certificate = tls::certify(&site);
    site.write("token", TOKEN);
    let server = Server::start_with(&site, Transport::Tcp, &["--port", "0", "--host", "0.0.0.0", "--allow-remote"]);
    let port = server.address.rsplit_once(':').unwrap().1.to_owned();
    (site, server, port, certificate)
}

fn token(token: &str) -> String {
    format!("{{\"token\":\"{token}\"}}")
}

/// The first message gets this error, and then the connection is closed.
#[track_caller]
fn is_rejected(mut client: Connection, line: &str, kind: &str) {
    client.send(line);
    let refused = client.answer().outcome().unwrap_err();
    assert_eq!(refused.kind(), kind, "{line:.200}: {refused:?}");
    assert!(!refused.message.contains(TOKEN), "{refused:?}");
    client.is_at_end();
}

#[test]
fn a_client_with_the_token_is_served_over_tls() {
    let (_site, _server, port, certificate) = remote();
    let mut client = connect(&port, &certificate);
    assert_eq!(client.result("authenticate", &token(TOKEN))["status"], "ok");
    client.is_served();
    let params = r#"{"file_uri":"loans.json","entity_types":["loan"],"id_fields":["id"],"ruleset_name":"thorough"}"#;
    assert_eq!(client.result("batch_file_validate", params).as_array().unwrap().len(), 12);
}

#[test]
fn a_client_without_the_token_is_not_served() {
    let (_site, _server, port, certificate) = remote();
    let authenticate = |params: &str| request("1", "authenticate", params) + "\n";
    let long = format!("{}\n", " ".repeat(100_000));
    for (line, kind) in [
        (authenticate(&token("wrong")), "authentication_failed"),
        (authenticate(&token("")), "authentication_failed"),
        (authenticate(&token(TOKEN.trim_end_matches('e'))), "authentication_failed"),
        (authenticate("{}"), "missing_parameter"),
        (authenticate(r#"{"token":["correct-horse-battery-staple"]}"#), "wrong_parameter"),
        (request("1", "health", "{}") + "\n", "authentication_needed"),
        (format!("[{}]\n", request("1", "authenticate", &token(TOKEN))), "authentication_needed"),
        (
            format!("{{\"jsonrpc\":\"2.0\",\"method\":\"authenticate\",\"params\":{}}}\n", token(TOKEN)),
            "authentication_needed",
        ),
        ("nonsense\n".to_owned(), "parse_error"),
        (long, "message_too_large"),
    ] {
        is_rejected(connect(&port, &certificate), &line, kind);
    }
    // A client that sends nothing is not served either, and one without TLS gets no answer.
    connect(&port, &certificate).finish();
    let mut plain = Connection::tcp(&format!("127.0.0.1:{port}"));
    plain.send(request("1", "authenticate", &token(TOKEN)) + "\n");
    plain.finish();
    assert!(plain.try_line().is_none_or(|line| !line.contains(&b'{')));

    let mut client = connect(&port, &certificate);
    client.result("authenticate", &token(TOKEN));
    client.is_served();
}

#[test]
fn a_token_is_required_on_this_machine_too_and_never_logged() {
    let site = configured("server: {token_file: token}\n");
    site.write("token", TOKEN);
    let mut server = Server::start(&site, Transport::Tcp);
    is_rejected(server.connect(), &(request("1", "health", "{}") + "\n"), "authentication_needed");
    is_rejected(
        server.connect(),
        &(request("1", "authenticate", &token("no-such-token")) + "\n"),
        "authentication_failed",
    );
    let mut client = server.connect();
    client.result("authenticate", &token(TOKEN));
    client.is_served();
    drop(client);
    server.signal(rustix::process::Signal::TERM);
    let (status, log) = server.ended();
    assert_eq!(status.code(), Some(0));
    assert!(!log.iter().any(|line| line.contains(TOKEN) || line.contains("no-such-token")), "{log:#?}");
}
