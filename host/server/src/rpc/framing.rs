//! Framing: a client sends one message a line. Memory is taken before a line is kept.

use std::io;
use std::sync::Arc;
use std::time::Duration;

use tokio::io::{AsyncBufReadExt, AsyncRead, AsyncReadExt, BufReader};
use tokio::time::{Instant, timeout, timeout_at};

use super::partial_id;
use crate::budget::{Allowance, Exhausted, Hold, OWN};
use crate::buffer::Buffer;
use crate::error::{ErrorKind, RequestError};

/// The size of the read buffer.
const CHUNK: usize = 32 << 10;
/// The longest pause within a line.
const PAUSE: Duration = Duration::from_secs(60);
/// How long the first [`BEGINNING`] bytes of a line may take.
const GRACE: Duration = Duration::from_secs(60);
/// The length of the beginning of a line, in bytes.
const BEGINNING: u64 = 1 << 20;
/// The bytes that must arrive in each second after the beginning.
const PACE: u64 = 64 << 10;

/// The lines that a client sends.
#[derive(Debug)]
pub(crate) struct Lines<R> {
    reader: BufReader<R>,
    allowance: Arc<Allowance>,
    pace: Pace,
    /// What has arrived of the next line.
    begun: Option<Received>,
    /// When it began.
    since: Instant,
    /// Whether the rest of the line is dropped.
    is_skipping: bool,
}

/// How fast a line must arrive.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Pace {
    /// At any pace: the client is the only one.
    Any,
    /// At least as fast as the constants of this file say: the line takes memory that other clients need.
    Limited,
}

/// A line, without its end.
#[derive(Debug)]
pub(crate) struct Received {
    /// The bytes of the line.
    pub(crate) text: Buffer,
    /// The memory it takes.
    pub(crate) hold: Hold,
    /// How many bytes that is.
    taken: usize,
}

/// What was read.
#[derive(Debug)]
pub(crate) enum Line {
    /// A line that is not blank.
    Text(Received),
    /// A line that is refused and dropped. The next lines are read.
    Refused {
        /// Why it is refused.
        failure: RequestError,
        /// The id of its request, if it is known.
        id: Option<String>,
    },
    /// A line that did not arrive in time. Nothing more is read.
    Stalled(RequestError),
    /// The end of the input.
    End,
}

impl<R: AsyncRead + Unpin> Lines<R> {
    pub(crate) fn new(reader: R, allowance: Arc<Allowance>, pace: Pace) -> Self {
        let reader = BufReader::with_capacity(CHUNK, reader);
        Self { reader, allowance, pace, begun: None, since: Instant::now(), is_skipping: false }
    }

    /// The next line that is not blank. Dropping the future loses nothing.
    ///
    /// # Errors
    /// When the connection breaks.
    pub(crate) async fn next(&mut self, cap: u64) -> io::Result<Line> {
        loop {
            let deadline =
                self.begun.as_ref().filter(|_| self.pace == Pace::Limited).map(|begun| begun.deadline(self.since));
            let Ok(available) = fill(&mut self.reader, deadline).await else {
                return Ok(Line::Stalled(stalled()));
            };
            let available = available?;
            if available.is_empty() {
                let received = self.begun.take().filter(Received::has_content).map(Received::complete);
                return Ok(received.map_or(Line::End, Line::Text));
            }
            let end = available.iter().position(|byte| *byte == b'\n');
            let part = end.map_or(available, |end| available.split_at(end).0);
            let used = part.len() + usize::from(end.is_some());
            let refusal = if self.is_skipping {
                None
            } else {
                let begun = self.begun.get_or_insert_with(|| {
                    self.since = Instant::now();
                    Received { text: Buffer::default(), hold: self.allowance.hold(), taken: 0 }
                });
                begun.extend(part, cap).err()
            };
            self.reader.consume(used);
            let was_skipping = self.is_skipping;
            if refusal.is_some() {
                self.begun = None;
                self.is_skipping = true;
            }
            if end.is_some() {
                self.is_skipping = false;
            }
            if let Some(refused) = refusal {
                return Ok(refused);
            }
            if end.is_some()
                && !was_skipping
                && let Some(received) = self.begun.take().filter(Received::has_content)
            {
                return Ok(Line::Text(received.complete()));
            }
        }
    }

    /// Reads and drops what arrives. Without it, closing the connection could lose what was written to a client that still sends.
    pub(crate) async fn linger(&mut self, longest: Duration) {
        let mut ignored = [0; 4096];
        let _ = timeout(longest, async { while matches!(self.reader.read(&mut ignored).await, Ok(1..)) {} }).await;
    }
}

impl Received {
    fn extend(&mut self, part: &[u8], cap: u64) -> Result<(), Line> {
        if (self.text.len() + part.len()) as u64 > cap {
            let message = format!("a message of more than {cap} bytes; see `server.max_message`");
            return Err(self.refuse(part, RequestError::new(ErrorKind::MessageTooLarge, message), None));
        }
        self.take(part.len()).map_err(|Exhausted| {
            let head: Vec<u8> = self.text.as_slice().iter().chain(part).take(partial_id::LENGTH).copied().collect();
            self.refuse(part, RequestError::overloaded(), partial_id::find(&head).map(str::to_owned))
        })?;
        let rest = self.text.append(part);
        debug_assert!(rest.is_empty(), "room was made for it");
        Ok(())
    }

    /// Takes memory for further bytes. A long line takes it in long steps, and allocates exactly what it has taken.
    fn take(&mut self, bytes: usize) -> Result<(), Exhausted> {
        let needed = self.text.len() + bytes;
        let missing = needed.saturating_sub(self.taken);
        if missing > 0 {
            // What a client has of its own is meant for many short lines.
            let mut step = if needed as u64 <= OWN { missing } else { missing.max(needed / 8) };
            // Near the end of the memory there is less; not so little that the line would be moved for each piece of it.
            while let Err(Exhausted) = self.hold.grow(step as u64) {
                if step == missing {
                    return Err(Exhausted);
                }
                step = missing.max(step / 2);
            }
            self.taken += step;
        }
        if self.text.capacity() - self.text.len() < bytes {
            let room = self.taken.saturating_sub(self.text.len());
            // A short line may arrive byte by byte.
            self.text.reserve(if needed as u64 <= OWN { room.max(needed / 8) } else { room });
        }
        Ok(())
    }

    /// Gives back the memory that the line does not need.
    fn complete(mut self) -> Self {
        self.text.shrink();
        self.taken = self.text.len();
        self.hold.shrink_to(self.taken as u64);
        self
    }

    /// Drops a line. If it does not even begin like a message, that is the reason, whatever else is: nobody can see from the rest that
    /// it is not JSON.
    fn refuse(&self, part: &[u8], failure: RequestError, id: Option<String>) -> Line {
        match self.text.as_slice().iter().chain(part).find(|byte| !byte.is_ascii_whitespace()) {
            None | Some(b'{' | b'[') => Line::Refused { failure, id },
            Some(_) => {
                let message = "the line is not a message in JSON, which begins with `{` or `[`";
                Line::Refused { failure: RequestError::new(ErrorKind::ParseError, message), id: None }
            }
        }
    }

    /// When more of the line must have arrived.
    fn deadline(&self, since: Instant) -> Instant {
        let rest = (self.text.len() as u64).saturating_sub(BEGINNING);
        (since + GRACE + Duration::from_secs(rest / PACE)).min(Instant::now() + PAUSE)
    }

    fn has_content(&self) -> bool {
        !self.text.as_slice().trim_ascii().is_empty()
    }
}

/// What has arrived; an outer error if nothing arrives in time.
async fn fill<R: AsyncRead + Unpin>(
    reader: &mut BufReader<R>,
    deadline: Option<Instant>,
) -> Result<io::Result<&[u8]>, tokio::time::error::Elapsed> {
    match deadline {
        None => Ok(reader.fill_buf().await),
        Some(deadline) => timeout_at(deadline, reader.fill_buf()).await,
    }
}

fn stalled() -> RequestError {
    let message = format!(
        "the line did not arrive in time: its first {} KiB may take {} s, then {} KiB must arrive each second, and no pause may be longer than {} s",
        BEGINNING >> 10,
        GRACE.as_secs(),
        PACE >> 10,
        PAUSE.as_secs(),
    );
    RequestError::new(ErrorKind::IncompleteMessage, message)
}

#[cfg(test)]
mod tests {
    use tokio::io::AsyncWriteExt;

    use super::*;
    use crate::budget::Budget;

    fn allowance(shared: u64) -> Arc<Allowance> {
        Allowance::new(&Budget::new(shared), shared)
    }

    /// What is read of a text: each line, or why it is refused and the id that the answer gets.
    async fn read(text: &[u8], cap: u64, shared: u64) -> Vec<String> {
        let mut lines = Lines::new(text, allowance(shared), Pace::Limited);
        let mut found = Vec::new();
        // Earlier lines still hold their memory while later ones are read.
        let mut held = Vec::new();
        loop {
            match lines.next(cap).await.unwrap() {
                Line::Text(received) => {
                    found.push(String::from_utf8_lossy(received.text.as_slice()).into_owned());
                    held.push(received);
                }
                Line::Refused { failure, id } => {
                    found.push(format!("<{}{}>", failure.kind.code(), id.unwrap_or_default()));
                }
                Line::Stalled(failure) => found.push(format!("<{}>", failure.kind.code())),
                Line::End => return found,
            }
        }
    }

    #[tokio::test]
    async fn lines_end_with_a_line_feed_or_at_the_end() {
        assert_eq!(read(b"", 9, 99).await, [""; 0]);
        assert_eq!(read(b"a\nb", 9, 99).await, ["a", "b"]);
        assert_eq!(read(b"a\r\n\n  \n\tb\n\n", 9, 99).await, ["a\r", "\tb"]);
    }

    #[tokio::test]
    async fn a_line_that_is_too_long_costs_only_itself() {
        assert_eq!(read(b"123456789\n{234567890\nx\n", 9, 99).await, ["123456789", "<message_too_large>", "x"]);
        assert_eq!(
            read(b" [34567890\n          \nx\n", 9, 99).await,
            ["<message_too_large>", "<message_too_large>", "x"]
        );
        let mut long = vec![b'{'; CHUNK * 3];
        assert_eq!(read(&long, 9, 99).await, ["<message_too_large>"]);
        long.extend_from_slice(b"\nnext");
        assert_eq!(read(&long, 9, 99).await, ["<message_too_large>", "next"]);
        assert_eq!(read(&long, long.len() as u64, long.len() as u64).await.len(), 2);
    }

    #[tokio::test]
    async fn a_line_without_memory_is_dropped_and_refused() {
        let long = format!(r#"{{"id":7,"method":"{}"}}"#, "x".repeat(64 << 10));
        let text = format!("{long}\n{long}\nshort\n{}\n", "[".repeat((64 << 10) + 1));
        let expected = [&*long, "<overloaded7>", "short", "<overloaded>"];
        assert_eq!(read(text.as_bytes(), 1 << 20, long.len() as u64).await, expected);
    }

    #[tokio::test]
    async fn a_line_that_is_dropped_and_cannot_be_a_message_is_not_json() {
        assert_eq!(read(b"1234567890\n \tGET / HTTP\n", 9, 99).await, ["<parse_error>"; 2]);
        let long = vec![b'P'; (64 << 10) + 1];
        assert_eq!(read(&long, 1 << 20, 0).await, ["<parse_error>"]);
    }

    /// Sends a line in pieces, one each second: whether it is read to its end, and when.
    async fn drip(piece: usize, pieces: usize) -> (bool, u64) {
        let (mut client, server) = tokio::io::duplex(piece);
        let mut lines = Lines::new(server, allowance(1 << 30), Pace::Limited);
        let begun = Instant::now();
        let dripping = tokio::spawn(async move {
            for _ in 0..pieces {
                client.write_all(&vec![b'x'; piece]).await.unwrap();
                tokio::time::sleep(Duration::from_secs(1)).await;
            }
            client.write_all(b"\n").await.unwrap();
            client
        });
        let line = lines.next(1 << 30).await.unwrap();
        dripping.abort();
        (matches!(line, Line::Text(_)), begun.elapsed().as_secs())
    }

    #[tokio::test(start_paused = true)]
    async fn a_line_must_arrive_at_a_pace() {
        assert_eq!(drip(1, 50).await, (true, 50));
        assert_eq!(drip(1, 90).await, (false, 60));
        assert_eq!(drip(64 << 10, 300).await, (true, 300));
        // At half of that pace, the delay adds up.
        let (is_whole, seconds) = drip(32 << 10, 300).await;
        assert!(!is_whole && (80..=90).contains(&seconds), "{seconds}");
    }

    #[tokio::test(start_paused = true)]
    async fn half_a_line_does_not_hold_shared_memory_for_ever() {
        for (pace, is_stalled) in [(Pace::Limited, true), (Pace::Any, false)] {
            let (mut client, server) = tokio::io::duplex(1 << 20);
            let mut lines = Lines::new(server, allowance(1 << 20), pace);
            client.write_all(&vec![b'x'; 1 << 20]).await.unwrap();
            let next = timeout(Duration::from_secs(3_600), lines.next(1 << 30)).await;
            assert_eq!(matches!(next, Ok(Ok(Line::Stalled(_)))), is_stalled, "{next:?}");
        }
    }
}
