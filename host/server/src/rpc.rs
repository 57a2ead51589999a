//! JSON-RPC 2.0: one message a line.
//!
//! Read in this order, each module uses only those before it:
//!
//! 1. `framing` reads lines, as far as there is memory for them (`partial_id` finds the id of a line that is refused);
//! 2. `request` and `message` parse a line;
//! 3. `envelope` puts results and errors into answers, and `reply` writes them;
//! 4. `dispatch` takes one message from its text to its reply;
//! 5. `authentication` and `connection` serve one connection; `stdio` opens the one over standard input and output.
//!
//! # Limits
//! The settings bound the memory, whatever clients send and however slowly they read: `max_message` bounds a line, `max_buffered`
//! all requests that are read or worked on - besides 64 KiB that each connection has of its own -, `max_reply` the answers to one
//! message, and both together all answers that are being made or wait to be read. A request that needs more is refused at once:
//! nothing waits for memory, so a deadlock is impossible.

mod authentication;
mod connection;
mod dispatch;
mod envelope;
mod framing;
mod message;
mod partial_id;
mod reply;
mod request;
mod stdio;

use std::sync::Arc;

use jurat::{AsyncService, PinnedBy};
use tokio::io::{AsyncRead, AsyncWrite};

use crate::admission::Admitted;
use crate::connection::{CloseReason, Connection};
use crate::handler::Handler;
use crate::listener::Listener;
use crate::protocol::Protocol;
use crate::server::{Ended, Server, Serving};
use crate::service::ServiceHandler;
use dispatch::Dispatcher;

/// JSON-RPC 2.0 for the clients of a server. Clones serve the same clients.
#[derive(Clone, Debug)]
pub struct JsonRpc {
    server: Server,
    dispatcher: Arc<Dispatcher>,
}

impl JsonRpc {
    /// Makes the calls of clients on a service.
    #[must_use]
    pub fn new(server: &Server, service: AsyncService) -> Self {
        Self::with_handler(server, Arc::new(ServiceHandler::new(service, PinnedBy::Rpc)))
    }

    fn with_handler(server: &Server, handler: Arc<dyn Handler>) -> Self {
        let dispatcher = Arc::new(Dispatcher::new(Arc::clone(server.state()), handler));
        Self { server: server.clone(), dispatcher }
    }

    /// Serves one client over standard input and output, and ends with it.
    #[must_use]
    pub fn stdio(&self) -> Serving<'_> {
        Box::pin(async {
            match stdio::pipes() {
                Ok((reader, writer)) => self.serve_sole(reader, writer).await,
                Err(_) => self.serve_sole(tokio::io::stdin(), tokio::io::stdout()).await,
            }
        })
    }

    /// Serves one client over a pair of streams, and ends with it.
    pub async fn serve_sole<R, W>(&self, reader: R, writer: W) -> Ended
    where
        R: AsyncRead + Send + Unpin + 'static,
        W: AsyncWrite + Send + Unpin + 'static,
    {
        self.server.serve_sole(self.clone(), reader, writer).await
    }

    /// Serves all clients of a listener until the server is stopped.
    #[must_use]
    pub fn listen(&self, listener: Listener) -> Serving<'_> {
        Box::pin(self.server.listen(self.clone(), listener))
    }
}

impl Protocol for JsonRpc {
    async fn serve<R, W>(self, connection: Connection<R, W>, admitted: Admitted) -> CloseReason
    where
        R: AsyncRead + Send + Unpin + 'static,
        W: AsyncWrite + Send + Unpin + 'static,
    {
        connection::serve(self.dispatcher, connection, admitted).await
    }

    async fn reject<R, W>(self, connection: Connection<R, W>)
    where
        R: AsyncRead + Send + Unpin + 'static,
        W: AsyncWrite + Send + Unpin + 'static,
    {
        connection::reject(self.dispatcher, connection).await;
    }
}

#[cfg(test)]
mod tests;
