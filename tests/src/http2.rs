//! One client of the HTTP API over HTTP/2, frame by frame (RFC 9113), so that it can also send what no library would.

use std::fmt;
use std::io::{self, Read, Write};
use std::time::{Duration, Instant};

use crate::http::{Stream, is_end, socket};

/// How a client begins.
pub const PREFACE: &[u8] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";
/// The setting that lets the server have no dynamic table of headers, so that what it sends is read without one.
const NO_TABLE: [u8; 6] = [0, 1, 0, 0, 0, 0];

/// A type of frames.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[repr(u8)]
#[expect(missing_docs, reason = "these are the names in RFC 9113, section 6")]
pub enum Kind {
    Data = 0,
    Headers = 1,
    Reset = 3,
    Settings = 4,
    Ping = 6,
    GoAway = 7,
    WindowUpdate = 8,
    Continuation = 9,
}

/// Nothing more follows on the stream.
pub const END_STREAM: u8 = 1;
/// The frame answers another one.
pub const ACK: u8 = 1;
/// Nothing more follows of the headers.
pub const END_HEADERS: u8 = 4;

/// A frame that has come.
#[derive(Clone, Debug)]
pub struct Frame {
    /// Its type, as a number.
    pub kind: u8,
    /// Its flags.
    pub flags: u8,
    /// The number of its stream; 0 = the connection.
    pub stream: u32,
    /// What is in it.
    pub payload: Vec<u8>,
}

/// A response.
#[derive(Clone, Debug, Default)]
pub struct Response {
    /// Its status; 0 if the stream was reset before it.
    pub status: u16,
    /// Its body.
    pub body: Vec<u8>,
    /// The reason for which the stream was reset; none if it was not.
    pub reset: Option<u32>,
}

/// A connection that speaks HTTP/2.
pub struct Http2 {
    stream: Box<dyn Stream>,
    next: u32,
}

impl Http2 {
    /// A connection to an address, which begins as the protocol demands.
    #[must_use]
    pub fn connect(address: &str) -> Self {
        Self::over(socket(address), &NO_TABLE)
    }

    /// The same, where the server may send that many bytes of each response.
    #[must_use]
    pub fn with_window(address: &str, bytes: u32) -> Self {
        let setting = [&[0, 4], &bytes.to_be_bytes()[..]].concat();
        Self::over(socket(address), &[&NO_TABLE[..], &setting].concat())
    }

    /// A connection over TLS that has been agreed on.
    #[must_use]
    pub fn over_tls(stream: impl Stream + 'static) -> Self {
        Self::over(stream, &NO_TABLE)
    }

    fn over(stream: impl Stream + 'static, settings: &[u8]) -> Self {
        let mut connection = Self { stream: Box::new(stream), next: 1 };
        connection.try_write(PREFACE).unwrap();
        connection.send(Kind::Settings, 0, 0, settings);
        connection
    }

    /// Sends a frame.
    #[track_caller]
    pub fn send(&mut self, kind: Kind, flags: u8, stream: u32, payload: &[u8]) {
        self.try_send(kind, flags, stream, payload).unwrap();
    }

    /// Sends a frame to a server that may close the connection.
    pub fn try_send(&mut self, kind: Kind, flags: u8, stream: u32, payload: &[u8]) -> io::Result<()> {
        self.try_write(&frame(kind, flags, stream, payload))
    }

    /// Sends bytes to a server that may close the connection.
    pub fn try_write(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.stream.write_all(bytes)?;
        self.stream.flush()
    }

    /// Sends the same bytes again and again, until the server closes the connection.
    #[track_caller]
    pub fn flood(&mut self, bytes: &[u8]) {
        loop {
            match self.try_write(bytes) {
                Ok(()) => {}
                Err(error) if is_end(&error) => return,
                Err(error) => panic!("the connection stays: {error}"),
            }
        }
    }

    /// Opens a stream with the headers of a request. Gives its number.
    pub fn open(&mut self, method: &str, path: &str, headers: &[(&str, &str)], flags: u8) -> u32 {
        let stream = self.next_stream();
        self.send(Kind::Headers, END_HEADERS | flags, stream, &request(method, path, headers));
        stream
    }

    /// The number of a stream that is not open yet.
    pub fn next_stream(&mut self) -> u32 {
        let stream = self.next;
        self.next += 2;
        stream
    }

    /// Sends a request with a body of JSON, and waits for its response.
    #[track_caller]
    pub fn post(&mut self, path: &str, body: &[u8]) -> Response {
        let stream = self.open("POST", path, &[("content-type", "application/json")], 0);
        self.send(Kind::Data, END_STREAM, stream, body);
        self.response(stream)
    }

    /// Sends a request without a body, and waits for its response.
    #[track_caller]
    pub fn get(&mut self, path: &str) -> Response {
        let stream = self.open("GET", path, &[], END_STREAM);
        self.response(stream)
    }

    /// The response on a stream.
    #[track_caller]
    pub fn response(&mut self, stream: u32) -> Response {
        let mut response = Response::default();
        loop {
            let frame = self.frame().unwrap_or_else(|| panic!("the connection is closed: {response:?}"));
            self.acknowledge(&frame);
            if frame.stream != stream {
                continue;
            }
            match frame.kind {
                kind if kind == Kind::Headers as u8 && response.status == 0 => {
                    response.status = status(&frame.payload);
                }
                kind if kind == Kind::Data as u8 => response.body.extend(&frame.payload),
                kind if kind == Kind::Reset as u8 => {
                    response.reset = Some(number(&frame.payload));
                    return response;
                }
                _ => {}
            }
            let ends = [Kind::Headers as u8, Kind::Data as u8].contains(&frame.kind);
            if ends && frame.flags & END_STREAM != 0 {
                return response;
            }
        }
    }

    /// Answers what must be answered.
    pub fn acknowledge(&mut self, frame: &Frame) {
        // The server may be gone, which the next read shows.
        let _ = match frame.kind {
            kind if kind == Kind::Settings as u8 && frame.flags & ACK == 0 => {
                self.try_send(Kind::Settings, ACK, 0, &[])
            }
            kind if kind == Kind::Ping as u8 && frame.flags & ACK == 0 => {
                self.try_send(Kind::Ping, ACK, 0, &frame.payload)
            }
            kind if kind == Kind::Data as u8 && !frame.payload.is_empty() => {
                let more = u32::try_from(frame.payload.len()).unwrap().to_be_bytes();
                let connection = self.try_send(Kind::WindowUpdate, 0, 0, &more);
                if frame.flags & END_STREAM == 0 {
                    connection.and_then(|()| self.try_send(Kind::WindowUpdate, 0, frame.stream, &more))
                } else {
                    connection
                }
            }
            _ => Ok(()),
        };
    }

    /// The next frame; none if the connection is closed.
    pub fn frame(&mut self) -> Option<Frame> {
        let head = self.exactly(9)?;
        let length = usize::from(head[0]) << 16 | usize::from(head[1]) << 8 | usize::from(head[2]);
        let stream = number(&head[5..]) & 0x7fff_ffff;
        let payload = self.exactly(length)?;
        Some(Frame { kind: head[3], flags: head[4], stream, payload })
    }

    /// Reads until the connection is closed. Gives the code with which the server said so; none if it did not.
    #[track_caller]
    pub fn closed(&mut self) -> Option<u32> {
        let mut code = None;
        while let Some(frame) = self.frame() {
            if frame.kind == Kind::GoAway as u8 {
                code = Some(number(&frame.payload[4..]));
            }
        }
        code
    }

    /// The connection is closed, after at least that time since it began.
    #[track_caller]
    pub fn closes_after(&mut self, least: Duration, began: Instant) {
        self.closed();
        let took = began.elapsed();
        assert!(took >= least && took < least + Duration::from_secs(8), "it was closed after {took:?}");
    }

    fn exactly(&mut self, length: usize) -> Option<Vec<u8>> {
        let mut bytes = vec![0; length];
        match self.stream.read_exact(&mut bytes) {
            Ok(()) => Some(bytes),
            Err(error) if is_end(&error) => None,
            Err(error) => panic!("no answer: {error}"),
        }
    }
}

/// A frame as bytes.
#[must_use]
pub fn frame(kind: Kind, flags: u8, stream: u32, payload: &[u8]) -> Vec<u8> {
    let length = u32::try_from(payload.len()).unwrap().to_be_bytes();
    [&length[1..], &[kind as u8, flags], &stream.to_be_bytes(), payload].concat()
}

/// The headers of a request to `localhost`, compressed (RFC 7541): each as a literal that no table keeps.
#[must_use]
pub fn request(method: &str, path: &str, headers: &[(&str, &str)]) -> Vec<u8> {
    let own = [(":method", method), (":scheme", "http"), (":authority", "localhost"), (":path", path)];
    own.iter().chain(headers).flat_map(|(name, value)| literal(name, value)).collect()
}

/// A header.
#[must_use]
pub fn literal(name: &str, value: &str) -> Vec<u8> {
    let text = |text: &str| [length(text.len()), text.as_bytes().to_vec()].concat();
    [vec![0], text(name), text(value)].concat()
}

/// A number with a prefix of 7 bits.
fn length(number: usize) -> Vec<u8> {
    if number < 127 {
        return vec![u8::try_from(number).unwrap()];
    }
    let (mut bytes, mut rest) = (vec![127], number - 127);
    while rest >= 128 {
        bytes.push(u8::try_from(rest % 128).unwrap() | 128);
        rest /= 128;
    }
    bytes.push(u8::try_from(rest).unwrap());
    bytes
}

/// The status in a block of headers, which begins with it.
fn status(block: &[u8]) -> u16 {
    // A change of the size of the table comes before the headers.
    let block = &block[block.iter().position(|byte| byte & 0xe0 != 0x20).unwrap()..];
    match block[0] {
        // An entry of the static table.
        index @ 0x88..=0x8e => [200, 204, 206, 304, 400, 404, 500][usize::from(index - 0x88)],
        // A literal with the name of such an entry.
        0x08 | 0x18 | 0x48 => {
            let value = &block[2..2 + usize::from(block[1] & 0x7f)];
            if block[1] & 0x80 == 0 { std::str::from_utf8(value).unwrap().parse().unwrap() } else { digits(value) }
        }
        other => panic!("no status, but {other:#x}"),
    }
}

/// Three digits in the code of Huffman: 0, 1 and 2 have five bits, the others six.
fn digits(bytes: &[u8]) -> u16 {
    let mut bits = bytes.iter().flat_map(|byte| (0..8).rev().map(move |bit| u16::from(byte >> bit & 1)));
    let mut next = |count: usize| bits.by_ref().take(count).fold(0, |value, bit| value * 2 + bit);
    let mut value = 0;
    for _ in 0..3 {
        let five = next(5);
        let digit = if five < 3 { five } else { five * 2 + next(1) - 0b01_1001 + 3 };
        value = value * 10 + digit;
    }
    value
}

fn number(bytes: &[u8]) -> u32 {
    u32::from_be_bytes(bytes[..4].try_into().unwrap())
}

impl fmt::Debug for Http2 {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "Http2({} streams)", self.next / 2)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_status_is_read_in_every_form() {
        for (block, expected) in [
            (&[0x88][..], 200),
            (&[0x20, 0x8d], 404),
            (&[0x08, 3, b'4', b'2', b'9'], 429),
            // 503: 011011 00000 011001, and ones to the end of the byte.
            (&[0x48, 0x83, 0b0110_1100, 0b0000_1100, 0b1111_1111], 503),
            // 401: 011010 00000 00001.
            (&[0x48, 0x82, 0b0110_1000, 0b0000_0001], 401),
        ] {
            assert_eq!(status(block), expected, "{block:?}");
        }
    }
}
