//! The file that changes.

use super::*;

/// Gives the timestamp in a version, unless it is asked for another one.
fn serving(mark: &'static str, ask: &'static str) -> Site {
    Site::of(Server::start_reading(move |_, head| match head.contains(ask) {
        true => Reply::status(304, ""),
        false => {
            let head = format!("HTTP/1.1 200 OK\r\n{mark}content-length: 4\r\n\r\ntime");
            Reply::Bytes(head.into_bytes())
        }
    }))
}

fn conditions(site: &Site) -> Vec<bool> {
    site.server.heads().iter().map(|head| head.contains("\r\nif-")).collect()
}

#[test]
fn only_another_version_of_the_timestamp_is_asked_for() {
    for (mark, ask) in [
        ("etag: \"a\"\r\n", "if-none-match: \"a\"\r\n"),
        ("etag: W/\"a\"\r\nlast-modified: Sun, 06 Nov 1994 08:49:37 GMT\r\n", "if-none-match: w/\"a\"\r\n"),
        ("last-modified: Sun, 06 Nov 1994 08:49:37 GMT\r\n", "if-modified-since: sun, 06 nov 1994 08:49:37 gmt\r\n"),
    ] {
        let site = serving(mark, ask);
        let remote = site.remote(limits());
        for _ in 0..3 {
            assert_eq!(get(&remote, MUTABLE, 4).unwrap(), b"time");
        }
        assert_eq!(conditions(&site), [false, true, true], "{mark}");
        // What does not change is not remembered.
        for _ in 0..2 {
            assert_eq!(get(&remote, ROOT, 4).unwrap(), b"time");
        }
        assert_eq!(conditions(&site), [false, true, true, false, false], "{mark}");
    }
}

#[test]
fn a_new_version_replaces_the_old_one() {
    let site = Site::saying(vec![
        || Reply::Bytes(b"HTTP/1.1 200 OK\r\netag: \"a\"\r\ncontent-length: 3\r\n\r\none".to_vec()),
        || Reply::Bytes(b"HTTP/1.1 200 OK\r\netag: \"b\"\r\ncontent-length: 3\r\n\r\ntwo".to_vec()),
        || Reply::status(304, ""),
        || Reply::Bytes(b"HTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\nthree".to_vec()),
    ]);
    let remote = site.remote(limits());
    let found: Vec<_> = (0..5).map(|_| String::from_utf8(get(&remote, MUTABLE, 9).unwrap()).unwrap()).collect();
    assert_eq!(found, ["one", "two", "two", "three", "three"]);
    assert_eq!(conditions(&site), [false, true, true, true, false]);
    assert!(site.server.heads()[2].contains("if-none-match: \"b\"\r\n"));
}

#[test]
fn what_is_forgotten_or_longer_than_asked_for_is_asked_for_as_a_whole() {
    let site = serving("etag: \"a\"\r\n", "if-none-match");
    let remote = site.remote(limits());
    assert_eq!(get(&remote, MUTABLE, 4).unwrap(), b"time");
    remote.forget();
    assert_eq!(get(&remote, MUTABLE, 4).unwrap(), b"time");
    assert!(matches!(get(&remote, MUTABLE, 3), Err(FetchError::TooLong)));
    assert_eq!(get(&remote.clone(), MUTABLE, 4).unwrap(), b"time");
    assert_eq!(conditions(&site), [false, false, false, true]);
}

#[test]
fn a_file_that_the_host_does_not_have_is_never_unchanged() {
    let site = Site::new(|_| Reply::status(304, ""));
    let error = failure(&site.remote(limits()), MUTABLE, 4);
    assert!(matches!(error.cause, RemoteCause::Status { status: 304, .. }), "{error:?}");
}
