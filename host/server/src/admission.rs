//! Admission: how many connections are served at a time, and how many may be unauthenticated.

use std::collections::VecDeque;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::{OwnedSemaphorePermit, Semaphore, oneshot};

/// The limit of unauthenticated connections. Each costs little, and lasts for seconds only.
const MAX_UNAUTHENTICATED: usize = 64;

/// The permits for connections, and the connections that are not authenticated yet.
///
/// An unauthenticated connection holds no permit: a client that knows only the address cannot keep out the others. When there are
/// too many unauthenticated connections, the oldest is evicted.
#[derive(Debug)]
pub(crate) struct Admission {
    permits: Arc<Semaphore>,
    unauthenticated: Mutex<VecDeque<(u64, oneshot::Sender<Never>)>>,
    next: AtomicU64,
}

/// The right to be served. Dropping it lets another connection be served.
pub(crate) type Permit = OwnedSemaphorePermit;

/// How far the admission of a connection has come.
#[derive(Debug)]
pub(crate) enum Admitted {
    /// It is the only connection: the server ends with it.
    Sole,
    /// It is one of many, and has its permit.
    Permitted(Permit),
    /// It gets its permit once it is authenticated.
    Unauthenticated(Unauthenticated),
}

/// An unauthenticated connection.
#[derive(Debug)]
pub(crate) struct Unauthenticated {
    admission: Arc<Admission>,
    number: u64,
    evicted: oneshot::Receiver<Never>,
}

/// A message that cannot exist: the channel only tells that its sender was dropped.
#[derive(Debug, Eq, PartialEq)]
enum Never {}

impl Admission {
    /// With a limit of connections.
    pub(crate) fn new(max_connections: u32) -> Arc<Self> {
        let permits = Arc::new(Semaphore::new(max_connections as usize));
        Arc::new(Self { permits, unauthenticated: Mutex::default(), next: AtomicU64::new(0) })
    }

    /// A permit, unless the limit is reached.
    pub(crate) fn permit(&self) -> Option<Permit> {
        Arc::clone(&self.permits).try_acquire_owned().ok()
    }

    /// Admits a connection for the time that its authentication takes. Evicts the oldest such connection if there are too many.
    pub(crate) fn unauthenticated(self: &Arc<Self>) -> Unauthenticated {
        let number = self.next.fetch_add(1, Ordering::Relaxed);
        let (sender, evicted) = oneshot::channel();
        let mut waiting = self.waiting();
        if waiting.len() >= MAX_UNAUTHENTICATED {
            waiting.pop_front();
        }
        waiting.push_back((number, sender));
        Unauthenticated { admission: Arc::clone(self), number, evicted }
    }

    fn waiting(&self) -> MutexGuard<'_, VecDeque<(u64, oneshot::Sender<Never>)>> {
        self.unauthenticated.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Admitted {
    /// Waits until the connection is evicted; for ever, unless it is unauthenticated.
    pub(crate) async fn evicted(&mut self) {
        match self {
            Self::Unauthenticated(connection) => connection.evicted().await,
            Self::Sole | Self::Permitted(_) => std::future::pending().await,
        }
    }
}

impl Unauthenticated {
    /// Where an authenticated client gets its permit.
    pub(crate) fn admission(&self) -> Arc<Admission> {
        Arc::clone(&self.admission)
    }

    /// Waits until the connection is evicted.
    pub(crate) async fn evicted(&mut self) {
        let _ = (&mut self.evicted).await;
    }
}

impl Drop for Unauthenticated {
    fn drop(&mut self) {
        self.admission.waiting().retain(|(number, _)| *number != self.number);
    }
}

#[cfg(test)]
mod tests {
    use tokio::sync::oneshot::error::TryRecvError;

    use super::*;

    #[tokio::test]
    async fn unauthenticated_connections_hold_no_permits_and_the_oldest_is_evicted_first() {
        let admission = Admission::new(1);
        let wait = || admission.unauthenticated();
        let mut waiting: Vec<_> = (0..MAX_UNAUTHENTICATED).map(|_| wait()).collect();
        // A connection that is authenticated or gone lets another in.
        drop(waiting.remove(1));
        let next = wait();
        assert!(waiting.iter_mut().all(|connection| connection.evicted.try_recv() == Err(TryRecvError::Empty)));
        let _last = wait();
        waiting[0].evicted().await;
        assert_eq!(waiting[1].evicted.try_recv(), Err(TryRecvError::Empty));
        let permit = admission.permit().unwrap();
        assert!(admission.permit().is_none());
        drop((permit, next, waiting));
        assert!(admission.permit().is_some());
        assert_eq!(admission.waiting().len(), 1);
    }
}
