//! A coordination service over real HTTP, which fails on command.

use std::collections::HashMap;
use std::fmt;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::{Arc, Condvar, Mutex};
use std::thread;
use std::time::Instant;

use rustix::net::sockopt::set_socket_linger;
use serde_json::Value;

use crate::connection::PATIENCE;

/// What it answers unless it is told otherwise.
pub const FACILITY: &str = r#"{"parent":{"$schema":"https://schemas.example.com/facility/v1.0.0","id":"F-1","financial":{"limit_amount":1000000.00}}}"#;

/// What the service does with a request.
#[derive(Clone, Debug)]
pub enum Behavior {
    /// Answers with this.
    Answers(&'static str),
    /// Answers with a status, headers that end in line breaks, and nothing else.
    Status(u16, &'static str),
    /// Lets the client wait until the test releases it, and then answers.
    Waits,
    /// Never answers.
    Hangs,
    /// Breaks the connection.
    Resets,
    /// Closes the connection in the middle of the answer.
    Stops,
    /// Sends something that is not HTTP.
    Babbles,
    /// Begins an answer that never ends.
    NeverEnds,
}

/// The service. It ends with this.
pub struct CoordinationService {
    address: SocketAddr,
    shared: Arc<Shared>,
}

#[derive(Default)]
struct Shared {
    state: Mutex<State>,
    news: Condvar,
}

#[derive(Default)]
struct State {
    /// What is done for records with an id, one after the other; the last one again and again.
    orders: HashMap<String, Vec<Behavior>>,
    /// Bodies of all requests so far.
    requests: Vec<String>,
    /// Whether the waiting requests may go on.
    is_released: bool,
    is_over: bool,
}

impl CoordinationService {
    /// Starts the service, on a port of its own.
    #[must_use]
    pub fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let shared = Arc::new(Shared::default());
        let of_thread = Arc::clone(&shared);
        thread::spawn(move || {
            for stream in listener.incoming() {
                if of_thread.state.lock().unwrap().is_over {
                    return;
                }
                let shared = Arc::clone(&of_thread);
                // A client that has gone away is not a failure of the service.
                thread::spawn(move || _ = shared.serve(&stream.unwrap()));
            }
        });
        Self { address, shared }
    }

    /// Its address.
    #[must_use]
    pub fn host(&self) -> String {
        self.address.to_string()
    }

    /// Sets what is done for the record with this id: one behavior after the other, and then the last one again and again.
    pub fn on(&self, id: &str, behavior: &[Behavior]) {
        let mut orders = behavior.to_vec();
        orders.reverse();
        self.shared.state.lock().unwrap().orders.insert(id.to_owned(), orders);
    }

    /// Releases all clients that wait.
    pub fn release(&self) {
        self.shared.state.lock().unwrap().is_released = true;
        self.shared.news.notify_all();
    }

    /// The bodies of all requests so far.
    #[must_use]
    pub fn requests(&self) -> Vec<String> {
        self.shared.state.lock().unwrap().requests.clone()
    }

    /// Waits until there have been `times` requests.
    #[track_caller]
    pub fn is_asked(&self, times: usize) {
        let deadline = Instant::now() + PATIENCE;
        let mut state = self.shared.state.lock().unwrap();
        while state.requests.len() < times {
            let left = deadline.saturating_duration_since(Instant::now());
            assert!(!left.is_zero(), "only {} requests have come", state.requests.len());
            state = self.shared.news.wait_timeout(state, left).unwrap().0;
        }
    }
}

impl Drop for CoordinationService {
    fn drop(&mut self) {
        if let Ok(mut state) = self.shared.state.lock() {
            (state.is_over, state.is_released) = (true, true);
        }
        self.shared.news.notify_all();
        // The listener notices only when a client connects.
        let _ = TcpStream::connect(self.address);
    }
}

impl fmt::Debug for CoordinationService {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "CoordinationService({})", self.address)
    }
}

impl Shared {
    /// Serves one connection to its end.
    fn serve(&self, stream: &TcpStream) -> std::io::Result<()> {
        let mut reader = BufReader::new(stream.try_clone()?);
        while let Some(body) = request(&mut reader)? {
            let behavior = self.order(&body);
            let mut writer = stream;
            match behavior {
                Behavior::Answers(text) => answer(writer, text)?,
                Behavior::Status(status, headers) => {
                    write!(writer, "HTTP/1.1 {status} Said\r\nContent-Length: 0\r\n{headers}\r\n")?;
                }
                Behavior::Waits => {
                    let state = self.state.lock().unwrap();
                    drop(self.news.wait_while(state, |state| !state.is_released).unwrap());
                    answer(writer, FACILITY)?;
                }
                // Until the client has enough.
                Behavior::Hangs => _ = reader.read(&mut [0])?,
                Behavior::Resets => {
                    set_socket_linger(stream, Some(std::time::Duration::ZERO))?;
                    return Ok(());
                }
                Behavior::Stops => {
                    write!(writer, "HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n{{\"parent\":")?;
                    return Ok(());
                }
                Behavior::Babbles => {
                    writer.write_all(&[0xff; 64])?;
                    return Ok(());
                }
                Behavior::NeverEnds => {
                    write!(writer, "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")?;
                    loop {
                        write!(writer, "1000\r\n{}\r\n", " ".repeat(0x1000))?;
                    }
                }
            }
        }
        Ok(())
    }

    /// Records a request, and gives what is to be done.
    fn order(&self, body: &str) -> Behavior {
        let question: Value = serde_json::from_str(body).unwrap();
        let id = question["entity_data"]["id"].as_str().unwrap_or_default();
        let mut state = self.state.lock().unwrap();
        state.requests.push(body.to_owned());
        self.news.notify_all();
        match state.orders.get_mut(id) {
            None => Behavior::Answers(FACILITY),
            Some(orders) if orders.len() > 1 => orders.pop().unwrap(),
            Some(orders) => orders[0].clone(),
        }
    }
}

/// The body of the next request; none at the end.
fn request(reader: &mut impl BufRead) -> std::io::Result<Option<String>> {
    let mut head = String::new();
    loop {
        if reader.read_line(&mut head)? == 0 {
            return Ok(None);
        }
        if head.ends_with("\r\n\r\n") {
            break;
        }
    }
    assert!(head.starts_with("POST /fetch-data HTTP/1.1\r\n"), "{head}");
    let header = |name: &str| {
        head.lines().find_map(|line| {
            let (key, value) = line.split_once(':')?;
            key.eq_ignore_ascii_case(name).then(|| value.trim().to_owned())
        })
    };
    assert_eq!(header("content-type").as_deref(), Some("application/json"));
    let mut body = vec![0; header("content-length").unwrap().parse().unwrap()];
    reader.read_exact(&mut body)?;
    Ok(Some(String::from_utf8(body).unwrap()))
}

fn answer(mut writer: &TcpStream, text: &str) -> std::io::Result<()> {
    write!(writer, "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: {}\r\n\r\n{text}", text.len())
}
