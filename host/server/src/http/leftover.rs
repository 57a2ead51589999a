//! What is left of a request's body when its response does not need it.
//!
//! Over HTTP/2 the library resets the stream of a body that nobody reads. That is allowed behind a complete response, but some clients
//! then throw the response away, and their users never see why they were refused. So the rest is read, within limits, and forgotten.

use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use axum::body::Body;
use bytes::Bytes;
use http_body_util::BodyExt;
use hyper::body::{Body as HttpBody, Frame, SizeHint};
use tokio::runtime::Handle;
use tokio::time::timeout;

/// How much is read of it.
const MOST: u64 = 1 << 20;
/// For how long.
const PATIENCE: Duration = Duration::from_secs(5);

/// A body whose rest is read when it is dropped.
pub(super) struct ReadToEnd {
    body: Body,
    is_over: bool,
}

impl ReadToEnd {
    pub(super) fn new(body: Body) -> Self {
        Self { is_over: body.is_end_stream(), body }
    }
}

impl HttpBody for ReadToEnd {
    type Data = Bytes;
    type Error = axum::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, axum::Error>>> {
        let frame = ready!(Pin::new(&mut self.body).poll_frame(context));
        self.is_over = !matches!(frame, Some(Ok(_))) || self.body.is_end_stream();
        Poll::Ready(frame)
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        HttpBody::size_hint(&self.body)
    }
}

impl Drop for ReadToEnd {
    fn drop(&mut self) {
        // When the process ends, there is no runtime left.
        if !self.is_over
            && let Ok(runtime) = Handle::try_current()
        {
            let body = std::mem::take(&mut self.body);
            // It ends with its connection.
            runtime.spawn(timeout(PATIENCE, forget(body)));
        }
    }
}

async fn forget(mut body: Body) {
    let mut read = 0;
    while let Some(Ok(frame)) = body.frame().await
        && read < MOST
    {
        read += frame.data_ref().map_or(0, |data| data.len() as u64);
    }
}
