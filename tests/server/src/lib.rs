//! A server for tests that answers what it is told to, on a port of its own.
#![expect(clippy::unwrap_used, reason = "the exceptions for tests do not cover what tests share")]

use std::fmt;
use std::io::{BufRead, BufReader, ErrorKind, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::thread;

use rustls::{ServerConfig, ServerConnection, StreamOwned};

/// What the server does with a request.
pub enum Reply {
    /// It sends these bytes and waits for the next request.
    Bytes(Vec<u8>),
    /// It sends these bytes, and closes the connection.
    Last(Vec<u8>),
    /// It sends these bytes, and then the other ones until the client is gone.
    Endless(Vec<u8>, Vec<u8>),
    /// It sends these bytes and then nothing, until the client is gone.
    Silence(Vec<u8>),
}

/// It ends with the process.
#[derive(Debug)]
pub struct Server {
    address: SocketAddr,
    heads: Arc<Mutex<Vec<String>>>,
    connections: Arc<Mutex<usize>>,
}

trait Stream: Read + Write + Send {}

impl<T: Read + Write + Send> Stream for T {}

impl fmt::Debug for Reply {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("Reply")
    }
}

impl Reply {
    /// Status 200 and a body of known length.
    pub fn ok(body: &[u8]) -> Self {
        let head = format!("HTTP/1.1 200 OK\r\ncontent-length: {}\r\n\r\n", body.len());
        Self::Bytes([head.as_bytes(), body].concat())
    }

    /// A status and headers, each ending with a line break; no body.
    pub fn status(status: u16, headers: &str) -> Self {
        Self::Bytes(format!("HTTP/1.1 {status} X\r\ncontent-length: 0\r\n{headers}\r\n").into_bytes())
    }

    /// Status 302, to elsewhere.
    pub fn redirect(to: &str) -> Self {
        Self::status(302, &format!("location: {to}\r\n"))
    }
}

impl Server {
    /// Answers on 127.0.0.1; what it does depends on the path that is asked for.
    pub fn start(reply: impl Fn(&str) -> Reply + Send + Sync + 'static) -> Self {
        Self::start_on("127.0.0.1", None, reply)
    }

    /// Answers on an address, perhaps over TLS.
    pub fn start_on(
        address: &str,
        tls: Option<Arc<ServerConfig>>,
        reply: impl Fn(&str) -> Reply + Send + Sync + 'static,
    ) -> Self {
        Self::start_with(address, tls, move |path, _| reply(path))
    }

    /// Answers on 127.0.0.1; what it does depends on the path that is asked for and on the whole head, in small letters.
    pub fn start_reading(reply: impl Fn(&str, &str) -> Reply + Send + Sync + 'static) -> Self {
        Self::start_with("127.0.0.1", None, reply)
    }

    fn start_with(
        address: &str,
        tls: Option<Arc<ServerConfig>>,
        reply: impl Fn(&str, &str) -> Reply + Send + Sync + 'static,
    ) -> Self {
        let listener = TcpListener::bind((address, 0)).unwrap();
        let server =
            Self { address: listener.local_addr().unwrap(), heads: Arc::default(), connections: Arc::default() };
        let (heads, connections, reply) = (Arc::clone(&server.heads), Arc::clone(&server.connections), Arc::new(reply));
        thread::spawn(move || {
            for stream in listener.incoming() {
                *connections.lock().unwrap() += 1;
                let (stream, tls, heads, reply) =
                    (stream.unwrap(), tls.clone(), Arc::clone(&heads), Arc::clone(&reply));
                thread::spawn(move || serve(wrap(stream, tls), &heads, &*reply));
            }
        });
        server
    }

    /// A URL of this server.
    pub fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.address)
    }

    /// The port that it answers on.
    pub fn port(&self) -> u16 {
        self.address.port()
    }

    /// What it was asked: everything before the body, in small letters.
    pub fn heads(&self) -> Vec<String> {
        self.heads.lock().unwrap().clone()
    }

    /// How many connections there were.
    pub fn connections(&self) -> usize {
        *self.connections.lock().unwrap()
    }
}

fn wrap(stream: TcpStream, tls: Option<Arc<ServerConfig>>) -> Box<dyn Stream> {
    match tls {
        None => Box::new(stream),
        Some(tls) => Box::new(StreamOwned::new(ServerConnection::new(tls).unwrap(), stream)),
    }
}

fn serve(stream: Box<dyn Stream>, heads: &Mutex<Vec<String>>, reply: &dyn Fn(&str, &str) -> Reply) {
    let mut stream = BufReader::new(stream);
    loop {
        let mut head = String::new();
        while !head.ends_with("\r\n\r\n") {
            match stream.read_line(&mut head) {
                Ok(length) if length > 0 => {}
                _ => return,
            }
        }
        let path = head.split(' ').nth(1).unwrap_or_default().to_owned();
        head.make_ascii_lowercase();
        heads.lock().unwrap().push(head.clone());
        let stream = stream.get_mut();
        let send = |stream: &mut Box<dyn Stream>, bytes: &[u8]| stream.write_all(bytes).and_then(|()| stream.flush());
        let sent = match reply(&path, &head) {
            Reply::Bytes(bytes) => send(stream, &bytes),
            Reply::Last(bytes) => send(stream, &bytes).and(Err(ErrorKind::NotConnected.into())),
            Reply::Endless(first, others) => {
                let mut sent = send(stream, &first);
                while sent.is_ok() {
                    sent = send(stream, &others);
                }
                sent
            }
            Reply::Silence(bytes) => send(stream, &bytes).and_then(|()| stream.read_exact(&mut [0])),
        };
        if sent.is_err() {
            return;
        }
    }
}
