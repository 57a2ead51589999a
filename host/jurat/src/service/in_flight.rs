//! Counts calls under way, so that closing can wait for them, and waiting calls.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};

/// Counts calls under way, until it is closed.
#[derive(Debug, Default)]
pub(super) struct InFlight {
    state: Mutex<State>,
    ended: Condvar,
}

#[derive(Debug, Default)]
struct State {
    count: usize,
    is_closed: bool,
}

/// One call; it ends when this is dropped.
#[derive(Debug)]
pub(super) struct Call(Arc<InFlight>);

impl InFlight {
    /// Begins a call; none after closing.
    pub(super) fn enter(self: &Arc<Self>) -> Option<Call> {
        let mut state = self.state();
        if state.is_closed {
            return None;
        }
        state.count += 1;
        Some(Call(Arc::clone(self)))
    }

    pub(super) fn count(&self) -> usize {
        self.state().count
    }

    pub(super) fn is_closed(&self) -> bool {
        self.state().is_closed
    }

    /// Refuses new calls, and waits for those under way.
    pub(super) fn close(&self) {
        let mut state = self.state();
        state.is_closed = true;
        while state.count > 0 {
            state = self.ended.wait(state).unwrap_or_else(PoisonError::into_inner);
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Call {
    fn drop(&mut self) {
        let mut state = self.0.state();
        state.count -= 1;
        // Nobody waits before: telling them would be a system call.
        if state.count == 0 && state.is_closed {
            self.0.ended.notify_all();
        }
    }
}

/// Counts waiting calls, without a lock.
#[derive(Clone, Debug, Default)]
pub(super) struct Waiting(Arc<AtomicUsize>);

/// A waiting call, until this is dropped.
#[derive(Debug)]
pub(super) struct Waiter(Waiting);

impl Waiting {
    /// Counts one more.
    pub(super) fn enter(&self) -> Waiter {
        self.0.fetch_add(1, Ordering::Relaxed);
        Waiter(self.clone())
    }

    pub(super) fn count(&self) -> usize {
        self.0.load(Ordering::Relaxed)
    }
}

impl Drop for Waiter {
    fn drop(&mut self) {
        self.0.0.fetch_sub(1, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc::channel;
    use std::thread;

    use super::*;

    #[test]
    fn closing_waits_for_calls_and_lets_no_more_begin() {
        let calls = Arc::new(InFlight::default());
        let call = calls.enter().unwrap();
        let (sender, closed) = channel();
        thread::scope(|scope| {
            scope.spawn(|| {
                calls.close();
                sender.send(()).unwrap();
            });
            while !calls.is_closed() {
                thread::yield_now();
            }
            assert!(calls.enter().is_none());
            assert_eq!((calls.count(), closed.try_recv().is_err()), (1, true));
            drop(call);
            closed.recv().unwrap();
        });
        assert_eq!(calls.count(), 0);
    }
}
