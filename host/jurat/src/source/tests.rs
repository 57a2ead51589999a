use std::fs;
use std::future::Future;
use std::path::Path;

use jurat_http::{Reach, client};
use jurat_test_server::{Reply, Server};

use super::*;
use crate::settings::Http;

const CAP: Bytes = Bytes::new(64);

fn run<T>(future: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap().block_on(future)
}

fn source(location: Location, cache: Option<&Arc<CacheDir>>) -> Source {
    Source::new(location, client(&Http::default(), Reach::Anywhere).unwrap(), cache.cloned(), "coordination")
}

fn file(path: &Path, cache: Option<&Arc<CacheDir>>) -> Source {
    source(Location::File(path.to_owned()), cache)
}

fn url(server: &Server, path: &str, cache: Option<&Arc<CacheDir>>) -> Source {
    source(Location::Url(server.url(path).parse().unwrap()), cache)
}

/// The text, and whether it is stale.
fn read(source: &Source) -> Result<(String, bool), SourceError> {
    run(source.read(CAP)).map(|fetched| (fetched.text.to_string(), fetched.stale.is_some()))
}

fn present(text: &str) -> (String, bool) {
    (text.to_owned(), false)
}

fn stale(text: &str) -> (String, bool) {
    (text.to_owned(), true)
}

fn cache() -> (tempfile::TempDir, Arc<CacheDir>) {
    let dir = tempfile::tempdir().unwrap();
    let cache = Arc::new(CacheDir::open(&dir.path().join("cache")).unwrap());
    (dir, cache)
}

#[test]
fn only_a_good_version_is_used_while_the_file_cannot_be_read() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("c.yaml");
    let source = file(&path, None);
    assert!(matches!(read(&source), Err(SourceError::File { cause: ReadError::NotFound, .. })));
    fs::write(&path, "good").unwrap();
    assert_eq!(read(&source).unwrap(), present("good"));
    run(source.keep("good"));
    fs::write(&path, "bad").unwrap();
    assert_eq!(read(&source).unwrap(), present("bad"));
    fs::remove_file(&path).unwrap();
    assert_eq!(read(&source).unwrap(), stale("good"));
    fs::write(&path, "better").unwrap();
    assert_eq!(read(&source).unwrap(), present("better"));
    run(source.keep("better"));
    for unusable in [[b'x'; 65].as_slice(), b"\xff"] {
        fs::write(&path, unusable).unwrap();
        assert_eq!(read(&source).unwrap(), stale("better"));
    }
}

#[test]
fn the_last_good_version_outlives_the_process_with_a_cache_and_not_without() {
    let (dir, cache) = cache();
    let path = dir.path().join("c.yaml");
    fs::write(&path, "good").unwrap();
    for cache in [Some(&cache), None] {
        run(file(&path, cache).keep("good"));
    }
    fs::remove_file(&path).unwrap();
    assert_eq!(read(&file(&path, Some(&cache))).unwrap(), stale("good"));
    assert!(matches!(read(&file(&path, None)), Err(SourceError::File { .. })));
}

#[test]
fn no_cached_version_is_used_for_another_location() {
    let (dir, cache) = cache();
    run(file(&dir.path().join("a.yaml"), Some(&cache)).keep("a"));
    assert_eq!(read(&file(&dir.path().join("a.yaml"), Some(&cache))).unwrap(), stale("a"));
    assert!(read(&file(&dir.path().join("b.yaml"), Some(&cache))).is_err());
    let server = Server::start(|_| Reply::status(500, ""));
    assert!(read(&url(&server, "/a.yaml", Some(&cache))).is_err());
}

#[test]
fn what_the_cache_holds_is_read_with_care() {
    let (dir, cache) = cache();
    let path = dir.path().join("c.yaml");
    let kept = |bytes: &[u8]| {
        cache.write(&file(&path, None).name, bytes).unwrap();
        read(&file(&path, Some(&cache)))
    };
    assert_eq!(kept(&[b'x'; 64]).unwrap(), stale(&"x".repeat(64)));
    assert!(kept(&[b'x'; 65]).is_err());
    assert!(kept(b"\xff").is_err());
}

#[test]
fn a_version_is_remembered_even_if_the_cache_cannot_be_written() {
    let (dir, cache) = cache();
    let path = dir.path().join("c.yaml");
    let source = file(&path, Some(&cache));
    fs::create_dir(dir.path().join("cache").join(&source.name)).unwrap();
    run(source.keep("good"));
    assert_eq!(read(&source).unwrap(), stale("good"));
}

#[test]
fn a_server_that_gives_anything_but_a_text_is_stood_in_for() {
    let server = Server::start(|path| match path {
        "/just" => Reply::ok(&[b'x'; 64]),
        "/over" => Reply::ok(&[b'x'; 65]),
        "/binary" => Reply::ok(b"ab\xff"),
        "/redirect" => Reply::redirect("/just"),
        "/reset" => Reply::Last(Vec::new()),
        "/endless" => {
            Reply::Endless(b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n".to_vec(), b"1\r\nx\r\n".to_vec())
        }
        "/gzip" => Reply::Bytes(b"HTTP/1.1 200 OK\r\ncontent-encoding: gzip\r\ncontent-length: 1\r\n\r\nx".to_vec()),
        path => Reply::status(path.trim_matches('/').split('?').next().unwrap().parse().unwrap(), ""),
    });
    assert_eq!(read(&url(&server, "/just", None)).unwrap(), present(&"x".repeat(64)));
    for (path, reason) in [
        ("/over", "more than 64 B"),
        ("/endless", "more than 64 B"),
        ("/binary", "from byte 2 on"),
        ("/redirect", "status 302"),
        ("/reset", "cannot be fetched"),
        ("/gzip", "compressed"),
        ("/404", "status 404"),
        ("/500?token=s3cret", "status 500"),
    ] {
        let source = url(&server, path, None);
        let told = chain(&read(&source).unwrap_err());
        assert!(told.contains(reason) && !told.contains("s3cret"), "{path}: {told}");
        run(source.keep("good"));
        assert_eq!(read(&source).unwrap(), stale("good"), "{path}");
    }
}

#[test]
fn a_server_that_says_nothing_is_left_after_the_deadline() {
    let server = Server::start(|_| Reply::Silence(b"HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\nx".to_vec()));
    let mut source = url(&server, "/", None);
    source.deadline = Duration::from_millis(50);
    assert!(matches!(read(&source), Err(SourceError::Deadline { .. })));
}
