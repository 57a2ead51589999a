//! A million loans as a stream over HTTP, beside the same loans in a file that `jurat batch` judges.

use std::fmt::Write as _;
use std::fs::{self, File};
use std::io::{self, BufRead, BufReader, BufWriter, Read, Write};
use std::net::TcpStream;
use std::thread::{self, available_parallelism};
use std::time::{Duration, Instant};

use jurat_tests::http::{Http, chunk};
use jurat_tests::proof::Size;
use jurat_tests::server::Server;
use jurat_tests::site::{Site, sample};
use serde_json::Value;

const FILE: &str = "many.ndjson";
const PATH: &str = "/api/v1/batch?ruleset_name=quick&id_fields=id";
/// The bytes that are sent at a time.
const PIECE: usize = 64 << 10;
/// What a window takes at most, in KiB. Its 1,024 loans have 1.5 MB with their results. While they are written, both are there, in
/// memory that grows by doubling, and the allocator keeps some of it for each thread: five times that.
const WINDOW: u64 = 5 * 1_500;
/// What a connection takes besides, in KiB: what has arrived and what waits for the client, and a thread.
const CONNECTION: u64 = 32 << 10;

pub(super) fn run(size: Size) {
    let records = size.pick(20_000, 1_000_000);
    let site = Site::configured("");
    write_loans(&site, records).unwrap();
    let server = Server::serve(&site, &[]);
    server.http().is_served();
    let idle = server.resident();
    let (mut streams, mut batches) = (Vec::new(), Vec::new());
    for _ in 0..size.pick(1, 3) {
        let (time, summary) = stream(&server, &site, records);
        streams.push(time.as_secs_f64());
        let (time, expected) = batch(&site);
        batches.push(time.as_secs_f64());
        assert_eq!(counts(&summary), counts(&expected));
        assert_eq!(summary["records"], records);
    }
    // Two windows for each worker and one are in flight, however many records come.
    let workers = available_parallelism().unwrap().get() as u64;
    let bound = (2 * workers + 1) * WINDOW + CONNECTION;
    let growth = server.peak() - idle;
    assert!(growth < bound, "{growth} KiB for {records} records, and not less than {bound} KiB");

    println!("\n{records} loans, in seconds\n");
    println!("| run | HTTP, both ways | jurat batch | ratio |");
    println!("|----:|----------------:|------------:|------:|");
    for (number, (stream, batch)) in streams.iter().zip(&batches).enumerate() {
        println!("| {:>3} | {stream:>15.2} | {batch:>11.2} | {:>5.2} |", number + 1, stream / batch);
    }
    println!("memory of the server: {idle} KiB at first, at most {growth} KiB more; the bound is {bound} KiB");
}

/// Writes that many loans, each with an id of its own. Nobody has all of them in memory.
fn write_loans(site: &Site, records: usize) -> io::Result<()> {
    let sample = String::from_utf8(sample("loans.ndjson")).unwrap();
    let loans: Vec<_> = sample.lines().map(|line| line.split_once("LOAN-").unwrap()).collect();
    let mut file = BufWriter::new(File::create(site.path(FILE))?);
    for (number, (before, behind)) in loans.into_iter().cycle().take(records).enumerate() {
        writeln!(file, "{before}L-{number}{}", behind.trim_start_matches(|digit: char| digit.is_ascii_digit()))?;
    }
    file.flush()
}

/// Judges the loans over HTTP: sends them while the results are read. Gives the time and the summary.
fn stream(server: &Server, site: &Site, records: usize) -> (Duration, Value) {
    let began = Instant::now();
    let mut http = server.http();
    let out = http.socket().try_clone().unwrap();
    let summary = thread::scope(|scope| {
        scope.spawn(|| send_loans(&out, site).unwrap());
        let head = http.head().unwrap();
        assert_eq!((head.status, head.header("content-type")), (200, Some("application/x-ndjson")), "{head:?}");
        let mut lines = BufReader::with_capacity(PIECE, Body { http: &mut http, chunk: Vec::new(), read: 0 });
        check_lines(&mut lines, records)
    });
    (began.elapsed(), summary)
}

fn send_loans(mut out: &TcpStream, site: &Site) -> io::Result<()> {
    let head = "Host: localhost\r\nContent-Type: application/x-ndjson\r\nTransfer-Encoding: chunked";
    write!(out, "POST {PATH} HTTP/1.1\r\n{head}\r\n\r\n")?;
    let mut file = File::open(site.path(FILE))?;
    let mut piece = vec![0; PIECE];
    loop {
        let length = file.read(&mut piece)?;
        // A chunk without bytes is the end.
        out.write_all(&chunk(&piece[..length]))?;
        if length == 0 {
            return Ok(());
        }
    }
}

/// Each loan has one line, in their order, and the summary is the last one. Gives the summary.
fn check_lines(lines: &mut impl BufRead, records: usize) -> Value {
    let (mut line, mut expected) = (Vec::new(), String::new());
    for number in 0..=records {
        line.clear();
        lines.read_until(b'\n', &mut line).unwrap();
        assert!(line.ends_with(b"\n"), "it breaks off: {:.200}", String::from_utf8_lossy(&line));
        if number < records {
            expected.clear();
            write!(expected, r#"{{"entity_id":"L-{number}","#).unwrap();
            assert!(line.starts_with(expected.as_bytes()), "{expected}: {:.200}", String::from_utf8_lossy(&line));
        }
    }
    let mut last: Value = serde_json::from_slice(&line).unwrap();
    assert!(last["summary"].is_object(), "{last}");
    assert_eq!(lines.read(&mut [0]).unwrap(), 0, "something is behind the summary");
    last["summary"].take()
}

/// Judges them with the command, which writes the same lines to a file. Gives the time and the summary.
fn batch(site: &Site) -> (Duration, Value) {
    let arguments = ["batch", "--config", "local-config.yaml", "--ruleset", "quick", "--quiet"];
    let outputs = ["--timings", "--no-places", "--results", "results.ndjson", "--summary", "summary.json", FILE];
    let began = Instant::now();
    let outcome = site.run(&[&arguments[..], &outputs].concat());
    let time = began.elapsed();
    // Some of the loans fail.
    outcome.ends_with(1);
    fs::remove_file(site.path("results.ndjson")).unwrap();
    let summary = serde_json::from_slice(&fs::read(site.path("summary.json")).unwrap()).unwrap();
    fs::remove_file(site.path("summary.json")).unwrap();
    (time, summary)
}

/// What both ways must count alike: the records, and the verdicts of each rule.
fn counts(summary: &Value) -> Vec<(String, Value)> {
    const OF_RECORDS: [&str; 6] = ["records", "unreadable", "failed", "warned", "not_run", "host_failures"];
    const OF_RULES: [&str; 5] = ["pass", "warn", "fail", "norun", "error"];
    let of_records = OF_RECORDS.map(|name| (name.to_owned(), summary[name].clone()));
    let rules = summary["rules"].as_object().unwrap().iter();
    let of_rules =
        rules.flat_map(|(id, rule)| OF_RULES.map(move |status| (format!("{id} {status}"), rule[status].clone())));
    let counts: Vec<_> = of_records.into_iter().chain(of_rules).collect();
    assert!(counts.iter().all(|(_, count)| count.is_u64()), "{summary}");
    counts
}

/// The body of a response, while it arrives.
struct Body<'h> {
    http: &'h mut Http,
    chunk: Vec<u8>,
    /// How much of the chunk was read.
    read: usize,
}

impl Read for Body<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if self.read == self.chunk.len() {
            let Some(chunk) = self.http.chunk() else { return Ok(0) };
            (self.chunk, self.read) = (chunk, 0);
        }
        let length = buffer.len().min(self.chunk.len() - self.read);
        buffer[..length].copy_from_slice(&self.chunk[self.read..self.read + length]);
        self.read += length;
        Ok(length)
    }
}
