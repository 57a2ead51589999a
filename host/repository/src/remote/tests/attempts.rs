//! Retries and time-outs.

use std::net::TcpListener;
use std::num::NonZeroU32;

use super::*;

fn broken_off() -> Reply {
    Reply::Last(b"HTTP/1.1 200 OK\r\ncontent-length: 4\r\n\r\nro".to_vec())
}

#[test]
fn what_may_pass_is_survived() {
    let failures: [fn() -> Reply; 5] = [
        || Reply::status(500, ""),
        || Reply::status(503, "retry-after: 0\r\n"),
        || Reply::status(429, "retry-after: 0\r\n"),
        broken_off,
        || Reply::Last(Vec::new()),
    ];
    for failure in failures {
        let site = Site::saying(vec![failure, failure, || Reply::ok(b"root")]);
        assert_eq!(get(&site.remote(limits()), ROOT, 4).unwrap(), b"root");
    }
}

#[test]
fn attempts_are_counted() {
    let site = Site::new(|_| Reply::status(502, ""));
    for attempts in [1, 3, 7] {
        let before = site.asked();
        let remote = site.remote(RemoteLimits {
            retry: RetryPolicy { max_attempts: NonZeroU32::new(attempts).unwrap(), ..limits().retry },
            ..limits()
        });
        let error = failure(&remote, ROOT, 4);
        assert!(matches!(error.cause, RemoteCause::Status { status: 502, .. }));
        assert_eq!((error.attempts, site.asked() - before), (attempts, attempts as usize));
        assert_eq!(error.to_string().ends_with(&format!("cannot be fetched in {attempts} attempts")), attempts > 1);
    }
    let site = Site::new(|_| broken_off());
    let error = failure(&site.remote(limits()), ROOT, 4);
    assert!(matches!(error.cause, RemoteCause::BrokenOff(_)), "{error:?}");
    assert_eq!((error.attempts, site.asked()), (3, 3));
}

#[test]
fn a_server_that_wants_to_be_left_alone_for_long_is_left_alone() {
    let dates = "date: Sun, 06 Nov 1994 08:49:37 GMT\r\nretry-after: Sun, 06 Nov 1994 08:50:08 GMT\r\n";
    for headers in ["retry-after: 31\r\n", "retry-after: 99999999999999999999\r\n", dates] {
        let site = Site::new(move |_| Reply::status(503, headers));
        let error = failure(&site.remote(limits()), ROOT, 4);
        assert_eq!((error.attempts, site.asked()), (1, 1), "{headers}");
    }
}

#[test]
fn the_pause_is_as_long_as_the_server_wants_up_to_the_cap() {
    let site = Site::new(|_| Reply::ok(b""));
    let remote = site.remote(limits());
    let pause = |seconds: Option<u64>| {
        let cause = RemoteCause::Status { status: 503, retry_after: seconds.map(Duration::from_secs) };
        remote.pause(&cause, 1)
    };
    assert_eq!(pause(Some(30)), Some(Duration::from_secs(30)));
    assert_eq!(pause(Some(31)), None);
    assert!(pause(Some(0)).is_some_and(|pause| pause < Duration::from_millis(1)));
    assert!(pause(None).is_some_and(|pause| pause < Duration::from_millis(1)));
    let cause = RemoteCause::Status { status: 503, retry_after: None };
    assert!(remote.pause(&cause, 2).is_some() && remote.pause(&cause, 3).is_none());
}

#[test]
fn a_pause_that_lasts_longer_than_what_is_left_is_not_begun() {
    let site = Site::new(|_| Reply::status(503, "retry-after: 30\r\n"));
    let error = failure(&site.remote(RemoteLimits { total: Duration::from_secs(29), ..limits() }), ROOT, 4);
    assert!(matches!(error.cause, RemoteCause::Status { status: 503, .. }) && error.attempts == 1, "{error:?}");
}

#[test]
fn a_server_that_is_not_there_is_said_to_be_so() {
    let site = Site::new(|_| Reply::ok(b""));
    let nobody = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let base = format!("http://{nobody}").parse().unwrap();
    let client = client(&Http::default(), Reach::Anywhere).unwrap();
    let remote = Remote::new(base, client, &BTreeMap::new(), limits(), site.runtime.handle().clone()).unwrap();
    let error = failure(&remote, ROOT, 4);
    assert!(matches!(error.cause, RemoteCause::Unreachable(_)) && error.attempts == 3, "{error:?}");
}

#[test]
fn a_server_that_says_nothing_is_asked_again_and_then_given_up() {
    let http = Http { read_timeout: Duration::from_millis(50), ..Http::default() };
    for said in ["", "HTTP/1.1 200 OK\r\ncontent-length: 4\r\n\r\n"] {
        let site = Site::new(move |_| Reply::Silence(said.into()));
        let error = failure(&site.remote_with(limits(), &http, &[]), ROOT, 4);
        assert!(matches!(error.cause, RemoteCause::TimedOut(_)) && error.attempts == 3, "{error:?}");
    }
}

#[test]
fn all_attempts_together_have_one_deadline() {
    let total = Duration::from_millis(200);
    for said in ["", "HTTP/1.1 200 OK\r\ncontent-length: 4\r\n\r\nro"] {
        let site = Site::new(move |_| Reply::Silence(said.into()));
        let error = failure(&site.remote(RemoteLimits { total, ..limits() }), ROOT, 4);
        assert!(matches!(error.cause, RemoteCause::Deadline { .. }), "{error:?}");
    }
}

#[test]
fn a_server_that_sends_too_slowly_is_given_up_at_once() {
    let slowest = Slowest { rate: Bytes::mebi(1), window: Duration::from_millis(100) };
    let site = Site::new(|_| Reply::Silence(b"HTTP/1.1 200 OK\r\ncontent-length: 4\r\n\r\nro".to_vec()));
    let remote = site.remote(RemoteLimits { slowest, ..limits() });
    let error = failure(&remote, ROOT, 4);
    assert!(matches!(error.cause, RemoteCause::TooSlow { .. }) && error.attempts == 1, "{error:?}");
    assert!(
        chain(&*error).ends_with("too slowly: 0 B in 100ms, where 1 MiB a second are expected"),
        "{}",
        chain(&*error)
    );
}
