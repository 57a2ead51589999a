//! Clients that do not read what they have asked for, and clients that break off.

use std::fmt;
use std::io::{Read, Write};
use std::net::TcpStream;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use jurat_tests::connection::{PATIENCE, request};
use jurat_tests::random::Random;
use jurat_tests::server::{OPERATOR_TOKEN, Server};
use serde_json::json;

use crate::hostile_batch::HostileBatch;
use crate::run::Run;
use crate::scene::LOANS;

/// How often the sample loans are in the file that clients have judged: a response has some megabytes, more than sockets hold.
pub(super) const REPETITIONS: usize = 200;
/// The time between two pieces that a slow reader reads.
const BETWEEN_PIECES: Duration = Duration::from_millis(100);
/// The longest time between two clients that break off.
const BETWEEN_CLIENTS: u64 = 40;

/// In what a client breaks off.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Moment {
    Request,
    Reply,
    /// The time between the two, in which the server works.
    Work,
}

/// Connections that were broken off, by the moment.
#[derive(Debug, Default)]
pub(super) struct Broken([AtomicUsize; 3]);

/// Asks for much and reads a little, or nothing, until the server closes the connection; then once more.
pub(super) fn read_slowly(server: &Server, reads: bool, run: &Run, closed: &AtomicUsize) {
    let _part = run.part();
    while !run.is_over() {
        let mut stream = connect(server);
        if stream.write_all(long_request().repeat(4).as_bytes()).is_err() {
            continue;
        }
        while run.pause(BETWEEN_PIECES) {
            // The server ignores blank lines.
            let is_closed = stream.write_all(b"\n").is_err()
                || reads && !matches!(stream.read(&mut [0; 1024]), Ok(read) if read > 0);
            if is_closed {
                closed.fetch_add(1, Ordering::Relaxed);
                break;
            }
        }
    }
}

/// Breaks off one connection after the other.
pub(super) fn break_off(server: &Server, hostile: &HostileBatch, seed: u64, run: &Run, broken: &Broken) {
    const MOMENTS: [Moment; 3] = [Moment::Request, Moment::Reply, Moment::Work];
    let _part = run.part();
    let mut random = Random::new(seed);
    while run.pause(Duration::from_millis(random.below(BETWEEN_CLIENTS))) {
        let moment = MOMENTS[usize::try_from(random.below(3)).unwrap()];
        let line = match moment {
            Moment::Request | Moment::Reply => long_request(),
            Moment::Work => request("1", "batch_validate", hostile.params()) + "\n",
        };
        let length = if moment == Moment::Request { line.len() / 2 } else { line.len() };
        let mut stream = connect(server);
        stream.write_all(&line.as_bytes()[..length]).unwrap();
        if moment == Moment::Reply {
            stream.read_exact(&mut [0; 1024]).unwrap();
        }
        broken.0[moment as usize].fetch_add(1, Ordering::Relaxed);
    }
}

impl fmt::Display for Broken {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let [request, reply, work] = self.0.each_ref().map(|count| count.load(Ordering::Relaxed));
        write!(out, "connections broken: {request} in a request, {reply} in a reply, {work} while the server worked")
    }
}

fn connect(server: &Server) -> TcpStream {
    let mut stream = TcpStream::connect(&server.address).unwrap();
    stream.set_read_timeout(Some(PATIENCE)).unwrap();
    stream.set_write_timeout(Some(PATIENCE)).unwrap();
    let token = format!(r#"{{"token":"{OPERATOR_TOKEN}"}}"#);
    stream.write_all((request("0", "authenticate", &token) + "\n").as_bytes()).unwrap();
    let mut byte = [0];
    while byte != [b'\n'] {
        stream.read_exact(&mut byte).unwrap();
    }
    stream
}

/// A line to which the response is long.
fn long_request() -> String {
    let params = json!({"file_uri": "many.ndjson", "entity_types": ["loan"], "id_fields": ["id"], "ruleset_name": "thorough", "tenant": LOANS});
    request("1", "batch_file_validate", &params.to_string()) + "\n"
}
