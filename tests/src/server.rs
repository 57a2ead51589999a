//! The program as a server: started, used, stopped.

use std::fmt;
use std::fs;
use std::io::{BufRead, BufReader};
use std::process::{Child, ChildStdin, ChildStdout, Command, ExitStatus, Stdio};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process};
use serde_json::Value;

use crate::connection::{Connection, PATIENCE};
use crate::http::Http;
use crate::process::{self, Usage};
use crate::program::{Outcome, command, command_on_one_processor};
use crate::site::Site;

/// The token of operators, unless the configuration has one.
pub const OPERATOR_TOKEN: &str = "operators-open-everything";

/// The keys of a configuration by which clients are authenticated.
const CREDENTIALS: [&str; 6] = ["auth:", " token_file:", "{token_file:", "api_keys:", "jwt:", "client_authorities:"];

/// How clients reach the server.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Transport {
    /// Standard input and output.
    Stdio,
    /// A free port of this machine.
    Tcp,
    /// The socket `socket` in the directory of the site.
    Unix,
}

/// What a server prints to standard error.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Logging {
    /// A line for each request, and everything else.
    All,
    /// Warnings and errors.
    Warnings,
    /// A line for each request, which nobody reads.
    Discarded,
}

/// A server. It ends with this.
pub struct Server {
    child: Child,
    /// How clients reach it.
    pub transport: Transport,
    /// Where clients find it; empty over stdio.
    pub address: String,
    /// Where clients of JSON-RPC find it, if it serves these beside the HTTP API; otherwise empty.
    pub rpc_address: String,
    /// Where operators find it, if it has a port for them; otherwise empty. They show [`OPERATOR_TOKEN`].
    pub operators_address: String,
    is_for_operators: bool,
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
    /// All ways.
    pub const ALL: [Self; 3] = [Self::Stdio, Self::Tcp, Self::Unix];

    /// The arguments for a server that is reached like this, in the directory of a site.
    fn arguments(self) -> &'static [&'static str] {
        match self {
            Self::Stdio => &[],
            Self::Tcp => &["--port", "0"],
            Self::Unix => &["--unix", "socket"],
        }
    }
}

impl Transport {
    /// The command line of a server whose clients are operators.
    fn of_operators(self) -> Vec<&'static str> {
        [&["rpc", "--config", "local-config.yaml", "--set", "server.auth=required"], self.arguments()].concat()
    }
}

impl Server {
    /// Starts a server with the site's configuration.
    #[must_use]
    pub fn start(site: &Site, transport: Transport) -> Self {
        Self::start_with(site, transport, transport.arguments())
    }

    /// Starts a server whose clients are operators, over any transport.
    #[must_use]
    pub fn start_for_operators(site: &Site, transport: Transport) -> Self {
        let mut server = Self::start_as(site, transport, command(&site.path(""), &transport.of_operators()));
        server.is_for_operators = transport == Transport::Tcp;
        server
    }

    /// Starts a server for operators on one processor only; none if this machine has no `taskset`, or forbids that.
    #[must_use]
    pub fn start_on_one_processor(site: &Site, transport: Transport) -> Option<Self> {
        let command = command_on_one_processor(&site.path(""), &transport.of_operators())?;
        let mut server = Self::start_as(site, transport, command);
        server.is_for_operators = transport == Transport::Tcp;
        Some(server)
    }

    /// Starts a server with other arguments.
    #[must_use]
    pub fn start_with(site: &Site, transport: Transport, arguments: &[&str]) -> Self {
        let arguments = [&["rpc", "--config", "local-config.yaml"], arguments].concat();
        Self::start_as(site, transport, command(&site.path(""), &arguments))
    }

    /// Starts a server of the HTTP API, on a free port.
    #[must_use]
    pub fn serve(site: &Site, arguments: &[&str]) -> Self {
        Self::serve_with(site, arguments, Logging::All)
    }

    /// The same, where many requests would have many lines in the log.
    #[must_use]
    pub fn serve_with(site: &Site, arguments: &[&str], logging: Logging) -> Self {
        let arguments = [&["serve", "--config", "local-config.yaml", "--port", "0"], arguments].concat();
        let mut command = command(&site.path(""), &arguments);
        if logging == Logging::Warnings {
            command.env("JURAT_LOG", "warn");
        }
        Self::start_logging(site, Transport::Tcp, command, logging)
    }

    /// A connection to the HTTP API.
    #[must_use]
    pub fn http(&self) -> Http {
        Http::connect(&self.address)
    }

    fn start_as(site: &Site, transport: Transport, command: Command) -> Self {
        Self::start_logging(site, transport, command, Logging::All)
    }

    fn start_logging(site: &Site, transport: Transport, mut command: Command, logging: Logging) -> Self {
        command.envs(authentication(site)).envs(rates(site));
        let stderr = if logging == Logging::Discarded { Stdio::null() } else { Stdio::piped() };
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(stderr);
        let mut child = command.spawn().unwrap();
        let stdio = child.stdout.take().zip(child.stdin.take());
        let log = Log::default();
        let reading = child.stderr.take().map(|stderr| log.read(BufReader::new(stderr)));
        log.printed().is_at_end = reading.is_none();
        let [address, rpc_address, operators_address] = [const { String::new() }; 3];
        let mut server = Self {
            child,
            transport,
            address,
            rpc_address,
            operators_address,
            stdio,
            log,
            reading,
            is_for_operators: false,
        };
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
            let other = |name: &str| said[name].as_str().unwrap_or_default().to_owned();
            (server.rpc_address, server.operators_address) = (other("rpc"), other("operators"));
        }
        server
    }

    /// A connection; over stdio the only one.
    #[must_use]
    pub fn connect(&mut self) -> Connection {
        if self.transport != Transport::Stdio {
            return self.reconnect();
        }
        let (reader, writer) = self.stdio.take().unwrap();
        Connection::new(reader, writer)
    }

    /// A connection that is not the only one.
    #[must_use]
    pub fn reconnect(&self) -> Connection {
        match self.transport {
            Transport::Stdio => panic!("there is only one connection"),
            Transport::Tcp => self.authenticated(Connection::tcp(&self.address)),
            Transport::Unix => Connection::unix(self.address.as_ref()),
        }
    }

    /// A connection over TCP where answers may take that long.
    #[must_use]
    pub fn reconnect_within(&self, longest: Duration) -> Connection {
        assert_eq!(self.transport, Transport::Tcp);
        self.authenticated(Connection::tcp_within(&self.address, longest))
    }

    fn authenticated(&self, mut connection: Connection) -> Connection {
        if self.is_for_operators {
            connection.result("authenticate", &format!(r#"{{"token":"{OPERATOR_TOKEN}"}}"#));
        }
        connection
    }

    /// Waits until it has printed a line to standard error that holds this text. Gives the line.
    #[track_caller]
    pub fn says(&self, text: &str) -> String {
        self.says_times(text, 1)
    }

    /// Waits until it has printed `times` lines to standard error that hold this text. Gives the last one.
    #[track_caller]
    pub fn says_times(&self, text: &str, times: usize) -> String {
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
    #[must_use]
    pub fn log(&self) -> Vec<String> {
        self.log.printed().lines.clone()
    }

    /// Sends it a signal.
    pub fn signal(&self, signal: Signal) {
        kill_process(self.pid(), signal).unwrap();
    }

    /// Waits until it has ended. Gives how, and everything that it printed to standard error.
    #[track_caller]
    pub fn ended(&mut self) -> (ExitStatus, Vec<String>) {
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
    #[must_use]
    pub fn resident(&self) -> u64 {
        self.usage().resident
    }

    /// The most memory that it has taken, in KiB.
    #[must_use]
    pub fn peak(&self) -> u64 {
        self.usage().peak
    }

    /// What it takes of the machine.
    #[must_use]
    pub fn usage(&self) -> Usage {
        process::usage(self.pid())
    }

    /// Its threads that have this name.
    #[must_use]
    pub fn threads(&self, name: &str) -> usize {
        process::threads(self.pid(), name)
    }

    /// The processes that it has started.
    #[must_use]
    pub fn children(&self) -> Vec<Pid> {
        process::children(self.pid())
    }

    /// The sockets that it has open.
    #[must_use]
    pub fn sockets(&self) -> usize {
        let entries = fs::read_dir(format!("/proc/{}/fd", self.child.id())).unwrap();
        // What is closed meanwhile is none any more.
        let links = entries.filter_map(|entry| fs::read_link(entry.unwrap().path()).ok());
        links.filter(|link| link.display().to_string().starts_with("socket:")).count()
    }

    /// Its process.
    #[must_use]
    pub fn pid(&self) -> Pid {
        Pid::from_child(&self.child)
    }
}

/// Variables by which clients need to show only what a test is about, and operators have a token.
fn authentication(site: &Site) -> Vec<(&'static str, &'static str)> {
    let none = (!has_credentials(site)).then_some(("JURAT_SERVER_AUTH", "none"));
    let written = fs::read_to_string(site.path("local-config.yaml")).unwrap();
    let token = (!written.contains("operator_token")).then_some(("JURAT_SERVER_OPERATOR_TOKEN", OPERATOR_TOKEN));
    none.into_iter().chain(token).collect()
}

/// Variables by which there are no limits in a minute, unless the configuration has some: tests ask more often than people do.
fn rates(site: &Site) -> Vec<(String, &'static str)> {
    let written = fs::read_to_string(site.path("local-config.yaml")).unwrap();
    let tiers =
        ["RATES", "SERVER_KEY_RATES", "SERVER_ADDRESS_RATES"].into_iter().filter(|_| !written.contains("rates:"));
    let classes = ["VALIDATE", "BATCH", "DISCOVER", "ADMIN", "RECORDS"];
    tiers.flat_map(|tier| classes.map(|class| (format!("JURAT_{tier}_{class}"), ""))).collect()
}

/// Whether the configuration says how clients are authenticated.
fn has_credentials(site: &Site) -> bool {
    let written = fs::read_to_string(site.path("local-config.yaml")).unwrap();
    CREDENTIALS.iter().any(|key| written.contains(key))
}

/// A server with these arguments must end at once: with this code, and an error that contains each of these. Gives the error.
#[track_caller]
pub fn refuses(site: &Site, arguments: &[&str], code: i32, reasons: &[&str]) -> String {
    refuses_command(site, "rpc", arguments, code, reasons)
}

/// The same for a server that one of the commands starts.
#[track_caller]
pub fn refuses_command(site: &Site, command: &str, arguments: &[&str], code: i32, reasons: &[&str]) -> String {
    let shows_some = has_credentials(site) || arguments.iter().any(|argument| argument.contains("token_file"));
    let auth: &[&str] = if shows_some { &[] } else { &["--set", "server.auth=none"] };
    let outcome = site.run(&[&[command, "--config", "local-config.yaml"], arguments, auth].concat());
    let Outcome { stdout, stderr, .. } = &outcome;
    assert_eq!((outcome.code, stdout.as_str()), (code, ""), "{arguments:?}: {stderr}");
    let error = stderr.lines().find(|line| line.starts_with("error: ")).unwrap_or_else(|| panic!("no error: {stderr}"));
    for reason in reasons {
        assert!(error.contains(reason), "`{reason}` is not in: {error}");
    }
    error.to_owned()
}

impl fmt::Debug for Server {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "Server({} on {:?} {})", self.child.id(), self.transport, self.address)
    }
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
