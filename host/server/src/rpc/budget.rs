//! Memory that many requests share: taken before it is used, and given back by itself.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

/// What each client has for its requests, however much others take: enough for what is asked in a few words.
pub(crate) const OWN: u64 = 64 << 10;

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

/// What one client may take for its requests: something that nobody else can use up, and beyond it a share of what all have.
#[derive(Debug)]
pub(crate) struct Allowance {
    own: Arc<Budget>,
    share: Arc<Budget>,
    all: Arc<Budget>,
}

/// What a request of a client takes.
#[derive(Debug)]
pub(crate) struct Hold {
    own: Charge,
    share: Charge,
    all: Charge,
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

    /// Gives back what is more than so many.
    pub(crate) fn shrink_to(&mut self, bytes: u64) {
        let unused = self.bytes.saturating_sub(bytes);
        self.budget.left.fetch_add(unused, Ordering::Relaxed);
        self.bytes -= unused;
    }

    pub(crate) fn bytes(&self) -> u64 {
        self.bytes
    }
}

impl Allowance {
    /// For a client, out of what all have. It gets no more of that than its share.
    pub(crate) fn new(all: &Arc<Budget>, share: u64) -> Self {
        Self { own: Budget::new(OWN), share: Budget::new(share), all: Arc::clone(all) }
    }

    /// Nothing, to be grown.
    pub(crate) fn hold(&self) -> Hold {
        Hold { own: self.own.charge(), share: self.share.charge(), all: self.all.charge() }
    }
}

impl Hold {
    /// Takes more. What no longer fits into what is the client's own is taken as a whole from what all have.
    pub(crate) fn grow(&mut self, bytes: u64) -> Result<(), Exhausted> {
        if self.all.bytes() == 0 && self.own.grow(bytes).is_ok() {
            return Ok(());
        }
        let (taken, more) = (self.share.bytes(), self.own.bytes() + bytes);
        self.share.grow(more)?;
        self.all.grow(more).inspect_err(|_| self.share.shrink_to(taken))?;
        self.own.shrink_to(0);
        Ok(())
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

    #[test]
    fn what_is_not_used_comes_back_at_once() {
        let budget = Budget::new(10);
        let mut charge = budget.charge();
        charge.grow(9).unwrap();
        charge.shrink_to(4);
        charge.shrink_to(7);
        assert_eq!((charge.bytes(), budget.left()), (4, 6));
        drop(charge);
        assert_eq!(budget.left(), 10);
    }

    #[test]
    fn a_client_has_something_of_its_own_and_beyond_it_a_share() {
        let all = Budget::new(3 * OWN);
        let client = Allowance::new(&all, 2 * OWN);
        let (mut first, mut second) = (client.hold(), client.hold());
        first.grow(OWN).unwrap();
        assert_eq!(all.left(), 3 * OWN);
        second.grow(1).unwrap();
        assert_eq!(all.left(), 3 * OWN - 1);
        // What outgrows it leaves it to others.
        first.grow(1).unwrap();
        assert_eq!((all.left(), client.own.left()), (2 * OWN - 2, OWN));
        assert_eq!(first.grow(OWN), Err(Exhausted));
        assert_eq!(all.left(), 2 * OWN - 2);

        let other = Allowance::new(&all, 3 * OWN);
        let mut greedy = other.hold();
        assert_eq!(greedy.grow(2 * OWN), Err(Exhausted));
        assert_eq!(other.share.left(), 3 * OWN);
        drop((first, second));
        assert_eq!(greedy.grow(3 * OWN), Ok(()));
        // Whoever has nothing of the rest keeps its own.
        assert_eq!((client.hold().grow(OWN), client.hold().grow(OWN + 1)), (Ok(()), Err(Exhausted)));
    }
}
