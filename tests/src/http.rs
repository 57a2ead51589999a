//! One client of the HTTP API: bytes that go out as they are, responses that come in.

use std::fmt;
use std::io::{self, Read, Write};
use std::net::{Shutdown, TcpStream};
use std::time::{Duration, Instant};

use serde_json::Value;

use crate::connection::PATIENCE;

/// The header with the correlation id.
pub const CORRELATION: &str = "jurat-correlation-id";

/// The headers that every response of the server has.
const GUARDS: [(&str, &str); 5] = [
    ("x-content-type-options", "nosniff"),
    ("x-frame-options", "DENY"),
    ("referrer-policy", "strict-origin-when-cross-origin"),
    ("content-security-policy", "default-src 'none'; frame-ancestors 'none'"),
    ("cache-control", "no-store"),
];

/// What bytes go through: a socket, or TLS over one.
pub trait Stream: Read + Write + Send {}

impl<S: Read + Write + Send> Stream for S {}

/// A connection that speaks HTTP/1.1.
pub struct Http {
    stream: Box<dyn Stream>,
    socket: TcpStream,
    unread: Vec<u8>,
}

/// The status line and the headers of a response.
#[derive(Clone, Debug)]
pub struct Head {
    /// The status.
    pub status: u16,
    /// The headers, in their order. Names are in lower case.
    pub headers: Vec<(String, String)>,
}

/// A complete response.
#[derive(Clone, Debug)]
pub struct Response {
    /// The status line and the headers.
    pub head: Head,
    /// The body.
    pub body: Vec<u8>,
}

/// A socket that is connected to an address.
#[must_use]
pub fn socket(address: &str) -> TcpStream {
    let socket = TcpStream::connect(address).unwrap();
    socket.set_read_timeout(Some(PATIENCE)).unwrap();
    socket.set_write_timeout(Some(PATIENCE)).unwrap();
    socket.set_nodelay(true).unwrap();
    socket
}

/// A request to `localhost`, with further lines of headers, and a body with its length.
#[must_use]
pub fn request(method: &str, path: &str, headers: &[&str], body: impl AsRef<[u8]>) -> Vec<u8> {
    let body = body.as_ref();
    let mut text = format!("{method} {path} HTTP/1.1\r\nHost: localhost\r\n");
    for header in headers {
        text += &format!("{header}\r\n");
    }
    if method != "GET" {
        text += &format!("Content-Length: {}\r\n", body.len());
    }
    text += "\r\n";
    [text.as_bytes(), body].concat()
}

/// A POST of JSON whose body follows once the server asks for it.
#[must_use]
pub fn expecting(path: &str, length: usize) -> String {
    format!(
        "POST {path} HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: {length}\r\n\
         Expect: 100-continue\r\n\r\n"
    )
}

/// A request without a body.
#[must_use]
pub fn get(path: &str) -> Vec<u8> {
    request("GET", path, &[], "")
}

/// A request with a body of JSON.
#[must_use]
pub fn post(path: &str, body: impl AsRef<[u8]>) -> Vec<u8> {
    request("POST", path, &["Content-Type: application/json"], body)
}

/// A chunk of a body.
#[must_use]
pub fn chunk(data: impl AsRef<[u8]>) -> Vec<u8> {
    let data = data.as_ref();
    [format!("{:x}\r\n", data.len()).as_bytes(), data, b"\r\n"].concat()
}

impl Http {
    /// A connection to an address.
    #[must_use]
    pub fn connect(address: &str) -> Self {
        let socket = socket(address);
        Self::over(socket.try_clone().unwrap(), socket)
    }

    /// A connection over a stream, which has this socket below it.
    #[must_use]
    pub fn over(stream: impl Stream + 'static, socket: TcpStream) -> Self {
        Self { stream: Box::new(stream), socket, unread: Vec::new() }
    }

    /// Sends bytes as they are.
    #[track_caller]
    pub fn send(&mut self, bytes: impl AsRef<[u8]>) {
        self.try_send(bytes).unwrap();
    }

    /// Sends bytes to a server that may close the connection.
    pub fn try_send(&mut self, bytes: impl AsRef<[u8]>) -> io::Result<()> {
        self.stream.write_all(bytes.as_ref())?;
        self.stream.flush()
    }

    /// Says that nothing more is sent.
    pub fn finish(&mut self) {
        self.socket.shutdown(Shutdown::Write).unwrap();
    }

    /// Sends the headers of a request, and waits until the server reads its body: from then on, the server works on it.
    #[track_caller]
    pub fn begin(&mut self, path: &str, body: &str) {
        self.send(expecting(path, body.len()));
        let head = self.head().unwrap_or_else(|| panic!("the connection is closed"));
        assert_eq!(head.status, 100, "{head:?}");
    }

    /// Sends a request, and waits for its response.
    #[track_caller]
    pub fn ask(&mut self, request: impl AsRef<[u8]>) -> Response {
        self.send(request);
        self.response()
    }

    /// The next response.
    #[track_caller]
    pub fn response(&mut self) -> Response {
        self.try_response().unwrap_or_else(|| panic!("the connection is closed"))
    }

    /// The next response; none if the connection is closed before it.
    pub fn try_response(&mut self) -> Option<Response> {
        let head = self.head()?;
        let mut body = Vec::new();
        if let Some(length) = head.header("content-length") {
            let length = length.parse().unwrap();
            body = self.exactly(length).unwrap_or_else(|| panic!("half a body: {head:?}"));
        } else if head.header("transfer-encoding").is_some() {
            while let Some(chunk) = self.chunk() {
                body.extend(chunk);
            }
        } else if head.status != 204 && head.status >= 200 {
            while self.fill() {}
            body = std::mem::take(&mut self.unread);
        }
        Some(Response { head, body })
    }

    /// The status line and the headers of the next response; none if the connection is closed before it.
    pub fn head(&mut self) -> Option<Head> {
        let end = loop {
            if let Some(at) = self.unread.windows(4).position(|bytes| bytes == b"\r\n\r\n") {
                break at;
            }
            if !self.fill() {
                assert!(self.unread.is_empty(), "half a response: {}", String::from_utf8_lossy(&self.unread));
                return None;
            }
        };
        let bytes: Vec<u8> = self.unread.drain(..end + 4).collect();
        let text = String::from_utf8(bytes).unwrap();
        let mut lines = text.trim_end().split("\r\n");
        let status = lines.next().unwrap().strip_prefix("HTTP/1.").unwrap_or_else(|| panic!("not HTTP: {text}"));
        let status = status.split(' ').nth(1).unwrap().parse().unwrap();
        let headers = lines.map(|line| {
            let (name, value) = line.split_once(": ").unwrap_or_else(|| panic!("not a header: {line}"));
            (name.to_ascii_lowercase(), value.to_owned())
        });
        Some(Head { status, headers: headers.collect() })
    }

    /// The next chunk of a body; none behind the last one.
    #[track_caller]
    pub fn chunk(&mut self) -> Option<Vec<u8>> {
        self.try_chunk().unwrap_or_else(|| panic!("the body breaks off"))
    }

    /// The next chunk of a body; none inside if it was the last one, and none outside if the connection is closed before it.
    pub fn try_chunk(&mut self) -> Option<Option<Vec<u8>>> {
        let end = loop {
            if let Some(at) = self.unread.windows(2).position(|bytes| bytes == b"\r\n") {
                break at;
            }
            if !self.fill() {
                return None;
            }
        };
        let line = String::from_utf8(self.unread.drain(..end + 2).collect()).unwrap();
        let length = usize::from_str_radix(line.trim_end(), 16).unwrap();
        let mut data = self.exactly(length + 2)?;
        data.truncate(length);
        Some((length > 0).then_some(data))
    }

    /// Nothing else comes, and the connection is closed.
    #[track_caller]
    pub fn is_closed(&mut self) {
        while self.fill() {}
        assert!(self.unread.is_empty(), "more comes: {}", String::from_utf8_lossy(&self.unread));
    }

    /// The connection is closed, after at least that time since it began. Gives what came before.
    #[track_caller]
    pub fn closes_after(&mut self, least: Duration, began: Instant) -> String {
        /// Beyond the time limit: the second in which a server lets a connection end, and a machine that is busy.
        const SLACK: Duration = Duration::from_secs(8);
        while self.fill() {}
        let took = began.elapsed();
        assert!(took >= least && took < least + SLACK, "it was closed after {took:?}, and not after {least:?}");
        String::from_utf8_lossy(&std::mem::take(&mut self.unread)).into_owned()
    }

    /// The server still answers here.
    #[track_caller]
    pub fn is_served(&mut self) {
        let response = self.ask(get("/api/v1/discover-rulesets"));
        assert_eq!(response.head.status, 200, "{response:?}");
    }

    /// The socket of the connection.
    #[must_use]
    pub fn socket(&self) -> &TcpStream {
        &self.socket
    }

    fn exactly(&mut self, length: usize) -> Option<Vec<u8>> {
        while self.unread.len() < length {
            if !self.fill() {
                return None;
            }
        }
        Some(self.unread.drain(..length).collect())
    }

    /// Reads what has come; false at the end.
    fn fill(&mut self) -> bool {
        let mut buffer = [0; 64 << 10];
        match self.stream.read(&mut buffer) {
            Ok(count) => {
                self.unread.extend(&buffer[..count]);
                count > 0
            }
            // Closing a connection with unread bytes resets it, and a server that is killed says no farewell over TLS.
            Err(error) if is_end(&error) => false,
            Err(error) => panic!("no answer: {error}"),
        }
    }
}

/// Whether an error says that the other side is gone.
#[must_use]
pub fn is_end(error: &io::Error) -> bool {
    use io::ErrorKind::{BrokenPipe, ConnectionReset, UnexpectedEof};
    matches!(error.kind(), BrokenPipe | ConnectionReset | UnexpectedEof)
}

impl Head {
    /// The value of a header; none if there is none.
    #[must_use]
    pub fn header(&self, name: &str) -> Option<&str> {
        let mut values = self.headers.iter().filter(|(known, _)| known == name);
        let value = values.next();
        assert!(values.next().is_none() || name == "vary", "`{name}` is there twice: {self:?}");
        value.map(|(_, value)| &**value)
    }

    /// The headers that tell browsers what they must not do, and the correlation id, are there.
    #[track_caller]
    pub fn is_guarded(&self) {
        for (name, value) in GUARDS {
            assert_eq!(self.header(name), Some(value), "{self:?}");
        }
        assert!(self.header(CORRELATION).is_some_and(|id| !id.is_empty()), "{self:?}");
        assert_eq!(self.header("server"), None, "{self:?}");
    }
}

impl Response {
    /// The status.
    #[must_use]
    pub fn status(&self) -> u16 {
        self.head.status
    }

    /// The value of a header; none if there is none.
    #[must_use]
    pub fn header(&self, name: &str) -> Option<&str> {
        self.head.header(name)
    }

    /// The body as text.
    #[must_use]
    pub fn text(&self) -> &str {
        std::str::from_utf8(&self.body).unwrap()
    }

    /// The body as JSON.
    #[must_use]
    #[track_caller]
    pub fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or_else(|error| panic!("{error}: {}", self.text()))
    }

    /// The values on the lines of the body.
    #[must_use]
    #[track_caller]
    pub fn lines(&self) -> Vec<Value> {
        let parse = |line| serde_json::from_str(line).unwrap_or_else(|error| panic!("{error}: {line}"));
        self.text().lines().map(parse).collect()
    }

    /// It is a result of this type. Gives it.
    #[track_caller]
    pub fn is_ok(&self, media_type: &str) -> &Self {
        assert_eq!((self.status(), self.header("content-type")), (200, Some(media_type)), "{}", self.text());
        self.head.is_guarded();
        self
    }

    /// It is a result. Gives it.
    #[track_caller]
    pub fn result(&self) -> Value {
        self.is_ok("application/json").json()
    }

    /// It is a problem with this status and this code. Gives what it says to people.
    #[track_caller]
    pub fn is_problem(&self, status: u16, code: &str) -> String {
        assert_eq!(self.status(), status, "`{code}` is expected: {}", self.text());
        assert_eq!(self.header("content-type"), Some("application/problem+json"), "{self:?}");
        self.head.is_guarded();
        let problem = self.json();
        check_problem(&problem, status, code);
        assert_eq!(problem["correlation_id"].as_str(), self.header(CORRELATION), "{problem}");
        problem["detail"].as_str().unwrap().to_owned()
    }
}

/// Checks the members of a problem.
#[track_caller]
pub fn check_problem(problem: &Value, status: u16, code: &str) {
    const KNOWN: [&str; 7] = ["title", "status", "code", "detail", "correlation_id", "line", "offset"];
    assert_eq!((&problem["status"], &problem["code"]), (&status.into(), &code.into()), "{problem}");
    let unknown = problem.as_object().unwrap().keys().find(|key| !KNOWN.contains(&key.as_str()));
    assert_eq!(unknown, None, "{problem}");
    assert!(problem["title"].as_str().is_some_and(|title| !title.is_empty()), "{problem}");
    let text = problem.to_string();
    for internal in [".rs", "panicked", "jurat_", "core::", "/tmp/", "Error(", "Some(", "hyper", "axum"] {
        assert!(!text.contains(internal), "`{internal}` is in: {text}");
    }
}

impl fmt::Debug for Http {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "Http({:?}, {} bytes unread)", self.socket.local_addr(), self.unread.len())
    }
}
