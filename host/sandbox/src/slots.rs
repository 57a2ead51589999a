//! Places for instances: who finds none waits, but not for ever.

use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::time::Duration;

/// A fixed number of places.
#[derive(Clone, Debug)]
pub(crate) struct Slots(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    free: Mutex<u32>,
    freed: Condvar,
}

/// One place, given back when dropped.
#[derive(Debug)]
pub(crate) struct Slot(Arc<Inner>);

impl Slots {
    pub(crate) fn new(count: u32) -> Self {
        Self(Arc::new(Inner { free: Mutex::new(count), freed: Condvar::new() }))
    }

    /// Takes a place, waiting for one at most so long; none when the time is over.
    pub(crate) fn take(&self, wait: Duration) -> Option<Slot> {
        let free = self.0.free.lock().unwrap_or_else(PoisonError::into_inner);
        let (mut free, _) =
            self.0.freed.wait_timeout_while(free, wait, |free| *free == 0).unwrap_or_else(PoisonError::into_inner);
        *free = free.checked_sub(1)?;
        drop(free);
        Some(Slot(Arc::clone(&self.0)))
    }
}

impl Drop for Slot {
    fn drop(&mut self) {
        *self.0.free.lock().unwrap_or_else(PoisonError::into_inner) += 1;
        self.0.freed.notify_one();
    }
}

#[cfg(test)]
mod tests {
    use std::thread;

    use super::*;

    #[test]
    fn an_exhausted_pool_makes_the_next_one_wait() {
        let slots = Slots::new(1);
        let held = slots.take(Duration::ZERO).unwrap();
        assert!(slots.take(Duration::ZERO).is_none());
        let waiting = {
            let slots = slots.clone();
            thread::spawn(move || slots.take(Duration::from_secs(60)).is_some())
        };
        drop(held);
        assert!(waiting.join().unwrap());
        assert!(slots.take(Duration::ZERO).is_some());
    }
}
