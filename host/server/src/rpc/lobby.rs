//! Who is in, and who still has to show that it may come in.

use std::collections::VecDeque;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::{OwnedSemaphorePermit, Semaphore, oneshot};

use super::listen::Door;

/// The most who have not shown yet that they may come in. They cost little, and no more than a moment is granted to each.
const STRANGERS: usize = 64;

/// The places of clients, and those who wait to be known.
///
/// Strangers take no places: whoever knows nothing but the address cannot keep those out who may come in. Where there are too
/// many strangers, the one that has waited longest goes.
#[derive(Debug)]
pub(crate) struct Lobby {
    places: Arc<Semaphore>,
    strangers: Mutex<VecDeque<(u64, oneshot::Sender<Never>)>>,
    next: AtomicU64,
}

/// Somebody who comes in.
#[derive(Debug)]
pub(crate) enum Visitor {
    /// The only client there is; the server ends with it.
    Only,
    /// One of many, who has a place.
    Known(OwnedSemaphorePermit),
    /// One who will have a place once it is known.
    Stranger(Stranger, Door),
}

/// Somebody who is not known yet.
#[derive(Debug)]
pub(crate) struct Stranger {
    lobby: Arc<Lobby>,
    number: u64,
    turn: oneshot::Receiver<Never>,
}

/// Nothing is ever said to strangers in this way; that nobody can say it any more is what they wait for.
#[derive(Debug, Eq, PartialEq)]
enum Never {}

impl Lobby {
    /// With so many places.
    pub(crate) fn new(places: u32) -> Arc<Self> {
        let places = Arc::new(Semaphore::new(places as usize));
        Arc::new(Self { places, strangers: Mutex::default(), next: AtomicU64::new(0) })
    }

    /// A place for a client, if there is one.
    pub(crate) fn place(&self) -> Option<OwnedSemaphorePermit> {
        Arc::clone(&self.places).try_acquire_owned().ok()
    }

    /// Lets a stranger wait, and the one go that has waited longest, if there are too many.
    pub(crate) fn wait(self: &Arc<Self>) -> Stranger {
        let number = self.next.fetch_add(1, Ordering::Relaxed);
        let (sender, turn) = oneshot::channel();
        let mut strangers = self.strangers();
        if strangers.len() >= STRANGERS {
            strangers.pop_front();
        }
        strangers.push_back((number, sender));
        Stranger { lobby: Arc::clone(self), number, turn }
    }

    fn strangers(&self) -> MutexGuard<'_, VecDeque<(u64, oneshot::Sender<Never>)>> {
        self.strangers.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Visitor {
    /// Waits until it must go for others to come; for ever, unless it is a stranger.
    pub(crate) async fn must_go(&mut self) {
        match self {
            Self::Stranger(stranger, _) => stranger.must_go().await,
            Self::Only | Self::Known(_) => std::future::pending().await,
        }
    }
}

impl Stranger {
    /// Where it waits.
    pub(crate) fn lobby(&self) -> Arc<Lobby> {
        Arc::clone(&self.lobby)
    }

    /// Waits until it must go for others to come.
    pub(crate) async fn must_go(&mut self) {
        let _ = (&mut self.turn).await;
    }
}

impl Drop for Stranger {
    fn drop(&mut self) {
        self.lobby.strangers().retain(|(number, _)| *number != self.number);
    }
}

#[cfg(test)]
mod tests {
    use tokio::sync::oneshot::error::TryRecvError;

    use super::*;

    #[tokio::test]
    async fn strangers_take_no_places_and_the_one_that_waited_longest_goes_first() {
        let lobby = Lobby::new(1);
        let mut strangers: Vec<_> = (0..STRANGERS).map(|_| lobby.wait()).collect();
        // Who is no stranger any more leaves room for one.
        drop(strangers.remove(1));
        let next = lobby.wait();
        assert!(strangers.iter_mut().all(|stranger| stranger.turn.try_recv() == Err(TryRecvError::Empty)));
        let _last = lobby.wait();
        strangers[0].must_go().await;
        assert_eq!(strangers[1].turn.try_recv(), Err(TryRecvError::Empty));
        let place = lobby.place().unwrap();
        assert!(lobby.place().is_none());
        drop((place, next, strangers));
        assert!(lobby.place().is_some());
        assert_eq!(lobby.strangers().len(), 1);
    }
}
