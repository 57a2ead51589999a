//! Sixty-four clients at once, while one release after the other is published.

use std::collections::HashMap;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use jurat_tests::random::Random;
use jurat_tests::results::{without_evidence, without_times};
use jurat_tests::site::{Site, TARGET};
use serde_json::json;

use crate::connection::{Answer, Connection, PATIENCE, request};
use crate::server::{Server, Transport};
use crate::sites::{DATA, configured, edit};

const CLIENTS: usize = 64;
/// Requests of each client that are answered.
const REQUESTS: usize = 200;
/// Releases that are published meanwhile, at least.
const SWITCHES: usize = 4;
/// The most requests that a client has under way.
const BURST: u64 = 8;

/// A request without its id, and what may be answered to it.
struct Asked {
    method: &'static str,
    params: String,
    expected: Expected,
}

enum Expected {
    /// What one release says, or what the other one says, and never something in between.
    OneOf([String; 2]),
    /// This, whichever release serves.
    Code(i32),
    /// A result, whatever it is.
    Anything,
}

/// How often which release answered.
#[derive(Default)]
struct Tally {
    answered: AtomicUsize,
    by_release: [AtomicUsize; 2],
    switches: AtomicUsize,
    finished: AtomicUsize,
}

#[test]
fn every_answer_is_right_none_is_lost_and_none_is_another_ones() {
    for transport in [Transport::Tcp, Transport::Unix] {
        survives(transport, 7);
    }
}

fn survives(transport: Transport, seed: u64) {
    let site = configured(&format!("{DATA}kept_releases: 1\nserver: {{max_in_flight: 64}}\n"));
    let releases = releases(&site);
    let asked = questions(&site, &releases);
    let mut server = Server::start_for_operators(&site, transport);
    let mut keeper = server.connect();
    keeper.is_served();
    let sockets = server.sockets();
    let connections: Vec<_> = (0..CLIENTS).map(|_| server.connect()).collect();
    // These send, and never read.
    let mut deaf: Vec<_> = (0..4).map(|_| server.connect()).collect();
    let tally = Tally::default();
    let begun = Instant::now();
    thread::scope(|scope| {
        for (client, connection) in (0_u64..).zip(connections) {
            let (asked, tally, server) = (&asked, &tally, &server);
            scope.spawn(move || {
                // Counted even if it fails, so that no thread waits for it.
                let _finished = Finished(tally);
                talk(server, connection, asked, tally, &mut Random::new(seed ^ client << 32));
            });
        }
        let _enough = Enough(&tally);
        for client in &mut deaf {
            // Far more than fits between here and there.
            let Asked { method, params, .. } = &asked[3];
            client.send((0..60).map(|id| request(&id.to_string(), method, params) + "\n").collect::<String>());
        }
        let (mut other, tally) = (server.reconnect(), &tally);
        scope.spawn(move || {
            // Also while something is being published.
            while tally.finished.load(Ordering::Relaxed) < CLIENTS {
                assert_eq!(other.result("reload_logic", "{}")["status"], "ok");
            }
        });
        for release in releases.iter().cycle() {
            if tally.finished.load(Ordering::Relaxed) == CLIENTS {
                break;
            }
            site.publish_from(release, TARGET);
            assert_eq!(keeper.result("reload_logic", "{}")["status"], "ok");
            tally.switches.fetch_add(1, Ordering::Relaxed);
        }
    });
    let took = begun.elapsed();
    assert!(tally.answered.load(Ordering::Relaxed) >= CLIENTS * REQUESTS);
    let [one, two] = tally.by_release.each_ref().map(|count| count.load(Ordering::Relaxed));
    assert!(one > 0 && two > 0, "only one release has answered: {one}, {two}");
    assert!(took < Duration::from_secs(60), "{took:?}");

    // Nothing of it stays.
    drop(deaf);
    let begun = Instant::now();
    while server.sockets() > sockets {
        keeper.is_served();
        assert!(begun.elapsed() < PATIENCE, "{} sockets are open, {sockets} were", server.sockets());
    }
    let status = keeper.result("status", "{}");
    assert_eq!((&status["health"], &status["in_flight"]), (&"ok".into(), &0.into()), "{status}");
    assert!(server.resident() < 512 << 10, "{} KiB", server.resident());
    let panics: Vec<_> = server.log().into_iter().filter(|line| line.contains("panicked")).collect();
    assert!(panics.is_empty(), "{panics:#?}");
}

/// The sources of two releases whose every answer differs.
fn releases(site: &Site) -> [std::path::PathBuf; 2] {
    ["one", "two"].map(|name| {
        let source = site.sources(name);
        edit(&source.join("release.yaml"), "A record fits the JSON Schema that it names", &format!("Release {name}"));
        edit(&source.join("business-config.yaml"), "Fast checks of a single loan", &format!("Release {name}"));
        source
    })
}

/// Requests of all kinds, and what each of the two releases answers.
fn questions(site: &Site, releases: &[std::path::PathBuf; 2]) -> Vec<Asked> {
    let loans = String::from_utf8(jurat_tests::site::sample("loans.ndjson")).unwrap();
    let loans: Vec<_> = loans.lines().collect();
    let mut questions = Vec::new();
    for count in [1, 2, 12, 40] {
        let records: Vec<_> = loans.iter().cycle().take(count).copied().collect();
        questions.push((
            "batch_validate",
            format!(r#"{{"entities":[{}],"id_fields":["id"],"ruleset_name":"thorough"}}"#, records.join(",")),
        ));
    }
    let uri = format!("file://{}", site.path("data/loans.json").display());
    questions.push((
        "batch_file_validate",
        json!({"file_uri": uri, "entity_types": ["loan"], "id_fields": ["id"], "ruleset_name": "quick"}).to_string(),
    ));
    questions.push(("discover_rulesets", "{}".to_owned()));
    for ruleset in ["quick", "thorough"] {
        for loan in &loans {
            questions.push((
                "validate",
                format!(r#"{{"entity_type":"loan","entity_data":{loan},"ruleset_name":"{ruleset}"}}"#),
            ));
        }
        questions.push((
            "discover_rules",
            format!(r#"{{"entity_type":"loan","entity_data":{},"ruleset_name":"{ruleset}"}}"#, loans[0]),
        ));
    }
    let [one, two] = releases.each_ref().map(|release| {
        site.publish_from(release, TARGET);
        let mut server = Server::start(site, Transport::Stdio);
        let mut connection = server.connect();
        let mut ask =
            |method, params: &str| without_evidence(&without_times(&connection.call(method, params).unwrap()));
        questions.iter().map(|(method, params)| ask(method, params)).collect::<Vec<_>>()
    });
    let answers = one.into_iter().zip(two);
    let mut asked: Vec<_> = questions
        .into_iter()
        .zip(answers)
        .map(|((method, params), (one, two))| {
            assert_ne!(one, two, "{method}");
            Asked { method, params, expected: Expected::OneOf([one, two]) }
        })
        .collect();
    for (method, params, expected) in [
        ("health", "{}", Expected::Anything),
        ("version", "{}", Expected::Anything),
        ("status", "{}", Expected::Anything),
        ("get_cache_age", "{}", Expected::Anything),
        ("nothing", "{}", Expected::Code(-32601)),
        ("validate", "{}", Expected::Code(-32602)),
        ("validate", r#"{"entity_type":"loan","entity_data":{},"ruleset_name":"no"}"#, Expected::Code(-32000)),
    ] {
        asked.push(Asked { method, params: params.to_owned(), expected });
    }
    asked
}

/// One client, with all its moods.
fn talk(server: &Server, mut connection: Connection, asked: &[Asked], tally: &Tally, random: &mut Random) {
    let (mut answered, mut last_id) = (0, 0);
    while answered < REQUESTS || tally.switches.load(Ordering::Relaxed) < SWITCHES {
        let mut open: HashMap<String, &Asked> = HashMap::new();
        let mut bytes = Vec::new();
        for _ in 0..=random.below(BURST) {
            let asked = &asked[usize::try_from(random.below(asked.len() as u64)).unwrap()];
            last_id += 1;
            let id = id(last_id, random);
            let line = request(&id, asked.method, &asked.params);
            if random.below(16) == 0 {
                // A notification.
                bytes.extend(line.replacen(&format!("\"id\":{id},"), "", 1).bytes());
            } else {
                bytes.extend(line.bytes());
                open.insert(id, asked);
            }
            bytes.push(b'\n');
        }
        let leaves = random.below(16) == 0;
        if leaves {
            bytes.truncate(1 + usize::try_from(random.below(bytes.len() as u64)).unwrap());
        }
        in_pieces(&mut connection, &bytes, random);
        if leaves {
            connection = server.reconnect();
            continue;
        }
        while !open.is_empty() {
            let answer = connection.answer();
            let asked = open.remove(answer.id.get()).unwrap_or_else(|| panic!("nobody asked {}", answer.id));
            check(answer, asked, tally);
            answered += 1;
            tally.answered.fetch_add(1, Ordering::Relaxed);
        }
    }
}

fn check(answer: Answer, asked: &Asked, tally: &Tally) {
    let told = answer.outcome();
    match (&asked.expected, told) {
        (Expected::OneOf(releases), Ok(told)) => {
            let told = without_evidence(&without_times(&told));
            let release = releases.iter().position(|expected| *expected == told);
            let release = release.unwrap_or_else(|| panic!("no release says this: {told}"));
            tally.by_release[release].fetch_add(1, Ordering::Relaxed);
        }
        (Expected::Code(code), Err(refused)) => assert_eq!(refused.code, *code, "{refused:?}"),
        (Expected::Anything, Ok(_)) => {}
        (_, told) => panic!("{} {:.200}: {told:?}", asked.method, asked.params),
    }
}

/// Sends bytes in pieces, with pauses between them.
fn in_pieces(connection: &mut Connection, bytes: &[u8], random: &mut Random) {
    let mut rest = bytes;
    while !rest.is_empty() {
        let most = if random.below(2) == 0 { rest.len() } else { 1 + usize::try_from(random.below(4_096)).unwrap() };
        let (piece, others) = rest.split_at(most.min(rest.len()));
        connection.send(piece);
        rest = others;
        match random.below(8) {
            0 => thread::sleep(Duration::from_millis(random.below(4))),
            1 => thread::yield_now(),
            _ => {}
        }
    }
}

/// An id of any legal kind that no other request has on this connection.
fn id(number: u64, random: &mut Random) -> String {
    match random.below(6) {
        0 => format!("{number}"),
        1 => format!("-{number}"),
        2 => format!("{number}.50"),
        3 => format!("1e{number}"),
        4 => format!("\"{number}\""),
        _ => format!("\"\\u00e4 {number} \\\\\\\"ä\""),
    }
}

/// Says that a client has finished.
struct Finished<'t>(&'t Tally);

/// Tells the clients, when dropped, not to wait for further releases.
struct Enough<'t>(&'t Tally);

impl Drop for Enough<'_> {
    fn drop(&mut self) {
        self.0.switches.fetch_add(SWITCHES, Ordering::Relaxed);
    }
}

impl Drop for Finished<'_> {
    fn drop(&mut self) {
        self.0.finished.fetch_add(1, Ordering::Relaxed);
    }
}
