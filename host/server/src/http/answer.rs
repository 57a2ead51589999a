//! The response to a request: the text that a call has made, or why there is none.

use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use axum::body::Body;
use axum::extract::Request;
use axum::response::Response;
use bytes::Bytes;
use hyper::body::{Body as HttpBody, Frame, SizeHint};

use super::exchange::Exchange;
use super::{problem, response};
use crate::buffer::Buffer;
use crate::error::RequestError;
use crate::output::{Output, OutputMemory};

/// The exchange of a request.
pub(super) fn exchange_of(request: &Request) -> Arc<Exchange> {
    match request.extensions().get() {
        Some(exchange) => Arc::clone(exchange),
        None => unreachable!("each request gets an exchange first"),
    }
}

/// The response to a request that is not passed on.
pub(super) fn refuse(request: &Request, failure: &RequestError) -> Response {
    problem::response(failure, &exchange_of(request).correlation)
}

/// The response with a text of JSON.
pub(super) fn of_output(output: Output) -> Response {
    json(Body::new(Text::of(output)))
}

/// A response of JSON.
pub(super) fn json(body: Body) -> Response {
    response::with_body("application/json", body)
}

/// A text in parts, which are sent without a copy. Each gives its memory back when it is sent, and all give back their share of the
/// budgets at the end.
struct Text {
    parts: std::vec::IntoIter<Buffer>,
    left: u64,
    _memory: OutputMemory,
}

impl Text {
    fn of(output: Output) -> Self {
        let left = output.length() as u64;
        let (parts, memory) = output.into_parts();
        Self { parts: parts.into_iter(), left, _memory: memory }
    }
}

impl HttpBody for Text {
    type Data = Bytes;
    type Error = std::convert::Infallible;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        _: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, std::convert::Infallible>>> {
        let part = self.parts.find(|part| part.len() > 0).map(Bytes::from);
        self.left -= part.as_ref().map_or(0, |part| part.len() as u64);
        Poll::Ready(part.map(|part| Ok(Frame::data(part))))
    }

    fn is_end_stream(&self) -> bool {
        self.left == 0
    }

    fn size_hint(&self) -> SizeHint {
        SizeHint::with_exact(self.left)
    }
}
