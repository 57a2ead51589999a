//! What the server holds for a request, it gives back, however the request ends.

use std::time::Instant;

use jurat_tests::connection::PATIENCE;
use jurat_tests::http::{chunk, post, request};
use jurat_tests::http2::Http2;
use jurat_tests::server::Server;
use jurat_tests::site::Site;
use jurat_tests::tls;

use crate::loans::{all, one};

/// A body of about 900 KiB, which is most of what requests may take together.
fn long() -> String {
    all().to_string().replace("\"entities\":[", &format!("\"entities\":[{}", " ".repeat(900 << 10)))
}

#[test]
fn requests_that_break_off_or_are_refused_give_back_their_memory_and_their_places() {
    let site = Site::configured(
        "server: {max_message: 1 MiB, max_buffered: 2 MiB, max_connections: 8}\napi: {max_concurrent: 4, max_queued: 0}\n",
    );
    let server = Server::serve(&site, &[]);
    server.http().ask(post("/api/v1/batch", long())).result();
    let whole = post("/api/v1/batch", long());
    let wrong =
        request("POST", "/api/v1/batch", &["Content-Type: application/json"], long().replace("thorough", "none"));
    for number in 0..40 {
        let mut http = server.http();
        match number % 4 {
            // The client goes in its body, or before it reads the response.
            0 => http.send(&whole[..whole.len() - 10]),
            1 => http.send(&whole),
            2 => _ = http.ask(&wrong).is_problem(404, "unknown_ruleset"),
            _ => http.send(&whole[..100]),
        }
        drop(http);
        serves(&server);
    }
    server.http().ask(post("/api/v1/batch", long())).result();
}

/// Waits until a long request is served: what clients that are gone held is given back a little later.
#[track_caller]
fn serves(server: &Server) {
    let began = Instant::now();
    loop {
        let mut http = server.http();
        // A connection too many is closed while it sends.
        let sent = http.try_send(post("/api/v1/validate", one()));
        let response = http.try_response();
        if response.as_ref().is_some_and(|response| response.status() == 200) {
            return;
        }
        assert!(began.elapsed() < PATIENCE, "{sent:?} {response:?}");
    }
}

#[test]
fn connections_leave_nothing_behind() {
    let site = Site::configured(&format!("server: {{{}}}\n", tls::SETTINGS));
    let certificate = tls::certify(&site);
    let server = Server::serve(&site, &[]);
    tls::http(&server.address, &certificate).is_served();
    let is_idle = |at_most: usize| {
        let began = Instant::now();
        while server.sockets() > at_most {
            assert!(began.elapsed() < PATIENCE, "{} sockets stay", server.sockets());
            std::thread::yield_now();
        }
    };
    let began = Instant::now();
    let mut least = server.sockets();
    // The first connection closes in the background.
    while began.elapsed().as_millis() < 200 {
        least = least.min(server.sockets());
    }
    let memory = server.resident();
    for number in 0..200 {
        match number % 4 {
            0 => tls::http(&server.address, &certificate).is_served(),
            1 => drop(tls::connect(&server.address, &certificate, &["h2"])),
            2 => drop(server.http()),
            _ => {
                let (stream, _, _) = tls::connect(&server.address, &certificate, &["h2"]);
                assert_eq!(Http2::over_tls(stream).post("/api/v1/validate", one().as_bytes()).status, 200);
            }
        }
    }
    is_idle(least);
    assert!(server.resident() < memory + (16 << 10), "{memory} KiB at first, {} KiB now", server.resident());
}

#[test]
fn a_line_without_end_takes_no_more_than_a_record() {
    /// In KiB: the longest record, what is read ahead, and what the allocator keeps.
    const ALLOWANCE: u64 = 32 << 10;
    const PART: usize = 256 << 10;
    let site = Site::configured("");
    let server = Server::serve(&site, &[]);
    let head = "POST /api/v1/batch?ruleset_name=quick HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/x-ndjson\r\nTransfer-Encoding: chunked\r\n\r\n";
    let mut http = server.http();
    http.is_served();
    let idle = server.peak();
    http.send(head);
    http.send(chunk("{\"id\":\""));
    let part = chunk(vec![b'x'; PART]);
    for _ in 0..(64 << 20) / PART {
        http.send(&part);
    }
    http.send(chunk(format!("\"}}\n{}\n", crate::loans::poor("L-1"))));
    http.send("0\r\n\r\n");
    let lines = http.response().lines();
    assert_eq!(lines[0]["error"]["code"], "record_too_large");
    assert_eq!((lines.len(), &lines[1]["entity_id"]), (3, &"L-1".into()));
    assert!(server.peak() < idle + ALLOWANCE, "{idle} KiB at first, {} KiB at most", server.peak());
}
