//! Answers of a server to one request.

use super::*;

#[test]
fn a_file_is_asked_for_below_the_url_and_unpacked() {
    let site = Site::new(|_| Reply::ok(b"root"));
    let remote = site.remote(limits());
    assert_eq!(get(&remote, ROOT, 4).unwrap(), b"root");
    assert_eq!(get(&remote, "a b/c?d#e%2f/é", 4).unwrap(), b"root");
    let heads = site.server.heads();
    assert!(heads[0].starts_with("get /rules/metadata/1.root.json http/1.1\r\n"), "{}", heads[0]);
    assert!(heads[1].starts_with("get /rules/a%20b/c%3fd%23e%252f/%c3%a9 "), "{}", heads[1]);
    assert!(heads.iter().all(|head| head.contains("accept-encoding: identity\r\n") && !head.contains("if-")));
}

#[test]
fn a_url_may_end_with_a_slash_or_not() {
    let site =
        Site::new(|path| if path == "/rules/a" || path == "/a" { Reply::ok(b"x") } else { Reply::status(404, "") });
    for base in ["/rules", "/rules/", "/", ""] {
        let client = client(&Http::default(), Reach::Anywhere).unwrap();
        let base = site.server.url(base).parse().unwrap();
        let remote = Remote::new(base, client, &BTreeMap::new(), limits(), site.runtime.handle().clone()).unwrap();
        assert_eq!(get(&remote, "a", 1).unwrap(), b"x");
    }
}

#[test]
fn a_file_is_missing_only_if_the_server_says_so() {
    let site = Site::new(|path| Reply::status(path.rsplit('/').next().unwrap().parse().unwrap(), ""));
    let remote = site.remote(limits());
    for missing in ["403", "404"] {
        assert!(matches!(get(&remote, missing, 9), Err(FetchError::NotFound)), "{missing}");
    }
    assert_eq!(site.asked(), 2);
    for (asked, status) in
        ["201", "204", "206", "300", "304", "400", "401", "405", "410", "416", "451"].iter().enumerate()
    {
        let error = failure(&remote, status, 9);
        assert!(matches!(error.cause, RemoteCause::Status { status: found, .. } if found.to_string() == *status));
        assert_eq!((error.attempts, site.asked()), (1, asked + 3), "{status}");
    }
    let error = failure(&remote, "410", 9);
    let expected = format!(
        "`{}` cannot be fetched: the server answers with status 410, where 200 is expected",
        site.server.url("/rules/410")
    );
    assert_eq!(chain(&*error), expected);
}

#[test]
fn redirects_are_followed_three_times_within_the_origin() {
    let site = Site::new(|path| match path.split('?').next().unwrap().rsplit('/').next().unwrap() {
        "0" => Reply::ok(b"here"),
        "1" => Reply::status(301, "location: /elsewhere/0\r\n"),
        "2" => Reply::status(307, "location: 1\r\n"),
        "3" => Reply::status(308, "location: ../rules/2?x=y\r\n"),
        _ => Reply::redirect("/rules/3"),
    });
    let remote = site.remote(limits());
    for hops in ["0", "1", "2", "3"] {
        assert_eq!(get(&remote, hops, 4).unwrap(), b"here", "{hops}");
    }
    let error = failure(&remote, "4", 4);
    assert!(matches!(error.cause, RemoteCause::RedirectedTooOften { most: 3 }), "{error:?}");
    assert_eq!(error.attempts, 1);
}

#[test]
fn a_redirect_to_another_origin_is_not_followed_and_that_origin_learns_nothing() {
    let other = Arc::new(Server::start(|_| Reply::ok(b"evil")));
    let server = Server::start({
        let other = Arc::clone(&other);
        move |path| match path.rsplit('/').next().unwrap() {
            "port" => Reply::redirect(&other.url("/x")),
            "host" => Reply::redirect(&other.url("/x").replace("127.0.0.1", "localhost")),
            "scheme" => Reply::redirect(&other.url("/x").replace("http:", "https:")),
            "file" => Reply::redirect("file:///etc/passwd"),
            "relative" => Reply::redirect(&other.url("/x").replace("http:", "")),
            _ => Reply::status(302, ""),
        }
    });
    let site = Site::of(server);
    let remote = site.remote_with(limits(), &Http::default(), &[("X-Token", "s3cret")]);
    for to in ["port", "host", "scheme", "file", "relative"] {
        let error = failure(&remote, to, 4);
        assert!(matches!(error.cause, RemoteCause::Elsewhere { .. }), "{to}: {error:?}");
        assert_eq!(error.attempts, 1);
    }
    assert!(chain(&*failure(&remote, "port", 4)).contains("which is another origin"));
    assert!(matches!(failure(&remote, "nowhere", 4).cause, RemoteCause::RedirectedNowhere { status: 302 }));
    assert_eq!(other.connections(), 0);
}

#[test]
fn a_redirect_does_not_say_as_whom_to_ask() {
    let site = Site::of(Server::start_reading(|_, head| {
        let host = head.lines().find_map(|line| line.strip_prefix("host: ")).unwrap();
        Reply::redirect(&format!("http://admin:admin@{host}/"))
    }));
    let error = failure(&site.remote(limits()), ROOT, 4);
    assert!(matches!(error.cause, RemoteCause::RedirectedNowhere { status: 302 }), "{error:?}");
    assert_eq!(site.asked(), 1);
}

#[test]
fn headers_of_the_settings_are_sent_with_each_request_and_shown_nowhere() {
    let site = Site::new(|path| if path == "/rules/a" { Reply::redirect("/b") } else { Reply::status(500, "") });
    let remote = site.remote_with(limits(), &Http::default(), &[("Authorization", "Bearer s3cret")]);
    let error = failure(&remote, "a", 4);
    let heads = site.server.heads();
    assert_eq!(heads.len(), 6);
    assert!(heads.iter().all(|head| head.contains("authorization: bearer s3cret\r\n")));
    let shown = format!("{remote:?} {error:?} {}", chain(&*error));
    assert!(!shown.contains("s3cret"), "{shown}");
}

#[test]
fn a_packed_body_is_refused() {
    const GZIP: &[u8] = b"HTTP/1.1 200 OK\r\ncontent-encoding: gzip\r\ncontent-length: 4\r\n\r\nbomb";
    const PLAIN: &[u8] = b"HTTP/1.1 200 OK\r\ncontent-encoding: identity\r\ncontent-length: 4\r\n\r\nbomb";
    let site = Site::saying(vec![|| Reply::Bytes(GZIP.to_vec()), || Reply::Bytes(PLAIN.to_vec())]);
    let remote = site.remote(limits());
    let error = failure(&remote, ROOT, 4);
    assert!(matches!(error.cause, RemoteCause::Encoded), "{error:?}");
    assert_eq!(error.attempts, 1);
    assert_eq!(get(&remote, ROOT, 4).unwrap(), b"bomb");
}

#[test]
fn a_body_may_be_as_long_as_the_cap_and_not_a_byte_longer() {
    const HEAD: &[u8] = b"HTTP/1.1 200 OK\r\nconnection: close\r\n\r\n";
    let site = Site::new(|path| match path.rsplit('/').next().unwrap() {
        "length" => Reply::ok(&[b'x'; 1_000]),
        "chunked" => Reply::Bytes(
            [&b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n3e8\r\n"[..], &[b'x'; 1_000], b"\r\n0\r\n\r\n"]
                .concat(),
        ),
        "closed" => Reply::Last([HEAD, &[b'x'; 1_000]].concat()),
        "endless" => Reply::Endless(HEAD.to_vec(), vec![b'x'; 4_096]),
        // A file that is too long is not waited for.
        _ => Reply::Silence(b"HTTP/1.1 200 OK\r\ncontent-length: 1001\r\n\r\n".to_vec()),
    });
    let remote = site.remote(limits());
    for file in ["length", "chunked", "closed"] {
        assert_eq!(get(&remote, file, 1_000).unwrap().len(), 1_000, "{file}");
        assert!(matches!(get(&remote, file, 999), Err(FetchError::TooLong)), "{file}");
    }
    assert!(matches!(get(&remote, "endless", 1 << 20), Err(FetchError::TooLong)));
    assert!(matches!(get(&remote, "promised", 1_000), Err(FetchError::TooLong)));
    assert_eq!(site.asked(), 8);
}

#[test]
fn nothing_is_waited_for_on_a_runtime_that_has_ended() {
    let site = Site::new(|_| Reply::ok(b""));
    let remote = site.remote(limits());
    site.runtime.shutdown_background();
    assert!(matches!(failure(&remote, ROOT, 4).cause, RemoteCause::Ended));
}
