//! Requests with random damage: the server sends only responses, and serves the others.

use std::io::{Read, Write};
use std::net::Shutdown;
use std::thread;

use jurat_tests::http::{get, is_end, post, request, socket};
use jurat_tests::http2::{END_HEADERS, END_STREAM, Kind, PREFACE, frame, request as headers};
use jurat_tests::random::Random;
use jurat_tests::server::Server;
use jurat_tests::site::Site;

use crate::loans::{all, lines, one};

const THREADS: u64 = 8;
/// Short enough that what waits for more does not take long.
const SETTINGS: &str = "api: {header_timeout_ms: 100, idle_timeout_ms: 100, body_timeout_ms: 100}\n";

#[test]
fn damaged_requests_get_responses_and_harm_no_others() {
    const REQUESTS: usize = 150;
    let typed = ["Content-Type: application/x-ndjson"];
    let whole = [
        post("/api/v1/validate", one()),
        post("/api/v1/batch", all().to_string()),
        request("POST", "/api/v1/batch?ruleset_name=quick&id_fields=id", &typed, lines()),
        request("GET", "/api/v1/discover-rulesets?tenant=default", &["Origin: http://localhost", "Accept: */*"], ""),
        format!("POST /api/v1/validate HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n{:x}\r\n{}\r\n0\r\n\r\n", one().len(), one()).into_bytes(),
    ];
    let site = Site::configured(SETTINGS);
    let server = Server::serve(&site, &[]);
    let mut responses = 0;
    thread::scope(|scope| {
        let ask = |seed: u64| {
            let mut random = Random::new(seed);
            let mut responses = 0;
            for _ in 0..REQUESTS {
                let mut text = whole[below(&mut random, whole.len())].clone();
                (0..=random.below(3)).for_each(|_| damage(&mut text, &mut random));
                let mut http = server.http();
                // The server may refuse the request before it has read all of it.
                let _ = http.try_send([&text[..], &get("/health")].concat());
                while let Some(response) = http.try_response() {
                    assert!(
                        [200, 400, 403, 404, 405, 408, 413, 414, 415, 422, 431].contains(&response.status()),
                        "{response:?}"
                    );
                    responses += 1;
                }
            }
            responses
        };
        let asking: Vec<_> = (0..THREADS).map(|seed| scope.spawn(move || ask(seed))).collect();
        responses = asking.into_iter().map(|one| one.join().unwrap()).sum();
    });
    assert!(responses > 8 * REQUESTS / 2, "only {responses} responses");
    is_well(&server);
}

#[test]
fn damaged_frames_end_their_connection_at_most() {
    const CONNECTIONS: usize = 100;
    let json = [("content-type", "application/json")];
    let whole = [
        frame(Kind::Settings, 0, 0, &[0, 4, 0, 0, 255, 255]),
        frame(Kind::Headers, END_HEADERS, 1, &headers("POST", "/api/v1/validate", &json)),
        frame(Kind::Data, END_STREAM, 1, one().as_bytes()),
        frame(Kind::Ping, 0, 0, &[7; 8]),
        frame(Kind::Headers, END_HEADERS | END_STREAM, 3, &headers("GET", "/api/v1/discover-rulesets", &[])),
        frame(Kind::WindowUpdate, 0, 1, &[0, 0, 1, 0]),
        frame(Kind::Headers, 0, 5, &headers("GET", "/health", &[])),
        frame(Kind::Continuation, END_HEADERS, 5, &[]),
        frame(Kind::Reset, 0, 5, &8_u32.to_be_bytes()),
    ];
    let site = Site::configured(SETTINGS);
    let server = Server::serve(&site, &[]);
    thread::scope(|scope| {
        let send = |seed: u64| {
            let mut random = Random::new(seed);
            for _ in 0..CONNECTIONS {
                let mut frames = whole.to_vec();
                let other = below(&mut random, frames.len());
                frames.swap(0, other * below(&mut random, 2));
                let mut bytes = frames.concat();
                (0..random.below(4)).for_each(|_| damage(&mut bytes, &mut random));
                let mut stream = socket(&server.address);
                // The server may close the connection before it has read all of it.
                let _ = stream.write_all(&[PREFACE, &bytes].concat());
                let _ = stream.shutdown(Shutdown::Write);
                let ended = stream.read_to_end(&mut Vec::new());
                assert!(ended.as_ref().map_or_else(is_end, |_| true), "the connection stays: {ended:?}");
            }
        };
        for seed in 0..THREADS {
            scope.spawn(move || send(seed));
        }
    });
    is_well(&server);
}

/// The server lives, serves, and has no bug to report.
#[track_caller]
fn is_well(server: &Server) {
    server.http().is_served();
    let log = server.log();
    let worrying = log.iter().find(|line| ["panicked", "bug", "ERROR"].iter().any(|word| line.contains(word)));
    assert_eq!(worrying, None);
}

fn below(random: &mut Random, end: usize) -> usize {
    usize::try_from(random.below(end as u64)).unwrap()
}

fn damage(bytes: &mut Vec<u8>, random: &mut Random) {
    const PIECES: [&[u8]; 14] = [
        b"\r\n",
        b"\n",
        b"\r\n\r\n",
        b": ",
        b"\0",
        b"\xff\xff",
        b" ",
        b"HTTP/1.0",
        b"Host: x\r\n",
        b"Content-Length: 7\r\n",
        b"Transfer-Encoding: chunked\r\n",
        b"Expect: 100-continue\r\n",
        b"%00",
        b"{\"a\":",
    ];
    let at = below(random, bytes.len() + 1);
    let to = at + below(random, (bytes.len() - at).min(64) + 1);
    match random.below(4) {
        0 => drop(bytes.drain(at..to)),
        1 => drop(bytes.splice(at..to, PIECES[below(random, PIECES.len())].iter().copied())),
        2 => drop(bytes.splice(at..at, bytes[at..to].to_vec())),
        _ => {
            if let Some(byte) = bytes.get_mut(at) {
                *byte ^= 1 << random.below(8);
            }
        }
    }
}
