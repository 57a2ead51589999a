//! Ends before everything is done: what is left can be told from what is whole, and has whole lines.

use std::fs;
use std::io::{BufRead, BufReader, Read, Write};
use std::os::unix::process::ExitStatusExt;
use std::process::{Child, ChildStdin, Command, Output, Stdio};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process};

use jurat_tests::skip::not_tried;

use super::{batch, loans, read, written};
use crate::program::{self, command};
use crate::site::{Site, results};

const ARGUMENTS: [&str; 6] = ["batch", "--config", "local-config.yaml", "--ruleset", "thorough", "--quiet"];
const FILES: [&str; 8] = ["--results", "r", "--failures", "f", "--good", "g", "--bad", "b"];

/// A run that waits for more.
fn start(site: &Site, more: &[&str]) -> (Child, ChildStdin) {
    let mut command = heeding_signals(&command(&site.path(""), &[&ARGUMENTS[..], more].concat()));
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().unwrap();
    let stdin = child.stdin.take().unwrap();
    (child, stdin)
}

/// The same command, which heeds signals also where the runner of the tests ignores them, as `nohup` and a shell's `&` do.
fn heeding_signals(command: &Command) -> Command {
    let mut heeding = Command::new("env");
    heeding.arg("--default-signal=HUP,INT,TERM").arg(command.get_program()).args(command.get_args());
    for (name, value) in command.get_envs() {
        match value {
            Some(value) => heeding.env(name, value),
            None => heeding.env_remove(name),
        };
    }
    if let Some(directory) = command.get_current_dir() {
        heeding.current_dir(directory);
    }
    heeding
}

/// Feeds loans until the reader is gone.
fn feed_for_ever(mut stdin: ChildStdin) -> JoinHandle<()> {
    let text = loans(1_000);
    thread::spawn(move || while stdin.write_all(text.as_bytes()).is_ok() {})
}

/// Waits until something is the case.
fn wait_until(what: &str, is_so: impl Fn() -> bool) {
    let begun = Instant::now();
    while !is_so() {
        assert!(begun.elapsed() < Duration::from_secs(60), "{what}");
        thread::yield_now();
    }
}

fn length(site: &Site, name: &str) -> u64 {
    fs::metadata(site.path(name)).map_or(0, |metadata| metadata.len())
}

fn send(child: &Child, signal: Signal) {
    kill_process(Pid::from_child(child), signal).unwrap();
}

/// It must have ended with the signal, with whole lines about the same records in all files.
#[track_caller]
fn is_whole_in_part(site: &Site, child: Child, signal: Signal) -> usize {
    let output = child.wait_with_output().unwrap();
    let complaint = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.signal(), Some(signal.as_raw()), "{complaint}");
    assert_eq!(complaint.lines().count(), 1, "{complaint}");
    let judged = lines_fit_together(site);
    let name = match signal {
        Signal::INT => "SIGINT",
        Signal::TERM => "SIGTERM",
        _ => "SIGHUP",
    };
    assert!(complaint.contains(&format!("interrupted by {name} after {judged} records; ")), "{complaint}");
    assert!(complaint.contains(&format!("; r.partial has {judged} of them; ")), "{complaint}");
    let failing = read(site, "b.partial").lines().count();
    assert!(complaint.contains(&format!("; f.partial has {failing} of them; ")), "{complaint}");
    judged
}

/// Gives how many records there are in all files together.
#[track_caller]
fn lines_fit_together(site: &Site) -> usize {
    assert_eq!(written(site), ["b.partial", "f.partial", "g.partial", "r.partial"]);
    let lines = |name: &str| {
        let text = read(site, name);
        assert!(text.is_empty() || text.ends_with('\n'), "{name}");
        results(&text)
    };
    let judged = lines("r.partial");
    let (good, bad) = (lines("g.partial"), lines("b.partial"));
    assert_eq!(good.len() + bad.len(), judged.len());
    let mut failing: Vec<_> = lines("f.partial").iter().map(|line| line["entity_id"].clone()).collect();
    failing.dedup();
    assert_eq!(failing, bad.iter().map(|record| record["id"].clone()).collect::<Vec<_>>());
    judged.len()
}

#[test]
fn an_interrupt_ends_a_wait_for_input() {
    for signal in [Signal::INT, Signal::TERM, Signal::HUP] {
        let site = Site::signed();
        let (child, mut stdin) = start(&site, &FILES);
        stdin.write_all(loans(50_000).as_bytes()).unwrap();
        // It takes signals before it opens files, and has read all that it gets once it asks for more.
        wait_until("it begins", || length(&site, "r.partial") > 0);
        send(&child, signal);
        assert!(is_whole_in_part(&site, child, signal) >= 1_024);
    }
}

#[test]
fn an_interrupt_before_the_first_record_leaves_nothing() {
    let site = Site::signed();
    let (child, _stdin) = start(&site, &FILES);
    wait_until("it begins", || site.path("b.partial").exists());
    send(&child, Signal::INT);
    let output = child.wait_with_output().unwrap();
    assert_eq!(output.status.signal(), Some(Signal::INT.as_raw()));
    assert_eq!(String::from_utf8(output.stderr).unwrap(), "error: interrupted by SIGINT after 0 records\n");
    assert_eq!(written(&site), Vec::<String>::new());
}

#[test]
fn an_interrupt_in_the_middle_leaves_whole_lines() {
    let site = Site::signed();
    let (child, stdin) = start(&site, &FILES);
    let feeder = feed_for_ever(stdin);
    wait_until("it writes", || length(&site, "r.partial") > 1 << 20);
    send(&child, Signal::TERM);
    is_whole_in_part(&site, child, Signal::TERM);
    feeder.join().unwrap();
}

#[test]
fn a_signal_that_is_ignored_stays_ignored() {
    let site = Site::signed();
    let program = program::path();
    let arguments =
        [&["-c", "trap '' HUP; exec \"$0\" \"$@\"", program.to_str().unwrap()], &ARGUMENTS[..], &FILES].concat();
    let mut command = Command::new("sh");
    command.args(arguments).current_dir(site.path("")).stdin(Stdio::piped()).stdout(Stdio::piped());
    let mut child = command.spawn().unwrap();
    let mut stdin = child.stdin.take().unwrap();
    wait_until("it begins", || site.path("b.partial").exists());
    send(&child, Signal::HUP);
    stdin.write_all(loans(10).as_bytes()).unwrap();
    drop(stdin);
    assert_eq!(child.wait().unwrap().code(), Some(1));
    assert_eq!(written(&site), ["b", "f", "g", "r"]);
}

#[test]
fn a_second_signal_ends_it_at_once() {
    let site = Site::signed();
    // It cannot write, because its output is not read, and cannot end politely, because it writes.
    let (mut child, stdin) = start(&site, &["--results", "-", "--good", "g"]);
    let feeder = feed_for_ever(stdin);
    let mut lines = BufReader::new(child.stdout.take().unwrap());
    lines.read_line(&mut String::new()).unwrap();
    wait_until("it is full", || is_full(&lines));
    send(&child, Signal::INT);
    // Until the first signal is handled, a second one is merged with it.
    wait_until("it is taken", || {
        send(&child, Signal::INT);
        is_gone(&child)
    });
    assert_eq!(child.wait().unwrap().signal(), Some(Signal::INT.as_raw()));
    assert!(site.path("g.partial").exists() && !site.path("g").exists());
    feeder.join().unwrap();
}

/// Whether a pipe is too full for a piece.
fn is_full(lines: &BufReader<std::process::ChildStdout>) -> bool {
    rustix::io::ioctl_fionread(lines.get_ref()).unwrap() >= 60 << 10
}

/// Whether a process has ended.
fn is_gone(child: &Child) -> bool {
    let stat = fs::read_to_string(format!("/proc/{}/stat", child.id())).unwrap();
    stat.rsplit(") ").next().unwrap().starts_with('Z')
}

#[test]
fn a_killed_run_leaves_only_what_is_called_partial() {
    let site = Site::signed();
    site.write("r", "of yesterday\n");
    let (mut child, stdin) = start(&site, &FILES);
    let feeder = feed_for_ever(stdin);
    wait_until("it writes", || length(&site, "b.partial") > 1 << 20);
    child.kill().unwrap();
    child.wait().unwrap();
    feeder.join().unwrap();
    assert_eq!(written(&site), ["b.partial", "f.partial", "g.partial", "r", "r.partial"]);
    assert_eq!(read(&site, "r"), "of yesterday\n");
    // The leftovers do not disturb the next run.
    batch(&site, "thorough", &FILES, loans(5).as_bytes()).ends_with(1);
    assert_eq!(written(&site), ["b", "f", "g", "r"]);
    assert_eq!(read(&site, "r").lines().count(), 5);
}

#[test]
fn a_reader_that_goes_away_ends_it_quietly() {
    for option in ["--results", "--failures", "--good", "--bad"] {
        let site = Site::signed();
        let (mut child, stdin) = start(&site, &[option, "-"]);
        let feeder = feed_for_ever(stdin);
        child.stdout.take().unwrap().read_exact(&mut [0; 100]).unwrap();
        let output = child.wait_with_output().unwrap();
        assert_eq!(
            (output.status.code(), String::from_utf8(output.stderr).unwrap().as_str()),
            (Some(4), ""),
            "{option}"
        );
        feeder.join().unwrap();
    }
}

#[test]
fn what_cannot_be_written_is_named() {
    let site = Site::signed();
    for option in ["--results", "--failures", "--good", "--bad", "--summary"] {
        let outcome = batch(&site, "thorough", &[option, "/dev/full", "--quiet"], loans(3_000).as_bytes());
        outcome.refuses(4, &["/dev/full: ", "No space left"]);
    }
    assert_eq!(written(&site), Vec::<String>::new());
}

#[test]
fn a_file_that_may_not_grow_any_more_keeps_whole_lines() {
    let site = Site::signed();
    site.write("in.ndjson", loans(100_000));
    let program = program::path();
    let limited = |shell: &str| {
        let arguments = [&["-c", shell, program.to_str().unwrap()], &ARGUMENTS[..], &FILES, &["in.ndjson"]].concat();
        let output = Command::new("sh").args(arguments).current_dir(site.path("")).output().unwrap();
        let complaint = String::from_utf8(output.stderr).unwrap();
        assert_eq!((output.status.code(), output.stdout.as_slice()), (Some(4), &b""[..]), "{complaint}");
        let judged = lines_fit_together(&site);
        assert!((1..100_000).contains(&judged), "{judged}");
        assert!(complaint.contains(&format!("{judged} records were judged; ")), "{complaint}");
        assert!(complaint.contains(&format!("; r.partial has {judged} of them")), "{complaint}");
        assert_eq!(complaint.lines().count(), 1, "{complaint}");
    };
    limited("ulimit -f 20000; exec \"$0\" \"$@\"");
}

#[test]
fn a_full_disk_keeps_whole_lines() {
    let site = Site::signed();
    site.write("in.ndjson", loans(100_000));
    let shell = "mkdir disk && mount -t tmpfs -o size=12m tmpfs disk || exit 77
        \"$0\" \"$@\"; code=$?; cp disk/* .; exit $code";
    let files: Vec<_> = FILES
        .iter()
        .map(|part| if part.starts_with('-') { (*part).to_owned() } else { format!("disk/{part}") })
        .collect();
    let files: Vec<_> = files.iter().map(String::as_str).collect();
    let program = program::path();
    let arguments =
        [&["-rm", "sh", "-c", shell, program.to_str().unwrap()], &ARGUMENTS[..], &files, &["in.ndjson"]].concat();
    let output = Command::new("unshare").args(arguments).current_dir(site.path("")).output();
    let can_mount = |output: &Output| output.status.code() != Some(77) && !output.stderr.starts_with(b"unshare");
    let Some(output) = output.ok().filter(can_mount) else {
        not_tried("nothing can be mounted here");
        return;
    };
    let complaint = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(4), "{complaint}");
    assert!(complaint.contains("No space left"), "{complaint}");
    fs::remove_dir_all(site.path("disk")).unwrap();
    let judged = lines_fit_together(&site);
    assert!((1..100_000).contains(&judged), "{judged}");
}
