//! Memory budgets: requests take memory before they use it, and give it back when they are dropped.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

/// The bytes that each connection has for its requests, however much others take, as many for files, and as many for its answers: enough
/// for short ones.
pub(crate) const OWN: u64 = 64 << 10;

/// Bytes that can be taken. Nothing ever waits for them, so a deadlock is impossible: a request that gets none is refused.
#[derive(Debug)]
pub(crate) struct Budget {
    left: AtomicU64,
}

/// Bytes taken from a budget. Dropping it gives them back.
#[derive(Debug)]
pub(crate) struct Charge {
    budget: Arc<Budget>,
    bytes: u64,
}

/// What one connection may take for its requests, or for its answers: bytes of its own that no other connection can use, and beyond
/// them a share of the common budget.
#[derive(Debug)]
pub(crate) struct Allowance {
    own: Arc<Budget>,
    share: Arc<Budget>,
    all: Arc<Budget>,
}

/// What one request or answer takes.
#[derive(Debug)]
pub(crate) struct Hold {
    own: Charge,
    share: Charge,
    all: Charge,
}

/// The budget has fewer bytes left than were asked for.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) struct Exhausted;

impl Budget {
    pub(crate) fn new(bytes: u64) -> Arc<Self> {
        Arc::new(Self { left: AtomicU64::new(bytes) })
    }

    /// An empty charge.
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

    /// Keeps at most `bytes` and gives back the rest.
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
    /// The allowance of a connection, which takes at most `share` bytes of the common budget.
    pub(crate) fn new(all: &Arc<Budget>, share: u64) -> Arc<Self> {
        Arc::new(Self { own: Budget::new(OWN), share: Budget::new(share), all: Arc::clone(all) })
    }

    /// The bytes that nobody has taken, of its own and in common.
    #[cfg(test)]
    pub(crate) fn left(&self) -> u64 {
        self.own.left() + self.all.left()
    }

    /// An empty hold.
    pub(crate) fn hold(&self) -> Hold {
        Hold { own: self.own.charge(), share: self.share.charge(), all: self.all.charge() }
    }
}

impl Hold {
    /// Takes more. A request that outgrows the own bytes of its connection moves to the common budget as a whole.
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

    pub(crate) fn bytes(&self) -> u64 {
        self.own.bytes() + self.all.bytes()
    }

    /// Keeps at most `bytes` and gives back the rest.
    pub(crate) fn shrink_to(&mut self, bytes: u64) {
        [&mut self.own, &mut self.share, &mut self.all].into_iter().for_each(|charge| charge.shrink_to(bytes));
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
    fn a_budget_never_gives_more_than_it_has_and_gets_all_back() {
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
    fn a_connection_has_bytes_of_its_own_and_beyond_them_a_share() {
        let all = Budget::new(3 * OWN);
        let client = Allowance::new(&all, 2 * OWN);
        let (mut first, mut second) = (client.hold(), client.hold());
        first.grow(OWN).unwrap();
        assert_eq!(all.left(), 3 * OWN);
        second.grow(1).unwrap();
        assert_eq!(all.left(), 3 * OWN - 1);
        // A request that outgrows the own bytes leaves them to others.
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
        // The own bytes remain where the common budget is exhausted.
        assert_eq!((client.hold().grow(OWN), client.hold().grow(OWN + 1)), (Ok(()), Err(Exhausted)));
    }
}
