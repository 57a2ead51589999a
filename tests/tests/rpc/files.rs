//! Files that callers name: only those that the service team lets them have.

use std::io::{BufRead, BufReader, Write};
use std::net::TcpListener;
use std::os::unix::fs::symlink;
use std::thread;

use jurat_tests::site::{Site, sample};
use rustix::fs::{CWD, FileType, Mode, mknodat};
use serde_json::json;

use crate::connection::Connection;
use crate::server::{Server, Transport};
use crate::sites::{DATA, configured};

fn params(uri: &str) -> String {
    json!({"file_uri": uri, "entity_types": [], "id_fields": ["id"], "ruleset_name": "quick"}).to_string()
}

#[track_caller]
fn is_read(connection: &mut Connection, uri: &str) {
    assert_eq!(connection.result("batch_file_validate", &params(uri)).as_array().unwrap().len(), 12, "{uri}");
}

#[track_caller]
fn is_refused(connection: &mut Connection, uri: &str, kind: &str, reason: &str) {
    let message = connection.refused("batch_file_validate", &params(uri), -32000, kind);
    assert!(message.contains(reason), "{uri}: {message}");
    assert!(message.len() < 1_000, "{message}");
}

/// A site in which there is everything that should not be read.
fn hostile(more: &str) -> Site {
    let site = configured(more);
    site.write("outside.json", sample("loans.json"));
    site.write("data/inner/loans.json", sample("loans.json"));
    site.write("data/large.json", format!("[{}]", " ".repeat(200_000)));
    symlink("../outside.json", site.path("data/link.json")).unwrap();
    symlink("..", site.path("data/up")).unwrap();
    symlink("inner", site.path("data/sideways")).unwrap();
    symlink("/dev/zero", site.path("data/zero")).unwrap();
    symlink("loop", site.path("data/loop")).unwrap();
    mknodat(CWD, site.path("data/fifo"), FileType::Fifo, Mode::RUSR | Mode::WUSR, 0).unwrap();
    site
}

#[test]
fn files_below_the_listed_directories_are_read_and_nothing_else() {
    let site = hostile(&format!("{DATA}max_file: 100 KiB\n"));
    let data = site.path("data").display().to_string();
    for transport in Transport::ALL {
        let mut server = Server::start(&site, transport);
        let mut connection = server.connect();
        for name in ["loans.json", "./loans.json", "inner/loans.json", "inner//./loans.json"] {
            is_read(&mut connection, name);
            is_read(&mut connection, &format!("{data}/{name}"));
            is_read(&mut connection, &format!("file://{data}/{name}"));
            is_read(&mut connection, &format!("FILE://localhost{data}/{name}"));
        }
        let root = site.path("").display().to_string();
        for (uri, reason) in [
            ("/etc/passwd".to_owned(), "data_roots"),
            ("file:///etc/passwd".to_owned(), "data_roots"),
            ("/etc/no-such-file".to_owned(), "data_roots"),
            ("/dev/zero".to_owned(), "data_roots"),
            ("/proc/self/environ".to_owned(), "data_roots"),
            (format!("{root}/outside.json"), "data_roots"),
            (format!("{root}/keys/author.pem"), "data_roots"),
            (format!("{data}x/loans.json"), "data_roots"),
            ("../outside.json".to_owned(), "`..`"),
            (format!("{data}/../outside.json"), "`..`"),
            (format!("file://{data}/%2e%2e/outside.json"), "`..`"),
            (format!("file://{data}/..%2foutside.json"), "`..`"),
            (format!("{data}/up/outside.json"), "symbolic link"),
            ("link.json".to_owned(), "symbolic link"),
            ("sideways/loans.json".to_owned(), "symbolic link"),
            ("zero".to_owned(), "symbolic link"),
            ("loop".to_owned(), "symbolic link"),
            ("fifo".to_owned(), "regular file"),
            ("inner".to_owned(), "regular file"),
            ("".to_owned(), "empty"),
            ("/".to_owned(), "regular file"),
            ("a\0b".to_owned(), "zero byte"),
            ("file://elsewhere/etc/passwd".to_owned(), "another machine"),
            ("ftp://example.com/a".to_owned(), "scheme"),
            ("data:,[]".to_owned(), "scheme"),
            ("x".repeat(100_000), "bytes"),
        ] {
            is_refused(&mut connection, &uri, "data_refused", reason);
        }
        is_refused(&mut connection, "none.json", "data_not_found", "no such file");
        is_refused(&mut connection, "inner/none/none.json", "data_not_found", "no such file");
        is_refused(&mut connection, "large.json", "data_too_large", "100 KiB");
        is_read(&mut connection, "loans.json");
    }
}

#[test]
fn a_file_that_is_not_json_is_refused_once_with_what_to_do() {
    let site = configured(DATA);
    site.write("data/loans.csv", "id,amount\n1,2\n");
    site.write("data/loans.xz", b"\xfd7zXZ\0\0\x04");
    let wide: Vec<u8> = "\u{feff}[{}]".encode_utf16().flat_map(u16::to_be_bytes).collect();
    site.write("data/wide.json", wide);
    let mut server = Server::start(&site, Transport::Stdio);
    let mut connection = server.connect();
    is_refused(&mut connection, "loans.csv", "not_json", "it is CSV, not JSON");
    is_refused(&mut connection, "loans.xz", "not_json", "`xz -dc`");
    is_refused(&mut connection, "wide.json", "not_json", "`iconv -f UTF-16BE -t UTF-8`");
}

#[test]
fn a_device_in_a_listed_directory_is_not_read() {
    let site = configured("data_roots: [/dev]\n");
    let mut server = Server::start(&site, Transport::Stdio);
    let mut connection = server.connect();
    for device in ["zero", "/dev/null", "file:///dev/tty", "random"] {
        is_refused(&mut connection, device, "data_refused", "regular file");
    }
}

#[test]
fn only_the_client_that_started_the_server_may_read_files_of_its_directory() {
    let site = hostile("");
    let loans = site.path("data/loans.json").display().to_string();
    let mut server = Server::start(&site, Transport::Stdio);
    let mut connection = server.connect();
    is_read(&mut connection, "data/loans.json");
    is_read(&mut connection, &loans);
    is_refused(&mut connection, "/etc/passwd", "data_refused", "data_roots");
    is_refused(&mut connection, "data/link.json", "data_refused", "symbolic link");
    for transport in [Transport::Tcp, Transport::Unix] {
        let mut server = Server::start(&site, transport);
        let mut connection = server.connect();
        for uri in ["data/loans.json", &loans, "/etc/passwd", "none.json"] {
            is_refused(&mut connection, uri, "data_refused", "data_roots");
        }
    }
}

#[test]
fn nothing_is_fetched_from_servers_that_are_not_listed_or_not_public() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    let refuses_all = |transport: Transport, settings: &str, reason: &str, uris: &[String]| {
        let site = configured(settings);
        let mut server = Server::start(&site, transport);
        let mut connection = server.connect();
        for uri in uris {
            is_refused(&mut connection, uri, "data_refused", reason);
        }
        connection.is_served();
    };
    let private = [
        format!("http://127.0.0.1:{port}/loans.json"),
        format!("http://localhost:{port}/loans.json"),
        format!("http://[::1]:{port}/loans.json"),
        format!("http://[::ffff:127.0.0.1]:{port}/loans.json"),
        format!("http://0x7f000001:{port}/loans.json"),
        format!("http://0.0.0.0:{port}/loans.json"),
        "http://10.0.0.1/loans.json".to_owned(),
        "http://192.168.1.1/loans.json".to_owned(),
        "http://169.254.169.254/latest/meta-data/".to_owned(),
    ];
    for transport in Transport::ALL {
        refuses_all(transport, DATA, "data_origins", &private);
    }
    let origins: Vec<String> =
        private.iter().map(|uri| format!("\"{}\"", uri.splitn(4, '/').take(3).collect::<Vec<_>>().join("/"))).collect();
    let listed = format!("{DATA}data_origins: [{}]\n", origins.join(", "));
    refuses_all(Transport::Stdio, &listed, "no public address", &private);
    refuses_all(Transport::Tcp, &listed, "no public address", &private);
    refuses_all(
        Transport::Stdio,
        &listed,
        "data_origins",
        &[format!("http://localhost:{}/x", port ^ 1), "https://localhost/x".to_owned()],
    );
    refuses_all(Transport::Stdio, &listed, "password", &[format!("http://user:secret@localhost:{port}/x")]);
    // The host has not even connected.
    listener.set_nonblocking(true).unwrap();
    assert_eq!(listener.accept().unwrap_err().kind(), std::io::ErrorKind::WouldBlock);
}

#[test]
fn a_listed_server_is_asked_and_leads_to_no_other_one() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    let settings =
        format!("data_origins: [\"http://{address}\"]\ndata_private_addresses: granted\nmax_file: 100 KiB\n");
    thread::spawn(move || {
        for stream in listener.incoming() {
            let mut stream = stream.unwrap();
            let mut lines = BufReader::new(stream.try_clone().unwrap()).lines();
            let path = lines.next().unwrap().unwrap().split(' ').nth(1).unwrap().to_owned();
            lines.take_while(|line| line.as_ref().is_ok_and(|line| !line.is_empty())).for_each(drop);
            let answer = |status: &str, headers: &str, body: &[u8]| {
                let head = format!(
                    "HTTP/1.1 {status}\r\nConnection: close\r\nContent-Length: {}\r\n{headers}\r\n",
                    body.len()
                );
                [head.as_bytes(), body].concat()
            };
            let bytes = match path.as_str() {
                "/loans.json" => answer("200 OK", "", &sample("loans.json")),
                "/moved" => answer("302 Found", "Location: /loans.json\r\n", b""),
                "/elsewhere" => answer("302 Found", "Location: http://127.0.0.1:1/secret?token=7\r\n", b""),
                "/file" => answer("302 Found", "Location: file:///etc/passwd\r\n", b""),
                "/circle" => answer("302 Found", "Location: /circle\r\n", b""),
                "/large" => answer("200 OK", "", &[b' '; 200_000]),
                "/zipped" => answer("200 OK", "Content-Encoding: gzip\r\n", b"x"),
                "/forbidden" => answer("403 Forbidden", "", b""),
                "/broken" => b"nonsense".to_vec(),
                _ => answer("404 Not Found", "", b""),
            };
            // A client that has read enough may have gone away.
            let _ = stream.write_all(&bytes);
        }
    });
    let site = configured(&settings);
    for transport in Transport::ALL {
        let mut server = Server::start(&site, transport);
        let mut connection = server.connect();
        let uri = |path: &str| format!("http://{address}/{path}");
        is_read(&mut connection, &uri("loans.json"));
        is_read(&mut connection, &uri("moved"));
        for (path, kind, reason) in [
            ("elsewhere", "data_refused", "data_origins"),
            ("file", "data_refused", "data_origins"),
            ("circle", "data_unavailable", "times"),
            ("large", "data_too_large", "100 KiB"),
            ("zipped", "data_unavailable", "compressed"),
            ("broken", "data_unavailable", "cannot be reached"),
            ("none", "data_not_found", "no such file"),
            ("forbidden", "data_unavailable", "status 403"),
        ] {
            is_refused(&mut connection, &uri(path), kind, reason);
        }
        let message = connection.refused("batch_file_validate", &params(&uri("elsewhere")), -32000, "data_refused");
        assert!(!message.contains("token=7"), "{message}");
        is_read(&mut connection, &uri("loans.json"));
    }
}
