//! Records that arrive line by line, and results that are sent line by line.

use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use axum::body::Body;
use axum::response::Response;
use bytes::Bytes;
use hyper::body::{Body as HttpBody, Frame};
use tokio::sync::{mpsc, oneshot};

use super::body::{Frames, Received};
use super::exchange::Exchange;
use super::{problem, response};
use crate::arrival::{ArrivalSender, Piece};
use crate::batch::LineSender;
use crate::budget::{Allowance, Exhausted};
use crate::error::{ErrorKind, RequestError};
use crate::handler::Streaming;

/// Windows of lines that may wait for a client.
const WINDOWS: usize = 2;

/// Hands over a body as it arrives, until nobody reads it. What waits takes memory from `allowance`.
pub(super) async fn pump(
    mut frames: Frames,
    sender: ArrivalSender,
    allowance: Arc<Allowance>,
    exchange: Arc<Exchange>,
) {
    loop {
        let next = tokio::select! {
            next = frames.next() => next.transpose(),
            () = sender.closed() => break,
        };
        exchange.entry().set_length(frames.read());
        let Some(next) = next else { break };
        let piece = next.and_then(|text| {
            let mut hold = allowance.hold();
            hold.grow(text.len() as u64).map_err(|Exhausted| RequestError::overloaded())?;
            Ok(Piece::new(text, hold))
        });
        let is_last = piece.is_err();
        if sender.send(piece).await.is_err() || is_last {
            break;
        }
    }
}

/// The response with the lines that a call makes. It begins with the first of them: a call that fails before has another response.
///
/// `received` is what the call reads.
pub(super) async fn response(
    exchange: &Arc<Exchange>,
    received: Option<Received>,
    call: impl FnOnce(LineSender) -> Streaming,
) -> Result<Response, RequestError> {
    let (sender, mut lines) = mpsc::channel(WINDOWS);
    let (done, mut outcome) = oneshot::channel();
    let made = call(sender.clone());
    tokio::spawn(async move {
        let result = tokio::select! {
            result = made => result,
            // Dropping the call cancels it.
            () = sender.closed() => Err(RequestError::new(ErrorKind::ClientGone, "the client is gone")),
        };
        drop(received);
        // If nobody waits for this, the client is gone.
        let _ = done.send(result);
    });
    let Some(first) = lines.recv().await else {
        let result = (&mut outcome).await.unwrap_or_else(|_| Err(RequestError::internal()));
        return Err(result.err().unwrap_or_else(|| RequestError::bug("a stream has no last line")));
    };
    let (exchange, aborted) = (Arc::clone(exchange), Box::pin(exchange.peer.aborted()));
    let body = Lines { first: Some(first), lines, outcome: Some(outcome), aborted, exchange };
    Ok(response::with_body("application/x-ndjson", Body::new(body)))
}

/// Lines, as a body. If the call fails, the last line says why.
struct Lines {
    first: Option<Bytes>,
    lines: mpsc::Receiver<Bytes>,
    /// How the call has ended; none once that is known.
    outcome: Option<oneshot::Receiver<Result<u64, RequestError>>>,
    /// Ends when the server aborts what is not complete.
    aborted: Pin<Box<dyn Future<Output = ()> + Send>>,
    exchange: Arc<Exchange>,
}

type Line = Option<Result<Frame<Bytes>, std::convert::Infallible>>;

impl Lines {
    fn poll_next(&mut self, context: &mut Context<'_>) -> Poll<Line> {
        let mut next = self.first.take();
        loop {
            match next {
                Some(lines) if lines.is_empty() => {}
                Some(lines) => return Poll::Ready(Some(Ok(Frame::data(lines)))),
                None => {}
            }
            next = ready!(self.lines.poll_recv(context));
            if next.is_none() {
                break;
            }
        }
        let Some(outcome) = &mut self.outcome else { return Poll::Ready(None) };
        let result = ready!(Pin::new(outcome).poll(context)).unwrap_or_else(|_| Err(RequestError::internal()));
        self.outcome = None;
        match result {
            Ok(records) => {
                let _ = self.exchange.records.set(records);
                Poll::Ready(None)
            }
            Err(failure) => Poll::Ready(Some(Ok(self.fail(&failure)))),
        }
    }

    /// The last line: it says why there are no more.
    fn fail(&self, failure: &RequestError) -> Frame<Bytes> {
        let _ = self.exchange.failure.set(failure.kind);
        let mut line = br#"{"error":"#.to_vec();
        line.extend(problem::body(failure, Some(&self.exchange.correlation)));
        line.extend(b"}\n");
        Frame::data(line.into())
    }
}

impl HttpBody for Lines {
    type Data = Bytes;
    type Error = std::convert::Infallible;

    fn poll_frame(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Line> {
        match self.poll_next(context) {
            Poll::Pending if self.outcome.is_some() && self.aborted.as_mut().poll(context).is_ready() => {
                self.outcome = None;
                // Nothing that comes later belongs behind the last line.
                self.lines.close();
                while self.lines.try_recv().is_ok() {}
                Poll::Ready(Some(Ok(self.fail(&RequestError::aborted()))))
            }
            next => next,
        }
    }
}
