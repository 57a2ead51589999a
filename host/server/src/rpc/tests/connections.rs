//! Real sockets: which connections are served, and which are not.

use std::net::SocketAddr;
use std::path::Path;
use std::time::Duration;

use jurat::settings::Tls;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, ServerName};
use rustls::{ClientConfig, RootCertStore};
use tokio::net::{TcpStream, UnixStream};
use tokio_rustls::TlsConnector;

use super::*;
use crate::listener::{ListenError, Listener, Remote};

async fn tcp(stage: &Stage, settings: &ServerSettings) -> (SocketAddr, JoinHandle<Ended>) {
    let listener = Listener::tcp("127.0.0.1", 0, settings, Remote::Refused).await.unwrap();
    let address = listener.address().parse().unwrap();
    let rpc = stage.rpc.clone();
    (address, tokio::spawn(async move { rpc.listen(listener).await }))
}

async fn connect(address: SocketAddr) -> Peer<TcpStream> {
    Peer::new(TcpStream::connect(address).await.unwrap())
}

fn authenticate(token: &str) -> String {
    json!({"jsonrpc": "2.0", "id": "a", "method": "authenticate", "params": {"token": token}}).to_string()
}

#[tokio::test]
async fn a_slow_request_delays_no_other_client() {
    let stage = Stage::new(open());
    let (address, ended) = tcp(&stage, &open()).await;
    let (mut slow, mut quick) = (connect(address).await, connect(address).await);
    slow.send(script(1, "gate", "a")).await;
    for id in 2..20 {
        assert_eq!(quick.ask(script(id, "echo", "a")).await["result"]["id"], id);
    }
    stage.gate.add_permits(1);
    assert_eq!(slow.answer().await["id"], 1);
    // Idle connections do not keep the server from ending.
    stage.server.stop().drain();
    assert_eq!(ended.await.unwrap(), Ended::Finished);
    assert_eq!((slow.line().await, quick.line().await), (None, None));
}

#[tokio::test]
async fn a_client_beyond_the_limit_is_rejected() {
    let settings = ServerSettings { max_connections: 2.try_into().unwrap(), ..open() };
    let stage = Stage::new(settings.clone());
    let (address, _ended) = tcp(&stage, &settings).await;
    let (mut first, mut second) = (connect(address).await, connect(address).await);
    for client in [&mut first, &mut second] {
        assert_eq!(client.ask(script(1, "echo", "a")).await["id"], 1);
    }
    let mut third = connect(address).await;
    assert_eq!(error(&third.answer().await), (-32000, "too_many_connections"));
    assert_eq!(third.line().await, None);
    first.end().await;
    assert_eq!(first.line().await, None);
    // The permit is free a moment after the connection has ended.
    loop {
        let mut next = connect(address).await;
        // It may be rejected before it has sent anything.
        let _ = next.writer.write_all(format!("{}\n", script(1, "echo", "a")).as_bytes()).await;
        let answer = next.answer().await;
        if answer.get("result").is_some() {
            break;
        }
        assert_eq!(error(&answer), (-32000, "too_many_connections"));
    }
}

#[tokio::test]
async fn a_client_that_disconnects_gives_back_what_it_took() {
    let settings =
        ServerSettings { max_connections: 1.try_into().unwrap(), max_buffered: "4KiB".parse().unwrap(), ..open() };
    let stage = Stage::new(settings.clone());
    let (address, _ended) = tcp(&stage, &settings).await;
    for _ in 0..3 {
        let mut client = connect(address).await;
        client.writer.write_all(&[b'x'; 3_000]).await.unwrap();
        drop(client);
    }
    loop {
        let mut next = connect(address).await;
        let _ = next.writer.write_all(format!("{}\n", script(1, "echo", &"a".repeat(3_000))).as_bytes()).await;
        let answer = next.answer().await;
        if answer.get("result").is_some() {
            break;
        }
        assert_eq!(error(&answer), (-32000, "too_many_connections"));
    }
}

#[tokio::test]
async fn a_client_with_the_token_is_served() {
    let stage = Stage::new(with_token());
    let (address, _ended) = tcp(&stage, &with_token()).await;
    let mut client = connect(address).await;
    let expected = json!({"jsonrpc": "2.0", "id": "a", "result": {"status": "ok"}});
    assert_eq!(client.ask(authenticate("correct horse")).await, expected);
    assert_eq!(client.ask(script(1, "echo", "a")).await["id"], 1);
    // An authenticated client may authenticate again.
    assert_eq!(client.ask(authenticate("correct horse")).await, expected);
}

#[tokio::test]
async fn anything_but_the_token_gets_one_answer_and_closes_the_connection() {
    let stage = Stage::new(with_token());
    let (address, _ended) = tcp(&stage, &with_token()).await;
    let cases = [
        (authenticate("wrong"), -32000, "authentication_failed"),
        (authenticate(""), -32000, "authentication_failed"),
        (authenticate("correct hors"), -32000, "authentication_failed"),
        (authenticate("correct horse "), -32000, "authentication_failed"),
        (script(1, "echo", "a"), -32000, "authentication_needed"),
        (format!("[{}]", authenticate("correct horse")), -32000, "authentication_needed"),
        (
            r#"{"jsonrpc":"2.0","method":"authenticate","params":{"token":"correct horse"}}"#.into(),
            -32000,
            "authentication_needed",
        ),
        (r#"{"jsonrpc":"2.0","id":1,"method":"authenticate","params":{}}"#.into(), -32602, "missing_parameter"),
        ("{".into(), -32700, "parse_error"),
        ("x".repeat(21_000), -32700, "parse_error"),
        ("{".repeat(21_000), -32600, "message_too_large"),
    ];
    for (line, code, kind) in cases {
        let mut client = connect(address).await;
        client.send(&line).await;
        // What comes after it is ignored.
        let _ = client.writer.write_all(format!("{}\n", authenticate("correct horse")).as_bytes()).await;
        let answer = client.answer().await;
        assert_eq!(error(&answer), (code, kind), "{line}");
        assert_eq!(client.line().await, None);
    }
}

#[tokio::test]
async fn unauthenticated_connections_do_not_keep_out_a_client_with_the_token() {
    let settings = ServerSettings { max_connections: 1.try_into().unwrap(), ..with_token() };
    let stage = Stage::new(settings.clone());
    let (address, _ended) = tcp(&stage, &settings).await;
    let mut unauthenticated = Vec::new();
    for _ in 0..100 {
        unauthenticated.push(connect(address).await);
    }
    let mut client = connect(address).await;
    assert_eq!(client.ask(authenticate("correct horse")).await["result"]["status"], "ok");
    // The oldest were closed without an answer.
    for gone in unauthenticated.iter_mut().take(37) {
        assert_eq!(gone.line().await, None);
    }
    // The others may still authenticate, but there is no permit for them now.
    let mut last = unauthenticated.pop().unwrap();
    let answer = last.ask(authenticate("correct horse")).await;
    assert_eq!((&answer["id"], error(&answer)), (&json!("a"), (-32000, "too_many_connections")));
    assert_eq!(last.line().await, None);
    assert_eq!(client.ask(script(1, "echo", "a")).await["id"], 1);
}

#[tokio::test]
async fn a_unix_socket_is_removed_with_its_server() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("jurat.sock");
    // No token is needed here: only this user can connect.
    let stage = Stage::new(with_token());
    let listener = Listener::unix(&path).unwrap();
    let rpc = stage.rpc.clone();
    let ended = tokio::spawn(async move { rpc.listen(listener).await });
    let mut client = Peer::new(UnixStream::connect(&path).await.unwrap());
    assert_eq!(client.ask(script(1, "echo", "a")).await["id"], 1);
    client.end().await;
    stage.server.stop().drain();
    assert_eq!(ended.await.unwrap(), Ended::Finished);
    assert!(!path.exists());
}

#[tokio::test]
async fn other_machines_require_permission_a_certificate_and_a_token() {
    let tls = Tls::new("c", "k");
    for host in ["0.0.0.0", "::"] {
        let refuse = |settings: ServerSettings, remote| async move {
            match Listener::tcp(host, 0, &settings, remote).await {
                Err(ListenError::Remote { missing, .. }) => missing,
                other => format!("{other:?}"),
            }
        };
        let all = refuse(open(), Remote::Refused).await;
        for what in ["--allow-remote", "server.tls", "server.token"] {
            assert!(all.contains(what), "{all}");
        }
        let one = refuse(ServerSettings { tls: Some(tls.clone()), ..open() }, Remote::Allowed).await;
        assert!(one.starts_with("something that clients show: API keys (`server.api_keys`), a token"), "{one}");
        let one = refuse(ServerSettings { tls: Some(tls.clone()), ..with_token() }, Remote::Refused).await;
        assert_eq!(one, "permission (`--allow-remote`)");
        assert_eq!(refuse(with_token(), Remote::Allowed).await, "a certificate and its key (`server.tls`)");
    }
    let refused =
        async |settings: &ServerSettings| Listener::tcp("127.0.0.1", 0, settings, Remote::Refused).await.unwrap_err();
    let operator_token = Some(Secret::new(""));
    let auth = AuthSettings { operator_token, ..AuthSettings::default() };
    assert!(matches!(refused(&ServerSettings { auth, ..open() }).await, ListenError::EmptyToken));
    assert!(matches!(refused(&ServerSettings::default()).await, ListenError::Unauthenticated));
}

/// A certificate for `localhost`, and its key, in a directory.
fn certificate(directory: &Path) -> Tls {
    let signed = rcgen::generate_simple_self_signed(["localhost".to_owned()]).unwrap();
    let tls = Tls::new(directory.join("cert.pem"), directory.join("key.pem"));
    std::fs::write(&tls.certificate, signed.cert.pem()).unwrap();
    std::fs::write(&tls.key, signed.signing_key.serialize_pem()).unwrap();
    tls
}

#[tokio::test]
async fn clients_from_other_machines_use_tls() {
    let directory = tempfile::tempdir().unwrap();
    let tls = certificate(directory.path());
    let settings = ServerSettings { tls: Some(tls.clone()), max_connections: 1.try_into().unwrap(), ..with_token() };
    let stage = Stage::new(settings.clone());
    let listener = Listener::tcp("0.0.0.0", 0, &settings, Remote::Allowed).await.unwrap();
    let port = listener.address().parse::<SocketAddr>().unwrap().port();
    let rpc = stage.rpc.clone();
    let ended = tokio::spawn(async move { rpc.listen(listener).await });

    // A client that sends nothing takes no permit.
    let mut silent = Vec::new();
    for _ in 0..70 {
        silent.push(connect(SocketAddr::from(([127, 0, 0, 1], port))).await);
    }

    let mut roots = RootCertStore::empty();
    roots.add(CertificateDer::from_pem_file(&tls.certificate).unwrap()).unwrap();
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let config = ClientConfig::builder_with_provider(provider).with_safe_default_protocol_versions().unwrap();
    let config = Arc::new(config.with_root_certificates(roots).with_no_client_auth());
    let stream = TcpStream::connect(("127.0.0.1", port)).await.unwrap();
    let name = ServerName::try_from("localhost").unwrap();
    let mut client = Peer::new(TlsConnector::from(config).connect(name, stream).await.unwrap());
    assert_eq!(client.ask(authenticate("correct horse")).await["result"]["status"], "ok");
    let long = client.ask(script(1, "fill", "1000000")).await;
    assert_eq!(long["result"].as_str().unwrap().len(), 1_000_000);

    // A client without TLS is not served.
    let mut plain = connect(SocketAddr::from(([127, 0, 0, 1], port))).await;
    plain.send(authenticate("correct horse")).await;
    assert!(plain.line().await.is_none_or(|line| !line.contains("result")));

    client.end().await;
    stage.server.stop().drain();
    assert!(tokio::time::timeout(Duration::from_secs(20), ended).await.unwrap().is_ok());
}

#[tokio::test]
async fn a_certificate_that_cannot_be_used_is_refused_with_the_reason() {
    let directory = tempfile::tempdir().unwrap();
    let good = certificate(directory.path());
    let other = tempfile::tempdir().unwrap();
    let foreign = certificate(other.path());
    let cases = [
        (Tls { certificate: "/nonexistent".into(), ..good.clone() }, "/nonexistent"),
        (Tls { certificate: good.key.clone(), ..good.clone() }, "the file does not contain a certificate in PEM form"),
        (Tls { key: good.certificate.clone(), ..good.clone() }, "the file does not contain a private key in PEM form"),
        (Tls { key: foreign.key, ..good }, "cannot be used"),
    ];
    for (tls, expected) in cases {
        let settings = ServerSettings { tls: Some(tls), ..open() };
        let refused = Listener::tcp("127.0.0.1", 0, &settings, Remote::Refused).await.unwrap_err().to_string();
        assert!(refused.contains(expected), "{refused}");
    }
}
