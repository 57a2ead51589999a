//! Requests that are under way, so that equal ones are made once.
//!
//! A flight belongs to nobody who waits for it: it goes on whoever gives up, and everybody who has boarded meanwhile gets what comes
//! of it, a failure as well. Nobody tries again for himself, or the end of a flight that failed would be a stampede.

use std::collections::HashMap;
use std::sync::mpsc::Sender;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use crate::cache::Key;
use crate::failure::{Failure, FailureKind};
use crate::message::Answer;

/// What came of a flight.
pub(super) type Outcome = Result<Arrived, Failure>;

/// An answer.
#[derive(Clone, Debug)]
pub(super) struct Arrived {
    pub(super) answer: Answer,
    /// Whether it comes from the cache.
    pub(super) is_cached: bool,
    /// Whether it is an older one that stands in.
    pub(super) is_stale: bool,
}

/// Somebody who waits for an outcome, as number `place` of theirs.
#[derive(Debug)]
pub(super) struct Waiter {
    pub(super) place: usize,
    pub(super) outcomes: Sender<(usize, Outcome)>,
}

/// All flights that have not landed.
#[derive(Debug, Default)]
pub(super) struct Flights(Mutex<HashMap<Arc<Key>, Vec<Waiter>>>);

/// A flight that whoever holds it has to make. Dropped without having landed, it tells everybody that it was given up.
#[derive(Debug)]
pub(super) struct Flight {
    flights: Arc<Flights>,
    key: Arc<Key>,
    has_landed: bool,
}

impl Flights {
    /// Boards the flight for a key. If there is none, it is now the caller's to make.
    pub(super) fn board(self: &Arc<Self>, key: Arc<Key>, waiter: Waiter) -> Option<Flight> {
        let mut flights = self.flights();
        if let Some(waiters) = flights.get_mut(&key) {
            waiters.push(waiter);
            return None;
        }
        flights.insert(Arc::clone(&key), vec![waiter]);
        Some(Flight { flights: Arc::clone(self), key, has_landed: false })
    }

    fn flights(&self) -> MutexGuard<'_, HashMap<Arc<Key>, Vec<Waiter>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Flight {
    pub(super) fn key(&self) -> &Arc<Key> {
        &self.key
    }

    /// Tells everybody who has boarded.
    pub(super) fn land(mut self, outcome: &Outcome) {
        self.tell(outcome);
    }

    fn tell(&mut self, outcome: &Outcome) {
        self.has_landed = true;
        let waiters = self.flights.flights().remove(&self.key);
        for Waiter { place, outcomes } in waiters.into_iter().flatten() {
            // Whoever has given up does not listen any more.
            _ = outcomes.send((place, outcome.clone()));
        }
    }
}

impl Drop for Flight {
    fn drop(&mut self) {
        // Once it has landed, the key may already be that of the next flight.
        if !self.has_landed {
            self.tell(&Err(given_up()));
        }
    }
}

/// What became of a flight that nobody makes any more.
pub(super) fn given_up() -> Failure {
    Failure::new(FailureKind::Unavailable, "the request to the coordination service was given up")
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc::{Receiver, channel};

    use super::*;

    fn key() -> Arc<Key> {
        Arc::new(Key::new("loan", &["parent"], "{}"))
    }

    fn board(flights: &Arc<Flights>, place: usize) -> (Option<Flight>, Receiver<(usize, Outcome)>) {
        let (outcomes, received) = channel();
        (flights.board(key(), Waiter { place, outcomes }), received)
    }

    #[test]
    fn everybody_on_board_gets_what_came_of_one_flight() {
        let flights = Arc::default();
        let (first, (second, third)) = (board(&flights, 1), (board(&flights, 2), board(&flights, 3)));
        assert!(second.0.is_none() && third.0.is_none());
        drop(second.1);
        first.0.unwrap().land(&Err(Failure::malformed("no")));
        for (place, received) in [(1, first.1), (3, third.1)] {
            let (found, outcome) = received.recv().unwrap();
            assert_eq!((found, &*outcome.unwrap_err().reason), (place, "no"));
        }
        assert!(board(&flights, 4).0.is_some(), "the next one is a flight of its own");
    }

    #[test]
    fn a_flight_that_is_given_up_strands_nobody() {
        let flights = Arc::default();
        let (leader, follower) = (board(&flights, 1), board(&flights, 2));
        drop(leader.0);
        assert_eq!(follower.1.recv().unwrap().1.unwrap_err().kind, FailureKind::Unavailable);
    }

    #[test]
    fn a_flight_that_has_landed_does_not_end_the_next_one() {
        let flights = Arc::default();
        let mut first = board(&flights, 1).0.unwrap();
        first.tell(&Err(Failure::malformed("no")));
        let (second, received) = board(&flights, 2);
        drop(first);
        assert!(received.try_recv().is_err());
        assert!(board(&flights, 3).0.is_none());
        drop(second);
    }
}
