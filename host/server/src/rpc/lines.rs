//! What a client sends, line by line, and never more of it in memory than is granted.

use std::io;
use std::time::Duration;

use tokio::io::{AsyncBufReadExt, AsyncRead, AsyncReadExt, BufReader};
use tokio::time::{Instant, timeout, timeout_at};

use super::budget::{Allowance, Exhausted, Hold};
use super::failure::{Failure, Kind};
use super::head;

/// What is read at once.
const CHUNK: usize = 32 << 10;
/// How long a client may pause within a line, where it shares memory with others.
const PAUSE: Duration = Duration::from_secs(60);
/// How long the beginning of a line may take.
const GRACE: Duration = Duration::from_secs(60);
/// What that is.
const BEGINNING: u64 = 1 << 20;
/// How many bytes must come in each second after it.
const PACE: u64 = 64 << 10;

/// The lines of a client.
#[derive(Debug)]
pub(crate) struct Lines<R> {
    reader: BufReader<R>,
    allowance: Allowance,
    time: Time,
    /// What there is of the next line.
    begun: Option<Received>,
    /// When it began.
    since: Instant,
    /// The rest of the line is not wanted.
    is_skipping: bool,
}

/// How long a line may take.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Time {
    /// As long as its client wants, who keeps nobody else waiting.
    Own,
    /// As long as is fair to others, whose memory it takes.
    Shared,
}

/// A line, without its end.
#[derive(Debug)]
pub(crate) struct Received {
    /// Its bytes.
    pub(crate) text: Vec<u8>,
    /// The memory it takes.
    pub(crate) hold: Hold,
}

/// What came in.
#[derive(Debug)]
pub(crate) enum Line {
    /// A line with something in it.
    Text(Received),
    /// A line that is not read. The next ones are.
    Refused {
        /// Why not.
        failure: Failure,
        /// The id of its request, where it is known.
        id: Option<String>,
    },
    /// The client does not go on with a line. Nothing more is read.
    Stuck(Failure),
    /// The end.
    End,
}

impl<R: AsyncRead + Unpin> Lines<R> {
    pub(crate) fn new(reader: R, allowance: Allowance, time: Time) -> Self {
        let reader = BufReader::with_capacity(CHUNK, reader);
        Self { reader, allowance, time, begun: None, since: Instant::now(), is_skipping: false }
    }

    /// The next line that is not blank. Nothing is lost if nobody waits for it any more.
    ///
    /// # Errors
    /// When the connection breaks.
    pub(crate) async fn next(&mut self, cap: u64) -> io::Result<Line> {
        loop {
            let end = self.begun.as_ref().filter(|_| self.time == Time::Shared).map(|begun| begun.end(self.since));
            let Ok(available) = fill(&mut self.reader, end).await else {
                return Ok(Line::Stuck(stuck()));
            };
            let available = available?;
            if available.is_empty() {
                return Ok(self.begun.take().filter(Received::has_content).map_or(Line::End, Line::Text));
            }
            let end = available.iter().position(|byte| *byte == b'\n');
            let part = available.get(..end.unwrap_or(available.len())).unwrap_or_default();
            let used = part.len() + usize::from(end.is_some());
            let refusal = if self.is_skipping {
                None
            } else {
                let begun = self.begun.get_or_insert_with(|| {
                    self.since = Instant::now();
                    Received { text: Vec::new(), hold: self.allowance.hold() }
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
                return Ok(Line::Text(received));
            }
        }
    }

    /// Reads on without looking, so that a client that is still sending gets what was written to it before its connection is closed.
    pub(crate) async fn linger(&mut self, most: Duration) {
        let mut ignored = [0; 4096];
        let _ = timeout(most, async { while matches!(self.reader.read(&mut ignored).await, Ok(1..)) {} }).await;
    }
}

impl Received {
    fn extend(&mut self, part: &[u8], cap: u64) -> Result<(), Line> {
        if (self.text.len() + part.len()) as u64 > cap {
            let message = format!("a message of more than {cap} bytes; see `rpc.max_message`");
            return Err(Line::Refused { failure: Failure::new(Kind::MessageTooLarge, message), id: None });
        }
        self.hold.grow(part.len() as u64).map_err(|Exhausted| {
            let head: Vec<u8> = self.text.iter().chain(part).take(head::LENGTH).copied().collect();
            Line::Refused { failure: Failure::overloaded(), id: head::id(&head).map(str::to_owned) }
        })?;
        self.text.extend_from_slice(part);
        Ok(())
    }

    /// When more must have come of it, or its end.
    fn end(&self, since: Instant) -> Instant {
        let rest = (self.text.len() as u64).saturating_sub(BEGINNING);
        (since + GRACE + Duration::from_secs(rest / PACE)).min(Instant::now() + PAUSE)
    }

    fn has_content(&self) -> bool {
        !self.text.trim_ascii().is_empty()
    }
}

/// What is there to be read; an outer error if nothing comes in time.
async fn fill<R: AsyncRead + Unpin>(
    reader: &mut BufReader<R>,
    end: Option<Instant>,
) -> Result<io::Result<&[u8]>, tokio::time::error::Elapsed> {
    match end {
        None => Ok(reader.fill_buf().await),
        Some(end) => timeout_at(end, reader.fill_buf()).await,
    }
}

fn stuck() -> Failure {
    let message = format!(
        "a line did not come to its end: its first {} KiB may take {} s, then {} KiB must come each second, and nothing for {} s is too long",
        BEGINNING >> 10,
        GRACE.as_secs(),
        PACE >> 10,
        PAUSE.as_secs(),
    );
    Failure::new(Kind::IncompleteMessage, message)
}

#[cfg(test)]
mod tests {
    use tokio::io::AsyncWriteExt;

    use super::super::budget::Budget;
    use super::*;

    fn allowance(shared: u64) -> Allowance {
        Allowance::new(&Budget::new(shared), shared)
    }

    /// What comes of a text: each line, or the name of why it is not read, with the id of whoever is told.
    async fn read(text: &[u8], cap: u64, shared: u64) -> Vec<String> {
        let mut lines = Lines::new(text, allowance(shared), Time::Shared);
        let mut found = Vec::new();
        // Lines are worked on while others are read.
        let mut held = Vec::new();
        loop {
            match lines.next(cap).await.unwrap() {
                Line::Text(received) => {
                    found.push(String::from_utf8_lossy(&received.text).into_owned());
                    held.push(received);
                }
                Line::Refused { failure, id } => {
                    found.push(format!("<{}{}>", failure.kind.name(), id.unwrap_or_default()));
                }
                Line::Stuck(failure) => found.push(format!("<{}>", failure.kind.name())),
                Line::End => return found,
            }
        }
    }

    #[tokio::test]
    async fn lines_end_with_line_feeds_or_with_the_text() {
        assert_eq!(read(b"", 9, 99).await, [""; 0]);
        assert_eq!(read(b"a\nb", 9, 99).await, ["a", "b"]);
        assert_eq!(read(b"a\r\n\n  \n\tb\n\n", 9, 99).await, ["a\r", "\tb"]);
    }

    #[tokio::test]
    async fn a_line_that_is_too_long_costs_no_more_than_itself() {
        assert_eq!(read(b"123456789\n1234567890\nx\n", 9, 99).await, ["123456789", "<message_too_large>", "x"]);
        let mut long = vec![b'x'; CHUNK * 3];
        assert_eq!(read(&long, 9, 99).await, ["<message_too_large>"]);
        long.extend_from_slice(b"\nnext");
        assert_eq!(read(&long, 9, 99).await, ["<message_too_large>", "next"]);
        assert_eq!(read(&long, long.len() as u64, long.len() as u64).await.len(), 2);
    }

    #[tokio::test]
    async fn a_line_for_which_there_is_no_memory_is_skipped_and_its_client_told() {
        let long = format!(r#"{{"id":7,"method":"{}"}}"#, "x".repeat(64 << 10));
        let text = format!("{long}\n{long}\nshort\n{}\n", "y".repeat((64 << 10) + 1));
        let expected = [&*long, "<overloaded7>", "short", "<overloaded>"];
        assert_eq!(read(text.as_bytes(), 1 << 20, long.len() as u64).await, expected);
    }

    /// What comes of a line that comes in such pieces, one each second: whether it comes to its end, and when.
    async fn drip(piece: usize, pieces: usize) -> (bool, u64) {
        let (mut client, server) = tokio::io::duplex(piece);
        let mut lines = Lines::new(server, allowance(1 << 30), Time::Shared);
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
    async fn a_line_must_come_to_its_end_at_some_pace() {
        assert_eq!(drip(1, 50).await, (true, 50));
        assert_eq!(drip(1, 90).await, (false, 60));
        assert_eq!(drip(64 << 10, 300).await, (true, 300));
        // At half that pace, what is late adds up.
        let (is_whole, seconds) = drip(32 << 10, 300).await;
        assert!(!is_whole && (80..=90).contains(&seconds), "{seconds}");
    }

    #[tokio::test(start_paused = true)]
    async fn half_a_line_does_not_hold_memory_for_ever_where_it_is_shared() {
        for (time, is_stuck) in [(Time::Shared, true), (Time::Own, false)] {
            let (mut client, server) = tokio::io::duplex(1 << 20);
            let mut lines = Lines::new(server, allowance(1 << 20), time);
            client.write_all(&vec![b'x'; 1 << 20]).await.unwrap();
            let next = timeout(Duration::from_secs(3_600), lines.next(1 << 30)).await;
            assert_eq!(matches!(next, Ok(Ok(Line::Stuck(_)))), is_stuck, "{next:?}");
        }
    }
}
