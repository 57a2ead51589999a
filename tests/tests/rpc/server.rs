//! The program as a server: started, used, stopped.

use std::fs;
use std::io::{BufRead, BufReader};
use std::process::{Child, ChildStdin, ChildStdout, ExitStatus, Stdio};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use jurat_tests::program::{Outcome, command};
use jurat_tests::site::Site;
use rustix::process::{Pid, Signal, kill_process};
use serde_json::Value;

use crate::connection::{Connection, PATIENCE};

/// How clients reach the server.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Transport {
    Stdio,
    Tcp,
    Unix,
}

/// A server. It ends with this.
pub(crate) struct Server {
    child: Child,
    pub(crate) transport: Transport,
    /// Where clients find it; empty over stdio.
    pub(crate) address: String,
    stdio: Option<(ChildStdout, ChildStdin)>,
    log: Log,
    reading: Option<JoinHandle<()>>,
}

/// What it has printed to standard error so far.
#[derive(Clone, Default)]
struct Log(Arc<(Mutex<Printed>, Condvar)>);

#[derive(Default)]
struct Printed {
    lines: Vec<String>,
    is_at_end: bool,
}

impl Transport {
    pub(crate) const ALL: [Self; 3] = [Self::Stdio, Self::Tcp, Self::Unix];

    /// The arguments for a server that is reached like this, in the directory of a site.
    fn arguments(self) -> &'static [&'static str] {
        match self {
            Self::Stdio => &[],
            Self::Tcp => &["--port", "0"],
            Self::Unix => &["--unix", "socket"],
        }
    }
}

impl Server {
    /// Starts a server with the site's configuration.
    pub(crate) fn start(site: &Site, transport: Transport) -> Self {
        Self::start_with(site, transport, transport.arguments())
    }

    /// Starts a server with other arguments.
    pub(crate) fn start_with(site: &Site, transport: Transport, arguments: &[&str]) -> Self {
        let arguments = [&["rpc", "--config", "local-config.yaml"], arguments].concat();
        let mut command = command(&site.path(""), &arguments);
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command.spawn().unwrap();
        let stdio = child.stdout.take().zip(child.stdin.take());
        let log = Log::default();
        let reading = log.read(BufReader::new(child.stderr.take().unwrap()));
        let mut server = Self { child, transport, address: String::new(), stdio, log, reading: Some(reading) };
        if transport != Transport::Stdio {
            let mut line = String::new();
            let (stdout, _) = server.stdio.as_mut().unwrap();
            BufReader::new(stdout).read_line(&mut line).unwrap();
            let said: Value = serde_json::from_str(&line).unwrap_or_else(|_| panic!("it does not listen: `{line}`"));
            let address = said["listening"].as_str().unwrap();
            server.address = if transport == Transport::Unix {
                site.path(address).display().to_string()
            } else {
                address.to_owned()
            };
        }
        server
    }

    /// A connection; over stdio the only one.
    pub(crate) fn connect(&mut self) -> Connection {
        if self.transport != Transport::Stdio {
            return self.reconnect();
        }
        let (reader, writer) = self.stdio.take().unwrap();
        Connection::new(reader, writer)
    }

    /// A connection that is not the only one.
    pub(crate) fn reconnect(&self) -> Connection {
        match self.transport {
            Transport::Stdio => panic!("there is only one connection"),
            Transport::Tcp => Connection::tcp(&self.address),
            Transport::Unix => Connection::unix(self.address.as_ref()),
        }
    }

    /// Waits until it has printed a line to standard error that holds this text. Gives the line.
    #[track_caller]
    pub(crate) fn says(&self, text: &str) -> String {
        self.says_times(text, 1)
    }

    /// Waits until it has printed `times` lines to standard error that hold this text. Gives the last one.
    #[track_caller]
    pub(crate) fn says_times(&self, text: &str, times: usize) -> String {
        let deadline = Instant::now() + PATIENCE;
        let mut printed = self.log.printed();
        loop {
            if let Some(line) = printed.lines.iter().filter(|line| line.contains(text)).nth(times - 1) {
                return line.clone();
            }
            let left = deadline.saturating_duration_since(Instant::now());
            assert!(
                !printed.is_at_end && !left.is_zero(),
                "it does not say `{text}` {times} times: {:#?}",
                printed.lines
            );
            printed = self.log.news(printed, left);
        }
    }

    /// Everything that it has printed to standard error so far.
    pub(crate) fn log(&self) -> Vec<String> {
        self.log.printed().lines.clone()
    }

    pub(crate) fn signal(&self, signal: Signal) {
        kill_process(self.pid(), signal).unwrap();
    }

    /// Waits until it has ended. Gives how, and everything that it printed to standard error.
    #[track_caller]
    pub(crate) fn ended(&mut self) -> (ExitStatus, Vec<String>) {
        // It ends when everything that it has started has ended, too.
        let deadline = Instant::now() + PATIENCE;
        let mut printed = self.log.printed();
        while !printed.is_at_end {
            let left = deadline.saturating_duration_since(Instant::now());
            assert!(!left.is_zero(), "it does not end: {:#?}", printed.lines);
            printed = self.log.news(printed, left);
        }
        (self.child.wait().unwrap(), printed.lines.clone())
    }

    /// The memory that it takes, in KiB.
    pub(crate) fn resident(&self) -> u64 {
        self.memory("VmRSS:")
    }

    /// The most memory that it has taken, in KiB.
    pub(crate) fn peak(&self) -> u64 {
        self.memory("VmHWM:")
    }

    fn memory(&self, which: &str) -> u64 {
        let status = fs::read_to_string(format!("/proc/{}/status", self.child.id())).unwrap();
        let line = status.lines().find_map(|line| line.strip_prefix(which)).unwrap();
        line.trim().trim_end_matches(" kB").parse().unwrap()
    }

    /// The sockets that it has open.
    pub(crate) fn sockets(&self) -> usize {
        let entries = fs::read_dir(format!("/proc/{}/fd", self.child.id())).unwrap();
        // What is closed meanwhile is none any more.
        let links = entries.filter_map(|entry| fs::read_link(entry.unwrap().path()).ok());
        links.filter(|link| link.display().to_string().starts_with("socket:")).count()
    }

    fn pid(&self) -> Pid {
        Pid::from_child(&self.child)
    }
}

/// A server with these arguments must end at once: with this code, and an error that contains each of these. Gives the error.
#[track_caller]
pub(crate) fn refuses(site: &Site, arguments: &[&str], code: i32, reasons: &[&str]) -> String {
    let outcome = site.run(&[&["rpc", "--config", "local-config.yaml"], arguments].concat());
    let Outcome { stdout, stderr, .. } = &outcome;
    assert_eq!((outcome.code, stdout.as_str()), (code, ""), "{arguments:?}: {stderr}");
    let error = stderr.lines().find(|line| line.starts_with("error: ")).unwrap_or_else(|| panic!("no error: {stderr}"));
    for reason in reasons {
        assert!(error.contains(reason), "`{reason}` is not in: {error}");
    }
    error.to_owned()
}

impl Drop for Server {
    fn drop(&mut self) {
        // It may have ended already.
        let _ = self.child.kill();
        let _ = self.child.wait();
        if let Some(reading) = self.reading.take() {
            let _ = reading.join();
        }
        if thread::panicking() {
            let lines = self.log();
            let last = lines.len().saturating_sub(20);
            // The tests are told why they failed.
            #[expect(clippy::print_stderr, reason = "a failed test should say what the server said")]
            for line in &lines[last..] {
                eprintln!("server: {line}");
            }
        }
    }
}

impl Log {
    fn read(&self, stderr: impl BufRead + Send + 'static) -> JoinHandle<()> {
        let log = self.clone();
        thread::spawn(move || {
            for line in stderr.lines() {
                log.printed().lines.push(line.unwrap_or_default());
                log.0.1.notify_all();
            }
            log.printed().is_at_end = true;
            log.0.1.notify_all();
        })
    }

    // A test that has failed while it read the lines still shows them.
    fn printed(&self) -> MutexGuard<'_, Printed> {
        self.0.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn news<'p>(&self, printed: MutexGuard<'p, Printed>, longest: Duration) -> MutexGuard<'p, Printed> {
        self.0.1.wait_timeout(printed, longest).unwrap_or_else(PoisonError::into_inner).0
    }
}
