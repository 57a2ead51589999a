//! One request and its response: its correlation id, its line in the log, and what it holds until the response is complete.

use std::pin::Pin;
use std::sync::atomic::AtomicBool;
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};
use std::task::{Context, Poll, ready};

use axum::body::Body;
use axum::extract::Request;
use axum::response::Response;
use bytes::Bytes;
use hyper::Version;
use hyper::body::{Body as HttpBody, Frame, SizeHint};
use hyper::header::{CONNECTION, HeaderValue};
use jurat::identity::Principal;
use jurat_model::{CallContext, CorrelationId};

use super::activity::Ongoing;
use super::api::Api;
use super::connection::Peer;
use super::places::Place;
use super::probes::Probe;
use crate::access;
use crate::error::ErrorKind;
use crate::log::Entry;
use crate::quotas::Quota;
use crate::state::InFlight;

/// The longest frame of a body. Over HTTP/2, the library holds one for each stream that its client does not read, outside of all budgets.
const FRAME: usize = 64 << 10;

/// The header with the correlation id.
pub(super) const CORRELATION: &str = "jurat-correlation-id";

/// The headers with what a client may do, and what is left of that.
const POLICIES: &str = "ratelimit-policy";
const LEFT: &str = "ratelimit";

/// One request and its response.
#[derive(Debug)]
pub(super) struct Exchange {
    pub(super) peer: Arc<Peer>,
    pub(super) correlation: CorrelationId,
    entry: Mutex<Entry>,
    /// Whether its body is read as a whole, and is not complete.
    pub(super) is_arriving: AtomicBool,
    /// The records that were judged, once that is known.
    pub(super) records: OnceLock<u64>,
    /// Why a response that has begun is not complete.
    pub(super) failure: OnceLock<ErrorKind>,
    /// Its place among those that are worked on.
    place: Mutex<Option<Place>>,
    /// Who makes it, once that is known.
    principal: OnceLock<Arc<Principal>>,
    /// What is left in the buckets of its limits.
    pub(super) quota: OnceLock<Quota>,
}

impl Exchange {
    /// What the log line says of the request.
    pub(super) fn entry(&self) -> MutexGuard<'_, Entry> {
        self.entry.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Who makes the request; none if that is not known yet.
    pub(super) fn principal(&self) -> Option<&Principal> {
        self.principal.get().map(Arc::as_ref)
    }

    /// Records who makes the request.
    pub(super) fn set_principal(&self, principal: Arc<Principal>) {
        self.entry().set_principal(principal.name());
        let _ = self.principal.set(principal);
    }

    /// The caller, and the correlation id.
    pub(super) fn context(&self) -> CallContext {
        access::context(&self.correlation, self.principal())
    }

    /// Keeps a place until the response is complete.
    pub(super) fn keep(&self, place: Place) {
        *self.place.lock().unwrap_or_else(PoisonError::into_inner) = Some(place);
    }
}

/// Begins an exchange: the first that is done for a request.
pub(super) fn begin(api: &Api, peer: &Arc<Peer>, request: &Request) -> Kept {
    let (peer, correlation) = (Arc::clone(peer), api.state.correlations.next());
    let mut entry = Entry::begin(correlation.clone(), peer.client.address(), None, 0);
    entry.set_method(&format!("{} {}", request.method(), request.uri().path()));
    let ongoing = peer.activity.request();
    let exchange = Arc::new(Exchange {
        peer,
        correlation,
        entry: Mutex::new(entry),
        is_arriving: AtomicBool::new(false),
        records: OnceLock::new(),
        failure: OnceLock::new(),
        place: Mutex::default(),
        principal: OnceLock::new(),
        quota: OnceLock::new(),
    });
    Kept {
        exchange,
        version: request.version(),
        sent: 0,
        failure: None,
        is_probe: false,
        outcome: Outcome::BrokenOff,
        _in_flight: api.state.begin(),
        ongoing,
    }
}

/// The body of a response. When it is dropped, the exchange is over.
struct Recorded {
    body: Body,
    /// What is left of its last frame: a client must read a frame within a time limit, so none may be too long.
    rest: Bytes,
    /// Its length, if that is known from the beginning.
    expected: Option<u64>,
    kept: Kept,
}

/// What is held until a response is complete.
pub(super) struct Kept {
    pub(super) exchange: Arc<Exchange>,
    version: Version,
    sent: u64,
    failure: Option<ErrorKind>,
    is_probe: bool,
    outcome: Outcome,
    _in_flight: InFlight,
    ongoing: Ongoing,
}

/// How far the response has come.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Outcome {
    Complete,
    BrokenOff,
}

impl Kept {
    /// The response of the exchange, which is over when it is complete.
    pub(super) fn respond(mut self, mut response: Response) -> Response {
        // Correlation ids are visible ASCII.
        if let Ok(id) = HeaderValue::from_str(self.exchange.correlation.as_str()) {
            response.headers_mut().insert(CORRELATION, id);
        }
        if let Some(quota) = self.exchange.quota.get() {
            for (name, value) in [(POLICIES, quota.policies()), (LEFT, quota.left())] {
                if let Some(value) = value.and_then(|value| HeaderValue::from_str(&value).ok()) {
                    response.headers_mut().insert(name, value);
                }
            }
        }
        // A client of HTTP/1.1 sends nothing more on a connection that is about to be closed.
        if self.exchange.peer.is_draining() && self.version != Version::HTTP_2 {
            response.headers_mut().insert(CONNECTION, HeaderValue::from_static("close"));
        }
        self.exchange.entry().set_status(response.status().as_u16());
        let extensions = response.extensions();
        (self.failure, self.is_probe) = (extensions.get().copied(), extensions.get::<Probe>().is_some());
        self.ongoing.has_piece();
        response.map(|body| {
            let expected = HttpBody::size_hint(&body).exact();
            Body::new(Recorded { body, rest: Bytes::new(), expected, kept: self })
        })
    }
}

impl HttpBody for Recorded {
    type Data = Bytes;
    type Error = axum::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, axum::Error>>> {
        // The library has taken what came before.
        self.kept.ongoing.is_read();
        let mut frame = if self.rest.is_empty() {
            ready!(Pin::new(&mut self.body).poll_frame(context))
        } else {
            Some(Ok(Frame::data(std::mem::take(&mut self.rest))))
        };
        match &mut frame {
            Some(Ok(next)) => {
                if let Some(data) = next.data_mut() {
                    self.rest = data.split_off(data.len().min(FRAME));
                    // The library takes a frame as soon as the client has made room for one byte of it, and sends what else fits later. So
                    // when it takes the last byte, the client has made room for all others.
                    if self.kept.version == Version::HTTP_2 && self.is_end_stream() && data.len() > 1 {
                        self.rest = data.split_off(data.len() - 1);
                    }
                    self.kept.sent += data.len() as u64;
                }
                self.kept.ongoing.has_piece();
            }
            Some(Err(_)) => {}
            None => self.kept.outcome = Outcome::Complete,
        }
        if self.expected == Some(self.kept.sent) {
            self.kept.outcome = Outcome::Complete;
        }
        Poll::Ready(frame)
    }

    fn is_end_stream(&self) -> bool {
        self.rest.is_empty() && self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        let (mut hint, rest) = (self.body.size_hint(), self.rest.len() as u64);
        match hint.exact() {
            Some(length) => hint.set_exact(length + rest),
            None => hint.set_lower(hint.lower() + rest),
        }
        hint
    }
}

impl Drop for Recorded {
    fn drop(&mut self) {
        if self.expected == Some(0) || self.is_end_stream() {
            self.kept.outcome = Outcome::Complete;
        }
    }
}

impl Drop for Kept {
    fn drop(&mut self) {
        if self.is_probe {
            return;
        }
        // The library may have taken the last piece, and kept it for a client that did not read it.
        let is_gone = self.outcome == Outcome::BrokenOff || self.ongoing.is_given_up();
        let aborted = self.exchange.peer.is_aborted();
        let gone = is_gone.then_some(if aborted { ErrorKind::Stopping } else { ErrorKind::ClientGone });
        let records = self.exchange.records.get().copied();
        let failure = self.failure.or_else(|| self.exchange.failure.get().copied()).or(gone);
        self.exchange.entry().end(records, self.sent, failure);
    }
}
