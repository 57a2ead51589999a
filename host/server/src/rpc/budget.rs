//! Memory that many requests share: taken before it is used, and given back by itself.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

/// Bytes that can be taken. Nobody ever waits for some: who gets none says so to the client, so nothing can wait for itself.
#[derive(Debug)]
pub(crate) struct Budget {
    left: AtomicU64,
}

/// Bytes that were taken; dropping it gives them back.
#[derive(Debug)]
pub(crate) struct Charge {
    budget: Arc<Budget>,
    bytes: u64,
}

/// There are not as many bytes left.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) struct Exhausted;

impl Budget {
    pub(crate) fn new(bytes: u64) -> Arc<Self> {
        Arc::new(Self { left: AtomicU64::new(bytes) })
    }

    /// A charge of nothing, to be grown.
    pub(crate) fn charge(self: &Arc<Self>) -> Charge {
        Charge { budget: Arc::clone(self), bytes: 0 }
    }

    #[cfg(test)]
    pub(crate) fn left(&self) -> u64 {
        self.left.load(Ordering::Relaxed)
    }
}

impl Charge {
    /// Takes more.
    pub(crate) fn grow(&mut self, bytes: u64) -> Result<(), Exhausted> {
        let take = |left: u64| left.checked_sub(bytes);
        let taken = self.budget.left.fetch_update(Ordering::Relaxed, Ordering::Relaxed, take);
        taken.map_err(|_| Exhausted)?;
        self.bytes += bytes;
        Ok(())
    }

    pub(crate) fn bytes(&self) -> u64 {
        self.bytes
    }
}

impl Drop for Charge {
    fn drop(&mut self) {
        self.budget.left.fetch_add(self.bytes, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_taken_comes_back_and_there_is_no_more_than_there_is() {
        let budget = Budget::new(10);
        let mut first = budget.charge();
        let mut second = budget.charge();
        assert_eq!(first.grow(10), Ok(()));
        assert_eq!(second.grow(1), Err(Exhausted));
        assert_eq!((first.bytes(), second.bytes(), budget.left()), (10, 0, 0));
        drop(first);
        assert_eq!(second.grow(11), Err(Exhausted));
        assert_eq!(second.grow(4), Ok(()));
        assert_eq!(second.grow(6), Ok(()));
        drop(second);
        assert_eq!(budget.left(), 10);
    }
}
