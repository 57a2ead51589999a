//! A server: it accepts connections, limits them, hands them to a protocol, and drains.

use std::collections::VecDeque;
use std::io;
use std::net::SocketAddr;
use std::num::NonZeroUsize;
use std::pin::Pin;
use std::sync::Arc;
use std::task::Poll;
use std::thread;
use std::time::Duration;

use jurat::identity::Principal;
use jurat::observe::Observers;
use jurat::settings::Settings;
use jurat_identity::Authenticator;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio::task::{JoinError, JoinHandle, JoinSet};
use tokio::time::{Instant, Interval, interval, sleep, timeout};
use tokio_rustls::TlsAcceptor;

use crate::admission::Admitted;
use crate::authentication::Authentication;
use crate::connection::{CloseReason, ConnectionOrigin};
use crate::listener::{Accepted, Listener};
use crate::protocol::Protocol;
use crate::state::State;
use crate::stop::Stop;

/// How long the end of connections that were aborted may take.
const END: Duration = Duration::from_secs(1);
/// The pause after the system could not accept a connection.
const BACK_OFF: Duration = Duration::from_millis(100);
/// How many clients are told at a time that there are too many. For one more, the oldest such connection is closed. A probe asks at once,
/// and so is always answered.
const MAX_REJECTIONS: usize = 32;
/// The least time between two log lines about connections beyond the limit.
const BETWEEN_WARNINGS: Duration = Duration::from_secs(10);

/// A server: what its protocols share. Clones are the same server.
///
/// A protocol, such as [`JsonRpc`](crate::rpc::JsonRpc), is made for a server, and serves clients on its behalf.
#[derive(Clone, Debug)]
pub struct Server(Arc<State>);

/// A server at work. It is boxed, so that it is compiled, with this crate's optimization, here and not in the crate that awaits it.
pub type Serving<'a> = Pin<Box<dyn Future<Output = Ended> + Send + 'a>>;

/// How a server ended.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Ended {
    /// Everything that was read has been answered.
    Finished,
    /// The time limit for draining passed, or a second signal came.
    Unfinished {
        /// The number of messages that were still being worked on.
        requests: usize,
    },
    /// The only client stopped reading.
    ClientGone,
}

/// Waits for all listeners of one server, and says how they ended together.
pub async fn all<'a>(serving: impl IntoIterator<Item = Serving<'a>>) -> Ended {
    let mut ended = Ended::Finished;
    // Each is polled until it ends, whichever comes first.
    let mut serving: Vec<_> = serving.into_iter().collect();
    std::future::poll_fn(|context| {
        serving.retain_mut(|one| match one.as_mut().poll(context) {
            Poll::Ready(how) => {
                ended = ended.worse(how);
                false
            }
            Poll::Pending => true,
        });
        if serving.is_empty() { Poll::Ready(()) } else { Poll::Pending }
    })
    .await;
    ended
}

impl Ended {
    fn worse(self, other: Self) -> Self {
        match (self, other) {
            (Self::Finished, other) => other,
            (Self::Unfinished { requests }, Self::Unfinished { requests: others }) => {
                Self::Unfinished { requests: requests.max(others) }
            }
            (worse @ (Self::Unfinished { .. } | Self::ClientGone), _) => worse,
        }
    }
}

impl Server {
    /// A server with these settings. It reports authentications and refusals by limits to the observers.
    ///
    /// `authenticator` knows the credentials of clients over TCP, if they show any; without one, it refuses all that are shown.
    #[must_use]
    pub fn new(settings: &Settings, authenticator: Option<Arc<Authenticator>>, observers: Observers) -> Self {
        Self(State::new(settings, authenticator, observers))
    }

    /// The handle that stops the server.
    #[must_use]
    pub fn stop(&self) -> Stop {
        self.0.stop.clone()
    }

    /// Drains at the first SIGTERM or SIGINT, and ends at the second. Logs both, with the number of requests that are being worked on.
    /// For `delay`, it serves on after the first, and `/ready` says that it stops.
    ///
    /// # Errors
    /// When the system does not let this process handle signals.
    pub fn stop_on_signals(&self, delay: Duration) -> io::Result<()> {
        // A reference that the server does not wait for.
        let state = Arc::downgrade(&self.0);
        self.0.stop.on_signals(delay, move || state.upgrade().map_or(0, |state| state.in_flight()))
    }

    pub(crate) fn state(&self) -> &Arc<State> {
        &self.0
    }

    /// Serves one client over a pair of streams, and ends with it.
    pub(crate) async fn serve_sole<P, R, W>(&self, protocol: P, reader: R, writer: W) -> Ended
    where
        P: Protocol,
        R: AsyncRead + Send + Unpin + 'static,
        W: AsyncWrite + Send + Unpin + 'static,
    {
        let mut connections = JoinSet::new();
        let authentication = Authentication::Connection(Arc::new(Principal::operator()));
        let origin = ConnectionOrigin { authentication, peer: None };
        connections.spawn(protocol.serve(self.0.connection(origin, reader, writer), Admitted::Sole));
        // The protocol drains the server when its only client sends nothing more.
        self.0.stop.draining().await;
        self.drain::<P>(connections).await
    }

    /// Serves all clients of a listener until the server is stopped.
    pub(crate) async fn listen<P: Protocol>(&self, protocol: P, listener: Listener) -> Ended {
        let state = &self.0;
        tracing::info!("listening on {}", listener.address());
        let mut rejections = Rejections::default();
        let mut connections = JoinSet::new();
        let identity = listener.tls().cloned();
        let mut look = identity.as_ref().map(|identity| {
            identity.offer(P::ALPN);
            interval(identity.interval())
        });
        loop {
            let accepted = tokio::select! {
                biased;
                () = state.stop.draining() => break,
                Some(ended) = connections.join_next(), if !connections.is_empty() => {
                    close_reason(ended);
                    continue;
                }
                () = due(look.as_mut()) => {
                    if let Some(identity) = identity.clone() {
                        tokio::task::spawn_blocking(move || identity.follow());
                    }
                    continue;
                }
                accepted = listener.accept() => accepted,
            };
            let (accepted, origin) = match accepted {
                Ok(accepted) => accepted,
                Err(error) => {
                    tracing::warn!(%error, "accept failed");
                    sleep(BACK_OFF).await;
                    continue;
                }
            };
            let protocol = protocol.clone();
            let tls = listener.tls().map(|identity| TlsAcceptor::from(identity.config()));
            // A client gets its permit when it has shown what the listener demands.
            let admitted = if tls.is_some() || origin.authentication.principal().is_none() {
                Some(Admitted::Unauthenticated(state.admission.unauthenticated()))
            } else {
                state.admission.permit().map(Admitted::Permitted)
            };
            if let Some(admitted) = admitted {
                connections.spawn(serve(Arc::clone(state), protocol, origin, accepted, tls, admitted));
            } else {
                rejections.warn(origin.peer);
                let state = Arc::clone(state);
                rejections.add(tokio::spawn(async move { reject(&state, protocol, origin, accepted).await }));
            }
        }
        let address = listener.address().to_owned();
        drop(listener);
        match self.drain::<P>(connections).await {
            // It was one of many; the log has it.
            Ended::ClientGone | Ended::Finished => {
                tracing::info!("no longer listening on {address}: every request there was answered");
                Ended::Finished
            }
            ended => ended,
        }
    }

    /// Waits for connections, but no longer than the settings allow.
    async fn drain<P: Protocol>(&self, mut connections: JoinSet<CloseReason>) -> Ended {
        let mut ended = Ended::Finished;
        let all = async {
            while let Some(connection) = connections.join_next().await {
                match close_reason(connection) {
                    Some(CloseReason::WriteFailed) if ended == Ended::Finished => ended = Ended::ClientGone,
                    Some(CloseReason::Answered | CloseReason::WriteFailed) => {}
                    // Some of its requests have no answer.
                    None => ended = Ended::Unfinished { requests: self.0.in_flight().max(1) },
                }
            }
        };
        let aborted = tokio::select! {
            biased;
            () = all => None,
            () = self.0.stop.over() => {
                // Connections without requests lose nothing, and nobody waits for them to close.
                (self.0.in_flight() > 0).then_some("it was told to end at once")
            }
            () = sleep(self.0.settings.drain) => Some("`server.drain_ms` is over"),
        };
        let Some(reason) = aborted else { return ended };
        let requests = self.0.in_flight();
        tracing::warn!(in_flight = requests, reason, "the server has stopped, and requests were aborted");
        self.0.stop.abort();
        self.0.cancellation.cancel();
        // Clients that still read are told why there is no result.
        let _ = timeout(P::LAST_WORDS, async { while connections.join_next().await.is_some() {} }).await;
        // What is dropped now still says so in the log.
        let _ = timeout(END, connections.shutdown()).await;
        Ended::Unfinished { requests }
    }
}

/// Connections that are told that there are too many.
#[derive(Debug, Default)]
struct Rejections {
    tasks: VecDeque<JoinHandle<()>>,
    /// Those since the last warning.
    unsaid: u64,
    warned: Option<Instant>,
}

impl Rejections {
    fn add(&mut self, task: JoinHandle<()>) {
        self.tasks.retain(|task| !task.is_finished());
        if self.tasks.len() >= MAX_REJECTIONS
            && let Some(oldest) = self.tasks.pop_front()
        {
            oldest.abort();
        }
        self.tasks.push_back(task);
    }

    fn warn(&mut self, peer: Option<SocketAddr>) {
        self.unsaid += 1;
        if self.warned.is_none_or(|warned| warned.elapsed() >= BETWEEN_WARNINGS) {
            let peer = peer.map(tracing::field::display);
            tracing::warn!(peer, connections = self.unsaid, "too many connections; see `server.max_connections`");
            (self.unsaid, self.warned) = (0, Some(Instant::now()));
        }
    }
}

/// Waits until it is time to look; for ever, if there is nothing to look at.
async fn due(interval: Option<&mut Interval>) {
    match interval {
        Some(interval) => {
            interval.tick().await;
        }
        None => std::future::pending().await,
    }
}

/// How a connection ended; none if its task panicked, which is a bug.
fn close_reason(ended: Result<CloseReason, JoinError>) -> Option<CloseReason> {
    ended.inspect_err(|error| tracing::error!(%error, "a connection ended because of a bug")).ok()
}

/// Serves an accepted connection.
async fn serve<P: Protocol>(
    state: Arc<State>,
    protocol: P,
    origin: ConnectionOrigin,
    accepted: Accepted,
    tls: Option<TlsAcceptor>,
    admitted: Admitted,
) -> CloseReason {
    match (accepted, tls) {
        (Accepted::Tcp(stream), None) => {
            let (reader, writer) = stream.into_split();
            protocol.serve(state.connection(origin, reader, writer), admitted).await
        }
        (Accepted::Unix(stream), _) => {
            let (reader, writer) = stream.into_split();
            protocol.serve(state.connection(origin, reader, writer), admitted).await
        }
        (Accepted::Tcp(stream), Some(tls)) => serve_tls(state, protocol, origin, stream, tls, admitted).await,
    }
}

/// Agrees on TLS, and then serves the connection.
async fn serve_tls<P: Protocol>(
    state: Arc<State>,
    protocol: P,
    origin: ConnectionOrigin,
    stream: TcpStream,
    tls: TlsAcceptor,
    mut admitted: Admitted,
) -> CloseReason {
    let peer = origin.peer.map(tracing::field::display);
    let agreed = tokio::select! {
        biased;
        agreed = timeout(state.settings.handshake_timeout, tls.accept(stream)) => agreed,
        () = admitted.evicted() => return CloseReason::Answered,
        () = state.stop.draining() => return CloseReason::Answered,
    };
    match agreed.unwrap_or_else(|_| Err(io::ErrorKind::TimedOut.into())) {
        Ok(stream) => {
            let (reader, writer) = tokio::io::split(stream);
            protocol.serve(state.connection(origin, reader, writer), admitted).await
        }
        Err(error) => {
            tracing::info!(peer, %error, "the TLS handshake failed");
            CloseReason::Answered
        }
    }
}

/// Tells the client of an accepted connection that there are too many.
async fn reject<P: Protocol>(state: &State, protocol: P, origin: ConnectionOrigin, accepted: Accepted) {
    match accepted {
        Accepted::Tcp(stream) => {
            let (reader, writer) = stream.into_split();
            protocol.reject(state.connection(origin, reader, writer)).await;
        }
        Accepted::Unix(stream) => {
            let (reader, writer) = stream.into_split();
            protocol.reject(state.connection(origin, reader, writer)).await;
        }
    }
}

/// Runs a server on half as many threads as there are processors, and abandons what has not ended with it. These only read and write:
/// threads of the service do the rest, and need the processors.
///
/// # Errors
/// When the system gives no threads.
pub fn run<T>(server: impl Future<Output = T>) -> io::Result<T> {
    let processors = thread::available_parallelism().map_or(1, NonZeroUsize::get);
    // A thread of the runtime that is woken wakes another one, to help it. With one thread there is none.
    let threads = (processors / 2).max(1);
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(threads).enable_all().build()?;
    let ended = runtime.block_on(server);
    // A read of standard input cannot be cancelled.
    runtime.shutdown_background();
    Ok(ended)
}
