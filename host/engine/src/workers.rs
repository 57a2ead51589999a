//! The threads that judge.
//!
//! Rules run on threads of our own, never on a caller's: they need a stack of a known size, and what is expensive to share
//! exists once for each.
//!
//! Each tenant reaches them through a [`TenantQueue`]. Tenants take turns, and so do the requests of each tenant, first those that have
//! not had one: a window that has had a worker for a slice of 5 ms gives it to the next that waits, between two calls of rules or two
//! records, and goes on when its turn comes again. So no call waits behind a whole batch, nor behind a whole window. A tenant that is
//! alone has all workers. Beside others it has all but one.
//!
//! A call of few records that gets no worker for 10 ms is done by the *reserve*, a thread more than there are workers. Small calls take
//! turns there as well.
//!
//! The requests of a tenant bound what waits in its queue: each submits a few windows and then waits for the oldest. A window that was
//! begun keeps a thread until it is done. A tenant has as many windows begun as there are workers and a few tens more, and a few hundred small calls. Threads are
//! started when they are needed, and a few are kept.

use std::fmt;
use std::io;
use std::num::NonZeroUsize;
use std::sync::Arc;
use std::time::Duration;

use jurat_model::Worker;

mod jobs;
mod queue;
mod run_queue;
mod scheduler;
mod spin;
mod turn;

pub(crate) use queue::RequestQueue;
pub use queue::TenantQueue;
pub use run_queue::QueueLoad;
use scheduler::Scheduler;
pub(crate) use turn::{Turn, caught};

/// How long a window keeps its worker while others wait: much longer than switching takes, and short for a person.
const SLICE: Duration = Duration::from_millis(5);

/// A fixed number of workers, and threads for them. Dropping it finishes what has been submitted, then ends the threads.
///
/// # Limits
/// A rule is not interrupted: a call lasts as long as its fuel lets it.
pub struct Workers {
    scheduler: Arc<Scheduler>,
    count: usize,
}

impl Workers {
    /// Starts `count` workers, and the reserve.
    ///
    /// # Errors
    /// When the system refuses a thread.
    pub fn start(count: NonZeroUsize) -> io::Result<Self> {
        Self::start_with_slice(count, SLICE)
    }

    /// Like [`Workers::start`], with slices of another length. With slices of no length, work gives way to other work as often as it can:
    /// that is slow, and shows that results do not depend on it.
    ///
    /// # Errors
    /// As there.
    pub fn start_with_slice(count: NonZeroUsize, slice: Duration) -> io::Result<Self> {
        // Made first, so that the threads that were started end if one cannot be.
        let workers = Self { scheduler: Arc::new(Scheduler::new(count.get(), slice)), count: count.get() };
        (0..=count.get()).try_for_each(|index| workers.scheduler.start(Worker(index)))?;
        Ok(workers)
    }

    /// How many workers there are, without the reserve.
    #[must_use]
    pub fn count(&self) -> usize {
        self.count
    }

    /// Makes the queue of a tenant, of whose windows at most `limit` are in work at a time, even while it is alone. The reserve does not
    /// count.
    #[must_use]
    pub fn queue(&self, limit: NonZeroUsize) -> TenantQueue {
        TenantQueue::new(Arc::clone(&self.scheduler), limit, self.count())
    }
}

impl Drop for Workers {
    fn drop(&mut self) {
        self.scheduler.close();
        self.scheduler.join();
    }
}

impl fmt::Debug for Workers {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.debug_struct("Workers").field("count", &self.count()).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests;
