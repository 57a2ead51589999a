//! The time in which a proof runs, and those who take part in it.

use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use jurat_tests::connection::PATIENCE;

/// The time between two looks at something that is waited for: a loop without a pause would take a processor from the server.
const BETWEEN_LOOKS: Duration = Duration::from_millis(5);

/// Goes on until it is over; it is over when somebody says so, or fails.
#[derive(Debug, Default)]
pub(crate) struct Run {
    is_over: Mutex<bool>,
    ended: Condvar,
}

/// Somebody who takes part. Who panics ends the run, so that nobody waits for what does not come any more.
#[derive(Debug)]
pub(crate) struct Part<'r>(&'r Run);

impl Run {
    pub(crate) fn part(&self) -> Part<'_> {
        Part(self)
    }

    pub(crate) fn is_over(&self) -> bool {
        *self.state()
    }

    /// Pauses, until the run is over at the latest. Whether it goes on.
    pub(crate) fn pause(&self, time: Duration) -> bool {
        let is_over = self.ended.wait_timeout_while(self.state(), time, |is_over| !*is_over);
        !*is_over.unwrap_or_else(PoisonError::into_inner).0
    }

    pub(crate) fn end(&self) {
        *self.state() = true;
        self.ended.notify_all();
    }

    fn state(&self) -> MutexGuard<'_, bool> {
        self.is_over.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Part<'_> {
    fn drop(&mut self) {
        if thread::panicking() {
            self.0.end();
        }
    }
}

/// Looks until there is something, and fails if that takes too long.
#[track_caller]
pub(crate) fn until<T>(what: &str, mut look: impl FnMut() -> Option<T>) -> T {
    let deadline = Instant::now() + PATIENCE;
    loop {
        if let Some(seen) = look() {
            return seen;
        }
        assert!(Instant::now() < deadline, "never: {what}");
        thread::sleep(BETWEEN_LOOKS);
    }
}
