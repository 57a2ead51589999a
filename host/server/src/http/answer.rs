//! The response to a request: the text that a call has made, or why there is none.

use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use axum::body::Body;
use axum::extract::Request;
use axum::response::Response;
use bytes::Bytes;
use hyper::body::{Body as HttpBody, Frame, SizeHint};
use hyper::header::{CONTENT_TYPE, HeaderValue};

use super::connection::Peer;
use super::exchange::Exchange;
use super::problem;
use crate::buffer::Buffer;
use crate::error::RequestError;
use crate::output::{Output, OutputMemory};

/// The client of a request, and its exchange.
pub(super) fn parts_of(request: &Request) -> (Arc<Peer>, Arc<Exchange>) {
    let extensions = request.extensions();
    match (extensions.get::<Arc<Peer>>(), extensions.get::<Arc<Exchange>>()) {
        (Some(peer), Some(exchange)) => (Arc::clone(peer), Arc::clone(exchange)),
        _ => unreachable!("each request gets a peer from its connection, and an exchange from the outermost layer"),
    }
}

/// The response to a request that is not passed on.
pub(super) fn refuse(request: &Request, failure: &RequestError) -> Response {
    let (_, exchange) = parts_of(request);
    problem::response(failure, &exchange.correlation)
}

/// The response with a text of JSON.
pub(super) fn of_output(output: Output) -> Response {
    json(Body::new(Text::of(output)))
}

/// A response of JSON.
pub(super) fn json(body: Body) -> Response {
    let mut response = Response::new(body);
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    response
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
