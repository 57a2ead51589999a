//! Requests with random damage: the server sends only answers, and serves the next request: over a socket on another connection, if the
//! damaged one was not JSON.

use jurat_tests::random::Random;
use serde_json::Value;

use crate::connection::{Answer, request};
use crate::server::{Server, Transport};
use crate::sites::{DATA, configured};

const LINES: usize = 3_000;

#[test]
fn damaged_requests_get_answers_and_harm_no_other_request() {
    let loans = String::from_utf8(jurat_tests::site::sample("loans.ndjson")).unwrap();
    let loans: Vec<_> = loans.lines().collect();
    let whole: Vec<Vec<u8>> = [
        ("validate", format!(r#"{{"entity_type":"loan","entity_data":{},"ruleset_name":"thorough"}}"#, loans[0])),
        (
            "batch_validate",
            format!(r#"{{"entities":[{}],"id_fields":["id"],"ruleset_name":"quick"}}"#, loans.join(",")),
        ),
        (
            "batch_file_validate",
            r#"{"file_uri":"loans.json","entity_types":["loan"],"id_fields":["id"],"ruleset_name":"quick"}"#.to_owned(),
        ),
        ("discover_rules", format!(r#"{{"entity_type":"loan","entity_data":{},"ruleset_name":"quick"}}"#, loans[1])),
        ("health", "{}".to_owned()),
    ]
    .map(|(method, params)| request("\"damaged\"", method, &params).into_bytes())
    .into();
    let site = configured(DATA);
    for (transport, seed) in Transport::ALL.into_iter().zip(1..) {
        let mut server = Server::start(&site, transport);
        let mut connection = server.connect();
        let mut random = Random::new(seed);
        // Answers to damaged lines: one to each, or none where it resembles a notification.
        let mut others = 0;
        for number in 0..LINES {
            let mut line = whole[below(&mut random, whole.len())].clone();
            (0..=random.below(3)).for_each(|_| damage(&mut line, &mut random));
            line.retain(|byte| *byte != b'\n');
            line.extend(format!("\n{}\n", request(&number.to_string(), "version", "{}")).bytes());
            connection.send(&line);
            let mut is_json = true;
            loop {
                match connection.line() {
                    Some(line) if answers(&line, number) => break,
                    Some(line) => {
                        others += 1;
                        is_json &= !line.contains("-32700");
                    }
                    None => {
                        assert!(transport != Transport::Stdio && !is_json, "the connection is closed: {number}");
                        connection = server.reconnect();
                        connection.send(request(&number.to_string(), "version", "{}") + "\n");
                        is_json = true;
                    }
                }
            }
            assert!(transport == Transport::Stdio || is_json, "a line after one that is not JSON was served: {number}");
        }
        connection.finish();
        while let Some(line) = connection.line() {
            assert!(!answers(&line, LINES));
            others += 1;
        }
        assert!((LINES / 2..=LINES).contains(&others), "{others} answers to {LINES} damaged lines");
        if transport == Transport::Stdio {
            assert_eq!(server.ended().0.code(), Some(0));
        } else {
            server.connect().is_served();
        }
    }
}

/// Whether a line is the answer to the sound request of that number; whatever else it is, it is an answer, or some.
fn answers(line: &str, number: usize) -> bool {
    match serde_json::from_str::<Vec<Value>>(line) {
        Ok(batch) => {
            batch.iter().for_each(|one| _ = Answer::parse(&one.to_string()));
            false
        }
        Err(_) => Answer::parse(line).id.get() == number.to_string(),
    }
}

fn below(random: &mut Random, end: usize) -> usize {
    usize::try_from(random.below(end as u64)).unwrap()
}

fn damage(line: &mut Vec<u8>, random: &mut Random) {
    const PIECES: [&[u8]; 12] =
        [b"\"", b"{", b"}", b"[", b"]", b",", b"null", b"\\u0000", b"\xff", b"1e999", b"\\ud800", b"{\"a\":1,\"a\":2}"];
    let at = below(random, line.len() + 1);
    let to = at + below(random, (line.len() - at).min(64) + 1);
    match random.below(4) {
        0 => drop(line.drain(at..to)),
        1 => drop(line.splice(at..to, PIECES[below(random, PIECES.len())].iter().copied())),
        2 => drop(line.splice(at..at, line[at..to].to_vec())),
        _ => {
            if let Some(byte) = line.get_mut(at) {
                *byte ^= 1 << random.below(8);
            }
        }
    }
}
