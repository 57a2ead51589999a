//! A call takes few system calls. Waking a thread is the dearest of them, and the one that a careless change adds.

use std::io::{BufRead, BufReader, ErrorKind, Read as _};
use std::process::{Command, Stdio};

use jurat_tests::skip;
use rustix::process::{Pid, Signal, kill_process};
use serde_json::{Value, json};

use crate::server::{Server, Transport};
use crate::sites::configured;

/// What is made before counting: threads and buffers of the first calls.
const FIRST_CALLS: u64 = 200;
const CALLS: u64 = 1_000;

/// The most calls of `futex` for each `validate`. While a thread waited for each call, and each log line woke another, they were 10 to 12 over
/// TCP and 23 to 26 over standard input and output. Now they are 1 to 3.
const MOST: u64 = 5;

#[test]
fn a_record_is_judged_with_few_wake_ups() {
    let site = configured("");
    let loans: Value = serde_json::from_slice(&jurat_tests::site::sample("loans.json")).unwrap();
    let params = json!({"entity_type": "loan", "entity_data": loans[0], "ruleset_name": "thorough"}).to_string();
    for transport in [Transport::Tcp, Transport::Stdio] {
        let mut server = Server::start(&site, transport);
        let mut client = server.connect();
        let mut validate = |calls| (0..calls).for_each(|_| drop(client.result("validate", &params)));
        validate(FIRST_CALLS);
        let counted = strace(&server, || validate(CALLS)).or_else(|| perf(&server, || validate(CALLS)));
        let Some(calls) = counted else {
            return skip::not_tried(
                "system calls: neither `strace` nor `perf` can count those of another process here",
            );
        };
        assert!(calls > 0 && calls <= MOST * CALLS, "{calls} calls of futex for {CALLS} calls over {transport:?}");
    }
}

/// Counts the calls of `futex` that a server makes meanwhile; none if `strace` is not there, or may not.
fn strace(server: &Server, calls: impl FnOnce()) -> Option<u64> {
    let pid = server.pid().as_raw_nonzero().to_string();
    let mut command = Command::new("strace");
    command.args(["-c", "-f", "-e", "trace=futex", "-p", &pid]).stdin(Stdio::null()).stdout(Stdio::null());
    let mut strace = match command.stderr(Stdio::piped()).spawn() {
        Err(error) if error.kind() == ErrorKind::NotFound => return None,
        started => started.unwrap(),
    };
    let mut said = BufReader::new(strace.stderr.take().unwrap());
    let mut first = String::new();
    said.read_line(&mut first).unwrap();
    let is_attached = first.contains("attached");
    if is_attached {
        calls();
        kill_process(Pid::from_child(&strace), Signal::INT).unwrap();
    }
    let mut table = String::new();
    said.read_to_string(&mut table).unwrap();
    strace.wait().unwrap();
    // The columns are: the share of time, seconds, microseconds for each call, calls, errors if there are any, the name.
    let line = table.lines().find(|line| line.ends_with(" futex")).filter(|_| is_attached)?;
    Some(line.split_whitespace().nth(3).unwrap().parse().unwrap())
}

/// The same with `perf`.
fn perf(server: &Server, calls: impl FnOnce()) -> Option<u64> {
    let pid = server.pid().as_raw_nonzero().to_string();
    let mut command = Command::new("perf");
    command.args(["stat", "-x", ",", "-e", "syscalls:sys_enter_futex", "-p", &pid]);
    // It counts while a program runs: one that says that it has begun, and ends when it is told to.
    command.args(["--", "sh", "-c", "echo begun; cat"]);
    let started = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn();
    let mut perf = match started {
        Err(error) if error.kind() == ErrorKind::NotFound => return None,
        started => started.unwrap(),
    };
    let mut begun = String::new();
    BufReader::new(perf.stdout.take().unwrap()).read_line(&mut begun).unwrap();
    if begun == "begun\n" {
        calls();
    }
    let table = perf.wait_with_output().unwrap();
    // The first column is the count, or says in words why there is none.
    String::from_utf8(table.stderr).unwrap().split(',').next()?.trim().parse().ok()
}
