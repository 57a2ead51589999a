//! The HTTP API.
//!
//! Read in this order, each module uses only those before it:
//!
//! 1. `response` and `problem`: responses, and errors as such;
//! 2. `activity` and `stream`: how long a connection may take for what; `leftover`: what it sends in vain; `connection` serves one;
//! 3. `places`: how many requests are worked on; `api`: what all of them share;
//! 4. `exchange`: one request and its response, in the log; `answer` makes responses, and `probes` the shortest ones;
//! 5. `guards`: what a request must pass;
//! 6. `body` and `query` read it, `lines` streams it, `calls` has its call made;
//! 7. `routes`: which path leads to what, through which guards.
//!
//! # The order of the guards
//! The accept loop bounds connections and the TLS handshake; `stream` and `activity` bound how long the first byte, the headers, the wait
//! for the next request and unread responses may take; `connection` bounds the number and the length of headers, and of the streams of a
//! connection. Then, for each request: a correlation id and a log line (`exchange`); headers for browsers; panics; the probes
//! `/health` and `/ready`; `Host`; `Origin`; the token; the number of requests; the deadline; and in the call, the type, the length and
//! the pace of the body, its parameters, and its records.

mod activity;
mod answer;
mod api;
mod body;
mod calls;
mod connection;
mod decompression;
mod exchange;
mod guards;
mod leftover;
mod lines;
mod openapi;
mod pages;
mod paths;
mod places;
mod probes;
mod problem;
mod query;
mod response;
mod routes;
mod schema;
mod stream;

use std::sync::Arc;
use std::time::Duration;

use jurat::settings::ApiSettings;
use jurat::{AsyncService, PinnedBy};
use tokio::io::{AsyncRead, AsyncWrite};

use crate::admission::Admitted;
use crate::connection::{CloseReason, Connection};
use crate::handler::Handler;
use crate::listener::Listener;
use crate::protocol::Protocol;
use crate::server::{Server, Serving};
use crate::service::ServiceHandler;
use api::Api;
use connection::Peer;
use guards::headers::Transport;
use places::Places;
use routes::Routes;

/// The HTTP API for the clients of a server.
#[derive(Clone, Debug)]
pub struct HttpApi {
    server: Server,
    handler: Arc<dyn Handler>,
    settings: Arc<ApiSettings>,
}

/// The API at one listener. Clones serve the same clients.
#[derive(Clone, Debug)]
struct Http {
    api: Arc<Api>,
    routes: Arc<Routes>,
}

impl HttpApi {
    /// Makes the calls of clients on a service.
    #[must_use]
    pub fn new(server: &Server, service: AsyncService, settings: ApiSettings) -> Self {
        Self::with_handler(server, Arc::new(ServiceHandler::new(service, PinnedBy::Http)), settings)
    }

    fn with_handler(server: &Server, handler: Arc<dyn Handler>, settings: ApiSettings) -> Self {
        Self { server: server.clone(), handler, settings: Arc::new(settings) }
    }

    /// Serves all clients of a listener until the server is stopped.
    #[must_use]
    pub fn listen(&self, listener: Listener) -> Serving<'_> {
        self.serve(listener, Routes::of_clients)
    }

    /// Serves operators: they can also see the status, and decide which release serves. `listener` is a Unix socket, or one that
    /// [`Listener::operators`] has made; on any other, the calls of operators are forbidden.
    #[must_use]
    pub fn listen_to_operators(&self, listener: Listener) -> Serving<'_> {
        self.serve(listener, Routes::of_operators)
    }

    fn serve(&self, listener: Listener, routes: fn(Arc<Api>, Transport) -> Routes) -> Serving<'_> {
        let transport = if listener.tls().is_some() { Transport::Tls } else { Transport::Plain };
        let api = Arc::new(Api {
            state: Arc::clone(self.server.state()),
            handler: Arc::clone(&self.handler),
            places: Places::new(&self.settings),
            settings: Arc::clone(&self.settings),
        });
        let routes = Arc::new(routes(Arc::clone(&api), transport));
        Box::pin(self.server.listen(Http { api, routes }, listener))
    }
}

impl Protocol for Http {
    const ALPN: &[&[u8]] = &[b"h2", b"http/1.1"];
    const LAST_WORDS: Duration = Duration::from_millis(200);

    async fn serve<R, W>(self, connection: Connection<R, W>, admitted: Admitted) -> CloseReason
    where
        R: AsyncRead + Send + Unpin + 'static,
        W: AsyncWrite + Send + Unpin + 'static,
    {
        let Self { api, routes } = self;
        let answer = move |peer: Arc<Peer>, request| {
            let routes = Arc::clone(&routes);
            async move { routes.answer(&peer, request).await }
        };
        connection::serve(Arc::clone(&api.state), &api.settings, answer, connection, admitted).await
    }

    async fn reject<R, W>(self, connection: Connection<R, W>)
    where
        R: AsyncRead + Send + Unpin + 'static,
        W: AsyncWrite + Send + Unpin + 'static,
    {
        // It finds no permit.
        self.serve(connection, Admitted::Sole).await;
    }
}

#[cfg(test)]
mod tests;
