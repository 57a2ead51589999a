//! What a connection is doing, and until when it may go on with it.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::time::{Instant, sleep_until};

/// How long a connection may wait.
#[derive(Clone, Copy, Debug)]
pub(super) struct Patience {
    /// For the first byte, and for the headers from their first byte on.
    pub(super) headers: Duration,
    /// For the first byte of its next request.
    pub(super) idle: Duration,
    /// Until its client has read a piece of a response.
    pub(super) unread: Duration,
}

/// The version of HTTP that a client speaks.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Version {
    /// HTTP/1.1 or 1.0: what arrives while there is no request begins one.
    One,
    /// HTTP/2: what arrives may be anything.
    Two,
}

/// What a connection is doing.
#[derive(Debug)]
pub(super) struct Activity {
    patience: Patience,
    version: Version,
    state: Mutex<State>,
}

#[derive(Debug)]
struct State {
    /// Requests whose response is not complete.
    requests: usize,
    /// When the connection must have gone on, if it has none.
    due: Instant,
    /// Whether the next bytes are the first ones of a request.
    may_begin: bool,
    /// The number of the next request.
    next: u64,
    /// Requests that wait until the client has read a piece of their response, and since when.
    unread: Vec<(u64, Instant)>,
    /// Whether the client has left something unread for too long.
    is_given_up: bool,
    /// Whether something that was written waits until the socket has room for it.
    is_unsent: bool,
}

/// A request of a connection, until its response is complete.
#[derive(Debug)]
pub(super) struct Ongoing {
    activity: Arc<Activity>,
    number: u64,
}

impl Activity {
    /// Of a connection that was accepted at that time, and has sent something.
    pub(super) fn new(patience: Patience, version: Version, accepted: Instant) -> Arc<Self> {
        let due = accepted + patience.headers;
        let state = State {
            requests: 0,
            due,
            may_begin: false,
            next: 0,
            unread: Vec::new(),
            is_given_up: false,
            is_unsent: false,
        };
        Arc::new(Self { patience, version, state: Mutex::new(state) })
    }

    /// Bytes have arrived.
    pub(super) fn has_arrived(&self) {
        let mut state = self.state();
        if state.may_begin && state.requests == 0 {
            state.may_begin = false;
            state.due = state.due.min(Instant::now() + self.patience.headers);
        }
    }

    /// The headers of a request have arrived.
    pub(super) fn request(self: &Arc<Self>) -> Ongoing {
        let mut state = self.state();
        state.requests += 1;
        state.next += 1;
        Ongoing { activity: Arc::clone(self), number: state.next }
    }

    /// Something that was written waits until the socket has room for it, or does not any more.
    pub(super) fn set_unsent(&self, is_unsent: bool) {
        let mut state = self.state();
        state.is_unsent = is_unsent;
        state.due = Instant::now() + self.patience.idle;
    }

    /// Whether a response is not complete, or not sent.
    pub(super) fn is_busy(&self) -> bool {
        let state = self.state();
        state.requests > 0 || state.is_unsent
    }

    /// Waits until the connection has waited for too long.
    pub(super) async fn is_over(&self) {
        loop {
            let now = Instant::now();
            let due = {
                let state = self.state();
                // How long a response may be unsent, is the stream's matter.
                if state.requests > 0 || state.is_unsent { None } else { Some(state.due) }
            };
            if due.is_some_and(|due| due <= now) {
                return;
            }
            // No state that begins later is over sooner than this.
            let soonest = now + self.patience.headers.min(self.patience.idle);
            sleep_until(due.map_or(soonest, |due| due.min(soonest))).await;
        }
    }

    /// Waits until the client has left a piece of a response unread for too long.
    ///
    /// Over HTTP/1.1, what is not read fills the socket, and writing fails. Over HTTP/2, a client says for each response how much of it
    /// may be sent, and nothing is written beyond that.
    pub(super) async fn is_unread(&self) {
        if self.version == Version::One {
            return std::future::pending().await;
        }
        loop {
            let now = Instant::now();
            let due = {
                let mut state = self.state();
                let due = state.unread.iter().map(|(_, since)| *since).min().unwrap_or(now) + self.patience.unread;
                state.is_given_up = due <= now;
                due
            };
            if due <= now {
                return;
            }
            sleep_until(due).await;
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Ongoing {
    /// A piece of the response is there for the client.
    pub(super) fn has_piece(&self) {
        let mut state = self.activity.state();
        state.unread.retain(|(number, _)| *number != self.number);
        state.unread.push((self.number, Instant::now()));
    }

    /// Whether the client has left a response of this connection unread for too long, so that the connection ends.
    pub(super) fn is_given_up(&self) -> bool {
        self.activity.state().is_given_up
    }

    /// The client has read all pieces that there are.
    pub(super) fn is_read(&self) {
        self.activity.state().unread.retain(|(number, _)| *number != self.number);
    }
}

impl Drop for Ongoing {
    fn drop(&mut self) {
        self.is_read();
        let Activity { patience, version, .. } = &*self.activity;
        let mut state = self.activity.state();
        state.requests -= 1;
        state.due = Instant::now() + patience.idle;
        state.may_begin = *version == Version::One;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const PATIENCE: Patience =
        Patience { headers: Duration::from_secs(10), idle: Duration::from_secs(60), unread: Duration::from_secs(30) };

    async fn seconds_until_over(activity: &Activity) -> u64 {
        let began = Instant::now();
        activity.is_over().await;
        began.elapsed().as_secs()
    }

    #[tokio::test(start_paused = true)]
    async fn a_connection_may_wait_for_its_first_request_and_longer_for_the_next() {
        let activity = Activity::new(PATIENCE, Version::One, Instant::now());
        assert_eq!(seconds_until_over(&activity).await, 10);

        drop(activity.request());
        assert_eq!(seconds_until_over(&activity).await, 60);

        drop(activity.request());
        activity.has_arrived();
        tokio::time::advance(Duration::from_secs(3)).await;
        // What arrives later does not lengthen it.
        activity.has_arrived();
        assert_eq!(seconds_until_over(&activity).await, 7);
    }

    #[tokio::test(start_paused = true)]
    async fn what_arrives_over_http_2_begins_no_request() {
        let activity = Activity::new(PATIENCE, Version::Two, Instant::now());
        drop(activity.request());
        activity.has_arrived();
        assert_eq!(seconds_until_over(&activity).await, 60);
    }

    #[tokio::test(start_paused = true)]
    async fn a_connection_with_a_request_is_not_over() {
        let activity = Activity::new(PATIENCE, Version::One, Instant::now());
        let requests = [activity.request(), activity.request()];
        let ended = tokio::time::timeout(Duration::from_secs(1_000), activity.is_over()).await;
        assert!(ended.is_err());
        drop(requests);
        assert_eq!(seconds_until_over(&activity).await, 60);
    }

    #[tokio::test(start_paused = true)]
    async fn each_response_must_be_read_in_time() {
        let activity = Activity::new(PATIENCE, Version::Two, Instant::now());
        let (one, other) = (activity.request(), activity.request());
        let began = Instant::now();
        one.has_piece();
        tokio::time::advance(Duration::from_secs(20)).await;
        one.is_read();
        other.has_piece();
        one.has_piece();
        tokio::time::advance(Duration::from_secs(20)).await;
        one.has_piece();
        activity.is_unread().await;
        assert_eq!(began.elapsed().as_secs(), 50);
        drop(other);
        activity.is_unread().await;
        assert_eq!(began.elapsed().as_secs(), 70);
    }
}
