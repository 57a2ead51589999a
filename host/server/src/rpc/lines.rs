//! What a client sends, line by line, and never more of it in memory than is granted.

use std::io;
use std::sync::Arc;
use std::time::Duration;

use tokio::io::{AsyncBufReadExt, AsyncRead, AsyncReadExt, BufReader};
use tokio::time::timeout;

use super::budget::{Budget, Charge};
use super::failure::{Failure, Kind};

/// What is read at once.
const CHUNK: usize = 32 << 10;

/// The lines of a client.
#[derive(Debug)]
pub(crate) struct Lines<R> {
    reader: BufReader<R>,
    budget: Arc<Budget>,
    /// How long a client may pause within a line; none = as long as it wants.
    pause: Option<Duration>,
    /// What there is of the next line.
    begun: Option<Received>,
    /// The rest of the line is not wanted.
    is_skipping: bool,
}

/// A line, without its end.
#[derive(Debug)]
pub(crate) struct Received {
    /// Its bytes.
    pub(crate) text: Vec<u8>,
    /// The memory it takes.
    pub(crate) charge: Charge,
}

/// What came in.
#[derive(Debug)]
pub(crate) enum Line {
    /// A line with something in it.
    Text(Received),
    /// A line that is not read. The next ones are.
    Refused(Failure),
    /// The client does not go on with a line. Nothing more is read.
    Stuck(Failure),
    /// The end.
    End,
}

impl<R: AsyncRead + Unpin> Lines<R> {
    pub(crate) fn new(reader: R, budget: Arc<Budget>, pause: Option<Duration>) -> Self {
        let reader = BufReader::with_capacity(CHUNK, reader);
        Self { reader, budget, pause, begun: None, is_skipping: false }
    }

    /// The next line that is not blank. Nothing is lost if nobody waits for it any more.
    ///
    /// # Errors
    /// When the connection breaks.
    pub(crate) async fn next(&mut self, cap: u64) -> io::Result<Line> {
        loop {
            let Ok(available) = fill(&mut self.reader, self.pause.filter(|_| self.begun.is_some())).await else {
                let pause = self.pause.unwrap_or_default().as_secs();
                let message = format!("nothing came for {pause} s in the middle of a line");
                return Ok(Line::Stuck(Failure::new(Kind::IncompleteMessage, message)));
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
                let begun = self.begun.get_or_insert_with(|| Received::empty(&self.budget));
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
            if let Some(failure) = refusal {
                return Ok(Line::Refused(failure));
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
    fn empty(budget: &Arc<Budget>) -> Self {
        Self { text: Vec::new(), charge: budget.charge() }
    }

    fn extend(&mut self, part: &[u8], cap: u64) -> Result<(), Failure> {
        if (self.text.len() + part.len()) as u64 > cap {
            let message = format!("a message of more than {cap} bytes; see `rpc.max_message`");
            return Err(Failure::new(Kind::MessageTooLarge, message));
        }
        self.charge.grow(part.len() as u64).map_err(|_| Failure::overloaded())?;
        self.text.extend_from_slice(part);
        Ok(())
    }

    fn has_content(&self) -> bool {
        !self.text.trim_ascii().is_empty()
    }
}

/// What is there to be read; an outer error if nothing comes in time.
async fn fill<R: AsyncRead + Unpin>(
    reader: &mut BufReader<R>,
    pause: Option<Duration>,
) -> Result<io::Result<&[u8]>, tokio::time::error::Elapsed> {
    match pause {
        None => Ok(reader.fill_buf().await),
        Some(pause) => timeout(pause, reader.fill_buf()).await,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What comes of a text: each line, or the name of why it is not read.
    async fn read(text: &[u8], cap: u64, budget: u64) -> Vec<String> {
        let budget = Budget::new(budget);
        let mut lines = Lines::new(text, Arc::clone(&budget), None);
        let mut found = Vec::new();
        loop {
            match lines.next(cap).await.unwrap() {
                Line::Text(received) => found.push(String::from_utf8_lossy(&received.text).into_owned()),
                Line::Refused(failure) | Line::Stuck(failure) => found.push(format!("<{}>", failure.kind.name())),
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
    async fn a_line_for_which_there_is_no_memory_is_skipped() {
        assert_eq!(read(b"123\n12345\n1234\n", 9, 4).await, ["123", "<overloaded>", "1234"]);
    }

    #[tokio::test]
    async fn half_a_line_does_not_hold_memory_for_ever() {
        let (mut client, server) = tokio::io::duplex(64);
        let mut lines = Lines::new(server, Budget::new(99), Some(Duration::ZERO));
        tokio::io::AsyncWriteExt::write_all(&mut client, b"{\"half").await.unwrap();
        assert!(matches!(lines.next(50).await.unwrap(), Line::Stuck(_)));
    }
}
