//! The stream of a connection, as the HTTP library wants it: both directions in one, with a time-out for clients that do not read.

use std::io::{self, ErrorKind};
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use bytes::{Buf, Bytes};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::time::{Instant, Sleep, sleep};

use super::activity::Activity;

/// The bytes that a client must read within the time limit.
const PIECE: usize = 256 << 10;

/// Both directions of a connection.
///
/// A client that leaves what is written unread must take 256 KiB within the time limit, or all of it if that is less. Otherwise writing
/// fails.
#[derive(Debug)]
pub(super) struct Stream<R, W> {
    /// What was read already, to see which version of HTTP the client speaks.
    begun: Bytes,
    reader: R,
    writer: W,
    activity: Arc<Activity>,
    limit: Duration,
    /// When the client must have read enough, if it has something to read.
    deadline: Pin<Box<Sleep>>,
    is_waiting: bool,
    /// Whether the connection is known to have something that is not sent.
    is_unsent: bool,
    /// What the client has read since it began to be waited for.
    taken: usize,
}

impl<R, W> Stream<R, W> {
    pub(super) fn new(begun: Bytes, reader: R, writer: W, activity: Arc<Activity>, limit: Duration) -> Self {
        let deadline = Box::pin(sleep(limit));
        Self { begun, reader, writer, activity, limit, deadline, is_waiting: false, is_unsent: false, taken: 0 }
    }

    /// Passes on what writing has come to, unless the client has been waited for too long.
    fn written<T>(&mut self, context: &mut Context<'_>, written: Poll<io::Result<T>>) -> Poll<io::Result<T>> {
        if written.is_ready() {
            return written;
        }
        if !self.is_waiting {
            (self.is_waiting, self.taken) = (true, 0);
            if !std::mem::replace(&mut self.is_unsent, true) {
                self.activity.set_unsent(true);
            }
            self.deadline.as_mut().reset(Instant::now() + self.limit);
        }
        ready!(self.deadline.as_mut().poll(context));
        Poll::Ready(Err(ErrorKind::TimedOut.into()))
    }
}

impl<R: AsyncRead + Unpin, W: Unpin> AsyncRead for Stream<R, W> {
    fn poll_read(self: Pin<&mut Self>, context: &mut Context<'_>, buffer: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        if !this.begun.is_empty() {
            let length = this.begun.len().min(buffer.remaining());
            buffer.put_slice(this.begun.split_to(length).chunk());
            return Poll::Ready(Ok(()));
        }
        let before = buffer.filled().len();
        ready!(Pin::new(&mut this.reader).poll_read(context, buffer))?;
        if buffer.filled().len() > before {
            this.activity.has_arrived();
        }
        Poll::Ready(Ok(()))
    }
}

impl<R: Unpin, W: AsyncWrite + Unpin> AsyncWrite for Stream<R, W> {
    fn poll_write(self: Pin<&mut Self>, context: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        let this = self.get_mut();
        let written = Pin::new(&mut this.writer).poll_write(context, bytes);
        if let Poll::Ready(Ok(count)) = &written {
            this.taken += count;
            this.is_waiting &= this.taken < PIECE;
        }
        this.written(context, written)
    }

    fn poll_write_vectored(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
        slices: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let this = self.get_mut();
        let written = Pin::new(&mut this.writer).poll_write_vectored(context, slices);
        if let Poll::Ready(Ok(count)) = &written {
            this.taken += count;
            this.is_waiting &= this.taken < PIECE;
        }
        this.written(context, written)
    }

    fn is_write_vectored(&self) -> bool {
        self.writer.is_write_vectored()
    }

    fn poll_flush(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        let flushed = Pin::new(&mut this.writer).poll_flush(context);
        // Nothing is left to be read.
        if flushed.is_ready() {
            this.is_waiting = false;
            if std::mem::take(&mut this.is_unsent) {
                this.activity.set_unsent(false);
            }
        }
        this.written(context, flushed)
    }

    fn poll_shutdown(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        let closed = Pin::new(&mut this.writer).poll_shutdown(context);
        this.written(context, closed)
    }
}
