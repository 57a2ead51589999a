use std::future::Future;
use std::net::IpAddr;
use std::process::Command;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, LazyLock, Mutex};
use std::time::Duration;
use std::{env, fs, io};

use jurat_disk::reserve_memory::unlimited;
use jurat_model::{Secret, chain};
use jurat_test_server::{Reply, Server};
use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, IsCa, KeyPair};
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::server::WebPkiClientVerifier;
use rustls::{RootCertStore, ServerConfig};

use super::*;
use crate::body::{BodyError, read as read_body};
use crate::certificate::is_untrusted_certificate;
use crate::network::{Network, PrivateAddress};

fn run<T>(future: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap().block_on(future)
}

fn anywhere(settings: &Http) -> Client {
    client(settings, Reach::Anywhere).unwrap()
}

fn status(client: &Client, url: &str) -> Result<u16, reqwest::Error> {
    run(async { Ok(client.get(url).send().await?.status().as_u16()) })
}

#[test]
fn nothing_is_told_but_the_name_of_the_program() {
    let server = Server::start(|_| Reply::ok(b""));
    assert_eq!(status(&anywhere(&Http::default()), &server.url("/a")).unwrap(), 200);
    let head = server.heads().remove(0);
    let mut names: Vec<_> =
        head.lines().skip(1).filter_map(|line| line.split_once(':')).map(|(name, _)| name).collect();
    names.sort_unstable();
    assert_eq!(names, ["accept", "host", "user-agent"]);
    assert!(head.contains(concat!("user-agent: jurat/", env!("CARGO_PKG_VERSION"), "\r\n")), "{head}");
}

#[test]
fn redirects_are_not_followed_and_cookies_not_kept() {
    let server = Server::start(|_| Reply::status(302, "location: /b\r\nset-cookie: a=b\r\n"));
    let client = anywhere(&Http::default());
    run(async {
        for _ in 0..2 {
            assert_eq!(client.get(server.url("/a")).send().await.unwrap().status(), 302);
        }
    });
    let heads = server.heads();
    assert_eq!(heads.len(), 2);
    assert!(
        heads.iter().all(|head| head.starts_with("get /a ") && !head.contains("cookie") && !head.contains("referer"))
    );
}

/// Runs another test in a process with other environment variables.
#[track_caller]
fn again(test: &str, environment: &[(&str, &str)]) {
    let child = Command::new(env::current_exe().unwrap())
        .args(["--exact", &format!("client::tests::{test}")])
        .envs(environment.iter().copied())
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&child.stdout);
    assert!(child.status.success() && said.contains("1 passed"), "{said}");
}

#[test]
fn the_environment_names_no_proxy() {
    let names = ["http_proxy", "HTTP_PROXY", "https_proxy", "HTTPS_PROXY", "all_proxy", "ALL_PROXY"];
    again("redirects_are_not_followed_and_cookies_not_kept", &names.map(|name| (name, "http://127.0.0.1:1")));
}

#[test]
fn a_machine_without_authorities_can_still_connect_without_tls() {
    let nowhere = [("SSL_CERT_FILE", "/dev/null"), ("SSL_CERT_DIR", "/nowhere")];
    again("nothing_is_told_but_the_name_of_the_program", &nowhere);
    again("authorities_and_the_client_certificate_of_the_settings_are_used", &nowhere);
}

#[test]
fn connections_are_kept_for_the_next_request() {
    const REQUESTS: usize = 20;
    for idle in [10, 0] {
        let server = Server::start(|_| Reply::ok(b"x"));
        let client = anywhere(&Http { idle_connections: idle, ..Http::default() });
        run(async {
            for _ in 0..REQUESTS {
                let response = client.get(server.url("/")).send().await.unwrap();
                assert_eq!(read_body(response, Bytes::new(1), &unlimited()).await.unwrap(), b"x");
                // A connection returns to the pool in a task of its own, so the next request may be too early for it.
                tokio::task::yield_now().await;
            }
        });
        let connections = server.connections();
        assert_eq!(connections < REQUESTS, idle > 0, "{connections} connections, of which {idle} may be idle");
    }
}

#[test]
fn a_silent_server_is_not_waited_for() {
    let server = Server::start(|path| match path {
        "/head" => Reply::Silence(Vec::new()),
        _ => Reply::Silence(b"HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\n1234".to_vec()),
    });
    let client = anywhere(&Http { read_timeout: Duration::from_millis(500), ..Http::default() });
    let error = status(&client, &server.url("/head")).unwrap_err();
    assert!(error.is_timeout(), "{error:?}");
    run(async {
        let response = client.get(server.url("/body")).send().await.unwrap();
        let error = read_body(response, Bytes::new(9), &unlimited()).await.unwrap_err();
        assert!(matches!(&error, BodyError::Failed(error) if error.is_timeout()), "{error:?}");
    });
}

#[test]
fn looking_up_a_name_counts_as_connecting() {
    /// Does not know until the test is over.
    #[derive(Debug)]
    struct Slow(Mutex<Receiver<()>>);

    impl Network for Slow {
        fn addresses(&self, _name: &str) -> io::Result<Vec<IpAddr>> {
            let _ = self.0.lock().unwrap().recv();
            Err(io::ErrorKind::TimedOut.into())
        }
    }

    let (over, is_over): (Sender<()>, _) = channel();
    let addresses = Addresses { reach: Reach::Anywhere, network: Arc::new(Slow(Mutex::new(is_over))) };
    let client =
        client_to(&addresses, &Http { connect_timeout: Duration::from_millis(50), ..Http::default() }).unwrap();
    run(async {
        let error = client.get("http://slow.example.com/").send().await.unwrap_err();
        assert!(error.is_timeout(), "{error:?}");
        drop(over);
    });
}

#[test]
fn a_new_client_looks_names_up_again() {
    /// Counts what it is asked.
    #[derive(Debug, Default)]
    struct Counting(AtomicUsize);

    impl Network for Counting {
        fn addresses(&self, _name: &str) -> io::Result<Vec<IpAddr>> {
            self.0.fetch_add(1, Ordering::SeqCst);
            Ok(vec![IpAddr::from([127, 0, 0, 1])])
        }
    }

    let server = Server::start(|_| Reply::ok(b"x"));
    let url = server.url("/").replace("127.0.0.1", "refs.example.com");
    let network = Arc::new(Counting::default());
    let addresses = Addresses { reach: Reach::Anywhere, network: network.clone() };
    // Each request makes a connection, so that it needs the address.
    let settings = Http { idle_connections: 0, ..Http::default() };
    for clients in 1..=3 {
        let client = client_to(&addresses, &settings).unwrap();
        assert_eq!([(); 2].map(|()| status(&client, &url).unwrap()), [200, 200]);
        assert_eq!(network.0.load(Ordering::SeqCst), clients);
    }
}

#[test]
fn a_body_is_read_up_to_its_cap_and_not_further() {
    let server = Server::start(|path| match path {
        "/known" => Reply::ok(b"12345"),
        "/chunked" => Reply::Bytes(
            b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n2\r\n12\r\n3\r\n345\r\n0\r\n\r\n".to_vec(),
        ),
        "/until-closed" => Reply::Last(b"HTTP/1.1 200 OK\r\n\r\n12345".to_vec()),
        "/claims" => Reply::Silence(b"HTTP/1.1 200 OK\r\ncontent-length: 99999999999999\r\n\r\n".to_vec()),
        "/endless" => Reply::Endless(
            b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n".to_vec(),
            [b"4000\r\n".as_slice(), &[b'x'; 0x4000], b"\r\n"].concat(),
        ),
        "/short" => Reply::Last(b"HTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\n1234".to_vec()),
        "/gzip" => Reply::Bytes(b"HTTP/1.1 200 OK\r\ncontent-encoding: gzip\r\ncontent-length: 1\r\n\r\nx".to_vec()),
        "/identity" => {
            Reply::Bytes(b"HTTP/1.1 200 OK\r\ncontent-encoding: Identity\r\ncontent-length: 1\r\n\r\nx".to_vec())
        }
        other => panic!("{other}"),
    });
    let client = anywhere(&Http::default());
    let read = |path: &str, cap: u64| {
        run(async {
            read_body(client.get(server.url(path)).send().await.unwrap(), Bytes::new(cap), &unlimited()).await
        })
    };
    for path in ["/known", "/chunked", "/until-closed"] {
        assert_eq!(read(path, 5).unwrap(), b"12345", "{path}");
        assert!(matches!(read(path, 4), Err(BodyError::TooLong { .. })), "{path}");
    }
    for path in ["/claims", "/endless"] {
        assert!(matches!(read(path, 1 << 20), Err(BodyError::TooLong { .. })), "{path}");
    }
    assert!(matches!(read("/short", 9), Err(BodyError::Failed(_))));
    assert!(matches!(read("/gzip", 9), Err(BodyError::Encoded)));
    assert_eq!(read("/identity", 9).unwrap(), b"x");
}

#[test]
fn a_proxy_gets_every_request_and_its_password_is_not_printed() {
    let proxy = Server::start(|_| Reply::ok(b""));
    let url = format!("http://user:s3cret@127.0.0.1:{}", proxy.port());
    let client = anywhere(&Http { proxy: Some(Secret::new(url)), ..Http::default() });
    assert_eq!(status(&client, "http://coordination.example.com/x").unwrap(), 200);
    let head = proxy.heads().remove(0);
    assert!(head.starts_with("get http://coordination.example.com/x http/1.1\r\n"), "{head}");
    assert!(head.contains("proxy-authorization: basic "), "{head}");
    assert!(!format!("{client:?}").contains("s3cret"));
}

#[test]
fn a_proxy_that_is_none_is_refused_without_being_shown() {
    for url in ["", "s3cret", "socks5://s3cret", "http://", "http://user:s3cret@", "ftp://s3cret", "http://[s3cret"] {
        let settings = Http { proxy: Some(Secret::new(url)), ..Http::default() };
        let error = client(&settings, Reach::Anywhere).unwrap_err();
        assert!(matches!(error, HttpError::Proxy), "{url}: {error}");
        assert!(!chain(&error).contains("s3cret"), "{error}");
    }
}

#[test]
fn behind_a_proxy_nothing_is_promised_about_addresses() {
    let settings = Http { proxy: Some(Secret::new("http://127.0.0.1:1")), ..Http::default() };
    assert!(matches!(client(&settings, Reach::PublicOnly), Err(HttpError::ProxyHides)));
    assert!(client(&settings, Reach::Anywhere).is_ok());
}

#[test]
fn an_address_in_a_url_is_checked_however_it_is_written() {
    let addresses = Addresses::of_system(Reach::PublicOnly);
    let check = |host: &str| addresses.check(&Url::parse(&format!("http://{host}/")).unwrap());
    for host in [
        "127.0.0.1",
        "127.1",
        "0x7f.1",
        "0x7f000001",
        "2130706433",
        "017700000001",
        "0177.0.0.01",
        "127.0.0.1.",
        "%31%32%37.0.0.1",
        "127。0。0。1",
        "①②⑦.0.0.1",
        "0",
        "0.0.0.0",
        "10.1",
        "172.16.0.1",
        "192.168.257",
        "169.254.169.254",
        "0xa9fea9fe",
        "100.64.0.1",
        "224.0.0.1",
        "255.255.255.255",
        "[::]",
        "[::1]",
        "[0:0:0:0:0:0:0:1]",
        "[::127.0.0.1]",
        "[::ffff:127.0.0.1]",
        "[::ffff:7f00:1]",
        "[64:ff9b::10.0.0.1]",
        "[64:ff9b:1::8.8.8.8]",
        "[2002:7f00:1::]",
        "[fe80::1]",
        "[fd00:ec2::254]",
        "[ff02::1]",
    ] {
        assert_eq!(check(host), Err(PrivateAddress), "{host}");
    }
    for host in ["8.8.8.8", "134744072", "[2606:4700::1111]", "[::ffff:8.8.8.8]", "example.com", "localhost"] {
        assert_eq!(check(host), Ok(()), "{host}");
    }
    assert!(Addresses::of_system(Reach::Anywhere).check(&Url::parse("http://127.0.0.1").unwrap()).is_ok());
}

#[test]
fn a_name_of_this_machine_is_refused_before_there_is_a_connection() {
    let server = Server::start(|_| Reply::ok(b""));
    let url = format!("http://localhost:{}/", server.port());
    let public = client(&Http::default(), Reach::PublicOnly).unwrap();
    let error = status(&public, &url).unwrap_err();
    assert!(PrivateAddress::is_cause_of(&error), "{error:?}");
    assert_eq!(server.connections(), 0);
    assert_eq!(status(&anywhere(&Http::default()), &url).unwrap(), 200);
}

/// An authority, and the certificates that it has issued.
struct Pki {
    authority: String,
    server: Arc<ServerConfig>,
    client: String,
}

static PKI: LazyLock<Pki> = LazyLock::new(|| {
    let mut params = CertificateParams::new([]).unwrap();
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    let authority = CertifiedIssuer::self_signed(params, KeyPair::generate().unwrap()).unwrap();
    let certify = |name: &str| {
        let key = KeyPair::generate().unwrap();
        let certificate = CertificateParams::new([name.to_owned()]).unwrap().signed_by(&key, &authority).unwrap();
        format!("{}{}", certificate.pem(), key.serialize_pem())
    };
    let server = certify("localhost");
    let mut roots = RootCertStore::empty();
    roots.add(CertificateDer::from_pem_slice(authority.pem().as_bytes()).unwrap()).unwrap();
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let verifier = WebPkiClientVerifier::builder_with_provider(Arc::new(roots), Arc::clone(&provider)).build().unwrap();
    let config = ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_client_cert_verifier(verifier)
        .with_single_cert(
            vec![CertificateDer::from_pem_slice(server.as_bytes()).unwrap()],
            PrivateKeyDer::from_pem_slice(server.as_bytes()).unwrap(),
        )
        .unwrap();
    Pki { authority: authority.pem(), server: Arc::new(config), client: certify("client") }
});

#[test]
fn authorities_and_the_client_certificate_of_the_settings_are_used() {
    let dir = tempfile::tempdir().unwrap();
    let file = |name: &str, text: &str| {
        let path = dir.path().join(name);
        fs::write(&path, text).unwrap();
        path
    };
    let authorities = vec![file("authority.pem", &PKI.authority)];
    let client_certificate = Some(file("client.pem", &PKI.client));
    let server = Server::start_on("127.0.0.1", Some(Arc::clone(&PKI.server)), |_| Reply::ok(b""));
    let url = format!("https://localhost:{}/", server.port());

    let both =
        Http { authorities: authorities.clone(), client_certificate: client_certificate.clone(), ..Http::default() };
    assert_eq!(status(&anywhere(&both), &url).unwrap(), 200);
    for (lacking, is_untrusted) in [
        (Http { authorities, ..Http::default() }, false),
        (Http { client_certificate, ..Http::default() }, true),
        (Http::default(), true),
    ] {
        let error = status(&anywhere(&lacking), &url).unwrap_err();
        assert_eq!(is_untrusted_certificate(&error), is_untrusted, "{lacking:?}: {error:?}");
    }
    assert_eq!(server.heads().len(), 1);
    // The certificate is for a name, not for an address.
    let error = status(&anywhere(&both), &format!("https://127.0.0.1:{}/", server.port())).unwrap_err();
    assert!(is_untrusted_certificate(&error), "{error:?}");
}

#[test]
fn a_file_that_cannot_be_used_is_named() {
    let dir = tempfile::tempdir().unwrap();
    let file = |name: &str, text: &str| {
        let path = dir.path().join(name);
        fs::write(&path, text).unwrap();
        path
    };
    let key = KeyPair::generate().unwrap().serialize_pem();
    let no_certificate = "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n";
    let only_certificate = PKI.client.split("-----BEGIN PRIVATE").next().unwrap();
    for (name, text) in [
        ("empty.pem", ""),
        ("text.pem", "no certificate"),
        ("broken.pem", "-----BEGIN CERTIFICATE-----\n!\n-----END CERTIFICATE-----\n"),
        ("other.pem", no_certificate),
        ("key.pem", key.as_str()),
        ("mixed.pem", &format!("{}{no_certificate}", PKI.authority)),
    ] {
        let authorities = vec![file("good.pem", &PKI.authority), file(name, text)];
        let error = client(&Http { authorities, ..Http::default() }, Reach::Anywhere).unwrap_err();
        assert!(matches!(&error, HttpError::File { path, .. } if path.ends_with(name)), "{name}: {error:?}");
        assert!(error.to_string().contains(name), "{error}");
    }
    for (name, text) in [
        ("empty.pem", String::new()),
        ("only-key.pem", key.clone()),
        ("only-certificate.pem", only_certificate.to_owned()),
        ("other-key.pem", format!("{only_certificate}{key}")),
        ("no-certificate.pem", format!("{no_certificate}{key}")),
    ] {
        let client_certificate = Some(file(name, &text));
        let error = client(&Http { client_certificate, ..Http::default() }, Reach::Anywhere).unwrap_err();
        assert!(matches!(&error, HttpError::File { path, .. } if path.ends_with(name)), "{name}: {error:?}");
        assert!(!chain(&error).contains("PRIVATE"), "{error}");
    }
    let missing = dir.path().join("missing.pem");
    for settings in [
        Http { authorities: vec![missing.clone()], ..Http::default() },
        Http { client_certificate: Some(missing.clone()), ..Http::default() },
        Http { authorities: vec![dir.path().to_owned()], ..Http::default() },
        Http { client_certificate: Some("/dev/zero".into()), ..Http::default() },
    ] {
        let error = client(&settings, Reach::Anywhere).unwrap_err();
        assert!(matches!(error, HttpError::Read { .. }), "{error}");
    }
}
