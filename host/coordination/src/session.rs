//! The HTTP client of a service, which is replaced if the service fails again and again.

use std::fmt;
use std::sync::{Arc, PoisonError, RwLock};

use jurat_http::{Client, HttpError};
use jurat_model::chain;
use tokio::task::spawn_blocking;

/// The HTTP client of a service. It keeps connections and caches addresses, so a fresh one replaces it if the service fails again and
/// again: a dead connection or an old address does not last.
///
/// Clones share the client.
#[derive(Clone)]
pub struct Session(Arc<Inner>);

struct Inner {
    client: RwLock<Client>,
    make: Box<dyn Fn() -> Result<Client, HttpError> + Send + Sync>,
}

impl Session {
    /// A session that begins with a client, and gets others from a function. The function may block. The clients must neither follow
    /// redirects nor decompress.
    pub fn new(client: Client, make: impl Fn() -> Result<Client, HttpError> + Send + Sync + 'static) -> Self {
        Self(Arc::new(Inner { client: RwLock::new(client), make: Box::new(make) }))
    }

    /// The present client.
    pub(super) fn client(&self) -> Client {
        self.0.client.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Replaces the client, even if nobody waits for that. Requests under way end with the old one.
    pub(super) async fn renew(&self) {
        let session = self.clone();
        // If the function panics, the old client stays.
        _ = spawn_blocking(move || session.replace()).await;
    }

    fn replace(&self) {
        match (self.0.make)() {
            Ok(client) => {
                *self.0.client.write().unwrap_or_else(PoisonError::into_inner) = client;
                tracing::info!("the coordination service has failed too often, so it gets new connections");
            }
            Err(error) => {
                tracing::warn!(error = chain(&error), "the coordination service keeps its connections");
            }
        }
    }
}

impl fmt::Debug for Session {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("Session")
    }
}
