//! What is written to a client, one line after the other.

use std::io;
use std::time::Duration;

use tokio::io::{AsyncWrite, AsyncWriteExt, BufWriter};
use tokio::sync::{OwnedSemaphorePermit, mpsc};
use tokio::time::timeout;

use super::work::Reply;

/// Within the time that is granted, at least so much must be taken.
const PIECE: usize = 256 << 10;

/// Answers that are ready to be written.
#[derive(Debug)]
pub(crate) struct Outgoing {
    /// The answers.
    pub(crate) reply: Reply,
    /// The place of the line that they answer: as long as it is taken, one less is read.
    pub(crate) place: OwnedSemaphorePermit,
}

/// Writes replies until there are no more, and closes the stream.
///
/// # Errors
/// When the client has gone away, or reads less than 256 KiB within the time limit, if there is one.
pub(crate) async fn write<W: AsyncWrite + Unpin>(
    mut queue: mpsc::Receiver<Outgoing>,
    writer: W,
    limit: Option<Duration>,
) -> io::Result<()> {
    let mut writer = BufWriter::with_capacity(32 << 10, writer);
    while let Some(Outgoing { reply, place }) = queue.recv().await {
        put(&mut writer, &reply, limit).await?;
        if queue.is_empty() {
            within(limit, writer.flush()).await?;
        }
        drop(place);
    }
    within(limit, writer.shutdown()).await
}

/// Writes one reply, without a queue.
///
/// # Errors
/// As [`write`].
pub(crate) async fn write_reply<W: AsyncWrite + Unpin>(
    writer: &mut W,
    reply: &Reply,
    limit: Option<Duration>,
) -> io::Result<()> {
    put(writer, reply, limit).await?;
    within(limit, writer.flush()).await
}

async fn put<W: AsyncWrite + Unpin>(writer: &mut W, reply: &Reply, limit: Option<Duration>) -> io::Result<()> {
    for piece in reply.pieces().flat_map(|piece| piece.chunks(PIECE)) {
        within(limit, writer.write_all(piece)).await?;
    }
    Ok(())
}

async fn within(limit: Option<Duration>, done: impl Future<Output = io::Result<()>>) -> io::Result<()> {
    match limit {
        Some(limit) => timeout(limit, done).await?,
        None => done.await,
    }
}
