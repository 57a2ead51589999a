//! Replies, and how they are written to a client, one after the other.

use std::io;
use std::time::Duration;

use tokio::io::{AsyncWrite, AsyncWriteExt, BufWriter};
use tokio::sync::{OwnedSemaphorePermit, mpsc, watch};
use tokio::time::{Instant, sleep, timeout, timeout_at};

use crate::budget::Hold;
use crate::output::Output;

/// The bytes that a client must read within the time limit.
const PIECE: usize = 256 << 10;

/// How often a client from which nothing is read is asked whether it still reads.
const PROBE: Duration = Duration::from_secs(1);

/// The answers to one message.
#[derive(Debug)]
pub(crate) enum Reply {
    /// One answer.
    One(Output),
    /// An array of answers.
    Batch(Vec<Output>),
}

/// A reply that is ready to be written.
#[derive(Debug)]
pub(crate) struct Outgoing {
    /// The reply.
    pub(crate) reply: Reply,
    /// The permit of the message that it answers: until the reply is written, it keeps one further message from being read.
    pub(crate) permit: OwnedSemaphorePermit,
    /// Memory of the message, for the errors in the reply: they repeat ids, and say little more.
    pub(crate) hold: Option<Hold>,
}

impl Reply {
    /// The bytes that do not count as those of answers.
    pub(crate) fn uncounted(&self) -> u64 {
        match self {
            Self::One(answer) => answer.uncounted(),
            Self::Batch(answers) => answers.iter().map(Output::uncounted).sum(),
        }
    }

    /// What is written: the answers, and the punctuation between them.
    fn pieces(&self) -> impl Iterator<Item = &[u8]> {
        let (open, answers, close): (&[u8], _, &[u8]) = match self {
            Self::One(answer) => (b"", std::slice::from_ref(answer), b"\n"),
            Self::Batch(answers) => (b"[", answers.as_slice(), b"]\n"),
        };
        let answers = answers.iter().enumerate().flat_map(|(index, answer)| {
            let comma: &[u8] = if index > 0 { b"," } else { b"" };
            std::iter::once(comma).chain(answer.parts())
        });
        std::iter::once(open).chain(answers).chain(std::iter::once(close)).filter(|piece| !piece.is_empty())
    }
}

/// Writes replies until there are no more, and closes the stream.
///
/// `unread` tells that nothing is read from the client: it has sent everything, or as much as the server works on at a time. It may wait
/// for replies, or be gone. Only writing shows which, so a space is written each second, which JSON allows before a reply.
///
/// # Errors
/// When the client is gone, or reads less than 256 KiB within the time limit, if there is one.
pub(crate) async fn write_all<W: AsyncWrite + Unpin>(
    mut queue: mpsc::Receiver<Outgoing>,
    writer: W,
    limit: Option<Duration>,
    mut unread: watch::Receiver<bool>,
) -> io::Result<()> {
    let mut writer = BufWriter::with_capacity(32 << 10, writer);
    loop {
        let next = tokio::select! {
            biased;
            next = queue.recv() => next,
            () = probe_is_due(&mut unread) => {
                let probe = async {
                    writer.write_all(b" ").await?;
                    writer.flush().await
                };
                within(limit, probe).await?;
                continue;
            }
        };
        let Some(Outgoing { reply, permit, hold }) = next else { break };
        put(&mut writer, &reply, limit).await?;
        if queue.is_empty() {
            within(limit, writer.flush()).await?;
        }
        drop((reply, hold, permit));
    }
    within(limit, writer.shutdown()).await
}

/// Waits until a client from which nothing is read is asked whether it still reads.
async fn probe_is_due(unread: &mut watch::Receiver<bool>) {
    if unread.wait_for(|unread| *unread).await.is_err() {
        // Nobody is left who could tell.
        std::future::pending::<()>().await;
    }
    sleep(PROBE).await;
}

/// Writes one reply that is not in a queue.
///
/// # Errors
/// As [`write_all`].
pub(crate) async fn write<W: AsyncWrite + Unpin>(
    writer: &mut W,
    reply: &Reply,
    limit: Option<Duration>,
) -> io::Result<()> {
    put(writer, reply, limit).await?;
    within(limit, writer.flush()).await
}

async fn put<W: AsyncWrite + Unpin>(writer: &mut W, reply: &Reply, limit: Option<Duration>) -> io::Result<()> {
    let Some(limit) = limit else {
        for piece in reply.pieces() {
            writer.write_all(piece).await?;
        }
        return Ok(());
    };
    let (mut written, mut deadline) = (0, Instant::now() + limit);
    for mut rest in reply.pieces() {
        while !rest.is_empty() {
            let (piece, others) = rest.split_at(rest.len().min(PIECE - written));
            timeout_at(deadline, writer.write_all(piece)).await??;
            (written, rest) = (written + piece.len(), others);
            if written == PIECE {
                (written, deadline) = (0, Instant::now() + limit);
            }
        }
    }
    Ok(())
}

async fn within(limit: Option<Duration>, done: impl Future<Output = io::Result<()>>) -> io::Result<()> {
    match limit {
        Some(limit) => timeout(limit, done).await?,
        None => done.await,
    }
}
