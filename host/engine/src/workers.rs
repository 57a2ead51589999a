//! The threads that judge.
//!
//! Rules run on threads of our own, never on a caller's: they need a stack of a known size, and what is expensive to share
//! exists once for each.
//!
//! Each tenant reaches them through a [`TenantQueue`]. Tenants take turns, window by window, and so do the requests of each tenant,
//! so that one record does not wait behind a whole batch. A tenant has at most as many windows in work at a time as its queue
//! allows. Its requests bound what waits in its queue: each submits a few windows and then waits for the oldest.

use std::fmt;
use std::io;
use std::num::NonZeroUsize;
use std::sync::Arc;
use std::thread::{self, JoinHandle};

use jurat_model::Worker;

mod queue;
mod scheduler;
mod spin;

pub(crate) use queue::RequestQueue;
pub use queue::TenantQueue;
pub use scheduler::QueueLoad;
use scheduler::Scheduler;

/// The stack of a worker: what a rule may use of it (512 KiB by default), and ample space for the host around it.
const STACK: usize = 4 << 20;

/// A fixed number of threads. Dropping it finishes what has been submitted, then ends the threads.
pub struct Workers {
    scheduler: Arc<Scheduler>,
    threads: Vec<JoinHandle<()>>,
}

impl Workers {
    /// Starts `count` threads.
    ///
    /// # Errors
    /// When the system refuses a thread.
    pub fn start(count: NonZeroUsize) -> io::Result<Self> {
        // Made first, so that the threads that were started end if one cannot be.
        let mut workers = Self { scheduler: Arc::new(Scheduler::new()), threads: Vec::with_capacity(count.get()) };
        for index in 0..count.get() {
            let scheduler = Arc::clone(&workers.scheduler);
            let thread = thread::Builder::new().name(format!("jurat-{index}")).stack_size(STACK);
            workers.threads.push(thread.spawn(move || scheduler.work(Worker(index)))?);
        }
        Ok(workers)
    }

    /// How many threads there are.
    #[must_use]
    pub fn count(&self) -> usize {
        self.threads.len()
    }

    /// Makes the queue of a tenant, of whose windows at most `limit` are in work at a time. With a limit below the number of threads,
    /// other tenants always find a thread that is free, or soon will be.
    #[must_use]
    pub fn queue(&self, limit: NonZeroUsize) -> TenantQueue {
        TenantQueue::new(Arc::clone(&self.scheduler), limit, self.count())
    }
}

impl Drop for Workers {
    fn drop(&mut self) {
        self.scheduler.close();
        for thread in self.threads.drain(..) {
            let _ = thread.join();
        }
    }
}

impl fmt::Debug for Workers {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.debug_struct("Workers").field("count", &self.count()).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests;
