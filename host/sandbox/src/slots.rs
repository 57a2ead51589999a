//! Slots for instances: a call that finds none free waits for one, for a limited time.

use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::time::Duration;

/// A fixed number of slots.
#[derive(Clone, Debug)]
pub(crate) struct Slots(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    count: Mutex<Count>,
    freed: Condvar,
}

#[derive(Debug)]
struct Count {
    free: u32,
    waiting: u32,
    /// Slots that became free and belong to waiting threads: a thread that comes later cannot take them.
    granted: u32,
}

/// One slot, given back when dropped.
#[derive(Debug)]
pub(crate) struct Slot(Arc<Inner>);

impl Slots {
    pub(crate) fn new(count: u32) -> Self {
        Self(Arc::new(Inner {
            count: Mutex::new(Count { free: count, waiting: 0, granted: 0 }),
            freed: Condvar::new(),
        }))
    }

    /// Takes a slot. Waits for one at most for `wait`, and returns none after that.
    pub(crate) fn take(&self, wait: Duration) -> Option<Slot> {
        let mut count = self.0.count.lock().unwrap_or_else(PoisonError::into_inner);
        if count.free > 0 {
            count.free -= 1;
        } else {
            count.waiting += 1;
            let waited = self.0.freed.wait_timeout_while(count, wait, |count| count.granted == 0);
            (count, _) = waited.unwrap_or_else(PoisonError::into_inner);
            count.waiting -= 1;
            count.granted = count.granted.checked_sub(1)?;
        }
        drop(count);
        Some(Slot(Arc::clone(&self.0)))
    }
}

impl Drop for Slot {
    fn drop(&mut self) {
        let mut count = self.0.count.lock().unwrap_or_else(PoisonError::into_inner);
        if count.waiting > count.granted {
            count.granted += 1;
            // A system call, so it is made only if a thread waits.
            self.0.freed.notify_one();
        } else {
            count.free += 1;
        }
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

    #[test]
    fn a_thread_that_takes_again_and_again_starves_no_other() {
        let slots = Slots::new(1);
        let mut held = slots.take(Duration::ZERO);
        let waiting = {
            let slots = slots.clone();
            thread::spawn(move || slots.take(Duration::from_secs(60)).is_some())
        };
        while !waiting.is_finished() {
            drop(held);
            held = slots.take(Duration::from_secs(60));
            assert!(held.is_some());
        }
        assert!(waiting.join().unwrap());
    }
}
