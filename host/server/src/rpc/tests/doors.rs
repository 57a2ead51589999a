//! Real sockets: who is let in, and who is not.

use std::net::SocketAddr;
use std::path::Path;
use std::time::Duration;

use jurat::settings::{Secret, Tls};
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, ServerName};
use rustls::{ClientConfig, RootCertStore};
use tokio::net::{TcpStream, UnixStream};
use tokio_rustls::TlsConnector;

use super::super::listen::{ListenError, Listener, Remote};
use super::*;

async fn tcp(stage: &Stage, settings: &ServerSettings) -> (SocketAddr, JoinHandle<Ended>) {
    let listener = Listener::tcp("127.0.0.1", 0, settings, Remote::Refused).await.unwrap();
    let address = listener.address().parse().unwrap();
    let server = stage.server.clone();
    (address, tokio::spawn(async move { server.listen(listener).await }))
}

async fn connect(address: SocketAddr) -> Peer<TcpStream> {
    Peer::new(TcpStream::connect(address).await.unwrap())
}

fn guarded() -> ServerSettings {
    ServerSettings { token: Some(Secret::new("correct horse")), ..ServerSettings::default() }
}

fn authenticate(token: &str) -> String {
    json!({"jsonrpc": "2.0", "id": "a", "method": "authenticate", "params": {"token": token}}).to_string()
}

#[tokio::test]
async fn a_slow_request_holds_up_nobody_else() {
    let stage = Stage::new(ServerSettings::default());
    let (address, ended) = tcp(&stage, &ServerSettings::default()).await;
    let (mut slow, mut quick) = (connect(address).await, connect(address).await);
    slow.send(script(1, "gate", "a")).await;
    for id in 2..20 {
        assert_eq!(quick.ask(script(id, "echo", "a")).await["result"]["id"], id);
    }
    stage.gate.add_permits(1);
    assert_eq!(slow.answer().await["id"], 1);
    // Clients that are still there do not keep it from ending.
    stage.server.stop().drain();
    assert_eq!(ended.await.unwrap(), Ended::Finished);
    assert_eq!((slow.line().await, quick.line().await), (None, None));
}

#[tokio::test]
async fn one_client_too_many_is_told_so() {
    let settings = ServerSettings { max_connections: 2.try_into().unwrap(), ..ServerSettings::default() };
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
    // Its place becomes free a moment after its connection has ended.
    loop {
        let mut next = connect(address).await;
        // It may be told to go before it has said anything.
        let _ = next.writer.write_all(format!("{}\n", script(1, "echo", "a")).as_bytes()).await;
        let answer = next.answer().await;
        if answer.get("result").is_some() {
            break;
        }
        assert_eq!(error(&answer), (-32000, "too_many_connections"));
    }
}

#[tokio::test]
async fn a_client_that_leaves_takes_nothing_with_it() {
    let settings = ServerSettings {
        max_connections: 1.try_into().unwrap(),
        max_buffered: "4KiB".parse().unwrap(),
        ..ServerSettings::default()
    };
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
async fn who_knows_the_token_is_let_in() {
    let stage = Stage::new(guarded());
    let (address, _ended) = tcp(&stage, &guarded()).await;
    let mut client = connect(address).await;
    let expected = json!({"jsonrpc": "2.0", "id": "a", "result": {"status": "ok"}});
    assert_eq!(client.ask(authenticate("correct horse")).await, expected);
    assert_eq!(client.ask(script(1, "echo", "a")).await["id"], 1);
    // Whoever is in may say it again.
    assert_eq!(client.ask(authenticate("correct horse")).await, expected);
}

#[tokio::test]
async fn anything_but_the_token_is_answered_once_and_then_the_connection_is_closed() {
    let stage = Stage::new(guarded());
    let (address, _ended) = tcp(&stage, &guarded()).await;
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
        ("x".repeat(5_000), -32600, "message_too_large"),
    ];
    for (line, code, kind) in cases {
        let mut client = connect(address).await;
        client.send(&line).await;
        // What comes after does not count any more.
        let _ = client.writer.write_all(format!("{}\n", authenticate("correct horse")).as_bytes()).await;
        let answer = client.answer().await;
        assert_eq!(error(&answer), (code, kind), "{line}");
        assert_eq!(client.line().await, None);
    }
}

#[tokio::test]
async fn strangers_do_not_keep_out_who_knows_the_token() {
    let settings = ServerSettings { max_connections: 1.try_into().unwrap(), ..guarded() };
    let stage = Stage::new(settings.clone());
    let (address, _ended) = tcp(&stage, &settings).await;
    let mut strangers = Vec::new();
    for _ in 0..100 {
        strangers.push(connect(address).await);
    }
    let mut client = connect(address).await;
    assert_eq!(client.ask(authenticate("correct horse")).await["result"]["status"], "ok");
    // Those who waited longest had to go without a word.
    for gone in strangers.iter_mut().take(37) {
        assert_eq!(gone.line().await, None);
    }
    // The others may still say who they are, but there is no place for them now.
    let mut last = strangers.pop().unwrap();
    let answer = last.ask(authenticate("correct horse")).await;
    assert_eq!((&answer["id"], error(&answer)), (&json!("a"), (-32000, "too_many_connections")));
    assert_eq!(last.line().await, None);
    assert_eq!(client.ask(script(1, "echo", "a")).await["id"], 1);
}

#[tokio::test]
async fn a_unix_socket_serves_and_goes() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("jurat.sock");
    // What holds for ports does not hold here: only this user can connect.
    let stage = Stage::new(guarded());
    let listener = Listener::unix(&path).unwrap();
    let server = stage.server.clone();
    let ended = tokio::spawn(async move { server.listen(listener).await });
    let mut client = Peer::new(UnixStream::connect(&path).await.unwrap());
    assert_eq!(client.ask(script(1, "echo", "a")).await["id"], 1);
    client.end().await;
    stage.server.stop().drain();
    assert_eq!(ended.await.unwrap(), Ended::Finished);
    assert!(!path.exists());
}

#[tokio::test]
async fn other_machines_are_let_in_only_with_all_that_protects_them() {
    let tls = Tls { certificate: "c".into(), key: "k".into() };
    for host in ["0.0.0.0", "::"] {
        let refuse = |settings: ServerSettings, remote| async move {
            match Listener::tcp(host, 0, &settings, remote).await {
                Err(ListenError::Remote { missing, .. }) => missing,
                other => format!("{other:?}"),
            }
        };
        let all = refuse(ServerSettings::default(), Remote::Refused).await;
        for what in ["--allow-remote", "rpc.tls", "rpc.token"] {
            assert!(all.contains(what), "{all}");
        }
        let one = refuse(ServerSettings { tls: Some(tls.clone()), ..ServerSettings::default() }, Remote::Allowed).await;
        assert_eq!(one, "a token that clients show (`rpc.token`)");
        let one = refuse(ServerSettings { tls: Some(tls.clone()), ..guarded() }, Remote::Refused).await;
        assert_eq!(one, "the permission to do so (`--allow-remote`)");
        assert_eq!(refuse(guarded(), Remote::Allowed).await, "a certificate and its key (`rpc.tls`)");
    }
    let empty = ServerSettings { token: Some(Secret::new("")), ..ServerSettings::default() };
    let refused = Listener::tcp("127.0.0.1", 0, &empty, Remote::Refused).await.unwrap_err();
    assert!(matches!(refused, ListenError::EmptyToken));
}

/// A certificate for `localhost`, and its key, in a directory.
fn certificate(directory: &Path) -> Tls {
    let signed = rcgen::generate_simple_self_signed(["localhost".to_owned()]).unwrap();
    let tls = Tls { certificate: directory.join("cert.pem"), key: directory.join("key.pem") };
    std::fs::write(&tls.certificate, signed.cert.pem()).unwrap();
    std::fs::write(&tls.key, signed.signing_key.serialize_pem()).unwrap();
    tls
}

#[tokio::test]
async fn clients_from_other_machines_speak_tls() {
    let directory = tempfile::tempdir().unwrap();
    let tls = certificate(directory.path());
    let settings = ServerSettings { tls: Some(tls.clone()), max_connections: 1.try_into().unwrap(), ..guarded() };
    let stage = Stage::new(settings.clone());
    let listener = Listener::tcp("0.0.0.0", 0, &settings, Remote::Allowed).await.unwrap();
    let port = listener.address().parse::<SocketAddr>().unwrap().port();
    let server = stage.server.clone();
    let ended = tokio::spawn(async move { server.listen(listener).await });

    // Whoever does not even begin to speak takes nobody's place.
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

    // Whoever does not speak it is not understood.
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
        (Tls { certificate: good.key.clone(), ..good.clone() }, "there is no certificate in PEM form in it"),
        (Tls { key: good.certificate.clone(), ..good.clone() }, "there is no private key in PEM form in it"),
        (Tls { key: foreign.key, ..good }, "cannot be used"),
    ];
    for (tls, expected) in cases {
        let settings = ServerSettings { tls: Some(tls), ..ServerSettings::default() };
        let refused = Listener::tcp("127.0.0.1", 0, &settings, Remote::Refused).await.unwrap_err().to_string();
        assert!(refused.contains(expected), "{refused}");
    }
}
