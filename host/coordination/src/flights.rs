//! Requests under way (single flight): equal ones are made once.
//!
//! A flight does not end if a waiter gives up, and all waiters get its outcome, also a failure. No waiter retries by itself: after
//! a failed flight all of them would do so at once.

use std::collections::HashMap;
use std::sync::mpsc::Sender;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use crate::cache::Key;
use crate::fetch_failure::{FetchFailure, FetchFailureKind};
use crate::message::Answer;

/// The outcome of a flight.
pub(super) type Outcome = Result<FetchedAnswer, FetchFailure>;

/// An answer.
#[derive(Clone, Debug)]
pub(super) struct FetchedAnswer {
    pub(super) answer: Answer,
    /// Whether it comes from the cache.
    pub(super) is_cached: bool,
    /// Whether it is a stale one from the cache.
    pub(super) is_stale: bool,
}

/// A caller that waits for an outcome: the one of its record with this index.
#[derive(Debug)]
pub(super) struct Waiter {
    pub(super) index: usize,
    pub(super) outcomes: Sender<(usize, Outcome)>,
}

/// All flights that have not landed.
#[derive(Debug, Default)]
pub(super) struct Flights(Mutex<HashMap<Arc<Key>, Vec<Waiter>>>);

/// A flight that its owner has to make. If it is dropped before it has landed, all waiters learn that it was given up.
#[derive(Debug)]
pub(super) struct Flight {
    flights: Arc<Flights>,
    key: Arc<Key>,
    has_landed: bool,
}

impl Flights {
    /// Joins the flight for a key. If there is none, returns a new one, which the caller has to make.
    pub(super) fn join(self: &Arc<Self>, key: Arc<Key>, waiter: Waiter) -> Option<Flight> {
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

    /// Sends the outcome to all waiters.
    pub(super) fn land(mut self, outcome: &Outcome) {
        self.finish(outcome);
    }

    fn finish(&mut self, outcome: &Outcome) {
        self.has_landed = true;
        let waiters = self.flights.flights().remove(&self.key);
        for Waiter { index, outcomes } in waiters.into_iter().flatten() {
            // A waiter that has given up has dropped its receiver.
            _ = outcomes.send((index, outcome.clone()));
        }
    }
}

impl Drop for Flight {
    fn drop(&mut self) {
        // Once it has landed, the key may already belong to the next flight.
        if !self.has_landed {
            self.finish(&Err(given_up()));
        }
    }
}

/// The outcome of an abandoned flight.
pub(super) fn given_up() -> FetchFailure {
    FetchFailure::new(FetchFailureKind::Unavailable, "the request to the coordination service was given up")
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc::{Receiver, channel};

    use super::*;

    fn key() -> Arc<Key> {
        Arc::new(Key::new("loan", &["parent"], "{}"))
    }

    fn join(flights: &Arc<Flights>, index: usize) -> (Option<Flight>, Receiver<(usize, Outcome)>) {
        let (outcomes, received) = channel();
        (flights.join(key(), Waiter { index, outcomes }), received)
    }

    #[test]
    fn all_waiters_get_the_outcome_of_one_flight() {
        let flights = Arc::default();
        let (first, (second, third)) = (join(&flights, 1), (join(&flights, 2), join(&flights, 3)));
        assert!(second.0.is_none() && third.0.is_none());
        drop(second.1);
        first.0.unwrap().land(&Err(FetchFailure::malformed("no")));
        for (index, received) in [(1, first.1), (3, third.1)] {
            let (found, outcome) = received.recv().unwrap();
            assert_eq!((found, &*outcome.unwrap_err().reason), (index, "no"));
        }
        assert!(join(&flights, 4).0.is_some(), "the next one is a flight of its own");
    }

    #[test]
    fn a_flight_that_is_given_up_ends_the_wait_of_all() {
        let flights = Arc::default();
        let (leader, follower) = (join(&flights, 1), join(&flights, 2));
        drop(leader.0);
        assert_eq!(follower.1.recv().unwrap().1.unwrap_err().kind, FetchFailureKind::Unavailable);
    }

    #[test]
    fn a_flight_that_has_landed_does_not_end_the_next_one() {
        let flights = Arc::default();
        let mut first = join(&flights, 1).0.unwrap();
        first.finish(&Err(FetchFailure::malformed("no")));
        let (second, received) = join(&flights, 2);
        drop(first);
        assert!(received.try_recv().is_err());
        assert!(join(&flights, 3).0.is_none());
        drop(second);
    }
}
