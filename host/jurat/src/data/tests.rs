use std::collections::{BTreeMap, VecDeque};
use std::fmt::Debug;
use std::fs;
use std::net::IpAddr;
use std::os::unix::fs::symlink;
use std::os::unix::net::UnixListener;
use std::sync::Mutex;
use std::thread;
use std::time::Duration;

use jurat_disk::reserve_memory::unlimited;
use jurat_http::HttpError;
use jurat_http::Network;
use jurat_model::{Secret, chain};
use jurat_test_server::{Reply, Server};
use rustix::fs::{CWD, FileType, Mode, mknodat};
use url::Url;

use super::*;

const CAP: Bytes = Bytes::new(64);

/// The result of a read: the text, or the kind and the text of the error.
fn read(source: &DataSource, uri: &str) -> Result<String, (&'static str, String)> {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
    match runtime.block_on(source.read(uri, &unlimited())) {
        Ok(bytes) => Ok(String::from_utf8(bytes).unwrap()),
        Err(error) => {
            let code = crate::CallErrorKind::from(error.kind()).code();
            let is_callers = ["data_refused", "data_not_found", "data_too_large"].contains(&code);
            assert_eq!(error.blame() == jurat_model::Blame::Caller, is_callers, "{error}");
            Err((code, chain(&error)))
        }
    }
}

#[track_caller]
fn refused(source: &DataSource, uri: &str, kind: &str, why: &str) {
    match read(source, uri) {
        Err((found, message)) => assert!(found == kind && message.contains(why), "{uri}: {found}: {message}"),
        Ok(text) => panic!("{uri}: {text}"),
    }
}

fn files(roots: &[&Path]) -> DataSource {
    let roots = DataRoots::Listed(roots.iter().map(|root| (*root).to_owned()).collect());
    DataSource::new(&Data { roots, ..Data::default() }, CAP, None, &Http::default()).unwrap()
}

/// A directory with a file `a.json`, and its path.
fn temp_dir() -> (tempfile::TempDir, String) {
    let dir = tempfile::tempdir().unwrap();
    fs::write(dir.path().join("a.json"), "[]").unwrap();
    let path = dir.path().to_str().unwrap().to_owned();
    (dir, path)
}

#[test]
fn a_file_below_a_root_is_read_by_every_name_that_it_has() {
    let (dir, path) = temp_dir();
    fs::create_dir(dir.path().join("my loans")).unwrap();
    fs::write(dir.path().join("my loans/ü%41.json"), "{}").unwrap();
    let source = files(&[dir.path()]);
    for uri in ["a.json", "./a.json", "file:a.json", &format!("{path}/a.json"), &format!("file://{path}/a.json")] {
        assert_eq!(read(&source, uri).unwrap(), "[]", "{uri}");
    }
    assert_eq!(read(&source, &format!("file://localhost{path}//./a.json")).unwrap(), "[]");
    for uri in ["my loans/ü%41.json", &format!("file://{path}/my%20loans/%C3%BC%2541.json")] {
        assert_eq!(read(&source, uri).unwrap(), "{}", "{uri}");
    }
}

#[test]
fn a_file_is_read_up_to_the_cap_and_not_further() {
    let (dir, _) = temp_dir();
    fs::write(dir.path().join("just"), "x".repeat(64)).unwrap();
    fs::write(dir.path().join("over"), "x".repeat(65)).unwrap();
    // A sparse file: long, without a byte on the disk.
    fs::File::create(dir.path().join("sparse")).unwrap().set_len(1 << 40).unwrap();
    let source = files(&[dir.path()]);
    assert_eq!(read(&source, "just").unwrap().len(), 64);
    refused(&source, "over", "data_too_large", "64 B");
    refused(&source, "sparse", "data_too_large", "64 B");
}

#[test]
fn nothing_outside_of_the_roots_is_read_whether_it_is_there_or_not() {
    let (dir, path) = temp_dir();
    fs::create_dir(dir.path().join("data")).unwrap();
    fs::create_dir(dir.path().join("data-2")).unwrap();
    fs::write(dir.path().join("data-2/a.json"), "[]").unwrap();
    let source = files(&[&dir.path().join("data")]);
    let why = |uri: &str| read(&source, uri).unwrap_err();
    let told = why(&format!("{path}/missing")).1.replace("missing", "a.json");
    assert_eq!(why(&format!("{path}/a.json")), ("data_refused", told));
    for outside in
        ["/etc/passwd", "/proc/self/environ", "/dev/zero", "file:///etc/shadow", &format!("{path}/data-2/a.json")]
    {
        refused(&source, outside, "data_refused", "`data_roots`");
    }
    for inside in [format!("{path}/data/a.json"), format!("{path}/data/b/c"), "a.json".to_owned(), "x".repeat(4_096)] {
        refused(&source, &inside, "data_not_found", "no such file");
    }
    for nothing in [format!("{path}/data"), format!("{path}/data/"), path.clone(), "/".to_owned()] {
        let kind = why(&nothing).0;
        assert_eq!(kind, "data_refused", "{nothing}");
    }
}

#[test]
fn no_name_leads_up() {
    let (dir, path) = temp_dir();
    fs::create_dir(dir.path().join("data")).unwrap();
    let source = files(&[&dir.path().join("data")]);
    for up in [
        "../a.json",
        "./../a.json",
        "b/../../a.json",
        "file:../a.json",
        "file:%2e%2e/a.json",
        "file:%2E%2E%2Fa.json",
        "file:.%2e/a.json",
        &format!("{path}/data/../a.json"),
        &format!("file://{path}/data/%2e%2e/a.json"),
        &format!("file://{path}/data/..%2fa.json"),
    ] {
        refused(&source, up, "data_refused", "`..`");
    }
    // Escapes are resolved once; what is left are strange names.
    for strange in ["%2e%2e/a.json", "file:%252e%252e/a.json", "..\\a.json", "file:%25%32%65%25%32%65/a.json"] {
        refused(&source, strange, "data_not_found", "no such file");
    }
    for broken in ["file:a.json%00.txt", "a.json\0", "file:%ff", "file:%c0%ae%c0%ae/a.json", "file:%2"] {
        refused(&source, broken, "data_refused", "is not read");
    }
    refused(&source, &"a/".repeat(5_000), "data_refused", "8,192 bytes");
    refused(&source, &"a/".repeat(4_000), "data_refused", "not a regular file");
    refused(&source, &format!("{}a", "a/".repeat(4_000)), "data_not_found", "no such file");
}

#[test]
fn no_link_is_followed_wherever_it_is_and_leads() {
    let (outside, secret) = temp_dir();
    let (dir, path) = temp_dir();
    fs::create_dir(dir.path().join("real")).unwrap();
    fs::write(dir.path().join("real/a.json"), "[]").unwrap();
    for (to, link) in [
        (format!("{secret}/a.json"), "file"),
        (secret.clone(), "directory"),
        ("a.json".to_owned(), "inside"),
        ("real".to_owned(), "inner"),
        (".".to_owned(), "here"),
        ("nowhere".to_owned(), "dangling"),
        ("circle".to_owned(), "circle"),
        ("/proc/self/root".to_owned(), "root"),
    ] {
        symlink(to, dir.path().join(link)).unwrap();
    }
    symlink(outside.path(), dir.path().join("real/middle")).unwrap();
    let source = files(&[dir.path()]);
    for link in [
        "file",
        "directory/a.json",
        "directory/missing",
        "inside",
        "inner/a.json",
        "here/a.json",
        "dangling",
        "circle",
        "root/etc/passwd",
        "real/middle/a.json",
        &format!("{path}/real/middle/a.json"),
    ] {
        refused(&source, link, "data_refused", "symbolic link");
    }
}

#[test]
fn a_link_that_comes_and_goes_is_never_followed() {
    let (_outside, secret) = temp_dir();
    fs::write(Path::new(&secret).join("a.json"), "secret").unwrap();
    let (dir, _) = temp_dir();
    let (real, link, now) = (dir.path().join("real"), dir.path().join("link"), dir.path().join("now"));
    fs::create_dir(&real).unwrap();
    fs::write(real.join("a.json"), "[]").unwrap();
    symlink(&secret, &link).unwrap();
    let source = files(&[dir.path()]);
    thread::scope(|scope| {
        let changing = scope.spawn(|| {
            for _ in 0..2_000 {
                for one in [&real, &link] {
                    fs::rename(one, &now).unwrap();
                    fs::rename(&now, one).unwrap();
                }
            }
        });
        while !changing.is_finished() {
            if let Ok(text) = read(&source, "now/a.json") {
                assert_eq!(text, "[]");
            }
        }
    });
}

#[test]
fn only_regular_files_are_read_and_nothing_waits() {
    let (dir, _) = temp_dir();
    fs::create_dir(dir.path().join("directory")).unwrap();
    let _socket = UnixListener::bind(dir.path().join("socket")).unwrap();
    mknodat(CWD, dir.path().join("fifo"), FileType::Fifo, Mode::RUSR | Mode::WUSR, 0).unwrap();
    let source = files(&[dir.path()]);
    for other in ["directory", "socket", "fifo"] {
        refused(&source, other, "data_refused", "not a regular file");
    }
    let devices = files(&[Path::new("/dev")]);
    for device in ["null", "zero", "/dev/random", "file:///dev/tty"] {
        refused(&devices, device, "data_refused", "not a regular file");
    }
    refused(&source, "a.json/b", "data_not_found", "no such file");
}

#[test]
fn without_roots_no_file_is_read() {
    let (dir, path) = temp_dir();
    let no_roots = DataRoots::Listed(Vec::new());
    for (roots, working_directory) in [(DataRoots::WorkingDirectory, None), (no_roots, Some(dir.path().to_owned()))] {
        let settings = Data { roots, ..Data::default() };
        let source = DataSource::new(&settings, CAP, working_directory, &Http::default()).unwrap();
        for uri in ["a.json", &format!("{path}/a.json"), "missing", "/missing"] {
            refused(&source, uri, "data_refused", "`data_roots`");
        }
        refused(&source, "http://example.com/", "data_refused", "`data_origins`");
    }
    let here = Some(dir.path().to_owned());
    let source = DataSource::new(&Data::default(), CAP, here, &Http::default()).unwrap();
    assert_eq!(read(&source, "a.json").unwrap(), "[]");
    refused(&source, "/etc/passwd", "data_refused", "`data_roots`");
}

#[test]
fn a_root_may_be_a_link_and_lie_below_another_or_be_missing() {
    let (real, real_path) = temp_dir();
    let (dir, path) = temp_dir();
    symlink(real.path(), dir.path().join("link")).unwrap();
    let source = files(&[dir.path(), &dir.path().join("link"), &dir.path().join("missing")]);
    assert_eq!(read(&source, "a.json").unwrap(), "[]");
    assert_eq!(read(&source, &format!("{path}/link/a.json")).unwrap(), "[]");
    assert_eq!(read(&source, &format!("{real_path}/a.json")).unwrap(), "[]");
    // Relative names start at the first one, where it is a link like others.
    refused(&source, "link/a.json", "data_refused", "symbolic link");
    refused(&source, &format!("{path}/missing/a.json"), "data_not_found", "no such file");
}

/// A network in which 127.0.0.1 counts as public; names resolve to one answer after another.
#[derive(Debug, Default)]
struct TestNetwork(Mutex<BTreeMap<&'static str, VecDeque<&'static str>>>);

impl TestNetwork {
    fn with(self, name: &'static str, addresses: &[&'static str]) -> Self {
        self.0.lock().unwrap().insert(name, addresses.iter().copied().collect());
        self
    }
}

impl Network for TestNetwork {
    fn addresses(&self, name: &str) -> io::Result<Vec<IpAddr>> {
        let mut names = self.0.lock().unwrap();
        let addresses = names.get_mut(name).ok_or(io::ErrorKind::NotFound)?;
        let address = if addresses.len() > 1 { addresses.pop_front() } else { addresses.front().copied() };
        Ok(vec![address.unwrap().parse().unwrap()])
    }

    fn is_public(&self, address: IpAddr) -> bool {
        address == IpAddr::from([127, 0, 0, 1]) || jurat_http::SystemNetwork.is_public(address)
    }
}

/// The source of the settings, in the test network.
fn fetching_with(origins: &[&str], network: TestNetwork, reach: Reach, http: &Http) -> DataSource {
    let listed = origins.iter().map(|origin| Url::parse(origin).unwrap().origin()).collect();
    let addresses = Addresses { reach, network: Arc::new(network) };
    let origins = Some(Origins::new(listed, addresses, http).unwrap());
    DataSource { roots: Arc::new([]), origins, max_file: CAP }
}

fn fetching(origins: &[&str]) -> DataSource {
    fetching_with(origins, TestNetwork::default(), Reach::PublicOnly, &Http::default())
}

/// The source of the settings, in the real network.
fn configured(origins: &[&str], private_addresses: PrivateAddresses, http: &Http) -> Result<DataSource, HttpError> {
    let origins = origins.iter().map(|origin| Url::parse(origin).unwrap().origin()).collect();
    DataSource::new(&Data { origins, private_addresses, ..Data::default() }, CAP, None, http)
}

#[test]
fn a_file_is_fetched_from_a_listed_server_and_from_no_other() {
    let server = Server::start(|path| if path == "/a?b=c" { Reply::ok(b"[]") } else { Reply::status(500, "") });
    let port = server.port();
    let source = fetching(&[&server.url("/ignored")]);
    assert_eq!(read(&source, &server.url("/a?b=c#d")).unwrap(), "[]");
    for other in [
        format!("https://127.0.0.1:{port}/a?b=c"),
        format!("http://127.0.0.1:{}/a?b=c", port ^ 1),
        format!("http://localhost:{port}/a?b=c"),
        format!("http://127.0.0.1.example.com:{port}/a?b=c"),
        "http://127.0.0.1/a".to_owned(),
    ] {
        refused(&source, &other, "data_refused", "`data_origins` does not list `http");
    }
    refused(&source, &format!("http://example.com@127.0.0.1:{port}/a?b=c"), "data_refused", "password");
    assert_eq!(server.heads().len(), 1);
    assert!(server.heads()[0].contains("\r\naccept-encoding: identity\r\n"));
    refused(&fetching(&["https://example.com"]), "file:///etc/passwd", "data_refused", "`data_roots`");
}

#[test]
fn no_private_address_is_connected_to_however_it_is_written() {
    let server = Server::start(|_| Reply::ok(b"[]"));
    let port = server.port();
    for host in [
        "127.0.0.1",
        "127.1",
        "0x7f.1",
        "2130706433",
        "0177.1",
        "127.0.0.1.",
        "localhost",
        "0",
        "[::ffff:127.0.0.1]",
        "[::1]",
        "[::]",
        "10.0.0.1",
        "169.254.169.254",
        "[fe80::1]",
        "[64:ff9b::7f00:1]",
    ] {
        let url = format!("http://{host}:{port}/a");
        let source = configured(&[&url], PrivateAddresses::Refused, &Http::default()).unwrap();
        refused(&source, &url, "data_refused", "no public address");
    }
    assert_eq!(server.connections(), 0);
    for host in ["127.0.0.1", "0x7f.1", "localhost", "[::ffff:127.0.0.1]"] {
        let url = format!("http://{host}:{port}/a");
        let source = configured(&[&url], PrivateAddresses::Granted, &Http::default()).unwrap();
        assert_eq!(read(&source, &url).unwrap(), "[]", "{host}");
    }
}

#[test]
fn a_name_that_changes_to_a_private_address_is_refused() {
    let server =
        Server::start(|_| Reply::Last(b"HTTP/1.1 200 OK\r\nconnection: close\r\ncontent-length: 2\r\n\r\n[]".to_vec()));
    // 127.0.0.2 is not public in the test network, but the server would answer there if it was asked.
    let other = Server::start_on("127.0.0.2", None, |_| Reply::ok(b"secret"));
    let (inside, rebound) = (
        format!("http://inside.example.com:{}", other.port()),
        format!("http://rebound.example.com:{}", server.port()),
    );
    let network = TestNetwork::default()
        .with("inside.example.com", &["127.0.0.2"])
        .with("rebound.example.com", &["127.0.0.1", "127.0.0.2", "::1", "169.254.169.254"]);
    let http = Http { dns_cache: Duration::ZERO, ..Http::default() };
    let source = fetching_with(&[&inside, &rebound], network, Reach::PublicOnly, &http);
    refused(&source, &inside, "data_refused", "no public address");
    assert_eq!(read(&source, &rebound).unwrap(), "[]");
    for _ in 0..3 {
        refused(&source, &rebound, "data_refused", "no public address");
    }
    assert_eq!((server.connections(), other.connections()), (1, 0));
}

#[test]
fn the_address_of_a_connection_is_checked_again() {
    let server = Server::start_on("127.0.0.2", None, |_| Reply::ok(b"secret"));
    let url = format!("http://inside.example.com:{}", server.port());
    let network = TestNetwork::default().with("inside.example.com", &["127.0.0.2"]);
    let mut source = fetching_with(&[&url], network, Reach::Anywhere, &Http::default());
    // A client that goes anywhere, in the hands of who may not.
    source.origins.as_mut().unwrap().addresses.reach = Reach::PublicOnly;
    refused(&source, &url, "data_refused", "no public address");
    assert_eq!(server.heads().len(), 1);
}

#[test]
fn redirects_are_checked_like_the_first_url() {
    let private = Server::start_on("127.0.0.2", None, |_| Reply::ok(b"secret"));
    let port = private.port();
    let inside = format!("http://127.0.0.2:{port}/?token=s3cret");
    let named = format!("http://inside.example.com:{port}/");
    let server = {
        let (inside, named) = (inside.clone(), named.clone());
        Server::start(move |path| match path {
            "/a" => Reply::ok(b"[]"),
            "/relative" => Reply::redirect("a"),
            "/5" => Reply::redirect("/4"),
            "/4" => Reply::redirect("/3"),
            "/3" => Reply::redirect("/2"),
            "/2" => Reply::redirect("/1"),
            "/1" => Reply::redirect("/a"),
            "/6" => Reply::redirect("/5"),
            "/endless" => Reply::redirect("/endless"),
            "/inside" => Reply::redirect(&inside),
            "/named" => Reply::redirect(&named),
            "/other" => Reply::redirect("http://other.example.com/?token=s3cret"),
            "/file" => Reply::redirect("file:///etc/passwd"),
            "/data" => Reply::redirect("data:application/json,[]"),
            "/without" => Reply::status(302, ""),
            "/broken" => Reply::redirect("http://[::1/"),
            "/password" => Reply::redirect("//user:password@127.0.0.1/"),
            path => Reply::status(path.trim_matches('/').parse().unwrap(), "location: /a\r\n"),
        })
    };
    let own = server.url("");
    let source = fetching(&[&own, &inside, &named, "http://127.0.0.1/"]);
    for path in ["/a", "/relative", "/5", "/301", "/302", "/303", "/307", "/308"] {
        assert_eq!(read(&source, &server.url(path)).unwrap(), "[]", "{path}");
    }
    for (path, kind, why) in [
        ("/6", "data_unavailable", "more than 5 times"),
        ("/endless", "data_unavailable", "more than 5 times"),
        ("/inside", "data_refused", "no public address"),
        ("/other", "data_refused", "redirected to `http://other.example.com`"),
        ("/file", "data_refused", "does not list"),
        ("/data", "data_refused", "does not list"),
        ("/without", "data_unavailable", "invalid URL"),
        ("/broken", "data_unavailable", "invalid URL"),
        ("/password", "data_unavailable", "invalid URL"),
        ("/300", "data_unavailable", "300"),
        ("/304", "data_unavailable", "304"),
    ] {
        refused(&source, &server.url(path), kind, why);
        assert!(!read(&source, &server.url(path)).unwrap_err().1.contains("s3cret"), "{path}");
    }
    let network = TestNetwork::default().with("inside.example.com", &["127.0.0.2"]);
    let source = fetching_with(&[&own, &named], network, Reach::PublicOnly, &Http::default());
    refused(&source, &server.url("/named"), "data_refused", "no public address");
    assert_eq!(private.connections(), 0);
}

#[test]
fn whatever_a_server_answers_there_is_an_end_to_it() {
    let head = b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n";
    let server = Server::start(|path| match path {
        "/just" => Reply::ok(&[b'x'; 64]),
        "/over" => Reply::ok(&[b'x'; 65]),
        "/endless" => Reply::Endless(head.to_vec(), b"1\r\nx\r\n".to_vec()),
        "/gzip" => Reply::Bytes(b"HTTP/1.1 200 OK\r\ncontent-encoding: gzip\r\ncontent-length: 1\r\n\r\nx".to_vec()),
        "/broken" => Reply::Last(b"HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\nx".to_vec()),
        "/garbage" => Reply::Last(b"SSH-2.0-OpenSSH\r\n".to_vec()),
        "/nothing" => Reply::Last(Vec::new()),
        "/headers" => Reply::Endless(b"HTTP/1.1 200 OK\r\n".to_vec(), b"a: b\r\n".to_vec()),
        path => Reply::status(path.trim_matches('/').parse().unwrap(), ""),
    });
    let source = fetching(&[&server.url("")]);
    assert_eq!(read(&source, &server.url("/just")).unwrap().len(), 64);
    for (path, kind, why) in [
        ("/over", "data_too_large", "64 B"),
        ("/endless", "data_too_large", "64 B"),
        ("/gzip", "data_unavailable", "compressed"),
        ("/broken", "data_unavailable", "interrupted"),
        ("/garbage", "data_unavailable", "interrupted"),
        ("/nothing", "data_unavailable", "interrupted"),
        ("/headers", "data_unavailable", "interrupted"),
        ("/404", "data_not_found", "no such file"),
        ("/410", "data_not_found", "no such file"),
        ("/204", "data_unavailable", "204"),
        ("/206", "data_unavailable", "206"),
        ("/401", "data_unavailable", "401"),
        ("/500", "data_unavailable", "500"),
    ] {
        refused(&source, &server.url(path), kind, why);
    }
    let gone = Url::parse("http://127.0.0.1:1/a").unwrap();
    refused(&fetching(&[gone.as_str()]), gone.as_str(), "data_unavailable", "cannot be reached");
    let unknown = "https://unknown.example.com/a?token=s3cret";
    refused(&fetching(&[unknown]), unknown, "data_unavailable", "cannot be reached");
    assert!(!read(&fetching(&[unknown]), unknown).unwrap_err().1.contains("s3cret"));
}

#[test]
fn a_server_that_trickles_is_left_after_the_deadline() {
    let head = b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n1\r\nx\r\n";
    let server = Server::start(|path| match path {
        "/silent" => Reply::Silence(Vec::new()),
        _ => Reply::Silence(head.to_vec()),
    });
    let mut source = fetching(&[&server.url("")]);
    source.origins.as_mut().unwrap().deadline = Duration::from_millis(50);
    for path in ["/silent", "/begins"] {
        refused(&source, &server.url(path), "data_unavailable", "50ms");
    }
}

#[test]
fn behind_a_proxy_private_addresses_must_be_granted() {
    let proxy = Server::start(|_| Reply::ok(b"[]"));
    let http = Http { proxy: Some(Secret::new(proxy.url("/"))), ..Http::default() };
    let origin = "http://data.example.com/";
    let refused = configured(&[origin], PrivateAddresses::Refused, &http).unwrap_err();
    assert!(matches!(refused, HttpError::ProxyHides), "{refused}");
    let source = configured(&[origin], PrivateAddresses::Granted, &http).unwrap();
    assert_eq!(read(&source, origin).unwrap(), "[]");
    // Who fetches nothing has no reason to care.
    configured(&[], PrivateAddresses::Refused, &http).unwrap();
}

#[test]
fn a_source_can_be_shared_between_threads() {
    fn is_shared<T: Send + Sync + Debug>() {}
    is_shared::<DataSource>();
    is_shared::<DataError>();
}
