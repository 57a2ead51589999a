//! One client of the program: lines that go out, lines that come in.

use std::fmt;
use std::io::{self, BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::time::Duration;

use serde::Deserialize;
use serde_json::Value;
use serde_json::value::RawValue;

/// Nothing takes this long on any machine: a test that waits longer has found a bug.
pub const PATIENCE: Duration = Duration::from_secs(60);

/// A connection.
pub struct Connection {
    reader: BufReader<Box<dyn Read + Send>>,
    writer: Box<dyn Write + Send>,
    last_id: u64,
}

/// What came back for one request.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Answer {
    jsonrpc: String,
    /// The id, as text.
    pub id: Box<RawValue>,
    result: Option<Box<RawValue>>,
    error: Option<Refused>,
}

/// The error of a call.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq)]
#[serde(deny_unknown_fields)]
pub struct Refused {
    /// The number.
    pub code: i32,
    /// For people.
    pub message: String,
    /// Its kind, and what the log names it by.
    pub data: Value,
}

impl Connection {
    /// A connection over two streams.
    #[must_use]
    pub fn new(reader: impl Read + Send + 'static, writer: impl Write + Send + 'static) -> Self {
        Self { reader: BufReader::new(Box::new(reader)), writer: Box::new(writer), last_id: 0 }
    }

    /// A connection to an address.
    #[must_use]
    pub fn tcp(address: &str) -> Self {
        Self::tcp_within(address, PATIENCE)
    }

    /// A connection to an address where answers may take that long.
    #[must_use]
    pub fn tcp_within(address: &str, longest: Duration) -> Self {
        let stream = TcpStream::connect(address).unwrap();
        stream.set_read_timeout(Some(longest)).unwrap();
        stream.set_write_timeout(Some(PATIENCE)).unwrap();
        stream.set_nodelay(true).unwrap();
        Self::new(stream.try_clone().unwrap(), Closing(stream))
    }

    /// A connection to a socket.
    #[must_use]
    pub fn unix(path: &Path) -> Self {
        let stream = UnixStream::connect(path).unwrap();
        stream.set_read_timeout(Some(PATIENCE)).unwrap();
        stream.set_write_timeout(Some(PATIENCE)).unwrap();
        Self::new(stream.try_clone().unwrap(), ClosingUnix(stream))
    }

    /// Sends bytes as they are.
    pub fn send(&mut self, bytes: impl AsRef<[u8]>) {
        self.try_send(bytes).unwrap();
    }

    /// Sends bytes to a server that may be gone.
    pub fn try_send(&mut self, bytes: impl AsRef<[u8]>) -> io::Result<()> {
        self.writer.write_all(bytes.as_ref())?;
        self.writer.flush()
    }

    /// Sends a request with an id of its own. Gives the id.
    pub fn ask(&mut self, method: &str, params: &str) -> String {
        self.last_id += 1;
        let id = self.last_id.to_string();
        self.send(format!("{}\n", request(&id, method, params)));
        id
    }

    /// Says that nothing more is sent.
    pub fn finish(&mut self) {
        // Dropping the writer closes that direction, and only that.
        self.writer = Box::new(io::sink());
    }

    /// The two directions, for two threads: the first only reads, the second only writes.
    #[must_use]
    pub fn split(self) -> (Self, Self) {
        let Self { reader, writer, last_id } = self;
        let nothing: Box<dyn Read + Send> = Box::new(io::empty());
        (
            Self { reader, writer: Box::new(io::sink()), last_id },
            Self { reader: BufReader::new(nothing), writer, last_id },
        )
    }

    /// The next line, without its end; none at the end.
    pub fn line(&mut self) -> Option<String> {
        let mut line = String::new();
        match self.reader.read_line(&mut line) {
            Ok(0) => None,
            Ok(_) => Some(line.strip_suffix('\n').unwrap_or_else(|| panic!("half a line: {line}")).to_owned()),
            // Closing a connection with unread bytes resets it.
            Err(error) if error.kind() == io::ErrorKind::ConnectionReset => None,
            Err(error) => panic!("no answer: {error}"),
        }
    }

    /// The next line as bytes, from a peer that may send anything; none at the end.
    pub fn try_line(&mut self) -> Option<Vec<u8>> {
        let mut line = Vec::new();
        let read = self.reader.read_until(b'\n', &mut line);
        (read.is_ok() && !line.is_empty()).then_some(line)
    }

    /// The next answer.
    #[track_caller]
    pub fn answer(&mut self) -> Answer {
        Answer::parse(&self.line().unwrap_or_else(|| panic!("the connection is closed")))
    }

    /// Asks, and waits for the answer.
    #[track_caller]
    pub fn call(&mut self, method: &str, params: &str) -> Result<String, Refused> {
        let id = self.ask(method, params);
        let answer = self.answer();
        assert_eq!(answer.id.get(), id, "{answer:?}");
        answer.outcome()
    }

    /// Asks for something that must be given.
    #[track_caller]
    pub fn result(&mut self, method: &str, params: &str) -> Value {
        let result = self.call(method, params).unwrap_or_else(|refused| panic!("{method}: {refused:?}"));
        serde_json::from_str(&result).unwrap()
    }

    /// Asks for something that must be refused, for a reason with that code and that kind. Gives the words.
    #[track_caller]
    pub fn refused(&mut self, method: &str, params: &str, code: i32, kind: &str) -> String {
        let refused = self.call(method, params).err().unwrap_or_else(|| panic!("{method} is answered: {params:.200}"));
        assert_eq!((refused.code, refused.kind()), (code, kind), "{method} {params:.200}: {}", refused.message);
        refused.message
    }

    /// Nothing else comes, and the connection is closed.
    #[track_caller]
    pub fn is_at_end(&mut self) {
        assert_eq!(self.line(), None);
    }

    /// The server still answers here.
    #[track_caller]
    pub fn is_served(&mut self) {
        assert_eq!(self.result("health", "{}")["status"], "ok");
    }
}

impl fmt::Debug for Connection {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "Connection({} requests)", self.last_id)
    }
}

impl Answer {
    /// Reads a line.
    #[must_use]
    #[track_caller]
    pub fn parse(line: &str) -> Self {
        let answer: Self = serde_json::from_str(line).unwrap_or_else(|error| panic!("{error}: {line}"));
        assert_eq!(answer.jsonrpc, "2.0");
        assert!(answer.result.is_some() != answer.error.is_some(), "{line}");
        answer
    }

    /// The result as text, or why there is none.
    pub fn outcome(self) -> Result<String, Refused> {
        match self.error {
            Some(refused) => Err(refused),
            None => Ok(self.result.unwrap().get().to_owned()),
        }
    }
}

impl Refused {
    /// What programs decide by.
    #[must_use]
    pub fn kind(&self) -> &str {
        let correlation = self.data["correlation_id"].as_str().unwrap_or_default();
        assert!(!correlation.is_empty(), "the log cannot be searched for it: {self:?}");
        self.data["kind"].as_str().unwrap_or_else(|| panic!("it does not say its kind: {self:?}"))
    }
}

/// A request as text.
#[must_use]
pub fn request(id: &str, method: &str, params: &str) -> String {
    format!(r#"{{"jsonrpc":"2.0","id":{id},"method":"{method}","params":{params}}}"#)
}

/// A stream that is closed for writing when its last writer is dropped, while the other direction stays open.
struct Closing(TcpStream);
struct ClosingUnix(UnixStream);

impl Write for Closing {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.0.flush()
    }
}

impl Drop for Closing {
    fn drop(&mut self) {
        // It may be closed already.
        let _ = self.0.shutdown(std::net::Shutdown::Write);
    }
}

impl Write for ClosingUnix {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.0.flush()
    }
}

impl Drop for ClosingUnix {
    fn drop(&mut self) {
        // It may be closed already.
        let _ = self.0.shutdown(std::net::Shutdown::Write);
    }
}
