//! Places for requests: a bounded number are worked on, and a bounded number wait for a bounded time.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use jurat::settings::ApiSettings;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::timeout;

use crate::error::{ErrorKind, RequestError};

/// The places for requests.
#[derive(Debug)]
pub(super) struct Places {
    permits: Arc<Semaphore>,
    /// Those that streams may have, which last for as long as their clients like: half of all.
    streams: Arc<Semaphore>,
    waiting: AtomicU32,
    max_waiting: u32,
    patience: Duration,
}

/// A place. Dropping it makes way for another request.
#[derive(Debug)]
pub(super) struct Place {
    _permit: OwnedSemaphorePermit,
    _stream: Option<OwnedSemaphorePermit>,
}

/// One that waits. Dropping it makes way for another.
struct Waiting<'a>(&'a AtomicU32);

impl Places {
    pub(super) fn new(settings: &ApiSettings) -> Self {
        Self {
            permits: Arc::new(Semaphore::new(settings.max_concurrent.get() as usize)),
            streams: Arc::new(Semaphore::new(settings.max_concurrent.get().div_ceil(2) as usize)),
            waiting: AtomicU32::new(0),
            max_waiting: settings.max_queued,
            patience: settings.queue_timeout,
        }
    }

    /// Fails where no place is free, and no further request may wait for one.
    pub(super) fn check(&self) -> Result<(), RequestError> {
        let is_free = self.permits.available_permits() > 0 || self.waiting.load(Ordering::Relaxed) < self.max_waiting;
        if is_free { Ok(()) } else { Err(too_busy()) }
    }

    /// Takes a place, if there is one or will be one soon.
    pub(super) async fn take(&self) -> Result<Place, RequestError> {
        Ok(Place { _permit: self.wait_for(&self.permits).await?, _stream: None })
    }

    /// Takes a place for a stream, if there is one or will be one soon.
    pub(super) async fn take_for_stream(&self) -> Result<Place, RequestError> {
        let stream = self.wait_for(&self.streams).await?;
        Ok(Place { _stream: Some(stream), ..self.take().await? })
    }

    async fn wait_for(&self, permits: &Arc<Semaphore>) -> Result<OwnedSemaphorePermit, RequestError> {
        let permits = Arc::clone(permits);
        if let Ok(permit) = Arc::clone(&permits).try_acquire_owned() {
            return Ok(permit);
        }
        let count = |waiting: u32| (waiting < self.max_waiting).then(|| waiting + 1);
        if self.waiting.fetch_update(Ordering::Relaxed, Ordering::Relaxed, count).is_err() {
            return Err(too_busy());
        }
        let _waiting = Waiting(&self.waiting);
        match timeout(self.patience, permits.acquire_owned()).await {
            Ok(Ok(permit)) => Ok(permit),
            Ok(Err(_)) => Err(RequestError::bug("the places for requests were closed")),
            Err(_) => Err(too_busy()),
        }
    }
}

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}

fn too_busy() -> RequestError {
    RequestError::new(
        ErrorKind::TooBusy,
        "the server works on as many requests as it may; try again later, or raise `api.max_concurrent`",
    )
}
