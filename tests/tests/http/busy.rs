//! A server that has as much to do as it may: who waits, who is refused, and who need not care.

use std::time::{Duration, Instant};

use jurat_tests::http::{Http, get, post, request};
use jurat_tests::server::Server;
use jurat_tests::site::Site;

use crate::loans::{lines, one};

const PATH: &str = "/api/v1/validate";

fn server(settings: &str) -> (Site, Server) {
    let site = Site::configured(settings);
    let server = Server::serve(&site, &[]);
    (site, server)
}

/// A client that takes a place, and keeps it: a stream whose records do not come.
fn occupied(server: &Server) -> Http {
    let mut http = server.http();
    let length = lines().len();
    http.send(format!(
        "POST /api/v1/batch?ruleset_name=quick HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/x-ndjson\r\n\
         Content-Length: {length}\r\nExpect: 100-continue\r\n\r\n"
    ));
    assert_eq!(http.head().unwrap().status, 100);
    http
}

/// Lets the client have its results, and with them leave its place.
fn leave(mut occupied: Http) {
    assert_eq!(occupied.ask(lines()).lines().len(), 13);
}

#[test]
fn a_request_beyond_the_limit_is_refused_until_another_has_ended() {
    let (_site, server) = server("api: {max_concurrent: 1, max_queued: 0}\n");
    let slow = occupied(&server);
    let mut next = server.http();
    for _ in 0..3 {
        let response = next.ask(post(PATH, one()));
        response.is_problem(503, "too_busy");
        assert_eq!(response.header("retry-after"), Some("1"));
        // Probes need no place.
        assert_eq!(next.ask(get("/ready")).text(), "ready");
    }
    leave(slow);
    // A response is complete for its client a little before the server knows it.
    let began = Instant::now();
    while next.ask(post(PATH, one())).status() == 503 {
        assert!(began.elapsed() < Duration::from_secs(10), "the place stays taken");
    }
    next.ask(post(PATH, one())).result();
}

#[test]
fn a_client_that_goes_leaves_its_place() {
    let (_site, server) = server("api: {max_concurrent: 1, max_queued: 0}\n");
    let slow = occupied(&server);
    server.http().ask(post(PATH, one())).is_problem(503, "too_busy");
    drop(slow);
    let began = Instant::now();
    while server.http().ask(post(PATH, one())).status() == 503 {
        assert!(began.elapsed() < Duration::from_secs(10), "the place stays taken");
    }
}

#[test]
fn a_request_that_waits_is_served_and_one_more_is_refused() {
    let (_site, server) = server("api: {max_concurrent: 1, max_queued: 1, queue_timeout_ms: 60000}\n");
    let slow = occupied(&server);
    // One of these waits, whichever comes first.
    let mut two = [server.http(), server.http()];
    for http in &mut two {
        http.send(post(PATH, one()));
    }
    server.says("too_busy");
    leave(slow);
    let mut statuses = two.map(|mut http| http.response().status());
    statuses.sort_unstable();
    assert_eq!(statuses, [200, 503]);
}

#[test]
fn a_request_waits_no_longer_than_the_limit() {
    const LIMIT: Duration = Duration::from_millis(300);
    let (_site, server) = server("api: {max_concurrent: 1, max_queued: 1, queue_timeout_ms: 300}\n");
    let slow = occupied(&server);
    let began = Instant::now();
    server.http().ask(post(PATH, one())).is_problem(503, "too_busy");
    assert!(began.elapsed() >= LIMIT, "{:?}", began.elapsed());
    leave(slow);
}

#[test]
fn a_request_takes_no_place_before_its_body_is_there() {
    let (_site, server) = server("api: {max_concurrent: 1, max_queued: 0}\n");
    let mut slow = [server.http(), server.http()];
    for http in &mut slow {
        http.begin(PATH, &one());
    }
    server.http().ask(post(PATH, one())).result();
    let taken = occupied(&server);
    // One that is complete while all places are taken is refused, as one that comes then.
    let [mut first, mut second] = slow;
    first.ask(one()).is_problem(503, "too_busy");
    leave(taken);
    let began = Instant::now();
    while server.http().ask(post(PATH, one())).status() == 503 {
        assert!(began.elapsed() < Duration::from_secs(10), "the place stays taken");
    }
    second.ask(one()).result();
}

#[test]
fn a_request_takes_no_longer_than_its_limit() {
    const LIMIT: Duration = Duration::from_millis(300);
    let (_site, server) = server("api: {request_timeout_ms: 300}\n");
    let mut slow = server.http();
    let began = Instant::now();
    slow.begin(PATH, &one());
    let response = slow.response();
    let detail = response.is_problem(408, "incomplete_message");
    assert!(began.elapsed() >= LIMIT && detail.contains("`api.request_timeout_ms`"), "{detail}");
    slow.is_closed();
    server.http().ask(post(PATH, one())).result();
}

#[test]
fn streams_have_at_most_half_of_the_places() {
    let (_site, server) = server("api: {max_concurrent: 2, max_queued: 0}\n");
    let stream = occupied(&server);
    let typed = ["Content-Type: application/x-ndjson"];
    let another = request("POST", "/api/v1/batch?ruleset_name=quick", &typed, lines());
    server.http().ask(&another).is_problem(503, "too_busy");
    server.http().ask(post(PATH, one())).result();
    leave(stream);
    let began = Instant::now();
    while server.http().ask(&another).status() == 503 {
        assert!(began.elapsed() < Duration::from_secs(10), "the place stays taken");
    }
}

#[test]
fn a_probe_is_answered_whoever_else_is_one_too_many() {
    let (_site, server) = server("server: {max_connections: 2}\n");
    let mut kept = [server.http(), server.http()];
    kept.iter_mut().for_each(Http::is_served);
    let silent: Vec<_> = (0..100).map(|_| server.http()).collect();
    for _ in 0..10 {
        assert_eq!(server.http().ask(get("/health")).text(), "ok");
    }
    assert!(server.says("too many connections").contains("`server.max_connections`"));
    drop((kept, silent));
}

#[test]
fn connections_beyond_the_limit_are_told_so() {
    let (_site, server) = server("server: {max_connections: 2}\n");
    let mut kept = [server.http(), server.http()];
    kept.iter_mut().for_each(jurat_tests::http::Http::is_served);
    let mut beyond = server.http();
    let response = beyond.ask(post(PATH, one()));
    response.is_problem(503, "too_many_connections");
    assert_eq!(response.header("retry-after"), Some("1"));
    // A supervisor must not take the server for a dead one.
    assert_eq!(beyond.ask(get("/health")).text(), "ok");
    assert_eq!(beyond.ask(get("/ready")).text(), "ready");
    beyond.is_closed();
    drop(kept);
    let began = Instant::now();
    while server.http().ask(post(PATH, one())).status() == 503 {
        assert!(began.elapsed() < Duration::from_secs(10), "the connections stay");
    }
}
