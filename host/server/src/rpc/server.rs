//! All clients together.

use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::time::Duration;

use jurat::AsyncService;
use jurat::settings::ServerSettings;
use tokio::io::{AsyncRead, AsyncWrite, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::task::JoinSet;
use tokio::time::{sleep, timeout};
use tokio_rustls::TlsAcceptor;

use super::auth::Token;
use super::budget::{Allowance, Budget};
use super::connection::{Farewell, serve};
use super::failure::{Failure, Kind};
use super::lines::{Lines, Time};
use super::listen::{Caller, Door, Listener};
use super::lobby::{Lobby, Visitor};
use super::log::Correlations;
use super::output::Presence;
use super::replies::write_reply;
use super::serving::Serving;
use super::stop::Stop;
use super::work::{Answers, Client, Power, Reply, refuse};

/// How long a client may take to agree on how to speak.
const HANDSHAKE: Duration = Duration::from_secs(10);
/// How long is waited when the system has no more connections to give.
const BREATH: Duration = Duration::from_millis(100);
/// How long is taken for telling a client that there are too many.
const TURN_AWAY: Duration = Duration::from_secs(1);
/// How many are told at a time; others find their connection closed.
const TURNED_AWAY: usize = 32;

/// So many clients must come together to use up the memory that all have for requests.
const SHARES: u64 = 4;

/// Serves clients. Clones are the same server.
#[derive(Clone, Debug)]
pub struct Server(Arc<Shared>);

/// How a server ended.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Ended {
    /// All that was read has been answered.
    Finished,
    /// The time was over, or somebody did not want to wait.
    Unfinished {
        /// The lines that were still worked on.
        requests: usize,
    },
    /// The only client stopped reading.
    ClientGone,
}

/// What all clients share.
#[derive(Debug)]
pub(crate) struct Shared {
    pub(crate) answers: Arc<dyn Answers>,
    pub(crate) settings: ServerSettings,
    /// The memory for requests.
    pub(crate) requests: Arc<Budget>,
    /// The memory for answers.
    pub(crate) replies: Arc<Budget>,
    pub(crate) correlations: Correlations,
    pub(crate) token: Option<Token>,
    pub(crate) stop: Stop,
    connections: AtomicU64,
    working: AtomicUsize,
}

/// A line that is being worked on.
pub(crate) struct Working<'a>(&'a AtomicUsize);

impl Server {
    /// A server for a service.
    #[must_use]
    pub fn new(service: AsyncService, settings: ServerSettings) -> Self {
        let requests = Budget::new(settings.max_buffered.get());
        let answers = Arc::new(Serving::new(service, Arc::clone(&requests)));
        Self(Shared::new(answers, settings, requests))
    }

    #[cfg(test)]
    pub(crate) fn answering(answers: Arc<dyn Answers>, settings: ServerSettings) -> Self {
        let requests = Budget::new(settings.max_buffered.get());
        Self(Shared::new(answers, settings, requests))
    }

    /// Serves one of many clients over a pair of streams.
    #[cfg(test)]
    pub(crate) async fn serve_one_of_many<R, W>(&self, reader: R, writer: W) -> Farewell
    where
        R: AsyncRead + Send + Unpin + 'static,
        W: AsyncWrite + Send + Unpin + 'static,
    {
        let place = Lobby::new(1).place().unwrap();
        serve(Arc::clone(&self.0), Visitor::Known(place), Power::Caller, reader, writer).await
    }

    /// What ends it.
    #[must_use]
    pub fn stop(&self) -> Stop {
        self.0.stop.clone()
    }

    /// Serves one client over standard input and output, and ends with it.
    pub async fn stdio(&self) -> Ended {
        self.serve(tokio::io::stdin(), tokio::io::stdout()).await
    }

    /// Serves one client over a pair of streams, and ends with it.
    pub async fn serve<R, W>(&self, reader: R, writer: W) -> Ended
    where
        R: AsyncRead + Send + Unpin + 'static,
        W: AsyncWrite + Send + Unpin + 'static,
    {
        let mut clients = JoinSet::new();
        clients.spawn(serve(Arc::clone(&self.0), Visitor::Only, Power::Operator, reader, writer));
        // It begins to drain when nothing more comes in.
        self.0.stop.draining().await;
        self.finish(clients).await
    }

    /// Serves all clients that a listener lets in, until it is told to stop.
    pub async fn listen(&self, listener: Listener) -> Ended {
        let shared = &self.0;
        tracing::info!("listening on {}", listener.address());
        let lobby = Lobby::new(shared.settings.max_connections.get());
        let farewells = Arc::new(Semaphore::new(TURNED_AWAY));
        let mut clients = JoinSet::new();
        loop {
            let caller = tokio::select! {
                biased;
                () = shared.stop.draining() => break,
                Some(_) = clients.join_next(), if !clients.is_empty() => continue,
                caller = listener.accept() => caller,
            };
            let caller = match caller {
                Ok(caller) => caller,
                Err(error) => {
                    tracing::warn!(%error, "a client could not be let in");
                    sleep(BREATH).await;
                    continue;
                }
            };
            let tls = listener.tls().map(|config| TlsAcceptor::from(Arc::clone(config)));
            let visitor = match listener.door() {
                // Until it is known, there is no place for it, and no way to speak with it.
                door if door == Door::Guarded || tls.is_some() => Some(Visitor::Stranger(lobby.wait(), door)),
                _ => lobby.place().map(Visitor::Known),
            };
            if let Some(visitor) = visitor {
                clients.spawn(attend(Arc::clone(shared), caller, tls, visitor));
            } else if let Ok(farewell) = Arc::clone(&farewells).try_acquire_owned() {
                tokio::spawn(turn_away(Arc::clone(shared), caller, farewell));
            }
        }
        drop(listener);
        match self.finish(clients).await {
            // One of many; the log has it.
            Ended::ClientGone => Ended::Finished,
            ended => ended,
        }
    }

    /// Waits for clients, but not for ever.
    async fn finish(&self, mut clients: JoinSet<Farewell>) -> Ended {
        let mut ended = Ended::Finished;
        let all = async {
            while let Some(client) = clients.join_next().await {
                if client.is_ok_and(|farewell| farewell == Farewell::Broken) {
                    ended = Ended::ClientGone;
                }
            }
        };
        let is_finished = tokio::select! {
            () = all => true,
            () = sleep(self.0.settings.drain) => false,
            () = self.0.stop.over() => false,
        };
        if is_finished { ended } else { Ended::Unfinished { requests: self.0.working.load(Ordering::Relaxed) } }
    }
}

impl Shared {
    fn new(answers: Arc<dyn Answers>, settings: ServerSettings, requests: Arc<Budget>) -> Arc<Self> {
        let replies = settings.max_reply.get().saturating_add(settings.max_buffered.get());
        Arc::new(Self {
            answers,
            requests,
            replies: Budget::new(replies),
            correlations: Correlations::new(),
            token: settings.token.as_ref().map(Token::new),
            settings,
            stop: Stop::new(),
            connections: AtomicU64::new(0),
            working: AtomicUsize::new(0),
        })
    }

    /// The number of a new connection.
    pub(crate) fn next_connection(&self) -> u64 {
        self.connections.fetch_add(1, Ordering::Relaxed) + 1
    }

    /// What a client may take for its requests: of what all have, no more than a part, but the longest line always.
    pub(crate) fn allowance(&self) -> Allowance {
        let share = (self.settings.max_buffered.get() / SHARES).max(self.settings.max_message.get());
        Allowance::new(&self.requests, share)
    }

    /// There are as many clients as there may be.
    pub(crate) fn full(&self) -> Failure {
        let most = self.settings.max_connections;
        let message = format!("there are {most} clients already, which is the most; see `rpc.max_connections`");
        Failure::new(Kind::TooManyConnections, message)
    }

    /// Says that a line is being worked on.
    pub(crate) fn begin(&self) -> Working<'_> {
        self.working.fetch_add(1, Ordering::Relaxed);
        Working(&self.working)
    }
}

impl Drop for Working<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}

/// Serves a client that has come in.
async fn attend(shared: Arc<Shared>, caller: Caller, tls: Option<TlsAcceptor>, visitor: Visitor) -> Farewell {
    match (caller, tls) {
        (Caller::Tcp(stream), None) => {
            let (reader, writer) = stream.into_split();
            serve(shared, visitor, Power::Caller, reader, writer).await
        }
        (Caller::Unix(stream), _) => {
            let (reader, writer) = stream.into_split();
            serve(shared, visitor, Power::Operator, reader, writer).await
        }
        (Caller::Tcp(stream), Some(tls)) => greet(shared, stream, tls, visitor).await,
    }
}

/// Serves a client with whom it must first be agreed how to speak.
async fn greet(shared: Arc<Shared>, stream: TcpStream, tls: TlsAcceptor, mut visitor: Visitor) -> Farewell {
    let agreed = tokio::select! {
        biased;
        agreed = timeout(HANDSHAKE, tls.accept(stream)) => agreed,
        () = visitor.must_go() => return Farewell::Answered,
        () = shared.stop.draining() => return Farewell::Answered,
    };
    match agreed.unwrap_or_else(|_| Err(io::ErrorKind::TimedOut.into())) {
        Ok(stream) => {
            let (reader, writer) = tokio::io::split(stream);
            serve(shared, visitor, Power::Caller, reader, writer).await
        }
        Err(error) => {
            tracing::info!(%error, "a client and this server do not agree on TLS");
            Farewell::Answered
        }
    }
}

/// Tells a client that there are too many.
async fn turn_away(shared: Arc<Shared>, caller: Caller, _farewell: OwnedSemaphorePermit) {
    match caller {
        Caller::Tcp(stream) => {
            let (reader, writer) = stream.into_split();
            tell(&shared, reader, writer).await;
        }
        Caller::Unix(stream) => {
            let (reader, writer) = stream.into_split();
            tell(&shared, reader, writer).await;
        }
    }
}

async fn tell(shared: &Arc<Shared>, reader: impl AsyncRead + Unpin, mut writer: impl AsyncWrite + Unpin) {
    let presence = Presence::default();
    let (number, calls) = (shared.next_connection(), Semaphore::new(0));
    let client = Client { number, calls, presence: presence.clone(), power: Power::Caller };
    let reply = Reply::One(refuse(shared, &client, &shared.output_limits(&presence), None, &shared.full()));
    if write_reply(&mut writer, &reply, Some(TURN_AWAY)).await.is_ok() && writer.shutdown().await.is_ok() {
        Lines::new(reader, shared.allowance(), Time::Shared).linger(TURN_AWAY).await;
    }
}

/// Runs a server on as many threads as there are processors, and leaves behind what has not ended with it.
///
/// # Errors
/// When the system gives no threads.
pub fn run<T>(server: impl Future<Output = T>) -> io::Result<T> {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    let ended = runtime.block_on(server);
    // A read of standard input cannot be called off.
    runtime.shutdown_background();
    Ok(ended)
}
