//! A small HTTP server that fails on command.

use std::collections::HashMap;
use std::io::{self, BufRead, BufReader, Read, Write};
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::thread;

/// The reaction of the server to a request.
#[derive(Clone, Debug)]
pub(super) enum Does {
    /// Answers with a status, more headers and a body.
    Answers(u16, &'static str, String),
    /// Answers with the data that it got, by term.
    Echoes,
    /// Answers with the same for each of many records.
    EchoesAll,
    /// Says nothing, until the client goes.
    Waits,
    /// Resets the connection before it has read the request.
    Resets,
    /// Closes the connection without an answer.
    Closes,
    /// Closes the connection in the middle of its answer.
    BreaksOff,
    /// Says something that is not HTTP.
    Babbles,
    /// Never ends its answer.
    GoesOn,
}

/// A request, as it came in.
#[derive(Clone, Debug)]
pub(super) struct Received {
    pub(super) connection: usize,
    pub(super) target: String,
    pub(super) headers: HashMap<String, String>,
    pub(super) body: String,
}

/// The server; it ends when this is dropped.
#[derive(Debug)]
pub(super) struct Server {
    pub(super) address: SocketAddr,
    received: Arc<Mutex<Vec<Received>>>,
    ends: Arc<AtomicBool>,
}

impl Server {
    /// A server that does something with each request, by its number; with those that follow, the last thing again.
    pub(super) fn new(does: Vec<Does>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let (received, ends): (Arc<Mutex<Vec<Received>>>, Arc<AtomicBool>) = Default::default();
        let (log, has_ended, does) = (Arc::clone(&received), Arc::clone(&ends), Arc::new(does));
        thread::spawn(move || {
            for (connection, stream) in listener.incoming().enumerate() {
                if has_ended.load(Ordering::SeqCst) {
                    return;
                }
                let (log, does) = (Arc::clone(&log), Arc::clone(&does));
                // A client that goes ends its connection; there is nothing to say about it.
                thread::spawn(move || stream.and_then(|stream| serve(&stream, connection, &log, &does)));
            }
        });
        Self { address, received, ends }
    }

    pub(super) fn received(&self) -> Vec<Received> {
        self.received.lock().unwrap().clone()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.ends.store(true, Ordering::SeqCst);
        _ = TcpStream::connect(self.address);
    }
}

fn serve(stream: &TcpStream, connection: usize, log: &Mutex<Vec<Received>>, does: &[Does]) -> io::Result<()> {
    let mut reader = BufReader::with_capacity(1, stream);
    loop {
        let mut request = String::new();
        if reader.read_line(&mut request)? == 0 {
            return Ok(());
        }
        let mut headers = HashMap::new();
        loop {
            let mut line = String::new();
            reader.read_line(&mut line)?;
            let Some((name, value)) = line.trim_end().split_once(": ") else { break };
            headers.insert(name.to_ascii_lowercase(), value.to_owned());
        }
        let target = request.split(' ').nth(1).unwrap_or_default().to_owned();
        let received = Received { connection, target, headers, body: String::new() };
        let (number, length) = {
            let length: usize = received.headers["content-length"].parse().unwrap();
            let mut log = log.lock().unwrap();
            log.push(received);
            (log.len() - 1, length)
        };
        let does = does.get(number).or(does.last()).unwrap();
        if matches!(does, Does::Resets) {
            // What was not read when a connection is closed makes it a reset.
            stream.peek(&mut [0])?;
            return Ok(());
        }
        let mut body = vec![0; length];
        reader.read_exact(&mut body)?;
        let body = String::from_utf8(body).unwrap();
        log.lock().unwrap()[number].body.clone_from(&body);
        match does {
            Does::Answers(status, headers, body) => answer(stream, *status, headers, body)?,
            Does::Echoes => answer(stream, 200, "", &super::echo(body.as_bytes()))?,
            Does::EchoesAll => answer(stream, 200, "", &super::echo_all(body.as_bytes()))?,
            Does::Waits => drop(reader.read_line(&mut String::new())?),
            Does::Resets | Does::Closes => return stream.shutdown(Shutdown::Both),
            Does::BreaksOff => {
                (&*stream).write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n{\"parent\":")?;
                return stream.shutdown(Shutdown::Both);
            }
            Does::Babbles => {
                (&*stream).write_all(b"220 mail.example.com ESMTP\r\n\r\n")?;
                return stream.shutdown(Shutdown::Both);
            }
            Does::GoesOn => {
                (&*stream).write_all(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")?;
                loop {
                    (&*stream).write_all(b"8\r\n{\"a\":\"aa\r\n")?;
                }
            }
        }
    }
}

fn answer(mut stream: &TcpStream, status: u16, headers: &str, body: &str) -> io::Result<()> {
    let length = body.len();
    stream.write_all(format!("HTTP/1.1 {status} Any\r\n{headers}Content-Length: {length}\r\n\r\n{body}").as_bytes())
}
