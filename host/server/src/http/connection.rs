//! One connection, from its first byte to its last response.

use std::convert::Infallible;
use std::io;
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use axum::body::Body;
use axum::extract::Request;
use axum::response::Response;
use bytes::{Bytes, BytesMut};
use hyper::StatusCode;
use hyper::server::conn::{http1, http2};
use hyper::service::service_fn;
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use jurat::settings::ApiSettings;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite};
use tokio::sync::Notify;
use tokio::time::{Instant, sleep, timeout, timeout_at};

use super::activity::{Activity, Patience, Version};
use super::leftover::ReadToEnd;
use super::stream::Stream;
use crate::admission::{Admission, Admitted, Permit};
use crate::client::Client;
use crate::connection::{CloseReason, Connection};
use crate::error::RequestError;
use crate::state::State;

/// How a client of HTTP/2 begins.
const PREFACE: &[u8] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";
/// How long a connection is served on which no call is made: long enough for a probe.
const REFUSED: Duration = Duration::from_secs(2);
/// How long a connection that is told to end may take for it.
const GRACE: Duration = Duration::from_secs(1);
/// For how long a request is still read on a connection that is about to be told to end.
const LAST_REQUEST: Duration = Duration::from_millis(100);
/// The memory for what has arrived and for what is written, each.
const BUFFER: usize = 64 << 10;
/// Streams that a client of HTTP/2 may reset before they are worked on, and that may be reset because of its mistakes; beyond them its
/// connection is closed.
const MAX_RESETS: usize = 20;

/// The client of a connection, as its requests see it.
#[derive(Debug)]
pub(super) struct Peer {
    pub(super) client: Client,
    /// Why no call is made on the connection; none if calls are made.
    pub(super) refusal: Option<RequestError>,
    pub(super) activity: Arc<Activity>,
    state: Arc<State>,
    admission: Arc<Admission>,
    permit: Mutex<Option<Permit>>,
    is_admitted: Notify,
}

impl Peer {
    /// Whether the server stops.
    pub(super) fn is_draining(&self) -> bool {
        self.state.stop.is_draining()
    }

    /// Whether the server ends, and aborts what is not complete.
    pub(super) fn is_aborted(&self) -> bool {
        self.state.cancellation.is_cancelled()
    }

    /// Waits for that.
    pub(super) fn aborted(&self) -> impl Future<Output = ()> + Send + 'static {
        let stop = self.state.stop.clone();
        async move { stop.aborting().await }
    }

    /// Admits the connection, whose client has shown what it must. It does so once: later calls find the permit.
    pub(super) fn admit(&self) -> Result<(), RequestError> {
        let mut permit = self.permit.lock().unwrap_or_else(PoisonError::into_inner);
        if permit.is_none() {
            *permit = Some(self.admission.permit().ok_or_else(|| self.state.too_many_connections())?);
            self.is_admitted.notify_one();
        }
        Ok(())
    }
}

/// Serves a connection until its client or the server ends it.
pub(super) async fn serve<R, W, F>(
    state: Arc<State>,
    settings: &ApiSettings,
    answer: impl Fn(Arc<Peer>, Request) -> F,
    connection: Connection<R, W>,
    admitted: Admitted,
) -> CloseReason
where
    R: AsyncRead + Send + Unpin + 'static,
    W: AsyncWrite + Send + Unpin + 'static,
    F: Future<Output = Response> + Send + 'static,
{
    let accepted = Instant::now();
    let Connection { number, origin, mut reader, writer } = connection;
    let patience = match &admitted {
        // It is one too many, and others wait to be told so.
        Admitted::Sole => settings.header_timeout.min(REFUSED),
        Admitted::Permitted(_) | Admitted::Unauthenticated(_) => settings.header_timeout,
    };
    let mut admitted = admitted;
    let begun = tokio::select! {
        biased;
        begun = timeout_at(accepted + patience, begin(&mut reader)) => begun,
        () = admitted.evicted() => return CloseReason::Answered,
        () = state.stop.draining() => return CloseReason::Answered,
    };
    let Ok(Ok((version, begun))) = begun else { return CloseReason::Answered };

    let unread = state.settings.write_timeout;
    let patience = Patience { headers: settings.header_timeout, idle: settings.idle_timeout, unread };
    let activity = Activity::new(patience, version, accepted);
    let (permit, unauthenticated) = match admitted {
        Admitted::Permitted(permit) => (Some(permit), None),
        Admitted::Unauthenticated(unauthenticated) => (None, Some(unauthenticated)),
        Admitted::Sole => (None, None),
    };
    let mut peer = Peer {
        client: Client::new(&state, number, origin),
        refusal: None,
        activity: Arc::clone(&activity),
        admission: Arc::clone(&state.admission),
        state: Arc::clone(&state),
        permit: Mutex::new(permit),
        is_admitted: Notify::new(),
    };
    let stream = Stream::new(begun, reader, writer, activity, state.settings.write_timeout);
    if peer.client.origin.authentication.principal().is_some() {
        peer.refusal = peer.admit().err();
    }
    let peer = Arc::new(peer);
    let evicted = async {
        if peer.refusal.is_some() {
            return sleep(REFUSED).await;
        }
        let Some(mut unauthenticated) = unauthenticated else { return std::future::pending().await };
        tokio::select! {
            biased;
            () = peer.is_admitted.notified() => {}
            () = unauthenticated.evicted() => return,
        }
        // It no longer counts as one that must be admitted.
        drop(unauthenticated);
        std::future::pending().await
    };
    let served = tokio::select! {
        served = speak(settings, version, answer, stream, &peer, evicted, state.stop.draining()) => served,
        () = peer.activity.is_unread() => {
            peer.client.cancellation.cancel();
            return CloseReason::WriteFailed;
        }
    };
    // Nobody is left to read the results.
    peer.client.cancellation.cancel();
    match served {
        Ok(()) => CloseReason::Answered,
        Err(error) => {
            tracing::debug!(connection = number, %error, "a connection broke");
            CloseReason::WriteFailed
        }
    }
}

/// Reads until it is known which version of HTTP a client speaks.
async fn begin(reader: &mut (impl AsyncRead + Unpin)) -> io::Result<(Version, Bytes)> {
    let mut begun = BytesMut::with_capacity(PREFACE.len());
    while begun.len() < PREFACE.len() && PREFACE.starts_with(&begun) {
        let mut rest = [0; PREFACE.len()];
        let missing = rest.get_mut(begun.len()..).unwrap_or_default();
        let count = reader.read(missing).await?;
        if count == 0 {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        begun.extend_from_slice(missing.get(..count).unwrap_or_default());
    }
    let version = if begun == PREFACE { Version::Two } else { Version::One };
    Ok((version, begun.freeze()))
}

/// Speaks HTTP until one of the two ends the connection.
async fn speak<R, W, F>(
    settings: &ApiSettings,
    version: Version,
    answer: impl Fn(Arc<Peer>, Request) -> F,
    stream: Stream<R, W>,
    peer: &Arc<Peer>,
    evicted: impl Future<Output = ()>,
    draining: impl Future<Output = ()>,
) -> hyper::Result<()>
where
    R: AsyncRead + Send + Unpin + 'static,
    W: AsyncWrite + Send + Unpin + 'static,
    F: Future<Output = Response> + Send + 'static,
{
    let header_bytes = usize::try_from(settings.max_header_bytes.get()).unwrap_or(usize::MAX);
    let headers = settings.max_headers.get() as usize;
    let service = service_fn(move |request: hyper::Request<hyper::body::Incoming>| {
        // Over HTTP/2, the library limits their length only. It answers other headers that are too long in the same way.
        let is_short = request.headers().len() <= headers;
        let request = request.map(|body| match version {
            Version::One => Body::new(body),
            Version::Two => Body::new(ReadToEnd::new(Body::new(body))),
        });
        let answered = is_short.then(|| answer(Arc::clone(peer), request));
        async move {
            let response = match answered {
                Some(answered) => answered.await,
                None => refused(StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE),
            };
            Ok::<_, Infallible>(response)
        }
    });
    let io = TokioIo::new(stream);
    let ended = async {
        tokio::select! {
            () = evicted => End::Evicted,
            () = draining => End::Planned,
            () = peer.activity.is_over() => End::Planned,
        }
    };
    match version {
        Version::One => {
            let mut http = http1::Builder::new();
            http.timer(TokioTimer::new())
                // `Activity` watches over all waits.
                .header_read_timeout(None)
                .max_buf_size(BUFFER.max(header_bytes))
                .max_header_size(header_bytes)
                .max_headers(headers);
            until(ended, peer, http.serve_connection(io, service), http1::Connection::graceful_shutdown).await
        }
        Version::Two => {
            let mut http = http2::Builder::new(TokioExecutor::new());
            let list = u32::try_from(header_bytes).unwrap_or(u32::MAX);
            http.timer(TokioTimer::new())
                .max_concurrent_streams(Some(peer.state.settings.max_in_flight.get()))
                .max_header_list_size(list)
                .max_pending_accept_reset_streams(Some(MAX_RESETS))
                .max_local_error_reset_streams(Some(MAX_RESETS));
            until(ended, peer, http.serve_connection(io, service), http2::Connection::graceful_shutdown).await
        }
    }
}

fn refused(status: StatusCode) -> Response {
    let mut refused = Response::new(Body::empty());
    *refused.status_mut() = status;
    refused
}

/// Why a connection is told to end.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum End {
    /// It makes way for others.
    Evicted,
    /// It has nothing to do, or the server stops.
    Planned,
}

/// Serves a connection until it is told to `end`. Then it has a moment to close; if its end was planned, after its responses are sent.
async fn until<C: Future<Output = hyper::Result<()>>>(
    end: impl Future<Output = End>,
    peer: &Peer,
    connection: C,
    shut_down: fn(Pin<&mut C>),
) -> hyper::Result<()> {
    tokio::pin!(connection);
    let end = tokio::select! {
        biased;
        served = connection.as_mut() => return served,
        end = end => end,
    };
    // The library closes an idle connection without a look at its socket, where a request may have just arrived.
    if end == End::Planned
        && let Ok(served) = timeout(LAST_REQUEST, connection.as_mut()).await
    {
        return served;
    }
    shut_down(connection.as_mut());
    loop {
        match timeout(GRACE, connection.as_mut()).await {
            Ok(closed) => return closed,
            Err(_) if end == End::Planned && peer.activity.is_busy() => {}
            Err(_) => return Ok(()),
        }
    }
}
